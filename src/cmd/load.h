/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of `mvm load`. */
#ifndef MVM_CMD_LOAD_H
#define MVM_CMD_LOAD_H

#include "base/option.h"
#include "cmd/load_aim.h"
#include "load/capacity.h"
#include "load/team.h"

struct load_options {
    struct aim_options aim;
    const char *engine, *rate, *arrivals, *trace, *targets, *keep, *out;
    uint64_t count, vms, connections, sockets, threads, time_ns, warm_up_ns, timeout_ns, p99_ns;
    double skew;
    bool find_capacity, overwrite, json, quiet, help;
};

/* One run of the command: what is to be done, and what came of it. */
struct load_run {
    const struct load_options *options;
    const char *command_line;
    struct load_aim aim;
    struct schedule_plan schedule; /* of an open loop */
    struct targets targets;
    struct load_plan plan;
    struct load_way **ways; /* one a thread */
    unsigned threads;
    struct progress_line progress;
    double started_at, ended_at; /* seconds since 1970 */
    uint64_t began_ns, whole_ns; /* of the load under way, for progress; whole_ns 0: no end */
    bool interrupted;
    struct load_figures figures;
    struct capacity capacity; /* with --find-capacity */
};

/* Without values. */
extern const struct option_set load_option_set;

/* Whether what was said goes together. -EINVAL with a sentence. */
int load_options_check(const struct load_options *options, struct reason *reason);

/* Sets what was not said, and is not a fallback of the table as it matters whether it was said. */
void load_options_default(struct load_options *options);

/* When the aim is known: arrivals, targets, and a way for each thread. Whatever there is afterwards is the
 * run's. */
int load_prepare(struct load_run *run, struct reason *reason);

/* Prints the result for people, or as JSON. -ENOMEM. */
int load_print(const struct load_run *run, struct reason *reason);

/* Writes the files of the result into a directory: load.json, and the histograms as text. */
int load_write(const struct load_run *run, const char *directory, struct reason *reason);

/* Says no when the directory holds a result already. */
int load_check_directory(const char *directory, bool overwrite, struct reason *reason);

#endif
