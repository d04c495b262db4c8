/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "door/turns.h"

#include <pthread.h>
#include <stdlib.h>

enum { STRIPES = 256, BUCKETS_FIRST = 16, SPARE_MOST = 64 };

/* A VM whose turn somebody has, or that is out of step. */
struct entry {
    uint64_t vm;
    struct entry *next;
    struct waiter *first, *last;
    uint64_t waiting;
    bool taken, late;
};

/* A hash table under a lock, for its share of the VMs. */
struct stripe {
    pthread_mutex_t lock;
    struct entry **buckets, *spare;
    size_t bucket_count, entries, spares;
};

struct turns {
    uint64_t waiting_most;
    struct stripe stripes[STRIPES];
};

/* Fibonacci hashing: neighbours, which are often asked together, lie apart. */
static uint64_t hash(uint64_t vm)
{
    return vm * UINT64_C(0x9e3779b97f4a7c15);
}

static struct stripe *stripe_of(struct turns *turns, uint64_t vm)
{
    return &turns->stripes[hash(vm) >> 56];
}

static struct entry **bucket_of(const struct stripe *stripe, uint64_t vm)
{
    return &stripe->buckets[(hash(vm) >> 16) & (stripe->bucket_count - 1)];
}

struct turns *turns_create(uint64_t waiting)
{
    struct turns *turns = calloc(1, sizeof(*turns));

    if (!turns)
        return NULL;
    turns->waiting_most = waiting;
    for (size_t i = 0; i < STRIPES; i++) {
        struct stripe *stripe = &turns->stripes[i];

        pthread_mutex_init(&stripe->lock, NULL);
        stripe->bucket_count = BUCKETS_FIRST;
        stripe->buckets = calloc(BUCKETS_FIRST, sizeof(struct entry *));
        if (!stripe->buckets) {
            turns_free(turns);
            return NULL;
        }
    }
    return turns;
}

static void free_list(struct entry *entry)
{
    for (struct entry *next; entry; entry = next) {
        next = entry->next;
        free(entry);
    }
}

void turns_free(struct turns *turns)
{
    if (!turns)
        return;
    for (size_t i = 0; i < STRIPES; i++) {
        struct stripe *stripe = &turns->stripes[i];

        for (size_t bucket = 0; stripe->buckets && bucket < stripe->bucket_count; bucket++)
            free_list(stripe->buckets[bucket]);
        free_list(stripe->spare);
        free(stripe->buckets);
        if (stripe->bucket_count > 0)
            pthread_mutex_destroy(&stripe->lock);
    }
    free(turns);
}

/* Twice as many buckets; without memory it stays as it is, and slower. */
static void widen(struct stripe *stripe)
{
    size_t old_count = stripe->bucket_count;
    struct entry **old = stripe->buckets, **wider = calloc(2 * old_count, sizeof(struct entry *));

    if (!wider)
        return;
    stripe->buckets = wider;
    stripe->bucket_count = 2 * old_count;
    for (size_t i = 0; i < old_count; i++)
        for (struct entry *entry = old[i], *next; entry; entry = next) {
            struct entry **bucket = bucket_of(stripe, entry->vm);

            next = entry->next;
            entry->next = *bucket;
            *bucket = entry;
        }
    free(old);
}

static struct entry *find(const struct stripe *stripe, uint64_t vm)
{
    struct entry *entry = *bucket_of(stripe, vm);

    while (entry && entry->vm != vm)
        entry = entry->next;
    return entry;
}

static struct entry *add(struct stripe *stripe, uint64_t vm)
{
    struct entry *entry = stripe->spare;

    if (entry) {
        stripe->spare = entry->next;
        stripe->spares--;
    } else if (!(entry = malloc(sizeof(*entry)))) {
        return NULL;
    }
    if (stripe->entries >= stripe->bucket_count)
        widen(stripe);
    struct entry **bucket = bucket_of(stripe, vm);

    *entry = (struct entry){.vm = vm, .next = *bucket};
    *bucket = entry;
    stripe->entries++;
    return entry;
}

static void drop(struct stripe *stripe, struct entry *entry)
{
    struct entry **at = bucket_of(stripe, entry->vm);

    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    stripe->entries--;
    if (stripe->spares >= SPARE_MOST) {
        free(entry);
        return;
    }
    entry->next = stripe->spare;
    stripe->spare = entry;
    stripe->spares++;
}

enum turn turns_take(struct turns *turns, struct waiter *waiter, bool *ret_late)
{
    struct stripe *stripe = stripe_of(turns, waiter->vm);
    enum turn turn = TURN_REFUSED;

    waiter->queued = false;
    pthread_mutex_lock(&stripe->lock);
    struct entry *entry = find(stripe, waiter->vm);

    if (!entry)
        entry = add(stripe, waiter->vm);
    if (entry && !entry->taken) {
        entry->taken = true;
        *ret_late = entry->late;
        turn = TURN_TAKEN;
    } else if (entry && entry->waiting < turns->waiting_most) {
        waiter->previous = entry->last;
        waiter->next = NULL;
        *(entry->last ? &entry->last->next : &entry->first) = waiter;
        entry->last = waiter;
        entry->waiting++;
        waiter->queued = true;
        turn = TURN_QUEUED;
    }
    pthread_mutex_unlock(&stripe->lock);
    return turn;
}

static void unlink_waiter(struct entry *entry, struct waiter *waiter)
{
    *(waiter->previous ? &waiter->previous->next : &entry->first) = waiter->next;
    *(waiter->next ? &waiter->next->previous : &entry->last) = waiter->previous;
    waiter->queued = false;
    entry->waiting--;
}

void turns_pass(struct turns *turns, uint64_t vm, bool late)
{
    struct stripe *stripe = stripe_of(turns, vm);

    pthread_mutex_lock(&stripe->lock);
    struct entry *entry = find(stripe, vm);
    struct waiter *next = entry->first;

    entry->late = late;
    if (next)
        unlink_waiter(entry, next);
    else
        entry->taken = false;
    if (!next && !late)
        drop(stripe, entry);
    pthread_mutex_unlock(&stripe->lock);
    if (next)
        next->granted(next, late);
}

bool turns_leave(struct turns *turns, struct waiter *waiter)
{
    struct stripe *stripe = stripe_of(turns, waiter->vm);

    pthread_mutex_lock(&stripe->lock);
    bool waits = waiter->queued;

    if (waits)
        unlink_waiter(find(stripe, waiter->vm), waiter);
    pthread_mutex_unlock(&stripe->lock);
    return waits;
}

bool turns_are_wanted(struct turns *turns, uint64_t vm)
{
    struct stripe *stripe = stripe_of(turns, vm);

    pthread_mutex_lock(&stripe->lock);
    const struct entry *entry = find(stripe, vm);
    bool wanted = entry && entry->first;

    pthread_mutex_unlock(&stripe->lock);
    return wanted;
}
