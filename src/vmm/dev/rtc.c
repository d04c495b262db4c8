/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/dev/rtc.h"

#include <stdbool.h>
#include <time.h>

#define SECOND_NS UINT64_C(1000000000)
#define UPDATE_NS UINT64_C(244000) /* UIP is set this long before an update */

/* MC146818A datasheet, "Address map" and "Registers"; the PC's use of the memory: IBM PC/AT Technical
 * Reference. */
enum {
    SECONDS,
    SECONDS_ALARM,
    MINUTES,
    MINUTES_ALARM,
    HOURS,
    HOURS_ALARM,
    WEEKDAY,
    DAY,
    MONTH,
    YEAR,
    REGISTER_A,
    REGISTER_B,
    REGISTER_C,
    REGISTER_D,
    CENTURY = 0x32,
    A_UIP = 0x80,
    B_SET = 0x80,
    B_PIE = 0x40,
    B_AIE = 0x20,
    B_UIE = 0x10,
    B_BINARY = 0x04,
    B_24H = 0x02,
    C_IRQ = 0x80,
    D_VALID = 0x80,
    ANY = 0xc0, /* alarm bytes from here on match everything */
};

void rtc_reset(struct rtc *rtc, unsigned extended_kib)
{
    unsigned above_16m = 0;

    *rtc = (struct rtc){.register_a = 0x26, .register_b = B_24H};
    rtc->ram[0x10] = 0x00; /* no floppy drives known here: int 13h has the image */
    rtc->ram[0x14] = 0x06; /* coprocessor bit clear, 80x25 */
    rtc->ram[0x15] = 640 & 0xff;
    rtc->ram[0x16] = 640 >> 8;
    rtc->ram[0x17] = rtc->ram[0x30] = (uint8_t)extended_kib;
    rtc->ram[0x18] = rtc->ram[0x31] = (uint8_t)(extended_kib >> 8);
    rtc->ram[0x34] = (uint8_t)above_16m;
}

static uint8_t encode(const struct rtc *rtc, int value)
{
    return (uint8_t)(rtc->register_b & B_BINARY ? value : value / 10 * 16 + value % 10);
}

static int decode(const struct rtc *rtc, uint8_t value)
{
    return rtc->register_b & B_BINARY ? value : (value >> 4) * 10 + (value & 15);
}

static uint8_t encode_hours(const struct rtc *rtc, int hours)
{
    if (rtc->register_b & B_24H)
        return encode(rtc, hours);
    return (uint8_t)(encode(rtc, hours % 12 ? hours % 12 : 12) | (hours >= 12 ? 0x80 : 0));
}

static int decode_hours(const struct rtc *rtc, uint8_t value)
{
    if (rtc->register_b & B_24H)
        return decode(rtc, value);
    return decode(rtc, value & 0x7f) % 12 + (value & 0x80 ? 12 : 0);
}

static struct tm time_of_day(const struct rtc *rtc, int64_t wall_seconds)
{
    time_t seconds = (time_t)((uint64_t)wall_seconds + (uint64_t)rtc->offset_seconds);
    struct tm tm = {0};

    gmtime_r(&seconds, &tm);
    return tm;
}

static uint8_t read_time(const struct rtc *rtc, unsigned reg, int64_t wall_seconds)
{
    struct tm tm = time_of_day(rtc, wall_seconds);

    switch (reg) {
    case SECONDS:
        return encode(rtc, tm.tm_sec % 60);
    case MINUTES:
        return encode(rtc, tm.tm_min);
    case HOURS:
        return encode_hours(rtc, tm.tm_hour);
    case WEEKDAY:
        return encode(rtc, tm.tm_wday + 1);
    case DAY:
        return encode(rtc, tm.tm_mday);
    case MONTH:
        return encode(rtc, tm.tm_mon + 1);
    case YEAR:
        return encode(rtc, (tm.tm_year % 100 + 100) % 100);
    default:
        return encode(rtc, (tm.tm_year + 1900) / 100 % 100);
    }
}

static void write_time(struct rtc *rtc, unsigned reg, uint8_t value, int64_t wall_seconds)
{
    struct tm tm = time_of_day(rtc, wall_seconds);
    int64_t before = (int64_t)timegm(&tm);
    int number = decode(rtc, value);

    switch (reg) {
    case SECONDS:
        tm.tm_sec = number;
        break;
    case MINUTES:
        tm.tm_min = number;
        break;
    case HOURS:
        tm.tm_hour = decode_hours(rtc, value);
        break;
    case DAY:
        tm.tm_mday = number;
        break;
    case MONTH:
        tm.tm_mon = number - 1;
        break;
    case YEAR:
        tm.tm_year = (tm.tm_year + 1900) / 100 * 100 - 1900 + number;
        break;
    case CENTURY:
        tm.tm_year = number * 100 - 1900 + (tm.tm_year + 1900) % 100;
        break;
    default:
        return; /* the day of the week follows from the date */
    }
    rtc->offset_seconds =
        (int64_t)((uint64_t)rtc->offset_seconds + (uint64_t)(int64_t)timegm(&tm) - (uint64_t)before);
}

/* The periodic rate: 0: none (datasheet, table 5, 32.768 kHz). */
static uint64_t period_ns(const struct rtc *rtc)
{
    unsigned rate = rtc->register_a & 15;

    if (rate == 0)
        return 0;
    if (rate <= 2)
        rate += 7;
    return SECOND_NS * (UINT64_C(1) << (rate - 1)) / 32768;
}

