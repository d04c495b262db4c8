/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Live figures: counted, told as JSON, understood again; what went on between two looks; and the screens that
 * come of them, line by line. MVM_UPDATE_GOLDEN=1 writes the screens anew. */
#include "base/clock.h"
#include "canned.h"
#include "cmd/top_screen.h"
#include "cmd/top_text.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "near.h"

enum { VMS = 10000000 };

static struct live_figures before, now;
static struct live_run run;
static struct top_rates rates;
static struct top_grid grid;
static struct top_map map;

/* A run of ten million VMs, of which a range and three single VMs are busy. */
static void make_figures(struct live_figures *figures, uint64_t seconds)
{
    memset(figures, 0, sizeof(*figures));
    figures->at_ns = (100 + seconds) * NS_PER_SECOND;
    figures->unix_seconds = 1.8e9 + (double)seconds;
    figures->counts = (struct engine_counts){
        .started = VMS, .running = VMS - 5, .booting = 0, .failed = 2, .died = 3, .last_failure = ""};
    figures->numbers = VMS;
    figures->events = LIVE_WAKES;
    figures->vms.wakes = 1000000 * seconds + 5;
    figures->vms.instructions = UINT64_C(24681357) * seconds + 1;
    figures->vms.runnable = 12;
    figures->vms.memory_used = UINT64_C(104) * VMS;
    figures->vms.memory_held = UINT64_C(110) * VMS;
    heat_shape(&figures->vms.heat, VMS);
    for (uint64_t i = 0; i < figures->vms.heat.count; i++) /* a hill on a plain, and a desert */
        figures->vms.heat.cells[i] =
            i > 2000 ? 0 : seconds * (uint64_t)(50 + 5000 * exp(-pow(((double)i - 700) / 150, 2)));
    for (uint64_t i = 0; i < 3; i++)
        busiest_add_one(
            &figures->vms.busiest,
            &(struct activity_busy){.vm = 4711 + i * 1234567, .events = 5000 >> i, .work = 1000000 >> i});
    figures->asks.asks[TALLY_ANSWERED] = 12345 * seconds;
    figures->asks.asks[TALLY_TIMEOUT] = 3 * seconds;
    figures->asks.asks[TALLY_BUSY] = seconds;
    figures->asks.latency[15] = 12000 * seconds;
    figures->asks.latency[30] = 345 * seconds;
    figures->asks.latency_sum_ns = UINT64_C(300000000) * seconds;
    figures->has_doors = true;
    figures->connections = 120;
    figures->asks.connections = 40 * seconds;
    figures->asks.requests = 12345 * seconds;
    figures->asks.refused = 7 * seconds;
    figures->own_cpu_ns = 423 * NS_PER_MILLISECOND * seconds;
    figures->own_anonymous = UINT64_C(1200) << 20;
    figures->own_page_tables = 3 << 20;
    figures->host_known = figures->taken_known = true;
    figures->host.at_ns = figures->at_ns;
    figures->host.cpus = 2;
    figures->host.cpu = (struct host_cpu){.user = 60 * seconds, .idle = 130 * seconds, .steal = 4 * seconds};
    figures->host.memory.total = UINT64_C(24) << 30;
    figures->host.memory.available = UINT64_C(20) << 30;
    figures->host.pressure = (struct host_pressure){
        .known = true, .cpu_some = 123456 * seconds, .memory_some = 0, .io_some = 1000 * seconds};
    figures->taken = (struct memory_accounting){.taken = 1.3e9,
                                                .anonymous = 1.2e9,
                                                .page_tables = 3e6,
                                                .slab = 2e6,
                                                .kernel_stacks = 65536,
                                                .file_cache = -4096,
                                                .unexplained = 9e6};
}

static void make_run(void)
{
    memset(&run, 0, sizeof(run));
    snprintf(run.run, sizeof(run.run), "cloud");
    snprintf(run.engine, sizeof(run.engine), "vmm");
    snprintf(run.image, sizeof(run.image), "web");
    run.class_letter = 'T';
    run.wanted = VMS;
    run.age_seconds = 7500;
}

