/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The 8254, alone: tables after the waveforms of the datasheet (Intel 231164, figures 15 to 20), and random
 * programs against a second model that moves one CLK pulse at a time, as the datasheet tells it. */
#include "base/random.h"
#include "vmm/dev/pit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { CONTROL = 0x43 };

/* Tables. */

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

/* Counter 2, low byte only: 90h and the mode. */
static const struct wave waves[] = {
    {"mode 0", {{100, CW, 0x90}, {101, COUNT, 4}}, "000000111111"},
    {"mode 0, gate low for two pulses",
     {{100, CW, 0x90}, {101, COUNT, 3}, {103, GATE, 0}, {105, GATE, 1}},
     "0000000111"},
    {"mode 0, a new count", {{100, CW, 0x90}, {101, COUNT, 3}, {103, COUNT, 2}}, "000000111"},
    {"mode 0, loaded while the gate is low",
     {{100, CW, 0x90}, {100, GATE, 0}, {101, COUNT, 2}, {105, GATE, 1}},
     "0000000111"},
    {"mode 0, rewritten when through", {{100, CW, 0x90}, {100, COUNT, 2}, {106, COUNT, 1}}, "0001110011"},
    {"mode 0, the first byte of two stops it",
     {{100, CW, 0xb0}, {100, COUNT, 3}, {100, COUNT, 0}, {102, COUNT, 2}, {105, COUNT, 0}},
     "0000000011"},
    {"mode 1", {{100, CW, 0x92}, {100, COUNT, 3}, {101, GATE, 0}, {102, GATE, 1}}, "1110001111"},
    {"mode 1, triggered again within the pulse",
     {{100, CW, 0x92}, {100, COUNT, 3}, {101, GATE, 0}, {102, GATE, 1}, {103, GATE, 0}, {104, GATE, 1}},
     "1110000011"},
    {"mode 1, a new count waits for a trigger",
     {{100, CW, 0x92},
      {100, COUNT, 2},
      {100, GATE, 0},
      {101, GATE, 1},
      {102, COUNT, 4},
      {106, GATE, 0},
      {106, GATE, 1}},
     "1100111000011"},
    {"mode 2", {{100, CW, 0x94}, {100, COUNT, 3}}, "11101101101101"},
    {"mode 2, held high by the gate, and begun anew",
     {{100, CW, 0x94}, {100, COUNT, 3}, {102, GATE, 0}, {105, GATE, 1}},
     "111111110110"},
    {"mode 2, a low OUT goes high with the gate",
     {{100, CW, 0x94}, {100, COUNT, 3}, {103, GATE, 0}, {104, GATE, 1}},
     "11111110110"},
    {"mode 2, a new count at the end of the period",
     {{100, CW, 0x94}, {100, COUNT, 4}, {102, COUNT, 5}},
     "111101111011110"},
    {"mode 2, a new count with a trigger",
     {{100, CW, 0x94}, {100, COUNT, 5}, {102, COUNT, 3}, {102, GATE, 0}, {103, GATE, 1}},
     "111111011011"},
    {"mode 3, even", {{100, CW, 0x96}, {100, COUNT, 4}}, "1110011001100"},
    {"mode 3, odd", {{100, CW, 0x96}, {100, COUNT, 5}}, "1111001110011"},
    {"mode 3, held high by the gate, and begun anew",
     {{100, CW, 0x96}, {100, COUNT, 4}, {103, GATE, 0}, {105, GATE, 1}},
     "111111110011001"},
    {"mode 3, a new count at the end of the high half",
     {{100, CW, 0x96}, {100, COUNT, 6}, {102, COUNT, 4}},
     "1111001100110"},
    {"mode 3, a new odd count at the end of the low half",
     {{100, CW, 0x96}, {100, COUNT, 4}, {103, COUNT, 5}},
     "111001110011100"},
    {"mode 4", {{100, CW, 0x98}, {100, COUNT, 3}}, "1111011111"},
    {"mode 4, the gate holds it",
     {{100, CW, 0x98}, {100, COUNT, 3}, {102, GATE, 0}, {104, GATE, 1}},
     "111111011"},
    {"mode 4, a new count at once", {{100, CW, 0x98}, {100, COUNT, 3}, {102, COUNT, 2}}, "11111011"},
    {"mode 5", {{100, CW, 0x9a}, {100, COUNT, 3}, {101, GATE, 0}, {102, GATE, 1}}, "1111110111"},
    {"mode 5, triggered again",
     {{100, CW, 0x9a}, {100, COUNT, 3}, {101, GATE, 0}, {102, GATE, 1}, {104, GATE, 0}, {104, GATE, 1}},
     "1111111101"},
    {"mode 5, a new count waits for a trigger",
     {{100, CW, 0x9a},
      {100, COUNT, 2},
      {100, GATE, 0},
      {100, GATE, 1},
      {101, COUNT, 3},
      {105, GATE, 0},
      {105, GATE, 1}},
     "1110111110111"},
    {"modes 6 and 7 are 2 and 3",
     {{100, CW, 0x9c}, {100, COUNT, 3}, {107, CW, 0x9e}, {107, COUNT, 4}},
     "11101101110011"},
    {"a control word puts OUT to its beginning",
     {{100, CW, 0x98}, {100, COUNT, 1}, {102, CW, 0x90}, {104, CW, 0x94}},
     "110011"},
};

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

