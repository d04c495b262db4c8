/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pilot: a few VMs tell about how much one takes, and so how many make an interval. */
#include "study/scale_run.h"

#include "base/clock.h"

#include <errno.h>
#include <math.h>

enum { PILOT_FIRST = 4, FACTOR_MOST = 64, PILOT_MOST = 1 << 26 };

/* Enough for a slope of some percent: this much memory, or this much CPU of the host, or this long. */
#define PILOT_MEMORY_BYTES (128.0 * 0x1p20)
#define PILOT_CPU_POINTS   10.0
#define NOISE_MEMORY_BYTES (16.0 * 0x1p20)
#define NOISE_CPU_POINTS   1.0
#define PILOT_TIME_NS      (20 * NS_PER_SECOND)
#define PILOT_TIME_MOST_NS (60 * NS_PER_SECOND) /* while the VMs cannot be seen yet */
#define GLANCE_NS          NS_PER_SECOND
#define OWN_SETTLE_NS      (500 * NS_PER_MILLISECOND)
#define PILOT_WINDOW_NS    (3 * NS_PER_SECOND)
#define STEP_SECONDS       10.0 /* no step is expected to take longer than this to start */

/* What the pilot's VMs take of the whole host. */
struct taken {
    double memory_bytes, cpu_points;
};

static bool is_noise(const struct taken *taken)
{
    return taken->memory_bytes < NOISE_MEMORY_BYTES && taken->cpu_points < NOISE_CPU_POINTS;
}

static int look(struct run *run, const struct host_reading *before, uint64_t length_ns,
                struct taken *ret_taken, struct reason *reason)
{
    struct host_reading after;
    struct host_usage usage;

    if (!run_wait(run, before->at_ns + length_ns))
        return -ECANCELED;
    int error = run_read(run, &after, reason);

    if (error)
        return error;
    host_usage(before, &after, &run->result->limits, &run->baseline, &run->plan->share, &usage);
    /* What VMs take of the process in which they live is known without the noise of all others. */
    if (usage.own_known)
        *ret_taken = (struct taken){usage.own_memory_bytes, usage.own_cpu - run->result->baseline.own_cpu};
    else
        *ret_taken = (struct taken){usage.memory_taken_bytes, usage.cpu_busy - run->baseline.cpu_busy};
    return 0;
}

/* A glance for VMs too few to be seen, a longer look at those that can be. */
static int measure(struct run *run, bool last, struct taken *ret_taken, struct reason *reason)
{
    struct host_reading before;
    double seconds;

    /* The account of VMs that live in this process is not disturbed by what else the host does. */
    if (run_counts_own(run))
        run_wait(run, clock_now_ns() + OWN_SETTLE_NS);
    else
        run_settle(run, &seconds);
    sampler_refresh(run->sampler);
    int error = run_read(run, &before, reason);

    if (!error)
        error = look(run, &before, GLANCE_NS, ret_taken, reason);
    if (!error && (last || !is_noise(ret_taken)))
        error = look(run, &before, PILOT_WINDOW_NS, ret_taken, reason);
    return error;
}

static uint64_t pilot_limit(const struct run *run)
{
    /* With a maximum the interval is known already, and the pilot only warms the caches and shows that VMs
     * start. */
    if (run->plan->max_vms > 0)
        return run->plan->max_vms < PILOT_FIRST ? run->plan->max_vms : PILOT_FIRST;
    return PILOT_MOST;
}

/* By how much the VMs are multiplied next: a VM may take 10 MB or 30 bytes, and milliseconds or microseconds
 * to start. */
static double next_factor(const struct taken *taken, double grow_seconds)
{
    double factor = FACTOR_MOST;

    if (taken->memory_bytes >= NOISE_MEMORY_BYTES)
        factor = fmin(factor, 1.25 * PILOT_MEMORY_BYTES / taken->memory_bytes);
    if (taken->cpu_points >= NOISE_CPU_POINTS)
        factor = fmin(factor, 1.25 * PILOT_CPU_POINTS / taken->cpu_points);
    factor = fmin(factor, STEP_SECONDS / fmax(grow_seconds, 1e-3));
    return fmax(factor, 1.5);
}

