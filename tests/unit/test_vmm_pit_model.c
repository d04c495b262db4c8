/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The 8254 under random programs, against a second model that moves one CLK pulse at a time, as the datasheet
 * (Intel 231164) tells it; and under any use. */
#include "base/random.h"
#include "vmm/dev/pit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { CONTROL = 0x43 };

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
        cmocka_unit_test(random_programs),
        cmocka_unit_test(folds),
        cmocka_unit_test(any_bytes),
    };

    return cmocka_run_group_tests_name("vmm_pit_model", tests, NULL, NULL);
}