static struct top_view view_of(void)
{
    return (struct top_view){.run = &run,
                             .now = &now,
                             .rates = &rates,
                             .interval_ns = NS_PER_SECOND,
                             .heat_most = top_heat_most(0, &now, &rates),
                             .cursor = UINT64_MAX};
}

/* The screen as text, without blanks at the ends of lines. */
static char *text_of(const struct top_grid *from)
{
    char *text = malloc((size_t)from->rows * (from->columns + 1) + 1), *at = text;

    assert_non_null(text);
    for (unsigned row = 0; row < from->rows; row++) {
        char *line = at;

        memcpy(at, from->text[row], from->columns);
        at += from->columns;
        while (at > line && at[-1] == ' ')
            at--;
        *at++ = '\n';
    }
    *at = '\0';
    return text;
}

static void check_screen(const struct top_view *view, unsigned columns, unsigned rows, const char *golden)
{
    char name[64];

    top_screen(view, columns, rows, &grid, &map);
    assert_int_equal(grid.columns, columns);
    assert_int_equal(grid.rows, rows);
    char *text = text_of(&grid);

    snprintf(name, sizeof(name), "top/%s.txt", golden);
    canned_golden(name, text, strlen(text));
    free(text);
}

static int setup(void **state)
{
    (void)state;
    make_figures(&before, 10);
    make_figures(&now, 12);
    make_run();
    top_rates_make(&before, &now, &rates);
    return 0;
}

static void test_screens(void **state)
{
    struct top_view view = view_of();

    (void)state;
    check_screen(&view, 80, 24, "80x24");
    check_screen(&view, 200, 60, "200x60");
    check_screen(&view, 40, 12, "40x12");
    view.cursor = 1234567;
    view.paused = view.others = true;
    snprintf(run.stop_reason, sizeof(run.stop_reason), "the host's memory is at its floor of 1.2 GiB");
    check_screen(&view, 80, 24, "80x24-cursor");
    view.help = true;
    check_screen(&view, 80, 24, "80x24-help");
}

/* The first look has no rates; an engine that tells nothing; VMs that are being started; a kernel without
 * PSI. */
static void test_what_is_not_known_is_not_shown(void **state)
{
    struct top_view view;

    (void)state;
    top_rates_make(NULL, &now, &rates);
    view = view_of();
    check_screen(&view, 80, 24, "80x24-first");
    now.events = LIVE_NOTHING;
    now.has_doors = now.host_known = now.taken_known = false;
    now.vms = (struct engine_live){.heat.vms_each = 1};
    now.host.pressure.known = false;
    memset(&now.host.memory, 0, sizeof(now.host.memory));
    top_rates_make(&before, &now, &rates);
    view = view_of();
    check_screen(&view, 80, 24, "80x24-nothing");
    run.starting = true;
    view = view_of();
    check_screen(&view, 80, 24, "80x24-starting");
}

/* Any size: nothing is written outside of it, and a map's cells are all VMs, each once. */
static void test_any_size(void **state)
{
    static const uint64_t populations[] = {1, 2, 10, 4095, 4097, 100000, VMS, 100000000};

    (void)state;
    for (size_t i = 0; i < sizeof(populations) / sizeof(populations[0]); i++) {
        now.numbers = before.numbers = populations[i];
        heat_shape(&now.vms.heat, now.numbers);
        heat_shape(&before.vms.heat, now.numbers);
        for (size_t k = 0; k < now.vms.heat.count; k++)
            now.vms.heat.cells[k] = k * k;
        top_rates_make(&before, &now, &rates);
        for (unsigned columns = 1; columns < 530; columns += 1 + columns / 7)
            for (unsigned rows = 1; rows < 270; rows += 1 + rows / 5) {
                struct top_view view = view_of();
                uint64_t next = 0;

                view.cursor = now.numbers - 1;
                top_screen(&view, columns, rows, &grid, &map);
                assert_true(grid.columns <= TOP_COLUMNS_MOST && grid.rows <= TOP_ROWS_MOST);
                if (map.cells == 0)
                    continue;
                assert_true(map.row + ((map.cells - 1) / map.columns + 1) * map.height < grid.rows);
                assert_true(map.column + map.columns * map.width <= grid.columns);
                for (unsigned cell = 0; cell < map.cells; cell++) {
                    uint64_t first, count;

                    top_map_vms(&map, &now, cell, &first, &count);
                    assert_int_equal(first, next);
                    assert_true(count > 0);
                    assert_int_equal(top_map_cell(&map, &now, first), cell);
                    assert_int_equal(top_map_cell(&map, &now, first + count - 1), cell);
                    next = first + count;
                }
                assert_int_equal(next, now.numbers);
            }
    }
}

