/* SPDX-License-Identifier: GPL-3.0-or-later */
/* result.json: what is written is read, names that scripts rely on are there, damaged files are told apart.
 */
#include "base/reason.h"
#include "canned.h"
#include "result/json.h"
#include "result/number.h"
#include "result/samples.h"
#include "result/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *text_of(const struct result *result)
{
    json_t *json = result_to_json(result);
    assert_non_null(json);
    char *text = json_dumps(json, RESULT_JSON_FLAGS);
    json_decref(json);
    assert_non_null(text);
    return text;
}

static void assert_round_trip(const struct result *result)
{
    struct result again;
    struct reason reason = {.text = ""};
    char *first = text_of(result);
    int r = result_from_text(&again, first, strlen(first), &reason);
    assert_string_equal(reason.text, "");
    assert_int_equal(r, 0);
    char *second = text_of(&again);
    assert_string_equal(first, second);
    free(first);
    free(second);
    result_release(&again);
}

static void test_round_trip(void **state)
{
    (void)state;
    const struct canned kinds[] = {
        canned_sleep,
        canned_tick,
        {.intervals = 0, .running = true},
        {.intervals = 1, .step_vms = 10, .stopped_by = STOP_MAX, .unprovable = true, .swapping = true},
        {.intervals = 300, .step_vms = 1, .stopped_by = STOP_INTERRUPT},
        {.intervals = 4, .step_vms = 5000000, .memory_bytes = 30, .in_process = true, .stopped_by = STOP_MAX},
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct result result;
        canned_result(&result, &kinds[i]);
        assert_round_trip(&result);
        result_release(&result);
    }
}

static void test_zeroed_round_trip(void **state)
{
    (void)state;
    struct result result;
    result_init(&result);
    assert_round_trip(&result);
    result_release(&result);
}

static void test_extremes_round_trip(void **state)
{
    (void)state;
    static const double numbers[] = {NAN, INFINITY, -INFINITY, 1.7976931348623157e308, 5e-324, -0.0,
                                     0.1, 1e22,     1.0 / 3};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct result result;
        canned_result(&result, &canned_tick);
        result.intervals[3].percent[RESOURCE_CPU].mean = numbers[i];
        result.per_vm.memory_bytes.low = numbers[i];
        result.per_vm.memory_bytes.r2 = numbers[i];
        result.per_vm.cpu_percent_of_host.value = numbers[i];
        result.harness.memory_bytes = numbers[i];
        result.seed = UINT64_MAX;
        result.teardown.tasks_left = INT64_MIN;
        snprintf(result.stop_reason, sizeof(result.stop_reason),
                 "bytes \xff\xc0\x80, \"quotes\", \n\t\x01, and ü");
        memset(result.command_line, 0xe2, sizeof(result.command_line)); /* no UTF-8, no NUL at its end */
        assert_round_trip(&result);
        result_release(&result);
    }
}

static void test_values_survive(void **state)
{
    (void)state;
    struct result result, again;
    canned_result(&result, &canned_sleep);
    char *text = text_of(&result);
    assert_int_equal(result_from_text(&again, text, strlen(text), NULL), 0);
    assert_int_equal(again.interval_count, 20);
    assert_int_equal(again.intervals[19].vms, 320);
    assert_int_equal(again.stopped_by, STOP_MEMORY);
    assert_true(again.population.provable);
    assert_true(again.per_vm.memory_bytes.known);
    assert_true(again.seed == UINT64_C(0xfedcba9876543210));
    assert_true(again.limits.own_files == UINT64_MAX);
    assert_int_equal(again.engine.options.count, 2);
    assert_string_equal(again.engine.options.items[0].name, "machine");
    assert_int_equal(again.host.mitigation_count, 2);
    assert_string_equal(again.host.mitigations[1].state, "Not affected");
    assert_true(host_fingerprint_alike(&result.host, &again.host));
    free(text);
    result_release(&result);
    result_release(&again);
}

/* The value at a path such as "intervals[0].cpu.mean", or NULL. */
static json_t *at(json_t *json, const char *path)
{
    char name[64];
    while (json && *path) {
        if (*path == '[') {
            json = json_array_get(json, strtoul(path + 1, NULL, 10));
            path += strcspn(path, "]") + 1;
        } else {
            path += *path == '.';
            size_t length = strcspn(path, ".[");
            snprintf(name, sizeof(name), "%.*s", (int)length, path);
            json = json_object_get(json, name);
            path += length;
        }
    }
    return json;
}

