/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inside of scale.h: the run under way, shared by scale.c (the sequence), scale_*.c (its steps) and
 * limits_row.c, which takes the same steps in another sequence. */
#ifndef MVM_STUDY_SCALE_RUN_H
#define MVM_STUDY_SCALE_RUN_H

#include "base/random.h"
#include "base/reason.h"
#include "host/resource.h"
#include "result/samples.h"
#include "study/guard.h"
#include "study/proof.h"
#include "study/scale.h"
#include "study/scale_nodes.h"

struct run {
    const struct scale_plan *plan;
    const struct scale_hooks *hooks;
    struct result *result;

    /* What makes the experiment. */
    const char *method;                                   /* the method and its version, for the result */
    int (*begin)(struct run *run, struct reason *reason); /* up to the empty host, before the first VM */
    int (*grow)(struct run *run,
                struct reason *reason); /* starts the VMs of one interval; as engine.grow() */
    bool engine_may_end;            /* what stands when the engine cannot go on is a result, and measured */
    uint64_t wake_sample;           /* VMs challenged one after the other at the end */
    void (*judge)(struct run *run); /* after each interval; may end the run; may be NULL */
    uint64_t proof_sample;          /* VMs challenged at each interval at the most */

    struct sampler *sampler;
    struct samples *samples_file;
    struct host_baseline baseline;
    bool vmalloc_holds_stacks;
    struct guard guard;
    struct engine_watch watch; /* of the guard */
    struct random random;

    char image_path[4096]; /* absolute */
    char ready_line[32];
    char name[ENGINE_RUN_NAME_ROOM]; /* of the run directory, as a run's name may be; "": it has none */
    struct engine_setup setup;
    struct population *population; /* NULL between populations */
    struct scale_load *load;       /* the one that is on, or NULL */
    struct run_nodes *nodes;       /* other hosts that are read, or NULL */

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

/* The last part of the directory's path, with what a run's name may not have replaced; "" when there is no
 * such directory. */
void run_name_after(const char *directory, char ret_name[ENGINE_RUN_NAME_ROOM]);

/* What the engine counts goes into the result; the times that VMs took to boot into the interval. */
void run_note_counts(struct run *run);
void run_note_boot_times(struct run *run, struct result_interval *interval);

/* Challenges `sample` VMs, or all where there are no more; nothing where liveness cannot be proven. */
int run_prove(struct run *run, uint64_t sample, struct proof *ret_proof, struct reason *reason);

/* Challenges `sample` VMs one after the other, for the time that it takes to wake one. */
int run_wake(struct run *run, uint64_t sample, struct reason *reason);

/* The run is to end, and why. */
void run_stop(struct run *run, enum stop why, const char *sentence);

/* Growth ended early with this error: says what stopped it. */
void run_growth_ended(struct run *run, int error, const struct reason *reason);

/* What the guard stopped is growth; what stands is measured and proven without it. */
void run_rest(struct run *run);

/* The resource furthest over the threshold; -1 when all are below. */
int run_over_threshold(const struct run *run, const struct result_interval *interval);

/* Where VMs are on several hosts: how many each has and what of it is given away goes into the result, and
 * which host was the first to reach the threshold; or why that is not known. */
void run_note_hosts(struct run *run, const struct result_interval *interval);

/* A resource of a host is at the threshold at this point: it is the first host when there was none before, or
 * when it is fuller than what another is at the same interval. */
void run_note_first(struct result_first_host *first, const struct result_host *host,
                    const struct result_host_point *point, unsigned resource, double percent);

/* All hosts together, at the latest look at them: a resource of which the threshold is given away, or used
 * where the hosts are read themselves, ends the run. */
void run_judge_hosts(struct run *run);

/* More than 5 % of the asked, and at least 4, silent: the run is about something else than running VMs. */
void run_judge_proof(struct run *run, const struct proof *proof);

/* A resource over the threshold ends the run; then the maximum does. */
void run_judge(struct run *run, const struct result_interval *interval);

/* Grows by an interval, proves, samples and judges it. An interval that could not be measured is not kept. */
int run_measure_interval(struct run *run, struct reason *reason);

/* The whole run, from run_prepare() to the last result.json. In every case all VMs are gone when it returns.
 */
int run_whole(struct run *run, struct reason *reason);

/* Waits for quiet and takes the samples of an interval, with the load on where the plan has one. Its VMs are
 * those that run now. */
int run_settle_and_sample(struct run *run, unsigned index, struct result_interval *interval,
                          struct reason *reason);

/* Fits the slopes and writes result.json and samples.csv as far as they are known. */
int run_save(struct run *run, struct reason *reason);

/* Ends all VMs and waits until the host is back where it was, or says in the result what stayed. */
void run_teardown(struct run *run);

/* The host beside the empty one of the result, into its `teardown`; true when it is back where it was. */
bool teardown_look(struct result *result, struct sampler *sampler);
/* Looks until it is, for a bounded time from `started_ns` on, when the VMs began to be ended. */
void teardown_wait(struct result *result, struct sampler *sampler, uint64_t started_ns);

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
