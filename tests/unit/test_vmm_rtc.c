/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The CMOS clock, alone: scripts after the datasheet (Motorola MC146818A), and alarms against a model that
 * looks at every second. */
#include "base/random.h"
#include "vmm/dev/rtc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)

enum {
    SEC,
    SEC_ALARM,
    MIN,
    MIN_ALARM,
    HOUR,
    HOUR_ALARM,
    WEEKDAY,
    DAY,
    MONTH,
    YEAR,
    A,
    B,
    C,
    D,
    CENTURY = 0x32
};

enum op {
    END,
    WRITE,
    READ,
    MASKED, /* register, and value under the mask 80h */
    WAIT,   /* microseconds */
    IRQ,
    DUE, /* microseconds from now, -1: never */
};

struct step {
    enum op op;
    long a, b;
};

struct script {
    const char *name;
    struct tm begin; /* the host's time at the population's second 5 */
    struct step steps[64];
};

/* clang-format off */
#define W(reg, value) {WRITE, reg, value}
#define R(reg, value) {READ, reg, value}
#define UIP(level)    {MASKED, A, (level) ? 0x80 : 0}
#define US(us)        {WAIT, us, 0}
#define SECONDS(s)    {WAIT, (s) * 1000000L, 0}
#define LINE(level)   {IRQ, level, 0}
#define DUE_US(us)    {DUE, us, 0}
#define TIME(h, m, s) R(HOUR, h), R(MIN, m), R(SEC, s)
#define DATE(c, y, m, d, w) R(CENTURY, c), R(YEAR, y), R(MONTH, m), R(DAY, d), R(WEEKDAY, w)
/* tm_sec, tm_min, tm_hour, tm_mday, tm_mon, tm_year */
#define AT(y, mo, d, h, mi, s) {s, mi, h, d, (mo) - 1, (y) - 1900, 0, 0, 0, 0, NULL}
#define NOON AT(2013, 12, 4, 12, 34, 56)

