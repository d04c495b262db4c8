/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/prefix.h"

bool prefix_cut(uint8_t *address, size_t size, unsigned bits)
{
    bool any = false;

    for (size_t i = 0; i < size; i++) {
        unsigned kept = bits > 8 * i ? bits - 8 * (unsigned)i : 0;
        uint8_t mask = (uint8_t)(kept >= 8 ? 0xff : 0xff00u >> kept);

        any = any || address[i] & ~mask;
        address[i] &= mask;
    }
    return any;
}

uint64_t prefix_addresses(size_t size, unsigned bits)
{
    size_t rest = 8 * size - bits;

    return rest >= 64 ? UINT64_MAX : UINT64_C(1) << rest;
}

void prefix_count_on(uint8_t *first, size_t size, uint64_t number)
{
    for (size_t i = size; i-- > 0 && number > 0; number >>= 8)
        first[i] |= (uint8_t)number;
}
