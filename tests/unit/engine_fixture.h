/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A population of an engine, opened with options from words. */
#ifndef MVM_UNIT_ENGINE_FIXTURE_H
#define MVM_UNIT_ENGINE_FIXTURE_H

#include "base/reason.h"
#include "engine/engine.h"
#include "guest/catalog.h"
#include "guest/challenge.h"

struct fixture {
    const struct engine *engine;
    void *options;
    struct option_set set;
    struct image image;
    char ready[READY_LINE_ROOM];
    struct engine_setup setup;
    struct population *population;
    struct reason reason;
};

/* `argv` as for options_parse(); its first word is the engine's name. Fails the test on any error. */
void open_engine(struct fixture *fixture, const char *guest, const struct guest_settings *settings, int argc,
                 char **argv);
void close_engine(struct fixture *fixture);

/* Fails the test unless the engine carries all starts out. */
void grow(struct fixture *fixture, uint64_t count);

#endif
