/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Counters of which one thread is the only writer and any may read, at any time. As nobody else writes, a
 * load and a store do, and no locked instruction is needed; a reader gets a value that the counter had, in no
 * order with anything else.
 */
#ifndef MVM_BASE_COUNTER_H
#define MVM_BASE_COUNTER_H

#include <stdatomic.h>
#include <stdint.h>

/* Adds `by`, modulo 2^64: UINT64_MAX takes one away. By the counter's one writer alone. */
static inline void counter_add(_Atomic uint64_t *counter, uint64_t by)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + by,
                          memory_order_relaxed);
}

#endif
