/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finished requests, from all workers to one thread that takes them. Each worker gathers what it has finished
 * in its own lane of the outbox and hands it over now and then, so that the lock is taken once for many. */
#ifndef MVM_VMM_OUTBOX_H
#define MVM_VMM_OUTBOX_H

#include "vmm/vmm.h"

#include <pthread.h>
#include <stdbool.h>

/* One worker's, and touched by no other thread. */
struct outbox_lane {
    _Alignas(64) struct vmm_request *first;
    struct vmm_request **end;
    struct outbox *outbox;
    struct outbox_lane *next; /* of the worker's lanes that hold something */
};

struct outbox {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct vmm_request *first, **end; /* in the order in which they came */
    bool waited_for;                  /* outbox_take() sleeps */
    int event;                        /* an eventfd for callers that poll(); -1: nobody does */
    bool signalled;                   /* the eventfd was written since outbox_clear() */
    struct outbox_lane *lanes;        /* one a worker */
};

/* -ENOMEM or 0. */
int outbox_init(struct outbox *outbox, unsigned workers);
/* When no worker will use it any more. Fine when it was never made, but zeroed. */
void outbox_release(struct outbox *outbox);
/* The eventfd, made at the first call. -errno. */
int outbox_descriptor(struct outbox *outbox);
/* Makes the descriptor readable: there is news. */
void outbox_signal(struct outbox *outbox);
/* Makes it unreadable. To be called before looking for the news. */
void outbox_clear(struct outbox *outbox);
/* See vmm_reap(). */
size_t outbox_take(struct outbox *outbox, struct vmm_request **ret_requests, size_t room, uint64_t until_ns);

/* For workers: puts a finished request into the lane of worker `worker` in its outbox. `full` is the worker's
 * list of lanes that hold something. */
void outbox_gather(struct vmm_request *request, unsigned worker, struct outbox_lane **full);
/* Hands over what is in the lanes of this list, and empties it. Who takes from `own` (NULL: nobody here) is
 * about to look, and is not woken. */
void outbox_hand_over(struct outbox_lane **full, const struct outbox *own);

#endif
