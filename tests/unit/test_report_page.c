/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The page of mvm report --html and what it is made of: samples and matrices read back, fewer points for a
 * curve, figures as JSON; and pictures and tables for documents. Goldens as in test_report.c. */
#include "base/reason.h"
#include "canned.h"
#include "report/html.h"
#include "report/limits.h"
#include "report/thin.h"
#include "result/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MANY = 100000 };

/* A number that looks like chance and is the same each time, 0 to 1. */
static float chance(uint32_t *state)
{
    *state = *state * 1664525U + 1013904223U;
    return (float)(*state >> 8) / (float)(1U << 24);
}

static void test_no_extreme_is_lost(void **state)
{
    enum { SPANS = 100 };
    static float values[MANY];
    static size_t chosen[2 * SPANS + 2];
    uint32_t seed = 1;

    (void)state;
    for (size_t i = 0; i < MANY; i++)
        values[i] = chance(&seed);
    values[31416] = 50;
    values[77777] = -50;
    values[12] = NAN;
    values[13] = INFINITY;
    size_t count = thin_extremes(values, MANY, SPANS, chosen);

    assert_in_range(count, SPANS, 2 * SPANS + 2);
    assert_int_equal(chosen[0], 0);
    assert_int_equal(chosen[count - 1], MANY - 1);
    for (size_t i = 1; i < count; i++)
        assert_true(chosen[i - 1] < chosen[i]);
    for (size_t span = 0; span < SPANS; span++) {
        float least = INFINITY, most = -INFINITY, kept_least = INFINITY, kept_most = -INFINITY;

        for (size_t i = span * MANY / SPANS; i < (span + 1) * MANY / SPANS; i++) {
            least = isfinite(values[i]) ? fminf(least, values[i]) : least;
            most = isfinite(values[i]) ? fmaxf(most, values[i]) : most;
        }
        for (size_t i = 0; i < count; i++) {
            if (chosen[i] / (MANY / SPANS) != span)
                continue;
            kept_least = fminf(kept_least, values[chosen[i]]);
            kept_most = fmaxf(kept_most, values[chosen[i]]);
        }
        assert_true(least >= kept_least && kept_least >= least);
        assert_true(most >= kept_most && kept_most >= most);
    }
}

static void test_few_values_all_stay(void **state)
{
    const float values[] = {3, NAN, 1, 2}, none[] = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    size_t chosen[8];

    (void)state;
    assert_int_equal(thin_extremes(values, 4, 1, chosen), 3);
    assert_int_equal(chosen[1], 2);
    assert_int_equal(thin_extremes(none, 8, 1, chosen), 0);
    assert_int_equal(thin_extremes(values, 0, 1, chosen), 0);
}

/* A folder of its own, removed with what is in it by the caller's rm_folder(). */
static void make_folder(char path[64])
{
    snprintf(path, 64, "/tmp/mvm-test-page-XXXXXX");
    assert_non_null(mkdtemp(path));
}

static void put(const char *folder, const char *name, const char *bytes, size_t length)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_int_equal(file_replace(path, bytes, length, NULL), 0);
}

static void drop(const char *folder, const char *name)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    remove(path);
}

static void test_samples_are_read(void **state)
{
    static const char text[] =
        "interval,vms,unix_seconds,cpu_percent,memory_percent,swap_percent,memory_taken_bytes\n"
        "0,5,100.5,10,,,1\n0,5,101.5,20,30,,2\n1,9,103,-1e1,40,,3\n";
    char folder[64], file[128];
    struct sample_log log;
    struct reason reason = {""};

    (void)state;
    make_folder(folder);
    assert_int_equal(sample_log_read(&log, folder, &reason), -ENOENT);
    put(folder, "samples.csv", text, strlen(text));
    put(folder, "result.json", "{}", 2);
    /* By the directory, and by its result.json. */
    for (int by_file = 0; by_file < 2; by_file++) {
        snprintf(file, sizeof(file), "%s%s", folder, by_file ? "/result.json" : "");
        assert_int_equal(sample_log_read(&log, file, &reason), 0);
        assert_int_equal(log.count, 3);
        assert_true(log.seconds[0] >= 0 && log.seconds[0] <= 0);
        assert_true(log.seconds[2] > 2.49 && log.seconds[2] < 2.51);
        assert_true(log.percent[RESOURCE_CPU][2] < -9.9F);
        assert_true(isnan(log.percent[RESOURCE_MEMORY][0]));
        assert_true(log.percent[RESOURCE_MEMORY][2] > 39.9F);
        assert_null(log.percent[RESOURCE_SWAP]);
        sample_log_release(&log);
    }
    drop(folder, "samples.csv");
    drop(folder, "result.json");
    assert_int_equal(rmdir(folder), 0);
}