static const struct script scripts[] = {
    {"as the firmware leaves it", NOON, {R(A, 0x26), R(B, 0x02), R(D, 0x80), R(C, 0x50), R(C, 0x00), LINE(0),
      DUE_US(-1), R(SEC_ALARM, 0), R(MIN_ALARM, 0), R(HOUR_ALARM, 0)}},
    {"decimal, 24 hours", NOON, {TIME(0x12, 0x34, 0x56), DATE(0x20, 0x13, 0x12, 0x04, 0x04)}},
    {"binary, 24 hours", NOON, {W(B, 0x06), TIME(12, 34, 56), DATE(20, 13, 12, 4, 4)}},
    {"decimal, 12 hours: noon is 12 PM", NOON, {W(B, 0x00), TIME(0x92, 0x34, 0x56)}},
    {"decimal, 12 hours: midnight is 12 AM", AT(2013, 12, 4, 0, 5, 9), {W(B, 0x00), TIME(0x12, 0x05, 0x09)}},
    {"decimal, 12 hours: afternoon", AT(2013, 12, 4, 23, 0, 0), {W(B, 0x00), R(HOUR, 0x91)}},
    {"binary, 12 hours", AT(2013, 12, 4, 22, 0, 0), {W(B, 0x04), R(HOUR, 0x8a)}},
    {"time goes by", NOON, {SECONDS(3), TIME(0x12, 0x34, 0x59), SECONDS(1), TIME(0x12, 0x35, 0x00),
      SECONDS(3600), TIME(0x13, 0x35, 0x00)}},
    {"a leap day", AT(2024, 2, 28, 23, 59, 59), {SECONDS(1), DATE(0x20, 0x24, 0x02, 0x29, 0x05),
      SECONDS(86400), DATE(0x20, 0x24, 0x03, 0x01, 0x06)}},
    {"no leap day", AT(2023, 2, 28, 23, 59, 59), {SECONDS(1), DATE(0x20, 0x23, 0x03, 0x01, 0x04)}},
    {"2000 was a leap year, 2100 is none", AT(2000, 2, 28, 23, 59, 59), {SECONDS(1),
      DATE(0x20, 0x00, 0x02, 0x29, 0x03), W(B, 0x82), W(CENTURY, 0x21), W(DAY, 0x28), W(HOUR, 0x23),
      W(MIN, 0x59), W(SEC, 0x59), W(B, 0x02), SECONDS(1), DATE(0x21, 0x00, 0x03, 0x01, 0x02)}},
    {"the end of a century", AT(1999, 12, 31, 23, 59, 59), {DATE(0x19, 0x99, 0x12, 0x31, 0x06), SECONDS(1),
      DATE(0x20, 0x00, 0x01, 0x01, 0x07), TIME(0x00, 0x00, 0x00)}},
    {"an update is announced", NOON, {UIP(0), US(999000), UIP(0), US(800), UIP(1), R(SEC, 0x56), US(200),
      UIP(0), R(SEC, 0x57)}},
    {"no update while the clock is set", NOON, {W(B, 0x82), US(999900), UIP(0), US(200), R(SEC, 0x56)}},
    {"setting: the time stands still, and the registers are what is written", AT(2023, 2, 10, 1, 2, 3),
      {W(B, 0x82), W(DAY, 0x31), R(DAY, 0x31), W(MONTH, 0x12), W(YEAR, 0x99), W(CENTURY, 0x19),
      W(WEEKDAY, 0x01), R(WEEKDAY, 0x01), SECONDS(5), TIME(0x01, 0x02, 0x03), W(B, 0x02),
      DATE(0x19, 0x99, 0x12, 0x31, 0x06), TIME(0x01, 0x02, 0x03), SECONDS(2), TIME(0x01, 0x02, 0x05)}},
    {"setting in binary and 12 hours", NOON, {W(B, 0x84), W(HOUR, 0x8b), W(MIN, 59), W(SEC, 58), W(B, 0x04),
      SECONDS(3), R(HOUR, 0x0c), R(MIN, 0), R(SEC, 1)}},
    {"setting: no digits of any time are made into one", NOON, {W(B, 0x82), W(SEC, 0xff), W(MONTH, 0xff),
      W(DAY, 0), W(B, 0x02), R(B, 0x02), SECONDS(1)}},
    {"written while it runs, field by field", NOON, {W(HOUR, 0x05), W(MIN, 0x06), W(SEC, 0x07),
      TIME(0x05, 0x06, 0x07), SECONDS(1), TIME(0x05, 0x06, 0x08), W(YEAR, 0x24), W(MONTH, 0x02),
      W(DAY, 0x29), DATE(0x20, 0x24, 0x02, 0x29, 0x05)}},
    {"dividers in reset stop the clock", NOON, {W(A, 0x66), SECONDS(5), R(SEC, 0x56), R(C, 0x50), SECONDS(5),
      R(C, 0x00), W(A, 0x26), SECONDS(1), R(SEC, 0x57)}},
    {"register A: bit 7 is not written", NOON, {W(A, 0xa5), R(A, 0x25)}},
    {"registers C and D are not written", NOON, {R(C, 0x50), W(C, 0xff), R(C, 0x00), W(D, 0x00),
      R(D, 0x80)}},
    {"memory", NOON, {W(0x0e, 0x5a), R(0x0e, 0x5a), W(0x7f, 0xa5), R(0x7f, 0xa5), W(0x33, 1), R(0x33, 1),
      R(0x0e, 0x5a)}},
    {"base and extended memory", NOON, {R(0x15, 0x80), R(0x16, 0x02), R(0x17, 0x00), R(0x18, 0x0c),
      R(0x30, 0x00), R(0x31, 0x0c)}},
    {"bit 7 of the index is not the register's", NOON, {W(0x80 | 0x40, 7), R(0x40, 7)}},
    {"periodic flag without interrupt", NOON, {R(C, 0x50), US(900), R(C, 0x00), US(100), R(C, 0x40),
      LINE(0)}},
    {"periodic interrupts: 1024 a second", NOON, {R(C, 0x50), W(B, 0x42), DUE_US(976), US(900), LINE(0),
      US(77), LINE(1), DUE_US(-1), US(5000), LINE(1), R(C, 0xc0), LINE(0), R(C, 0x00), DUE_US(858)}},
    {"periodic interrupts: 2 a second", NOON, {R(C, 0x50), W(A, 0x2f), W(B, 0x42), DUE_US(500000),
      US(499000), LINE(0), US(1001), LINE(1), R(C, 0xc0), DUE_US(499999)}},
    {"periodic interrupts: 8192 a second", NOON, {R(C, 0x50), W(A, 0x23), W(B, 0x42), DUE_US(122), US(123),
      LINE(1)}},
    {"periodic interrupts: rates 1 and 2 are 256 and 128 a second", NOON, {R(C, 0x50), W(A, 0x21),
      W(B, 0x42), DUE_US(3906), W(A, 0x22), DUE_US(7812)}},
    {"periodic interrupts: none at rate 0, and none with the dividers in reset", NOON, {R(C, 0x50),
      W(A, 0x20), W(B, 0x42), DUE_US(-1), US(999999), R(C, 0x00), W(A, 0x66), DUE_US(-1), US(999999),
      R(C, 0x00)}},
    {"periodic interrupts go on while the clock is set", NOON, {R(C, 0x50), W(B, 0xc2), DUE_US(976),
      US(1000), R(C, 0xc0)}},
    {"a flag that is there interrupts when it may, and no more when it may not", NOON, {R(C, 0x50), US(1000),
      W(B, 0x42), LINE(1), W(B, 0x02), LINE(0), W(B, 0x42), LINE(1), R(C, 0xc0), LINE(0)}},
    {"update interrupts", NOON, {R(C, 0x50), W(A, 0x20), W(B, 0x12), DUE_US(1000000), US(999999), LINE(0),
      US(1), LINE(1), R(SEC, 0x57), R(C, 0x90), LINE(0), DUE_US(1000000)}},
    {"setting the clock forbids update interrupts", NOON, {W(B, 0x92), R(B, 0x82), W(B, 0x02), R(B, 0x02)}},
    {"alarm at a time of day", NOON, {R(C, 0x50), W(A, 0x20), W(HOUR_ALARM, 0x12), W(MIN_ALARM, 0x35),
      W(SEC_ALARM, 0x10), R(SEC_ALARM, 0x10), W(B, 0x22), DUE_US(14000000), SECONDS(13), LINE(0), SECONDS(1),
      LINE(1), R(C, 0xb0), LINE(0), SECONDS(60), LINE(0), R(C, 0x10)}},
    {"alarm each second", NOON, {R(C, 0x50), W(A, 0x20), W(HOUR_ALARM, 0xff), W(MIN_ALARM, 0xc0),
      W(SEC_ALARM, 0xfe), W(B, 0x22), DUE_US(1000000), SECONDS(1), R(C, 0xb0), DUE_US(1000000)}},
    {"alarm each hour", NOON, {R(C, 0x50), W(HOUR_ALARM, 0xff), W(B, 0x22),
      DUE_US((25 * 60 + 4) * 1000000L)}},
    {"alarm in 12 hours", NOON, {W(B, 0x00), R(C, 0x50), W(HOUR_ALARM, 0x81), W(B, 0x20),
      DUE_US((25 * 60 + 4) * 1000000L)}},
    {"alarm at no time", NOON, {W(SEC_ALARM, 0x60), W(B, 0x22), DUE_US(-1), W(SEC_ALARM, 0x0a), DUE_US(-1),
      W(SEC_ALARM, 0), W(HOUR_ALARM, 0x24), DUE_US(-1)}},
    {"alarm by the clock that was set", NOON, {R(C, 0x50), W(B, 0x82), W(HOUR, 0x23), W(MIN, 0x59),
      W(SEC, 0x58), W(B, 0x22), DUE_US(2000000), SECONDS(2), R(C, 0xf0)}},
    {"alarm, after long sleep", NOON, {R(C, 0x50), W(HOUR_ALARM, 0x12), W(MIN_ALARM, 0x34),
      W(SEC_ALARM, 0x55), W(B, 0x22), SECONDS(1800), LINE(0), SECONDS(1800), SECONDS(1800), R(C, 0x50)}},
    {"the index port is not read", NOON, {W(0x40, 1)}},
};
/* clang-format on */

