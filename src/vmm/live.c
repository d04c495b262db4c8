/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the VMs of all workers have been doing. */
#include "vmm/population.h"

static void fit(struct shard *shard, void *argument)
{
    activity_fit(&shard->activity, *(const uint64_t *)argument);
}

void population_fit(struct vmm *vmm, uint64_t numbers)
{
    if (numbers <= vmm->fits)
        return;
    /* All at once, so that all workers' cells stand for the same VMs. */
    for (unsigned i = 0; i < vmm->options.workers; i++)
        if (vmm->workers[i])
            worker_call(vmm->workers[i], fit, &numbers);
        else
            fit(vmm->shards[i], &numbers);
    vmm->fits = numbers;
}

static void look(struct shard *shard, void *argument)
{
    struct vmm_live *live = argument;
    uint64_t count = store_count(shard->store);
    struct store_usage usage;

    if (count > 0)
        heat_add(&live->heat, &shard->activity, shard_vm(shard, (uint32_t)(count - 1)) + 1);
    busiest_add(&live->busiest, &shard->activity, shard_now(shard));
    store_usage(shard->store, &usage);
    store_usage_add(&live->usage, &usage);
}

static void look_and_watch(struct shard *shard, void *argument)
{
    shard->watched_until_ns = shard_now(shard) + VMM_WATCH_NS;
    look(shard, argument);
}

void vmm_look_live(struct vmm *vmm, bool watches, struct vmm_live *ret_live)
{
    *ret_live = (struct vmm_live){.heat.vms_each = 1};
    for (unsigned i = 0; i < vmm->options.workers; i++)
        worker_call(vmm->workers[i], watches ? look_and_watch : look, ret_live);
}
