/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a mix is made of. Its populations: mix_population.c. */
#include "engine/mix.h"

#include "base/reason.h"
#include "engine/mix_population.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int mix_probe(const void *options, struct reason *reason)
{
    const struct mix *mix = options;

    return mix->inner->probe(mix->options, reason);
}

static void mix_needs(const void *options, struct host_needs *ret_needs)
{
    const struct mix *mix = options;

    mix->inner->needs(mix->options, ret_needs);
    ret_needs->tasks.once *= mix->guests->count;
    ret_needs->own_files.once *= mix->guests->count;
    ret_needs->files.once *= mix->guests->count;
}

/* What the engine tells of itself is the same for all guests, but for the command, which is that of the
 * first. */
static int mix_describe(const struct engine_setup *setup, struct result *result, struct reason *reason)
{
    const struct mix *mix = setup->options;
    struct engine_setup first;

    mix_setup(mix, setup, 0, &first);
    return mix->inner->describe(&first, result, reason);
}

/* The engine alone, less what a mix cannot do; functions that an engine lacks a mix of it lacks too. */
static struct engine engine_of(const struct engine *inner)
{
    struct engine engine = mix_functions;

    engine.name = inner->name;
    engine.summary = inner->summary;
    engine.class_letter = inner->class_letter;
    engine.capabilities = inner->capabilities & ~(unsigned)(ENGINE_SAVES | ENGINE_TRACES);
    engine.asks_at_once = inner->asks_at_once;
    engine.probe = mix_probe;
    engine.needs = mix_needs;
    engine.describe = mix_describe;
    if (!inner->account)
        engine.account = NULL;
    if (!inner->clear)
        engine.clear = NULL;
    if (!inner->hosts)
        engine.hosts = NULL;
    if (!inner->live)
        engine.live = NULL;
    if (!(inner->capabilities & ENGINE_CONSOLES)) {
        engine.console_open = NULL;
        engine.console_close = NULL;
        engine.console_read = NULL;
        engine.console_write = NULL;
    }
    if (!inner->console_state)
        engine.console_state = NULL;
    if (!(inner->capabilities & ENGINE_SCREENS)) {
        engine.console_press = NULL;
        engine.screen = NULL;
    }
    return engine;
}

/* "load:0.5s@100,9.5s@0" -> "load-0.5s-100-9.5s-0.img": what every file system and shell takes. */
static void name_file(const char *spec, size_t part, char *ret_name, size_t room)
{
    size_t length = (size_t)snprintf(ret_name, room, "%zu-%.100s", part + 1, spec);

    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)ret_name[i]) && ret_name[i] != '.')
            ret_name[i] = '-';
    snprintf(ret_name + length, room - length, ".img");
}

int mix_create(const struct engine *engine, const void *options, const struct guest_mix *guests,
               struct mix **ret_mix, struct reason *reason)
{
    struct mix *mix = calloc(1, sizeof(*mix));
    unsigned shares[GUEST_MIX_PARTS];

    if (!mix)
        return reason_set(reason, ENOMEM, "no memory for a mix of guests");
    mix->engine = engine_of(engine);
    mix->inner = engine;
    mix->options = options;
    mix->guests = guests;
    for (size_t i = 0; i < guests->count; i++) {
        shares[i] = guests->parts[i].share;
        challenge_ready_line(guests->parts[i].image.guest, mix->ready_lines[i]);
        name_file(guests->parts[i].spec, i, mix->files[i], sizeof(mix->files[i]));
    }
    deal_make(&mix->deal, shares, guests->count);
    *ret_mix = mix;
    return 0;
}

void mix_free(struct mix *mix)
{
    for (size_t i = 0; mix && i < mix->guests->count; i++)
        free(mix->paths[i]);
    free(mix);
}

const struct engine *mix_engine(const struct mix *mix)
{
    return &mix->engine;
}

const struct guest_mix *mix_guests(const struct mix *mix)
{
    return mix->guests;
}

const char *mix_file(const struct mix *mix, size_t part)
{
    return mix->files[part];
}

int mix_place(struct mix *mix, const char *directory, struct reason *reason)
{
    for (size_t i = 0; i < mix->guests->count; i++) {
        char path[4096];

        if ((size_t)snprintf(path, sizeof(path), "%s/%s", directory, mix->files[i]) >= sizeof(path))
            return reason_set(reason, ENAMETOOLONG, "the name of the run directory is too long");
        int error = file_replace(path, mix->guests->parts[i].image.bytes, IMAGE_SIZE, reason);

        if (error)
            return error;
        free(mix->paths[i]);
        mix->paths[i] = realpath(path, NULL);
        if (!mix->paths[i])
            return reason_errno(reason, errno, "cannot find %s, just written", path);
    }
    return 0;
}
