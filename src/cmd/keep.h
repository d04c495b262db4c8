/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keeping a population: what `mvm run` and `mvm restore` have in common. */
#ifndef MVM_CMD_KEEP_H
#define MVM_CMD_KEEP_H

#include "door/gate.h"
#include "engine/engine.h"
#include "host/resource.h"

#include <stdbool.h>
#include <stdint.h>

struct mix;
struct web_plan;

struct keep_plan {
    const char *command; /* "run": for messages */
    const struct engine *engine;
    const void *engine_options;
    const struct image *image;
    struct mix *mix; /* several guests, of which `image` is the first; NULL: that one alone */
    const char *image_name;
    const char *name; /* of the run; NULL: one is made */
    uint64_t goal;    /* VMs to start */
    struct host_share share;
    const char *saved; /* the file from which they are restored; NULL: they are started */
    bool strict;       /* nothing is kept unless all VMs are ready */
    bool detach, json, quiet;
    const struct gate_setup *gate; /* ways in from outside; `engine` and `challenges` are filled here. May
                                      have no place */
    const struct web_plan *web;    /* the run's page and metrics */
};

/* From the run's directory to its removal. Returns the exit status. */
int keep_population(const struct keep_plan *plan);

#endif
