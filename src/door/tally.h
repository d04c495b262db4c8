/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Counts of what VMs were asked, and how long they took. A tally has one thread that counts; others may read
 * it at any time, each number being one that it had.
 */
#ifndef MVM_DOOR_TALLY_H
#define MVM_DOOR_TALLY_H

#include "base/counter.h"
#include "engine/engine.h"

/* How asks end. */
enum tally_end {
    TALLY_ANSWERED,
    TALLY_TIMEOUT, /* no answer in time */
    TALLY_ENDED,   /* the VM was not running, or ended meanwhile */
    TALLY_BUSY,    /* another ask, or a console, had the VM */
    TALLY_OTHER,   /* the answer was too long, no memory */
    TALLY_ENDS
};

/* "answered", "timeout", ... */
const char *tally_end_name(enum tally_end end);

/* Times of answers are counted in buckets, ten to a decade from a microsecond to 100 s; the last one is for
 * all that took longer. */
enum { TALLY_BOUNDS = 81, TALLY_BUCKETS = TALLY_BOUNDS + 1 };

/* Bucket i holds times above bound i - 1 up to bound i. In nanoseconds. */
uint64_t tally_bound_ns(size_t bucket);

struct tally {
    _Atomic uint64_t asks[TALLY_ENDS];
    _Atomic uint64_t latency_sum_ns; /* of those that were answered */
    _Atomic uint64_t latency[TALLY_BUCKETS];
    /* HTTP. */
    _Atomic uint64_t connections; /* that came */
    _Atomic uint64_t requests;
    _Atomic uint64_t refused; /* answered by the door and not by a VM */
};

/* A sum of tallies, as they were at one moment. */
struct tally_sum {
    uint64_t asks[TALLY_ENDS];
    uint64_t latency_sum_ns;
    uint64_t latency[TALLY_BUCKETS];
    uint64_t connections, requests, refused;
};

/* An ask has come to its end. */
void tally_ask(struct tally *tally, const struct engine_ask *ask);

void tally_add(struct tally_sum *sum, struct tally *tally);

/* The time that `percent` of the answers counted between two sums (`before`: NULL for none) did not exceed,
 * within a bucket in proportion; 0 when there are none. Answers above the last bound count as it. */
double tally_percentile_ns(const struct tally_sum *before, const struct tally_sum *after, double percent);

#endif
