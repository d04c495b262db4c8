/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files behind vmm.h share: the population as a whole. */
#ifndef MVM_VMM_POPULATION_H
#define MVM_VMM_POPULATION_H

#include "vmm/loop.h"
#include "vmm/vmm.h"

struct trace_buffer;

struct vmm_port {
    struct vmm *vmm;
    bool lends; /* its thread may run VMs */
    struct outbox outbox;
};

struct vmm {
    struct vmm_options options;
    struct machine_bases *bases;
    struct shard **shards; /* options.workers of each */
    struct worker **workers;
    uint64_t *asked;            /* VMs that each worker was to start, without those that were taken back */
    struct vmm_port port;       /* the population's own */
    uint64_t fits;              /* VM numbers for which the heat map's cells are wide enough */
    uint64_t epoch_ns;          /* CLOCK_MONOTONIC at 0 of the population's clock */
    struct trace_buffer *trace; /* of vmm_trace_open(), or NULL */
    uint64_t traced;            /* the VM that is traced; UINT64_MAX: none */
    uint8_t image[512];
};

/* A population without threads yet, whose clock shows `clock_ns` now. Takes over `bases`, also when it fails.
 */
int population_create(const struct vmm_options *options, const uint8_t *image, struct machine_bases *bases,
                      uint64_t clock_ns, struct vmm **ret_vmm, struct reason *reason);
int population_start(struct vmm *vmm, struct reason *reason);

/* live.c: room in the heat map for VM numbers below this, before such VMs boot. */
void population_fit(struct vmm *vmm, uint64_t numbers);

#endif
