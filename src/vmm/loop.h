/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The workers: one thread each, which runs the VMs of its shard when there is something for them to do and
 * sleeps when there is not. Work comes in by an inbox; finished requests go to the one outbox of the
 * population. */
#ifndef MVM_VMM_LOOP_H
#define MVM_VMM_LOOP_H

#include "vmm/shard.h"

#include <pthread.h>

/* Finished requests, from all workers to the caller. */
struct outbox {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct vmm_request *first; /* in no order */
    int event;                 /* an eventfd for callers that poll(); -1: nobody does */
    bool signalled;            /* the eventfd was written since outbox_clear() */
};

void outbox_init(struct outbox *outbox);
void outbox_release(struct outbox *outbox);
/* The eventfd, made at the first call. -errno. */
int outbox_descriptor(struct outbox *outbox);
/* Makes the descriptor readable: there is news. */
void outbox_signal(struct outbox *outbox);
/* Makes it unreadable. To be called before looking for the news. */
void outbox_clear(struct outbox *outbox);
/* See vmm_reap(). */
size_t outbox_take(struct outbox *outbox, struct vmm_request **ret_requests, size_t room, uint64_t until_ns);

struct worker;

/* Starts a thread that works for `shard` (not owned). */
int worker_start(struct shard *shard, struct outbox *outbox, struct worker **ret_worker,
                 struct reason *reason);
/* Ends the thread after its present turn and frees it. NULL is fine. */
void worker_stop(struct worker *worker);

/* A list of requests, first to last through `next`. */
void worker_post(struct worker *worker, struct vmm_request *first, struct vmm_request *last);
void worker_boot(struct worker *worker, uint64_t count);
/* Takes back boots that have not begun, and returns how many. */
uint64_t worker_boot_cancel(struct worker *worker);

/* Holds the thread between two turns until worker_resume(): its shard belongs to the caller meanwhile. Work
 * that comes in waits. */
void worker_pause(struct worker *worker);
void worker_resume(struct worker *worker);

/* Runs `job` on the worker's thread between its turns and returns when it is done. */
void worker_call(struct worker *worker, void (*job)(struct shard *shard, void *argument), void *argument);

#endif