static void test_damaged_samples_are_told(void **state)
{
    static const struct {
        const char *text, *told;
        size_t length; /* 0: of the text */
    } cases[] = {
        {"", NULL, 0},
        {"unix_seconds,cpu_percent\n", NULL, 0},
        {"a,b\n1,2\n", "names no column unix_seconds", 0},
        {"unix_seconds,cpu_percent\n1,2\n1\n", "line 3 has 1 cells, not 2", 0},
        {"unix_seconds,cpu_percent\n1,x\n", "line 2: 'x' is not a number", 0},
        {"unix_seconds,cpu_percent\n1,nan\n", "line 2: 'nan' is not a number", 0},
        {"unix_seconds,cpu_percent\n,5\n", "line 2 has no unix_seconds", 0},
        {"unix_seconds,cpu_percent\n1,\0002\n", "line 2 holds a NUL byte", 30},
    };
    char folder[64];

    (void)state;
    make_folder(folder);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sample_log log = {.count = 1};
        struct reason reason = {""};

        put(folder, "samples.csv", cases[i].text, cases[i].length ? cases[i].length : strlen(cases[i].text));
        int error = sample_log_read(&log, folder, &reason);

        assert_int_equal(error, cases[i].told ? -EBADMSG : 0);
        if (cases[i].told)
            assert_non_null(strstr(reason.text, cases[i].told));
        else
            assert_int_equal(log.count, 0);
    }
    drop(folder, "samples.csv");
    assert_int_equal(rmdir(folder), 0);
}

static char *golden_text(const char *name, size_t *ret_length)
{
    char *text;

    assert_int_equal(file_read(canned_path(name), 1 << 24, &text, ret_length, NULL), 0);
    return text;
}

/* limits.json alone gives back what was written; with the results of its rows, the same tables as then. */
static void test_a_matrix_is_read_back(void **state)
{
    char folder[64], row[128], *bytes;
    struct limits limits;
    struct reason reason = {""};
    struct result result;
    size_t length, written;
    char *text = golden_text("limits/limits.json", &length);

    (void)state;
    make_folder(folder);
    assert_int_equal(limits_read(&limits, folder, &reason), -ENOENT);
    put(folder, "limits.json", text, length);
    assert_int_equal(limits_read(&limits, folder, &reason), 0);
    assert_true(limits.rows[0].recorded);
    assert_int_equal(limits_to_text(&limits, &bytes, &written), 0);
    assert_int_equal(written, length);
    assert_memory_equal(bytes, text, length);
    free(bytes);
    limits_release(&limits);

    snprintf(row, sizeof(row), "%s/01-i-1", folder);
    assert_int_equal(mkdir(row, 0700), 0);
    canned_result(&result, &canned_tick);
    assert_int_equal(result_write(&result, row, NULL), 0);
    result_release(&result);
    assert_int_equal(limits_read(&limits, folder, &reason), 0);
    assert_false(limits.rows[0].recorded);
    assert_int_equal(limits.rows[0].result.interval_count, 12);
    assert_true(limits.rows[1].recorded);
    FILE *to = open_memstream(&bytes, &written);
    assert_int_equal(report_limits_markdown(&limits, to), 0);
    fclose(to);
    canned_golden("limits/limits.md", bytes, written);
    free(bytes);
    limits_release(&limits);

    put(row, "result.json", "{", 1);
    assert_true(limits_read(&limits, folder, &reason) < 0);
    assert_non_null(strstr(reason.text, "01-i-1"));
    drop(row, "result.json");
    rmdir(row);
    drop(folder, "limits.json");
    assert_int_equal(rmdir(folder), 0);
    free(text);
}

