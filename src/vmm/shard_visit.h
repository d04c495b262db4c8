/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One VM out of the store and back: what the files of a shard share. */
#ifndef MVM_VMM_SHARD_VISIT_H
#define MVM_VMM_SHARD_VISIT_H

#include "vmm/board.h"
#include "vmm/shard.h"

/* A VM that is out of the store. */
struct visit {
    struct context *context;
    uint32_t number;
    uint32_t stamp;
    uint8_t flags;
    bool from_queue;             /* it waited for its slice */
    struct vmm_request *request; /* attached to it, or NULL */
    struct console *console;
    struct boot *boot;
    struct boot first_run; /* of a VM that is being booted now */
};

/* Takes VM `number` out. False: it has stopped, or does so now for want of memory, and nothing is to be done.
 */
bool visit_begin(struct shard *shard, uint32_t number, struct visit *visit);

/* Runs it until it sleeps, stops or its slice ends, with all that waits for it fed to it; and puts it back.
 */
void visit_run(struct shard *shard, struct visit *visit);

/* Puts a VM that is laid and new to this shard back, with its timer and its place in the run queue. -ENOMEM.
 */
int visit_adopt(struct shard *shard, struct visit *visit, bool wants_slice);

/* Takes off the context what visit_begin() laid. */
void visit_unlay(struct shard *shard, struct context *context);

/* Finishes a request. */
void visit_answer(struct shard *shard, struct vmm_request *request, int status);

/* Ends a VM that is not out, for good. */
void shard_end(struct shard *shard, uint32_t number, enum vm_stop stop, uint32_t detail);

/* What vmm_last_stop() tells. */
static inline void note_last_stop(struct shard *shard, enum vm_stop stop, uint32_t detail)
{
    atomic_store_explicit(&shard->last_stop, (uint64_t)detail << 32 | stop, memory_order_relaxed);
}

/* Sends what `context` executes to the shard's trace, and no more. */
void shard_trace_attach(struct shard *shard, struct context *context);
void shard_trace_detach(struct context *context);

#endif
