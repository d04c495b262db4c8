/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables and pictures of canned results against the files in data/report; MVM_UPDATE_GOLDEN=1 writes them
 * anew. The canned results stand there as result.json too, for the tests of the commands. */
#include "base/reason.h"
#include "canned.h"
#include "report/report.h"
#include "report/text.h"
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

static char *svg_of(const struct report_run *runs, size_t count, size_t *ret_length)
{
    char *svg = NULL;
    FILE *to = open_memstream(&svg, ret_length);
    assert_int_equal(report_write_svg(runs, count, to), 0);
    assert_int_equal(fclose(to), 0);
    return svg;
}

static char *qos_of(const struct report_run *runs, size_t count, size_t *ret_length)
{
    char *svg = NULL;
    FILE *to = open_memstream(&svg, ret_length);
    assert_int_equal(report_write_qos_svg(runs, count, to), 0);
    assert_int_equal(fclose(to), 0);
    return svg;
}

static char *table_of(const struct report_run *runs, size_t count, size_t *ret_length)
{
    char *text = NULL;
    FILE *to = open_memstream(&text, ret_length);
    for (size_t i = 0; i < count; i++)
        report_print_run(&runs[i], to);
    report_print_summary(runs, count, to);
    assert_int_equal(fclose(to), 0);
    return text;
}

static void test_canned_files(void **state)
{
    (void)state;
    const struct canned *const canned[] = {&canned_sleep, &canned_tick};
    for (size_t i = 0; i < 2; i++) {
        struct result result;
        char name[64];
        canned_result(&result, canned[i]);
        json_t *json = result_to_json(&result);
        char *text = json_dumps(json, RESULT_JSON_FLAGS);
        size_t length = strlen(text);
        text = realloc(text, length + 2);
        memcpy(text + length, "\n", 2);
        snprintf(name, sizeof(name), "report/%s/result.json", canned[i]->guest);
        canned_golden(name, text, length + 1);
        free(text);
        json_decref(json);
        result_release(&result);
    }
}

/* As `mvm report` has it: written as JSON, where numbers have 15 digits, and read. */
static void canned_result_read(struct result *result, const struct canned *canned)
{
    struct result original;
    canned_result(&original, canned);
    json_t *json = result_to_json(&original);
    char *text = json_dumps(json, RESULT_JSON_FLAGS);
    assert_int_equal(result_from_text(result, text, strlen(text), NULL), 0);
    free(text);
    json_decref(json);
    result_release(&original);
}

/* The runs of a golden picture. */
struct golden {
    const char *name;
    size_t count;
    struct canned runs[3];
};

static const struct golden goldens[] = {
    {"sleep",
     1,
     {{.guest = "sleep",
       .intervals = 20,
       .step_vms = 16,
       .memory_bytes = 12.1e6,
       .cpu_percent = 0.002,
       .memory_limit = UINT64_C(4) << 30,
       .stopped_by = STOP_MEMORY}}},
    {"three",
     3,
     {{.guest = "sleep",
       .intervals = 20,
       .step_vms = 16,
       .memory_bytes = 12.1e6,
       .cpu_percent = 0.002,
       .memory_limit = UINT64_C(4) << 30,
       .stopped_by = STOP_MEMORY},
      {.guest = "tick",
       .intervals = 12,
       .step_vms = 16,
       .memory_bytes = 12.2e6,
       .cpu_percent = 0.47,
       .memory_limit = UINT64_C(4) << 30,
       .stopped_by = STOP_CPU},
      {.guest = "dir/<web> & \"co\"\n.img",
       .intervals = 9,
       .step_vms = 16,
       .memory_bytes = 20e6,
       .cpu_percent = 0.1,
       .stopped_by = STOP_INTERRUPT,
       .unprovable = true,
       .swapping = true}}},
    {"one-interval",
     1,
     {{.intervals = 1, .step_vms = 10, .memory_bytes = 12e6, .cpu_percent = 0.1, .stopped_by = STOP_MAX}}},
    {"hundred-million",
     1,
     {{.intervals = 20,
       .step_vms = 5000000,
       .memory_bytes = 70,
       .cpu_percent = 1e-7,
       .in_process = true,
       .stopped_by = STOP_MEMORY}}},
    {"unlike",
     2,
     {{.intervals = 15,
       .step_vms = 66667,
       .memory_bytes = 28.6,
       .cpu_percent = 1e-8,
       .in_process = true,
       .stopped_by = STOP_MAX},
      {.intervals = 10,
       .step_vms = 6,
       .memory_bytes = 12.1e6,
       .cpu_percent = 0.004,
       .stopped_by = STOP_MAX}}},
    {"empty", 1, {{.running = true}}},
};

