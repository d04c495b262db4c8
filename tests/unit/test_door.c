/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tables of the console: keys to scan codes, code page 437, screens on terminals; and bytes in JSON. */
#include "door/bytes.h"
#include "door/codepage.h"
#include "door/keys.h"
#include "door/runs.h"
#include "door/screen.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What keys give, as hexadecimal text; an open sequence is ended. */
static const char *type(const char *typed, size_t length)
{
    static char text[512];
    struct keys keys = {.count = 0};
    uint8_t codes[KEYS_CODES_MOST];
    size_t at = 0;

    text[0] = '\0';
    for (size_t i = 0; i <= length; i++) {
        size_t count = i < length             ? keys_take(&keys, (uint8_t)typed[i], codes)
                       : keys_are_open(&keys) ? keys_end(&keys, codes)
                                              : 0;

        assert_true(count <= KEYS_CODES_MOST);
        for (size_t k = 0; k < count; k++)
            at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%02X", at ? " " : "", codes[k]);
    }
    return text;
}

/* Scan codes after the IBM PC/AT Technical Reference. */
static void keys_become_scan_codes(void **state)
{
    static const struct {
        const char *typed, *codes;
    } cases[] = {
        {"a", "1E 9E"},
        {"A", "2A 1E 9E AA"},
        {"1", "02 82"},
        {"0", "0B 8B"},
        {"!", "2A 02 82 AA"},
        {"=", "0D 8D"},
        {"[", "1A 9A"},
        {"\\", "2B AB"},
        {"|", "2A 2B AB AA"},
        {"~", "2A 29 A9 AA"},
        {"/", "35 B5"},
        {"?", "2A 35 B5 AA"},
        {"z", "2C AC"},
        {"m", "32 B2"},
        {" ", "39 B9"},
        {"\r", "1C 9C"},
        {"\n", "1C 9C"},
        {"\t", "0F 8F"},
        {"\x7f", "0E 8E"},
        {"\b", "0E 8E"},
        {"\x03", "1D 2E AE 9D"},   /* Ctrl-C */
        {"\x1a", "1D 2C AC 9D"},   /* Ctrl-Z */
        {"\x1c", "1D 2B AB 9D"},   /* Ctrl-\ */
        {"\x1b", "01 81"},         /* Escape */
        {"\x1b[A", "E0 48 E0 C8"}, /* arrows */
        {"\x1b[B", "E0 50 E0 D0"},
        {"\x1b[C", "E0 4D E0 CD"},
        {"\x1b[D", "E0 4B E0 CB"},
        {"\x1bOA", "E0 48 E0 C8"},
        {"\x1b[1;2A", "2A E0 48 E0 C8 AA"},
        {"\x1b[1;3A", "38 E0 48 E0 C8 B8"},
        {"\x1b[1;5A", "1D E0 48 E0 C8 9D"},
        {"\x1b[1;8A", "2A 38 1D E0 48 E0 C8 9D B8 AA"},
        {"\x1b[H", "E0 47 E0 C7"},
        {"\x1b[4~", "E0 4F E0 CF"},
        {"\x1b[2~", "E0 52 E0 D2"},
        {"\x1b[3~", "E0 53 E0 D3"},
        {"\x1b[5~", "E0 49 E0 C9"},
        {"\x1b[6~", "E0 51 E0 D1"},
        {"\x1b[Z", "2A 0F 8F AA"}, /* Shift-Tab */
        {"\x1bOP", "3B BB"},       /* F1 */
        {"\x1b[[A", "3B BB"},
        {"\x1b[11~", "3B BB"},
        {"\x1b[15~", "3F BF"}, /* F5 */
        {"\x1b[21~", "44 C4"}, /* F10 */
        {"\x1b[24~", "58 D8"}, /* F12 */
        {"\x1b[24;5~", "1D 58 D8 9D"},
        {"\x1bx", "38 2D AD B8"}, /* Alt-x */
        {"\x1bX", "2A 38 2D AD B8 AA"},
        {"\x1b[", "38 1A 9A B8"}, /* Alt-[, and nothing more */
        {"\x1b[99~", ""},
        {"\xc3\xa4", ""}, /* no key of a US keyboard */
        {"ab", "1E 9E 30 B0"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(type(cases[i].typed, strlen(cases[i].typed)), cases[i].codes);
    assert_string_equal(type("", 1), "1D 03 83 9D"); /* NUL is Ctrl-@ */
    /* An overlong sequence is cut somewhere, and the key after it is right. */
    const char *long_one = type("\x1b[1234567890123456789~a", 23);

    assert_string_equal(long_one + strlen(long_one) - 5, "1E 9E");
}

/* Whatever comes, the codes fit and each key that was pressed is released. */
static void any_bytes_release_what_they_press(void **state)
{
    uint32_t chance = 1;
    struct keys keys = {.count = 0};
    int held[2][128] = {{0}};
    bool extended = false;

    (void)state;
    for (int i = 0; i < 200000; i++) {
        uint8_t codes[KEYS_CODES_MOST];

        chance = chance * 1664525 + 1013904223;
        static const char likely[] = "\x1b[O;1A~";
        uint8_t byte = chance >> 31 ? (uint8_t)(chance >> 16) : (uint8_t)likely[(chance >> 16) % 7];
        size_t count = keys_take(&keys, byte, codes);

        assert_true(count <= KEYS_CODES_MOST);
        for (size_t k = 0; k < count; k++) {
            if (codes[k] == 0xe0) {
                extended = true;
                continue;
            }
            held[extended][codes[k] & 0x7f] += codes[k] & 0x80 ? -1 : 1;
            extended = false;
        }
        for (int k = 0; k < 128; k++)
            assert_true(held[0][k] == 0 && held[1][k] == 0);
    }
}

static void code_page_is_utf8(void **state)
{
    static const struct {
        uint8_t byte;
        const char *text;
    } known[] = {{0x00, " "},      {0x01, "\u263a"}, {0x1f, "\u25bc"}, {'A', "A"},
                 {'~', "~"},       {0x7f, "\u2302"}, {0x80, "\u00c7"}, {0xb0, "\u2591"},
                 {0xc9, "\u2554"}, {0xdb, "\u2588"}, {0xe1, "\u00df"}, {0xff, " "}};

    (void)state;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        assert_string_equal(codepage_437(known[i].byte), known[i].text);
    for (int byte = 0; byte < 256; byte++) {
        const char *text = codepage_437((uint8_t)byte);

        /* Nothing that a terminal would obey. */
        assert_in_range(strlen(text), 1, 3);
        assert_true((unsigned char)text[0] >= ' ' && text[0] != 0x7f);
        assert_false((unsigned char)text[0] == 0xc2 && (unsigned char)text[1] < 0xa0);
    }
}

static char *drawn(struct screen_view *view, const struct engine_screen *screen)
{
    char *text = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&text, &length);

    screen_draw(view, screen, to);
    fclose(to);
    return text;
}

static void only_what_changed_is_drawn(void **state)
{
    struct engine_screen screen = {.cursor = 81};
    struct screen_view view = {.columns = 80, .rows = 25};

    (void)state;
    for (size_t i = 0; i < sizeof(screen.cells); i += 2)
        memcpy(screen.cells + i, " \x07", 2);
    memcpy(screen.cells, "H\x1ei\xf4", 4); /* yellow on blue; red on white, blinking */
    char *text = drawn(&view, &screen);

    assert_non_null(strstr(text, "\033[1;1H\033[0;93;44mH\033[0;31;47;5mi\033[0;37;40m "));
    assert_non_null(strstr(text, "\033[2;2H\033[?25h"));
    free(text);
    screen.cells[2 * (24 * 80 + 79)] = 0xdb;
    screen.cursor = ENGINE_SCREEN_CELLS; /* hidden */
    text = drawn(&view, &screen);
    assert_string_equal(text, "\033[?25l\033[25;80H\033[0;37;40m\u2588\033[0m");
    free(text);
    /* A small terminal gets what it has room for. */
    view = (struct screen_view){.columns = 1, .rows = 1};
    screen.cursor = 500;
    text = drawn(&view, &screen);
    assert_string_equal(text, "\033[?25l\033[0m\033[2J\033[1;1H\033[0;93;44mH\033[0m");
    free(text);
}

static void bytes_survive_json(void **state)
{
    char all[256], back[256];
    size_t count;

    (void)state;
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    json_t *text = bytes_to_json(all, sizeof(all));
    char *line = json_dumps(text, JSON_COMPACT | JSON_ENCODE_ANY);
    json_t *again = json_loads(line, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

    assert_non_null(again);
    assert_int_equal(bytes_from_json(again, back, sizeof(back), &count), 0);
    assert_int_equal(count, sizeof(all));
    assert_memory_equal(all, back, sizeof(all));
    assert_int_equal(bytes_from_json(again, back, 255, &count), -E2BIG);
    json_decref(text);
    json_decref(again);
    free(line);
    text = json_string("\u0100");
    assert_int_equal(bytes_from_json(text, back, sizeof(back), &count), -EINVAL);
    json_decref(text);
    assert_int_equal(bytes_from_json(NULL, back, sizeof(back), &count), -EINVAL);
}

static void names_of_runs(void **state)
{
    static const char *const good[] = {"a", "vmm-1", "A.b_c-9", "0123456789012345678901234567890x"};
    static const char *const bad[] = {
        "", ".", "..", ".a", "-a", "a/b", "a b", "0123456789012345678901234567890xy", "\xc3\xa4"};

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_int_equal(run_check_name(good[i], NULL), 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(run_check_name(bad[i], NULL), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_become_scan_codes), cmocka_unit_test(any_bytes_release_what_they_press),
        cmocka_unit_test(code_page_is_utf8),      cmocka_unit_test(only_what_changed_is_drawn),
        cmocka_unit_test(bytes_survive_json),     cmocka_unit_test(names_of_runs),
    };

    return cmocka_run_group_tests_name("door", tests, NULL, NULL);
}