static bool alarm_matches(const struct rtc *rtc, int64_t wall_seconds)
{
    struct tm tm = time_of_day(rtc, wall_seconds);

    return (rtc->alarm[0] >= ANY || rtc->alarm[0] == encode(rtc, tm.tm_sec % 60)) &&
           (rtc->alarm[1] >= ANY || rtc->alarm[1] == encode(rtc, tm.tm_min)) &&
           (rtc->alarm[2] >= ANY || rtc->alarm[2] == encode_hours(rtc, tm.tm_hour));
}

/* An alarm within the seconds (from, to] of the population's clock. Looks at no more than a day. */
static bool alarm_between(const struct rtc *rtc, uint64_t from, uint64_t to, int64_t wall_offset)
{
    if (to - from > 86400)
        from = to - 86400;
    /* Looking at each second is dear only after a long sleep with an alarm that is not enabled. */
    for (uint64_t second = from + 1; second <= to; second++)
        if (alarm_matches(rtc, wall_offset + (int64_t)second))
            return true;
    return false;
}

void rtc_advance(struct rtc *rtc, uint64_t now_ns, int64_t wall_seconds)
{
    uint64_t period = period_ns(rtc), from = rtc->seen_ns;
    uint64_t second = now_ns / SECOND_NS;

    if (now_ns <= from)
        return;
    if (!(rtc->register_b & (B_PIE | B_AIE | B_UIE)) && from == 0)
        return; /* nobody asks */
    if (period && now_ns / period > from / period)
        rtc->register_c |= B_PIE;
    if (!(rtc->register_b & B_SET) && second > from / SECOND_NS) {
        rtc->register_c |= B_UIE;
        if (rtc->register_b & B_AIE &&
            alarm_between(rtc, from / SECOND_NS, second, wall_seconds - (int64_t)second))
            rtc->register_c |= B_AIE;
    }
    rtc->seen_ns = now_ns;
    if (rtc->register_c & rtc->register_b & (B_PIE | B_AIE | B_UIE))
        rtc->register_c |= C_IRQ;
}

bool rtc_interrupt(const struct rtc *rtc)
{
    return rtc->register_c & C_IRQ;
}

uint64_t rtc_next_event(const struct rtc *rtc, uint64_t now_ns, int64_t wall_seconds)
{
    uint64_t period = period_ns(rtc), next = RTC_NEVER;

    (void)wall_seconds;
    if (rtc->register_c & C_IRQ)
        return RTC_NEVER; /* the line is up until register C is read */
    if (rtc->register_b & B_PIE && period)
        next = (now_ns / period + 1) * period;
    if (rtc->register_b & (B_UIE | B_AIE) && !(rtc->register_b & B_SET) &&
        (now_ns / SECOND_NS + 1) * SECOND_NS < next)
        next = (now_ns / SECOND_NS + 1) * SECOND_NS;
    return next;
}

uint8_t rtc_read(struct rtc *rtc, uint16_t port, uint64_t now_ns, int64_t wall_seconds)
{
    unsigned reg = rtc->index & 0x7f;
    uint8_t value;

    if (port == 0x70)
        return 0xff; /* write only */
    switch (reg) {
    case SECONDS_ALARM:
    case MINUTES_ALARM:
    case HOURS_ALARM:
        return rtc->alarm[reg / 2];
    case REGISTER_A:
        return (
            uint8_t)(rtc->register_a |
                     (!(rtc->register_b & B_SET) && SECOND_NS - now_ns % SECOND_NS <= UPDATE_NS ? A_UIP : 0));
    case REGISTER_B:
        return rtc->register_b;
    case REGISTER_C:
        if (rtc->seen_ns == 0)
            rtc->seen_ns = 1; /* from the first look on the flags are kept */
        rtc_advance(rtc, now_ns, wall_seconds);
        value = rtc->register_c;
        rtc->register_c = 0;
        return value;
    case REGISTER_D:
        return D_VALID;
    default:
        return reg <= YEAR || reg == CENTURY ? read_time(rtc, reg, wall_seconds) : rtc->ram[reg];
    }
}

void rtc_write(struct rtc *rtc, uint16_t port, uint8_t value, uint64_t now_ns, int64_t wall_seconds)
{
    unsigned reg = rtc->index & 0x7f;
    bool asked;

    if (port == 0x70) {
        rtc->index = value;
        return;
    }
    switch (reg) {
    case SECONDS_ALARM:
    case MINUTES_ALARM:
    case HOURS_ALARM:
        rtc->alarm[reg / 2] = value;
        break;
    case REGISTER_A:
        rtc->register_a = value & 0x7f;
        break;
    case REGISTER_B:
        rtc_advance(rtc, now_ns, wall_seconds);
        asked = value & (B_PIE | B_AIE | B_UIE);
        rtc->register_b = value;
        rtc->seen_ns = asked ? now_ns : 0;
        /* A flag that is set already interrupts as soon as it may. */
        if (rtc->register_c & value & (B_PIE | B_AIE | B_UIE))
            rtc->register_c |= C_IRQ;
        break;
    case REGISTER_C:
    case REGISTER_D:
        break;
    default:
        if (reg <= YEAR || reg == CENTURY)
            write_time(rtc, reg, value, wall_seconds);
        else
            rtc->ram[reg] = value;
    }
}
