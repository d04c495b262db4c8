/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/resource.h"

static double growth(uint64_t before, uint64_t after)
{
    return (double)after - (double)before;
}

uint64_t host_memory_available(const struct host_memory *memory)
{
    return memory->available + memory->free_lists;
}

/* How much of `bytes` of reclaimable memory MemAvailable leaves out (mm/show_mem.c, si_mem_available()):
 * below twice the low watermark, half of each byte. On a host with little cache this shows in every file that
 * a population maps. */
static uint64_t held_back(uint64_t bytes, uint64_t watermark_low)
{
    return bytes / 2 < watermark_low ? bytes / 2 : watermark_low;
}

/* Of the page cache: what is on no list that could be reclaimed (locked in memory), and what is held back. */
static double file_cache_not_available(const struct host_memory *memory)
{
    return (double)memory->file_cache - (double)memory->file_lists +
           (double)held_back(memory->file_lists, memory->watermark_low);
}

static double slab_not_available(const struct host_memory *memory)
{
    return (double)memory->slab_unreclaimable + (double)memory->slab_reclaimable -
           (double)memory->reclaimable + (double)held_back(memory->reclaimable, memory->watermark_low);
}

void memory_account(const struct host_memory *empty, const struct host_memory *now, bool vmalloc_holds_stacks,
                    struct memory_accounting *ret_accounting)
{
    struct memory_accounting accounting = {
        .taken = growth(host_memory_available(now), host_memory_available(empty)),
        .anonymous = growth(empty->anonymous, now->anonymous),
        .shared = growth(empty->shared, now->shared),
        .page_tables = growth(empty->page_tables, now->page_tables),
        .secondary_page_tables = growth(empty->secondary_page_tables, now->secondary_page_tables),
        .kernel_stacks = growth(empty->kernel_stacks, now->kernel_stacks),
        .per_cpu = growth(empty->per_cpu, now->per_cpu),
        .vmalloc = growth(empty->vmalloc, now->vmalloc),
        .slab = slab_not_available(now) - slab_not_available(empty),
        .file_cache = file_cache_not_available(now) - file_cache_not_available(empty),
    };

    if (vmalloc_holds_stacks)
        accounting.vmalloc -= accounting.kernel_stacks;
    accounting.unexplained = accounting.taken - accounting.anonymous - accounting.shared -
                             accounting.page_tables - accounting.secondary_page_tables -
                             accounting.kernel_stacks - accounting.per_cpu - accounting.vmalloc -
                             accounting.slab - accounting.file_cache;
    *ret_accounting = accounting;
}
