/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine that a part of mvm host is about, with its own options. */
#ifndef MVM_CMD_HOST_ENGINE_H
#define MVM_CMD_HOST_ENGINE_H

#include "base/option.h"
#include "engine/engine.h"

#include <stdbool.h>

struct reason;

struct host_engine {
    const struct engine *engine;
    void *options;
    char title[64];
    bool named; /* on the command line, and not the default */
};

/* Takes the engine that --engine names, else `qemu`. -EINVAL with a sentence: there is none of that name. */
int host_engine_choose(struct host_engine *ret_engine, int argc, char **argv, struct reason *reason);

/* The table of its options, for options_parse(). */
struct option_set host_engine_set(struct host_engine *engine);

/* After parsing: what these VMs need, the memory of a VM being `memory_each` bytes where that is not 0.
 * -EINVAL with a sentence for options that do not fit each other; where the engine cannot run on this host,
 * `ret_obstacle` says why, and is "" otherwise. */
int host_engine_needs(struct host_engine *engine, uint64_t memory_each, struct host_needs *ret_needs,
                      struct reason *ret_obstacle, struct reason *reason);

void host_engine_release(struct host_engine *engine);

/* A part of mvm host that is about an engine. */
struct host_part {
    const char *name;
    const struct command *command;
    const struct option_set *set;                                /* its own options */
    int (*run)(const void *options, struct host_engine *engine); /* returns the exit status */
};

/* Parses its options, into `options`, and the engine's; `help` is the flag --help in there. Then runs it, or
 * prints the help. Returns the exit status. */
int host_part_main(const struct host_part *part, void *options, const bool *help, int argc, char **argv);

/* Says what was wrong with the command line; returns EXIT_USAGE. */
int host_part_usage(const char *part, const struct reason *reason);

#endif
