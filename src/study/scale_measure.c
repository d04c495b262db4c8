/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Waiting for quiet, and taking samples. */
#include "study/scale_run.h"

#include "base/clock.h"
#include "study/stats.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#define SETTLE_CPU_POINTS   2.0
#define SETTLE_MEMORY_SHARE 0.001
#define SETTLE_WINDOW_NS    (500 * NS_PER_MILLISECOND)

/* A look at the clock and at the guard every so often while samples are far apart. */
#define WAIT_PIECE_NS (250 * NS_PER_MILLISECOND)

/* Which figure of a host_usage goes to which statistic of an interval. */
static const struct {
    size_t from, to;
} figures[] = {
#define FIGURE(from, to)                                                                                     \
    {                                                                                                        \
        offsetof(struct host_usage, from), offsetof(struct result_interval, to)                              \
    }
    FIGURE(cpu_busy, cpu_busy),
    FIGURE(cpu_user, cpu_user),
    FIGURE(cpu_system, cpu_system),
    FIGURE(cpu_interrupt, cpu_interrupt),
    FIGURE(cpu_steal, cpu_steal),
    FIGURE(cpu_ticks, cpu_ticks),
    FIGURE(memory_taken_bytes, memory_taken),
    FIGURE(own_memory_bytes, own_memory),
    FIGURE(own_cpu, own_cpu),
    FIGURE(disk_bytes, disk_bytes),
    FIGURE(disk_operations, disk_operations),
    FIGURE(network_bytes, network_bytes),
    FIGURE(network_packets, network_packets),
    FIGURE(loopback_bytes, loopback_bytes),
    FIGURE(loopback_packets, loopback_packets),
    FIGURE(disk_busy, disk_busy),
    FIGURE(sockets, sockets),
    FIGURE(swap_pages, swap_pages),
    FIGURE(psi_cpu_some, psi_cpu_some),
    FIGURE(psi_memory_some, psi_memory_some),
    FIGURE(psi_memory_full, psi_memory_full),
    FIGURE(psi_io_some, psi_io_some),
    FIGURE(psi_io_full, psi_io_full),
#undef FIGURE
};

uint64_t own_cpu_ns(void)
{
    struct timespec used;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * NS_PER_SECOND + (uint64_t)used.tv_nsec;
}

int run_read(struct run *run, struct host_reading *ret_reading, struct reason *reason)
{
    uint64_t before = own_cpu_ns();
    int error = sampler_read(run->sampler, ret_reading, reason);

    run->reading_cpu_ns += own_cpu_ns() - before;
    run->readings++;
    return error;
}

bool run_wait(struct run *run, uint64_t until_ns)
{
    struct engine_counts counts = {.last_failure = ""};

    for (;;) {
        uint64_t now = clock_now_ns();

        if (run->population)
            run->plan->engine->counts(run->population, &counts);
        if (!guard_go_on(&run->guard, &counts))
            return false;
        if (now >= until_ns)
            return true;
        uint64_t piece = until_ns - now > WAIT_PIECE_NS ? now + WAIT_PIECE_NS : until_ns;

        if (run->load)
            scale_load_run(run->load, piece);
        else if (run->population)
            run->plan->engine->wait(run->population, piece);
        else
            clock_sleep_until(piece);
    }
}

static double memory_hundred_percent(const struct run *run)
{
    return (double)(run->plan->share.memory_bytes ? run->plan->share.memory_bytes
                                                  : run->result->limits.memory_total);
}

bool run_settle(struct run *run, double *ret_seconds)
{
    uint64_t started = clock_now_ns();
    double cpu = -1, memory = 0;
    bool settled = false;
    struct host_reading before, after;

    *ret_seconds = 0;
    run_nodes_quiet(run);
    if (sampler_read(run->sampler, &before, NULL) < 0)
        return false;
    while (!settled && clock_now_ns() - started < run->plan->settle_most_ns) {
        struct host_usage usage;

        if (!run_wait(run, clock_now_ns() + SETTLE_WINDOW_NS) || sampler_read(run->sampler, &after, NULL) < 0)
            break;
        host_usage(&before, &after, &run->result->limits, &run->baseline, &run->plan->share, &usage);
        settled =
            run_nodes_quiet(run) && cpu >= 0 && fabs(usage.cpu_busy - cpu) <= SETTLE_CPU_POINTS &&
            fabs(usage.memory_taken_bytes - memory) <= SETTLE_MEMORY_SHARE * memory_hundred_percent(run);
        cpu = usage.cpu_busy;
        memory = usage.memory_taken_bytes;
        before = after;
    }
    *ret_seconds = (double)(clock_now_ns() - started) / (double)NS_PER_SECOND;
    return settled;
}

