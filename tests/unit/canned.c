/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "canned.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct canned canned_sleep = {
    .guest = "sleep",
    .intervals = 20,
    .step_vms = 16,
    .memory_bytes = 12.1e6,
    .cpu_percent = 0.002,
    .memory_limit = UINT64_C(4) << 30,
    .stopped_by = STOP_MEMORY,
};

const struct canned canned_tick = {
    .guest = "tick",
    .intervals = 12,
    .step_vms = 16,
    .memory_bytes = 12.2e6,
    .cpu_percent = 0.47,
    .memory_limit = UINT64_C(4) << 30,
    .stopped_by = STOP_CPU,
};

static const double host_memory = 8.0 * 1024 * 1024 * 1024;

static struct statistic statistic(double mean, double sd)
{
    return (struct statistic){.mean = mean, .sd = sd, .ci95 = sd * 0.715, .n = 10};
}

/* A deviation from the line, the same at each call: -1 .. 1. */
static double wobble(unsigned i)
{
    return (double)((i * 7919u + 13u) % 201u) / 100.0 - 1;
}

static void fill_host(struct result *result)
{
    struct host_fingerprint *host = &result->host;
    snprintf(host->cpu_model, sizeof(host->cpu_model), "Example CPU 3000 @ 2.40GHz");
    host->cpus = 2;
    host->memory_bytes = (uint64_t)host_memory;
    snprintf(host->kernel, sizeof(host->kernel), "Linux 6.1.0-18-amd64");
    snprintf(host->kernel_command_line, sizeof(host->kernel_command_line), "root=/dev/vda1 ro quiet");
    snprintf(host->hypervisor, sizeof(host->hypervisor), "none");
    snprintf(host->mitigations[0].name, sizeof(host->mitigations[0].name), "meltdown");
    snprintf(host->mitigations[0].state, sizeof(host->mitigations[0].state), "Mitigation: PTI");
    snprintf(host->mitigations[1].name, sizeof(host->mitigations[1].name), "mds");
    snprintf(host->mitigations[1].state, sizeof(host->mitigations[1].state), "Not affected");
    host->mitigation_count = 2;
    snprintf(host->frequency_governor, sizeof(host->frequency_governor), "performance");
    snprintf(host->ksm, sizeof(host->ksm), "off");
    snprintf(host->thp, sizeof(host->thp), "madvise");
    result->limits = (struct host_limits){
        .cpus = 2,
        .memory_total = (uint64_t)host_memory,
        .tasks = 32768,
        .files = INT64_MAX,
        .own_files = UINT64_MAX,
        .own_maps = 65530,
    };
}

/* The last interval of a run is more than its VMs can answer. */
static void fill_load(const struct result *result, struct result_interval *interval, unsigned i,
                      const struct canned *canned)
{
    double part = canned->intervals > 1 ? (double)i / (canned->intervals - 1) : 0;
    double p50 = canned->load_p50 * (1 + part);
    bool last = i + 1 == canned->intervals;

    interval->load_known = true;
    interval->load = (struct result_load){
        .rate = canned->load_rate,
        .due = (uint64_t)(5 * canned->load_rate),
        .sent = (uint64_t)(5 * canned->load_rate),
        .p50 = p50,
        .p90 = 1.5 * p50,
        .p99 = (2 + wobble(i) / 2) * p50,
        .p999 = last ? result->plan.load.timeout : (6 + 2 * wobble(i)) * p50,
        .most = 20 * p50,
        .sent_p99 = 1.5 * p50,
        .lag_p99 = 5e-5,
        .timeouts = last ? (uint64_t)canned->load_rate / 20 : 0,
        .wrong = last ? 1 : 0,
    };
    interval->load.answered = interval->load.due - interval->load.timeouts - interval->load.wrong;
    interval->load.throughput = (double)interval->load.answered / 5;
    interval->known[RESOURCE_LATENCY] = result->plan.load.latency_limit > 0;
    if (interval->known[RESOURCE_LATENCY])
        interval->percent[RESOURCE_LATENCY] =
            (struct statistic){.mean = 100 * interval->load.p99 / result->plan.load.latency_limit, .n = 1};
}