static int grow_pilot(struct run *run, struct reason *reason)
{
    uint64_t started = clock_now_ns(), limit = pilot_limit(run),
             goal = limit < PILOT_FIRST ? limit : PILOT_FIRST;
    const struct engine *engine = run->plan->engine;

    for (struct taken taken = {0};;) {
        struct engine_counts counts;
        uint64_t begun = clock_now_ns();

        engine->counts(run->population, &counts);
        int error = engine->grow(run->population, goal - counts.started, &run->watch, reason);
        double grow_seconds = (double)(clock_now_ns() - begun) / (double)NS_PER_SECOND;

        engine->counts(run->population, &counts);
        if (error && guard_stop_of_error(error) != STOP_ENGINE && counts.running > 0) {
            run->exhausted_vms = counts.running; /* that is an answer, too */
            error = 0;
        }
        if (error)
            return error;
        if (counts.running == 0)
            return reason_set(reason, EIO, "no VM could be started; the last: %.700s", counts.last_failure);
        uint64_t spent = clock_now_ns() - started;
        bool last = goal >= limit || run->exhausted_vms > 0 ||
                    spent >= (is_noise(&taken) ? PILOT_TIME_MOST_NS : PILOT_TIME_NS);

        error = measure(run, last, &taken, reason);
        if (error)
            return error;
        run->result->pilot.vms = counts.running;
        run->result->pilot.memory_bytes_per_vm = taken.memory_bytes / (double)counts.running;
        run->result->pilot.cpu_percent_per_vm = taken.cpu_points / (double)counts.running;
        if (last || taken.memory_bytes >= PILOT_MEMORY_BYTES || taken.cpu_points >= PILOT_CPU_POINTS)
            return 0;
        double next = (double)goal * next_factor(&taken, grow_seconds);

        goal = next < (double)limit ? (uint64_t)next : limit;
    }
}

/* How many VMs fill `percent` of the host's or the share's memory and CPU, whichever is fewer; infinite when
 * they take nothing. */
static double predict(const struct run *run, double percent)
{
    const struct result *result = run->result;
    double memory = result->pilot.memory_bytes_per_vm, cpu = result->pilot.cpu_percent_per_vm;
    double total = (double)result->limits.memory_total, cpu_total = 100, cpu_used = run->baseline.cpu_busy;
    double memory_used = total - (double)host_memory_available(&run->baseline.reading.memory);

    if (run->plan->share.memory_bytes) {
        total = (double)run->plan->share.memory_bytes;
        memory_used = 0;
    }
    if (run->plan->share.cpus > 0) {
        cpu_total = 100 * run->plan->share.cpus / result->limits.cpus;
        cpu_used = 0;
    }
    double by_memory = INFINITY, by_cpu = INFINITY;

    /* A slope within the noise of the pilot predicts nothing. */
    if (memory * (double)result->pilot.vms > NOISE_MEMORY_BYTES)
        by_memory = (percent / 100 * total - memory_used) / memory;
    if (cpu * (double)result->pilot.vms > NOISE_CPU_POINTS)
        by_cpu = (percent / 100 * cpu_total - cpu_used) / cpu;
    return fmin(by_memory, by_cpu);
}

static double memory_in_use(const struct run *run)
{
    double total = (double)run->result->limits.memory_total;

    return 100 * (total - (double)host_memory_available(&run->baseline.reading.memory)) / total;
}

static int plan_intervals(struct run *run, struct reason *reason)
{
    double expected = predict(run, run->plan->threshold_percent);
    uint64_t most = run->plan->max_vms;

    if (run->exhausted_vms > 0)
        expected = fmin(expected, (double)run->exhausted_vms);
    if (most == 0 && expected < 1)
        return reason_set(
            reason, EBUSY,
            "the host has no room for a VM below the threshold of %g %%: without any its CPUs are "
            "%.1f %% busy and %.1f %% of its memory is in use",
            run->plan->threshold_percent, run->baseline.cpu_busy, memory_in_use(run));
    if (most == 0 && !(expected < 1e12))
        return reason_set(reason, EINVAL,
                          "%llu VMs of the engine %s took too little to predict how many fill the host; say "
                          "where to end with --max",
                          (unsigned long long)run->result->pilot.vms, run->plan->engine->name);
    run->goal_vms = most;
    if (most == 0 || expected < (double)most)
        run->goal_vms = expected < 1 ? 1 : (uint64_t)llround(expected);
    /* With a maximum the intervals divide it, whether or not a resource gives out before. */
    uint64_t whole = most ? most : run->goal_vms;
    uint64_t step = (whole + run->plan->intervals - 1) / run->plan->intervals;

    run->result->plan.interval_vms = step ? step : 1;
    return 0;
}

int run_pilot(struct run *run, struct reason *reason)
{
    uint64_t started = clock_now_ns();

    run->phase = SCALE_PILOT;
    int error = run_baseline(run, reason);

    run->phase = SCALE_PILOT;
    if (!error)
        error = run_open_population(run, reason);
    if (!error)
        error = run_find_nodes(run, reason);
    if (!error)
        error = grow_pilot(run, reason);
    run_close_population(run);
    run->result->pilot.seconds = (double)(clock_now_ns() - started) / (double)NS_PER_SECOND;
    return error ? error : plan_intervals(run, reason);
}
