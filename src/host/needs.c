/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/needs.h"

#include <stddef.h>

/* No host holds more, and no product below overflows by it alone. */
#define VMS_MOST (UINT64_C(1) << 48)

static uint64_t add(uint64_t a, uint64_t b)
{
    uint64_t sum;

    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static uint64_t multiply(uint64_t a, uint64_t b)
{
    uint64_t product;

    return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

uint64_t host_need_of(const struct host_needs *needs, const struct host_need *need, uint64_t vms)
{
    uint64_t groups = needs->group_vms > 0 ? vms / needs->group_vms + (vms % needs->group_vms > 0) : 0;

    uint64_t young = vms < needs->young_vms ? vms : needs->young_vms;

    return add(add(need->once, multiply(need->each, vms)),
               add(multiply(need->group, groups), multiply(need->young, young)));
}

uint64_t host_need_fits(const struct host_needs *needs, const struct host_need *need, uint64_t room)
{
    uint64_t least = 0, most = VMS_MOST; /* `least` fits, or nothing does; above `most` nothing does */

    if (host_need_of(needs, need, VMS_MOST) <= room)
        return UINT64_MAX;
    while (least < most) {
        uint64_t middle = most - (most - least) / 2;

        if (host_need_of(needs, need, middle) <= room)
            least = middle;
        else
            most = middle - 1;
    }
    return least;
}