static void test_goldens(void **state)
{
    (void)state;
    for (size_t g = 0; g < sizeof(goldens) / sizeof(goldens[0]); g++) {
        struct result results[3];
        struct report_run runs[3];
        char labels[3][REPORT_LABEL_ROOM], name[64];
        size_t length;
        for (size_t i = 0; i < goldens[g].count; i++) {
            canned_result_read(&results[i], &goldens[g].runs[i]);
            runs[i] =
                (struct report_run){.result = &results[i], .label = report_label(&results[i], labels[i])};
        }
        char *svg = svg_of(runs, goldens[g].count, &length);
        snprintf(name, sizeof(name), "report/%s.svg", goldens[g].name);
        canned_golden(name, svg, length);

        size_t again_length;
        char *again = svg_of(runs, goldens[g].count, &again_length);
        assert_string_equal(svg, again);
        free(again);
        free(svg);

        char *table = table_of(runs, goldens[g].count, &length);
        snprintf(name, sizeof(name), "report/%s.txt", goldens[g].name);
        canned_golden(name, table, length);
        free(table);
        for (size_t i = 0; i < goldens[g].count; i++)
            result_release(&results[i]);
    }
}

/* Three runs with a load: two classes, populations far apart; the table is of the first. */
static void test_quality_of_service(void **state)
{
    (void)state;
    static const struct canned canned[] = {
        {.guest = "sleep",
         .intervals = 8,
         .step_vms = 11,
         .memory_bytes = 12.1e6,
         .cpu_percent = 0.05,
         .memory_limit = UINT64_C(1) << 30,
         .load_rate = 500,
         .load_p50 = 0.0021,
         .stopped_by = STOP_LATENCY},
        {.guest = "sleep",
         .intervals = 10,
         .step_vms = 40,
         .memory_bytes = 2.4e6,
         .cpu_percent = 0.01,
         .memory_limit = UINT64_C(1) << 30,
         .load_rate = 500,
         .load_p50 = 0.0011,
         .stopped_by = STOP_MEMORY},
        {.guest = "sleep",
         .intervals = 20,
         .step_vms = 1500000,
         .memory_bytes = 30,
         .cpu_percent = 1e-8,
         .memory_limit = UINT64_C(1) << 30,
         .load_rate = 500,
         .load_p50 = 0.000031,
         .in_process = true,
         .stopped_by = STOP_MEMORY},
    };
    struct result results[3], without;
    struct report_run runs[3];
    char labels[3][REPORT_LABEL_ROOM];
    size_t length;

    for (size_t i = 0; i < 3; i++) {
        canned_result_read(&results[i], &canned[i]);
        runs[i] = (struct report_run){.result = &results[i], .label = report_label(&results[i], labels[i])};
    }
    char *svg = qos_of(runs, 3, &length);
    canned_golden("report/qos.svg", svg, length);
    free(svg);
    svg = qos_of(runs, 1, &length);
    canned_golden("report/qos-one.svg", svg, length);
    free(svg);
    char *table = table_of(runs, 1, &length), *rest = table, *line;
    canned_golden("report/qos.txt", table, length);
    while ((line = strsep(&rest, "\n")))
        assert_true(text_columns(line) <= 110);
    free(table);

    canned_result(&without, &canned_tick);
    runs[1].result = &without;
    assert_int_equal(report_write_qos_svg(runs, 2, stdout), -ENODATA);
    result_release(&without);
    for (size_t i = 0; i < 3; i++)
        result_release(&results[i]);
}

