/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Results of VMs on several hosts: kept, tabulated, drawn. MVM_UPDATE_GOLDEN=1 writes the pictures. */
#include "canned.h"

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

#include "base/reason.h"
#include "host/process_mark.h"
#include "near.h"
#include "report/hosts.h"
#include "report/report.h"
#include "report/text.h"
#include "result/json.h"
#include "study/scale_run.h"

/* Ten hosts, of which the third has few vCPUs; the last tells nothing of what it gives away. */
static void several_hosts(struct result *result)
{
    canned_result(result, &(struct canned){.intervals = 5, .step_vms = 30, .memory_bytes = 3e6});
    for (unsigned h = 0; h < 10; h++) {
        char name[32];

        snprintf(name, sizeof(name), h == 4 ? "compute-%u<&\x1b" : "compute-%u", h);
        struct result_host *host = result_host(result, name);
        assert_non_null(host);
        assert_ptr_equal(result_host(result, name), host);
        for (unsigned i = 1; i <= 5; i++) {
            struct result_host_point *point = result_add_host_point(host);
            uint64_t vms = h == 2 && i >= 3 ? 8 : 3 * i;

            assert_non_null(point);
            *point = (struct result_host_point){
                .vms_of_all = 30 * i,
                .vms = vms,
                .percent = {h == 9 ? NAN : (double)vms / (h == 2 ? 0.08 : 2 + h), h == 9 ? NAN : 0.5, NAN},
            };
        }
        if (h == 9)
            continue;
        host->vcpus = h == 2 ? 8 : 200 + 100 * h;
        host->memory_bytes = 16.0 * (1 << 30);
    }
    result->first_host.known = true;
    snprintf(result->first_host.name, sizeof(result->first_host.name), "compute-2");
    result->first_host.resource = ALLOTMENT_CPU;
    result->first_host.percent = 100;
    result->first_host.vms = 8;
    result->first_host.vms_of_all = 90;
    snprintf(result->hosts_unknown, sizeof(result->hosts_unknown), "Placement was away");
    result->stopped_by = STOP_HOSTS;
}

/* The same where hosts are read: but the last, and one that is away from the third interval on. */
static void used_hosts(struct result *result)
{
    several_hosts(result);
    for (unsigned h = 0; h < 9; h++) {
        struct result_host *host = &result->hosts[h];

        host->node_known = true;
        host->node =
            (struct result_node){.cpus = 8, .memory_bytes = UINT64_C(64) << 30, .empty_cpu = {3, 1, 0.5, 10}};
        snprintf(host->node.source, sizeof(host->node.source), "ssh://root@compute-%u", h);
        host->per_vm.memory_bytes =
            (struct slope){.known = true, .value = 3e6 + h, .low = 2e6, .high = 4e6, .r2 = 1};
        for (size_t i = 0; i < host->point_count; i++) {
            struct result_host_point *point = &host->points[i];

            if (h == 1 && i >= 2)
                continue;
            point->use_known = true;
            point->use.known[RESOURCE_CPU] = point->use.known[RESOURCE_MEMORY] = true;
            point->use.percent[RESOURCE_CPU] = (struct statistic){3 + 2.0 * h + (double)i, 1, 0.7, 10};
            point->use.percent[RESOURCE_MEMORY] = (struct statistic){10 + 9.0 * h + (double)i, 0.1, 0.07, 10};
            point->use.memory_taken = (struct statistic){3e6 * (double)point->vms, 1e4, 7e3, 10};
        }
    }
    result->hosts[1].node.missed = 30;
    snprintf(result->hosts[1].unknown, sizeof(result->hosts[1].unknown),
             "ssh://root@compute-1: Connection reset\x1b[31m by peer");
    snprintf(result->hosts[9].unknown, sizeof(result->hosts[9].unknown), "--node-metrics does not name it");
    result->first_host_used.known = true;
    snprintf(result->first_host_used.name, sizeof(result->first_host_used.name), "compute-8");
    result->first_host_used.resource = RESOURCE_MEMORY;
    result->first_host_used.percent = 91.25;
    result->first_host_used.vms = 15;
    result->first_host_used.vms_of_all = 150;
    result->cloud_known = true;
    result->cloud.hosts = 9;
    result->cloud.cpus = 72;
    result->cloud.per_vm.cpu_percent_of_cloud =
        (struct slope){.known = true, .value = 0.125, .low = 0.1, .high = 0.2, .r2 = 1};
    for (unsigned i = 1; i <= 5; i++) {
        struct result_cloud_point *point = result_add_cloud_point(&result->cloud);

        *point = (struct result_cloud_point){
            .vms = 30 * i, .hosts = i < 3 ? 9 : 8, .memory_taken = 9e7 * i, .percent = {5 + i, 46 + i, NAN}};
    }
}

