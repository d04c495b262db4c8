/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The names of a reading of a host and of its limits, in result.json and in samples. */
#include "result/json_rows.h"

const struct json_field limit_fields[] = {
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

const struct json_field reading_cpu_fields[] = {
    {U64("user", struct host_cpu, user)},       {U64("nice", struct host_cpu, nice)},
    {U64("system", struct host_cpu, system)},   {U64("irq", struct host_cpu, irq)},
    {U64("softirq", struct host_cpu, softirq)}, {U64("guest", struct host_cpu, guest)},
    {U64("steal", struct host_cpu, steal)},     {U64("idle", struct host_cpu, idle)},
    {U64("iowait", struct host_cpu, iowait)},   END,
};

const struct json_field reading_memory_fields[] = {
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

const struct json_field reading_fields[] = {
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