/* What no result may do to a picture or a table: break the XML, send terminal sequences, pass 110 columns. */
static void test_hostile_texts(void **state)
{
    (void)state;
    struct result result;
    size_t length;
    canned_result(&result, &canned_tick);
    snprintf(result.engine.name, sizeof(result.engine.name), "<script>&\x1b[2J\xff\xef\xbf\xbf]]>");
    memset(result.stop_reason, 'x', sizeof(result.stop_reason) - 1);
    memset(result.host.cpu_model, '<', sizeof(result.host.cpu_model) - 1);
    memset(result.population.last_failure, '\xe2', sizeof(result.population.last_failure) - 1);
    const struct report_run run = {.result = &result, .label = "a\n<b>\x1b[0m & 'c' \"d\" \xff"};

    char *svg = svg_of(&run, 1, &length);
    assert_int_equal(strlen(svg), length);
    assert_null(strstr(svg, "<b>"));
    assert_null(strstr(svg, "<script>"));
    assert_null(strchr(svg, '\x1b'));
    assert_null(strchr(svg, '\xff'));
    assert_non_null(strstr(svg, "a &lt;b&gt;"));
    free(svg);

    char *table = table_of(&run, 1, &length);
    assert_null(strchr(table, '\x1b'));
    free(table);
    result_release(&result);
}

static void test_hostile_numbers(void **state)
{
    (void)state;
    static const double numbers[] = {NAN, INFINITY, -INFINITY, 1e308, -1e308, 5e-324, -5};
    struct result result;
    const struct report_run run = {.result = &result, .label = "hostile"};
    size_t length;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        canned_result(&result, &canned_tick);
        for (size_t n = 0; n < result.interval_count; n += 2) {
            result.intervals[n].vms = n == 4 ? UINT64_MAX : result.intervals[n].vms;
            result.intervals[n].percent[RESOURCE_CPU].mean = numbers[i];
            result.intervals[n].percent[RESOURCE_MEMORY].ci95 = numbers[i];
            result.intervals[n].memory_taken.mean = numbers[i];
            result.intervals[n].boot.median = numbers[i];
            result.intervals[n].load_known = true;
            result.intervals[n].load = (struct result_load){.p50 = numbers[i],
                                                            .p99 = n == 4 ? 0.001 : numbers[i],
                                                            .p999 = 0.01,
                                                            .throughput = numbers[i]};
        }
        result.plan.threshold_percent = numbers[i];
        result.plan.load.rate = result.plan.load.latency_limit = numbers[i];
        result.plan.cpu_limit = numbers[i];
        result.started_at = result.ended_at = numbers[i];
        result.per_vm.memory_bytes.value = result.per_vm.memory_bytes.low = numbers[i];
        result.per_vm.cpu_percent_of_host.high = result.per_vm.boot_seconds_median = numbers[i];
        result.memory_accounting.taken = result.memory_accounting.slab = numbers[i];
        result.harness.memory_bytes = result.harness.cpu_percent_of_core = numbers[i];
        result.per_vm.own_memory_bytes =
            (struct slope){.known = true, .value = numbers[i], .high = numbers[i]};
        result_counter_set(&result.engine.counters, "counted", numbers[i]);
        char *svg = svg_of(&run, 1, &length);
        assert_null(strstr(svg, "nan"));
        assert_null(strstr(svg, "\"inf"));
        free(svg);
        svg = qos_of(&run, 1, &length);
        assert_null(strstr(svg, "nan"));
        assert_null(strstr(svg, "\"inf"));
        free(svg);
        free(table_of(&run, 1, &length));
        result_release(&result);
    }
}

static void test_table_width(void **state)
{
    (void)state;
    enum { RUNS = 4 };
    struct result results[RUNS];
    struct report_run runs[RUNS];
    char labels[RUNS][REPORT_LABEL_ROOM];
    size_t length;
    for (size_t i = 0; i < RUNS; i++) {
        /* The last one is the widest: a hundred million VMs in one process. */
        canned_result(&results[i], i < 3 ? &goldens[1].runs[i] : &goldens[3].runs[0]);
        runs[i] = (struct report_run){.result = &results[i], .label = report_label(&results[i], labels[i])};
    }
    char *table = table_of(runs, RUNS, &length), *rest = table, *line;
    while ((line = strsep(&rest, "\n")))
        if (text_columns(line) > 110)
            fail_msg("a line of %zu columns: %s", text_columns(line), line);
    free(table);
    for (size_t i = 0; i < RUNS; i++)
        result_release(&results[i]);
}

