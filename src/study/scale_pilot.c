/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pilot: a few VMs tell about how much one takes, and so how many make an interval. */
#include "study/scale_run.h"

#include "base/clock.h"

#include <errno.h>
#include <math.h>

enum { PILOT_FIRST = 4, PILOT_FACTOR = 4, PILOT_MOST = 1 << 20 };

/* Enough for a slope of some percent: this much memory, or this much CPU of the host, or this long. */
#define PILOT_MEMORY_BYTES (128.0 * 0x1p20)
#define PILOT_CPU_POINTS   10.0
#define NOISE_MEMORY_BYTES (16.0 * 0x1p20)
#define NOISE_CPU_POINTS   1.0
#define PILOT_TIME_NS      (20 * NS_PER_SECOND)
#define PILOT_WINDOW_NS    (3 * NS_PER_SECOND)

static int measure(struct run *run, struct host_usage *ret_usage, struct reason *reason)
{
    struct host_reading before, after;
    double seconds;

    run_settle(run, &seconds);
    sampler_refresh(run->sampler);
    int error = run_read(run, &before, reason);

    if (error)
        return error;
    if (!run_wait(run, before.at_ns + PILOT_WINDOW_NS))
        return -ECANCELED;
    error = run_read(run, &after, reason);
    if (!error)
        host_usage(&before, &after, &run->result->limits, &run->baseline, &run->plan->share, ret_usage);
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

static int grow_pilot(struct run *run, struct reason *reason)
{
    uint64_t started = clock_now_ns(), limit = pilot_limit(run),
             goal = limit < PILOT_FIRST ? limit : PILOT_FIRST;
    const struct engine *engine = run->plan->engine;

    for (;;) {
        struct engine_counts counts;
        struct host_usage usage;

        engine->counts(run->population, &counts);
        int error = engine->grow(run->population, goal - counts.started, &run->watch, reason);

        if (error)
            return error;
        engine->counts(run->population, &counts);
        if (counts.running == 0)
            return reason_set(reason, EIO, "no VM could be started; the last: %.700s", counts.last_failure);
        error = measure(run, &usage, reason);
        if (error)
            return error;
        run->result->pilot.vms = counts.running;
        run->result->pilot.memory_bytes_per_vm = usage.memory_taken_bytes / (double)counts.running;
        run->result->pilot.cpu_percent_per_vm =
            (usage.cpu_busy - run->baseline.cpu_busy) / (double)counts.running;
        if (goal >= limit || usage.memory_taken_bytes >= PILOT_MEMORY_BYTES ||
            usage.cpu_busy - run->baseline.cpu_busy >= PILOT_CPU_POINTS ||
            clock_now_ns() - started >= PILOT_TIME_NS)
            return 0;
        goal = goal * PILOT_FACTOR < limit ? goal * PILOT_FACTOR : limit;
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

static int plan_intervals(struct run *run, struct reason *reason)
{
    double expected = predict(run, run->plan->threshold_percent);
    uint64_t most = run->plan->max_vms;

    if (most == 0 && !(expected < 1e12 && expected >= 1))
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
        error = grow_pilot(run, reason);
    run_close_population(run);
    run->result->pilot.seconds = (double)(clock_now_ns() - started) / (double)NS_PER_SECOND;
    return error ? error : plan_intervals(run, reason);
}
