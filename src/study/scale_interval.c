/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One interval after the other, and the frame around them. */
#include "study/scale_run.h"

#include "base/clock.h"

#include <errno.h>

int run_measure_interval(struct run *run, struct reason *reason)
{
    struct result_interval *interval = result_add_interval(run->result);
    unsigned index = (unsigned)run->result->interval_count;
    struct proof proof;

    if (!interval)
        return reason_set(reason, ENOMEM, "no memory for another interval");
    run->phase = SCALE_GROW;
    guard_breathe(&run->guard);
    uint64_t started = clock_now_ns();
    int error = run->grow(run, reason);

    interval->grow_seconds = (double)(clock_now_ns() - started) / (double)NS_PER_SECOND;
    run_note_counts(run);
    run_note_boot_times(run, interval);
    if (error)
        run_growth_ended(run, error, reason);
    error = 0;
    bool leave =
        run->guard.stop == STOP_INTERRUPT || (run->result->stopped_by == STOP_ENGINE && !run->engine_may_end);

    if (run->guard.stop != STOP_NOT_YET && !leave)
        run_rest(run);
    run->phase = SCALE_PROVE;
    if (!leave)
        error = run_prove(run, run->proof_sample, &proof, reason);
    if (!error && !leave) {
        interval->asked = proof.asked;
        interval->alive = proof.alive;
        interval->wrong = proof.wrong;
        interval->challenge = proof.latency;
        error = run_settle_and_sample(run, index, interval, reason);
        /* What the guard stops while it is measured is measured all the same, without it. */
        if (error == -ECANCELED && run->guard.stop != STOP_INTERRUPT) {
            run_stop(run, run->guard.stop, run->guard.why);
            run_rest(run);
            error = run_settle_and_sample(run, index, interval, reason);
        }
        /* Once more when this would end the run: a passing disturbance is not a limit. */
        if (!error && run->guard.stop == STOP_NOT_YET &&
            (run_over_threshold(run, interval) >= 0 || run_nodes_over(run))) {
            error = run_settle_and_sample(run, index, interval, reason);
            if (error == -ECANCELED)
                error = 0; /* the first set stands */
        }
        /* The samples stand whatever is known of other hosts. */
        if (!error)
            run_note_hosts(run, interval);
    }
    run->guard.resting = false;
    if (error || leave) {
        run->result->interval_count--; /* no samples: nothing to keep */
        if (error == -ECANCELED || leave) {
            if (run->result->stopped_by == STOP_NOT_YET)
                run_stop(run, run->guard.stop, run->guard.why);
            return 0;
        }
        return error;
    }
    run_note_counts(run);
    if (run->result->stopped_by == STOP_NOT_YET && run->guard.stop != STOP_NOT_YET)
        run_stop(run, run->guard.stop, run->guard.why);
    if (run->result->stopped_by == STOP_NOT_YET)
        run_judge_proof(run, &proof);
    if (run->result->stopped_by == STOP_NOT_YET)
        run_judge_hosts(run);
    if (run->result->stopped_by == STOP_NOT_YET)
        run_judge(run, interval);
    if (run->judge)
        run->judge(run);
    return 0;
}

static int grow_to_the_end(struct run *run, struct reason *reason)
{
    run->growth_started_ns = clock_now_ns();
    while (run->result->stopped_by == STOP_NOT_YET) {
        int error = run_measure_interval(run, reason);

        if (!error)
            error = run_save(run, reason);
        if (error)
            return error;
    }
    return 0;
}

static int prove_all(struct run *run, struct reason *reason)
{
    struct proof proof;

    run->phase = SCALE_PROVE_ALL;
    run_rest(run);
    run_progress(run);
    int error = run_prove(run, UINT64_MAX, &proof, reason);

    run_note_counts(run);
    if (!error)
        error = run_wake(run, run->wake_sample, reason);
    return error ? error
                 : run_save(run, reason); /* with what the engine counted, while there is a population */
}

static int experiment(struct run *run, struct reason *reason)
{
    int error = run->begin(run, reason);

    if (!error)
        error = result_write(run->result, run->plan->directory, reason);
    if (!error)
        error = run_open_population(run, reason);
    if (error == -ECANCELED) {
        run_stop(run, run->guard.stop, run->guard.why);
        return 0;
    }
    if (!error)
        error = grow_to_the_end(run, reason);
    if (!error && run->guard.stop != STOP_INTERRUPT && run->result->interval_count > 0)
        error = prove_all(run, reason);
    return error;
}

int run_whole(struct run *run, struct reason *reason)
{
    int error = run_prepare(run, reason);

    if (!error) {
        error = experiment(run, reason);
        if (error)
            run_stop(run, STOP_ENGINE, reason->text);
        if (run->population)
            run_teardown(run);
        run->result->ended_at = clock_unix_seconds();
        int unsaved = run_save(run, error ? NULL : reason);

        error = error ? error : unsaved;
    }
    run_close_population(run);
    run_close_nodes(run);
    samples_close(run->samples_file);
    sampler_close(run->sampler);
    return error;
}
