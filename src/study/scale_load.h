/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A load on the population while an interval is sampled: requests at a constant rate, open loop, in the same
 * thread as the samples. */
#ifndef MVM_STUDY_SCALE_LOAD_H
#define MVM_STUDY_SCALE_LOAD_H

#include "load/generator.h"
#include "load/targets.h"

#include <stdint.h>

struct reason;
struct run;
struct result_interval;

struct scale_load_plan {
    double rate; /* requests a second; 0: there is no load */
    enum target_kind targets;
    double skew;         /* of zipf */
    const char *path;    /* HTTP requests for it; NULL: challenges */
    uint64_t timeout_ns; /* after which a request is given up */
    uint64_t p99_ns;     /* the limit of p99, which is 100 % of the resource latency; 0: there is none */
};

struct scale_load;

/* Begins the load and lets it warm up, so that what follows is measured; nothing, and *ret_load NULL, where
 * the plan has none. -ECANCELED: the guard said stop meanwhile; the load is to be ended all the same. */
int scale_load_begin(struct run *run, struct scale_load **ret_load, struct reason *reason);

/* Sends what is due, and takes answers, until `until_ns`. */
void scale_load_run(struct scale_load *load, uint64_t until_ns);

/* Waits for the answers that are still to come, or their time-out, and tells in the interval how the load was
 * answered since it was warm. NULL is fine. */
void scale_load_end(struct run *run, struct scale_load *load, struct result_interval *interval);

/* Seconds that `percent` percent of all requests due did not exceed; those that were not answered right count
 * as the time-out. 0 when none was due. */
double scale_load_percentile(const struct load_figures *figures, double percent, double timeout);

#endif
