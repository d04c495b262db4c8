/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The 8254, alone: tables after the waveforms and registers of the datasheet (Intel 231164, figures 15 to
 * 20). */
#include "vmm/dev/pit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { CONTROL = 0x43 };

enum op { END, CW, COUNT, GATE, READ };

struct step {
    unsigned at; /* tick */
    enum op op;
    unsigned value;
};

/* What is done to channel 2, and its OUT from tick 100 on, one character a tick. */
struct wave {
    const char *name;
    struct step steps[12];
    const char *out;
};

/* clang-format off */
/* Counter 2, low byte only: 90h and the mode. */
static const struct wave waves[] = {
    {"mode 0", {{100, CW, 0x90}, {101, COUNT, 4}}, "000000111111"},
    {"mode 0, gate low for two pulses", {{100, CW, 0x90}, {101, COUNT, 3}, {103, GATE, 0}, {105, GATE, 1}},
     "0000000111"},
    {"mode 0, a new count", {{100, CW, 0x90}, {101, COUNT, 3}, {103, COUNT, 2}}, "000000111"},
    {"mode 0, loaded while the gate is low", {{100, CW, 0x90}, {100, GATE, 0}, {101, COUNT, 2},
     {105, GATE, 1}}, "0000000111"},
    {"mode 0, rewritten when through", {{100, CW, 0x90}, {100, COUNT, 2}, {106, COUNT, 1}}, "0001110011"},
    {"mode 0, the first byte of two stops it", {{100, CW, 0xb0}, {100, COUNT, 3}, {100, COUNT, 0},
     {102, COUNT, 2}, {105, COUNT, 0}}, "0000000011"},
    {"mode 1", {{100, CW, 0x92}, {100, COUNT, 3}, {101, GATE, 0}, {102, GATE, 1}}, "1110001111"},
    {"mode 1, triggered again within the pulse", {{100, CW, 0x92}, {100, COUNT, 3}, {101, GATE, 0},
     {102, GATE, 1}, {103, GATE, 0}, {104, GATE, 1}}, "1110000011"},
    {"mode 1, a new count waits for a trigger", {{100, CW, 0x92}, {100, COUNT, 2}, {100, GATE, 0},
     {101, GATE, 1}, {102, COUNT, 4}, {106, GATE, 0}, {106, GATE, 1}}, "1100111000011"},
    {"mode 2", {{100, CW, 0x94}, {100, COUNT, 3}}, "11101101101101"},
    {"mode 2, held high by the gate, and begun anew", {{100, CW, 0x94}, {100, COUNT, 3}, {102, GATE, 0},
     {105, GATE, 1}}, "111111110110"},
    {"mode 2, a low OUT goes high with the gate", {{100, CW, 0x94}, {100, COUNT, 3}, {103, GATE, 0},
     {104, GATE, 1}}, "11111110110"},
    {"mode 2, a new count at the end of the period", {{100, CW, 0x94}, {100, COUNT, 4}, {102, COUNT, 5}},
     "111101111011110"},
    {"mode 2, a new count with a trigger", {{100, CW, 0x94}, {100, COUNT, 5}, {102, COUNT, 3},
     {102, GATE, 0}, {103, GATE, 1}}, "111111011011"},
    {"mode 3, even", {{100, CW, 0x96}, {100, COUNT, 4}}, "1110011001100"},
    {"mode 3, odd", {{100, CW, 0x96}, {100, COUNT, 5}}, "1111001110011"},
    {"mode 3, held high by the gate, and begun anew", {{100, CW, 0x96}, {100, COUNT, 4}, {103, GATE, 0},
     {105, GATE, 1}}, "111111110011001"},
    {"mode 3, a new count at the end of the high half", {{100, CW, 0x96}, {100, COUNT, 6}, {102, COUNT, 4}},
     "1111001100110"},
    {"mode 3, a new odd count at the end of the low half", {{100, CW, 0x96}, {100, COUNT, 4},
     {103, COUNT, 5}}, "111001110011100"},
    {"mode 4", {{100, CW, 0x98}, {100, COUNT, 3}}, "1111011111"},
    {"mode 4, the gate holds it", {{100, CW, 0x98}, {100, COUNT, 3}, {102, GATE, 0}, {104, GATE, 1}},
     "111111011"},
    {"mode 4, a new count at once", {{100, CW, 0x98}, {100, COUNT, 3}, {102, COUNT, 2}}, "11111011"},
    {"mode 5", {{100, CW, 0x9a}, {100, COUNT, 3}, {101, GATE, 0}, {102, GATE, 1}}, "1111110111"},
    {"mode 5, triggered again", {{100, CW, 0x9a}, {100, COUNT, 3}, {101, GATE, 0}, {102, GATE, 1},
     {104, GATE, 0}, {104, GATE, 1}}, "1111111101"},
    {"mode 5, a new count waits for a trigger", {{100, CW, 0x9a}, {100, COUNT, 2}, {100, GATE, 0},
     {100, GATE, 1}, {101, COUNT, 3}, {105, GATE, 0}, {105, GATE, 1}}, "1110111110111"},
    {"modes 6 and 7 are 2 and 3", {{100, CW, 0x9c}, {100, COUNT, 3}, {107, CW, 0x9e}, {107, COUNT, 4}},
     "11101101110011"},
    {"a control word puts OUT to its beginning", {{100, CW, 0x98}, {100, COUNT, 1}, {102, CW, 0x90},
     {104, CW, 0x94}}, "110011"},
};
/* clang-format on */

