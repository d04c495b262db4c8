/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "door/keys.h"

#include <stdlib.h>
#include <string.h>

/* Scan codes of set 1: IBM PC/AT Technical Reference, "Keyboard"; the ones with E0h: IBM PS/2 Hardware
 * Interface Technical Reference, "Keyboards". Sequences: XTerm Control Sequences, "PC-Style Function Keys"
 * and "VT220-Style Function Keys". */
enum {
    ESCAPE = 0x1b,
    CODE_ESCAPE = 0x01,
    CODE_CTRL = 0x1d,
    CODE_SHIFT = 0x2a,
    CODE_ALT = 0x38,
    EXTENDED = 0xe0,
    BREAK = 0x80
};
enum { SHIFT = 1, ALT = 2, CTRL = 4 }; /* as XTerm's modifier parameter less 1 */

/* Keys that give a character: the scan code is 02h plus the place. A blank is a key that gives none. */
static const char plain[] = "1234567890-=\b\tqwertyuiop[]\r asdfghjkl;'` \\zxcvbnm,./";
static const char shifted[] = "!@#$%^&*()_+\b\tQWERTYUIOP{}\r ASDFGHJKL:\"~ |ZXCVBNM<>?";

/* Final letters of CSI and SS3 sequences, and numbers of those that end in '~'. */
static const struct {
    char final;
    uint8_t number, code;
    bool extended;
} named[] = {
    {'A', 0, 0x48, true},   {'B', 0, 0x50, true},   {'C', 0, 0x4d, true},   {'D', 0, 0x4b, true},
    {'F', 0, 0x4f, true},   {'H', 0, 0x47, true},   {'P', 0, 0x3b, false},  {'Q', 0, 0x3c, false},
    {'R', 0, 0x3d, false},  {'S', 0, 0x3e, false},  {'M', 0, 0x1c, true},   {'~', 1, 0x47, true},
    {'~', 2, 0x52, true},   {'~', 3, 0x53, true},   {'~', 4, 0x4f, true},   {'~', 5, 0x49, true},
    {'~', 6, 0x51, true},   {'~', 7, 0x47, true},   {'~', 8, 0x4f, true},   {'~', 11, 0x3b, false},
    {'~', 12, 0x3c, false}, {'~', 13, 0x3d, false}, {'~', 14, 0x3e, false}, {'~', 15, 0x3f, false},
    {'~', 17, 0x40, false}, {'~', 18, 0x41, false}, {'~', 19, 0x42, false}, {'~', 20, 0x43, false},
    {'~', 21, 0x44, false}, {'~', 23, 0x57, false}, {'~', 24, 0x58, false},
};

/* The key is pressed and released, within those that modify it. */
static size_t press(uint8_t code, bool extended, unsigned modifiers, uint8_t *codes)
{
    static const struct {
        unsigned modifier;
        uint8_t code;
    } held[] = {{SHIFT, CODE_SHIFT}, {ALT, CODE_ALT}, {CTRL, CODE_CTRL}};
    size_t count = 0;

    for (size_t i = 0; i < 3; i++)
        if (modifiers & held[i].modifier)
            codes[count++] = held[i].code;
    for (uint8_t release = 0; release < 2; release++) {
        if (extended)
            codes[count++] = EXTENDED;
        codes[count++] = (uint8_t)(release ? code | BREAK : code);
    }
    for (size_t i = 3; i-- > 0;)
        if (modifiers & held[i].modifier)
            codes[count++] = held[i].code | BREAK;
    return count;
}

static size_t press_character(uint8_t byte, unsigned modifiers, uint8_t *codes)
{
    const char *at;

    if (byte == ESCAPE)
        return press(CODE_ESCAPE, false, modifiers, codes);
    if (byte == 0x7f) /* what terminals send for the key above Enter */
        byte = '\b';
    if (byte == '\n')
        byte = '\r';
    if (byte == ' ')
        return press(0x39, false, modifiers, codes);
    if (byte < ' ' && byte != '\b' && byte != '\t' && byte != '\r') {
        modifiers |= CTRL;
        byte = (uint8_t)(byte == 0     ? '2'
                         : byte < 0x1b ? byte + 'a' - 1
                                       : byte + '@'); /* Ctrl-@ is on the 2 */
        if (byte == '^' || byte == '_')
            byte = byte == '^' ? '6' : '-';
    }
    if (byte && (at = strchr(plain, byte)))
        return press((uint8_t)(at - plain + 2), false, modifiers, codes);
    if (byte && (at = strchr(shifted, byte)))
        return press((uint8_t)(at - shifted + 2), false, modifiers | SHIFT, codes);
    return 0;
}

static size_t press_named(char final, unsigned number, unsigned modifiers, uint8_t *codes)
{
    if (final == 'Z')
        return press(0x0f, false, modifiers | SHIFT, codes); /* Shift-Tab */
    for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
        if (named[i].final == final && (final != '~' || named[i].number == number))
            return press(named[i].code, named[i].extended, modifiers, codes);
    return 0;
}

/* ESC [ NUMBER ; MODIFIERS FINAL, or ESC O FINAL; the sequence is complete. */
static size_t press_sequence(const uint8_t *sequence, size_t count, uint8_t *codes)
{
    char text[KEYS_SEQUENCE_MOST + 1], *rest;
    unsigned modifiers = 0;

    memcpy(text, sequence + 2, count - 2);
    text[count - 2] = '\0';
    /* The Linux console's F1 to F5. */
    if (text[0] == '[' && text[1] >= 'A' && text[1] <= 'E')
        return press((uint8_t)(0x3b + text[1] - 'A'), false, 0, codes);
    unsigned long number = strtoul(text, &rest, 10);

    if (*rest == ';')
        modifiers = (unsigned)strtoul(rest + 1, NULL, 10) - 1;
    return press_named(text[count - 3], (unsigned)number, modifiers & (SHIFT | ALT | CTRL), codes);
}

static bool is_complete(const uint8_t *sequence, size_t count)
{
    uint8_t last = sequence[count - 1];

    if (count < 3 || (count == 3 && sequence[1] == '[' && last == '['))
        return false;
    return last >= '@' && last <= '~';
}

bool keys_are_open(const struct keys *keys)
{
    return keys->count > 0;
}

size_t keys_take(struct keys *keys, uint8_t byte, uint8_t ret_codes[KEYS_CODES_MOST])
{
    size_t count = 0;

    if (keys->count == 0 && byte != ESCAPE)
        return press_character(byte, 0, ret_codes);
    if (keys->count == 1 && byte != '[' && byte != 'O') {
        keys->count = 0;
        return press_character(byte, ALT, ret_codes); /* ESC and a character: Alt */
    }
    keys->sequence[keys->count++] = byte;
    if (is_complete(keys->sequence, keys->count)) {
        count = press_sequence(keys->sequence, keys->count, ret_codes);
        keys->count = 0;
    } else if (keys->count == KEYS_SEQUENCE_MOST) {
        keys->count = 0;
    }
    return count;
}

size_t keys_end(struct keys *keys, uint8_t ret_codes[KEYS_CODES_MOST])
{
    size_t count = keys->count;
    uint8_t second = keys->sequence[1];

    keys->count = 0;
    if (count == 1)
        return press(CODE_ESCAPE, false, 0, ret_codes);
    return count == 2 ? press_character(second, ALT, ret_codes) : 0; /* Alt-[ or Alt-O */
}