static void test_required_names(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        json_type type;
    } names[] = {
        {"schema", JSON_STRING},
        {"state", JSON_STRING},
        {"engine.name", JSON_STRING},
        {"engine.class", JSON_STRING},
        {"image.sha256", JSON_STRING},
        {"population.started", JSON_INTEGER},
        {"population.alive", JSON_INTEGER},
        {"population.asked", JSON_INTEGER},
        {"population.liveness", JSON_STRING},
        {"stopped_by", JSON_STRING},
        {"per_vm.memory_bytes", JSON_REAL},
        {"per_vm.memory_bytes_ci95[1]", JSON_REAL},
        {"per_vm.cpu_percent_of_host", JSON_REAL},
        {"per_vm.cpu_percent_of_host_ci95[0]", JSON_REAL},
        {"intervals[0].vms", JSON_INTEGER},
        {"intervals[0].cpu.mean", JSON_REAL},
        {"intervals[0].cpu.sd", JSON_REAL},
        {"intervals[0].cpu.ci95", JSON_REAL},
        {"intervals[0].cpu.n", JSON_INTEGER},
        {"intervals[0].memory.mean", JSON_REAL},
        {"intervals[0].swap", JSON_NULL},
        {"memory_accounting.taken", JSON_REAL},
        {"memory_accounting.anonymous", JSON_REAL},
        {"memory_accounting.unexplained", JSON_REAL},
    };
    struct result result;
    canned_result(&result, &canned_sleep);
    json_t *json = result_to_json(&result);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        json_t *value = at(json, names[i].path);
        if (!value || json_typeof(value) != names[i].type)
            fail_msg("%s is missing or of another type", names[i].path);
    }
    assert_string_equal(json_string_value(at(json, "schema")), "mvm-result/1");
    assert_string_equal(json_string_value(at(json, "state")), "done");
    assert_string_equal(json_string_value(at(json, "stopped_by")), "memory");
    assert_string_equal(json_string_value(at(json, "population.liveness")), "proven");

    /* The percentages are under the names that the rest of the program uses. */
    for (int r = 0; r < RESOURCE_COUNT; r++)
        assert_non_null(json_object_get(at(json, "intervals[0]"), resource_name((enum resource)r)));
    json_decref(json);
    result_release(&result);
}

static void test_nulls(void **state)
{
    (void)state;
    struct result result;
    canned_result(&result,
                  &(struct canned){.intervals = 2, .step_vms = 5, .running = true, .unprovable = true});
    json_t *json = result_to_json(&result);
    static const char *const nulls[] = {
        "stopped_by",          "population.alive",         "population.asked",
        "per_vm.memory_bytes", "per_vm.memory_bytes_ci95", "per_vm.cpu_percent_of_host"};
    for (size_t i = 0; i < sizeof(nulls) / sizeof(nulls[0]); i++)
        assert_true(json_is_null(at(json, nulls[i])));
    assert_string_equal(json_string_value(at(json, "state")), "running");
    assert_string_equal(json_string_value(at(json, "population.liveness")), "not proven");
    json_decref(json);
    result_release(&result);
}

/* The guests of a mix come back from the file; a result of one guest has none. */
static void test_mix(void **state)
{
    (void)state;
    struct result result, read;
    struct reason reason = {.text = ""};
    canned_result(&result,
                  &(struct canned){.intervals = 1, .step_vms = 5, .load_rate = 100, .load_p50 = 0.001});
    json_t *json = result_to_json(&result);
    assert_true(json_is_null(at(json, "image.mix")));
    json_decref(json);

    result.image.mixed = true;
    for (int i = 0; i < 3; i++) {
        struct result_part *part = result_add_part(&result);
        assert_non_null(part);
        snprintf(part->guest, sizeof(part->guest), "load:%d", 10 * i);
        part->share = 0.25 * (i + 1);
        memset(part->sha256, 'a' + i, sizeof(part->sha256) - 1);
    }
    json = result_to_json(&result);
    assert_int_equal(result_from_json(&read, json, &reason), 0);
    assert_true(read.image.mixed);
    assert_int_equal(read.image.part_count, 3);
    assert_string_equal(read.image.parts[2].guest, "load:20");
    assert_true(read.image.parts[1].share == 0.5);
    assert_string_equal(read.image.parts[1].sha256, result.image.parts[1].sha256);
    assert_true(read.plan.load_known && read.intervals[0].load_known);
    assert_true(read.plan.load.rate == 100 && read.intervals[0].load.rate == 100);
    assert_int_equal(read.intervals[0].load.due, 500);
    assert_true(read.intervals[0].known[RESOURCE_LATENCY] && !read.intervals[0].known[RESOURCE_NETWORK]);
    json_decref(json);
    result_release(&read);
    result_release(&result);
}