/* The first `from` in the text as `to`, of the same length. */
static void test_damaged_matrices_are_told(void **state)
{
    static const struct {
        const char *from, *to, *told;
    } cases[] = {
        {"mvm-limits/1", "mvm-limits/7", "schema"},
        {"\"01-i-1\"", "\"../i-1\"", ".rows[0].directory is not below"},
        {"\"01-i-1\"", "\"/1-i-1\"", ".rows[0].directory is not below"},
        {"\"state\": \"done\",\n      \"reason\"", "\"state\": \"gone\",\n      \"reason\"",
         ".rows[0].state is none of"},
        {"\"stopped_by\": \"cpu\"", "\"stopped_by\": \"gpu\"", ".rows[0].stopped_by is not known"},
        {"\"vms\": 192", "\"vms\": -12", ".rows[0].vms is not a whole number"},
        {"\"engine\": \"qemu\"", "\"engine\": 123456", ".rows[0].engine is not a text"},
        {"\"row\": 1,", "\"row\": 0,", ".rows[0].row is not a number of a row"},
        {"\"minutes\": 0", "\"minutes\":\"0\"//", "limits.json"},
    };
    char folder[64];
    size_t length;
    char *text = golden_text("limits/limits.json", &length);

    (void)state;
    make_folder(folder);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct limits limits = {.count = 0};
        struct reason reason = {""};
        char *copy = strdup(text), *place = strstr(copy, cases[i].from);

        assert_non_null(place);
        memcpy(place, cases[i].to, strlen(cases[i].from));
        put(folder, "limits.json", copy, length);
        assert_int_equal(limits_read(&limits, folder, &reason), -EBADMSG);
        if (!strstr(reason.text, cases[i].told))
            fail_msg("'%s' does not tell '%s'", reason.text, cases[i].told);
        free(copy);
    }
    drop(folder, "limits.json");
    assert_int_equal(rmdir(folder), 0);
    free(text);
}

/* The figures in a page, parsed. */
static json_t *figures_of(const struct html_report *report, size_t *ret_length)
{
    static const char begin[] = "<script type=\"application/json\" id=\"figures\">";
    char *page = NULL;
    FILE *to = open_memstream(&page, ret_length);

    assert_int_equal(report_write_html(report, to), 0);
    assert_int_equal(fclose(to), 0);
    char *from = strstr(page, begin);

    assert_non_null(from);
    char *end = strchr(from + strlen(begin), '<');

    /* Nothing in them begins an element, so that the first '<' is the end of theirs. */
    assert_memory_equal(end, "</script>", 9);
    json_t *json = json_loadb(from + strlen(begin), (size_t)(end - from) - strlen(begin), 0, NULL);

    assert_non_null(json);
    free(page);
    return json;
}

static void need_page(void)
{
    if (!report_html_built())
        skip();
}

static void test_page_holds_hostile_texts(void **state)
{
    static const char hostile[] = "</script><!--<script>\xff\x1b[0m";
    struct result result;
    size_t length;

    (void)state;
    need_page();
    canned_result(&result, &canned_sleep);
    snprintf(result.stop_reason, sizeof(result.stop_reason), "%s", hostile);
    snprintf(result.command_line, sizeof(result.command_line), "%s", hostile);
    snprintf(result.host.kernel, sizeof(result.host.kernel), "%s", hostile);
    result_facts_add(&result.engine.options, hostile, hostile);
    const struct html_run run = {.run = {.result = &result, .label = hostile}, .path = hostile};
    const struct html_report report = {.runs = &run, .run_count = 1};
    json_t *json = figures_of(&report, &length), *first = json_array_get(json_object_get(json, "runs"), 0);

    assert_string_equal(json_string_value(json_object_get(first, "label")), "</script><!--<script>? [0m");
    assert_int_equal(json_array_size(json_object_get(json_object_get(first, "intervals"), "vms")), 20);
    json_decref(json);
    result_release(&result);
}

static void test_page_holds_hostile_numbers(void **state)
{
    static const double numbers[] = {NAN, INFINITY, -INFINITY, 1e308, -1e308, 5e-324, -5, 1e-3};

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct result result;
        size_t length;

        canned_result(&result, &canned_tick);
        result.intervals[4].vms = UINT64_MAX;
        result.intervals[3].percent[RESOURCE_CPU].mean = numbers[i];
        result.intervals[5].percent[RESOURCE_MEMORY].ci95 = numbers[i];
        result.intervals[5].memory.unexplained = numbers[i];
        result.memory_accounting.taken = numbers[i];
        result.per_vm.memory_bytes.value = result.plan.threshold_percent = result.started_at = numbers[i];
        result.per_vm.boot_seconds_median = result.harness.memory_bytes = numbers[i];
        const struct html_run run = {.run = {.result = &result, .label = "hostile"}, .path = "."};
        const struct html_report report = {.runs = &run, .run_count = 1};

        if (report_html_built())
            json_decref(figures_of(&report, &length));
        if (report_has_accounting(&result)) {
            char *svg = NULL;
            FILE *to = open_memstream(&svg, &length);

            assert_int_equal(report_write_memory_svg(&run.run, 1, to), 0);
            fclose(to);
            assert_null(strstr(svg, "nan"));
            assert_null(strstr(svg, "\"inf"));
            assert_in_range(length, 1000, 100000);
            free(svg);
        }
        result_release(&result);
    }
}

/* 50 runs of 100,000 samples and of 5,000 intervals: the highest of each is still there, and the page is
 * small. */
