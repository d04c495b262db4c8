/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A population of a command's own, which ends with it. */
#ifndef MVM_CMD_LOAD_POPULATION_H
#define MVM_CMD_LOAD_POPULATION_H

#include "cmd/progress.h"
#include "study/guard.h"

struct load_population {
    struct population *population;
    struct engine_setup setup;
    struct image image;
    char directory[256], image_path[280], ready_line[16], name[ENGINE_RUN_NAME_ROOM];
    struct guard_host host;
    struct host_share share;
    struct guard guard;
    uint64_t count;
    struct progress_line *progress;
};

/*
 * Grows `count` VMs of the image, under the guard. Anything less is an error with a sentence; -ECANCELED: a
 * signal came. To be released in every case.
 */
int load_population_grow(struct load_population *own, const struct engine *engine, const void *engine_options,
                         uint64_t count, uint64_t seed, struct progress_line *progress,
                         struct reason *reason);

/* Ends the VMs. Fine with a zeroed one. -errno: something of them is left, which was said. */
int load_population_release(struct load_population *own);

#endif