static unsigned level_at(unsigned cell)
{
    return grid.style[map.row + cell / map.columns * map.height]
                     [map.column + cell % map.columns * map.width] -
           (unsigned)TOP_HEAT;
}

static void test_marks_follow_activity(void **state)
{
    struct top_view view = view_of();
    unsigned most = 0;

    (void)state;
    top_screen(&view, 200, 60, &grid, &map);
    for (unsigned cell = 0; cell < map.cells; cell++) {
        uint64_t first, count;

        top_map_vms(&map, &now, cell, &first, &count);
        assert_in_range(level_at(cell), 0, TOP_HEAT_LEVELS - 1);
        assert_true((level_at(cell) == 0) == (first / now.vms.heat.vms_each > 2000));
        most = level_at(cell) > level_at(most) ? cell : most;
    }
    assert_int_equal(level_at(most), TOP_HEAT_LEVELS - 1);
    assert_int_equal(level_at(top_map_cell(&map, &now, 700 * now.vms.heat.vms_each)), TOP_HEAT_LEVELS - 1);
    /* The scale rises at once, and falls slowly. */
    assert_near(top_heat_most(1e6, &now, &rates), 0.9e6, 1e-3);
    assert_true(top_heat_most(1e-9, &now, &rates) > 0.01);
}

static void test_rates(void **state)
{
    (void)state;
    assert_near(rates.seconds, 2, 1e-9);
    assert_near(rates.wakes, 1e6, 1e-3);
    assert_near(rates.asks[TALLY_ANSWERED], 12345, 1e-6);
    assert_near(rates.run_cpu, 42.3, 1e-6);
    /* Of 4 s of two CPUs 2.6 s idle and 0.08 s stolen; the rest is busy. */
    assert_near(rates.host_cpu, 100 * (4 - 2.6 - 0.08) / 4, 1e-6);
    assert_near(rates.host_steal, 2, 1e-6);
    assert_near(rates.pressure_cpu, 12.3456, 1e-6);
    /* Bucket 15 is up to 40 us (and above 30), 30 up to 1 ms: 2.8 % of the answers are there. */
    assert_in_range((uint64_t)rates.p50_ns, tally_bound_ns(14), tally_bound_ns(15));
    assert_in_range((uint64_t)rates.p99_ns, tally_bound_ns(29), tally_bound_ns(30));
    /* Another run, or one that began anew: nothing below 0. */
    top_rates_make(&now, &before, &rates);
    assert_near(rates.seconds, 0, 1e-12);
    before.at_ns = now.at_ns - 1;
    before.vms.wakes = UINT64_MAX;
    before.vms.heat.vms_each *= 2;
    top_rates_make(&before, &now, &rates);
    assert_near(rates.wakes, 0, 1e-12);
    assert_false(rates.has_heat);
}