static double field(const struct host_usage *usage, size_t offset)
{
    return *(const double *)(const void *)((const char *)usage + offset);
}

static struct statistic column(const struct host_usage *usages, unsigned count, size_t offset, double *room)
{
    for (unsigned i = 0; i < count; i++)
        room[i] = field(&usages[i], offset);
    return stats_mean(room, count);
}

static void summarize(const struct host_usage *usages, unsigned count, double *room,
                      struct result_interval *interval)
{
    for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
        *(struct statistic *)(void *)((char *)interval + figures[i].to) =
            column(usages, count, figures[i].from, room);
    interval->own_known = usages[0].own_known;
    for (size_t r = 0; r < RESOURCE_COUNT; r++) {
        size_t offset = offsetof(struct host_usage, percent) + r * sizeof(double);

        interval->known[r] = usages[0].known[r];
        interval->percent[r] = column(usages, count, offset, room);
    }
}

static int take_samples(struct run *run, unsigned interval_index, bool empty,
                        struct result_interval *interval, struct host_usage *usages, unsigned *ret_count,
                        struct reason *reason)
{
    struct host_reading before, after;
    int error = run_nodes_begin(run, empty, reason);

    if (!error)
        error = run_read(run, &before, reason);
    if (error)
        return error;
    uint64_t due = before.at_ns;

    interval->started_at = before.unix_seconds;
    for (*ret_count = 0; *ret_count < run->plan->samples;) {
        /* Each sample is due at its own time, not some time after the last one, so that delays do not add up.
         */
        due += run->plan->sample_ns;
        if (!run_wait(run, due)) {
            if (*ret_count < 2)
                return -ECANCELED;
            break;
        }
        error = run_read(run, &after, reason);
        if (!error)
            error = run_nodes_sample(run, interval_index, interval->vms, reason);
        if (error)
            return error;
        host_usage(&before, &after, &run->result->limits, &run->baseline, &run->plan->share,
                   &usages[*ret_count]);
        error = samples_add(run->samples_file, interval_index, interval->vms, &after, &usages[*ret_count]);
        if (error)
            return reason_set(reason, -error, "no memory for the samples");
        (*ret_count)++;
        interval->ended_at = after.unix_seconds;
        memory_account(&run->baseline.reading.memory, &after.memory, run->vmalloc_holds_stacks,
                       &interval->memory);
        before = after;
    }
    return run_nodes_end(run, interval_index, interval->vms, empty, reason);
}

static int sample(struct run *run, unsigned interval_index, bool empty, struct result_interval *interval,
                  struct reason *reason)
{
    struct host_usage *usages = calloc(run->plan->samples, sizeof(*usages));
    double *room = calloc(run->plan->samples, sizeof(*room));
    unsigned count = 0;
    int error = usages && room ? 0 : reason_set(reason, ENOMEM, "no memory for the samples");

    if (!error) {
        uint64_t started = clock_now_ns(), cpu = own_cpu_ns();

        sampler_refresh(run->sampler);
        error = take_samples(run, interval_index, empty, interval, usages, &count, reason);
        run->sampling_ns += clock_now_ns() - started;
        run->sampling_cpu_ns += own_cpu_ns() - cpu;
    }
    if (!error)
        summarize(usages, count, room, interval);
    free(usages);
    free(room);
    return error;
}

int run_sample(struct run *run, unsigned interval_index, struct result_interval *interval,
               struct reason *reason)
{
    return sample(run, interval_index, false, interval, reason);
}

int run_baseline(struct run *run, struct reason *reason)
{
    struct result_interval empty = {0};
    double seconds;

    run->phase = SCALE_BASELINE;
    run_progress(run);
    /* Until it is known, the present state is the empty host: what matters in here is only change. */
    int error = run_read(run, &run->baseline.reading, reason);

    if (error)
        return error;
    run_settle(run, &seconds);
    sampler_refresh(run->sampler);
    error = run_read(run, &run->baseline.reading, reason);
    if (!error)
        error = sample(run, 0, true, &empty, reason);
    if (error)
        return error;
    run->baseline.cpu_busy = empty.cpu_busy.mean;
    run->result->baseline.reading = run->baseline.reading;
    run->result->baseline.cpu_busy = empty.cpu_busy.mean;
    run->result->baseline.cpu_ticks = empty.cpu_ticks.mean;
    run->result->baseline.own_cpu = empty.own_cpu.mean;
    run->result->baseline.cpu = empty.cpu_busy;
    return 0;
}
