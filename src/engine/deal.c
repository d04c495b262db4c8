/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/deal.h"

#include <math.h>

static unsigned greatest_common_divisor(unsigned a, unsigned b)
{
    while (b > 0) {
        unsigned rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

/*
 * Who gets the next number, `dealt` having been dealt: R. Tijdeman, "The chairman assignment problem",
 * Discrete Mathematics 32 (1980), 323-330. Of the k parts that are at least 1/(2k - 2) behind their share,
 * the one that could least wait; no part is then ever 1 - 1/(2k - 2) ahead or behind.
 */
static size_t choose(const struct deal *deal, const unsigned *given, unsigned dealt)
{
    double slack = 2 * (double)deal->parts - 2, soonest = INFINITY;
    size_t chosen = 0;

    if (deal->parts == 1)
        return 0;
    for (size_t p = 0; p < deal->parts; p++) {
        /* How far the part is behind, in numbers, if it does not get this one. */
        double behind = (double)deal->share[p] * (dealt + 1) / deal->period - given[p];
        double wait = (1 - 1 / slack - behind) * deal->period / deal->share[p];

        if (behind * slack >= 1 - 1e-9 && wait < soonest - 1e-9) {
            chosen = p;
            soonest = wait;
        }
    }
    return chosen;
}

void deal_make(struct deal *ret_deal, const unsigned *shares, size_t parts)
{
    unsigned divisor = 0, given[DEAL_PARTS] = {0};

    ret_deal->parts = parts;
    ret_deal->period = 0;
    for (size_t p = 0; p < parts; p++)
        divisor = greatest_common_divisor(shares[p], divisor);
    for (size_t p = 0; p < parts; p++) {
        ret_deal->share[p] = shares[p] / divisor;
        ret_deal->first[p] = ret_deal->period;
        ret_deal->period += ret_deal->share[p];
    }
    for (unsigned n = 0; n < ret_deal->period; n++) {
        size_t part = choose(ret_deal, given, n);

        ret_deal->at[n].part = (uint8_t)part;
        ret_deal->at[n].inner = (uint16_t)given[part];
        ret_deal->at[ret_deal->first[part] + given[part]++].position = (uint16_t)n;
    }
}

size_t deal_part(const struct deal *deal, uint64_t n, uint64_t *ret_inner)
{
    uint64_t round = n / deal->period;
    size_t part = deal->at[n % deal->period].part;

    *ret_inner = round * deal->share[part] + deal->at[n % deal->period].inner;
    return part;
}

uint64_t deal_number(const struct deal *deal, size_t part, uint64_t inner)
{
    unsigned share = deal->share[part];

    return inner / share * deal->period + deal->at[deal->first[part] + inner % share].position;
}

uint64_t deal_count(const struct deal *deal, size_t part, uint64_t n)
{
    unsigned rest = (unsigned)(n % deal->period), low = 0, high = deal->share[part];

    while (low < high) {
        unsigned middle = (low + high) / 2;

        if (deal->at[deal->first[part] + middle].position < rest)
            low = middle + 1;
        else
            high = middle;
    }
    return n / deal->period * deal->share[part] + low;
}
