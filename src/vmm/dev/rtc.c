/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/dev/rtc.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

#define SECOND_NS   UINT64_C(1000000000)
#define UPDATE_NS   UINT64_C(244000) /* UIP is set this long before an update */
#define CRYSTAL_HZ  UINT64_C(32768)
#define OFFSET_MOST (INT64_C(1) << 40) /* years of four digits, and what any registers make of them */

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
    A_RATE = 0x0f,
    A_DIVIDER_RESET = 0x60,
    B_SET = 0x80,
    B_PIE = 0x40,
    B_AIE = 0x20,
    B_UIE = 0x10,
    B_BINARY = 0x04,
    B_24H = 0x02,
    C_IRQF = 0x80,
    D_VALID = 0x80,
    B_ENABLED = B_PIE | B_AIE | B_UIE,
    ANY = 0xc0, /* alarm bytes from here on match everything */
};

void rtc_reset(struct rtc *rtc, unsigned extended_kib)
{
    *rtc = (struct rtc){.register_a = 0x26, .register_b = B_24H};
    rtc->ram[0x10] = 0x00; /* no floppy drives known here: int 13h has the image */
    rtc->ram[0x14] = 0x06; /* coprocessor bit clear, 80x25 */
    rtc->ram[0x15] = 640 & 0xff;
    rtc->ram[0x16] = 640 >> 8;
    rtc->ram[0x17] = rtc->ram[0x30] = (uint8_t)extended_kib;
    rtc->ram[0x18] = rtc->ram[0x31] = (uint8_t)(extended_kib >> 8);
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

/* The place of a register of the time in rtc->held. */
static unsigned place_of(unsigned reg)
{
    static const uint8_t places[] = {0, 0, 1, 0, 2, 0, 3, 4, 5, 6};

    return reg == CENTURY ? 7 : places[reg];
}

static bool is_time(unsigned reg)
{
    return reg == CENTURY ||
           (reg <= YEAR && reg != SECONDS_ALARM && reg != MINUTES_ALARM && reg != HOURS_ALARM);
}

/* The clock stands still while it is set, and while its dividers are held in reset. */
static bool stands_still(const struct rtc *rtc)
{
    return rtc->register_b & B_SET || (rtc->register_a & A_DIVIDER_RESET) == A_DIVIDER_RESET;
}

static uint8_t read_time(const struct rtc *rtc, unsigned reg, int64_t wall_seconds)
{
    if (stands_still(rtc))
        return rtc->held[place_of(reg)];
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

/* The offset to the host's time that makes the clock show these registers now. */
static void set_clock(struct rtc *rtc, const uint8_t *held, int64_t wall_seconds)
{
    /* The day of the week follows from the date. */
    struct tm tm = {
        .tm_sec = decode(rtc, held[place_of(SECONDS)]),
        .tm_min = decode(rtc, held[place_of(MINUTES)]),
        .tm_hour = decode_hours(rtc, held[place_of(HOURS)]),
        .tm_mday = decode(rtc, held[place_of(DAY)]),
        .tm_mon = decode(rtc, held[place_of(MONTH)]) - 1,
        .tm_year = decode(rtc, held[place_of(CENTURY)]) * 100 + decode(rtc, held[place_of(YEAR)]) - 1900,
    };

    rtc->offset_seconds = (int64_t)((uint64_t)(int64_t)timegm(&tm) - (uint64_t)wall_seconds);
}

static void read_all(const struct rtc *rtc, uint8_t *held, int64_t wall_seconds)
{
    static const uint8_t registers[] = {SECONDS, MINUTES, HOURS, WEEKDAY, DAY, MONTH, YEAR, CENTURY};

    for (unsigned i = 0; i < sizeof(registers); i++)
        held[i] = read_time(rtc, registers[i], wall_seconds);
}

static void write_time(struct rtc *rtc, unsigned reg, uint8_t value, int64_t wall_seconds)
{
    uint8_t held[sizeof(rtc->held)];

    if (stands_still(rtc)) {
        rtc->held[place_of(reg)] = value;
        return;
    }
    read_all(rtc, held, wall_seconds);
    held[place_of(reg)] = value;
    set_clock(rtc, held, wall_seconds);
}

/* Registers A and B, with what follows when the clock stops or goes on by it. */
static void write_modes(struct rtc *rtc, uint8_t register_a, uint8_t register_b, int64_t wall_seconds)
{
    uint8_t held[sizeof(rtc->held)];
    bool still = stands_still(rtc);

    read_all(rtc, held, wall_seconds);
    rtc->register_a = register_a;
    rtc->register_b = register_b;
    if (!still && stands_still(rtc)) {
        memcpy(rtc->held, held, sizeof(held));
    } else if (still && !stands_still(rtc)) {
        set_clock(rtc, held, wall_seconds);
        memset(rtc->held, 0, sizeof(rtc->held));
    }
}

/* Periods are counted in the crystal's ticks of 32.768 kHz; a period is a power of two of them (datasheet,
 * table 5). False: there are none. */
static bool has_periods(const struct rtc *rtc, unsigned *ret_shift)
{
    unsigned rate = rtc->register_a & A_RATE;

    if (rate == 0 || (rtc->register_a & A_DIVIDER_RESET) == A_DIVIDER_RESET)
        return false;
    *ret_shift = rate <= 2 ? rate + 6 : rate - 1;
    return true;
}

static uint64_t crystal_ticks(uint64_t ns)
{
    return ns / SECOND_NS * CRYSTAL_HZ + ns % SECOND_NS * CRYSTAL_HZ / SECOND_NS;
}

static uint64_t ns_of_crystal(uint64_t ticks)
{
    return ticks / CRYSTAL_HZ * SECOND_NS + (ticks % CRYSTAL_HZ * SECOND_NS + CRYSTAL_HZ - 1) / CRYSTAL_HZ;
}

/* The first of the values from..most whose register would match an alarm register; -1: none. */
static int next_match(const struct rtc *rtc, unsigned place, int from, int most)
{
    uint8_t alarm = rtc->alarm[place];
    int value = place == 2 ? decode_hours(rtc, alarm) : decode(rtc, alarm);

    if (alarm >= ANY)
        return from <= most ? from : -1;
    if ((place == 2 ? encode_hours(rtc, value) : encode(rtc, value)) != alarm)
        return -1; /* not the digits of any time */
    return value >= from && value <= most ? value : -1;
}

/* The first second after `wall_seconds` at which the alarm goes off; INT64_MAX: it never does. */
static int64_t next_alarm(const struct rtc *rtc, int64_t wall_seconds)
{
    struct tm now = time_of_day(rtc, wall_seconds);
    int64_t begin = wall_seconds - (now.tm_hour * 3600 + now.tm_min * 60 + now.tm_sec);
    int second = now.tm_sec + 1, minute = now.tm_min, hour = now.tm_hour;
    int first_second = next_match(rtc, 0, 0, 59), first_minute = next_match(rtc, 1, 0, 59);

    if (first_second < 0 || first_minute < 0 || next_match(rtc, 2, 0, 23) < 0)
        return INT64_MAX;
    if (next_match(rtc, 2, hour, hour) == hour) {
        if (next_match(rtc, 1, minute, minute) == minute && (second = next_match(rtc, 0, second, 59)) >= 0)
            return begin + hour * 3600 + minute * 60 + second;
        if ((minute = next_match(rtc, 1, minute + 1, 59)) >= 0)
            return begin + hour * 3600 + minute * 60 + first_second;
    }
    hour = next_match(rtc, 2, hour + 1, 23);
    if (hour < 0)
        hour = 24 + next_match(rtc, 2, 0, 23);
    return begin + hour * 3600 + first_minute * 60 + first_second;
}

static void update_irqf(struct rtc *rtc)
{
    rtc->register_c &= B_ENABLED;
    if (rtc->register_c & rtc->register_b)
        rtc->register_c |= C_IRQF;
}

void rtc_advance(struct rtc *rtc, uint64_t now_ns, int64_t wall_seconds)
{
    uint64_t from = rtc->seen_ns, passed = now_ns / SECOND_NS - from / SECOND_NS;
    unsigned shift;

    if (now_ns <= from)
        return;
    if (has_periods(rtc, &shift) && crystal_ticks(now_ns) >> shift > crystal_ticks(from) >> shift)
        rtc->register_c |= B_PIE;
    if (!stands_still(rtc) && passed > 0) {
        rtc->register_c |= B_UIE;
        if (next_alarm(rtc, wall_seconds - (int64_t)passed) <= wall_seconds)
            rtc->register_c |= B_AIE;
    }
    rtc->seen_ns = now_ns;
    update_irqf(rtc);
}

bool rtc_is_enabled(const struct rtc *rtc)
{
    return rtc->register_b & B_ENABLED;
}

bool rtc_interrupt(const struct rtc *rtc)
{
    return rtc->register_c & C_IRQF;
}

uint64_t rtc_next_event(const struct rtc *rtc, uint64_t now_ns, int64_t wall_seconds)
{
    uint64_t from = rtc->seen_ns, second = from / SECOND_NS, next = RTC_NEVER;
    unsigned shift;

    if (rtc_interrupt(rtc))
        return RTC_NEVER; /* the line is up until register C is read */
    if (rtc->register_b & B_PIE && has_periods(rtc, &shift))
        next = ns_of_crystal(((crystal_ticks(from) >> shift) + 1) << shift);
    if (stands_still(rtc) || !(rtc->register_b & (B_UIE | B_AIE)))
        return next;
    uint64_t event = second + 1;

    if (!(rtc->register_b & B_UIE)) {
        int64_t wall = wall_seconds - (int64_t)(now_ns / SECOND_NS - second), alarm = next_alarm(rtc, wall);

        if (alarm == INT64_MAX)
            return next;
        event = second + (uint64_t)(alarm - wall);
    }
    return event * SECOND_NS < next ? event * SECOND_NS : next;
}

bool rtc_is_sane(const struct rtc *rtc)
{
    static const uint8_t zeros[14];
    bool still = stands_still(rtc);

    return rtc->offset_seconds < OFFSET_MOST && rtc->offset_seconds > -OFFSET_MOST &&
           !(rtc->register_a & A_UIP) && !(rtc->register_c & ~(C_IRQF | B_ENABLED)) &&
           !(rtc->register_b & B_SET && rtc->register_b & B_UIE) &&
           rtc_interrupt(rtc) == ((rtc->register_c & rtc->register_b & B_ENABLED) != 0) &&
           (still || memcmp(rtc->held, zeros, sizeof(rtc->held)) == 0) &&
           memcmp(rtc->ram, zeros, sizeof(zeros)) == 0 && rtc->ram[CENTURY] == 0;
}

uint8_t rtc_read(struct rtc *rtc, uint16_t port, uint64_t now_ns, int64_t wall_seconds)
{
    unsigned reg = rtc->index & 0x7f;
    uint8_t value;

    if (port == 0x70)
        return 0xff; /* write only */
    if (is_time(reg))
        return read_time(rtc, reg, wall_seconds);
    switch (reg) {
    case SECONDS_ALARM:
    case MINUTES_ALARM:
    case HOURS_ALARM:
        return rtc->alarm[reg / 2];
    case REGISTER_A:
        return (uint8_t)(rtc->register_a |
                         (!stands_still(rtc) && SECOND_NS - now_ns % SECOND_NS <= UPDATE_NS ? A_UIP : 0));
    case REGISTER_B:
        return rtc->register_b;
    case REGISTER_C:
        rtc_advance(rtc, now_ns, wall_seconds);
        value = rtc->register_c;
        rtc->register_c = 0;
        return value;
    case REGISTER_D:
        return D_VALID;
    default:
        return rtc->ram[reg];
    }
}

void rtc_write(struct rtc *rtc, uint16_t port, uint8_t value, uint64_t now_ns, int64_t wall_seconds)
{
    unsigned reg = rtc->index & 0x7f;

    if (port == 0x70) {
        rtc->index = value;
        return;
    }
    if (reg > REGISTER_B && reg != CENTURY) {
        if (reg > REGISTER_D)
            rtc->ram[reg] = value;
        return;
    }
    rtc_advance(rtc, now_ns, wall_seconds); /* by the registers as they were */
    switch (reg) {
    case SECONDS_ALARM:
    case MINUTES_ALARM:
    case HOURS_ALARM:
        rtc->alarm[reg / 2] = value;
        break;
    case REGISTER_A:
        write_modes(rtc, value & 0x7f, rtc->register_b, wall_seconds);
        break;
    case REGISTER_B:
        if (value & B_SET)
            value &= (uint8_t)~B_UIE;
        write_modes(rtc, rtc->register_a, value, wall_seconds);
        update_irqf(rtc); /* a flag that is set already interrupts as soon as it may */
        break;
    default:
        write_time(rtc, reg, value, wall_seconds);
    }
}
