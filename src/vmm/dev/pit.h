/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The interval timer of a PC: Intel 8254 (datasheet 231164), three counters at 40h to 42h, control word at
 * 43h. Time comes in as ticks of its clock since the population's epoch; nothing runs between calls. */
#ifndef MVM_VMM_DEV_PIT_H
#define MVM_VMM_DEV_PIT_H

#include <stdbool.h>
#include <stdint.h>

#define PIT_HZ    1193182u /* 14.31818 MHz / 12 */
#define PIT_NEVER UINT64_MAX

/* One counter: plain data; all that reads and OUT need can be computed from it and the time. Fields may be
 * added; no pointers, unused bytes are zero. */
struct pit_channel {
    uint64_t
        start; /* tick at which the present counting began; while the gate holds it: ticks counted so far */
    uint64_t next_start; /* tick at which next_count takes effect (modes 2 and 3) */
    uint32_t count; /* in effect: 1 to 65536 (10000 in BCD); 0: none was written since the control word */
    uint32_t
        next_count; /* written, takes effect later: at next_start, or by a trigger (modes 1 and 5); 0: none */
    uint16_t latched;    /* latched count, as it will be read */
    uint8_t control;     /* bits 5-0 of the last control word: access, mode, BCD */
    uint8_t latch_bytes; /* bytes of the latched count still to be read */
    uint8_t status;      /* latched status */
    uint8_t status_latched;
    uint8_t write_low;                 /* first byte of a two-byte write */
    uint8_t write_second, read_second; /* the second byte is due */
    uint8_t gate;
    uint8_t running; /* enum pit_running */
    uint8_t reserved[5];
};

enum pit_running { PIT_STOPPED = 0, PIT_COUNTS, PIT_HELD /* by the gate */ };

struct pit {
    struct pit_channel channel[3];
};

/* As the firmware leaves it: channel 0 in mode 3 with count 65536 since `tick`, channel 1 in mode 2 with
 * count 18, channel 2 in mode 3, gate low. */
void pit_reset(struct pit *pit, uint64_t tick);

uint8_t pit_read(struct pit *pit, uint16_t port, uint64_t tick);
void pit_write(struct pit *pit, uint16_t port, uint8_t value, uint64_t tick);

/* OUT of a counter at `tick`. */
bool pit_output(const struct pit *pit, unsigned channel, uint64_t tick);

void pit_set_gate(struct pit *pit, unsigned channel, bool gate, uint64_t tick);

/* The first tick later than `tick` at which OUT rises, when nothing is written until then; PIT_NEVER: it will
 * not. */
uint64_t pit_next_rise(const struct pit *pit, unsigned channel, uint64_t tick);

/* How many times OUT rises in (from, to], nothing being written in between. O(1). */
uint64_t pit_rises(const struct pit *pit, unsigned channel, uint64_t from, uint64_t to);

#endif