static void fill_interval(struct result *result, struct result_interval *interval, unsigned i,
                          const struct canned *canned)
{
    double vms = (double)(i + 1) * (double)canned->step_vms;
    double taken = canned->memory_bytes * vms + 3e6 * wobble(i);
    double whole = canned->memory_limit ? (double)canned->memory_limit : host_memory;
    double cpu = 0.4 + canned->cpu_percent * vms + 0.3 * wobble(i + 50);

    interval->vms = (i + 1) * canned->step_vms;
    interval->asked = canned->unprovable ? 0 : interval->vms;
    interval->alive = interval->asked;
    interval->started_at = result->started_at + 30 * i + 20;
    interval->ended_at = interval->started_at + 10;
    interval->grow_seconds = 1.6;
    interval->settled = i % 7 != 5;
    interval->settle_seconds = 2.5;
    interval->known[RESOURCE_CPU] = interval->known[RESOURCE_MEMORY] = true;
    interval->percent[RESOURCE_CPU] = statistic(cpu, 0.8 + cpu / 25);
    interval->percent[RESOURCE_MEMORY] =
        statistic((canned->memory_limit ? 0 : 3) + 100 * taken / whole, 0.05);
    interval->known[RESOURCE_PIDS] = interval->known[RESOURCE_FILES] = interval->known[RESOURCE_PRESSURE] =
        true;
    interval->percent[RESOURCE_PIDS] = statistic(((canned->in_process ? 0 : 3 * vms) + 120) / 327.68, 0);
    interval->percent[RESOURCE_FILES] = statistic(0.01, 0);
    interval->known[RESOURCE_SWAP] = canned->swapping;
    if (canned->swapping)
        interval->percent[RESOURCE_SWAP] = statistic(vms * vms / 2000, 0.5);
    interval->cpu_busy = interval->percent[RESOURCE_CPU];
    interval->cpu_user = statistic(cpu * 0.6, 0.5);
    interval->cpu_system = statistic(cpu * 0.4, 0.3);
    interval->cpu_steal = statistic(0.12, 0.02);
    interval->cpu_ticks = statistic(cpu * 1.1, 0.2);
    interval->memory_taken = statistic(taken, 2e6);
    interval->memory = (struct memory_accounting){
        .taken = taken,
        .anonymous = taken * 0.93,
        .page_tables = taken * 0.02,
        .kernel_stacks = taken * 0.005,
        .slab = taken * 0.025,
        .file_cache = taken * 0.01,
        .unexplained = taken * 0.01,
    };
    interval->boot =
        (struct spread){.n = canned->step_vms, .least = 0.4, .median = 0.52, .p99 = 0.9, .most = 1.1};
    if (canned->in_process) {
        interval->boot =
            (struct spread){.n = 4096, .least = 1.2e-6, .median = 1.4e-6, .p99 = 3e-6, .most = 1e-4};
        interval->own_known = true;
        interval->own_memory = statistic(canned->memory_bytes * vms * 0.97, 1000);
        interval->own_cpu = statistic(0.01 + cpu / 1000, 0.001);
    }
    if (canned->load_rate > 0)
        fill_load(result, interval, i, canned);
    interval->challenge =
        (struct spread){.n = interval->asked, .least = 1e-4, .median = 2.5e-4, .p99 = 0.001, .most = 0.02};
}

static struct slope slope(double value, double part)
{
    return (struct slope){.known = true,
                          .value = value,
                          .low = value * (1 - part),
                          .high = value * (1 + part),
                          .intercept = 0.4,
                          .r2 = 0.9987};
}

