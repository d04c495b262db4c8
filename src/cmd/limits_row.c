/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One row: the process that runs it, and what became of it. */
#include "cmd/limits_row.h"

#include "base/clock.h"
#include "base/reason.h"
#include "cmd/cmd.h"
#include "cmd/command_line.h"
#include "host/knob.h"
#include "host/survive.h"
#include "study/limits_matrix.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Ending ten thousands of processes takes long, and is no sign of a host that is lost. */
#define CLOSING_PATIENCE_NS (600 * NS_PER_SECOND)
#define START_PATIENCE_NS   (60 * NS_PER_SECOND)

enum { HEARTBEATS_MISSED = 4 };

struct child {
    const struct row_run *run;
    struct progress_line line;
};

static bool is_interrupted(void *context)
{
    const struct child *child = context;

    return child->run->interrupted(NULL);
}

static void show(void *context, const struct scale_progress *progress)
{
    struct child *child = context;
    uint64_t patience = HEARTBEATS_MISSED * child->run->row->options.heartbeat_ns;

    if (progress->phase == SCALE_TEARDOWN)
        patience = CLOSING_PATIENCE_NS;
    watchdog_beat(child->run->watchdog->board, progress->counts.running, patience);
    progress_show(&child->line, progress);
}

/* In the process of the row. */
static int run_here(struct child *child)
{
    const struct row_run *run = child->run;
    const struct parsed_row *row = run->row;
    const struct scale_hooks hooks = {.progress = show, .interrupted = is_interrupted, .context = child};
    char command_line[RESULT_LONG];
    struct result result;

    join_command_line((int)row->words.count, row->words.words, command_line, sizeof(command_line));
    struct limits_row_plan plan = row_plan(row);

    plan.plan.directory = run->directory;
    plan.plan.command_line = command_line;
    plan.plan.seed = run->seed;
    plan.journal = &run->watchdog->board->journal;
    result_init(&result);
    progress_begin(&child->line, run->quiet);
    int error = limits_row_run(&plan, &hooks, &result, &run->watchdog->board->reason);

    progress_end(&child->line);
    run->watchdog->board->error = error;
    result_release(&result);
    return error ? EXIT_FAILED : EXIT_DONE;
}

static int work(void *context)
{
    const struct child *child = context;

    return row_is_for_lab(child->run->row) ? row_run_in_lab(child->run) : run_here(context);
}

static int set_knobs(const struct row_run *run, struct reason *reason)
{
    int error = 0;

    /* Those of the laboratory are set there. */
    for (size_t i = 0; !error && i < KNOBS && !row_is_for_lab(run->row); i++)
        if (run->row->options.knobs[i])
            error = knob_set(&run->watchdog->board->journal, "", host_knobs[i].name,
                             run->row->options.knobs[i], reason);
    return error;
}

static void fail(struct limits_row *row, enum limits_state state, const char *sentence)
{
    row->state = state;
    snprintf(row->reason, sizeof(row->reason), "%s", sentence[0] ? sentence : "it ended without a word");
}

/* The process did not come to the end of the row: what it has written until then counts, with what ended it.
 */
static void complete(const struct row_run *run, int status, struct limits_row *row)
{
    const struct watchdog_board *board = run->watchdog->board;
    struct scale_plan plan = row_plan(run->row).plan;
    char sentence[WATCHDOG_WORDS] = "";
    struct reason reason;
    enum stop why = STOP_ENGINE;

    if (board->killed) {
        snprintf(sentence, sizeof(sentence), "%s", board->verdict);
        why = board->for_memory ? STOP_MEMORY : STOP_UNRESPONSIVE;
    } else {
        snprintf(sentence, sizeof(sentence), "the process of the row was ended by signal %d at %llu VMs",
                 status - 128, (unsigned long long)board->vms);
    }
    plan.directory = run->directory;
    if (!row_is_for_lab(run->row))
        limits_row_sweep(&plan, &row->result);
    if (row->result.interval_count == 0)
        fail(row, LIMITS_FAILED, sentence);
    else if (limits_row_complete(&plan, &row->result, why, sentence, &reason) < 0)
        fail(row, LIMITS_FAILED, reason.text);
    if (row->result.teardown.left[0])
        fprintf(stderr, "mvm limits: %s\n", row->result.teardown.left);
}

static int judge(const struct row_run *run, int status, struct limits_row *row)
{
    const struct watchdog_board *board = run->watchdog->board;
    struct reason reason;

    result_release(&row->result);
    if (result_read(&row->result, run->directory, &reason) < 0) {
        result_init(&row->result);
        fail(row, status == ROW_CANNOT_RUN ? LIMITS_CANNOT_RUN : LIMITS_FAILED,
             board->killed           ? board->verdict
             : board->reason.text[0] ? board->reason.text
                                     : reason.text);
        return 0;
    }
    row->state = LIMITS_DONE;
    if (board->killed || status > 127)
        complete(run, status, row);
    else if (row->result.interval_count == 0 && row->result.stopped_by == STOP_INTERRUPT)
        row->state = LIMITS_NOT_YET;
    else if (row->result.interval_count == 0)
        fail(row, LIMITS_FAILED, board->reason.text[0] ? board->reason.text : row->result.stop_reason);
    return row->result.stopped_by == STOP_INTERRUPT ? -ECANCELED : 0;
}

int row_run(const struct row_run *run, struct limits_row *limits_row)
{
    struct child child = {.run = run};
    struct reason reason = {""};
    char old[4200];
    int error = set_knobs(run, &reason);

    snprintf(old, sizeof(old), "%s/result.json", run->directory);
    unlink(old);
    if (error) {
        fail(limits_row, LIMITS_CANNOT_RUN, reason.text);
    } else {
        int status = watchdog_run(run->watchdog, work, is_interrupted, &child, START_PATIENCE_NS, &reason);

        if (status < 0)
            fail(limits_row, LIMITS_FAILED, reason.text);
        else
            error = judge(run, status, limits_row);
    }
    if (knob_journal_undo(&run->watchdog->board->journal, "") > 0)
        fprintf(stderr, "mvm limits: a setting of the host could not be put back\n");
    return error == -ECANCELED ? error : 0;
}
