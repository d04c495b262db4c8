/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Straight into a population: challenges, whose right answer only a running guest can give, or HTTP requests.
 * A VM is asked one thing at a time; requests that come meanwhile wait for it, and their latency grows.
 */
#ifndef MVM_LOAD_WAY_ENGINE_H
#define MVM_LOAD_WAY_ENGINE_H

#include "engine/engine.h"
#include "load/http_answer.h"
#include "load/way.h"

struct load_engine_plan {
    struct population *population; /* with ENGINE_ASKS, of an image that answers challenges */
    uint64_t seed;                 /* of the challenges */
    /* NULL: challenges. Else GET requests for this path, to an image that speaks HTTP. */
    const char *path;
    struct http_expected expected; /* outlives the way */
};

/*
 * The population outlives the way. Where the engine has ports, the way has one of its own, and may be used by
 * another thread than the population's (but is opened and closed by that); else it is the population's only
 * user. -ENOTSUP with a sentence: the engine cannot carry HTTP; -ENOMEM.
 */
int load_way_engine_open(const struct load_engine_plan *plan, struct load_way **ret_way,
                         struct reason *reason);

#endif
