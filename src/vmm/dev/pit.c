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

/* Ticks of a period of mode 3 for which OUT is high. */
static uint32_t high_ticks(uint32_t count)
{
    return (count + 1) / 2;
}

static uint64_t elapsed(const struct pit_channel *channel, uint64_t tick)
{
    return channel->running == PIT_HELD ? channel->start : tick - channel->start;
}

/* Mode 0 counts only when a count is whole: its first byte stops the counting. */
static bool may_count(const struct pit_channel *channel)
{
    return is_triggered(channel) || (channel->gate && !(mode_of(channel) == 0 && channel->write_second));
}

/* Loads a count whose tick has come. */
static void settle(struct pit_channel *channel, uint64_t tick)
{
    uint64_t loaded = channel->next_start;

    if (loaded == 0 || tick < loaded)
        return;
    /* In mode 3 the end of the high half loads, too: then the new period is already in its low half. */
    bool low_half = mode_of(channel) == 3 && channel->running == PIT_COUNTS &&
                    elapsed(channel, loaded) % channel->count != 0;

    channel->count = channel->next_count;
    channel->start = low_half ? loaded - high_ticks(channel->count) : loaded;
    channel->running = PIT_COUNTS;
    channel->next_count = 0;
    channel->next_start = 0;
    channel->null_count = 0;
    if (!may_count(channel)) {
        channel->running = PIT_HELD;
        channel->start = 0;
    }
}

static bool output(const struct pit_channel *channel, uint64_t tick)
{
    uint64_t ticks = elapsed(channel, tick), count = channel->count;

    switch (mode_of(channel)) {
    case 0:
        if (channel->running == PIT_STOPPED || channel->next_count || channel->write_second)
            return false;
        return channel->running == PIT_DONE || ticks >= count;
    case 1:
        return channel->running != PIT_COUNTS || ticks >= count;
    case 2: /* a count of 1 is illegal */
        return channel->running != PIT_COUNTS || count == 1 || ticks % count != count - 1;
    case 3:
        return channel->running != PIT_COUNTS || ticks % count < high_ticks(channel->count);
    default:
        return channel->running == PIT_STOPPED || channel->running == PIT_DONE || ticks != count;
    }
}

/* The counting element, as a binary number. */
static uint32_t element(const struct pit_channel *channel, uint64_t tick)
{
    uint64_t ticks = elapsed(channel, tick);
    uint32_t wrap = wrap_of(channel), count = channel->count, phase, high;

    if (channel->running == PIT_STOPPED)
        return 0;
    switch (mode_of(channel)) {
    case 2:
        return (count - (uint32_t)(ticks % count)) % wrap;
    case 3: /* counts an even number down by two, twice each period */
        phase = (uint32_t)(ticks % count);
        high = high_ticks(count);
        return ((count & ~1u) - 2 * (phase < high ? phase : phase - high)) % wrap;
    default:
        return (count + wrap - (uint32_t)(ticks % wrap)) % wrap;
    }
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
                         {.control = 0x14, .count = 18, .running = PIT_COUNTS, .gate = 1},
                         {.control = 0x36, .count = 65536, .running = PIT_HELD},
                     }};
}

static bool channel_is_sane(const struct pit_channel *channel, bool first)
{
    uint32_t most = channel->control & 1 ? 16665 : 65536; /* FFFFh, taken for BCD */
    bool has_count = channel->count != 0, loads = channel->next_count != 0;

    return channel->count <= most && channel->next_count <= most && channel->control < 0x40 &&
           access_of(channel) != ACCESS_LATCH && channel->latch_bytes <= 2 && channel->running <= PIT_DONE &&
           has_count == (channel->running != PIT_STOPPED) && (loads || channel->next_start == 0) &&
           (channel->running != PIT_DONE || (first && !is_periodic(channel))) &&
           (channel->status_latched | channel->write_second | channel->read_second | channel->gate |
            channel->null_count) <= 1 &&
           (channel->latch_bytes || !channel->latched) && (channel->status_latched || !channel->status) &&
           (channel->write_second || !channel->write_low);
}

bool pit_is_sane(const struct pit *pit)
{
    return channel_is_sane(&pit->channel[0], true) && channel_is_sane(&pit->channel[1], false) &&
           channel_is_sane(&pit->channel[2], false) && pit->channel[0].gate && pit->channel[1].gate;
}

/* The tick at which modes 2 and 3 take a new count by themselves. */
static uint64_t end_of_cycle(const struct pit_channel *channel, uint64_t tick)
{
    uint64_t phase = elapsed(channel, tick) % channel->count;

    if (mode_of(channel) == 3 && phase < high_ticks(channel->count))
        return tick + high_ticks(channel->count) - phase;
    return tick + channel->count - phase;
}

static void load(struct pit_channel *channel, uint16_t written, uint64_t tick)
{
    channel->next_count = as_counted(channel, written);
    channel->null_count = 1;
    if (is_triggered(channel))
        return; /* loaded by the next trigger, or by the one of this tick */
    if (is_periodic(channel) && channel->running == PIT_HELD)
        return;
    if (is_periodic(channel) && channel->running == PIT_COUNTS)
        channel->next_start = end_of_cycle(channel, tick);
    else
        channel->next_start = tick + 1;
}

static void hold(struct pit_channel *channel, uint64_t tick)
{
    if (channel->running != PIT_COUNTS && channel->running != PIT_DONE)
        return;
    channel->start = elapsed(channel, tick);
    channel->running = PIT_HELD;
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
        channel->write_second ^= 1;
        if (channel->write_second) {
            channel->write_low = value;
            if (mode_of(channel) == 0)
                hold(channel, tick);
            break;
        }
        load(channel, (uint16_t)(value << 8 | channel->write_low), tick);
        channel->write_low = 0;
    }
}

