/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Steps that the experiments share: populations, proofs, what ends a run. */
#include "study/scale_run.h"

#include "base/clock.h"
#include "result/number.h"
#include "study/stats.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { BOOT_TIMES_AT_ONCE = 4096 };

/* Negative when nothing is known: also past what the pilot predicted. */
static double seconds_left(uint64_t started_ns, uint64_t done, uint64_t goal)
{
    double spent = (double)(clock_now_ns() - started_ns) / (double)NS_PER_SECOND;

    return done > 0 && done <= goal ? spent * (double)goal / (double)done - spent : -1;
}

void run_progress(struct run *run)
{
    struct scale_progress progress = {
        .phase = run->phase,
        .result = run->result,
        .goal_vms = run->goal_vms,
        .seconds_left = -1,
        .counts.last_failure = "",
    };

    if (!run->hooks->progress)
        return;
    if (run->population)
        run->plan->engine->counts(run->population, &progress.counts);
    if (run->proof) {
        progress.proven = run->proof->done;
        progress.to_prove = run->proof->of;
    }
    if (run->phase == SCALE_PROVE_ALL)
        progress.seconds_left = seconds_left(run->proof_started_ns, progress.proven, progress.to_prove);
    else if (run->growth_started_ns && run->result->interval_count > 0 && run->phase != SCALE_TEARDOWN)
        progress.seconds_left = seconds_left(run->growth_started_ns, progress.counts.started, run->goal_vms);
    run->hooks->progress(run->hooks->context, &progress);
}

int run_open_population(struct run *run, struct reason *reason)
{
    return run->plan->engine->open(&run->setup, &run->population, reason);
}

void run_close_population(struct run *run)
{
    struct reason reason = {""};

    if (run->population && engine_end(run->population, &reason) < 0)
        snprintf(run->result->teardown.left, sizeof(run->result->teardown.left), "%s", reason.text);
    run->population = NULL;
}

void run_note_counts(struct run *run)
{
    struct engine_counts counts;

    run->plan->engine->counts(run->population, &counts);
    run->result->population.started = counts.started;
    run->result->population.running = counts.running;
    run->result->population.failed = counts.failed;
    run->result->population.died = counts.died;
    snprintf(run->result->population.last_failure, sizeof(run->result->population.last_failure), "%s",
             counts.last_failure);
}

void run_note_boot_times(struct run *run, struct result_interval *interval)
{
    static const size_t most = BOOT_TIMES_AT_ONCE;
    double *seconds = calloc(most, sizeof(*seconds));

    if (!seconds)
        return;
    size_t count = run->plan->engine->take_boot_times(run->population, seconds, most);

    interval->boot = stats_spread(seconds, count);
    free(seconds);
}

int run_prove(struct run *run, uint64_t sample, struct proof *ret_proof, struct reason *reason)
{
    *ret_proof = (struct proof){0};
    if (!run_can_prove(run))
        return 0;
    run->proof = ret_proof;
    run->proof_started_ns = clock_now_ns();
    int error = proof_take(run->population, sample, 0, &run->random, &run->watch, ret_proof, reason);

    run->proof = NULL;

    /* A proof that the user broke off says nothing of the VMs that were not asked any more. */
    if (error || run->guard.stop == STOP_INTERRUPT)
        return error;
    run->result->population.asked = ret_proof->asked;
    run->result->population.alive = ret_proof->alive;
    run->result->population.wrong += ret_proof->wrong;
    return 0;
}

int run_wake(struct run *run, uint64_t sample, struct reason *reason)
{
    struct proof proof = {0};

    if (!run_can_prove(run) || sample == 0)
        return 0;
    int error = proof_take(run->population, sample, 1, &run->random, &run->watch, &proof, reason);

    if (!error && run->guard.stop == STOP_NOT_YET) {
        run->result->wake = proof.latency;
        run->result->wake_known = proof.latency.n > 0;
    }
    return error;
}

