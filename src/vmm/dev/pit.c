/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/dev/pit.h"

/* 8254 datasheet, "Control Word Format" and "Read-Back Command". */
enum {
    CONTROL = 0x43,
    ACCESS_LATCH = 0,
    ACCESS_LOW = 1,
    ACCESS_HIGH = 2,
    ACCESS_BOTH = 3,
    READ_BACK = 3,
    STATUS_OUT = 0x80,
    STATUS_NULL = 0x40,
};

static unsigned access_of(const struct pit_channel *channel)
{
    return channel->control >> 4 & 3;
}

/* Modes 6 and 7 are 2 and 3. */
static unsigned mode_of(const struct pit_channel *channel)
{
    unsigned mode = channel->control >> 1 & 7;

    return mode > 5 ? mode - 4 : mode;
}

static bool is_periodic(const struct pit_channel *channel)
{
    return mode_of(channel) == 2 || mode_of(channel) == 3;
}

static bool is_triggered(const struct pit_channel *channel)
{
    return mode_of(channel) == 1 || mode_of(channel) == 5;
}

static uint32_t wrap_of(const struct pit_channel *channel)
{
    return channel->control & 1 ? 10000 : 65536;
}

/* A count that was to take effect by now has done so. */
static void settle(struct pit_channel *channel, uint64_t tick)
{
    if (is_periodic(channel) && channel->next_count && channel->running == PIT_COUNTS &&
        tick >= channel->next_start) {
        channel->start = channel->next_start;
        channel->count = channel->next_count;
        channel->next_count = 0;
        channel->next_start = 0;
    }
}

static uint64_t elapsed(const struct pit_channel *channel, uint64_t tick)
{
    if (channel->running == PIT_HELD)
        return channel->start;
    return tick > channel->start ? tick - channel->start : 0;
}

static bool output(const struct pit_channel *channel, uint64_t tick)
{
    uint64_t ticks = elapsed(channel, tick), count = channel->count;
    unsigned mode = mode_of(channel);

    if (channel->running == PIT_STOPPED || !count)
        return mode != 0;
    switch (mode) {
    case 0:
    case 1:
        return ticks >= count;
    case 2:
        return !channel->gate || ticks % count != count - 1 || count == 1;
    case 3:
        return !channel->gate || ticks % count < (count + 1) / 2;
    default:
        return ticks != count;
    }
}

/* The counting element, as a binary number. */
static uint32_t element(const struct pit_channel *channel, uint64_t tick)
{
    uint64_t ticks = elapsed(channel, tick), count = channel->count;
    uint32_t wrap = wrap_of(channel);

    if (!count)
        return 0;
    if (channel->running == PIT_STOPPED)
        return (uint32_t)count % wrap;
    if (mode_of(channel) == 2)
        return (uint32_t)(count - ticks % count) % wrap;
    if (mode_of(channel) == 3) /* counts down by two, twice each period */
        return (uint32_t)(count - 2 * ticks % count) % wrap;
    return (uint32_t)((count + wrap - ticks % wrap) % wrap);
}

static uint16_t as_read(const struct pit_channel *channel, uint32_t value)
{
    if (!(channel->control & 1))
        return (uint16_t)value;
    return (uint16_t)(value / 1000 % 10 << 12 | value / 100 % 10 << 8 | value / 10 % 10 << 4 | value % 10);
}

static uint32_t as_counted(const struct pit_channel *channel, uint16_t written)
{
    uint32_t value = written;

    if (channel->control & 1)
        value =
            (written >> 12) * 1000u + (written >> 8 & 15) * 100u + (written >> 4 & 15) * 10u + (written & 15);
    return value ? value : wrap_of(channel);
}

void pit_reset(struct pit *pit, uint64_t tick)
{
    *pit =
        (struct pit){.channel = {
                         {.control = 0x36, .count = 65536, .start = tick, .running = PIT_COUNTS, .gate = 1},
                         {.control = 0x14, .count = 18, .start = tick, .running = PIT_COUNTS, .gate = 1},
                         {.control = 0x36, .count = 65536, .start = 0, .running = PIT_HELD},
                     }};
}

static void load(struct pit_channel *channel, uint16_t written, uint64_t tick)
{
    uint32_t count = as_counted(channel, written);

    if (is_triggered(channel)) {
        channel->next_count = count; /* until the gate rises */
        return;
    }
    if (is_periodic(channel) && channel->running == PIT_COUNTS && channel->count) {
        channel->next_count = count;
        channel->next_start = channel->start + (elapsed(channel, tick) / channel->count + 1) * channel->count;
        return;
    }
    channel->count = count;
    channel->start = channel->gate ? tick : 0;
    channel->running = channel->gate ? PIT_COUNTS : PIT_HELD;
}

static void write_count(struct pit_channel *channel, uint8_t value, uint64_t tick)
{
    switch (access_of(channel)) {
    case ACCESS_LOW:
        load(channel, value, tick);
        break;
    case ACCESS_HIGH:
        load(channel, (uint16_t)(value << 8), tick);
        break;
    default:
        if (!channel->write_second) {
            channel->write_low = value;
            channel->write_second = 1;
            if (mode_of(channel) == 0) /* the first byte stops the counting */
                channel->running = PIT_STOPPED;
            break;
        }
        channel->write_second = 0;
        load(channel, (uint16_t)(value << 8 | channel->write_low), tick);
        channel->write_low = 0;
    }
}

static void latch_count(struct pit_channel *channel, uint64_t tick)
{
    if (channel->latch_bytes)
        return; /* the first latch is kept until it was read */
    channel->latched = as_read(channel, element(channel, tick));
    channel->latch_bytes = access_of(channel) == ACCESS_BOTH ? 2 : 1;
}

