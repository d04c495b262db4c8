/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/limits_row.h"

#include "base/clock.h"
#include "base/reason.h"
#include "host/account.h"
#include "host/survive.h"
#include "study/scale_run.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Growth pauses to be measured after a tenth of the time that it has taken so far, but at least and at most
 * this. So a row of some seconds has some readings, and one of hours some tens. */
#define STEP_LEAST_NS (500 * NS_PER_MILLISECOND)
#define STEP_MOST_NS  (60 * NS_PER_SECOND)
#define STEP_SHARE    10

/* Without a rate VMs are started in lots that take about this long. */
#define LOT_NS (250 * NS_PER_MILLISECOND)

enum { LOT_FIRST = 8, LOT_MOST = 1 << 20, PROOF_SAMPLE = 200, WAKE_SAMPLE = 50 };

struct row {
    struct run run; /* first: the steps of a run get a pointer to it */
    const struct limits_row_plan *plan;
    struct host_account account;
    uint64_t growing_ns; /* of all intervals before the present one */
    uint64_t lot;
};

/* VMs that are to be started now; 0: none is due yet. */
static uint64_t lot_due(const struct row *row, uint64_t growing_ns)
{
    uint64_t started = row->run.result->population.started, most = row->run.plan->max_vms;
    uint64_t due = row->lot;

    if (row->plan->rate > 0) {
        uint64_t wanted = 1 + (uint64_t)((double)growing_ns / (double)NS_PER_SECOND * row->plan->rate);

        due = wanted > started ? wanted - started : 0;
    }
    return most > 0 && due > most - started ? most - started : due;
}

static int start_lot(struct row *row, uint64_t count, struct reason *reason)
{
    struct run *run = &row->run;
    uint64_t begun = clock_now_ns();
    int error = run->plan->engine->grow(run->population, count, &run->watch, reason);
    uint64_t took = clock_now_ns() - begun;

    if (took < LOT_NS / 2 && row->lot < LOT_MOST)
        row->lot *= 2;
    else if (took > 2 * LOT_NS && row->lot > LOT_FIRST)
        row->lot /= 2;
    run_note_counts(run);
    return error;
}

static int grow(struct run *run, struct reason *reason)
{
    struct row *row = (struct row *)(void *)run;
    uint64_t begun = clock_now_ns(), step = row->growing_ns / STEP_SHARE, spent = 0;
    int error = 0;

    step = step < STEP_LEAST_NS ? STEP_LEAST_NS : step > STEP_MOST_NS ? STEP_MOST_NS : step;
    while (!error && spent < step) {
        uint64_t count = lot_due(row, row->growing_ns + spent);

        if (run->plan->max_vms > 0 && run->result->population.started >= run->plan->max_vms)
            break;
        if (count > 0)
            error = start_lot(row, count, reason);
        else if (!run_wait(run, begun + spent + (uint64_t)((double)NS_PER_SECOND / row->plan->rate / 2)))
            error = -ECANCELED;
        spent = clock_now_ns() - begun;
    }
    row->growing_ns += spent;
    return error;
}

/* For the progress line: where memory or CPU will be used up if all goes on as it did. */
static void predict(struct row *row)
{
    struct result *result = row->run.result;
    const struct result_interval *last = &result->intervals[result->interval_count - 1];
    double percent = fmax(last->percent[RESOURCE_CPU].mean, last->percent[RESOURCE_MEMORY].mean);

    if (percent > 1)
        row->run.goal_vms = (uint64_t)((double)last->vms * row->run.plan->threshold_percent / percent);
    if (row->run.plan->max_vms > 0 && (row->run.goal_vms == 0 || row->run.goal_vms > row->run.plan->max_vms))
        row->run.goal_vms = row->run.plan->max_vms;
}

static void judge(struct run *run)
{
    struct row *row = (struct row *)(void *)run;
    const struct result_interval *last = &run->result->intervals[run->result->interval_count - 1];
    double most = (double)row->plan->latency_most_ns / (double)NS_PER_SECOND;
    char sentence[256];

    predict(row);
    if (run->result->stopped_by != STOP_NOT_YET || last->challenge.n == 0 || last->challenge.p99 <= most)
        return;
    snprintf(sentence, sizeof(sentence),
             "the host no longer responds: the slowest hundredth of the challenges took %.1f s, past the "
             "bound of %.1f s",
             last->challenge.p99, most);
    run_stop(run, STOP_UNRESPONSIVE, sentence);
}

static int begin(struct run *run, struct reason *reason)
{
    struct row *row = (struct row *)(void *)run;

    run->guard.swap_counts = true;
    run->guard.beat_most_ns = row->plan->beat_most_ns;
    if (row->plan->memory_floor_bytes > 0) {
        run->guard.memory_floor_bytes = row->plan->memory_floor_bytes;
        run->result->harness.memory_floor_bytes = row->plan->memory_floor_bytes;
    }
    if (!run_counts_own(run) && row->plan->journal &&
        host_account_enter(&row->account, row->plan->journal, NULL) == 0)
        sampler_watch_account(run->sampler, &row->account);
    /* VMs in this process: it is what the OOM killer is to take, not the rest of the host. */
    if (run_counts_own(run) && host_expose_process(0) == 0)
        run->result->harness.oom_score_adj = 1000;
    return run_baseline(run, reason);
}

int limits_row_run(const struct limits_row_plan *plan, const struct scale_hooks *hooks, struct result *result,
                   struct reason *reason)
{
    struct row *row = calloc(1, sizeof(*row));

    if (!row)
        return reason_set(reason, ENOMEM, "no memory for a row");
    *row = (struct row){
        .run =
            {
                .plan = &plan->plan,
                .hooks = hooks,
                .result = result,
                .method = LIMITS_METHOD,
                .begin = begin,
                .grow = grow,
                .judge = judge,
                .proof_sample = PROOF_SAMPLE,
                .engine_may_end = true,
                .wake_sample = WAKE_SAMPLE,
            },
        .plan = plan,
        .account = {.memory_fd = -1, .stat_fd = -1, .cpu_fd = -1},
        .lot = LOT_FIRST,
    };
    int error = run_whole(&row->run, reason);

    host_account_close(&row->account);
    free(row);
    return error;
}

void limits_row_sweep(const struct scale_plan *plan, struct result *result)
{
    char name[ENGINE_RUN_NAME_ROOM], words[ENGINE_SWEPT_ROOM];
    struct reason left = {""};

    run_name_after(plan->directory, name);
    if (plan->engine->sweep && name[0] &&
        plan->engine->sweep(plan->engine_options, name, words, sizeof(words), &left) < 0)
        snprintf(result->teardown.left, sizeof(result->teardown.left), "%s", left.text);
}

int limits_row_complete(const struct scale_plan *plan, struct result *result, enum stop why,
                        const char *sentence, struct reason *reason)
{
    struct sampler *sampler;
    int error = sampler_open(&sampler, "", reason);

    if (error)
        return error;
    result->stopped_by = why;
    snprintf(result->stop_reason, sizeof(result->stop_reason), "%s", sentence);
    teardown_wait(result, sampler, clock_now_ns());
    result->teardown.clean &= !result->teardown.left[0];
    sampler_close(sampler);
    result->ended_at = clock_unix_seconds();
    return result_write(result, plan->directory, reason);
}
