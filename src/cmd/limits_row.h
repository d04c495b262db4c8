/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A row of `mvm limits` as its options say it, and the process that runs it. */
#ifndef MVM_CMD_LIMITS_ROW_H
#define MVM_CMD_LIMITS_ROW_H

#include "base/option.h"
#include "cmd/choose_image.h"
#include "cmd/progress.h"
#include "engine/arguments.h"
#include "engine/engine.h"
#include "result/limits.h"
#include "study/limits_row.h"
#include "study/watchdog.h"

struct row_options {
    const char *engine;
    struct image_choice image;
    const char *rate_text;
    uint64_t memory_limit, max, samples, sample_ns, settle_ns, latency_ns, heartbeat_ns, memory_floor;
    double cpu_limit, exhausted;
    const char *kernel; /* "host", "default", or a version as of `mvm lab` */
    uint64_t lab_memory, lab_cpus;
    const char *knobs[KNOBS]; /* as host_knobs */
};

/* A row whose words have been read. */
struct parsed_row {
    struct row_options options;
    struct guest_settings settings;
    struct arguments words; /* flags without their values; options point into it */
    const struct engine *engine;
    void *engine_options;
    struct option_set sets[4];
    char **argv; /* of `words`, permuted by parsing */
    double rate;
    struct image image;
};

enum { ROW_SETS = 4 };

/* Those that do not depend on the engine, without values. */
extern const struct option_set row_option_set, row_disk_option_set;

/* The tables of a row with engine `engine`, to be shown as help. */
void row_option_sets(struct parsed_row *row, const struct engine *engine,
                     struct option_set ret_sets[ROW_SETS]);

/* Reads `words` (those of a cell). -EINVAL with a sentence; release in every case. */
int row_parse(struct parsed_row *ret_row, const struct arguments *words, struct reason *reason);
void row_release(struct parsed_row *row);

/* What it is to do, but for where and by which seed. */
struct limits_row_plan row_plan(const struct parsed_row *row);

/* Whether it can run here: 0, -EINVAL for what no host could do, or another error; with a sentence. */
int row_probe(const struct parsed_row *row, struct reason *reason);

/* Fills the study's columns. */
void row_describe(const struct parsed_row *row, struct limits_row *limits_row);

struct row_run {
    const struct parsed_row *row;
    const struct limits_cell *cell;
    const char *directory;
    uint64_t seed;
    bool quiet;
    struct watchdog *watchdog;
    bool (*interrupted)(void *context);
};

/* The exit status of a row's process beside those of commands: there is no host that it could run on. */
enum { ROW_CANNOT_RUN = 3 };

/* In the process of the row: runs it in the laboratory; returns the exit status. */
int row_run_in_lab(const struct row_run *run);

/* True for a row that runs in the laboratory. */
bool row_is_for_lab(const struct parsed_row *row);

/* Runs the row in a process of its own under the watchdog, with the host's settings changed for it, and reads
 * its result. `limits_row` becomes DONE, FAILED or, with a reason, CANNOT_RUN; -ECANCELED: the user wants an
 * end. */
int row_run(const struct row_run *run, struct limits_row *limits_row);

#endif
