/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The standardized scalability test: the sequence. */
#include "study/scale.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/reason.h"
#include "result/number.h"
#include "study/proof.h"
#include "study/scale_run.h"
#include "study/stats.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEARDOWN_MOST_NS (15 * NS_PER_SECOND)

/* Past this many times the intervals wanted, steps double: the pilot was far off. */
#define INTERVALS_STRETCH 1.5

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
    if (run->population)
        run->plan->engine->close(run->population);
    run->population = NULL;
}

static void note_counts(struct run *run)
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

static void note_boot_times(struct run *run, struct result_interval *interval)
{
    static const size_t most = BOOT_TIMES_AT_ONCE;
    double *seconds = calloc(most, sizeof(*seconds));

    if (!seconds)
        return;
    size_t count = run->plan->engine->take_boot_times(run->population, seconds, most);

    interval->boot = stats_spread(seconds, count);
    free(seconds);
}

static int prove(struct run *run, uint64_t sample, struct proof *ret_proof, struct reason *reason)
{
    *ret_proof = (struct proof){0};
    if (!run_can_prove(run))
        return 0;
    run->proof = ret_proof;
    run->proof_started_ns = clock_now_ns();
    int error = proof_take(run->population, sample, &run->random, &run->watch, ret_proof, reason);

    run->proof = NULL;

    /* A proof that the user broke off says nothing of the VMs that were not asked any more. */
    if (error || run->guard.stop == STOP_INTERRUPT)
        return error;
    run->result->population.asked = ret_proof->asked;
    run->result->population.alive = ret_proof->alive;
    run->result->population.wrong += ret_proof->wrong;
    return 0;
}

/* The points of the lines; the empty host is one of each. */
struct points {
    size_t count;
    double *vms, *memory, *cpu, *ticks, *own_memory, *own_cpu;
    bool own_known;
    double *room; /* all of them; freed with it */
};

enum { COLUMNS = 6 };

static bool gather_points(const struct result *result, struct points *points)
{
    size_t count = result->interval_count + 1;
    double *room = calloc(COLUMNS * count, sizeof(*room));

    if (!room)
        return false;
    *points = (struct points){
        .count = count,
        .vms = room,
        .memory = room + count,
        .cpu = room + 2 * count,
        .ticks = room + 3 * count,
        .own_memory = room + 4 * count,
        .own_cpu = room + 5 * count,
        .own_known = count > 1 && result->intervals[0].own_known,
        .room = room,
    };
    points->cpu[0] = result->baseline.cpu_busy;
    points->ticks[0] = result->baseline.cpu_ticks;
    points->own_cpu[0] = result->baseline.own_cpu;
    for (size_t i = 1; i < count; i++) {
        const struct result_interval *interval = &result->intervals[i - 1];

        points->vms[i] = (double)interval->vms;
        points->memory[i] = interval->memory_taken.mean;
        points->cpu[i] = interval->cpu_busy.mean;
        points->ticks[i] = interval->cpu_ticks.mean;
        points->own_memory[i] = interval->own_memory.mean;
        points->own_cpu[i] = interval->own_cpu.mean;
    }
    return true;
}

static void fit_slopes(struct result *result)
{
    struct points points;
    size_t boots = 0;

    if (!gather_points(result, &points))
        return;
    size_t count = points.count;

    result->per_vm.memory_bytes = stats_slope_of_sum(points.vms, points.memory, count);
    result->per_vm.cpu_percent_of_host = stats_slope(points.vms, points.cpu, count);
    result->per_vm.cpu_ticks_percent_of_host = stats_slope(points.vms, points.ticks, count);
    if (points.own_known) {
        /* Without the empty host: what a process sets up for its first VM is no VM's. */
        result->per_vm.own_memory_bytes =
            stats_slope_of_sum(points.vms + 1, points.own_memory + 1, count - 1);
        result->per_vm.own_cpu_percent_of_host = stats_slope(points.vms + 1, points.own_cpu + 1, count - 1);
    }
    for (size_t i = 0; i < result->interval_count; i++)
        if (result->intervals[i].boot.n > 0)
            points.room[boots++] = result->intervals[i].boot.median;
    result->per_vm.boot_seconds_median = stats_spread(points.room, boots).median;
    free(points.room);
}

static void stop(struct run *run, enum stop why, const char *sentence)
{
    run->result->stopped_by = why;
    snprintf(run->result->stop_reason, sizeof(run->result->stop_reason), "%s", sentence);
}

/* The resource furthest over the threshold; -1 when all are below. */
static int over_threshold(const struct run *run, const struct result_interval *interval)
{
    int worst = -1;

    for (int r = 0; r < RESOURCE_COUNT; r++) {
        if (interval->known[r] && interval->percent[r].mean > run->plan->threshold_percent &&
            (worst < 0 || interval->percent[r].mean > interval->percent[worst].mean))
            worst = r;
    }
    return worst;
}

