/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "web/metrics.h"

#include "web/exposition.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* A number in an answer that is a metric as it is. */
struct plain {
    int answer;
    const char *key; /* in the object, dots between names */
    struct family family;
    const char *labels; /* NULL: none. Rows of one family follow each other */
};

#define VMS                                                                                                  \
    {                                                                                                        \
        "mvm_vms", GAUGE, NULL, "VMs by state."                                                              \
    }
#define KVM_EXITS                                                                                            \
    {                                                                                                        \
        "mvm_kvm_exits", COUNTER, NULL, "Exits of KVM by reason."                                            \
    }
#define ASKS                                                                                                 \
    {                                                                                                        \
        "mvm_asks", COUNTER, NULL, "Questions to VMs, requests of HTTP among them, by how they ended."       \
    }
#define TAKEN                                                                                                \
    {                                                                                                        \
        "mvm_host_memory_taken_bytes", GAUGE, "bytes",                                                       \
            "Memory that went since before the run, whoever took it, by kind."                               \
    }
#define PRESSURE                                                                                             \
    {                                                                                                        \
        "mvm_host_pressure_seconds", COUNTER, "seconds",                                                     \
            "Time in which some or all tasks of the host waited for a resource."                             \
    }

static const struct plain plain[] = {
    {METRICS_STATUS,
     "started_at",
     {"mvm_run_start_time_seconds", GAUGE, "seconds", "When the run began, in seconds since 1970."},
     NULL},
    {METRICS_STATUS, "wanted", {"mvm_vms_wanted", GAUGE, NULL, "VMs that the run was asked for."}, NULL},
    {METRICS_STATUS, "vms.started", {"mvm_vms_started", COUNTER, NULL, "VMs that were started."}, NULL},
    {METRICS_STATUS, "vms.booting", VMS, "state=\"booting\""},
    {METRICS_STATUS, "vms.running", VMS, "state=\"running\""},
    {METRICS_STATUS, "vms.failed", VMS, "state=\"failed\""},
    {METRICS_STATUS, "vms.stopped", VMS, "state=\"stopped\""},
    {METRICS_LIVE,
     "runnable",
     {"mvm_vms_runnable", GAUGE, NULL, "VMs that have something to do and wait for a CPU."},
     NULL},
    {METRICS_LIVE,
     "wakes",
     {"mvm_vm_wakes", COUNTER, NULL, "Times that a VM was given a CPU since it had something to do."},
     NULL},
    {METRICS_LIVE,
     "instructions",
     {"mvm_vm_instructions", COUNTER, NULL, "Instructions that VMs executed, where the CPU counts them."},
     NULL},
    {METRICS_STATUS,
     "counted.boots",
     {"mvm_vm_boots", COUNTER, NULL, "VMs that were booted from reset."},
     NULL},
    {METRICS_STATUS,
     "counted.timer_ticks_lost",
     {"mvm_vm_timer_ticks_lost", COUNTER, NULL, "Timer interrupts that could not be delivered one by one."},
     NULL},
    {METRICS_STATUS,
     "memory_bytes",
     {"mvm_vms_memory_bytes", GAUGE, "bytes",
      "Memory that all VMs together take, as their engine counts it."},
     NULL},
    {METRICS_STATUS,
     "counted.record_bytes",
     {"mvm_store_record_bytes", GAUGE, "bytes", "Memory of sleeping VMs: their records alone."},
     NULL},
    {METRICS_STATUS,
     "counted.used_bytes",
     {"mvm_store_used_bytes", GAUGE, "bytes", "Memory of sleeping VMs: what is in use."},
     NULL},
    {METRICS_STATUS,
     "counted.held_bytes",
     {"mvm_store_held_bytes", GAUGE, "bytes", "Memory of sleeping VMs: what is held for them."},
     NULL},
    {METRICS_STATUS,
     "counted.bases",
     {"mvm_store_bases", GAUGE, NULL, "States that sleeping VMs are kept as differences to."},
     NULL},
    {METRICS_STATUS, "counted.kvm_runs", {"mvm_kvm_runs", COUNTER, NULL, "Calls of KVM_RUN."}, NULL},
    {METRICS_STATUS,
     "counted.kvm_ioctls",
     {"mvm_kvm_ioctls", COUNTER, NULL, "Calls of KVM, all together."},
     NULL},
    {METRICS_STATUS,
     "counted.kvm_shells",
     {"mvm_kvm_shells", GAUGE, NULL, "VMs of KVM that ours are laid into."},
     NULL},
    {METRICS_STATUS, "counted.kvm_exits_port", KVM_EXITS, "reason=\"port\""},
    {METRICS_STATUS, "counted.kvm_exits_memory", KVM_EXITS, "reason=\"memory\""},
    {METRICS_STATUS, "counted.kvm_exits_halt", KVM_EXITS, "reason=\"halt\""},
    {METRICS_STATUS, "counted.kvm_exits_interrupt_window", KVM_EXITS, "reason=\"interrupt_window\""},
    {METRICS_STATUS, "counted.kvm_exits_kicked", KVM_EXITS, "reason=\"kicked\""},
    {METRICS_STATUS, "counted.kvm_exits_other", KVM_EXITS, "reason=\"other\""},
    {METRICS_LIVE, "asks.answered", ASKS, "result=\"answered\""},
    {METRICS_LIVE, "asks.timeout", ASKS, "result=\"timeout\""},
    {METRICS_LIVE, "asks.ended", ASKS, "result=\"ended\""},
    {METRICS_LIVE, "asks.busy", ASKS, "result=\"busy\""},
    {METRICS_LIVE, "asks.other", ASKS, "result=\"other\""},
    {METRICS_LIVE,
     "doors.requests",
     {"mvm_http_requests", COUNTER, NULL, "Requests of HTTP that clients from outside sent to VMs."},
     NULL},
    {METRICS_LIVE,
     "doors.refused",
     {"mvm_http_requests_refused", COUNTER, NULL,
      "Requests that the door answered itself, since no VM could."},
     NULL},
    {METRICS_LIVE,
     "doors.connections",
     {"mvm_http_connections", GAUGE, NULL, "Connections of HTTP that are open."},
     NULL},
    {METRICS_LIVE,
     "doors.connections_total",
     {"mvm_http_connections_accepted", COUNTER, NULL, "Connections of HTTP that came."},
     NULL},
    {METRICS_LIVE,
     "doors.tcp_connections",
     {"mvm_tcp_connections", GAUGE, NULL, "Connections of plain TCP that are open."},
     NULL},
    {METRICS_LIVE, "memory.taken_bytes.anonymous", TAKEN, "kind=\"anonymous\""},
    {METRICS_LIVE, "memory.taken_bytes.shared", TAKEN, "kind=\"shared\""},
    {METRICS_LIVE, "memory.taken_bytes.page_tables", TAKEN, "kind=\"page_tables\""},
    {METRICS_LIVE, "memory.taken_bytes.secondary_page_tables", TAKEN, "kind=\"secondary_page_tables\""},
    {METRICS_LIVE, "memory.taken_bytes.kernel_stacks", TAKEN, "kind=\"kernel_stacks\""},
    {METRICS_LIVE, "memory.taken_bytes.slab", TAKEN, "kind=\"slab\""},
    {METRICS_LIVE, "memory.taken_bytes.per_cpu", TAKEN, "kind=\"per_cpu\""},
    {METRICS_LIVE, "memory.taken_bytes.vmalloc", TAKEN, "kind=\"vmalloc\""},
    {METRICS_LIVE, "memory.taken_bytes.file_cache", TAKEN, "kind=\"file_cache\""},
    {METRICS_LIVE, "memory.taken_bytes.unexplained", TAKEN, "kind=\"unexplained\""},
    {METRICS_LIVE,
     "memory.host_bytes.total",
     {"mvm_host_memory_total_bytes", GAUGE, "bytes", "Memory of the host."},
     NULL},
    {METRICS_LIVE,
     "memory.host_bytes.available",
     {"mvm_host_memory_available_bytes", GAUGE, "bytes",
      "Memory of the host that is available without swapping."},
     NULL},
    {METRICS_LIVE, "pressure_seconds.cpu_some", PRESSURE, "resource=\"cpu\",waiting=\"some\""},
    {METRICS_LIVE, "pressure_seconds.memory_some", PRESSURE, "resource=\"memory\",waiting=\"some\""},
    {METRICS_LIVE, "pressure_seconds.memory_full", PRESSURE, "resource=\"memory\",waiting=\"all\""},
    {METRICS_LIVE, "pressure_seconds.io_some", PRESSURE, "resource=\"io\",waiting=\"some\""},
    {METRICS_LIVE, "pressure_seconds.io_full", PRESSURE, "resource=\"io\",waiting=\"all\""},
    {METRICS_LIVE,
     "cpu.run_seconds",
     {"process_cpu_seconds", COUNTER, "seconds", "CPU time of the process of the run."},
     NULL},
};

