/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mvm stop: ends runs, and removes what dead ones left. */
#include "base/clock.h"
#include "base/option.h"
#include "base/reason.h"
#include "cmd/client.h"
#include "cmd/cmd.h"
#include "cmd/command.h"
#include "engine/engine.h"
#include "result/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct stop_options {
    const char *run, *engine;
    uint64_t timeout_ns;
    bool all, json, quiet, help;
};

#define FIELD(name) offsetof(struct stop_options, name)

static const struct option_spec specs[] = {
    {"run", OPTION_TEXT, "NAME", "the run to end; may be left out when there is only one", FIELD(run),
     .fallback = NULL},
    {"all", OPTION_FLAG, NULL, "end every run", FIELD(all), .fallback = NULL},
    {"engine", OPTION_TEXT, "NAME",
     "remove also what a run of that name that was killed has left outside this host's processes, where this "
     "engine made it; the engine's own options stand below",
     FIELD(engine), .fallback = NULL},
    {"timeout", OPTION_DURATION, "TIME", "how long to wait for the end", FIELD(timeout_ns), .fallback = "2m",
     .least = 0.1, .most = 86400},
    {"json", OPTION_FLAG, NULL, "say what became of each run as a line of JSON", FIELD(json),
     .fallback = NULL},
    {"quiet", OPTION_FLAG, NULL, "say nothing when all went well", FIELD(quiet), .fallback = NULL},
    {"help", OPTION_FLAG, NULL, "print this help", FIELD(help), .fallback = NULL},
};

static const struct option_set own_set = {.specs = specs, .count = sizeof(specs) / sizeof(specs[0])};

/* Asks for the end; the run closes the connection when all is gone. */
static int end_living(const struct stop_options *options, struct call *call, struct reason *reason)
{
    json_t *answer;
    int error = call_do(call, json_pack("{s:s}", "do", "stop"), CALL_PATIENCE_NS, &answer, reason);

    if (!error) {
        json_decref(answer);
        error = call_receive(call, options->timeout_ns, &answer, NULL);
        if (!error)
            json_decref(answer);
    }
    if (error == -ETIMEDOUT)
        return reason_set(reason, ETIMEDOUT, "the run %s has not ended in time", call->run);
    return error == -ECONNRESET || !error ? 0 : error;
}

static void put(json_t *line)
{
    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
    json_decref(line);
}

/* What became of a run; `error` 0: it is gone. */
static void say(const struct stop_options *options, const char *name, bool died, int error,
                const struct reason *reason)
{
    json_t *line;

    if (!options->json) {
        if (!error && !options->quiet)
            printf(died ? "run %s had died; what it left is removed\n" : "run %s has ended\n", name);
        return;
    }
    line = json_pack("{s:s, s:s}", "run", name, "outcome", error ? "failed" : died ? "had died" : "ended");
    json_object_set_new(line, "trouble", error ? result_json_text(reason->text) : json_null());
    put(line);
}

/* What its engine removed of it. */
static void say_swept(const struct stop_options *options, const struct engine *engine, const char *words,
                      int error, const struct reason *reason)
{
    json_t *line;

    if (options->json) {
        line = json_pack("{s:s, s:s}", "run", options->run, "outcome", error ? "failed" : "swept");
        json_object_set_new(line, "removed", result_json_text_or_null(words));
        json_object_set_new(line, "trouble", error ? result_json_text(reason->text) : json_null());
        put(line);
    } else if (words[0] && !options->quiet) {
        printf("removed what run %s had left: %s\n", options->run, words);
    } else if (!error && !options->quiet) {
        printf("run %s has left nothing at the engine %s\n", options->run, engine->name);
    }
}

/* What the run's engine could not remove stays an error, unless it is to be removed now (`swept`). */
static int end_run(const struct stop_options *options, struct runs *runs, const char *name, bool swept,
                   struct reason *reason)
{
    struct call call;
    char *left = NULL;
    int error = call_open(runs, name, CALL_PATIENCE_NS, &call, reason);
    bool died = error == -ECONNREFUSED;

    if (!error) {
        error = end_living(options, &call, reason);
        call_close(&call);
        /* Its directory is gone, unless it was killed on its way or tells of what it left. */
        if (!error) {
            left = runs_read_left(runs, name);
            error = runs_remove_dead(runs, name, reason);
            died = !error && !left;
            error = error == -ENOENT ? 0 : error;
        }
    } else if (died) {
        left = runs_read_left(runs, name);
        died = !left;
        error = runs_remove_dead(runs, name, reason);
    }
    if (!error && left && !swept)
        error = reason_set(reason, EIO, "run %s has ended, but %s", name, left);
    free(left);
    if (error != -ENOENT)
        say(options, name, died, error, reason);
    return error;
}

static int end_all(const struct stop_options *options, struct runs *runs, struct reason *reason)
{
    struct run_entry *entries;
    size_t count;
    int error = runs_list(runs, &entries, &count, reason), first_error = error;

    for (size_t i = 0; !error && i < count; i++) {
        int one = end_run(options, runs, entries[i].name, false, reason);

        if (one)
            fprintf(stderr, "mvm stop: %s\n", reason->text);
        first_error = first_error ? first_error : one;
    }
    if (error)
        fprintf(stderr, "mvm stop: %s\n", reason->text);
    else
        free(entries);
    return first_error ? EXIT_FAILED : EXIT_DONE;
}

