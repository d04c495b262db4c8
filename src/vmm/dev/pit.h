/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The interval timer of a PC: Intel 8254 (datasheet 231164), three counters at 40h to 42h, control word at
 * 43h. Time comes in as ticks of its clock since the population's epoch; nothing runs between calls. A tick
 * is a CLK pulse: what is written at tick t is seen by the pulse t + 1. */
#ifndef MVM_VMM_DEV_PIT_H
#define MVM_VMM_DEV_PIT_H

#include <stdbool.h>
#include <stdint.h>

#define PIT_HZ    1193182u /* 14.31818 MHz / 12 */
#define PIT_NEVER UINT64_MAX

/* One counter: plain data; all that reads and OUT need can be computed from it and the time. */
struct pit_channel {
    uint64_t start; /* counting: the tick that shows the whole `count`, of this or, modulo the period, of any
                       period; held: ticks counted before the gate fell */
    uint64_t next_start; /* the tick that loads next_count; 0: the tick after a trigger */
    uint32_t count; /* in the counting element: 1 to 65536 (10000 in BCD); 0: none since the control word */
    uint32_t next_count; /* to be loaded; 0: none */
    uint16_t latched;    /* latched count, as it will be read */
    uint8_t control;     /* bits 5-0 of the last control word: access, mode, BCD */
    uint8_t latch_bytes; /* bytes of the latched count still to be read */
    uint8_t status;      /* latched status */
    uint8_t status_latched;
    uint8_t write_low;                 /* first byte of a two-byte write */
    uint8_t write_second, read_second; /* the second byte is due */
    uint8_t gate;
    uint8_t running; /* enum pit_running */
    uint8_t null_count;
    uint8_t reserved[4];
};

enum pit_running {
    PIT_STOPPED = 0, /* no count was loaded since the control word */
    PIT_COUNTS,
    PIT_HELD, /* by the gate, or by the first byte of a count in mode 0 */
    PIT_DONE, /* counts on, but OUT is high for good; pit_take_rises() knows */
};

struct pit {
    struct pit_channel channel[3];
};

/* As the firmware leaves it: channel 0 in mode 3 with count 65536 since `tick`, channel 1 in mode 2 with
 * count 18, channel 2 in mode 3, gate low. */
void pit_reset(struct pit *pit, uint64_t tick);

/* True when every field is within its range: what a state from outside must fulfil. */
bool pit_is_sane(const struct pit *pit);

/* Who wants channel 0's rises calls pit_take_rises() with the same tick first. */
uint8_t pit_read(struct pit *pit, uint16_t port, uint64_t tick);
void pit_write(struct pit *pit, uint16_t port, uint8_t value, uint64_t tick);

/* OUT of a counter at `tick`. */
bool pit_output(const struct pit *pit, unsigned channel, uint64_t tick);

/* The same as an access of the CPU in this tick sees it, pit_read() too: a load that is due at the next pulse
 * is done. */
bool pit_seen_output(const struct pit *pit, unsigned channel, uint64_t tick);

/* Not for channel 0, whose gate is tied high. */
void pit_set_gate(struct pit *pit, unsigned channel, bool gate, uint64_t tick);

/* The first tick later than `tick` at which OUT rises, when nothing is written until then; PIT_NEVER: it will
 * not. */
uint64_t pit_next_rise(const struct pit *pit, unsigned channel, uint64_t tick);

/* The first rise of channel 0's OUT that pit_take_rises() has not given yet, when nothing is written; it may
 * have passed. Not of a folded one. */
uint64_t pit_next_untaken(const struct pit *pit);

/* How many times channel 0's OUT rose, by counting, up to `tick` and since this was asked last (or since the
 * count was loaded). O(1). */
uint64_t pit_take_rises(struct pit *pit, uint64_t tick);

/* Nobody will ask for channel 0's rises before the next pit_take_rises(), the result of which will mean
 * nothing: makes the state as small as it can be, without the time. */
void pit_fold(struct pit *pit);

/* True while channel 0's OUT cannot rise by itself: pit_take_rises() has nothing to do. */
static inline bool pit_is_quiet(const struct pit *pit)
{
    return pit->channel[0].running != PIT_COUNTS && pit->channel[0].next_start == 0;
}

#endif
