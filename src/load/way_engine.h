/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Straight into a population: challenges, whose right answer only a running guest can give. */
#ifndef MVM_LOAD_WAY_ENGINE_H
#define MVM_LOAD_WAY_ENGINE_H

#include "engine/engine.h"
#include "load/way.h"

struct load_engine_plan {
    struct population *population; /* with ENGINE_ASKS, of an image that answers challenges */
    uint64_t seed;                 /* of the challenges */
};

/* The population outlives the way, and answers nobody else meanwhile. -ENOMEM. */
int load_way_engine_open(const struct load_engine_plan *plan, struct load_way **ret_way,
                         struct reason *reason);

#endif
