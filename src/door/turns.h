/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whose turn it is: each VM serves one request at a time, first come first served. Also which VMs are out of
 * step, since they still owe what an earlier request was not given. May be used by many threads; nothing is
 * kept of a VM that nobody waits for and that is in step.
 */
#ifndef MVM_DOOR_TURNS_H
#define MVM_DOOR_TURNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct turns;

/* Somebody who may have to wait. Part of what waits; `vm` and `granted` are to be filled before turns_take().
 */
struct waiter {
    uint64_t vm;
    /* It has waited and has the turn now, with `late` as in turns_take(). Called on the thread that passed
     * the turn on, under no lock. */
    void (*granted)(struct waiter *waiter, bool late);
    struct waiter *previous, *next; /* the queue's own */
    bool queued;                    /* the queue's own */
};

enum turn { TURN_TAKEN, TURN_QUEUED, TURN_REFUSED };

/* At most `waiting` wait for one VM. NULL: no memory. */
struct turns *turns_create(uint64_t waiting);
void turns_free(struct turns *turns);

/* TURN_TAKEN: it is the caller's, with *ret_late when the VM is out of step. TURN_QUEUED: it will
 * be granted. TURN_REFUSED: too many wait, or there is no memory. */
enum turn turns_take(struct turns *turns, struct waiter *waiter, bool *ret_late);

/* Gives the turn on; `late`: the VM is now out of step. */
void turns_pass(struct turns *turns, uint64_t vm, bool late);

/* Waits no more. False: it was given the turn meanwhile, and granted() is or will be called. */
bool turns_leave(struct turns *turns, struct waiter *waiter);

/* True while anybody waits for the VM. */
bool turns_are_wanted(struct turns *turns, uint64_t vm);

#endif