static void test_json_comes_back(void **state)
{
    struct live_figures again;
    struct live_run nobody;
    json_t *answer = live_json(&now, ACTIVITY_CELLS);

    (void)state;
    assert_non_null(answer);
    live_parse(answer, &again, &nobody);
    json_decref(answer);
    assert_int_equal(again.at_ns, now.at_ns);
    assert_int_equal(again.counts.running, now.counts.running);
    assert_int_equal(again.counts.died, now.counts.died);
    assert_int_equal(again.numbers, now.numbers);
    assert_int_equal(again.events, LIVE_WAKES);
    assert_int_equal(again.vms.wakes, now.vms.wakes);
    assert_int_equal(again.vms.instructions, now.vms.instructions);
    assert_int_equal(again.vms.memory_used, now.vms.memory_used);
    assert_memory_equal(&again.asks, &now.asks, sizeof(now.asks));
    assert_memory_equal(&again.vms.heat, &now.vms.heat, sizeof(now.vms.heat));
    assert_memory_equal(&again.vms.busiest, &now.vms.busiest, sizeof(now.vms.busiest));
    assert_memory_equal(&again.host.cpu, &now.host.cpu, sizeof(now.host.cpu));
    assert_memory_equal(&again.host.pressure, &now.host.pressure, sizeof(now.host.pressure));
    assert_memory_equal(&again.taken, &now.taken, sizeof(now.taken));
    assert_int_equal(again.own_cpu_ns, now.own_cpu_ns);
    assert_int_equal(again.connections, 120);
    assert_true(again.has_doors && again.host_known && again.taken_known);
    /* No map, and what is not known. */
    now.events = LIVE_NOTHING;
    now.host_known = now.taken_known = now.has_doors = false;
    answer = live_json(&now, 64);
    assert_true(json_is_null(json_object_get(answer, "heat")));
    assert_true(json_is_null(json_object_get(answer, "wakes")));
    live_parse(answer, &again, &nobody);
    json_decref(answer);
    assert_int_equal(again.events, LIVE_NOTHING);
    assert_false(again.has_doors || again.host_known || again.taken_known || again.host.pressure.known);
}