static const struct script scripts[] = {
    {"the counting element, low byte",
     {{100, CW, 0x90}, {100, COUNT, 9}, {101, READ, 9}, {102, READ, 8}, {110, READ, 0}, {111, READ, 0xff}}},
    {"both bytes: low, then high",
     {{100, CW, 0xb4},
      {100, COUNT, 0x34},
      {100, COUNT, 0x12},
      {101, READ, 0x34},
      {101, READ, 0x12},
      {103, READ, 0x32},
      {103, READ, 0x12}}},
    {"high byte only",
     {{100, CW, 0xa4}, {100, COUNT, 0x12}, {101, READ, 0x12}, {102, READ, 0x11}, {400, READ, 0x10}}},
    {"a latched count stays until it is read, the second command is ignored",
     {{100, CW, 0xb4},
      {100, COUNT, 0x00},
      {100, COUNT, 0x02},
      {102, CW, 0x80},
      {110, CW, 0x80},
      {111, READ, 0xff},
      {112, READ, 0x01},
      {113, READ, 0xf4},
      {113, READ, 0x01}}},
    {"a latched count of one byte",
     {{100, CW, 0x94}, {100, COUNT, 0x80}, {102, CW, 0x80}, {120, READ, 0x7f}, {121, READ, 0x6c}}},
    {"a control word forgets what was latched",
     {{100, CW, 0x94},
      {100, COUNT, 0x80},
      {102, CW, 0x80},
      {103, CW, 0x94},
      {103, COUNT, 0x40},
      {105, READ, 0x3f}}},
    {"mode 3 counts by two",
     {{100, CW, 0x96},
      {100, COUNT, 7},
      {101, READ, 6},
      {102, READ, 4},
      {103, READ, 2},
      {104, READ, 0},
      {105, READ, 6},
      {106, READ, 4},
      {107, READ, 2},
      {108, READ, 6}}},
    {"decimal",
     {{100, CW, 0x91},
      {100, COUNT, 0x12},
      {101, READ, 0x12},
      {104, READ, 0x09},
      {113, READ, 0x00},
      {114, READ, 0x99}}},
    {"decimal, the longest count",
     {{100, CW, 0xb1},
      {100, COUNT, 0},
      {100, COUNT, 0},
      {101, READ, 0},
      {101, READ, 0},
      {102, READ, 0x99},
      {102, READ, 0x99}}},
    {"read-back of the status: OUT, null count, access, mode",
     {{100, CW, 0xb4},
      {100, CW, 0xe8},
      {100, READ, 0xf4},
      {100, COUNT, 5},
      {100, COUNT, 0},
      {100, CW, 0xe8},
      {100, READ, 0xb4}, /* an access takes longer than the load */
      {101, CW, 0xe8},
      {101, READ, 0xb4},
      {105, CW, 0xe8},
      {105, READ, 0x34}}},
    {"read-back of the status keeps its first value until it is read",
     {{100, CW, 0x90},
      {100, COUNT, 1},
      {101, CW, 0xe8},
      {104, CW, 0xe8},
      {104, READ, 0x10},
      {104, CW, 0xe8},
      {104, READ, 0x90}}},
    {"read-back of both: the status is read first",
     {{100, CW, 0xb0},
      {100, COUNT, 0x10},
      {100, COUNT, 0x20},
      {102, CW, 0xc8},
      {105, READ, 0x30},
      {105, READ, 0x0f},
      {105, READ, 0x20},
      {105, READ, 0x0c}}},
    {"read-back of other channels leaves this one alone",
     {{100, CW, 0x90}, {100, COUNT, 9}, {102, CW, 0xc6}, {103, READ, 7}}},
    {"null count until a trigger loads it",
     {{100, CW, 0x92},
      {100, COUNT, 9},
      {103, CW, 0xe8},
      {103, READ, 0xd2},
      {104, GATE, 0},
      {104, GATE, 1},
      {104, CW, 0xe8},
      {104, READ, 0x12},
      {105, CW, 0xe8},
      {105, READ, 0x12}}},
    {"null count until the period's end",
     {{100, CW, 0x94},
      {100, COUNT, 9},
      {103, COUNT, 5},
      {109, CW, 0xe8},
      {109, READ, 0x54},
      {110, CW, 0xe8},
      {110, READ, 0x94},
      {111, READ, 4}}},
    {"the control register is not read", {{100, CW, 0x94}, {100, COUNT, 9}}},
};

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