static void latch_status(struct pit_channel *channel, uint64_t tick)
{
    if (channel->status_latched)
        return;
    channel->status = (uint8_t)((channel->control & 0x3f) | (output(channel, tick) ? STATUS_OUT : 0) |
                                (channel->next_count || !channel->count ? STATUS_NULL : 0));
    channel->status_latched = 1;
}

static void write_control(struct pit *pit, uint8_t value, uint64_t tick)
{
    unsigned number = value >> 6;
    struct pit_channel *channel = &pit->channel[number == READ_BACK ? 0 : number];

    if (number == READ_BACK) {
        for (unsigned i = 0; i < 3; i++) {
            if (!(value >> (i + 1) & 1))
                continue;
            if (!(value & 0x20))
                latch_count(&pit->channel[i], tick);
            if (!(value & 0x10))
                latch_status(&pit->channel[i], tick);
        }
        return;
    }
    if ((value >> 4 & 3) == ACCESS_LATCH) {
        latch_count(channel, tick);
        return;
    }
    *channel = (struct pit_channel){.control = value & 0x3f, .gate = channel->gate};
}

void pit_write(struct pit *pit, uint16_t port, uint8_t value, uint64_t tick)
{
    for (unsigned i = 0; i < 3; i++)
        settle(&pit->channel[i], tick);
    if (port == CONTROL)
        write_control(pit, value, tick);
    else
        write_count(&pit->channel[port & 3], value, tick);
}

uint8_t pit_read(struct pit *pit, uint16_t port, uint64_t tick)
{
    struct pit_channel *channel = &pit->channel[(port & 3) % 3];
    uint16_t value;

    if (port == CONTROL)
        return 0xff; /* not readable */
    settle(channel, tick);
    if (channel->status_latched) {
        channel->status_latched = 0;
        value = channel->status;
        channel->status = 0;
        return (uint8_t)value;
    }
    if (channel->latch_bytes) {
        bool high = access_of(channel) == ACCESS_HIGH ||
                    (access_of(channel) == ACCESS_BOTH && channel->latch_bytes == 1);

        value = high ? channel->latched >> 8 : channel->latched & 0xff;
        if (--channel->latch_bytes == 0)
            channel->latched = 0;
        return (uint8_t)value;
    }
    value = as_read(channel, element(channel, tick));
    switch (access_of(channel)) {
    case ACCESS_LOW:
        return (uint8_t)value;
    case ACCESS_HIGH:
        return (uint8_t)(value >> 8);
    default:
        channel->read_second ^= 1;
        return (uint8_t)(channel->read_second ? value : value >> 8);
    }
}

bool pit_output(const struct pit *pit, unsigned channel, uint64_t tick)
{
    struct pit_channel now = pit->channel[channel];

    settle(&now, tick);
    return output(&now, tick);
}

void pit_set_gate(struct pit *pit, unsigned number, bool gate, uint64_t tick)
{
    struct pit_channel *channel = &pit->channel[number];
    bool rises = gate && !channel->gate, falls = !gate && channel->gate;

    settle(channel, tick);
    channel->gate = gate;
    if (rises && is_triggered(channel)) {
        if (channel->next_count)
            channel->count = channel->next_count;
        channel->next_count = 0;
        if (channel->count) {
            channel->start = tick;
            channel->running = PIT_COUNTS;
        }
    } else if (rises && channel->running == PIT_HELD) {
        /* Modes 2 and 3 begin anew; modes 0 and 4 go on. */
        channel->start = is_periodic(channel) ? tick : tick - channel->start;
        channel->running = PIT_COUNTS;
        if (is_periodic(channel) && channel->next_count) {
            channel->count = channel->next_count;
            channel->next_count = 0;
            channel->next_start = 0;
        }
    } else if (falls && !is_triggered(channel) && channel->running == PIT_COUNTS) {
        channel->start = elapsed(channel, tick);
        channel->running = PIT_HELD;
    }
}

/* The tick of the first rise after `tick` of a channel whose count does not change. */
static uint64_t next_rise(const struct pit_channel *channel, uint64_t tick)
{
    uint64_t first = channel->start + channel->count;

    if (channel->running != PIT_COUNTS || !channel->count)
        return PIT_NEVER;
    if (is_periodic(channel)) {
        if (channel->count == 1)
            return PIT_NEVER; /* illegal in mode 2, and never low */
        return channel->start + (elapsed(channel, tick) / channel->count + 1) * channel->count;
    }
    if (mode_of(channel) >= 4)
        first++;
    return first > tick ? first : PIT_NEVER;
}

uint64_t pit_next_rise(const struct pit *pit, unsigned number, uint64_t tick)
{
    struct pit_channel now = pit->channel[number];

    settle(&now, tick);
    return next_rise(&now, tick);
}

static uint64_t rises(const struct pit_channel *channel, uint64_t from, uint64_t to)
{
    uint64_t first = next_rise(channel, from);

    if (first == PIT_NEVER || first > to)
        return 0;
    return is_periodic(channel) ? (to - first) / channel->count + 1 : 1;
}

uint64_t pit_rises(const struct pit *pit, unsigned number, uint64_t from, uint64_t to)
{
    struct pit_channel now = pit->channel[number];
    uint64_t before = 0;

    settle(&now, from);
    /* A new count takes effect within the span, at the end of a period, which is a rise of the old count. */
    if (is_periodic(&now) && now.next_count && now.running == PIT_COUNTS && now.next_start <= to) {
        before = rises(&now, from, now.next_start);
        from = now.next_start;
        settle(&now, from);
    }
    return before + rises(&now, from, to);
}
