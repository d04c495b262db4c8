/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The names of result.json, in the order of the file. Their meaning: docs/result-format.md. */
#include "result/json_rows.h"

const struct json_field statistic_fields[] = {
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

#define SLOPE(n, m, required) SLOPE_OF(n, struct result, m, required)

static const struct json_field per_vm_fields[] = {
    SLOPE("memory_bytes", per_vm.memory_bytes, REQUIRED),
    SLOPE("cpu_percent_of_host", per_vm.cpu_percent_of_host, REQUIRED),
    SLOPE("cpu_ticks_percent_of_host", per_vm.cpu_ticks_percent_of_host, REQUIRED),
    SLOPE("own_memory_bytes", per_vm.own_memory_bytes, OPTIONAL),
    SLOPE("own_cpu_percent_of_host", per_vm.own_cpu_percent_of_host, OPTIONAL),
    {DOUBLE("boot_seconds_median", struct result, per_vm.boot_seconds_median)},
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
    {STRUCT("first_host", struct result, first_host, first_host_fields),
     DECIDED_BY(struct result, first_host.known)},
    {STRUCT("first_host_used", struct result, first_host_used, first_host_used_fields),
     DECIDED_BY(struct result, first_host_used.known)},
    {STRUCT("cloud", struct result, cloud, cloud_fields), DECIDED_BY(struct result, cloud_known)},
    END,
};