/* The channel as an access of the CPU sees it. On hardware an access takes longer than a pulse, so that a
 * load that is due at the next pulse is done when somebody looks; programs count on it. */
static struct pit_channel seen(const struct pit_channel *channel, uint64_t *tick)
{
    struct pit_channel now = *channel;

    settle(&now, *tick);
    if (now.next_start == *tick + 1 && !(is_periodic(&now) && now.running == PIT_COUNTS))
        settle(&now, ++*tick);
    return now;
}

static uint16_t seen_count(const struct pit_channel *channel, uint64_t tick)
{
    struct pit_channel now = seen(channel, &tick);

    return as_read(&now, element(&now, tick));
}

static void latch_count(struct pit_channel *channel, uint64_t tick)
{
    if (channel->latch_bytes)
        return; /* the first latch is kept until it was read */
    channel->latched = seen_count(channel, tick);
    channel->latch_bytes = access_of(channel) == ACCESS_BOTH ? 2 : 1;
}

static void latch_status(struct pit_channel *channel, uint64_t tick)
{
    struct pit_channel now = seen(channel, &tick);

    if (channel->status_latched)
        return;
    channel->status =
        (uint8_t)(now.control | (output(&now, tick) ? STATUS_OUT : 0) | (now.null_count ? STATUS_NULL : 0));
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
    *channel = (struct pit_channel){.control = value & 0x3f, .gate = channel->gate, .null_count = 1};
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
    value = seen_count(channel, tick);
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

bool pit_seen_output(const struct pit *pit, unsigned channel, uint64_t tick)
{
    struct pit_channel now = seen(&pit->channel[channel], &tick);

    return output(&now, tick);
}

void pit_set_gate(struct pit *pit, unsigned number, bool gate, uint64_t tick)
{
    struct pit_channel *channel = &pit->channel[number];
    bool rises = gate && !channel->gate, falls = !gate && channel->gate;

    settle(channel, tick);
    channel->gate = gate;
    if (rises && (is_triggered(channel) || (is_periodic(channel) && channel->running == PIT_HELD))) {
        /* A trigger: loads the count, a new one or the same again. */
        if (!channel->next_count)
            channel->next_count = channel->count;
        channel->next_start = channel->next_count ? tick + 1 : 0;
    } else if (rises && channel->running == PIT_HELD && may_count(channel)) {
        channel->start = tick - channel->start;
        channel->running = PIT_COUNTS;
    } else if (falls && !is_triggered(channel)) {
        if (is_periodic(channel) && channel->running == PIT_COUNTS)
            channel->next_start = 0; /* no cycle ends now; a trigger takes the new count */
        hold(channel, tick);
    }
}

/* The first rise after `tick` of a channel that loads no other count. */
static uint64_t steady_rise(const struct pit_channel *channel, uint64_t tick)
{
    if (channel->running != PIT_COUNTS)
        return PIT_NEVER;
    if (is_periodic(channel))
        return channel->count == 1 ? PIT_NEVER
                                   : tick + channel->count - elapsed(channel, tick) % channel->count;
    uint64_t first = channel->count + (mode_of(channel) >= 4 ? 1u : 0u), ticks = elapsed(channel, tick);

    return ticks < first ? tick + (first - ticks) : PIT_NEVER;
}

uint64_t pit_next_rise(const struct pit *pit, unsigned number, uint64_t tick)
{
    struct pit_channel now = pit->channel[number];

    settle(&now, tick);
    uint64_t rise = steady_rise(&now, tick), loaded = now.next_start;

    if (loaded == 0 || rise < loaded)
        return rise;
    bool before = output(&now, loaded - 1);

    settle(&now, loaded);
    return !before && output(&now, loaded) ? loaded : steady_rise(&now, loaded);
}

uint64_t pit_next_untaken(const struct pit *pit)
{
    const struct pit_channel *channel = &pit->channel[0];

    if (channel->running == PIT_COUNTS)
        return pit_next_rise(pit, 0, channel->start);
    return channel->next_start ? pit_next_rise(pit, 0, channel->next_start - 1) : PIT_NEVER;
}

/* The rises since the last ones taken, of a channel that loads no other count; they are taken. */
static uint64_t take_steady(struct pit_channel *channel, uint64_t tick)
{
    uint64_t ticks = elapsed(channel, tick), periods;

    if (channel->running != PIT_COUNTS)
        return 0;
    if (is_periodic(channel)) {
        periods = ticks / channel->count;
        channel->start += periods * channel->count;
        return channel->count == 1 ? 0 : periods;
    }
    if (ticks < channel->count + (mode_of(channel) >= 4 ? 1u : 0u))
        return 0;
    channel->running = PIT_DONE;
    channel->start %= wrap_of(channel); /* what is left to see is the counting element */
    return 1;
}

uint64_t pit_take_rises(struct pit *pit, uint64_t tick)
{
    struct pit_channel *channel = &pit->channel[0];
    uint64_t rises = 0, loaded = channel->next_start;

    if (loaded != 0 && loaded <= tick) {
        rises = take_steady(channel, loaded - 1);
        bool before = output(channel, loaded - 1);

        settle(channel, loaded);
        rises += !before && output(channel, loaded);
    }
    return rises + take_steady(channel, tick);
}

void pit_fold(struct pit *pit)
{
    struct pit_channel *channel = &pit->channel[0];

    if (is_periodic(channel) && channel->running == PIT_COUNTS && channel->next_start == 0)
        channel->start %= channel->count;
}
