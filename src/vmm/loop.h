/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The workers: one thread each, which runs the VMs of its shard when there is something for them to do and
 * sleeps when there is not. Work comes in by an inbox, from any thread; finished requests go each to the
 * outbox that it names. */
#ifndef MVM_VMM_LOOP_H
#define MVM_VMM_LOOP_H

#include "vmm/outbox.h"
#include "vmm/shard.h"

struct worker;

/* Starts a thread that works for `shard` (not owned); `news` is told of what is no request's: consoles, and
 * VMs that stop. */
int worker_start(struct shard *shard, struct outbox *news, struct worker **ret_worker, struct reason *reason);
/* Ends the thread after its present turn and frees it. NULL is fine. */
void worker_stop(struct worker *worker);

/* A list of requests, first to last through `next`. */
void worker_post(struct worker *worker, struct vmm_request *first, struct vmm_request *last);
/* Carries the requests out on the calling thread, if the worker sleeps and has nothing to do: for a
 * millisecond, the rest is posted. False: it is not so, and nothing was done. `own`: the outbox of the
 * calling thread. Not for CPUs that are hardware, which belong to their threads. */
bool worker_borrow(struct worker *worker, struct vmm_request *first, struct vmm_request *last,
                   const struct outbox *own);
void worker_boot(struct worker *worker, uint64_t count);
/* Takes back boots that have not begun, and returns how many. */
uint64_t worker_boot_cancel(struct worker *worker);

/* Holds the thread between two turns until worker_resume(): its shard belongs to the caller meanwhile. Work
 * that comes in waits. */
void worker_pause(struct worker *worker);
void worker_resume(struct worker *worker);

/* Runs `job` on the worker's thread between its turns and returns when it is done. From any thread. */
void worker_call(struct worker *worker, void (*job)(struct shard *shard, void *argument), void *argument);

#endif