/* A run in a laboratory says so in its table, in the summary and in the picture, and only such a run does. */
static void test_emulated_host(void **state)
{
    (void)state;
    for (int emulated = 0; emulated < 2; emulated++) {
        struct result result;
        char label[REPORT_LABEL_ROOM];
        size_t length;

        canned_result(&result, &canned_sleep);
        result.host.emulated = emulated;

        const struct report_run run = {.result = &result, .label = report_label(&result, label)};
        char *table = table_of(&run, 1, &length), *svg = svg_of(&run, 1, &length);

        assert_int_equal(strstr(label, ", emulated host") != NULL, emulated);
        assert_int_equal(strstr(table, "not those of hardware") != NULL, emulated);
        assert_int_equal(strstr(svg, "not those of hardware") != NULL, emulated);
        free(table);
        free(svg);
        result_release(&result);
    }
}

static void test_too_many_runs(void **state)
{
    (void)state;
    struct result result;
    struct report_run runs[9];
    canned_result(&result, &canned_tick);
    for (size_t i = 0; i < 9; i++)
        runs[i] = (struct report_run){.result = &result, .label = "the same"};
    size_t length;
    free(svg_of(runs, 8, &length));
    assert_int_equal(report_write_svg(runs, 9, stdout), -EINVAL);
    assert_int_equal(report_write_svg(runs, 0, stdout), -EINVAL);
    result_release(&result);
}

static void test_words(void **state)
{
    (void)state;
    char text[TEXT_ROOM], label[REPORT_LABEL_ROOM];
    assert_string_equal(text_duration(0.523, text), "0.52 s");
    assert_string_equal(text_duration(723, text), "12 min 3 s");
    assert_string_equal(text_duration(0, text), "0 s");
    assert_string_equal(text_duration(1.4e-6, text), "1.4 us");
    assert_string_equal(text_duration(640e-9, text), "640 ns");
    assert_string_equal(text_duration(0.9999e-6, text), "1.0 us");
    assert_string_equal(text_duration(0.0262, text), "26 ms");
    assert_string_equal(text_duration(0.1, text), "0.10 s");
    assert_string_equal(text_duration(12000, text), "3 h 20 min");
    assert_string_equal(text_duration(NAN, text), "unknown");
    assert_string_equal(text_date(1735786800, text), "2025-01-02 03:00:00 UTC");
    assert_string_equal(text_date(INFINITY, text), "unknown");
    assert_string_equal(text_clean("ab\xc3\xbc", text, 4), "ab");
    assert_string_equal(text_clean("\x1b\xc2\x9b \xff", text, sizeof(text)), "   ?");
    assert_string_equal(
        text_memory_slope(
            &(struct slope){.known = true, .value = 12 << 20, .low = 11 << 20, .high = 13 << 20}, text),
        "12.0 MiB (11.0 to 13.0)");
    assert_string_equal(
        text_memory_slope(
            &(struct slope){.known = true, .value = 1 << 20, .low = 1000 << 10, .high = 1 << 20}, text),
        "1.00 MiB (1000 KiB to 1.00 MiB)");

    struct result result;
    canned_result(&result, &canned_sleep);
    assert_string_equal(report_label(&result, label), "qemu sleep, share 4.00 GiB");
    result.plan.cpu_limit = 1.5;
    assert_string_equal(report_label(&result, label), "qemu sleep, share 4.00 GiB, 1.5 CPUs");
    snprintf(result.image.name, sizeof(result.image.name), "/some/where/boot.img");
    result.plan.cpu_limit = 0;
    result.plan.memory_limit_bytes = 0;
    assert_string_equal(report_label(&result, label), "qemu boot.img");
    result_release(&result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_canned_files),       cmocka_unit_test(test_goldens),
        cmocka_unit_test(test_quality_of_service), cmocka_unit_test(test_hostile_texts),
        cmocka_unit_test(test_hostile_numbers),    cmocka_unit_test(test_table_width),
        cmocka_unit_test(test_too_many_runs),      cmocka_unit_test(test_words),
        cmocka_unit_test(test_emulated_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
