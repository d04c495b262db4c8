/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The highest rate that meets a goal: that at least `percent` of all requests are answered right, within a
 * time from when they were to be sent. Failed requests, and those that were not sent, are above any time.
 *
 * From the first rate it is doubled until the goal is missed (or halved until it is met), then bisected until
 * the rates that meet and miss it are within `precision` of each other. A rate meets the goal when most of
 * its `repeats` measurements do.
 */
#ifndef MVM_LOAD_CAPACITY_H
#define MVM_LOAD_CAPACITY_H

#include "load/generator.h"

enum { CAPACITY_TRIES = 400 };

/* Why a rate missed the goal. */
enum capacity_limit {
    CAPACITY_MET,
    CAPACITY_FAILURES, /* too many requests failed */
    CAPACITY_SENDER,   /* the generator sent too late: by more than half of the goal, at that percentile */
    CAPACITY_ANSWERS,  /* the answers took too long */
};

/* Their names, as results have them: "met", "failures", "sender", "answers". */
extern const char *const capacity_limit_names[];

struct capacity_try {
    double rate; /* requests a second */
    enum capacity_limit limit;
    double right_rate;       /* right answers a second */
    uint64_t latency_ns;     /* corrected, of the right answers, at the percentile of the goal */
    uint64_t lag_ns;         /* likewise, of the send lag */
    uint64_t due, failed;    /* requests */
    enum load_outcome worst; /* what most of the failed ones died of */
};

struct capacity_plan {
    double percent; /* for example 99 */
    uint64_t goal_ns;
    double first_rate, most_rate; /* requests a second */
    double precision;             /* for example 0.05 */
    unsigned repeats;             /* odd */
    /* Measures a rate. An error, with a sentence, ends the search; -ECANCELED: in order. */
    int (*measure)(void *context, double rate, struct load_figures *figures, struct reason *reason);
    void (*tried)(void *context, const struct capacity_try *try); /* for progress; may be NULL */
    void *context;
};

struct capacity {
    double rate;                     /* the highest that met the goal; 0: none did */
    double missed_rate;              /* the lowest that missed it; 0: none did, up to most_rate */
    struct capacity_try met, missed; /* a measurement of each */
    struct capacity_try tries[CAPACITY_TRIES];
    unsigned try_count;
};

/* What was found until an error is in `ret_capacity` as well. */
int capacity_find(const struct capacity_plan *plan, struct capacity *ret_capacity, struct reason *reason);

#endif