static void test_stop_names(void **state)
{
    (void)state;
    assert_null(stop_name(STOP_NOT_YET));
    assert_null(stop_name(STOP_COUNT));
    for (enum stop stop = STOP_NOT_YET + 1; stop < STOP_COUNT; stop++)
        assert_non_null(stop_name(stop));
    for (enum resource resource = 0; resource < RESOURCE_COUNT; resource++)
        assert_string_equal(stop_name(stop_of_resource(resource)), resource_name(resource));
}

/* Changes to the file, and the sentence that must name them. */
static void test_damaged(void **state)
{
    (void)state;
    static const struct {
        const char *path, *json, *sentence;
    } cases[] = {
        {"schema", "\"mvm-result/2\"", ".schema is not \"mvm-result/1\""},
        {"schema", "7", ".schema is not \"mvm-result/1\""},
        {"schema", NULL, ".schema is missing"},
        {"engine", "[]", ".engine is not an object"},
        {"engine.name", "null", ".engine.name is not a text"},
        {"engine.class", "\"AB\"", ".engine.class is longer than 1 bytes"},
        {"engine.options", "{\"a\":{}}", ".engine.options.a is not a text"},
        {"engine.counters", "[]", ".engine.counters is not an object"},
        {"engine.counters", "{\"a\":\"1\"}", ".engine.counters.a is not a number"},
        {"engine.options", "{\"\\u001b[2J\":1}", ".engine.options.?[2J is not a text"},
        {"image.sha256", NULL, ".image.sha256 is missing"},
        {"population.started", "-1", ".population.started is negative"},
        {"population.started", "\"12x\"", ".population.started is not a whole number"},
        {"population.started", "\"99999999999999999999999\"", ".population.started is out of range"},
        {"population.alive", "1.5", ".population.alive is not a whole number"},
        {"population.alive", "null", ".population.alive is null"},
        {"population.liveness", "\"perhaps\"", ".population.liveness is not one of the words known for it"},
        {"stopped_by", "\"boredom\"", ".stopped_by is not one of the words known for it"},
        {"stopped_by", "3", ".stopped_by is not one of the words known for it"},
        {"per_vm.memory_bytes", "\"much\"", ".per_vm.memory_bytes is not a number"},
        {"per_vm.memory_bytes_ci95", "[1]", ".per_vm.memory_bytes_ci95 is not an array of two numbers"},
        {"per_vm.memory_bytes_ci95", "[1, \"x\"]", ".per_vm.memory_bytes_ci95 is not a number"},
        {"intervals", "{}", ".intervals is not an array"},
        {"intervals", "[1]", ".intervals[0] is not an object"},
        {"intervals[3].vms", "2.5", ".intervals[3].vms is not a whole number"},
        {"intervals[3].vms", "-2", ".intervals[3].vms is negative"},
        {"intervals[3].vms", NULL, ".intervals[3].vms is missing"},
        {"intervals[3].cpu", "[]", ".intervals[3].cpu is not an object"},
        {"intervals[3].cpu.n", "4294967296", ".intervals[3].cpu.n is out of range"},
        {"intervals[3].settled", "0", ".intervals[3].settled is not true or false"},
        {"harness.oom_score_adj", "3000000000", ".harness.oom_score_adj is out of range"},
        {"host.mitigations", "7", ".host.mitigations is not an object"},
        {"memory_accounting", NULL, ".memory_accounting is missing"},
    };
    struct result result;
    canned_result(&result, &canned_tick);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *json = result_to_json(&result);
        const char *dot = strrchr(cases[i].path, '.');
        char parent[64];
        snprintf(parent, sizeof(parent), "%.*s", dot ? (int)(dot - cases[i].path) : 0, cases[i].path);
        json_t *object = at(json, parent);
        const char *name = dot ? dot + 1 : cases[i].path;
        assert_non_null(json_object_get(object, name));
        if (cases[i].json)
            json_object_set_new(object, name, json_loads(cases[i].json, JSON_DECODE_ANY, NULL));
        else
            json_object_del(object, name);

        struct result read;
        struct reason reason = {.text = ""};
        assert_int_equal(result_from_json(&read, json, &reason), -22);
        assert_string_equal(reason.text, cases[i].sentence);
        assert_int_equal(read.interval_count, 0);
        assert_null(read.intervals);
        json_decref(json);
    }
    result_release(&result);
}