/* The second model: a counter as its registers are, moved by single pulses. */
struct model {
    unsigned mode, access, cr, ce; /* cr and ce in the counter's own digits */
    bool bcd, gate, out, has_cr, has_ce, load, trigger, half, inhibit, second, null, armed, odd;
    unsigned low;
};

static unsigned less(const struct model *model, unsigned value)
{
    if (!model->bcd)
        return (value - 1) & 0xffff;
    for (unsigned shift = 0; shift < 16; shift += 4) {
        if (value >> shift & 15)
            return value - (1u << shift);
        value |= 9u << shift;
    }
    return 0x9999;
}

static void model_control(struct model *model, unsigned word)
{
    bool gate = model->gate;

    *model = (struct model){
        .gate = gate, .access = word >> 4 & 3, .mode = word >> 1 & 7, .bcd = word & 1, .null = true};
    if (model->mode > 5)
        model->mode -= 4;
    model->out = model->mode != 0;
}

static void model_count(struct model *model, unsigned byte)
{
    if (model->access == 3 && !model->second) {
        model->second = true;
        model->low = byte;
        if (model->mode == 0) {
            model->out = false;
            model->inhibit = true;
        }
        return;
    }
    model->cr = model->access == 1 ? byte : model->access == 2 ? byte << 8 : byte << 8 | model->low;
    model->second = model->inhibit = false;
    model->null = model->has_cr = true;
    if (model->mode == 0) {
        model->out = false;
        model->load = true;
    } else if (model->mode == 4) {
        model->load = true;
    } else if (model->mode == 2 || model->mode == 3) {
        model->load = model->load || !model->has_ce;
    }
}

static void model_gate(struct model *model, bool gate)
{
    bool rises = gate && !model->gate;

    model->gate = gate;
    if (rises && model->mode != 0 && model->mode != 4 && model->has_cr)
        model->trigger = model->has_ce || model->mode == 1 || model->mode == 5;
    if (!gate && (model->mode == 2 || model->mode == 3))
        model->out = true;
}

static void model_load(struct model *model)
{
    model->ce = model->cr;
    model->odd = model->cr & 1;
    if (model->mode == 3)
        model->ce &= ~1u;
    model->has_ce = model->armed = true;
    model->load = model->trigger = model->null = false;
}

static void model_pulse(struct model *model)
{
    bool counts = model->has_ce && (model->gate || model->mode == 1 || model->mode == 5);

    if (model->load || model->trigger) {
        model_load(model);
        model->out = model->mode != 0 && model->mode != 1;
        return;
    }
    if (!counts || model->inhibit)
        return;
    switch (model->mode) {
    case 0:
    case 1:
        model->ce = less(model, model->ce);
        model->out = model->out || model->ce == 0;
        break;
    case 2:
        if (model->ce == 1) {
            model_load(model);
            model->out = true;
        } else {
            model->ce = less(model, model->ce);
            model->out = model->ce != 1;
        }
        break;
    case 3:
        if (model->ce == (model->odd && model->out ? 0u : 2u)) {
            model_load(model);
            model->out = !model->out;
        } else {
            model->ce = less(model, less(model, model->ce));
        }
        break;
    default:
        model->ce = less(model, model->ce);
        model->out = !(model->ce == 0 && model->armed);
        model->armed = model->armed && model->ce != 0;
    }
}

static unsigned read_element(const struct pit *pit, unsigned channel, uint64_t tick)
{
    struct pit copy = *pit;
    uint16_t port = (uint16_t)(0x40 + channel);

    copy.channel[channel].latch_bytes = copy.channel[channel].status_latched = 0;
    copy.channel[channel].read_second = 0;
    copy.channel[channel].control |= 0x30;
    unsigned low = pit_read(&copy, port, tick);

    return low | (unsigned)pit_read(&copy, port, tick) << 8;
}

