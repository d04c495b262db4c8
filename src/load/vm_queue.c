/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "load/vm_queue.h"

#include <errno.h>
#include <stdlib.h>

enum { BUCKETS_AT_FIRST = 1024 };

static struct queued_vm **bucket_of(const struct vm_queue *queue, uint64_t vm)
{
    uint64_t mixed = vm * UINT64_C(0x9e3779b97f4a7c15);

    return &queue->buckets[(mixed >> 32) & (queue->bucket_count - 1)];
}

int vm_queue_init(struct vm_queue *queue)
{
    *queue = (struct vm_queue){.buckets = calloc(BUCKETS_AT_FIRST, sizeof(struct queued_vm *)),
                               .bucket_count = BUCKETS_AT_FIRST};
    return queue->buckets ? 0 : -ENOMEM;
}

static void free_list(struct queued_vm *vm)
{
    while (vm) {
        struct queued_vm *next = vm->next;

        free(vm);
        vm = next;
    }
}

void vm_queue_release(struct vm_queue *queue)
{
    for (size_t i = 0; queue->buckets && i < queue->bucket_count; i++)
        free_list(queue->buckets[i]);
    free_list(queue->unused);
    free(queue->buckets);
    *queue = (struct vm_queue){0};
}

/* Twice as many buckets. Without memory for them the lists become longer, and nothing else. */
static void spread(struct vm_queue *queue)
{
    struct vm_queue wider = {.bucket_count = 2 * queue->bucket_count};

    wider.buckets = calloc(wider.bucket_count, sizeof(struct queued_vm *));
    if (!wider.buckets)
        return;
    for (size_t i = 0; i < queue->bucket_count; i++) {
        for (struct queued_vm *vm = queue->buckets[i], *next; vm; vm = next) {
            struct queued_vm **bucket = bucket_of(&wider, vm->vm);

            next = vm->next;
            vm->next = *bucket;
            *bucket = vm;
        }
    }
    free(queue->buckets);
    queue->buckets = wider.buckets;
    queue->bucket_count = wider.bucket_count;
}

static struct queued_vm *add(struct vm_queue *queue, uint64_t number)
{
    struct queued_vm *vm = queue->unused;

    if (vm)
        queue->unused = vm->next;
    else if (!(vm = malloc(sizeof(*vm))))
        return NULL;
    if (queue->count >= queue->bucket_count)
        spread(queue);
    struct queued_vm **bucket = bucket_of(queue, number);

    *vm = (struct queued_vm){.vm = number, .next = *bucket};
    *bucket = vm;
    queue->count++;
    return vm;
}

static void take_out(struct vm_queue *queue, struct queued_vm *vm)
{
    struct queued_vm **at = bucket_of(queue, vm->vm);

    while (*at != vm)
        at = &(*at)->next;
    *at = vm->next;
    queue->count--;
    vm->next = queue->unused;
    queue->unused = vm;
}

int vm_queue_enter(struct vm_queue *queue, struct load_request *request, struct queued_vm **ret_vm)
{
    struct queued_vm *vm = *bucket_of(queue, request->vm);

    while (vm && vm->vm != request->vm)
        vm = vm->next;
    if (!vm && !(vm = add(queue, request->vm)))
        return -ENOMEM;
    if (!vm->taken) {
        vm->taken = true;
        *ret_vm = vm;
        return 0;
    }
    request->next = NULL;
    if (vm->waiting)
        vm->waiting_last->next = request;
    else
        vm->waiting = request;
    vm->waiting_last = request;
    *ret_vm = NULL;
    return 0;
}

struct load_request *vm_queue_leave(struct vm_queue *queue, struct queued_vm *vm)
{
    struct load_request *request = vm->waiting;

    if (request) {
        vm->waiting = request->next;
        return request;
    }
    vm->taken = false;
    if (!vm->late)
        take_out(queue, vm);
    return NULL;
}
