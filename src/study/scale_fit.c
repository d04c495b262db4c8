/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a run is known to have found so far: slopes, and the files of the run directory. */
#include "study/scale_run.h"

#include "base/clock.h"
#include "study/stats.h"

#include <errno.h>
#include <stdlib.h>

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

int run_save(struct run *run, struct reason *reason)
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
    run_fit_hosts(run);
    if (run->population && run->plan->engine->account &&
        run->plan->engine->account(run->population, &result->engine.counters) < 0)
        return reason_set(reason, ENOMEM, "no memory for what the engine counted");
    int error = samples_flush(run->samples_file, reason);

    if (!error)
        error = run_save_nodes(run, reason);
    return error ? error : result_write(result, run->plan->directory, reason);
}
