/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The keyboard controller and its keyboard, alone: scripts after the IBM PC/AT Technical Reference. */
#include "base/random.h"
#include "vmm/dev/keyboard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { DATA = 0x60, STATUS = 0x64 };

enum op {
    END,
    COMMAND, /* to 64h; what it asks of the machine */
    PUT,     /* to 60h; what it asks of the machine */
    GET,     /* from 60h */
    FLAGS,   /* from 64h */
    PRESS,   /* a scan code */
    ROOM,
    IRQ, /* level of IRQ1 */
    A20,
};

struct step {
    enum op op;
    unsigned a, b;
};

struct script {
    const char *name;
    struct step steps[50];
};

/* clang-format off */
#define C(value)        {COMMAND, value, 0}
#define P(value)        {PUT, value, 0}
#define ASKS(op, value, effect) {op, value, effect}
#define R(value)        {GET, value, 0}
#define S(value)        {FLAGS, value, 0}
#define KEY(code)       {PRESS, code, 0}
#define FREE(count)     {ROOM, count, 0}
#define LINE(level)     {IRQ, level, 0}
#define GATE(level)     {A20, level, 0}

/* Status: 10h not locked, 04h self-tested, 08h the last write was a command, 01h there is a byte. */
static const struct script scripts[] = {
    {"as the firmware leaves it", {S(0x14), R(0), LINE(0), GATE(1), FREE(12)}},
    {"a key", {KEY(0x1e), S(0x15), LINE(1), R(0x1e), S(0x14), LINE(0), R(0x1e)}},
    {"keys come in order", {KEY(0x1e), KEY(0x9e), KEY(0x30), R(0x1e), LINE(1), R(0x9e), R(0x30), LINE(0)}},
    {"keys that find no room are not taken", {KEY(1), KEY(2), KEY(3), KEY(4), KEY(5), KEY(6), KEY(7), KEY(8),
      KEY(9), KEY(10), KEY(11), KEY(12), FREE(1), KEY(13), FREE(0), KEY(14), R(1), FREE(1), R(2), R(3), R(4),
      R(5), R(6), R(7), R(8), R(9), R(10), R(11), R(12), R(13), S(0x14)}},
    {"the command byte", {C(0x20), S(0x1d), R(0x65), S(0x1c), C(0x60), P(0x64), S(0x14), C(0x20), R(0x64)}},
    {"no interrupt when the command byte says so", {C(0x60), P(0x64), KEY(0x1e), LINE(0), S(0x15), C(0x60),
      P(0x65), LINE(1), R(0x1e)}},
    {"the system flag is the command byte's", {C(0x60), P(0x61), S(0x10), C(0xaa), R(0x55), S(0x1c), C(0x20),
      R(0x65)}},
    {"self test, test of the lines", {C(0xaa), S(0x1d), R(0x55), C(0xab), R(0x00), S(0x1c), C(0xa9), R(0x00),
      S(0x1c)}},
    {"the keyboard disabled: its keys wait, and answers do not interrupt", {C(0xad), KEY(0x1e), S(0x1c),
      LINE(0), C(0x20), LINE(0), R(0x75), C(0xae), LINE(1), R(0x1e), C(0x20), LINE(1), R(0x65)}},
    {"a byte for the keyboard enables it", {C(0xad), P(0xee), R(0xee), C(0x20), R(0x65)}},
    {"the mouse's bit", {C(0xa8), C(0x20), R(0x45), C(0xa7), C(0x20), R(0x65)}},
    {"bytes for the mouse go nowhere", {C(0xd4), P(0xff), S(0x14), C(0xd3), P(0xff), S(0x14)}},
    {"input and output port", {C(0xc0), R(0x80), C(0xd0), R(0xcf)}},
    {"A20 by the output port", {C(0xd1), ASKS(PUT, 0xdd, KEYBOARD_A20), GATE(0), C(0xd0), R(0xdd), C(0xd1),
      P(0xdd), C(0xd1), ASKS(PUT, 0xdf, KEYBOARD_A20), GATE(1)}},
    {"A20 by commands", {ASKS(COMMAND, 0xdd, KEYBOARD_A20), GATE(0), C(0xdd), C(0xd0), R(0xcd),
      ASKS(COMMAND, 0xdf, KEYBOARD_A20), GATE(1)}},
    {"reset by a pulse, and pulses of other lines", {C(0xff), C(0xfd), ASKS(COMMAND, 0xfe, KEYBOARD_RESET),
      ASKS(COMMAND, 0xf0, KEYBOARD_RESET)}},
    {"reset by the output port", {C(0xd1), ASKS(PUT, 0xde, KEYBOARD_RESET)}},
    {"reset and A20 at once", {C(0xd1), ASKS(PUT, 0x00, KEYBOARD_RESET | KEYBOARD_A20), GATE(0)}},
    {"a byte as if the keyboard had sent it", {C(0xd2), P(0x1e), S(0x15), LINE(1), R(0x1e)}},
    {"a command ends the one that waits for its byte", {C(0xd1), C(0xae), P(0xee), R(0xee)}},
    {"an answer goes before a key that nobody has read", {KEY(0x1e), KEY(0x30), C(0xd0), R(0xcf), LINE(1),
      R(0x1e), R(0x30)}},
    {"an answer that nobody has read is gone with the next", {C(0xd0), C(0xaa), R(0x55), S(0x1c)}},
    {"commands that are none", {C(0x00), C(0xb0), S(0x1c)}},
    {"keyboard: echo", {P(0xee), LINE(1), R(0xee), S(0x14)}},
    {"keyboard: what it is, translated and not", {P(0xf2), R(0xfa), R(0xab), R(0x41), S(0x14), C(0x60),
      P(0x25), P(0xf2), R(0xfa), R(0xab), R(0x83)}},
    {"keyboard: reset, and its self test", {P(0xff), R(0xfa), R(0xaa), S(0x14)}},
    {"keyboard: off and on", {P(0xf5), R(0xfa), FREE(0), KEY(0x1e), S(0x14), P(0xf4), R(0xfa), FREE(12),
      KEY(0x1e), R(0x1e)}},
    {"keyboard: defaults and reset turn it on", {P(0xf5), R(0xfa), P(0xf6), R(0xfa), FREE(12), P(0xf5),
      R(0xfa), P(0xff), R(0xfa), R(0xaa), FREE(12)}},
    {"keyboard: on, off and reset forget keys that it holds", {C(0xad), KEY(0x1e), KEY(0x9e), P(0xf4),
      R(0xfa), S(0x14)}},
    {"keyboard: lights and rate take a byte", {P(0xed), R(0xfa), P(0x07), R(0xfa), P(0xf3), R(0xfa), P(0x20),
      R(0xfa), S(0x14)}},
    {"keyboard: scan sets", {P(0xf0), R(0xfa), P(0x00), R(0xfa), R(0x41), P(0xf0), R(0xfa), P(0x03), R(0xfa),
      P(0xf0), R(0xfa), P(0x00), R(0xfa), R(0x3f), C(0x60), P(0x25), P(0xf0), R(0xfa), P(0x00), R(0xfa),
      R(0x03)}},
    {"keyboard: a command in place of the byte ends the command", {P(0xed), R(0xfa), P(0xee), R(0xee),
      P(0x07), R(0xfe)}},
    {"keyboard: commands that are none", {P(0x00), R(0xfe), P(0xe0), R(0xfe)}},
    {"keyboard: it answers before the keys that it holds, in order", {KEY(0x1e), KEY(0x30), KEY(0x2e),
      P(0xf2), R(0x1e), R(0xfa), R(0xab), R(0x41), R(0x30), R(0x2e), S(0x14)}},
    {"keyboard: a new command ends what was left to say", {P(0xf2), R(0xfa), KEY(0x1e), P(0xee), R(0xab),
      R(0xee), R(0x1e), S(0x14)}},
    {"keyboard: full of keys it can still answer", {KEY(1), KEY(2), KEY(3), KEY(4), KEY(5), KEY(6), KEY(7),
      KEY(8), KEY(9), KEY(10), KEY(11), KEY(12), KEY(13), FREE(0), P(0xf2), R(1), R(0xfa), R(0xab), R(0x41),
      R(2), R(3)}},
};
/* clang-format on */