void canned_result(struct result *result, const struct canned *canned)
{
    const char *guest = canned->guest ? canned->guest : "sleep";
    double noise = canned->noise > 0 ? canned->noise : 0.01;

    result_init(result);
    snprintf(result->tool_version, sizeof(result->tool_version), "0.1.0");
    snprintf(result->command_line, sizeof(result->command_line), "mvm scale --engine qemu --guest %s", guest);
    snprintf(result->method, sizeof(result->method), "standard-test/1");
    result->started_at = 1735786800;
    result->ended_at = canned->running ? 0 : result->started_at + 40 * canned->intervals + 12;
    result->seed = UINT64_C(0xfedcba9876543210);
    fill_host(result);

    snprintf(result->engine.name, sizeof(result->engine.name), canned->in_process ? "vmm" : "qemu");
    snprintf(result->engine.class_letter, sizeof(result->engine.class_letter),
             canned->in_process ? "T" : "A");
    result_facts_add(&result->engine.versions, "qemu-system-i386", "QEMU emulator version 7.2.9");
    result_facts_add(&result->engine.options, "machine", "isapc");
    result_facts_add(&result->engine.options, "accel", "tcg");
    result_facts_add(&result->engine.binaries, "/usr/bin/qemu-system-i386",
                     "0f343b0931126a20f133d67c2b018a3b0f343b0931126a20f133d67c2b018a3b");
    snprintf(result->image.name, sizeof(result->image.name), "%s", guest);
    memset(result->image.sha256, guest[0] == 's' ? 'a' : 'b', SHA256_TEXT_ROOM - 1);
    result->image.ours = true;
    snprintf(result->image.file, sizeof(result->image.file), "%s.img", guest);

    result->plan.threshold_percent = 90;
    result->plan.memory_limit_bytes = canned->memory_limit;
    result->plan.intervals_wanted = canned->intervals;
    result->plan.samples = 10;
    result->plan.sample_seconds = 1;
    result->plan.interval_vms = canned->step_vms;
    result->plan.load_known = canned->load_rate > 0;
    if (result->plan.load_known) {
        result->plan.load.rate = canned->load_rate;
        result->plan.load.timeout = 10;
        result->plan.load.latency_limit = canned->in_process ? 0 : 0.01;
        snprintf(result->plan.load.targets, sizeof(result->plan.load.targets), "uniform");
    }
    result->pilot.vms = 8;
    result->pilot.memory_bytes_per_vm = canned->memory_bytes;
    result->pilot.seconds = 5;

    uint64_t vms = canned->intervals * canned->step_vms;
    result->population.started = result->population.running = vms;
    result->population.provable = !canned->unprovable;
    result->population.asked = result->population.alive = canned->unprovable ? 0 : vms;
    result->stopped_by = canned->running ? STOP_NOT_YET : canned->stopped_by;
    if (!canned->running)
        snprintf(result->stop_reason, sizeof(result->stop_reason),
                 "%s reached 90.1 %% of the share, the threshold is 90 %%", stop_name(canned->stopped_by));
    if (canned->intervals >= 3) {
        result->per_vm.memory_bytes = slope(canned->memory_bytes, noise);
        result->per_vm.cpu_percent_of_host = slope(canned->cpu_percent, noise);
        result->per_vm.cpu_ticks_percent_of_host = slope(1.1 * canned->cpu_percent, noise);
    }
    result->per_vm.boot_seconds_median = canned->in_process ? 1.4e-6 : 0.52;
    if (canned->in_process) {
        result->per_vm.own_memory_bytes = slope(0.97 * canned->memory_bytes, noise / 10);
        result->per_vm.own_cpu_percent_of_host = slope(canned->cpu_percent / 1000, noise);
        result->baseline.own_cpu = 0.01;
        result_counter_set(&result->engine.counters, "boots", (double)vms);
        result_counter_set(&result->engine.counters, "instructions", 703.5 * (double)vms);
        result_counter_set(&result->engine.counters, "timer_ticks_lost", 0);
        result_counter_set(&result->engine.counters, "vms_stopped_by_triple_fault", 2);
        result_counter_set(&result->engine.counters, "share", 0.125);
    }
    result->baseline.cpu_busy = 0.4;
    result->baseline.cpu = statistic(0.4, 0.1);
    result->baseline.reading.unix_seconds = result->started_at;
    result->baseline.reading.cpus = 2;
    result->baseline.reading.memory.total = (uint64_t)host_memory;
    result->baseline.reading.memory.available = (uint64_t)(0.97 * host_memory);

    for (unsigned i = 0; i < canned->intervals; i++)
        fill_interval(result, result_add_interval(result), i, canned);
    if (canned->intervals)
        result->memory_accounting = result->intervals[canned->intervals - 1].memory;
    result->teardown.done = result->teardown.clean = !canned->running;
    result->teardown.seconds = 1.4;
    result->harness.cpu_percent_of_core = 0.31;
    result->harness.memory_bytes = 9.5e6;
    result->harness.sample_cost_seconds = 8e-5;
    result->harness.oom_score_adj = -1000;
    result->harness.memory_floor_bytes = 256 << 20;
}

const char *canned_path(const char *name)
{
    static char path[4096];
    const char *data = getenv("MVM_TEST_DATA");
    snprintf(path, sizeof(path), "%s/%s", data ? data : "tests/unit/data", name);
    return path;
}

void canned_golden(const char *name, const char *bytes, size_t length)
{
    char *wanted = NULL;
    size_t wanted_length = 0;
    if (getenv("MVM_UPDATE_GOLDEN")) {
        assert_int_equal(file_replace(canned_path(name), bytes, length, NULL), 0);
        return;
    }
    if (file_read(canned_path(name), 1 << 24, &wanted, &wanted_length, NULL) < 0)
        fail_msg("%s cannot be read; MVM_UPDATE_GOLDEN=1 writes it", canned_path(name));
    if (wanted_length != length || memcmp(wanted, bytes, length) != 0) {
        size_t at = 0;
        while (at < length && at < wanted_length && wanted[at] == bytes[at])
            at++;
        fail_msg("%s differs at byte %zu: \"%.60s\" instead of \"%.60s\"", name, at, bytes + at, wanted + at);
    }
    free(wanted);
}
