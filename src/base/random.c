/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/random.h"

uint64_t random_next(struct random *random)
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t random_below(struct random *random, uint64_t bound)
{
    /* The lowest 2^64 mod bound values are thrown away, so that every remainder is equally likely. */
    uint64_t reject = -bound % bound;
    uint64_t value;

    do {
        value = random_next(random);
    } while (value < reject);
    return value % bound;
}
