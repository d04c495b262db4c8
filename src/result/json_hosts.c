/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The names of result.json about VMs on several hosts: docs/result-format.md, "Several hosts". */
#include "result/json_rows.h"

/* The names are those of resource_name(), as in an interval. */
static const struct json_field use_fields[] = {
    {STATISTIC("cpu", struct result_use, percent[RESOURCE_CPU]),
     DECIDED_BY(struct result_use, known[RESOURCE_CPU])},
    {STATISTIC("memory", struct result_use, percent[RESOURCE_MEMORY]),
     DECIDED_BY(struct result_use, known[RESOURCE_MEMORY])},
    {STATISTIC("swap", struct result_use, percent[RESOURCE_SWAP]),
     DECIDED_BY(struct result_use, known[RESOURCE_SWAP])},
    {STATISTIC("pressure", struct result_use, percent[RESOURCE_PRESSURE]),
     DECIDED_BY(struct result_use, known[RESOURCE_PRESSURE])},
    {STATISTIC("pids", struct result_use, percent[RESOURCE_PIDS]),
     DECIDED_BY(struct result_use, known[RESOURCE_PIDS])},
    {STATISTIC("files", struct result_use, percent[RESOURCE_FILES]),
     DECIDED_BY(struct result_use, known[RESOURCE_FILES])},
    {STATISTIC("disk", struct result_use, percent[RESOURCE_DISK]),
     DECIDED_BY(struct result_use, known[RESOURCE_DISK])},
    {STATISTIC("network", struct result_use, percent[RESOURCE_NETWORK]),
     DECIDED_BY(struct result_use, known[RESOURCE_NETWORK])},
    {STATISTIC("sockets", struct result_use, percent[RESOURCE_SOCKETS]),
     DECIDED_BY(struct result_use, known[RESOURCE_SOCKETS])},
    {STATISTIC("cpu_steal", struct result_use, cpu_steal)},
    {STATISTIC("memory_taken_bytes", struct result_use, memory_taken)},
    {STATISTIC("psi_cpu_some", struct result_use, psi_cpu_some)},
    END,
};

static const struct json_field host_point_fields[] = {
    {U64("vms_of_all", struct result_host_point, vms_of_all)},
    {U64("vms", struct result_host_point, vms), REQUIRED},
    {DOUBLE("vcpus_percent", struct result_host_point, percent[ALLOTMENT_CPU])},
    {DOUBLE("memory_percent", struct result_host_point, percent[ALLOTMENT_MEMORY])},
    {DOUBLE("disk_percent", struct result_host_point, percent[ALLOTMENT_DISK])},
    {STRUCT("used", struct result_host_point, use, use_fields),
     DECIDED_BY(struct result_host_point, use_known)},
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

static const struct json_field node_fields[] = {
    {TEXT("source", struct result_node, source), REQUIRED},
    {UNSIGNED("cpus", struct result_node, cpus), REQUIRED},
    {U64("memory_bytes", struct result_node, memory_bytes), REQUIRED},
    {U64("swap_bytes", struct result_node, swap_bytes)},
    {STATISTIC("empty_cpu", struct result_node, empty_cpu)},
    {U64("empty_memory_available_bytes", struct result_node, empty_memory_available)},
    {U64("samples_missed", struct result_node, missed)},
    END,
};

static const struct json_field host_per_vm_fields[] = {
    SLOPE_OF("memory_bytes", struct result_host, per_vm.memory_bytes, OPTIONAL),
    SLOPE_OF("cpu_percent_of_host", struct result_host, per_vm.cpu_percent_of_host, OPTIONAL),
    END,
};

static const struct json_field host_of_vms_fields[] = {
    {TEXT("name", struct result_host, name), REQUIRED},
    {DOUBLE("vcpus", struct result_host, vcpus)},
    {DOUBLE("memory_bytes", struct result_host, memory_bytes)},
    {DOUBLE("disk_bytes", struct result_host, disk_bytes)},
    {STRUCT("node", struct result_host, node, node_fields), DECIDED_BY(struct result_host, node_known)},
    {TEXT("unknown", struct result_host, unknown)},
    {GROUP("per_vm", host_per_vm_fields), IF(struct result_host, node_known)},
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

const struct json_array host_of_vms_array = {
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

#define FIRST_HOST(words)                                                                                    \
    {TEXT("name", struct result_first_host, name), REQUIRED},                                                \
        {WORD("resource", struct result_first_host, resource, words), REQUIRED},                             \
        {DOUBLE("percent", struct result_first_host, percent)}, {U64("vms", struct result_first_host, vms)}, \
    {                                                                                                        \
        U64("vms_of_all", struct result_first_host, vms_of_all)                                              \
    }

const struct json_field first_host_fields[] = {FIRST_HOST(allotment_words), END};
const struct json_field first_host_used_fields[] = {FIRST_HOST(resource_names), END};

static const struct json_field cloud_point_fields[] = {
    {U64("vms", struct result_cloud_point, vms), REQUIRED},
    {UNSIGNED("hosts", struct result_cloud_point, hosts), REQUIRED},
    {DOUBLE("memory_taken_bytes", struct result_cloud_point, memory_taken)},
    {DOUBLE("cpu_percent", struct result_cloud_point, percent[CLOUD_CPU])},
    {DOUBLE("memory_percent", struct result_cloud_point, percent[CLOUD_MEMORY])},
    {DOUBLE("swap_percent", struct result_cloud_point, percent[CLOUD_SWAP])},
    END,
};

static void *append_cloud_point(void *owner)
{
    return result_add_cloud_point(owner);
}

static const struct json_array cloud_point_array = {
    .element_size = sizeof(struct result_cloud_point),
    .most = 10000,
    .fields = cloud_point_fields,
    .append = append_cloud_point,
};

static const struct json_field cloud_per_vm_fields[] = {
    SLOPE_OF("memory_bytes", struct result_cloud, per_vm.memory_bytes, OPTIONAL),
    SLOPE_OF("cpu_percent_of_cloud", struct result_cloud, per_vm.cpu_percent_of_cloud, OPTIONAL),
    END,
};

const struct json_field cloud_fields[] = {
    {UNSIGNED("hosts", struct result_cloud, hosts), REQUIRED},
    {UNSIGNED("cpus", struct result_cloud, cpus)},
    {U64("memory_bytes", struct result_cloud, memory_bytes)},
    {DOUBLE("empty_cpu_percent", struct result_cloud, empty_cpu)},
    {.name = "points",
     .kind = JSON_FIELD_ARRAY,
     .offset = AT(struct result_cloud, points, struct result_cloud_point *),
     .second = AT(struct result_cloud, point_count, size_t),
     .array = &cloud_point_array,
     REQUIRED},
    {GROUP("per_vm", cloud_per_vm_fields)},
    END,
};