struct clock {
    struct rtc rtc;
    uint64_t now;
    int64_t wall_offset;
};

static int64_t wall_of(const struct clock *clock)
{
    return clock->wall_offset + (int64_t)(clock->now / SECOND);
}

static void begin(struct clock *clock, const struct tm *at)
{
    struct tm tm = *at;

    clock->now = 5 * SECOND;
    clock->wall_offset = timegm(&tm) - 5;
    rtc_reset(&clock->rtc, 3072);
}

static int read_register(struct clock *clock, long reg)
{
    rtc_write(&clock->rtc, 0x70, (uint8_t)reg, clock->now, wall_of(clock));
    return rtc_read(&clock->rtc, 0x71, clock->now, wall_of(clock));
}

static void write_register(struct clock *clock, long reg, long value)
{
    rtc_write(&clock->rtc, 0x70, (uint8_t)reg, clock->now, wall_of(clock));
    rtc_write(&clock->rtc, 0x71, (uint8_t)value, clock->now, wall_of(clock));
}

static long microseconds_to_event(struct clock *clock)
{
    uint64_t next = rtc_next_event(&clock->rtc, clock->now, wall_of(clock));

    return next == RTC_NEVER ? -1 : (long)((next - clock->now) / 1000);
}

static void play(const struct script *script)
{
    struct clock clock;

    begin(&clock, &script->begin);
    for (const struct step *step = script->steps; step->op != END; step++) {
        long got = step->b, want = step->b;

        switch (step->op) {
        case WRITE:
            write_register(&clock, step->a, step->b);
            break;
        case READ:
            got = read_register(&clock, step->a);
            break;
        case MASKED:
            got = read_register(&clock, step->a) & 0x80;
            break;
        case WAIT:
            clock.now += (uint64_t)step->a * 1000;
            if (rtc_is_enabled(&clock.rtc))
                rtc_advance(&clock.rtc, clock.now, wall_of(&clock));
            break;
        case IRQ:
            got = rtc_interrupt(&clock.rtc), want = step->a;
            break;
        default:
            got = microseconds_to_event(&clock), want = step->a;
        }
        if (got != want)
            fail_msg("%s: step %d: %#x, not %#x", script->name, (int)(step - script->steps), (unsigned)got,
                     (unsigned)want);
        if (!rtc_is_sane(&clock.rtc))
            fail_msg("%s: step %d: not sane", script->name, (int)(step - script->steps));
    }
    assert_int_equal(rtc_read(&clock.rtc, 0x70, clock.now, wall_of(&clock)), 0xff);
}

