/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mvm load: requests at given times to many VMs, and how long they take. */
#include "cmd/load.h"

#include "base/clock.h"
#include "base/option.h"
#include "base/reason.h"
#include "cmd/client.h"
#include "cmd/cmd.h"
#include "cmd/command.h"
#include "cmd/command_line.h"
#include "cmd/signals.h"
#include "result/result.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REPEATS = 3 };

#define CAPACITY_MOST 1e7
#define PRECISION     0.05
#define PERCENT       99.0

static bool go_on(void *context, const struct load_progress *progress)
{
    struct load_run *run = context;
    double seconds = (double)(clock_now_ns() - run->began_ns) / (double)NS_PER_SECOND;

    progress_text(&run->progress, "%.0f of %.0f s, %llu requests sent, %llu ended, %llu failed", seconds,
                  (double)run->whole_ns / (double)NS_PER_SECOND, (unsigned long long)progress->sent,
                  (unsigned long long)progress->ended, (unsigned long long)progress->failed);
    return !signals_noted(NULL);
}

static int run_once(struct load_run *run, struct load_figures *figures, struct reason *reason)
{
    const struct load_team_plan plan = {
        .plan = run->plan,
        .ways = run->ways,
        .threads = run->threads,
        .go_on = go_on,
        .context = run,
    };

    run->began_ns = clock_now_ns();
    run->whole_ns = run->plan.warm_up_ns + run->plan.length_ns;
    return load_team_run(&plan, figures, reason);
}

static int measure(void *context, double rate, struct load_figures *figures, struct reason *reason)
{
    struct load_run *run = context;

    run->schedule.steps[0].rate = rate;
    run->plan.seed++;
    return run_once(run, figures, reason);
}

static void show_try(void *context, const struct capacity_try *try)
{
    struct load_run *run = context;

    if (run->options->quiet)
        return;
    progress_end(&run->progress);
    fprintf(stderr, "%.0f requests a second: p99 %.3f ms, send lag %.3f ms, %llu of %llu failed: %s\n",
            try->rate, (double)try->latency_ns / 1e6, (double)try->lag_ns / 1e6,
            (unsigned long long)try->failed, (unsigned long long)try->due,
            try->limit == CAPACITY_MET ? "met" : "missed");
}

static int run_load(struct load_run *run, struct reason *reason)
{
    const struct load_options *options = run->options;

    if (!options->find_capacity)
        return run_once(run, &run->figures, reason);
    const struct capacity_plan plan = {
        .percent = PERCENT,
        .goal_ns = options->p99_ns,
        .first_rate = run->schedule.steps[0].rate,
        .most_rate = CAPACITY_MOST,
        .precision = PRECISION,
        .repeats = REPEATS,
        .measure = measure,
        .tried = show_try,
        .context = run,
    };

    return capacity_find(&plan, &run->capacity, reason);
}

/* Loads, and says what came of it. */
static int carry_out(struct load_run *run, struct reason *reason)
{
    const struct load_options *options = run->options;

    run->started_at = clock_unix_seconds();
    int error = run_load(run, reason);

    run->ended_at = clock_unix_seconds();
    run->interrupted = error == -ECANCELED;
    progress_end(&run->progress);
    if (run->interrupted)
        error = 0;
    if (!error && options->out)
        error = load_write(run, options->out, reason);
    if (!error)
        error = load_print(run, reason);
    if (error)
        return error;
    if (options->out && !options->json)
        printf("\nresult   %s/load.json\n", options->out);
    return (options->find_capacity ? run->capacity.rate > 0 : run->figures.outcomes[LOAD_RIGHT] > 0)
               ? EXIT_DONE
               : EXIT_FAILED;
}

static int release(struct load_run *run)
{
    for (unsigned i = 0; run->ways && i < run->threads; i++)
        if (run->ways[i])
            run->ways[i]->close(run->ways[i]);
    free(run->ways);
    load_figures_release(&run->figures);
    schedule_plan_release(&run->schedule);
    return load_aim_release(&run->aim);
}

/* Returns the exit status, or a negative errno with a sentence. */
static int run_with(struct load_options *options, const char *command_line, struct reason *reason)
{
    struct load_run *run = calloc(1, sizeof(*run));
    int status = run ? load_options_check(options, reason) : -ENOMEM;

    if (!status && options->out)
        status = load_check_directory(options->out, options->overwrite, reason) < 0 ? -EINVAL : 0;
    if (!status) {
        signals_note();
        options->aim.vms = options->engine ? options->count : options->vms;
        load_options_default(options);
        run->options = options;
        run->command_line = command_line;
        progress_begin(&run->progress, options->quiet);
        status = load_aim_take(&run->aim, &options->aim, &run->progress, reason);
        if (!status)
            status = load_prepare(run, reason);
        if (!status)
            status = carry_out(run, reason);
        progress_end(&run->progress);
        if (release(run) < 0 && status == EXIT_DONE)
            status = EXIT_FAILED;
    }
    free(run);
    if (status == -ECANCELED)
        reason_set(reason, ECANCELED, "interrupted before the load began");
    return status;
}