static void test_used_kept(void **state)
{
    struct result result, read;
    struct reason reason;

    (void)state;
    used_hosts(&result);
    json_t *json = result_to_json(&result), *again;
    assert_int_equal(result_from_json(&read, json, &reason), 0);
    assert_true(read.cloud_known);
    assert_int_equal(read.cloud.point_count, 5);
    assert_int_equal(read.cloud.points[4].hosts, 8);
    assert_true(isnan(read.cloud.points[4].percent[CLOUD_SWAP]));
    assert_false(read.cloud.per_vm.memory_bytes.known);
    assert_true(read.cloud.per_vm.cpu_percent_of_cloud.known);
    assert_false(read.hosts[9].node_known);
    assert_true(read.hosts[1].node_known);
    assert_false(read.hosts[1].points[2].use_known);
    assert_int_equal(read.hosts[1].node.missed, 30);
    assert_int_equal(read.first_host_used.resource, RESOURCE_MEMORY);
    assert_false(read.hosts[0].points[0].use.known[RESOURCE_SWAP]);
    assert_true(read.hosts[3].points[4].use.percent[RESOURCE_MEMORY].mean == 41);
    again = result_to_json(&read);
    assert_true(json_equal(json, again));
    json_decref(again);
    result_release(&read);
    json_decref(json);
    result_release(&result);
}

/* What all hosts together use, past the threshold, ends a run; at it, it does not. */
static void test_judged(void **state)
{
    struct result result;
    struct scale_plan plan = {.threshold_percent = 90};
    struct run run = {.plan = &plan, .result = &result};

    (void)state;
    used_hosts(&result);
    result.hosts[2].points[4].percent[ALLOTMENT_CPU] = 0;
    result.stopped_by = STOP_NOT_YET;
    result.cloud.points[4].percent[CLOUD_MEMORY] = 90;
    run_judge_hosts(&run);
    assert_int_equal(result.stopped_by, STOP_NOT_YET);
    result.cloud.points[3].percent[CLOUD_CPU] = 99; /* of an earlier interval */
    run_judge_hosts(&run);
    assert_int_equal(result.stopped_by, STOP_NOT_YET);
    result.cloud.points[4].percent[CLOUD_CPU] = 90.2;
    result.cloud.points[4].percent[CLOUD_MEMORY] = 90.5;
    run_judge_hosts(&run);
    assert_int_equal(result.stopped_by, STOP_HOSTS);
    assert_string_equal(result.stop_reason,
                        "the 8 hosts that are read use 90.5 % of their memory, past the threshold of 90 %");
    result_release(&result);
}