static void apply(struct pit *pit, const struct step *step)
{
    if (step->op == GATE)
        pit_set_gate(pit, 2, step->value, step->at);
    else if (step->op == READ)
        assert_int_equal(pit_read(pit, 0x42, step->at), step->value);
    else
        pit_write(pit, step->op == CW ? CONTROL : 0x42, (uint8_t)step->value, step->at);
}

static void waveforms(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(waves) / sizeof(*waves); i++) {
        const struct step *step = waves[i].steps;
        char got[64] = "";
        struct pit pit;

        pit_reset(&pit, 0);
        pit_set_gate(&pit, 2, true, 50);
        for (unsigned at = 0; waves[i].out[at]; at++) {
            for (; step->op != END && step->at == 100 + at; step++)
                apply(&pit, step);
            got[at] = pit_output(&pit, 2, 100 + at) ? '1' : '0';
        }
        if (strcmp(got, waves[i].out) != 0)
            fail_msg("%s: OUT is %s, not %s", waves[i].name, got, waves[i].out);
    }
}

struct script {
    const char *name;
    struct step steps[24];
};

/* clang-format off */
static const struct script scripts[] = {
    {"the counting element, low byte", {{100, CW, 0x90}, {100, COUNT, 9}, {101, READ, 9}, {102, READ, 8},
     {110, READ, 0}, {111, READ, 0xff}}},
    {"both bytes: low, then high", {{100, CW, 0xb4}, {100, COUNT, 0x34}, {100, COUNT, 0x12},
     {101, READ, 0x34}, {101, READ, 0x12}, {103, READ, 0x32}, {103, READ, 0x12}}},
    {"high byte only", {{100, CW, 0xa4}, {100, COUNT, 0x12}, {101, READ, 0x12}, {102, READ, 0x11},
     {400, READ, 0x10}}},
    {"a latched count stays until it is read, the second command is ignored", {{100, CW, 0xb4},
     {100, COUNT, 0x00}, {100, COUNT, 0x02}, {102, CW, 0x80}, {110, CW, 0x80}, {111, READ, 0xff},
     {112, READ, 0x01}, {113, READ, 0xf4}, {113, READ, 0x01}}},
    {"a latched count of one byte", {{100, CW, 0x94}, {100, COUNT, 0x80}, {102, CW, 0x80},
     {120, READ, 0x7f}, {121, READ, 0x6c}}},
    {"a control word forgets what was latched", {{100, CW, 0x94}, {100, COUNT, 0x80}, {102, CW, 0x80},
     {103, CW, 0x94}, {103, COUNT, 0x40}, {105, READ, 0x3f}}},
    {"mode 3 counts by two", {{100, CW, 0x96}, {100, COUNT, 7}, {101, READ, 6}, {102, READ, 4},
     {103, READ, 2}, {104, READ, 0}, {105, READ, 6}, {106, READ, 4}, {107, READ, 2}, {108, READ, 6}}},
    {"decimal", {{100, CW, 0x91}, {100, COUNT, 0x12}, {101, READ, 0x12}, {104, READ, 0x09},
     {113, READ, 0x00}, {114, READ, 0x99}}},
    {"decimal, the longest count", {{100, CW, 0xb1}, {100, COUNT, 0}, {100, COUNT, 0}, {101, READ, 0},
     {101, READ, 0}, {102, READ, 0x99}, {102, READ, 0x99}}},
    {"read-back of the status: OUT, null count, access, mode", {{100, CW, 0xb4}, {100, CW, 0xe8},
     {100, READ, 0xf4}, {100, COUNT, 5}, {100, COUNT, 0}, {100, CW, 0xe8}, {100, READ, 0xb4},
     /* an access takes longer than the load */ {101, CW, 0xe8}, {101, READ, 0xb4}, {105, CW, 0xe8},
     {105, READ, 0x34}}},
    {"read-back of the status keeps its first value until it is read", {{100, CW, 0x90}, {100, COUNT, 1},
     {101, CW, 0xe8}, {104, CW, 0xe8}, {104, READ, 0x10}, {104, CW, 0xe8}, {104, READ, 0x90}}},
    {"read-back of both: the status is read first", {{100, CW, 0xb0}, {100, COUNT, 0x10},
     {100, COUNT, 0x20}, {102, CW, 0xc8}, {105, READ, 0x30}, {105, READ, 0x0f}, {105, READ, 0x20},
     {105, READ, 0x0c}}},
    {"read-back of other channels leaves this one alone", {{100, CW, 0x90}, {100, COUNT, 9},
     {102, CW, 0xc6}, {103, READ, 7}}},
    {"null count until a trigger loads it", {{100, CW, 0x92}, {100, COUNT, 9}, {103, CW, 0xe8},
     {103, READ, 0xd2}, {104, GATE, 0}, {104, GATE, 1}, {104, CW, 0xe8}, {104, READ, 0x12}, {105, CW, 0xe8},
     {105, READ, 0x12}}},
    {"null count until the period's end", {{100, CW, 0x94}, {100, COUNT, 9}, {103, COUNT, 5},
     {109, CW, 0xe8}, {109, READ, 0x54}, {110, CW, 0xe8}, {110, READ, 0x94}, {111, READ, 4}}},
    {"the control register is not read", {{100, CW, 0x94}, {100, COUNT, 9}}},
};
/* clang-format on */