static int load_main(int argc, char **argv)
{
    struct load_options options = {0};
    struct guest_settings settings = {0};
    struct reason reason = {""};
    const char *name = options_peek("engine", argc, argv);
    const struct engine *engine = name ? engine_find(name) : NULL;
    void *engine_options = calloc(1, (engine ? engine->options_size : 0) + 1);
    char title[64], command_line[RESULT_LONG], **operands;
    int operand_count, status;
    const struct option_set sets[] = {
        option_set_for(&load_option_set, &options),
        /* --rate means something else here; an image with that is made by 'mvm image build'. */
        option_set_for(&guest_setting_set_but_rate, &settings),
        {.title = title,
         .specs = engine ? engine->options : NULL,
         .count = engine ? engine->option_count : 0,
         .values = engine_options,
         .absent = engine ? engine->left_out : NULL},
    };
    const size_t set_count = sizeof(sets) / sizeof(sets[0]);

    join_command_line(argc, argv, command_line, sizeof(command_line));
    snprintf(title, sizeof(title), "Options of the engine %s", engine ? engine->name : "");
    if (!engine_options)
        status = reason_set(&reason, ENOMEM, "no memory");
    else if (name && !engine)
        status = reason_set(&reason, EINVAL, "there is no engine '%s'; 'mvm scale --help' lists them", name);
    else
        status = options_parse(sets, set_count, argc, argv, &operands, &operand_count, &reason);
    if (!status && options.help) {
        command_print_help(&cmd_load, sets, set_count, stdout);
    } else if (!status && operand_count > 1) {
        status = reason_set(&reason, EINVAL, "'%s' is not expected behind the URL; --help tells the options",
                            operands[1]);
    } else if (!status) {
        options.aim.url = operand_count > 0 ? operands[0] : NULL;
        options.aim.engine = engine;
        options.aim.engine_options = engine_options;
        options.aim.settings = &settings;
        status = run_with(&options, command_line, &reason);
    }
    if (engine_options)
        options_release(sets, set_count);
    free(engine_options);
    if (status >= 0)
        return status;
    fprintf(stderr, "mvm load: %s\n", reason.text);
    return client_status(status);
}

const struct command cmd_load = {
    .name = "load",
    .summary = "requests to many VMs at given times, and how long they take",
    .usage = (const char *const[]){"[--run NAME] [OPTIONS]", "URL [--vms N] [OPTIONS]",
                                   "--engine NAME --count N [OPTIONS]", NULL},
    .text = "Sends requests to the VMs of a run through its HTTP door, to http://ADDRESS:PORT/vm/{}/ ({} is "
            "the number of the "
            "VM) or http://ADDRESS/PREFIX:PORT/ (an address for each VM), or straight into VMs of its own. "
            "Latency counts "
            "from when a request was to be sent.",
    .more = "The load is an open loop: requests are sent at given times, however long answers take; "
            "--connections makes a "
            "closed one. Content is checked. --find-capacity searches for the highest rate that meets a "
            "goal. The method: "
            "docs/load.md.",
    .options = (const struct option_set *const[]){&load_option_set, &guest_setting_set_but_rate, NULL},
    .engine = "",
    .statuses =
        (const struct command_status[]){
            {0, "done"}, {1, "no right answer came, or no rate meets the goal"}, {2, "bad usage"}, {0}},
    .examples =
        (const struct command_example[]){
            {"mvm load --engine vmm --guest web --count 1000000 --rate 10000",
             "Ten thousand requests a second to a million VMs"},
            {"mvm load --rate 1000 --arrivals poisson --targets zipf --time 30s",
             "To the only run, as people ask"},
            {"mvm load --connections 64 http://127.0.0.1:8080/", "A closed loop against any HTTP server"},
            {"mvm load --engine vmm --find-capacity --p99 10ms --json",
             "How many a second can be served within 10 ms"},
            {0}},
    .files = "With --out: load.json (docs/result-format.md), and the histograms latency-corrected.hgrm and "
             "latency-uncorrected.hgrm.",
    .see = "run scale",
    .json = "load",
    .operands = OPERANDS_OTHER,
    .run = load_main,
};