/* What a run says is not to be trusted with anything. */
static void test_any_json_is_borne(void **state)
{
    static const char *const texts[] = {
        "{}",
        "[]",
        "7",
        "{\"vms\":7,\"asks\":[],\"cpu\":\"x\",\"memory\":null,\"heat\":{\"of\":7,\"cells\":{}},\"busiest\":{}"
        "}",
        "{\"wakes\":-5,\"numbers\":-1,\"heat\":{\"of\":\"wakes\",\"vms_each\":0,\"cells\":[-1,1e99,\"x\"]}}",
        "{\"busiest\":[1,{},{\"vm\":-1,\"wakes_per_second\":-1e300}],\"class\":\"\",\"run\":\"\\u0000x\"}",
        "{\"cpu\":{\"run_seconds\":1e308,\"host_seconds\":{\"idle\":-7}},\"wakes\":1,\"numbers\":1,"
        "\"heat\":{\"of\":\"wakes\",\"vms_each\":9223372036854775807,\"cells\":[1,2,3]}}"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        json_t *answer = json_loads(texts[i], JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

        live_parse(answer, &now, &run);
        json_decref(answer);
        top_rates_make(&before, &now, &rates);
        struct top_view view = view_of();

        view.cursor = UINT64_MAX - 1;
        top_screen(&view, 120, 40, &grid, &map);
    }
    json_t *many = json_pack("{s:{s:s, s:o}}", "heat", "of", "asks", "cells", json_array());

    for (int i = 0; i < 3 * ACTIVITY_CELLS; i++)
        json_array_append_new(json_object_get(json_object_get(many, "heat"), "cells"), json_integer(i));
    live_parse(many, &now, &run);
    assert_int_equal(now.vms.heat.count, ACTIVITY_CELLS);
    assert_int_equal(now.events, LIVE_ASKS);
    json_decref(many);
}

static void test_tally(void **state)
{
    static const struct {
        uint64_t ns;
        size_t bucket;
    } cases[] = {{0, 0},
                 {1000, 0},
                 {1001, 1},
                 {1250, 1},
                 {1251, 2},
                 {10000, 10},
                 {10001, 11},
                 {999999, 30},
                 {1000000, 30},
                 {1000001, 31},
                 {79999999999, 79},
                 {80000000001, 80},
                 {100000000000, 80},
                 {100000000001, 81},
                 {UINT64_MAX / 2, 81}};
    static struct tally tally;
    struct tally_sum sum = {.connections = 0}, more;

    (void)state;
    for (size_t i = 1; i < TALLY_BOUNDS; i++)
        assert_true(tally_bound_ns(i) > tally_bound_ns(i - 1));
    assert_int_equal(tally_bound_ns(TALLY_BOUNDS - 1), UINT64_C(100000000000));
    assert_int_equal(tally_bound_ns(TALLY_BOUNDS), UINT64_MAX);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct engine_ask ask = {.submitted_ns = 5, .answered_ns = 5 + cases[i].ns};

        more = (struct tally_sum){.connections = 0};
        tally_ask(&tally, &ask);
        tally_add(&more, &tally);
        assert_int_equal(more.latency[cases[i].bucket], sum.latency[cases[i].bucket] + 1);
        sum = more;
    }
    tally_ask(&tally, &(struct engine_ask){.status = -ETIMEDOUT});
    tally_ask(&tally, &(struct engine_ask){.status = -ECONNRESET});
    tally_ask(&tally, &(struct engine_ask){.status = -EBUSY});
    tally_ask(&tally, &(struct engine_ask){.status = -EMSGSIZE});
    more = (struct tally_sum){.connections = 0};
    tally_add(&more, &tally);
    assert_int_equal(more.asks[TALLY_ANSWERED], sizeof(cases) / sizeof(cases[0]));
    for (size_t end = TALLY_TIMEOUT; end < TALLY_ENDS; end++)
        assert_int_equal(more.asks[end], 1);
    assert_near(tally_percentile_ns(&more, &more, 50), 0, 1e-12);
    assert_near(tally_percentile_ns(NULL, &more, 100), 1e11, 1);
    /* In proportion within a bucket. */
    more = (struct tally_sum){.latency[10] = 100};
    assert_near(tally_percentile_ns(NULL, &more, 50), 9000, 1);
}

static void test_texts(void **state)
{
    char text[TOP_TEXT_ROOM];

    (void)state;
    assert_string_equal(top_text_rate(0, text), "0");
    assert_string_equal(top_text_rate(0.00123, text), "0.0012");
    assert_string_equal(top_text_rate(0.25, text), "0.25");
    assert_string_equal(top_text_rate(99.9, text), "99.9");
    assert_string_equal(top_text_rate(12345.4, text), "12,345");
    assert_string_equal(top_text_rate(999999.6, text), "1.00 M");
    assert_string_equal(top_text_rate(12345678, text), "12.3 M");
    assert_string_equal(top_text_rate(2.5e15, text), "2500 T");
    assert_string_equal(top_text_time(0, text), "-");
    assert_string_equal(top_text_time(1234, text), "1.23 us");
    assert_string_equal(top_text_time(999600, text), "1.00 ms");
    assert_string_equal(top_text_time(2.1e9, text), "2.10 s");
    assert_string_equal(top_text_age(-1, text), "0 s");
    assert_string_equal(top_text_age(7500, text), "2 h 5 min");
    assert_string_equal(top_text_age(NAN, text), "0 s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_screens, setup),
        cmocka_unit_test_setup(test_what_is_not_known_is_not_shown, setup),
        cmocka_unit_test_setup(test_any_size, setup),
        cmocka_unit_test_setup(test_marks_follow_activity, setup),
        cmocka_unit_test_setup(test_rates, setup),
        cmocka_unit_test_setup(test_json_comes_back, setup),
        cmocka_unit_test_setup(test_any_json_is_borne, setup),
        cmocka_unit_test(test_tally),
        cmocka_unit_test(test_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