static void registers(void **state)
{
    struct pit pit;

    (void)state;
    for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++) {
        pit_reset(&pit, 0);
        pit_set_gate(&pit, 2, true, 50);
        for (const struct step *step = scripts[i].steps; step->op != END; step++) {
            if (step->op != READ) {
                apply(&pit, step);
                continue;
            }
            uint8_t got = pit_read(&pit, 0x42, step->at);

            if (got != step->value)
                fail_msg("%s: step %d: %#x, not %#x", scripts[i].name, (int)(step - scripts[i].steps), got,
                         step->value);
        }
    }
    assert_int_equal(pit_read(&pit, CONTROL, 200), 0xff);
}

static void as_the_firmware_leaves_it(void **state)
{
    struct pit pit;

    (void)state;
    pit_reset(&pit, 1000);
    assert_true(pit_is_sane(&pit));
    assert_true(pit_output(&pit, 0, 1000));
    assert_int_equal(pit_next_rise(&pit, 0, 1000), 1000 + 65536);
    assert_int_equal(pit_next_rise(&pit, 0, 1000 + 65536), 1000 + 2 * 65536);
    assert_int_equal(pit_take_rises(&pit, 1000 + 65535), 0);
    assert_int_equal(pit_take_rises(&pit, 1000 + 65536), 1);
    assert_int_equal(pit_take_rises(&pit, 1000 + 65536), 0);
    assert_int_equal(pit_take_rises(&pit, 1000 + 10 * 65536), 9);
    assert_int_equal(pit.channel[0].start, 1000 + 10 * 65536);
    assert_true(pit_next_rise(&pit, 2, 5000) == PIT_NEVER);
    assert_true(pit_output(&pit, 2, 5000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waveforms),
        cmocka_unit_test(registers),
        cmocka_unit_test(as_the_firmware_leaves_it),
    };

    return cmocka_run_group_tests_name("vmm_pit", tests, NULL, NULL);
}
