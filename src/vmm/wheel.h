/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Deadlines of millions of VMs, in one thread: a hashed timing wheel of two levels (Varghese and Lauck,
 * "Hashed and hierarchical timing wheels", 1987). Adding and expiring is O(1); a VM without a deadline costs
 * nothing.
 *
 * Nothing is ever removed: who moves a deadline adds another entry, and the owner recognizes a stale one when
 * it expires, by its stamp. Deadlines beyond the outer level's reach (about 73 minutes) expire early and are
 * to be added again.
 */
#ifndef MVM_VMM_WHEEL_H
#define MVM_VMM_WHEEL_H

#include <stddef.h>
#include <stdint.h>

#define WHEEL_NEVER UINT64_MAX

struct reason;
struct wheel;

struct wheel_entry {
    uint32_t number; /* of the VM */
    uint32_t stamp;  /* wheel_stamp() of its deadline */
};

int wheel_create(uint64_t now_ns, struct wheel **ret_wheel, struct reason *reason);
void wheel_free(struct wheel *wheel);

/* What a deadline is known by: its lower 32 bits in units of 2^16 ns (65.5 us), never 0. */
uint32_t wheel_stamp(uint64_t deadline_ns);

/* -ENOMEM: not added. A deadline in the past expires at the next call of wheel_expire(). */
int wheel_add(struct wheel *wheel, uint32_t number, uint64_t deadline_ns);

/* Takes at most `room` entries whose deadline is not after `now_ns` and returns how many. Resolution 131 us:
 * an entry comes out at or up to that much after its deadline, never before it. */
size_t wheel_expire(struct wheel *wheel, uint64_t now_ns, struct wheel_entry *ret_entries, size_t room);

/* A time at or before which nothing expires, and at which it is worth to look again; WHEEL_NEVER when it is
 * empty. */
uint64_t wheel_next(const struct wheel *wheel);

/* Entries held, stale ones too. */
uint64_t wheel_count(const struct wheel *wheel);

#endif
