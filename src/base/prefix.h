/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Arithmetic of network addresses as bytes, the first of which is the highest: 4 of IPv4, 16 of IPv6. */
#ifndef MVM_BASE_PREFIX_H
#define MVM_BASE_PREFIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Clears all bits of an address of `size` bytes behind its first `bits`. True when there was something to
 * clear. */
bool prefix_cut(uint8_t *address, size_t size, unsigned bits);

/* How many addresses a prefix of `bits` has, at most 2^64 - 1. */
uint64_t prefix_addresses(size_t size, unsigned bits);

/* Makes the first address of a prefix, whose other bits are 0, its address `number`, counted from 0; below
 * prefix_addresses(). */
void prefix_count_on(uint8_t *first, size_t size, uint64_t number);

#endif