static void test_page_of_much_is_small(void **state)
{
    enum { RUNS = 50, INTERVALS = 5000 };
    static struct html_run runs[RUNS];
    struct sample_log log = {.count = MANY};
    struct result result;
    uint32_t seed = 7;
    size_t length;

    (void)state;
    need_page();
    struct canned canned = canned_sleep;
    canned.intervals = INTERVALS;
    canned.step_vms = 1;
    canned_result(&result, &canned);
    result.intervals[3333].percent[RESOURCE_CPU].mean = 99.5;
    log.seconds = malloc(MANY * sizeof(*log.seconds));
    for (size_t r = 0; r < 4; r++)
        log.percent[r] = malloc(MANY * sizeof(*log.percent[r]));
    assert_non_null(log.seconds);
    for (size_t i = 0; i < MANY; i++) {
        log.seconds[i] = (double)i;
        for (size_t r = 0; r < 4; r++)
            log.percent[r][i] = 90 * chance(&seed);
    }
    log.percent[RESOURCE_CPU][54321] = 99.5;
    for (size_t i = 0; i < RUNS; i++) {
        runs[i] = (struct html_run){.run = {.result = &result, .label = "one of many"}, .path = "run"};
        assert_int_equal(html_samples_thin(&log, html_sample_spans(RUNS), &runs[i].samples), 0);
    }
    const struct html_report report = {.runs = runs, .run_count = RUNS};
    json_t *json = figures_of(&report, &length), *run, *number;
    size_t i, at;

    assert_in_range(length, 1000000, 5000000);
    json_array_foreach(json_object_get(json, "runs"), i, run)
    {
        double most = 0;
        json_t *means = json_object_get(
            json_object_get(json_object_get(json_object_get(run, "intervals"), "curves"), "cpu"), "mean");
        json_array_foreach(means, at, number) most = fmax(most, json_number_value(number));
        assert_true(most > 99.4 && most < 99.6);
        assert_in_range(json_array_size(means), 20, 450);
        most = 0;
        json_array_foreach(
            json_object_get(
                json_object_get(json_object_get(json_object_get(run, "samples"), "curves"), "cpu"),
                "percent"),
            at, number) most = fmax(most, json_number_value(number));
        assert_true(most > 99.4 && most < 99.6);
        html_samples_release(&runs[i].samples);
    }
    json_decref(json);
    sample_log_release(&log);
    result_release(&result);
}

/* Two of class A and one of class T, of which a kind has become less than on the empty host. */
static void test_documents(void **state)
{
    static const struct {
        const char *name;
        int (*write)(const struct report_run *runs, size_t count, FILE *to);
        size_t count;
    } documents[] = {
        {"report/memory-one.svg", report_write_memory_svg, 1},
        {"report/memory.svg", report_write_memory_svg, 3},
        {"report/summary.md", report_write_markdown, 3},
        {"report/summary.tex", report_write_latex, 3},
    };
    struct canned many = canned_sleep;
    struct result results[3];
    char labels[3][REPORT_LABEL_ROOM];
    struct report_run runs[3];

    (void)state;
    many.in_process = true;
    many.guest = "a <b>|_% & \\guest";
    canned_result(&results[0], &canned_sleep);
    canned_result(&results[1], &canned_tick);
    canned_result(&results[2], &many);
    results[2].memory_accounting.page_tables *= -1;
    results[2].memory_accounting.unexplained *= -3;
    for (size_t i = 0; i < 3; i++)
        runs[i] = (struct report_run){.result = &results[i], .label = report_label(&results[i], labels[i])};
    for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
        char *text = NULL;
        size_t length;
        FILE *to = open_memstream(&text, &length);

        assert_int_equal(documents[i].write(runs, documents[i].count, to), 0);
        assert_int_equal(fclose(to), 0);
        canned_golden(documents[i].name, text, length);
        free(text);
    }
    results[1].memory_accounting.taken = 0;
    assert_int_equal(report_write_memory_svg(runs, 2, stdout), -ENODATA);
    for (size_t i = 0; i < 3; i++)
        result_release(&results[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_extreme_is_lost),       cmocka_unit_test(test_few_values_all_stay),
        cmocka_unit_test(test_samples_are_read),         cmocka_unit_test(test_damaged_samples_are_told),
        cmocka_unit_test(test_a_matrix_is_read_back),    cmocka_unit_test(test_damaged_matrices_are_told),
        cmocka_unit_test(test_page_holds_hostile_texts), cmocka_unit_test(test_page_holds_hostile_numbers),
        cmocka_unit_test(test_page_of_much_is_small),    cmocka_unit_test(test_documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