static void scripts_play(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++)
        play(&scripts[i]);
}

static bool model_matches(int alarm, int value)
{
    return alarm >= 0xc0 || alarm == value / 10 * 16 + value % 10;
}

/* The next alarm is the first second of the next day that matches; and the flag says so when it has passed.
 */
static void alarms(void **state)
{
    struct random random = {.state = 146818};

    (void)state;
    for (unsigned i = 0; i < 3000; i++) {
        struct tm at = NOON;
        struct clock clock;
        int alarm[3], most[] = {60, 60, 24}, next = -1, time[3] = {12, 34, 56};

        begin(&clock, &at);
        for (unsigned j = 0; j < 3; j++) {
            int value = (int)random_below(&random, (uint64_t)most[j]);

            alarm[j] = random_below(&random, 3) == 0 ? 0xff : value / 10 * 16 + value % 10;
            if (random_below(&random, 30) == 0)
                alarm[j] = (int)random_below(&random, 256);
            write_register(&clock, SEC_ALARM + 2 * (int)j, alarm[j]);
        }
        (void)read_register(&clock, C);
        write_register(&clock, B, 0x22);
        for (int later = 1; later <= 86400 && next < 0; later++) {
            int second = (time[0] * 3600 + time[1] * 60 + time[2] + later) % 86400;

            if (model_matches(alarm[2], second / 3600) && model_matches(alarm[1], second / 60 % 60) &&
                model_matches(alarm[0], second % 60))
                next = later;
        }
        uint64_t due = rtc_next_event(&clock.rtc, clock.now, wall_of(&clock));

        assert_true(due == (next < 0 ? RTC_NEVER : clock.now + (uint64_t)next * SECOND));
        if (next < 0)
            continue;
        clock.now = due - 1;
        rtc_advance(&clock.rtc, clock.now, wall_of(&clock));
        assert_false(rtc_interrupt(&clock.rtc));
        assert_int_equal(rtc_next_event(&clock.rtc, clock.now, wall_of(&clock)), due);
        clock.now = due + random_below(&random, 100000 * SECOND);
        rtc_advance(&clock.rtc, clock.now, wall_of(&clock));
        assert_true(rtc_interrupt(&clock.rtc));
    }
}

