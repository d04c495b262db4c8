/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The names of result.json, in the order of the file. Their meaning: docs/result-format.md. */
#include "result/json_field.h"
#include "result/result.h"

#include <assert.h>

/* offsetof() that does not compile when the member is not of the type that the row's kind reads and writes.
 */
#define AT(struct_type, member, type)                                                                        \
    (offsetof(struct_type, member) +                                                                         \
     0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((struct_type *)0)->member), type) ? 1 : -1]))

/* Rows. `s` is the struct that the table describes, `m` the member. */
#define BOOL(n, s, m)     .name = n, .kind = JSON_FIELD_BOOL, .offset = AT(s, m, bool)
#define INT(n, s, m)      .name = n, .kind = JSON_FIELD_INT, .offset = AT(s, m, int)
#define UNSIGNED(n, s, m) .name = n, .kind = JSON_FIELD_UNSIGNED, .offset = AT(s, m, unsigned)
#define U64(n, s, m)      .name = n, .kind = JSON_FIELD_U64, .offset = AT(s, m, uint64_t)
#define I64(n, s, m)      .name = n, .kind = JSON_FIELD_I64, .offset = AT(s, m, int64_t)
#define DOUBLE(n, s, m)   .name = n, .kind = JSON_FIELD_DOUBLE, .offset = AT(s, m, double)
#define PAIR(n, s, m, k)                                                                                     \
    .name = n, .kind = JSON_FIELD_PAIR, .offset = AT(s, m, double), .second = AT(s, k, double)
#define TEXT(n, s, m)                                                                                        \
    .name = n, .kind = JSON_FIELD_TEXT, .offset = offsetof(s, m), .room = sizeof(((s *)0)->m)
#define WORD(n, s, m, w)                                                                                     \
    .name = n, .kind = JSON_FIELD_WORD, .offset = offsetof(s, m), .room = sizeof(((s *)0)->m), .words = w,   \
    .word_count = sizeof(w) / sizeof((w)[0])
#define FACTS(n, s, m)     .name = n, .kind = JSON_FIELD_FACTS, .offset = AT(s, m, struct result_facts)
#define COUNTERS(n, s, m)  .name = n, .kind = JSON_FIELD_COUNTERS, .offset = AT(s, m, struct result_counters)
#define STRUCT(n, s, m, f) .name = n, .kind = JSON_FIELD_OBJECT, .offset = offsetof(s, m), .fields = f
/* An object in the file whose members are in the same struct in memory. */
#define GROUP(n, f)        .name = n, .kind = JSON_FIELD_OBJECT, .fields = f
#define STATISTIC(n, s, m) STRUCT(n, s, m, statistic_fields)
/* Null unless the bool `g` of the same struct; DECIDED_BY also reads that bool from whether the name is null.
 */
#define IF(s, g)         .guarded = true, .guard = AT(s, g, bool)
#define DECIDED_BY(s, g) IF(s, g), .decides = true
#define REQUIRED         .required = true
#define OPTIONAL         .required = false