static bool read_null(const struct pit *pit, unsigned channel, uint64_t tick)
{
    struct pit copy = *pit;

    copy.channel[channel].status_latched = 0;
    pit_write(&copy, CONTROL, (uint8_t)(0xe0 | 2u << channel), tick);
    return pit_read(&copy, (uint16_t)(0x40 + channel), tick) & 0x40;
}

/* A count as it may be written: short ones mostly, so that much happens. */
static unsigned random_count(struct random *random, const struct model *model)
{
    unsigned digits = (unsigned)random_below(random, 8) == 0 ? 4 : (unsigned)random_below(random, 2) + 1,
             value = 0;
    unsigned least = model->mode == 2 || model->mode == 3 ? 2 : 0;

    do
        for (unsigned i = 0; i < digits; i++)
            value = (value << 4 | (unsigned)random_below(random, model->bcd ? 10 : 16)) & 0xffff;
    while (value < least && value != 0);
    return value;
}

static void random_op(struct random *random, struct pit *pit, struct model *model, unsigned channel,
                      uint64_t tick)
{
    uint16_t port = (uint16_t)(0x40 + channel);
    unsigned what = (unsigned)random_below(random, 10), word, count;

    if (what < 2 || model->access == 0) {
        word = (unsigned)(1 + random_below(random, 3)) << 4 | (unsigned)random_below(random, 16);
        pit_write(pit, CONTROL, (uint8_t)(channel << 6 | word), tick);
        model_control(model, word);
    } else if (what < 6) {
        count = random_count(random, model);
        if (model->access == 1) {
            pit_write(pit, port, (uint8_t)count, tick);
            /* A count of 1 is illegal in modes 2 and 3, and so are counts that cannot be in one byte. */
            model_count(model, count & 0xff);
        } else if (model->access == 2) {
            pit_write(pit, port, (uint8_t)(count >> 8), tick);
            model_count(model, count >> 8);
        } else {
            bool second = model->second;

            pit_write(pit, port, (uint8_t)(second ? count >> 8 : count), tick);
            model_count(model, second ? count >> 8 : count & 0xff);
        }
    } else if (channel == 2) {
        bool gate = random_below(random, 2);

        pit_set_gate(pit, channel, gate, tick);
        model_gate(model, gate);
    }
}

/* What modes 2 and 3 make of a count of 1 is nobody's promise. */
static bool is_illegal(const struct model *model)
{
    return (model->mode == 2 || model->mode == 3) && model->has_cr && model->cr == 1;
}

static void random_programs(void **state)
{
    struct random random = {.state = 8254};

    (void)state;
    for (unsigned program = 0; program < 6000; program++) {
        unsigned channel = program % 2 ? 2 : 0;
        uint64_t tick = random_below(&random, 3) ? random_next(&random) >> 20 : random_below(&random, 100);
        struct model model = {.gate = channel == 0, .out = true};
        struct pit pit;
        unsigned long_ones = 0;

        pit_reset(&pit, 0);
        for (unsigned op = 0; op < 24 && !is_illegal(&model); op++) {
            if (channel == 0)
                (void)pit_take_rises(&pit, tick);
            random_op(&random, &pit, &model, channel, tick);
            if (is_illegal(&model))
                break;
            uint64_t gap = random_below(&random, 4) ? random_below(&random, 4) : random_below(&random, 300);

            if (random_below(&random, 400) == 0 && long_ones++ < 1)
                gap = 140000;
            uint64_t predicted = pit_next_rise(&pit, channel, tick), begin = tick, rises = 0, taken = 0;

            if (model.access == 0) { /* nothing is known before the first control word */
                tick += gap;
                continue;
            }
            for (;; tick++, model_pulse(&model)) {
                if (pit_output(&pit, channel, tick) != model.out)
                    fail_msg("program %u, op %u, mode %u: OUT at %d is not %d", program, op, model.mode,
                             (int)(tick - begin), model.out);
                /* What is seen is what is there when a load that is due is done. */
                struct model sight = model;

                if (model.load || model.trigger)
                    model_pulse(&sight);
                if (pit_seen_output(&pit, channel, tick) != sight.out)
                    fail_msg("program %u, op %u, mode %u: OUT as seen at %d is not %d", program, op,
                             model.mode, (int)(tick - begin), sight.out);
                if (sight.has_ce && read_element(&pit, channel, tick) != sight.ce)
                    fail_msg("program %u, op %u, mode %u: count at %d is %#x, not %#x", program, op,
                             model.mode, (int)(tick - begin), read_element(&pit, channel, tick), sight.ce);
                if (read_null(&pit, channel, tick) != sight.null)
                    fail_msg("program %u, op %u, mode %u: null count at %d", program, op, model.mode,
                             (int)(tick - begin));
                assert_true(pit_is_sane(&pit));
                if (tick == begin + gap)
                    break;
                struct model next = model;

                model_pulse(&next);
                if (next.out && !model.out) {
                    if (rises++ == 0)
                        assert_int_equal(predicted, tick + 1);
                    else
                        assert_int_equal(pit_next_rise(&pit, channel, tick), tick + 1);
                }
                if (random_below(&random, 16) == 0 && channel == 0)
                    taken += pit_take_rises(&pit, tick);
            }
            if (rises == 0)
                assert_true(predicted > tick);
            if (channel == 0)
                assert_int_equal(taken + pit_take_rises(&pit, tick), rises);
        }
    }
}