/* Slopes are those of the points, whatever their order; sums of fewer hosts are not on the line of all. */
static void test_fitted(void **state)
{
    struct result result;
    struct run run = {.result = &result};

    (void)state;
    result_init(&result);
    struct result_host *host = result_host(&result, "a");
    host->node_known = result.cloud_known = true;
    host->node.empty_cpu.mean = 5;
    result.cloud.hosts = 2;
    result.cloud.empty_cpu = 1;
    for (unsigned i = 0; i < 4; i++) {
        static const unsigned vms[] = {3, 9, 6, 12};
        struct result_host_point *point = result_add_host_point(host);

        *point = (struct result_host_point){.vms = vms[i], .use_known = true};
        point->use.memory_taken.mean = 2e6 * vms[i];
        point->use.percent[RESOURCE_CPU].mean = 5 + 0.5 * vms[i];
        *result_add_cloud_point(&result.cloud) =
            (struct result_cloud_point){.vms = vms[i],
                                        .hosts = i == 3 ? 1 : 2,
                                        .memory_taken = i == 3 ? 7 : 4e6 * vms[i],
                                        .percent = {i == 3 ? 77 : 1 + 0.25 * vms[i]}};
    }
    run_fit_hosts(&run);
    assert_true(host->per_vm.memory_bytes.known);
    assert_near(host->per_vm.memory_bytes.value, 2e6, 1e-3);
    assert_near(host->per_vm.cpu_percent_of_host.value, 0.5, 1e-9);
    assert_near(result.cloud.per_vm.memory_bytes.value, 4e6, 1e-3);
    assert_near(result.cloud.per_vm.cpu_percent_of_cloud.value, 0.25, 1e-9);
    result_release(&result);
}

static void test_kept(void **state)
{
    struct result result, read;
    struct reason *none = NULL;

    (void)state;
    several_hosts(&result);
    json_t *json = result_to_json(&result);
    assert_int_equal(result_from_json(&read, json, none), 0);
    assert_int_equal(read.host_count, 10);
    for (size_t h = 0; h < 10; h++) {
        const struct result_host *one = &result.hosts[h], *other = &read.hosts[h];

        assert_int_equal(other->point_count, 5);
        assert_true(h == 9 ? isnan(other->vcpus) : other->vcpus == one->vcpus);
        assert_true(isnan(other->disk_bytes));
        for (size_t i = 0; i < 5; i++) {
            assert_int_equal(other->points[i].vms, one->points[i].vms);
            assert_int_equal(other->points[i].vms_of_all, 30 * (i + 1));
            assert_true(h == 9 ? isnan(other->points[i].percent[ALLOTMENT_CPU])
                               : other->points[i].percent[ALLOTMENT_MEMORY] == 0.5);
        }
    }
    assert_true(read.first_host.known);
    assert_string_equal(read.first_host.name, "compute-2");
    assert_int_equal(read.first_host.vms_of_all, 90);
    assert_int_equal(read.stopped_by, STOP_HOSTS);
    assert_string_equal(read.hosts_unknown, "Placement was away");
    result_release(&read);
    json_decref(json);
    result_release(&result);

    /* One host only: nothing is said of hosts. */
    canned_result(&result, &canned_sleep);
    json = result_to_json(&result);
    assert_int_equal(json_array_size(json_object_get(json, "hosts")), 0);
    assert_true(json_is_null(json_object_get(json, "first_host")));
    assert_int_equal(result_from_json(&read, json, none), 0);
    assert_false(read.first_host.known);
    result_release(&read);
    json_decref(json);
    result_release(&result);
}

static void test_refused(void **state)
{
    static const char *const wrong[] = {
        "{\"hosts\": 1}",
        "{\"hosts\": [{\"points\": []}]}",
        "{\"hosts\": [{\"name\": \"a\", \"points\": [{\"vms\": -1}]}]}",
        "{\"hosts\": [{\"name\": \"a\", \"points\": {}}]}",
        "{\"first_host\": {\"name\": \"a\", \"resource\": \"love\"}}",
    };
    struct result result, read;

    (void)state;
    several_hosts(&result);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        json_t *json = result_to_json(&result), *other = json_loads(wrong[i], 0, NULL);

        assert_int_equal(json_object_update(json, other), 0);
        assert_int_equal(result_from_json(&read, json, NULL), -EINVAL);
        json_decref(other);
        json_decref(json);
    }
    result_release(&result);
}

