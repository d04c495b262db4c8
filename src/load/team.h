/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One load in several threads, each with a way of its own, and their figures together. */
#ifndef MVM_LOAD_TEAM_H
#define MVM_LOAD_TEAM_H

#include "load/generator.h"

struct load_team_plan {
    struct load_plan plan; /* but for way, share and shares; in a closed loop under_way is that of each */
    struct load_way *const *ways; /* one for each thread */
    unsigned threads;             /* 1: the calling one alone */
    /* Called on the calling thread several times a second; false ends the load early, in order. May be NULL.
     */
    bool (*go_on)(void *context, const struct load_progress *progress);
    void *context;
};

/*
 * Runs it to its end. The figures are added to `figures`, which load_figures_init() made. -ECANCELED: go_on()
 * ended it, and the figures are what was measured until then. Other errors, with a sentence, before anything
 * was sent.
 */
int load_team_run(const struct load_team_plan *plan, struct load_figures *figures, struct reason *reason);

#endif