/* A folded channel looks the same for ever, and holds no time. */
static void folds(void **state)
{
    struct random random = {.state = 3};

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        uint64_t tick = random_next(&random) >> 24;
        unsigned count = (unsigned)random_below(&random, 65535) + 2,
                 mode = (unsigned)random_below(&random, 6);
        struct pit pit, folded;

        if (mode == 1 || mode == 5)
            continue;
        pit_reset(&pit, tick);
        pit_write(&pit, CONTROL, (uint8_t)(0x30 | mode << 1), tick);
        pit_write(&pit, 0x40, (uint8_t)count, tick);
        pit_write(&pit, 0x40, (uint8_t)(count >> 8), tick);
        tick += 2 + count + random_below(&random, 1000000);
        folded = pit;
        (void)pit_take_rises(&folded, tick);
        pit_fold(&folded);
        assert_true(pit_is_sane(&folded));
        assert_true(folded.channel[0].start < 65536 && folded.channel[0].next_start == 0);
        for (unsigned j = 0; j < 4; j++) {
            assert_int_equal(pit_output(&folded, 0, tick), pit_output(&pit, 0, tick));
            assert_int_equal(read_element(&folded, 0, tick), read_element(&pit, 0, tick));
            assert_int_equal(pit_next_rise(&folded, 0, tick), pit_next_rise(&pit, 0, tick));
            tick += random_below(&random, 100000);
        }
        assert_int_equal(pit_is_quiet(&folded), mode == 0 || mode == 4);
        (void)pit_take_rises(&folded, tick);
        (void)pit_take_rises(&pit, tick);
        tick += random_below(&random, 1000000);
        assert_int_equal(pit_take_rises(&folded, tick), pit_take_rises(&pit, tick));
    }
}

/* Any bytes to any of its ports, digits that are none, and any state that is called sane. */
static void any_bytes(void **state)
{
    struct random random = {.state = 231164};
    uint64_t tick = 0;
    struct pit pit;

    (void)state;
    pit_reset(&pit, 0);
    for (unsigned i = 0; i < 500000; i++) {
        if (random_below(&random, 1000) == 0) {
            struct pit other = pit;
            uint8_t *bytes = (uint8_t *)&other;

            bytes[random_below(&random, sizeof(other))] = (uint8_t)random_next(&random);
            if (pit_is_sane(&other))
                pit = other;
        }
        (void)pit_take_rises(&pit, tick);
        switch (random_below(&random, 4)) {
        case 0:
            pit_write(&pit, CONTROL, (uint8_t)random_next(&random), tick);
            break;
        case 1:
            pit_write(&pit, (uint16_t)(0x40 + random_below(&random, 3)), (uint8_t)random_next(&random), tick);
            break;
        case 2:
            (void)pit_read(&pit, (uint16_t)(0x40 + random_below(&random, 4)), tick);
            break;
        default:
            pit_set_gate(&pit, 2, random_below(&random, 2), tick);
        }
        assert_true(pit_is_sane(&pit));
        assert_true(pit_next_rise(&pit, 0, tick) > tick);
        tick += random_below(&random, 3) ? random_below(&random, 5) : random_below(&random, 100000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waveforms),
        cmocka_unit_test(registers),
        cmocka_unit_test(as_the_firmware_leaves_it),
        cmocka_unit_test(random_programs),
        cmocka_unit_test(folds),
        cmocka_unit_test(any_bytes),
    };

    return cmocka_run_group_tests_name("vmm_pit", tests, NULL, NULL);
}
