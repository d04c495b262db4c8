/* SPDX-License-Identifier: GPL-3.0-or-later */
/* limits.json, the tables and the picture of `mvm limits`: pure functions of the rows, held against files. */
#include "base/reason.h"
#include "canned.h"
#include "report/limits.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char *words[] = {"limits", "--vary", "guest=tick,sleep", "--out", "<a> & \"b\"", NULL};

/* A hostile label, a row beside the study, one of the laboratory, and two without a result. */
static void make(struct limits *limits, bool ladder)
{
    static struct limits_row rows[4];
    const struct canned shared = {.guest = "sleep",
                                  .intervals = 5,
                                  .step_vms = 100,
                                  .memory_bytes = 400000,
                                  .cpu_percent = 0.001,
                                  .memory_limit = 1 << 30,
                                  .stopped_by = STOP_MEMORY};

    memset(rows, 0, sizeof(rows));
    *limits = (struct limits){.rows = rows,
                              .count = 4,
                              .repeats = 1,
                              .words = words,
                              .seed = 18446744073709551615U,
                              .ladder = ladder,
                              .watchdog_locked = true,
                              .watchdog_oom_score_adj = -1000};
    memset(limits->matrix, 'a', SHA256_TEXT_ROOM - 1);
    rows[0] = (struct limits_row){.label = "I.1 timer runs, TCG, x86_64",
                                  .directory = "01-i-1",
                                  .study = limits_study_find("I.1"),
                                  .state = LIMITS_DONE,
                                  .architecture = "x86_64"};
    canned_result(&rows[0].result, &canned_tick);
    rows[1] = (struct limits_row){.label = "a <b> & $c_d | \\e\x1b[31m {%} ~",
                                  .directory = "02",
                                  .number = 1,
                                  .state = LIMITS_DONE,
                                  .sleep = 1,
                                  .kvm = true};
    canned_result(&rows[1].result, &shared);
    rows[1].result.host.emulated = true;
    rows[1].result.wake_known = true;
    rows[1].result.wake =
        (struct spread){.n = 50, .least = 0.001, .median = 0.002, .p99 = 0.01, .most = 0.02};
    rows[2] = (struct limits_row){.label = "II.1",
                                  .directory = "03",
                                  .number = 2,
                                  .state = LIMITS_CANNOT_RUN,
                                  .reason = "this host has no <cpufreq>",
                                  .study = limits_study_find("II.1"),
                                  .sleep = -1};
    rows[3] = (struct limits_row){.label = "later", .directory = "04", .number = 3, .sleep = -1};
}

static void release(struct limits *limits)
{
    for (size_t i = 0; i < limits->count; i++)
        result_release(&limits->rows[i].result);
}

static void hold(const char *name, const struct limits *limits,
                 int (*write)(const struct limits *limits, FILE *to))
{
    char *bytes = NULL, path[128];
    size_t length = 0;
    FILE *to = open_memstream(&bytes, &length);

    assert_non_null(to);
    assert_int_equal(write(limits, to), 0);
    assert_int_equal(fclose(to), 0);
    snprintf(path, sizeof(path), "limits/%s", name);
    canned_golden(path, bytes, length);
    free(bytes);
}

static int json(const struct limits *limits, FILE *to)
{
    char *bytes;
    size_t length;
    int error = limits_to_text(limits, &bytes, &length);

    if (error)
        return error;
    fwrite(bytes, 1, length, to);
    free(bytes);
    return 0;
}

static void test_files(void **state)
{
    struct limits limits;

    (void)state;
    make(&limits, false);
    hold("limits.txt", &limits, report_limits_text);
    hold("limits.md", &limits, report_limits_markdown);
    hold("limits.tex", &limits, report_limits_latex);
    hold("limits.json", &limits, json);
    hold("limits.svg", &limits, report_limits_svg);
    release(&limits);
    make(&limits, true);
    hold("ladder.txt", &limits, report_limits_text);
    hold("ladder.svg", &limits, report_limits_svg);
    release(&limits);
}

static void test_identity_is_read_back(void **state)
{
    char root[] = "/tmp/mvm-test-limits-XXXXXX", path[64], matrix[SHA256_TEXT_ROOM], **read;
    struct limits limits;
    struct reason reason = {""};

    (void)state;
    assert_non_null(mkdtemp(root));
    assert_int_equal(limits_read_identity(root, matrix, &read, &reason), -ENOENT);
    make(&limits, false);
    assert_int_equal(limits_write(&limits, root, &reason), 0);
    assert_int_equal(limits_read_identity(root, matrix, &read, &reason), 0);
    assert_string_equal(matrix, limits.matrix);
    for (size_t i = 0; words[i]; i++)
        assert_string_equal(read[i], words[i]);
    assert_null(read[sizeof(words) / sizeof(words[0]) - 1]);
    free(read);
    release(&limits);
    snprintf(path, sizeof(path), "%s/limits.json", root);
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs("{\"schema\": \"mvm-limits/2\"}", file);
    fclose(file);
    assert_int_equal(limits_read_identity(root, matrix, &read, &reason), -EBADMSG);
    assert_non_null(strstr(reason.text, "mvm-limits/1"));
    unlink(path);
    rmdir(root);
}

static void test_figures(void **state)
{
    struct limits limits;
    struct limits_figures figures;

    (void)state;
    make(&limits, false);
    limits.rows[1].result.teardown.done = true;
    limits.rows[1].result.teardown.memory_left_bytes =
        0.03 * (double)host_memory_available(&limits.rows[1].result.baseline.reading.memory);
    limits_row_figures(&limits.rows[1], &figures);
    assert_int_equal(figures.vms, limits.rows[1].result.population.started);
    assert_true(figures.bytes_low < figures.bytes_per_vm && figures.bytes_per_vm < figures.bytes_high);
    assert_true(figures.left_percent > 2.99 && figures.left_percent < 3.01);
    assert_true(figures.wake_seconds > 0.0019 && figures.wake_seconds < 0.0021);
    double seconds = 0;

    for (size_t i = 0; i < limits.rows[1].result.interval_count; i++)
        seconds += limits.rows[1].result.intervals[i].grow_seconds;
    assert_true(seconds > 0);
    assert_true(figures.boots_per_second * seconds > 0.999 * (double)figures.vms &&
                figures.boots_per_second * seconds < 1.001 * (double)figures.vms);
    release(&limits);
}

static void test_repeats(void **state)
{
    struct limits limits;
    struct limits_repeats repeats;

    (void)state;
    make(&limits, false);
    assert_false(limits_repeats(&limits, 0, &repeats));
    limits.rows[1].number = 0;
    limits.rows[1].repeat = 1;
    limits.rows[0].result.population.started = 100;
    limits.rows[1].result.population.started = 104;
    assert_true(limits_repeats(&limits, 0, &repeats));
    assert_int_equal(repeats.count, 2);
    assert_true(repeats.vms.mean > 101.99 && repeats.vms.mean < 102.01);
    assert_true(repeats.vms.sd > 2.828 && repeats.vms.sd < 2.829);
    assert_int_equal(repeats.wake_seconds.n, 1); /* the first has none */
    hold("repeats.txt", &limits, report_limits_text);
    hold("repeats.json", &limits, json);
    release(&limits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_identity_is_read_back),
        cmocka_unit_test(test_figures),
        cmocka_unit_test(test_repeats),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