void run_stop(struct run *run, enum stop why, const char *sentence)
{
    run->result->stopped_by = why;
    snprintf(run->result->stop_reason, sizeof(run->result->stop_reason), "%s", sentence);
}

/* The resource furthest over the threshold; -1 when all are below. */
int run_over_threshold(const struct run *run, const struct result_interval *interval)
{
    int worst = -1;

    for (int r = 0; r < RESOURCE_COUNT; r++) {
        if (interval->known[r] && interval->percent[r].mean > run->plan->threshold_percent &&
            (worst < 0 || interval->percent[r].mean > interval->percent[worst].mean))
            worst = r;
    }
    return worst;
}

/* What 100 % of a resource is. */
static const char *whole_of(const struct host_share *share, enum resource resource)
{
    switch (resource) {
    case RESOURCE_CPU:
        return share->cpus > 0 ? "share" : "host";
    case RESOURCE_MEMORY:
        return share->memory_bytes > 0 ? "share" : "host";
    case RESOURCE_DISK:
        return share->disk_bytes > 0 || share->disk_operations > 0 ? "capacity given" : "time";
    case RESOURCE_NETWORK:
        return share->network_bits > 0 ? "capacity given" : "link";
    case RESOURCE_LATENCY:
        return "limit given";
    default:
        return "host";
    }
}

/* A resource over the threshold ends the run; then the maximum does. */
void run_judge(struct run *run, const struct result_interval *interval)
{
    int worst = run_over_threshold(run, interval);
    char sentence[256], most[NUMBER_ROOM];

    if (worst >= 0) {
        snprintf(sentence, sizeof(sentence), "%s reached %.1f %% of the %s, past the threshold of %g %%",
                 resource_name((enum resource)worst), interval->percent[worst].mean,
                 whole_of(&run->plan->share, (enum resource)worst), run->plan->threshold_percent);
        run_stop(run, stop_of_resource((enum resource)worst), sentence);
    } else if (run->plan->max_vms > 0 && run->result->population.started >= run->plan->max_vms) {
        snprintf(sentence, sizeof(sentence), "the maximum of %s VMs was reached",
                 number_grouped(run->plan->max_vms, most));
        run_stop(run, STOP_MAX, sentence);
    }
}

/* More than 5 % of the asked, and at least 4, silent: the run is about something else than running VMs. */
void run_judge_proof(struct run *run, const struct proof *proof)
{
    uint64_t silent = proof->asked - proof->alive;
    char sentence[256], number[NUMBER_ROOM], asked[NUMBER_ROOM];

    if (silent < 4 || silent * 20 <= proof->asked || run->guard.stop == STOP_INTERRUPT)
        return;
    snprintf(sentence, sizeof(sentence), "%s of %s VMs did not answer their challenge",
             number_grouped(silent, number), number_grouped(proof->asked, asked));
    run_stop(run, STOP_ALIVE, sentence);
}

/* Growth ended early: the population as it stands is measured all the same, unless the user wants to go. */
void run_growth_ended(struct run *run, int error, const struct reason *reason)
{
    if (error == -ECANCELED)
        run_stop(run, run->guard.stop, run->guard.why);
    else
        run_stop(run, guard_stop_of_error(error), reason->text);
}

/* What the guard stopped is growth; what stands is measured and proven without it. */
void run_rest(struct run *run)
{
    run->guard.stop = STOP_NOT_YET;
    run->guard.resting = true;
}

int run_settle_and_sample(struct run *run, unsigned index, struct result_interval *interval,
                          struct reason *reason)
{
    run->phase = SCALE_SETTLE;
    interval->settled = run_settle(run, &interval->settle_seconds);
    run_note_counts(run);
    interval->vms = run->result->population.running;
    run->phase = SCALE_SAMPLE;
    struct scale_load *load;
    int error = scale_load_begin(run, &load, reason);

    if (!error)
        error = run_sample(run, index, interval, reason);
    scale_load_end(run, load, interval);
    return error;
}
