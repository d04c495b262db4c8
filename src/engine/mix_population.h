/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inside of mix.h: what mix.c (what a mix is) and mix_population.c (its VMs) share. */
#ifndef MVM_ENGINE_MIX_POPULATION_H
#define MVM_ENGINE_MIX_POPULATION_H

#include "engine/deal.h"
#include "engine/mix.h"
#include "guest/challenge.h"

_Static_assert((int)GUEST_MIX_PARTS <= (int)DEAL_PARTS && (int)GUEST_MIX_UNITS <= (int)DEAL_PERIOD_MOST,
               "what can be mixed can be dealt");

struct mix {
    struct engine engine;
    const struct engine *inner;
    const void *options; /* of the inner engine */
    const struct guest_mix *guests;
    struct deal deal;
    char ready_lines[GUEST_MIX_PARTS][READY_LINE_ROOM];
    char files[GUEST_MIX_PARTS][128];
    char *paths[GUEST_MIX_PARTS]; /* absolute; NULL until mix_place() */
};

/* What the population of one guest is made with; `setup` is that of the whole. */
void mix_setup(const struct mix *mix, const struct engine_setup *setup, size_t part,
               struct engine_setup *ret_setup);

/* The functions of a population; the rest is empty. */
extern const struct engine mix_functions;

#endif
