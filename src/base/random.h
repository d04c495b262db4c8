/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Repeatable random numbers: SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number
 * generators", 2014). The same seed gives the same sequence everywhere; not for secrets. */
#ifndef MVM_BASE_RANDOM_H
#define MVM_BASE_RANDOM_H

#include <stdint.h>

struct random {
    uint64_t state; /* the seed, to begin with */
};

/* The next 64 bits. */
uint64_t random_next(struct random *random);

/* A number in 0 .. bound-1, each equally likely; `bound` is at least 1. */
uint64_t random_below(struct random *random, uint64_t bound);

#endif