static void test_truncated(void **state)
{
    (void)state;
    struct result result, read;
    canned_result(&result, &(struct canned){.intervals = 2, .step_vms = 4, .stopped_by = STOP_MAX});
    char *text = text_of(&result);
    size_t length = strlen(text);
    for (size_t cut = 0; cut < length; cut += 7) {
        struct reason reason = {.text = ""};
        char *part = malloc(cut + 1); /* of its very size, so that a read past the end is seen */
        memcpy(part, text, cut);
        assert_true(result_from_text(&read, part, cut, &reason) < 0);
        assert_true(reason.text[0] != '\0');
        free(part);
    }
    free(text);
    result_release(&result);
}

static void test_hostile_shapes(void **state)
{
    (void)state;
    struct result read;
    struct reason reason;
    /* A million brackets, and too many intervals. */
    size_t length = 1000000;
    char *deep = malloc(length);
    memset(deep, '[', length);
    assert_true(result_from_text(&read, deep, length, &reason) < 0);
    free(deep);

    struct result result;
    canned_result(&result, &canned_tick);
    json_t *json = result_to_json(&result);
    json_t *first = at(json, "intervals[0]");
    for (int i = 0; i < 10001; i++)
        json_array_append(at(json, "intervals"), first);
    assert_true(result_from_json(&read, json, &reason) < 0);
    assert_string_equal(reason.text, ".intervals has too many elements");
    json_decref(json);
    result_release(&result);

    static const char *const others[] = {"",
                                         "7",
                                         "null",
                                         "[]",
                                         "\"text\"",
                                         "{}",
                                         "{\"schema\":\"mvm-result/1\"}",
                                         "{\"schema\":\"mvm-result/1\",\"schema\":\"mvm-result/1\"}",
                                         "\xff\xfe"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        reason.text[0] = '\0';
        assert_true(result_from_text(&read, others[i], strlen(others[i]), &reason) < 0);
        assert_true(reason.text[0] != '\0');
    }
}

static void test_files(void **state)
{
    (void)state;
    char directory[] = "/tmp/mvm-test-result-XXXXXX", path[128];
    struct reason reason = {.text = ""};
    struct result result, read;
    assert_non_null(mkdtemp(directory));
    canned_result(&result, &canned_sleep);
    assert_int_equal(result_write(&result, directory, &reason), 0);
    assert_int_equal(result_read(&read, directory, &reason), 0);
    result_release(&read);
    snprintf(path, sizeof(path), "%s/result.json", directory);
    assert_int_equal(result_read(&read, path, &reason), 0);
    result_release(&read);
    unlink(path);
    assert_true(result_read(&read, directory, &reason) < 0);
    assert_non_null(strstr(reason.text, "result.json"));
    assert_true(result_write(&result, "/nonexistent/directory", &reason) < 0);
    rmdir(directory);
    result_release(&result);
}

static void test_samples(void **state)
{
    (void)state;
    char directory[] = "/tmp/mvm-test-samples-XXXXXX", path[128];
    struct samples *samples = NULL;
    struct host_reading reading = {.unix_seconds = 1735786800.25, .memory.available = UINT64_C(1) << 33};
    struct host_usage usage = {.cpu_busy = 12.5, .psi_io_some = NAN};
    char *text = NULL;
    size_t length = 0;

    usage.known[RESOURCE_CPU] = true;
    usage.percent[RESOURCE_CPU] = 12.5;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/samples.csv", directory);
    assert_int_equal(samples_open(&samples, directory, NULL), 0);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(samples_add(samples, i / 10, 16 * (i / 10 + 1), &reading, &usage), 0);
    assert_int_equal(file_read(path, 1 << 20, &text, &length, NULL), 0);
    assert_ptr_equal(strchr(text, '\n'), text + length - 1); /* nothing but the names until the flush */
    free(text);
    assert_int_equal(samples_flush(samples, NULL), 0);
    assert_int_equal(samples_flush(samples, NULL), 0);
    samples_close(samples);
    samples_close(NULL);

    assert_int_equal(file_read(path, 1 << 20, &text, &length, NULL), 0);
    size_t lines = 0, commas = 0, wanted = 0;
    for (const char *c = text; *c; c++) {
        commas += *c == ',';
        if (*c == '\n') {
            wanted = lines == 0 ? commas : wanted;
            assert_int_equal(commas, wanted);
            commas = 0;
            lines++;
        }
    }
    assert_int_equal(lines, 101);
    assert_memory_equal(text, "interval,vms,unix_seconds,cpu_percent,memory_percent,swap_percent,", 66);
    const char *first = strchr(text, '\n') + 1;
    assert_memory_equal(first, "0,16,1735786800.25,12.5,,,", 26);
    free(text);
    unlink(path);
    rmdir(directory);
}