static int stop(const struct stop_options *options, struct reason *reason)
{
    struct runs runs;
    char name[RUN_NAME_ROOM];
    int error = runs_open(&runs, false, reason);

    if (error == -ENOENT && options->all)
        return EXIT_DONE;
    if (error == -ENOENT)
        return options->run ? reason_set(reason, ENOENT, "there is no run '%.100s'; 'mvm ls' lists the runs",
                                         options->run)
                            : reason_set(reason, ENOENT, "there is no run");
    if (error)
        return error;
    if (options->all) {
        error = end_all(options, &runs, reason);
    } else {
        error = client_choose_run(&runs, options->run, true, name, reason);
        if (!error)
            error = end_run(options, &runs, name, false, reason);
    }
    runs_close(&runs);
    return error;
}

/* The run, should it be there still, and what runs of its name have left where their engine finds it. */
static int sweep(const struct stop_options *options, const struct engine *engine, const void *engine_options,
                 struct reason *reason)
{
    char words[ENGINE_SWEPT_ROOM] = "";
    struct runs runs;
    int error = runs_open(&runs, false, reason);

    if (!error) {
        error = end_run(options, &runs, options->run, true, reason);
        runs_close(&runs);
    }
    if (error && error != -ENOENT)
        return error;
    error = engine->sweep(engine_options, options->run, words, sizeof(words), reason);
    say_swept(options, engine, words, error, reason);
    return error;
}

static int check(const struct stop_options *options, const struct engine *engine, int operands, char **words,
                 struct reason *reason)
{
    if (operands > 0)
        return reason_set(reason, EINVAL, "'%s' is not expected here; a run is named with --run", words[0]);
    if (options->all && options->run)
        return reason_set(reason, EINVAL, "--all and --run exclude each other");
    if (engine && !options->run)
        return reason_set(reason, EINVAL, "--engine needs --run, the name of the run that left something");
    if (engine && engine->left_out)
        return reason_set(reason, EINVAL, "%s", engine->left_out);
    if (engine && !engine->sweep)
        return reason_set(reason, EINVAL,
                          "VMs of the engine %s end with their run, so there is nothing to remove with "
                          "--engine; 'mvm stop --run NAME' ends a run",
                          engine->name);
    return options->run ? run_check_name(options->run, reason) : 0;
}

static int stop_main(int argc, char **argv)
{
    struct stop_options options = {0};
    struct reason reason = {""};
    const char *name = options_peek("engine", argc, argv);
    const struct engine *engine = name ? engine_find(name) : NULL;
    void *engine_options = calloc(1, (engine ? engine->options_size : 0) + 1);
    char title[64], **operands;
    int count, status;
    const struct option_set sets[] = {
        option_set_for(&own_set, &options),
        {.title = title,
         .specs = engine ? engine->options : NULL,
         .count = engine ? engine->option_count : 0,
         .values = engine_options,
         .absent = engine ? engine->left_out : NULL},
    };
    const size_t set_count = engine ? 2 : 1;

    snprintf(title, sizeof(title), "Options of the engine %s", engine ? engine->name : "");
    if (!engine_options)
        status = reason_set(&reason, ENOMEM, "no memory");
    else if (name && !engine)
        status =
            reason_set(&reason, EINVAL, "there is no engine '%.100s'; 'mvm run --help' lists them", name);
    else
        status = options_parse(sets, set_count, argc, argv, &operands, &count, &reason);
    if (!status && options.help) {
        command_print_help(&cmd_stop, sets, set_count, stdout);
    } else if (!status) {
        status = check(&options, engine, count, operands, &reason);
        if (!status)
            status = engine ? sweep(&options, engine, engine_options, &reason) : stop(&options, &reason);
    }
    if (engine_options)
        options_release(sets, set_count);
    free(engine_options);
    if (status >= 0)
        return status;
    fprintf(stderr, "mvm stop: %s\n", reason.text);
    return client_status(status);
}

const struct command cmd_stop = {
    .name = "stop",
    .summary = "end a run",
    .usage = (const char *const[]){"[--run NAME | --all]", "--run NAME --engine NAME [OPTIONS]", NULL},
    .text =
        "Ends a run and waits until its VMs are gone. What a run that was killed has left is removed; what "
        "it has left at a daemon or in a cloud, with --engine.",
    .options = (const struct option_set *const[]){&own_set, NULL},
    .statuses =
        (const struct command_status[]){
            {0, "it is gone"}, {1, "it is not"}, {2, "bad usage, or no such run"}, {0}},
    .examples = (const struct command_example[]){{"mvm stop", "The only run"},
                                                 {"mvm stop --all --json",
                                                  "Every run; what became of each, for a script"},
                                                 {"mvm stop --run NAME --engine libvirt --uri qemu:///system",
                                                  "What a run that was killed has left at a daemon"},
                                                 {0}},
    .engine = "",
    .see = "run ls",
    .json = "stop",
    .json_lines = true,
    .operands = OPERANDS_NONE,
    .run = stop_main,
};
