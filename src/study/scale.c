/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The standardized scalability test: the sequence. */
#include "study/scale.h"

#include "base/reason.h"
#include "study/scale_run.h"

#include <errno.h>
#include <stdlib.h>

/* Past this many times the intervals wanted, steps double: the pilot was far off. */
#define INTERVALS_STRETCH 1.5

static uint64_t next_step(const struct run *run)
{
    uint64_t step = run->result->plan.interval_vms, started = run->result->population.started;
    double over = (double)run->result->interval_count - INTERVALS_STRETCH * run->plan->intervals;

    if (run->plan->max_vms == 0 && over >= 0)
        step <<= 1 + (unsigned)over / 4;
    if (run->plan->max_vms > 0 && step > run->plan->max_vms - started)
        step = run->plan->max_vms - started;
    return step;
}

static int grow_step(struct run *run, struct reason *reason)
{
    return run->plan->engine->grow(run->population, next_step(run), &run->watch, reason);
}

static int begin(struct run *run, struct reason *reason)
{
    int error = run_pilot(run, reason);

    return error ? error : run_baseline(run, reason);
}

int scale_run(const struct scale_plan *plan, const struct scale_hooks *hooks, struct result *result,
              struct reason *reason)
{
    struct run *run = calloc(1, sizeof(*run));

    if (!run)
        return reason_set(reason, ENOMEM, "no memory for a run");
    *run = (struct run){
        .plan = plan,
        .hooks = hooks,
        .result = result,
        .method = SCALE_METHOD,
        .begin = begin,
        .grow = grow_step,
        .proof_sample = SCALE_PROOF_SAMPLE,
    };
    int error = run_whole(run, reason);

    free(run);
    return error;
}