/* The picture and the table of a result, which is released. */
static void draw(struct result *result, const char *svg, const char *table)
{
    char *text = NULL, *line, label[REPORT_LABEL_ROOM];
    size_t length;
    const struct report_run run = {.result = result, .label = report_label(result, label)};
    FILE *to = open_memstream(&text, &length);
    assert_int_equal(report_write_hosts_svg(&run, 1, to), 0);
    fclose(to);
    canned_golden(svg, text, length);
    free(text);

    to = open_memstream(&text, &length);
    table_print_hosts(result, to);
    fclose(to);
    canned_golden(table, text, length);
    for (char *rest = text; (line = strsep(&rest, "\n"));)
        assert_true(text_columns(line) <= 110);
    free(text);
    result_release(result);
}

/* Hosts of which only the VMs are known have no plot of what is given away, and no words about it. */
static void test_untold(void **state)
{
    struct result result;
    const struct report_run run = {.result = &result, .label = ""};
    char *text = NULL;
    size_t length;

    (void)state;
    several_hosts(&result);
    result.first_host.known = false;
    assert_true(hosts_tell(&result));
    for (size_t h = 0; h < result.host_count; h++)
        for (size_t i = 0; i < result.hosts[h].point_count; i++)
            for (unsigned a = 0; a < ALLOTMENT_COUNT; a++)
                result.hosts[h].points[i].percent[a] = NAN;
    assert_false(hosts_tell(&result));
    FILE *to = open_memstream(&text, &length);
    assert_int_equal(report_write_hosts_svg(&run, 1, to), 0);
    table_print_hosts(&result, to);
    fclose(to);
    assert_non_null(strstr(text, "VMs on the host"));
    assert_null(strstr(text, "Given away"));
    assert_null(strstr(text, "may give away"));
    free(text);
    result_release(&result);
}

static void test_drawn(void **state)
{
    struct result result;
    size_t indices[3];
    const struct report_run run = {.result = &result, .label = ""};

    (void)state;
    several_hosts(&result);
    assert_int_equal(hosts_choose(&result, indices, 3), 3);
    assert_int_equal(indices[0], 2);
    assert_int_equal(indices[1], 0);
    draw(&result, "report/hosts.svg", "report/hosts.txt");
    used_hosts(&result);
    draw(&result, "report/hosts-used.svg", "report/hosts-used.txt");

    canned_result(&result, &canned_sleep);
    assert_int_equal(report_write_hosts_svg(&run, 1, stdout), -ENODATA);
    result_release(&result);
}

static void test_process_mark(void **state)
{
    struct process_mark self, mark;
    char text[PROCESS_MARK_ROOM];
    bool elsewhere;

    (void)state;
    process_mark_self(&self);
    process_mark_write(&self, text);
    assert_true(process_mark_read(text, &mark));
    assert_true(process_mark_lives(&mark, &elsewhere));
    assert_false(elsewhere);
    assert_false(process_mark_read("", &mark));
    assert_false(process_mark_read("x", &mark));
    assert_false(process_mark_read("x 5", &mark));
    mark.boot[0] ^= 1;
    assert_false(process_mark_lives(&mark, &elsewhere));
    assert_true(elsewhere);
    mark = self;
    mark.started ^= 1; /* another process, later or earlier, of the same number */
    assert_false(process_mark_lives(&mark, NULL));
    mark = self;
    mark.pid = -1;
    assert_false(process_mark_lives(&mark, NULL));
    mark.started = 0;
    process_mark_write(&mark, text);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judged),    cmocka_unit_test(test_fitted),       cmocka_unit_test(test_kept),
        cmocka_unit_test(test_used_kept), cmocka_unit_test(test_refused),      cmocka_unit_test(test_drawn),
        cmocka_unit_test(test_untold),    cmocka_unit_test(test_process_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
