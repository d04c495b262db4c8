/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/guard.h"

#include "base/clock.h"
#include "host/survive.h"
#include "result/number.h"

#include <errno.h>
#include <stdio.h>

#define LOOK_EVERY_NS (100 * NS_PER_MILLISECOND)

/* Rates over less time than this jump about too much to stop a run. */
#define RATE_WINDOW_NS (1000 * NS_PER_MILLISECOND)

enum { LOST_PERCENT = 5, LOST_LEAST = 4 };

/* In percent: of what there is of a countable thing, and of time in which nothing ran for want of memory. */
static const double countable_most = 98, pressure_most = 20, share_most = 100;

int guard_open(struct guard *guard, struct guard_host *host, const struct engine *engine,
               const struct host_share *share, struct reason *reason)
{
    int oom_score_adj, error = host_limits_read(&host->limits, "", reason);
    uint64_t files;

    if (!error)
        error = sampler_open(&host->sampler, "", reason);
    if (error)
        return error;
    host_raise_file_limit(UINT64_MAX, &files, NULL); /* as far as it goes */
    host->limits.own_files = files;
    sampler_watch_own(host->sampler, !(engine->capabilities & ENGINE_HAS_PROCESSES));
    host_protect_self(&oom_score_adj, NULL);
    *guard = (struct guard){
        .sampler = host->sampler,
        .limits = &host->limits,
        .baseline = &host->baseline,
        .share = share,
        .memory_floor_bytes = host_memory_floor(&host->limits),
    };
    return sampler_read(host->sampler, &host->baseline.reading, reason);
}

static void stop(struct guard *guard, enum stop why, const char *sentence)
{
    guard->stop = why;
    snprintf(guard->why, sizeof(guard->why), "%s", sentence);
}

enum stop guard_stop_of_error(int error)
{
    /* What the kernel says when there is no more of something. */
    static const struct {
        int error;
        enum stop stop;
    } exhausted[] = {{EMFILE, STOP_FILES}, {ENFILE, STOP_FILES}, {EAGAIN, STOP_PIDS}, {ENOMEM, STOP_MEMORY}};

    for (size_t i = 0; i < sizeof(exhausted) / sizeof(exhausted[0]); i++)
        if (exhausted[i].error == -error)
            return exhausted[i].stop;
    return STOP_ENGINE;
}

bool guard_too_many_lost(struct guard *guard, const struct engine_counts *counts)
{
    uint64_t lost = counts->failed + counts->died;

    if (lost < LOST_LEAST || lost * 100 <= counts->started * LOST_PERCENT)
        return false;
    guard->stop = counts->failed >= counts->died ? STOP_ENGINE : STOP_ALIVE;
    char number[NUMBER_ROOM], started[NUMBER_ROOM];

    snprintf(guard->why, sizeof(guard->why), "%s of %s VMs %s; the last: %.300s",
             number_grouped(lost, number), number_grouped(counts->started, started),
             guard->stop == STOP_ENGINE ? "did not become ready" : "ended by themselves",
             counts->last_failure);
    return true;
}

/* The count is that of the host and of all groups with a limit of memory on it. One in a group that this
 * program is not in, on a host that has memory, is none of its business. */
static bool oom_concerns(const struct guard *guard, const struct host_reading *now)
{
    return guard->limits->cgroup_memory > 0 || now->memory.available < now->memory.total / 10;
}

/* A share is used up by VMs; before the first one it is somebody else who takes memory. */
static void look_at_amounts(struct guard *guard, const struct host_reading *now,
                            const struct host_usage *usage, const struct engine_counts *counts)
{
    char floor[SIZE_TEXT_ROOM], sentence[256];

    uint64_t available = now->memory.available + (guard->swap_counts ? now->memory.swap_free : 0);

    if (available < guard->memory_floor_bytes) {
        snprintf(sentence, sizeof(sentence), "the host has less than %s of memory%s available",
                 size_text((double)guard->memory_floor_bytes, floor),
                 guard->swap_counts && now->memory.swap_total > 0 ? " and swap" : "");
        stop(guard, STOP_MEMORY, sentence);
    } else if (guard->share->memory_bytes > 0 && counts->started > 0 &&
               usage->percent[RESOURCE_MEMORY] >= share_most) {
        stop(guard, STOP_MEMORY, "the share of memory was used up while VMs were being started");
    } else if (now->oom_kills > guard->baseline->reading.oom_kills && oom_concerns(guard, now)) {
        stop(guard, STOP_MEMORY, "the kernel began to kill processes for want of memory");
    } else if (usage->known[RESOURCE_PIDS] && usage->percent[RESOURCE_PIDS] >= countable_most) {
        stop(guard, STOP_PIDS, "the host is about to run out of process numbers");
    } else if (usage->known[RESOURCE_FILES] && usage->percent[RESOURCE_FILES] >= countable_most) {
        stop(guard, STOP_FILES, "open files are about to run out");
    } else if (usage->known[RESOURCE_MAPS] && usage->percent[RESOURCE_MAPS] >= countable_most) {
        stop(guard, STOP_MAPS, "memory mappings are about to run out");
    } else if (usage->known[RESOURCE_SWAP] && usage->percent[RESOURCE_SWAP] >= countable_most) {
        stop(guard, STOP_SWAP, "swap is about to run out");
    }
}

void guard_breathe(struct guard *guard)
{
    guard->last_call_ns = 0;
}

static void check_heartbeat(struct guard *guard, uint64_t now_ns)
{
    uint64_t before = guard->last_call_ns;
    char sentence[256];

    guard->last_call_ns = now_ns;
    if (guard->beat_most_ns == 0 || before == 0 || now_ns - before <= guard->beat_most_ns)
        return;
    snprintf(sentence, sizeof(sentence),
             "the host no longer responds: this program, which looks after it ten times a second, was held "
             "up for %.1f s",
             (double)(now_ns - before) / (double)NS_PER_SECOND);
    stop(guard, STOP_UNRESPONSIVE, sentence);
}

bool guard_go_on(void *context, const struct engine_counts *counts)
{
    struct guard *guard = context;
    uint64_t now_ns = clock_now_ns();

    if (guard->interrupted && guard->interrupted(guard->interrupted_context) && guard->stop == STOP_NOT_YET)
        stop(guard, STOP_INTERRUPT, "interrupted by the user");
    if (guard->stop == STOP_NOT_YET && !guard->resting)
        check_heartbeat(guard, now_ns);
    if (guard->stop != STOP_NOT_YET)
        return false;
    if (now_ns < guard->next_look_ns)
        return true;
    guard->next_look_ns = now_ns + LOOK_EVERY_NS;

    struct host_reading now;
    struct host_usage usage;

    if (guard->look)
        guard->look(guard->look_context, counts);
    if (guard->resting)
        return true;
    if (sampler_read(guard->sampler, &now, NULL) < 0)
        return true;
    if (guard->last.at_ns == 0)
        guard->last = now;
    host_usage(&guard->last, &now, guard->limits, guard->baseline, guard->share, &usage);
    look_at_amounts(guard, &now, &usage, counts);
    if (now.at_ns - guard->last.at_ns >= RATE_WINDOW_NS) {
        if (guard->stop == STOP_NOT_YET && usage.percent[RESOURCE_PRESSURE] >= pressure_most)
            stop(guard, STOP_PRESSURE, "the host stands still waiting for memory (PSI memory full)");
        guard->last = now;
    }
    if (guard->stop == STOP_NOT_YET)
        guard_too_many_lost(guard, counts);
    return guard->stop == STOP_NOT_YET;
}