/* A resource over the threshold ends the run; then the maximum does. */
static void judge(struct run *run, const struct result_interval *interval)
{
    int worst = over_threshold(run, interval);
    char sentence[256], most[NUMBER_ROOM];

    if (worst >= 0) {
        snprintf(sentence, sizeof(sentence), "%s reached %.1f %% of the %s, past the threshold of %g %%",
                 resource_name((enum resource)worst), interval->percent[worst].mean,
                 (worst == RESOURCE_MEMORY && run->plan->share.memory_bytes) ||
                         (worst == RESOURCE_CPU && run->plan->share.cpus > 0)
                     ? "share"
                     : "host",
                 run->plan->threshold_percent);
        stop(run, stop_of_resource((enum resource)worst), sentence);
    } else if (run->plan->max_vms > 0 && run->result->population.started >= run->plan->max_vms) {
        snprintf(sentence, sizeof(sentence), "the maximum of %s VMs was reached",
                 number_grouped(run->plan->max_vms, most));
        stop(run, STOP_MAX, sentence);
    }
}

/* More than 5 % of the asked, and at least 4, silent: the run is about something else than running VMs. */
static void judge_proof(struct run *run, const struct proof *proof)
{
    uint64_t silent = proof->asked - proof->alive;
    char sentence[256], number[NUMBER_ROOM], asked[NUMBER_ROOM];

    if (silent < 4 || silent * 20 <= proof->asked || run->guard.stop == STOP_INTERRUPT)
        return;
    snprintf(sentence, sizeof(sentence), "%s of %s VMs did not answer their challenge",
             number_grouped(silent, number), number_grouped(proof->asked, asked));
    stop(run, STOP_ALIVE, sentence);
}

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

/* Growth ended early: the population as it stands is measured all the same, unless the user wants to go. */
static void growth_ended(struct run *run, int error, const struct reason *reason)
{
    if (error == -ECANCELED)
        stop(run, run->guard.stop, run->guard.why);
    else
        stop(run, guard_stop_of_error(error), reason->text);
}

/* What the guard stopped is growth; what stands is measured and proven without it. */
static void rest(struct run *run)
{
    run->guard.stop = STOP_NOT_YET;
    run->guard.resting = true;
}

static int settle_and_sample(struct run *run, unsigned index, struct result_interval *interval,
                             struct reason *reason)
{
    run->phase = SCALE_SETTLE;
    interval->settled = run_settle(run, &interval->settle_seconds);
    note_counts(run);
    interval->vms = run->result->population.running;
    run->phase = SCALE_SAMPLE;
    return run_sample(run, index, interval, reason);
}

static int measure_interval(struct run *run, struct reason *reason)
{
    struct result_interval *interval = result_add_interval(run->result);
    unsigned index = (unsigned)run->result->interval_count;
    const struct engine *engine = run->plan->engine;
    struct proof proof;

    if (!interval)
        return reason_set(reason, ENOMEM, "no memory for another interval");
    run->phase = SCALE_GROW;
    uint64_t started = clock_now_ns();
    int error = engine->grow(run->population, next_step(run), &run->watch, reason);

    interval->grow_seconds = (double)(clock_now_ns() - started) / (double)NS_PER_SECOND;
    note_counts(run);
    note_boot_times(run, interval);
    if (error)
        growth_ended(run, error, reason);
    error = 0;
    bool leave = run->guard.stop == STOP_INTERRUPT || run->result->stopped_by == STOP_ENGINE;

    if (run->guard.stop != STOP_NOT_YET && !leave)
        rest(run);
    run->phase = SCALE_PROVE;
    if (!leave)
        error = prove(run, SCALE_PROOF_SAMPLE, &proof, reason);
    if (!error && !leave) {
        interval->asked = proof.asked;
        interval->alive = proof.alive;
        interval->wrong = proof.wrong;
        interval->challenge = proof.latency;
        error = settle_and_sample(run, index, interval, reason);
        /* Once more when this would end the run: a passing disturbance is not a limit. */
        if (!error && run->guard.stop == STOP_NOT_YET && over_threshold(run, interval) >= 0) {
            error = settle_and_sample(run, index, interval, reason);
            if (error == -ECANCELED)
                error = 0; /* the first set stands */
        }
    }
    run->guard.resting = false;
    if (error || leave) {
        run->result->interval_count--; /* no samples: nothing to keep */
        if (error == -ECANCELED || leave) {
            if (run->result->stopped_by == STOP_NOT_YET)
                stop(run, run->guard.stop, run->guard.why);
            return 0;
        }
        return error;
    }
    note_counts(run);
    if (run->result->stopped_by == STOP_NOT_YET && run->guard.stop != STOP_NOT_YET)
        stop(run, run->guard.stop, run->guard.why);
    if (run->result->stopped_by == STOP_NOT_YET)
        judge_proof(run, &proof);
    if (run->result->stopped_by == STOP_NOT_YET)
        judge(run, interval);
    return 0;
}

