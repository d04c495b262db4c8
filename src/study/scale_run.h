/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inside of scale.h: the run under way, shared by scale.c (the sequence) and scale_*.c.
 */
#ifndef MVM_STUDY_SCALE_RUN_H
#define MVM_STUDY_SCALE_RUN_H

#include "base/random.h"
#include "base/reason.h"
#include "host/resource.h"
#include "result/samples.h"
#include "study/guard.h"
#include "study/proof.h"
#include "study/scale.h"

struct run {
    const struct scale_plan *plan;
    const struct scale_hooks *hooks;
    struct result *result;

    struct sampler *sampler;
    struct samples *samples_file;
    struct host_baseline baseline;
    bool vmalloc_holds_stacks;
    struct guard guard;
    struct engine_watch watch; /* of the guard */
    struct random random;

    char image_path[4096]; /* absolute */
    char ready_line[32];
    struct engine_setup setup;
    struct population *population; /* NULL between populations */

    enum scale_phase phase;
    uint64_t goal_vms;          /* expected at the end */
    uint64_t exhausted_vms;     /* the engine could start no more than this in the pilot; 0: it could */
    uint64_t growth_started_ns; /* of the first interval, for the estimate of what is left */
    const struct proof *proof;  /* the one under way, or NULL */
    uint64_t proof_started_ns;

    /* What this program itself used while it was sampling. */
    uint64_t sampling_ns, sampling_cpu_ns, reading_cpu_ns, readings;
};

/* Checks the plan, makes the run directory, fills in what is known beforehand and writes a first result.json.
 * Nothing that failed here leaves VMs. */
int run_prepare(struct run *run, struct reason *reason);

/* Whether the image and the engine can show that a VM is alive. */
bool run_can_prove(const struct run *run);

/* Whether VMs live in this process, so that its own account is theirs. */
bool run_counts_own(const struct run *run);

/* Tells the hooks where the run is. */
void run_progress(struct run *run);

/* Opens a population and lets the guard look at it. */
int run_open_population(struct run *run, struct reason *reason);
void run_close_population(struct run *run);

/* Lets time pass until `until_ns`, watched by the guard; false when the guard says stop. `population` may be
 * NULL. */
bool run_wait(struct run *run, uint64_t until_ns);

/* One reading, its cost counted as the harness's. */
int run_read(struct run *run, struct host_reading *ret_reading, struct reason *reason);

/*
 * Waits until two readings in a row are alike (CPU within SETTLE_CPU_POINTS of the host, memory within
 * SETTLE_MEMORY_SHARE of what 100 % is), at most plan->settle_most_ns. Returns whether they were, and the
 * seconds that it took.
 */
bool run_settle(struct run *run, double *ret_seconds);

/* Takes the samples of one interval; `interval_index` is for samples.csv. 0, -ECANCELED when the guard says
 * stop before two samples were taken, or another error with a reason. */
int run_sample(struct run *run, unsigned interval_index, struct result_interval *interval,
               struct reason *reason);

/* Reads the empty host into run->baseline and the result. */
int run_baseline(struct run *run, struct reason *reason);

/* Pilot: a few VMs, for the slopes. Fills result->pilot, plan.interval_vms and run->goal_vms; leaves no
 * population. */
int run_pilot(struct run *run, struct reason *reason);

/* CPU time that this process has used, in nanoseconds. */
uint64_t own_cpu_ns(void);

#endif
