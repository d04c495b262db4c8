/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Requests that wait for their VM. A VM's serial port carries one at a time; others for the same VM wait in
 * the order in which they came. VMs without a request, and not marked as late, take no memory.
 */
#ifndef MVM_LOAD_VM_QUEUE_H
#define MVM_LOAD_VM_QUEUE_H

#include "load/way.h"

#include <stdbool.h>

/* A VM that has a request under way, or owes the answer to one that was given up. */
struct queued_vm {
    uint64_t vm;
    struct queued_vm *next; /* in its bucket, or among the unused */
    struct load_request *waiting, *waiting_last;
    bool taken; /* a request is under way */
    bool late;  /* it was given up: what the VM sends next may be the rest of its answer */
};

struct vm_queue {
    struct queued_vm **buckets;
    size_t bucket_count; /* a power of two */
    size_t count;        /* VMs in it */
    struct queued_vm *unused;
};

/* -ENOMEM or 0. */
int vm_queue_init(struct vm_queue *queue);
/* Fine with a zeroed one. */
void vm_queue_release(struct vm_queue *queue);

/* The request's VM. When it is not taken it is now, and the request is to be sent; else the request waits,
 * and
 * `*ret_vm` is NULL. -ENOMEM: neither. */
int vm_queue_enter(struct vm_queue *queue, struct load_request *request, struct queued_vm **ret_vm);

/* The request under way has ended. The next one, which is under way now, or NULL: the VM is not taken any
 * more, and may be gone. */
struct load_request *vm_queue_leave(struct vm_queue *queue, struct queued_vm *vm);

#endif