/* What `key` names in `object`, level by level; NULL: it is not there. */
static const json_t *find(const json_t *object, const char *key)
{
    while (object && *key) {
        char name[64];
        size_t length = strcspn(key, ".");

        if (length >= sizeof(name))
            return NULL;
        memcpy(name, key, length);
        name[length] = '\0';
        object = json_object_get(object, name);
        key += length + (key[length] == '.');
    }
    return object;
}

static void write_plain(struct exposition *text, json_t *const answers[METRICS_ANSWERS])
{
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        const json_t *value = find(answers[plain[i].answer], plain[i].key);

        if (json_is_number(value))
            exposition_sample(text, &plain[i].family, plain[i].labels, json_number_value(value));
    }
}

/* Every second bucket of the run's, which are ten to a decade. */
static void write_latency(struct exposition *text, const json_t *asks)
{
    static const struct family family = {"mvm_ask_latency_seconds", HISTOGRAM, "seconds",
                                         "How long VMs took over what they answered."};
    enum { MOST = 128, STEP = 2 };
    const json_t *bounds = json_object_get(asks, "latency_bounds_ns");
    const json_t *counts = json_object_get(asks, "latency_counts");
    size_t all = json_array_size(counts), used = 0;
    double le[MOST], count[MOST], waiting = 0;

    if (all == 0 || json_array_size(bounds) != all - 1)
        return;
    for (size_t i = 0; i < all; i++) {
        waiting += json_number_value(json_array_get(counts, i));
        if (i % STEP != 0 || i == all - 1 || used == MOST)
            continue;
        le[used] = json_number_value(json_array_get(bounds, i)) / 1e9;
        count[used++] = waiting;
        waiting = 0;
    }
    exposition_histogram(text, &family, le, count, used, waiting,
                         json_number_value(json_object_get(asks, "latency_sum_ns")) / 1e9);
}

