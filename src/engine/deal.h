/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Numbers dealt out to parts in shares, so that the shares hold among the first n numbers for every n: each
 * part has its share of n to within less than one. Number n is the `inner`th of its part, from 0; both ways
 * are looked up, nothing is kept a number.
 */
#ifndef MVM_ENGINE_DEAL_H
#define MVM_ENGINE_DEAL_H

#include <stddef.h>
#include <stdint.h>

enum { DEAL_PARTS = 16, DEAL_PERIOD_MOST = 10000 };

/* The dealing repeats after `period` numbers, of which part p gets share[p]. */
struct deal {
    size_t parts;
    unsigned period;
    unsigned share[DEAL_PARTS];
    unsigned first[DEAL_PARTS]; /* where the part's positions begin */
    struct {
        uint8_t part;
        uint16_t inner;    /* within the period */
        uint16_t position; /* of the parts, one after the other: the numbers that each has in the period */
    } at[DEAL_PERIOD_MOST];
};

/* `shares` of `parts` parts, 1 to DEAL_PARTS, each at least 1, together at most DEAL_PERIOD_MOST. */
void deal_make(struct deal *ret_deal, const unsigned *shares, size_t parts);

/* The part of number `n`, and the how many-th of it that is. */
size_t deal_part(const struct deal *deal, uint64_t n, uint64_t *ret_inner);

/* The number that is the `inner`th of `part`. */
uint64_t deal_number(const struct deal *deal, size_t part, uint64_t inner);

/* How many of the numbers below `n` are the part's. */
uint64_t deal_count(const struct deal *deal, size_t part, uint64_t n);

#endif
