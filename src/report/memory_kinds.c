/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/memory_kinds.h"

#include "report/report.h"

#include <stddef.h>

#define KIND(text, member)                                                                                   \
    {                                                                                                        \
        text, offsetof(struct memory_accounting, member)                                                     \
    }

static const struct {
    const char *name;
    size_t offset;
} kinds[MEMORY_KINDS] = {
    KIND("anonymous", anonymous),
    KIND("shared", shared),
    KIND("page tables", page_tables),
    KIND("secondary page tables", secondary_page_tables),
    KIND("kernel stacks", kernel_stacks),
    KIND("slab", slab),
    KIND("per CPU", per_cpu),
    KIND("vmalloc", vmalloc),
    KIND("file cache", file_cache),
    KIND("unexplained", unexplained),
};

const char *memory_kind_name(size_t kind)
{
    return kinds[kind].name;
}

double memory_kind_bytes(const struct memory_accounting *accounting, size_t kind)
{
    const char *place = (const char *)accounting + kinds[kind].offset;

    return *(const double *)(const void *)place;
}

uint64_t memory_kinds_vms(const struct result *result)
{
    uint64_t most = 0;

    for (size_t i = 0; i < result->interval_count; i++)
        most = result->intervals[i].vms > most ? result->intervals[i].vms : most;
    return most;
}

bool report_has_accounting(const struct result *result)
{
    return memory_kinds_vms(result) > 0 && result->memory_accounting.taken > 0;
}