/* A struct of nothing but `type` has a row for each member: who adds a kind of memory is told here. */
#define ALL_MEMBERS(table, struct_type, type)                                                                \
    static_assert(sizeof(table) / sizeof((table)[0]) - 1 == sizeof(struct_type) / sizeof(type),              \
                  "a member of " #struct_type " has no row")

#define END                                                                                                  \
    {                                                                                                        \
        .name = NULL                                                                                         \
    }

static const struct json_field statistic_fields[] = {
    {DOUBLE("mean", struct statistic, mean), REQUIRED},
    {DOUBLE("sd", struct statistic, sd)},
    {DOUBLE("ci95", struct statistic, ci95)},
    {UNSIGNED("n", struct statistic, n)},
    END,
};

static const struct json_field spread_fields[] = {
    {U64("n", struct spread, n)},
    {DOUBLE("min", struct spread, least)},
    {DOUBLE("median", struct spread, median)},
    {DOUBLE("p99", struct spread, p99)},
    {DOUBLE("max", struct spread, most)},
    END,
};

static const struct json_field accounting_fields[] = {
    {DOUBLE("taken", struct memory_accounting, taken), REQUIRED},
    {DOUBLE("anonymous", struct memory_accounting, anonymous)},
    {DOUBLE("shared", struct memory_accounting, shared)},
    {DOUBLE("page_tables", struct memory_accounting, page_tables)},
    {DOUBLE("secondary_page_tables", struct memory_accounting, secondary_page_tables)},
    {DOUBLE("kernel_stacks", struct memory_accounting, kernel_stacks)},
    {DOUBLE("slab", struct memory_accounting, slab)},
    {DOUBLE("per_cpu", struct memory_accounting, per_cpu)},
    {DOUBLE("vmalloc", struct memory_accounting, vmalloc)},
    {DOUBLE("file_cache", struct memory_accounting, file_cache)},
    {DOUBLE("unexplained", struct memory_accounting, unexplained), REQUIRED},
    END,
};
ALL_MEMBERS(accounting_fields, struct memory_accounting, double);

static const struct json_field load_fields[] = {
    {DOUBLE("rate", struct result_load, rate)},
    {U64("due", struct result_load, due)},
    {U64("sent", struct result_load, sent)},
    {U64("answered", struct result_load, answered), REQUIRED},
    {U64("wrong", struct result_load, wrong)},
    {U64("timeouts", struct result_load, timeouts)},
    {U64("errors", struct result_load, errors)},
    {DOUBLE("throughput", struct result_load, throughput), REQUIRED},
    {DOUBLE("p50_seconds", struct result_load, p50), REQUIRED},
    {DOUBLE("p90_seconds", struct result_load, p90)},
    {DOUBLE("p99_seconds", struct result_load, p99), REQUIRED},
    {DOUBLE("p999_seconds", struct result_load, p999), REQUIRED},
    {DOUBLE("max_seconds", struct result_load, most)},
    {DOUBLE("from_sent_p99_seconds", struct result_load, sent_p99)},
    {DOUBLE("lag_p99_seconds", struct result_load, lag_p99)},
    END,
};

#define RESOURCE(n, r)                                                                                       \
    {                                                                                                        \
        STATISTIC(n, struct result_interval, percent[r]), DECIDED_BY(struct result_interval, known[r])       \
    }

static const struct json_field interval_fields[] = {
    {U64("vms", struct result_interval, vms), REQUIRED},
    {U64("asked", struct result_interval, asked)},
    {U64("alive", struct result_interval, alive)},
    {U64("wrong", struct result_interval, wrong)},
    {DOUBLE("started_at", struct result_interval, started_at)},
    {DOUBLE("ended_at", struct result_interval, ended_at)},
    {DOUBLE("grow_seconds", struct result_interval, grow_seconds)},
    {BOOL("settled", struct result_interval, settled)},
    {DOUBLE("settle_seconds", struct result_interval, settle_seconds)},
    /* The names are those of resource_name(). */
    RESOURCE("cpu", RESOURCE_CPU),
    RESOURCE("memory", RESOURCE_MEMORY),
    RESOURCE("swap", RESOURCE_SWAP),
    RESOURCE("pressure", RESOURCE_PRESSURE),
    RESOURCE("pids", RESOURCE_PIDS),
    RESOURCE("files", RESOURCE_FILES),
    RESOURCE("maps", RESOURCE_MAPS),
    RESOURCE("disk", RESOURCE_DISK),
    RESOURCE("network", RESOURCE_NETWORK),
    RESOURCE("sockets", RESOURCE_SOCKETS),
    RESOURCE("latency", RESOURCE_LATENCY),
    {STATISTIC("cpu_busy", struct result_interval, cpu_busy)},
    {STATISTIC("cpu_user", struct result_interval, cpu_user)},
    {STATISTIC("cpu_system", struct result_interval, cpu_system)},
    {STATISTIC("cpu_interrupt", struct result_interval, cpu_interrupt)},
    {STATISTIC("cpu_steal", struct result_interval, cpu_steal)},
    {STATISTIC("cpu_ticks", struct result_interval, cpu_ticks)},
    {STATISTIC("memory_taken_bytes", struct result_interval, memory_taken)},
    {STATISTIC("own_memory_bytes", struct result_interval, own_memory),
     DECIDED_BY(struct result_interval, own_known)},
    {STATISTIC("own_cpu", struct result_interval, own_cpu), IF(struct result_interval, own_known)},
    {STATISTIC("disk_bytes_per_second", struct result_interval, disk_bytes)},
    {STATISTIC("disk_operations_per_second", struct result_interval, disk_operations)},
    {STATISTIC("network_bytes_per_second", struct result_interval, network_bytes)},
    {STATISTIC("network_packets_per_second", struct result_interval, network_packets)},
    {STATISTIC("loopback_bytes_per_second", struct result_interval, loopback_bytes)},
    {STATISTIC("loopback_packets_per_second", struct result_interval, loopback_packets)},
    {STATISTIC("disk_busy", struct result_interval, disk_busy)},
    {STATISTIC("sockets_in_use", struct result_interval, sockets)},
    {STATISTIC("swap_pages_per_second", struct result_interval, swap_pages)},
    {STATISTIC("psi_cpu_some", struct result_interval, psi_cpu_some)},
    {STATISTIC("psi_memory_some", struct result_interval, psi_memory_some)},
    {STATISTIC("psi_memory_full", struct result_interval, psi_memory_full)},
    {STATISTIC("psi_io_some", struct result_interval, psi_io_some)},
    {STATISTIC("psi_io_full", struct result_interval, psi_io_full)},
    {STRUCT("memory_accounting", struct result_interval, memory, accounting_fields)},
    {STRUCT("boot_seconds", struct result_interval, boot, spread_fields)},
    {STRUCT("challenge_seconds", struct result_interval, challenge, spread_fields)},
    {STRUCT("load", struct result_interval, load, load_fields),
     DECIDED_BY(struct result_interval, load_known)},
    END,
};

static void *append_interval(void *owner)
{
    return result_add_interval(owner);
}

static const struct json_array interval_array = {
    .element_size = sizeof(struct result_interval),
    .most = 10000,
    .fields = interval_fields,
    .append = append_interval,
};

static const struct json_named mitigation_array = {
    .element_size = sizeof(((struct host_fingerprint *)0)->mitigations[0]),
    .name_room = sizeof(((struct host_fingerprint *)0)->mitigations[0].name),
    .text_offset = sizeof(((struct host_fingerprint *)0)->mitigations[0].name),
    .text_room = sizeof(((struct host_fingerprint *)0)->mitigations[0].state),
    .most = FINGERPRINT_MITIGATIONS,
};

static const struct json_field host_fields[] = {
    {TEXT("cpu_model", struct host_fingerprint, cpu_model)},
    {UNSIGNED("cpus", struct host_fingerprint, cpus)},
    {U64("memory_bytes", struct host_fingerprint, memory_bytes)},
    {U64("swap_bytes", struct host_fingerprint, swap_bytes)},
    {TEXT("kernel", struct host_fingerprint, kernel)},
    {TEXT("kernel_command_line", struct host_fingerprint, kernel_command_line)},
    {TEXT("hypervisor", struct host_fingerprint, hypervisor)},
    {BOOL("emulated", struct host_fingerprint, emulated)},
    {.name = "mitigations",
     .kind = JSON_FIELD_NAMED,
     .offset = offsetof(struct host_fingerprint, mitigations),
     .second = AT(struct host_fingerprint, mitigation_count, unsigned),
     .named = &mitigation_array},
    {TEXT("frequency_governor", struct host_fingerprint, frequency_governor)},
    {TEXT("ksm", struct host_fingerprint, ksm)},
    {TEXT("thp", struct host_fingerprint, thp)},
    {U64("cgroup_memory_bytes", struct host_fingerprint, cgroup_memory_bytes)},
    {DOUBLE("cgroup_cpus", struct host_fingerprint, cgroup_cpus)},
    {U64("cgroup_pids", struct host_fingerprint, cgroup_pids)},
    END,
};

static const struct json_field limit_fields[] = {
    {UNSIGNED("cpus", struct host_limits, cpus)},
    {U64("memory_total_bytes", struct host_limits, memory_total)},
    {U64("swap_total_bytes", struct host_limits, swap_total)},
    {U64("tasks", struct host_limits, tasks)},
    {U64("cgroup_pids", struct host_limits, cgroup_pids)},
    {U64("files", struct host_limits, files)},
    {U64("own_files", struct host_limits, own_files)},
    {U64("own_maps", struct host_limits, own_maps)},
    {U64("tcp_memory_pages", struct host_limits, tcp_memory_pages)},
    {U64("link_bits_per_second", struct host_limits, link_bits)},
    END,
};

static const struct json_field engine_fields[] = {
    {TEXT("name", struct result, engine.name), REQUIRED},
    {TEXT("class", struct result, engine.class_letter), REQUIRED},
    {FACTS("versions", struct result, engine.versions)},
    {FACTS("options", struct result, engine.options)},
    {FACTS("binaries", struct result, engine.binaries)},
    {COUNTERS("counters", struct result, engine.counters)},
    END,
};

static const struct json_field part_fields[] = {
    {TEXT("guest", struct result_part, guest), REQUIRED},
    {DOUBLE("share", struct result_part, share), REQUIRED},
    {TEXT("sha256", struct result_part, sha256), REQUIRED},
    {TEXT("file", struct result_part, file)},
    END,
};

static void *append_part(void *owner)
{
    return result_add_part(owner);
}

static const struct json_array part_array = {
    .element_size = sizeof(struct result_part),
    .most = 1000,
    .fields = part_fields,
    .append = append_part,
};

static const struct json_field image_fields[] = {
    {TEXT("name", struct result, image.name)},
    {TEXT("sha256", struct result, image.sha256), REQUIRED},
    {BOOL("ours", struct result, image.ours)},
    {TEXT("file", struct result, image.file)},
    {.name = "mix",
     .kind = JSON_FIELD_ARRAY,
     .offset = AT(struct result, image.parts, struct result_part *),
     .second = AT(struct result, image.part_count, size_t),
     .array = &part_array,
     DECIDED_BY(struct result, image.mixed)},
    END,
};

static const struct json_field plan_load_fields[] = {
    {DOUBLE("rate", struct result, plan.load.rate), REQUIRED},
    {TEXT("targets", struct result, plan.load.targets)},
    {TEXT("path", struct result, plan.load.path)},
    {DOUBLE("timeout_seconds", struct result, plan.load.timeout)},
    {DOUBLE("p99_limit_seconds", struct result, plan.load.latency_limit)},
    END,
};

static const struct json_field plan_fields[] = {
    {DOUBLE("threshold_percent", struct result, plan.threshold_percent)},
    {U64("memory_limit_bytes", struct result, plan.memory_limit_bytes)},
    {DOUBLE("cpu_limit", struct result, plan.cpu_limit)},
    {U64("network_capacity_bits_per_second", struct result, plan.network_capacity_bits)},
    {U64("disk_capacity_bytes_per_second", struct result, plan.disk_capacity_bytes)},
    {U64("disk_capacity_operations_per_second", struct result, plan.disk_capacity_operations)},
    {U64("max_vms", struct result, plan.max_vms)},
    {UNSIGNED("intervals", struct result, plan.intervals_wanted)},
    {UNSIGNED("samples", struct result, plan.samples)},
    {DOUBLE("sample_seconds", struct result, plan.sample_seconds)},
    {U64("interval_vms", struct result, plan.interval_vms)},
    {GROUP("load", plan_load_fields), DECIDED_BY(struct result, plan.load_known)},
    END,
};

static const struct json_field pilot_fields[] = {
    {U64("vms", struct result, pilot.vms)},
    {DOUBLE("memory_bytes_per_vm", struct result, pilot.memory_bytes_per_vm)},
    {DOUBLE("cpu_percent_of_host_per_vm", struct result, pilot.cpu_percent_per_vm)},
    {DOUBLE("seconds", struct result, pilot.seconds)},
    END,
};

static const char *const liveness_words[] = {"not proven", "proven"};

static const struct json_field population_fields[] = {
    {U64("started", struct result, population.started), REQUIRED},
    {U64("running", struct result, population.running)},
    {U64("failed", struct result, population.failed)},
    {U64("died", struct result, population.died)},
    {WORD("liveness", struct result, population.provable, liveness_words), REQUIRED},
    {U64("asked", struct result, population.asked), REQUIRED, IF(struct result, population.provable)},
    {U64("alive", struct result, population.alive), REQUIRED, IF(struct result, population.provable)},
    {U64("wrong", struct result, population.wrong), IF(struct result, population.provable)},
    {TEXT("last_failure", struct result, population.last_failure)},
    END,
};

static const char *const stop_words[STOP_COUNT] = {
    [STOP_NOT_YET] = NULL,          [STOP_MAX] = "max",         [STOP_CPU] = "cpu",
    [STOP_MEMORY] = "memory",       [STOP_SWAP] = "swap",       [STOP_PRESSURE] = "pressure",
    [STOP_DISK] = "disk",           [STOP_NETWORK] = "network", [STOP_SOCKETS] = "sockets",
    [STOP_LATENCY] = "latency",     [STOP_PIDS] = "pids",       [STOP_FILES] = "files",
    [STOP_MAPS] = "maps",           [STOP_ENGINE] = "engine",   [STOP_ALIVE] = "alive",
    [STOP_INTERRUPT] = "interrupt", [STOP_HOSTS] = "hosts",     [STOP_UNRESPONSIVE] = "unresponsive",
};

const char *stop_name(enum stop stop)
{
    return (unsigned)stop < STOP_COUNT ? stop_words[stop] : NULL;
}

#define SLOPE(n, m, required)                                                                                \
    {DOUBLE(n, struct result, m.value), required, DECIDED_BY(struct result, m.known)},                       \
        {PAIR(n "_ci95", struct result, m.low, m.high), IF(struct result, m.known)},                         \
        {DOUBLE(n "_intercept", struct result, m.intercept), IF(struct result, m.known)},                    \
    {                                                                                                        \
        DOUBLE(n "_r2", struct result, m.r2), IF(struct result, m.known)                                     \
    }

static const struct json_field per_vm_fields[] = {
    SLOPE("memory_bytes", per_vm.memory_bytes, REQUIRED),
    SLOPE("cpu_percent_of_host", per_vm.cpu_percent_of_host, REQUIRED),
    SLOPE("cpu_ticks_percent_of_host", per_vm.cpu_ticks_percent_of_host, REQUIRED),
    SLOPE("own_memory_bytes", per_vm.own_memory_bytes, OPTIONAL),
    SLOPE("own_cpu_percent_of_host", per_vm.own_cpu_percent_of_host, OPTIONAL),
    {DOUBLE("boot_seconds_median", struct result, per_vm.boot_seconds_median)},
    END,
};

static const struct json_field reading_cpu_fields[] = {
    {U64("user", struct host_cpu, user)},       {U64("nice", struct host_cpu, nice)},
    {U64("system", struct host_cpu, system)},   {U64("irq", struct host_cpu, irq)},
    {U64("softirq", struct host_cpu, softirq)}, {U64("guest", struct host_cpu, guest)},
    {U64("steal", struct host_cpu, steal)},     {U64("idle", struct host_cpu, idle)},
    {U64("iowait", struct host_cpu, iowait)},   END,
};

static const struct json_field reading_memory_fields[] = {
    {U64("total", struct host_memory, total)},
    {U64("available", struct host_memory, available)},
    {U64("free", struct host_memory, free)},
    {U64("anonymous", struct host_memory, anonymous)},
    {U64("shared", struct host_memory, shared)},
    {U64("page_tables", struct host_memory, page_tables)},
    {U64("secondary_page_tables", struct host_memory, secondary_page_tables)},
    {U64("kernel_stacks", struct host_memory, kernel_stacks)},
    {U64("slab_unreclaimable", struct host_memory, slab_unreclaimable)},
    {U64("slab_reclaimable", struct host_memory, slab_reclaimable)},
    {U64("per_cpu", struct host_memory, per_cpu)},
    {U64("vmalloc", struct host_memory, vmalloc)},
    {U64("file_cache", struct host_memory, file_cache)},
    {U64("file_lists", struct host_memory, file_lists)},
    {U64("reclaimable", struct host_memory, reclaimable)},
    {U64("watermark_low", struct host_memory, watermark_low)},
    {U64("free_lists", struct host_memory, free_lists)},
    {U64("swap_total", struct host_memory, swap_total)},
    {U64("swap_free", struct host_memory, swap_free)},
    END,
};
ALL_MEMBERS(reading_memory_fields, struct host_memory, uint64_t);

static const struct json_field reading_fields[] = {
    {DOUBLE("unix_seconds", struct host_reading, unix_seconds)},
    {UNSIGNED("cpus", struct host_reading, cpus)},
    {STRUCT("cpu_ticks", struct host_reading, cpu, reading_cpu_fields)},
    {STRUCT("memory_bytes", struct host_reading, memory, reading_memory_fields)},
    {U64("tasks", struct host_reading, tasks)},
    {U64("files_open", struct host_reading, files_open)},
    {U64("own_files", struct host_reading, own_files)},
    {U64("own_maps", struct host_reading, own_maps)},
    {U64("own_memory_bytes", struct host_reading, own_memory)},
    {U64("own_cpu_ns", struct host_reading, own_cpu_ns)},
    {U64("cgroup_pids", struct host_reading, cgroup_pids)},
    {U64("oom_kills", struct host_reading, oom_kills)},
    END,
};

static const struct json_field baseline_fields[] = {
    {DOUBLE("cpu_busy", struct result, baseline.cpu_busy)},
    {DOUBLE("own_cpu", struct result, baseline.own_cpu)},
    {STATISTIC("cpu", struct result, baseline.cpu)},
    {STRUCT("reading", struct result, baseline.reading, reading_fields)},
    END,
};

static const struct json_field teardown_fields[] = {
    {BOOL("done", struct result, teardown.done)},
    {BOOL("clean", struct result, teardown.clean)},
    {DOUBLE("seconds", struct result, teardown.seconds)},
    {DOUBLE("memory_left_bytes", struct result, teardown.memory_left_bytes)},
    {I64("tasks_left", struct result, teardown.tasks_left)},
    {I64("files_left", struct result, teardown.files_left)},
    {TEXT("left", struct result, teardown.left)},
    END,
};

static const struct json_field harness_fields[] = {
    {DOUBLE("cpu_percent_of_core", struct result, harness.cpu_percent_of_core)},
    {DOUBLE("memory_bytes", struct result, harness.memory_bytes)},
    {DOUBLE("sample_cost_seconds", struct result, harness.sample_cost_seconds)},
    {INT("oom_score_adj", struct result, harness.oom_score_adj)},
    {U64("memory_floor_bytes", struct result, harness.memory_floor_bytes)},
    END,
};

static const struct json_field host_point_fields[] = {
    {U64("vms_of_all", struct result_host_point, vms_of_all)},
    {U64("vms", struct result_host_point, vms), REQUIRED},
    {DOUBLE("vcpus_percent", struct result_host_point, percent[ALLOTMENT_CPU])},
    {DOUBLE("memory_percent", struct result_host_point, percent[ALLOTMENT_MEMORY])},
    {DOUBLE("disk_percent", struct result_host_point, percent[ALLOTMENT_DISK])},
    END,
};

static void *append_host_point(void *owner)
{
    return result_add_host_point(owner);
}

static const struct json_array host_point_array = {
    .element_size = sizeof(struct result_host_point),
    .most = 10000,
    .fields = host_point_fields,
    .append = append_host_point,
};

static const struct json_field host_of_vms_fields[] = {
    {TEXT("name", struct result_host, name), REQUIRED},
    {DOUBLE("vcpus", struct result_host, vcpus)},
    {DOUBLE("memory_bytes", struct result_host, memory_bytes)},
    {DOUBLE("disk_bytes", struct result_host, disk_bytes)},
    {.name = "points",
     .kind = JSON_FIELD_ARRAY,
     .offset = AT(struct result_host, points, struct result_host_point *),
     .second = AT(struct result_host, point_count, size_t),
     .array = &host_point_array,
     REQUIRED},
    END,
};

static void *append_host(void *owner)
{
    return result_add_host(owner);
}

static const struct json_array host_of_vms_array = {
    .element_size = sizeof(struct result_host),
    .most = 10000,
    .fields = host_of_vms_fields,
    .append = append_host,
};

static const char *const allotment_words[ALLOTMENT_COUNT] = {
    [ALLOTMENT_CPU] = "vcpus",
    [ALLOTMENT_MEMORY] = "memory",
    [ALLOTMENT_DISK] = "disk",
};

const char *allotment_name(enum host_allotment allotment)
{
    return allotment_words[allotment];
}

static const struct json_field first_host_fields[] = {
    {TEXT("name", struct result, first_host.name), REQUIRED},
    {WORD("resource", struct result, first_host.allotment, allotment_words), REQUIRED},
    {DOUBLE("percent", struct result, first_host.percent)},
    {U64("vms", struct result, first_host.vms)},
    {U64("vms_of_all", struct result, first_host.vms_of_all)},
    END,
};

static const char *const schema_words[] = {RESULT_SCHEMA};

const struct json_field result_fields[] = {
    {.name = "schema", .kind = JSON_FIELD_CONSTANT, .words = schema_words, .word_count = 1, REQUIRED},
    {TEXT("tool_version", struct result, tool_version)},
    {TEXT("command_line", struct result, command_line)},
    {TEXT("method", struct result, method)},
    /* Written as "running" or "done" from ended_at; listed here so that it stands near the top. */
    {.name = "state", .kind = JSON_FIELD_STATE, .offset = AT(struct result, ended_at, double)},
    {DOUBLE("started_at", struct result, started_at)},
    {DOUBLE("ended_at", struct result, ended_at)},
    {U64("seed", struct result, seed)},
    {GROUP("engine", engine_fields), REQUIRED},
    {GROUP("image", image_fields), REQUIRED},
    {GROUP("plan", plan_fields)},
    {GROUP("population", population_fields), REQUIRED},
    {WORD("stopped_by", struct result, stopped_by, stop_words), REQUIRED},
    {TEXT("stop_reason", struct result, stop_reason)},
    {STRUCT("wake_seconds", struct result, wake, spread_fields), DECIDED_BY(struct result, wake_known)},
    {GROUP("per_vm", per_vm_fields), REQUIRED},
    {STRUCT("memory_accounting", struct result, memory_accounting, accounting_fields), REQUIRED},
    {GROUP("teardown", teardown_fields)},
    {GROUP("harness", harness_fields)},
    {STRUCT("host", struct result, host, host_fields)},
    {STRUCT("limits", struct result, limits, limit_fields)},
    {GROUP("baseline", baseline_fields)},
    {GROUP("pilot", pilot_fields)},
    {.name = "intervals",
     .kind = JSON_FIELD_ARRAY,
     .offset = AT(struct result, intervals, struct result_interval *),
     .second = AT(struct result, interval_count, size_t),
     .array = &interval_array,
     REQUIRED},
    {.name = "hosts",
     .kind = JSON_FIELD_ARRAY,
     .offset = AT(struct result, hosts, struct result_host *),
     .second = AT(struct result, host_count, size_t),
     .array = &host_of_vms_array},
    {TEXT("hosts_unknown", struct result, hosts_unknown)},
    {GROUP("first_host", first_host_fields), DECIDED_BY(struct result, first_host_known)},
    END,
};