/* What Prometheus's own libraries tell of a process, by the same name: what is in memory, of any kind. */
static void write_resident(struct exposition *text, const json_t *run)
{
    static const struct family family = {"process_resident_memory_bytes", GAUGE, "bytes",
                                         "Memory of the process of the run."};
    static const char *const parts[] = {"anonymous", "file", "shared"};
    double sum = 0;

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        sum += json_number_value(json_object_get(run, parts[i]));
    if (sum > 0)
        exposition_sample(text, &family, NULL, sum);
}

static void write_ends(struct exposition *text, const json_t *ends)
{
    static const struct family family = {"mvm_vm_ends", COUNTER, NULL,
                                         "VMs that failed or stopped, by reason."};

    for (size_t i = 0; i < json_array_size(ends); i++) {
        const json_t *end = json_array_get(ends, i);

        exposition_sample_named(text, &family, "why", json_string_value(json_object_get(end, "why")),
                                (double)json_integer_value(json_object_get(end, "vms")));
    }
}

static void write_run(struct exposition *text, const json_t *status)
{
    static const struct family family = {"mvm_run", INFO, NULL, "What the run is."};
    static const char *const names[] = {"run", "engine", "class", "image", "version"};
    const char *values[sizeof(names) / sizeof(names[0])];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        values[i] = json_string_value(json_object_get(status, names[i]));
    exposition_info(text, &family, names, values, sizeof(names) / sizeof(names[0]));
}

static int load(const char *const lines[METRICS_ANSWERS], json_t *ret_answers[METRICS_ANSWERS])
{
    int error = 0;

    for (int i = 0; i < METRICS_ANSWERS; i++) {
        ret_answers[i] = json_loads(lines[i], JSON_ALLOW_NUL, NULL);
        if (!json_is_true(json_object_get(ret_answers[i], "ok")))
            error = -EPROTO;
    }
    return error;
}

int metrics_write(const char *const lines[METRICS_ANSWERS], bool openmetrics, char **ret_text,
                  size_t *ret_length)
{
    json_t *answers[METRICS_ANSWERS];
    int error = load(lines, answers);

    if (!error) {
        struct exposition text;

        exposition_begin(&text, openmetrics);
        write_run(&text, answers[METRICS_STATUS]);
        write_plain(&text, answers);
        write_resident(&text, find(answers[METRICS_LIVE], "memory.run_bytes"));
        write_latency(&text, json_object_get(answers[METRICS_LIVE], "asks"));
        write_ends(&text, json_object_get(answers[METRICS_STATUS], "ends"));
        error = exposition_end(&text, ret_text, ret_length);
    }
    for (int i = 0; i < METRICS_ANSWERS; i++)
        json_decref(answers[i]);
    return error;
}