/* Any use: it stays sane, and what it says of its next interrupt is so. */
static void any_use(void **state)
{
    struct random random = {.state = 6818};
    struct clock clock;

    (void)state;
    struct tm at = NOON;

    begin(&clock, &at);
    for (unsigned i = 0; i < 200000; i++) {
        int reg = (int)random_below(&random, random_below(&random, 4) ? 14 : 256);
        uint64_t due;

        switch (random_below(&random, 3)) {
        case 0:
            write_register(&clock, reg, (int)random_below(&random, 256));
            break;
        case 1:
            (void)read_register(&clock, reg);
            break;
        default:
            due = rtc_next_event(&clock.rtc, clock.now, wall_of(&clock));
            if (due == RTC_NEVER || !rtc_is_enabled(&clock.rtc))
                break;
            assert_false(rtc_interrupt(&clock.rtc));
            if (due > clock.now + 1) {
                clock.now = due - 1;
                rtc_advance(&clock.rtc, clock.now, wall_of(&clock));
                assert_false(rtc_interrupt(&clock.rtc));
            }
            if (due > clock.now)
                clock.now = due;
            rtc_advance(&clock.rtc, clock.now, wall_of(&clock));
            assert_true(rtc_interrupt(&clock.rtc));
        }
        assert_true(rtc_is_sane(&clock.rtc));
        clock.now +=
            random_below(&random, 3) ? random_below(&random, 100000) : random_below(&random, 10 * SECOND);
        if (rtc_is_enabled(&clock.rtc) && random_below(&random, 2))
            rtc_advance(&clock.rtc, clock.now, wall_of(&clock));
    }
}

static void insane_ones_are_known(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
    } changes[] = {
        {offsetof(struct rtc, offset_seconds) + 7, 0x7f},
        {offsetof(struct rtc, offset_seconds) + 7, 0x80},
        {offsetof(struct rtc, register_a), 0x80},
        {offsetof(struct rtc, register_b), 0x90},
        {offsetof(struct rtc, register_c), 0x01},
        {offsetof(struct rtc, register_c), 0x80},
        {offsetof(struct rtc, held), 0x01},
        {offsetof(struct rtc, ram) + 3, 0x01},
        {offsetof(struct rtc, ram) + CENTURY, 0x01},
    };
    struct rtc rtc;

    (void)state;
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        rtc_reset(&rtc, 0);
        ((uint8_t *)&rtc)[changes[i].at] = changes[i].value;
        assert_false(rtc_is_sane(&rtc));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scripts_play),
        cmocka_unit_test(alarms),
        cmocka_unit_test(any_use),
        cmocka_unit_test(insane_ones_are_known),
    };

    return cmocka_run_group_tests_name("vmm_rtc", tests, NULL, NULL);
}