static int save(struct run *run, struct reason *reason)
{
    struct result *result = run->result;

    if (result->interval_count > 0)
        result->memory_accounting = result->intervals[result->interval_count - 1].memory;
    if (run->sampling_ns > 0)
        result->harness.cpu_percent_of_core = 100.0 * (double)run->sampling_cpu_ns / (double)run->sampling_ns;
    if (run->readings > 0)
        result->harness.sample_cost_seconds =
            (double)run->reading_cpu_ns / (double)run->readings / (double)NS_PER_SECOND;
    fit_slopes(result);
    if (run->population && run->plan->engine->account &&
        run->plan->engine->account(run->population, &result->engine.counters) < 0)
        return reason_set(reason, ENOMEM, "no memory for what the engine counted");
    int error = samples_flush(run->samples_file, reason);

    return error ? error : result_write(result, run->plan->directory, reason);
}

static int grow_to_the_end(struct run *run, struct reason *reason)
{
    run->growth_started_ns = clock_now_ns();
    while (run->result->stopped_by == STOP_NOT_YET) {
        int error = measure_interval(run, reason);

        if (!error)
            error = save(run, reason);
        if (error)
            return error;
    }
    return 0;
}

static double own_resident_bytes(void)
{
    char *text;
    size_t length;
    unsigned long pages = 0;

    if (file_read("/proc/self/statm", 4096, &text, &length, NULL) < 0)
        return 0;
    if (sscanf(text, "%*u %lu", &pages) != 1)
        pages = 0;
    free(text);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

/* Ends all VMs and waits until the host is back where it was, or says what stayed. */
static void teardown(struct run *run)
{
    struct result *result = run->result;
    uint64_t started = clock_now_ns();
    double most = result->memory_accounting.taken;
    struct host_reading now;

    result->harness.memory_bytes = own_resident_bytes();
    run->phase = SCALE_TEARDOWN;
    run_progress(run);
    run_close_population(run);
    do {
        sampler_refresh(run->sampler);
        if (sampler_read(run->sampler, &now, NULL) < 0)
            return;
        result->teardown.done = true;
        result->teardown.memory_left_bytes = (double)host_memory_available(&run->baseline.reading.memory) -
                                             (double)host_memory_available(&now.memory);
        result->teardown.tasks_left = (int64_t)(now.tasks - run->baseline.reading.tasks);
        result->teardown.files_left = (int64_t)(now.files_open - run->baseline.reading.files_open);
        /* Kernel workers and file handles that the kernel frees late come and go by themselves. */
        result->teardown.clean = result->teardown.memory_left_bytes <= fmax(0.01 * most, 16 * 0x1p20) &&
                                 result->teardown.tasks_left <= 16 && result->teardown.files_left <= 256;
        if (result->teardown.clean)
            break;
        clock_sleep_until(clock_now_ns() + 200 * NS_PER_MILLISECOND);
    } while (clock_now_ns() - started < TEARDOWN_MOST_NS);
    result->teardown.seconds = (double)(clock_now_ns() - started) / (double)NS_PER_SECOND;
}

static int experiment(struct run *run, struct reason *reason)
{
    int error = run_pilot(run, reason);

    if (!error)
        error = run_baseline(run, reason);
    if (!error)
        error = result_write(run->result, run->plan->directory, reason);
    if (!error)
        error = run_open_population(run, reason);
    if (error == -ECANCELED) {
        stop(run, run->guard.stop, run->guard.why);
        return 0;
    }
    if (!error)
        error = grow_to_the_end(run, reason);
    if (!error && run->guard.stop != STOP_INTERRUPT && run->result->interval_count > 0) {
        struct proof proof;

        run->phase = SCALE_PROVE_ALL;
        rest(run);
        run_progress(run);
        error = prove(run, UINT64_MAX, &proof, reason);
        note_counts(run);
        if (!error)
            error = save(run, reason); /* with what the engine counted, while there is a population */
    }
    return error;
}

int scale_run(const struct scale_plan *plan, const struct scale_hooks *hooks, struct result *result,
              struct reason *reason)
{
    struct run *run = calloc(1, sizeof(*run));

    if (!run)
        return reason_set(reason, ENOMEM, "no memory for a run");
    *run = (struct run){.plan = plan, .hooks = hooks, .result = result};
    int error = run_prepare(run, reason);

    if (!error) {
        error = experiment(run, reason);
        if (error)
            stop(run, STOP_ENGINE, reason->text);
        if (run->population)
            teardown(run);
        result->ended_at = clock_unix_seconds();
        int unsaved = save(run, error ? NULL : reason);

        error = error ? error : unsaved;
    }
    run_close_population(run);
    samples_close(run->samples_file);
    sampler_close(run->sampler);
    free(run);
    return error;
}
