/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/load_population.h"

#include "base/clock.h"
#include "base/reason.h"
#include "cmd/signals.h"
#include "guest/challenge.h"

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
    int error = guard_open(&own->guard, &own->host, engine, &own->share, reason);

    own->guard.interrupted = signals_noted;
    own->guard.look = show;
    own->guard.look_context = own;
    own->count = count;
    own->progress = progress;
    if (!error)
        error = place_image(own, reason);
    if (error)
        return error;
    challenge_ready_line(own->image.guest, own->ready_line);
    snprintf(own->name, sizeof(own->name), "load-%d", (int)getpid());
    own->setup = (struct engine_setup){
        .image = &own->image,
        .image_path = own->image_path,
        .ready_line = engine->capabilities & ENGINE_ANNOUNCES ? own->ready_line : NULL,
        .options = engine_options,
        .seed = seed,
        .run_name = own->name,
    };
    error = engine->open(&own->setup, &own->population, reason);
    if (error)
        return error;
    error = engine->grow(own->population, count, &watch, reason);
    if (error && error != -ECANCELED)
        return error;
    return wait_for_all(own, reason);
}

int load_population_release(struct load_population *own)
{
    struct reason reason = {""};
    int error = own->population ? engine_end(own->population, &reason) : 0;

    if (error)
        fprintf(stderr, "mvm load: %s\n", reason.text);
    sampler_close(own->host.sampler);
    if (own->image_path[0])
        unlink(own->image_path);
    if (own->directory[0])
        rmdir(own->directory);
    *own = (struct load_population){0};
    return error;
}
