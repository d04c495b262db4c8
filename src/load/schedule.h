/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * When requests are to be sent: at equal distances or as a Poisson process, at a rate that may change by
 * steps, or when a trace says so. Times are nanoseconds from the beginning of the load.
 *
 * A plan is read by any number of threads, of which each walks it with a schedule of its own. Schedules of
 * the same plan and seed give the same times.
 */
#ifndef MVM_LOAD_SCHEDULE_H
#define MVM_LOAD_SCHEDULE_H

#include "base/random.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reason;

/* The most requests a second that a plan takes. */
#define SCHEDULE_RATE_MOST 1e9

struct schedule_step {
    uint64_t length_ns; /* UINT64_MAX: without an end */
    double rate;        /* requests a second, 0 to SCHEDULE_RATE_MOST */
};

struct arrival {
    uint64_t at_ns;
    uint64_t number; /* 0, 1, 2, ... */
    uint64_t vm;     /* of a trace; else 0 */
};

struct schedule_plan {
    bool poisson;
    /* The steps are repeated for ever. NULL with a trace. */
    struct schedule_step *steps;
    size_t step_count;
    /* A trace, which ends. */
    struct arrival *arrivals;
    size_t arrival_count;
};

/*
 * A rate such as "1000", or steps TIME@RATE such as "10s@1000,10s@2000". -EINVAL with a sentence; -ENOMEM.
 * The plan is zeroed by the caller and released in every case.
 */
int schedule_parse_rate(const char *text, struct schedule_plan *plan, struct reason *reason);

/*
 * A trace: lines "TIME,VM", seconds with decimals and the number of a VM below `vms`, in the order of time.
 * Empty lines, lines that begin with '#' and a first line "time,vm" are passed over. Errors name the line.
 */
int schedule_read_trace(const char *path, uint64_t vms, struct schedule_plan *plan, struct reason *reason);

/* Frees what it holds; fine with a zeroed one. */
void schedule_plan_release(struct schedule_plan *plan);

/* The length of all steps, or until the last line of the trace; UINT64_MAX: without an end. */
uint64_t schedule_length_ns(const struct schedule_plan *plan);

/* Requests a second at a time, as the steps have it; 0 with a trace. */
double schedule_rate_at(const struct schedule_plan *plan, uint64_t at_ns);

struct schedule {
    const struct schedule_plan *plan;
    struct random random;
    double round_requests; /* of all steps */
    uint64_t number;
    size_t step;
    uint64_t step_began_ns;
    double into_ns; /* how far into the step the last request was */
};

void schedule_begin(struct schedule *schedule, const struct schedule_plan *plan, uint64_t seed);

/* The next request; false: the trace has ended, or it is more than a century away. */
bool schedule_next(struct schedule *schedule, struct arrival *ret_arrival);

#endif