static void play(const struct script *script)
{
    struct keyboard keyboard;

    keyboard_reset(&keyboard);
    for (const struct step *step = script->steps; step->op != END; step++) {
        unsigned got = step->a, want = step->a;

        switch (step->op) {
        case COMMAND:
        case PUT:
            got = keyboard_write(&keyboard, step->op == PUT ? DATA : STATUS, (uint8_t)step->a),
            want = step->b;
            break;
        case GET:
        case FLAGS:
            got = keyboard_read(&keyboard, step->op == GET ? DATA : STATUS);
            break;
        case PRESS:
            keyboard_press(&keyboard, (uint8_t)step->a);
            break;
        case ROOM:
            got = keyboard_room(&keyboard);
            break;
        case IRQ:
            got = keyboard_interrupt(&keyboard);
            break;
        default:
            got = keyboard_a20(&keyboard);
        }
        if (got != want)
            fail_msg("%s: step %d: %#x, not %#x", script->name, (int)(step - script->steps), got, want);
        if (!keyboard_is_sane(&keyboard))
            fail_msg("%s: step %d: not sane", script->name, (int)(step - script->steps));
    }
}

static void scripts_play(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++)
        play(&scripts[i]);
}

static void a20_by_others(void **state)
{
    struct keyboard keyboard;

    (void)state;
    keyboard_reset(&keyboard);
    keyboard_set_a20(&keyboard, false);
    assert_false(keyboard_a20(&keyboard));
    assert_int_equal(keyboard_write(&keyboard, STATUS, 0xd0), 0);
    assert_int_equal(keyboard_read(&keyboard, DATA), 0xcd);
    keyboard_set_a20(&keyboard, true);
    assert_true(keyboard_a20(&keyboard));
    assert_int_equal(keyboard_write(&keyboard, STATUS, 0xd1), 0);
    assert_int_equal(keyboard_write(&keyboard, DATA, 0xcf), 0); /* no change */
}

