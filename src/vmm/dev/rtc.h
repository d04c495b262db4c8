/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The CMOS clock of a PC: Motorola MC146818A (datasheet ADI-856), index at 70h and data at 71h. The time of
 * day is the host's plus an offset that the guest may set; periodic, alarm and update interrupts on IRQ8. */
#ifndef MVM_VMM_DEV_RTC_H
#define MVM_VMM_DEV_RTC_H

#include <stdbool.h>
#include <stdint.h>

#define RTC_NEVER UINT64_MAX

struct rtc {
    int64_t offset_seconds; /* what the guest's setting of the clock added */
    uint64_t seen_ns;       /* the flags of register C are those of events up to here */
    uint8_t index;          /* port 70h, bit 7 (NMI mask) too */
    uint8_t register_a, register_b, register_c;
    uint8_t alarm[3]; /* seconds, minutes, hours */
    uint8_t held[8];  /* the time as it is read while the clock stands still; else zero */
    uint8_t reserved;
    uint8_t ram[128]; /* 0Eh.. : memory; the others unused and zero */
};

/* `memory_kib` above 1 MiB goes to 17h/18h and 30h/31h (the latter up to 64 MiB - 1 KiB), base memory to
 * 15h/16h. */
void rtc_reset(struct rtc *rtc, unsigned extended_kib);
/* `wall_seconds`: the host's time of day, seconds since 1970; `now_ns`: the population's clock, whose seconds
 * need not be in step with it. */
uint8_t rtc_read(struct rtc *rtc, uint16_t port, uint64_t now_ns, int64_t wall_seconds);
void rtc_write(struct rtc *rtc, uint16_t port, uint8_t value, uint64_t now_ns, int64_t wall_seconds);
/* Lets time reach `now_ns`: sets the flags of register C. Needed only while interrupts are enabled: whoever
 * looks at the flags does it, too. */
void rtc_advance(struct rtc *rtc, uint64_t now_ns, int64_t wall_seconds);
/* True when time can bring interrupts. */
bool rtc_is_enabled(const struct rtc *rtc);
/* When rtc_advance() will next raise the interrupt request, counted from where it was called last: so it may
 * have passed; RTC_NEVER: not by time. */
uint64_t rtc_next_event(const struct rtc *rtc, uint64_t now_ns, int64_t wall_seconds);
/* The level of IRQ8. */
bool rtc_interrupt(const struct rtc *rtc);
/* True when every field is within its range: what a state from outside must fulfil. */
bool rtc_is_sane(const struct rtc *rtc);

#endif