static void test_facts(void **state)
{
    (void)state;
    struct result result;
    result_init(&result);
    for (int i = 0; i < 100; i++) {
        char name[16];
        snprintf(name, sizeof(name), "%d", i % 50);
        assert_int_equal(result_facts_add(&result.engine.options, name, i < 50 ? "old" : "new"), 0);
    }
    assert_int_equal(result.engine.options.count, 50);
    assert_string_equal(result.engine.options.items[49].value, "new");
    result_release(&result);
    assert_int_equal(result.engine.options.count, 0);
    result_release(&result);
}

/* Whole numbers stay whole in the file, up to where doubles are. */
static void test_counters(void **state)
{
    (void)state;
    struct result result;
    canned_result(&result, &(struct canned){.intervals = 3, .step_vms = 1000000, .in_process = true});
    assert_int_equal(result_counter_set(&result.engine.counters, "boots", 9007199254740992.0), 0);
    assert_int_equal(result_counter_set(&result.engine.counters, "boots", 12), 0);
    json_t *json = result_to_json(&result);
    assert_true(json_is_integer(at(json, "engine.counters.boots")));
    assert_int_equal(json_integer_value(at(json, "engine.counters.boots")), 12);
    assert_true(json_is_real(at(json, "engine.counters.share")));
    assert_true(json_is_object(at(json, "intervals[0].own_memory_bytes")));
    assert_true(json_is_real(at(json, "per_vm.own_memory_bytes")));
    json_decref(json);
    result_release(&result);

    canned_result(&result, &canned_sleep);
    json = result_to_json(&result);
    assert_true(json_is_null(at(json, "intervals[0].own_memory_bytes")));
    assert_true(json_is_null(at(json, "intervals[0].own_cpu")));
    assert_true(json_is_null(at(json, "per_vm.own_memory_bytes")));
    json_decref(json);
    result_release(&result);
}

static void test_numbers(void **state)
{
    (void)state;
    char text[NUMBER_ROOM];
    assert_string_equal(number_fixed(-0.001, 2, text), "0.00");
    assert_string_equal(number_fixed(-1.5, 1, text), "-1.5");
    assert_string_equal(number_fixed(INFINITY, 1, text), "inf");
    assert_string_equal(number_plain(0.00123456, 3, text), "0.00123");
    assert_string_equal(number_plain(0.00001234, 3, text), "1.23e-05");
    assert_string_equal(number_plain(9.996, 3, text), "10.0");
    assert_string_equal(number_plain(123456, 3, text), "123456");
    assert_string_equal(number_plain(0, 3, text), "0");
    assert_string_equal(number_grouped(0, text), "0");
    assert_string_equal(number_grouped(1234567, text), "1,234,567");
    assert_string_equal(number_grouped(UINT64_MAX, text), "18,446,744,073,709,551,615");
}

static void test_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t length;
    } cases[] = {
        {"a", 1},
        {"\xc3\xbc", 2},
        {"\xe2\x82\xac", 3},
        {"\xf0\x9f\x98\x80", 4},
        {"\x80", 0},
        {"\xc0\x80", 0},
        {"\xc3", 0},
        {"\xed\xa0\x80", 0},
        {"\xe0\x80\x80", 0},
        {"\xf4\x90\x80\x80", 0},
        {"\xff", 0},
        {"\xc3(", 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(utf8_sequence(cases[i].bytes, strlen(cases[i].bytes)), cases[i].length);
    char *clean = utf8_clean("a\xff\xc3\xbc\0z", 6);
    assert_memory_equal(clean, "a?\xc3\xbc?z", 7);
    free(clean);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_zeroed_round_trip),
        cmocka_unit_test(test_extremes_round_trip),
        cmocka_unit_test(test_values_survive),
        cmocka_unit_test(test_required_names),
        cmocka_unit_test(test_nulls),
        cmocka_unit_test(test_mix),
        cmocka_unit_test(test_stop_names),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_hostile_shapes),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_counters),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