static void reset_of_the_keyboard(void **state)
{
    struct keyboard keyboard, fresh;

    (void)state;
    keyboard_reset(&keyboard);
    keyboard_reset(&fresh);
    for (const char *bytes = "\xed\x07\xf0\x01\xf5\xff"; *bytes; bytes++) {
        (void)keyboard_write(&keyboard, DATA, (uint8_t)*bytes);
        while (keyboard_read(&keyboard, STATUS) & 1)
            (void)keyboard_read(&keyboard, DATA);
        assert_int_equal(keyboard.leds, (uint8_t)*bytes == 0xff || (uint8_t)*bytes == 0xed ? 0 : 7);
    }
    fresh.output = keyboard.output; /* the last byte that was read */
    assert_memory_equal(&keyboard, &fresh, sizeof(fresh));
}

/* Any use: it stays sane, and loses no key while the guest only reads. */
static void any_use(void **state)
{
    struct random random = {.state = 8042};
    struct keyboard keyboard;

    (void)state;
    keyboard_reset(&keyboard);
    for (unsigned i = 0; i < 500000; i++) {
        uint16_t port = random_below(&random, 2) ? DATA : STATUS;
        unsigned room = keyboard_room(&keyboard);

        switch (random_below(&random, 4)) {
        case 0: /* commands that mean something, mostly */
            (void)keyboard_write(&keyboard, port,
                                 (uint8_t)(random_below(&random, 4) ? 0xa0 + random_below(&random, 96)
                                                                    : random_next(&random)));
            break;
        case 1:
            (void)keyboard_read(&keyboard, port);
            break;
        default:
            keyboard_press(&keyboard, (uint8_t)random_next(&random));
            assert_true(keyboard_room(&keyboard) == room || keyboard_room(&keyboard) == room - 1);
        }
        assert_true(keyboard_is_sane(&keyboard));
        assert_true(!keyboard_interrupt(&keyboard) || keyboard_read(&keyboard, STATUS) & 1);
    }
}

static void insane_ones_are_known(void **state)
{
    static const size_t bytes[] = {
        offsetof(struct keyboard, queue),       offsetof(struct keyboard, queue_count),
        offsetof(struct keyboard, output_full), offsetof(struct keyboard, output_from_controller),
        offsetof(struct keyboard, pending),     offsetof(struct keyboard, keyboard_pending),
        offsetof(struct keyboard, leds),        offsetof(struct keyboard, scanning),
        offsetof(struct keyboard, scan_set),    offsetof(struct keyboard, last_was_command),
        offsetof(struct keyboard, reply_count),
    };
    struct keyboard keyboard;

    (void)state;
    for (size_t i = 0; i < sizeof(bytes) / sizeof(*bytes); i++) {
        keyboard_reset(&keyboard);
        ((uint8_t *)&keyboard)[bytes[i]] = 0xff;
        assert_false(keyboard_is_sane(&keyboard));
    }
    keyboard_reset(&keyboard);
    keyboard.scan_set = 0;
    assert_false(keyboard_is_sane(&keyboard));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scripts_play),          cmocka_unit_test(a20_by_others),
        cmocka_unit_test(reset_of_the_keyboard), cmocka_unit_test(any_use),
        cmocka_unit_test(insane_ones_are_known),
    };

    return cmocka_run_group_tests_name("vmm_keyboard", tests, NULL, NULL);
}
