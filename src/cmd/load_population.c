/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/load_population.h"

#include "base/clock.h"
#include "base/reason.h"
#include "cmd/signals.h"
#include "guest/challenge.h"
#include "host/survive.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void show(void *context, const struct engine_counts *counts)
{
    struct load_population *own = context;

    progress_text(own->progress, "%llu of %llu VMs are ready", (unsigned long long)counts->running,
                  (unsigned long long)own->count);
}

static int prepare_guard(struct load_population *own, const struct engine *engine, struct reason *reason)
{
    int oom_score_adj, error = host_limits_read(&own->limits, "", reason);
    uint64_t files;

    if (!error)
        error = sampler_open(&own->sampler, "", reason);
    if (error)
        return error;
    host_raise_file_limit(UINT64_MAX, &files, NULL); /* as far as it goes */
    own->limits.own_files = files;
    sampler_watch_own(own->sampler, !(engine->capabilities & ENGINE_HAS_PROCESSES));
    host_protect_self(&oom_score_adj, NULL);
    own->guard = (struct guard){
        .sampler = own->sampler,
        .limits = &own->limits,
        .baseline = &own->baseline,
        .share = &own->share,
        .memory_floor_bytes = host_memory_floor(&own->limits),
        .interrupted = signals_noted,
        .look = show,
        .look_context = own,
    };
    return sampler_read(own->sampler, &own->baseline.reading, reason);
}

/* Engines of processes boot from a file. */
static int place_image(struct load_population *own, struct reason *reason)
{
    const char *temporary = getenv("TMPDIR");

    if ((size_t)snprintf(own->directory, sizeof(own->directory), "%s/mvm-XXXXXX",
                         temporary && temporary[0] == '/' ? temporary : "/tmp") >= sizeof(own->directory)) {
        own->directory[0] = '\0';
        return reason_set(reason, ENAMETOOLONG, "the path in TMPDIR is too long");
    }
    if (!mkdtemp(own->directory)) {
        int error = reason_errno(reason, errno, "cannot make the directory %s", own->directory);

        own->directory[0] = '\0';
        return error;
    }
    snprintf(own->image_path, sizeof(own->image_path), "%s/image.img", own->directory);
    return file_replace(own->image_path, own->image.bytes, IMAGE_SIZE, reason);
}

static int wait_for_all(struct load_population *own, struct reason *reason)
{
    const struct engine *engine = own->population->engine;
    struct engine_counts counts;

    for (;;) {
        engine->counts(own->population, &counts);
        show(own, &counts);
        if (signals_noted(NULL))
            return -ECANCELED;
        if (counts.booting == 0)
            break;
        engine->wait(own->population, clock_now_ns() + 20 * NS_PER_MILLISECOND);
    }
    if (counts.running == own->count)
        return 0;
    return reason_set(reason, EIO, "%llu of %llu VMs became ready%s%s%s%s",
                      (unsigned long long)counts.running, (unsigned long long)own->count,
                      own->guard.stop ? ": " : "", own->guard.stop ? own->guard.why : "",
                      counts.last_failure[0] ? "; the last that failed: " : "", counts.last_failure);
}

int load_population_grow(struct load_population *own, const struct engine *engine, const void *engine_options,
                         uint64_t count, uint64_t seed, struct progress_line *progress, struct reason *reason)
{
    const struct engine_watch watch = {.go_on = guard_go_on, .context = &own->guard};
    int error = prepare_guard(own, engine, reason);

    own->count = count;
    own->progress = progress;
    if (!error)
        error = place_image(own, reason);
    if (error)
        return error;
    challenge_ready_line(own->image.guest, own->ready_line);
    own->setup = (struct engine_setup){
        .image = &own->image,
        .image_path = own->image_path,
        .ready_line = engine->capabilities & ENGINE_ANNOUNCES ? own->ready_line : NULL,
        .options = engine_options,
        .seed = seed,
    };
    error = engine->open(&own->setup, &own->population, reason);
    if (error)
        return error;
    error = engine->grow(own->population, count, &watch, reason);
    if (error && error != -ECANCELED)
        return error;
    return wait_for_all(own, reason);
}

void load_population_release(struct load_population *own)
{
    if (own->population)
        own->population->engine->close(own->population);
    if (own->sampler)
        sampler_close(own->sampler);
    if (own->image_path[0])
        unlink(own->image_path);
    if (own->directory[0])
        rmdir(own->directory);
    *own = (struct load_population){0};
}
