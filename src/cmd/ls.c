/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mvm ls: the runs on this host, or all about one. */
#include "base/file.h"
#include "base/option.h"
#include "base/reason.h"
#include "cmd/client.h"
#include "cmd/cmd.h"
#include "cmd/command.h"
#include "cmd/ls_print.h"
#include "result/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A run that is busy for longer is shown as such. */
#define LS_PATIENCE_NS UINT64_C(3000000000)

struct ls_options {
    bool json, help;
};

static const struct option_spec specs[] = {
    {"json", OPTION_FLAG, NULL, "print JSON", offsetof(struct ls_options, json), .fallback = NULL},
    {"help", OPTION_FLAG, NULL, "print this help", offsetof(struct ls_options, help), .fallback = NULL},
};

static const struct option_set own_set = {.specs = specs, .count = sizeof(specs) / sizeof(specs[0])};

/* What a run wrote of itself when it began. */
static json_t *read_facts(const struct runs *runs, const char *name)
{
    char path[RUN_PATH_ROOM + RUN_NAME_ROOM + 16], *text;
    size_t length;
    json_t *facts = NULL;

    snprintf(path, sizeof(path), "%s/%s/%s", runs->path, name, RUN_FACTS);
    if (file_read(path, 1 << 20, &text, &length, NULL) == 0) {
        facts = json_loadb(text, length, 0, NULL);
        free(text);
    }
    if (!json_is_object(facts)) {
        json_decref(facts);
        facts = json_object();
    }
    json_object_set_new(facts, "run", json_string(name));
    return facts;
}

/* What the run says of itself, or what is known of one that says nothing, with its "state" and, in "trouble",
 * why. */
static json_t *status_of(struct runs *runs, const struct run_entry *entry)
{
    struct reason reason = {""};
    struct call call;
    json_t *status;
    int error = -ECONNREFUSED;

    if (entry->lives)
        error = call_open(runs, entry->name, LS_PATIENCE_NS, &call, &reason);
    if (!error) {
        error = call_do(&call, json_pack("{s:s}", "do", "status"), LS_PATIENCE_NS, &status, &reason);
        call_close(&call);
    }
    if (!error) {
        json_object_del(status, "ok");
        return status;
    }
    status = read_facts(runs, entry->name);
    json_object_set_new(status, "state",
                        json_string(!entry->lives || error == -ECONNREFUSED ? "died"
                                    : error == -EAGAIN                      ? "starting"
                                                                            : "silent"));
    json_object_set_new(status, "trouble", result_json_text_or_null(reason.text));
    return status;
}

static json_t *status_of_all(struct runs *runs, struct reason *reason)
{
    struct run_entry *entries;
    size_t count;
    json_t *all;

    if (runs_list(runs, &entries, &count, reason) < 0)
        return NULL;
    all = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(all, status_of(runs, &entries[i]));
    free(entries);
    return all;
}

static void print_json(json_t *value)
{
    json_dumpf(value, stdout, RESULT_JSON_FLAGS);
    putchar('\n');
}

static int list(struct runs *runs, const struct ls_options *options, struct reason *reason)
{
    json_t *all = runs ? status_of_all(runs, reason) : json_array();

    if (!all)
        return -EIO;
    if (options->json)
        print_json(all);
    else
        ls_print_runs(all);
    json_decref(all);
    return EXIT_DONE;
}

static int show(struct runs *runs, const struct ls_options *options, const char *name, struct reason *reason)
{
    json_t *all, *one, *found = NULL;
    size_t i;

    if (run_check_name(name, reason) < 0)
        return -EINVAL;
    all = runs ? status_of_all(runs, reason) : json_array();
    if (!all)
        return -EIO;
    json_array_foreach(all, i, one) if (strcmp(json_string_value(json_object_get(one, "run")), name) == 0)
        found = one;
    if (!found)
        reason_set(reason, ENOENT, "there is no run '%s'; 'mvm ls' lists the runs", name);
    else if (options->json)
        print_json(found);
    else
        ls_print_run(found);
    json_decref(all);
    return found ? EXIT_DONE : -ENOENT;
}

static int ls_main(int argc, char **argv)
{
    struct ls_options options = {0};
    struct option_set set = option_set_for(&own_set, &options);
    struct reason reason = {""};
    struct runs runs = {.fd = -1};
    char **operands;
    int count, status = options_parse(&set, 1, argc, argv, &operands, &count, &reason);

    if (!status && options.help) {
        command_print_help(&cmd_ls, &set, 1, stdout);
        return EXIT_DONE;
    }
    if (!status && count > 1)
        status = reason_set(&reason, EINVAL, "'%s' is not expected here; give the name of one run or none",
                            operands[1]);
    if (!status) {
        int error = runs_open(&runs, false, &reason);
        struct runs *opened = error ? NULL : &runs;

        status = error && error != -ENOENT ? error
                 : count == 1              ? show(opened, &options, operands[0], &reason)
                                           : list(opened, &options, &reason);
        runs_close(&runs);
    }
    if (status >= 0)
        return status;
    fprintf(stderr, "mvm ls: %s\n", reason.text);
    return client_status(status);
}

const struct command cmd_ls = {
    .name = "ls",
    .summary = "the runs on this host",
    .usage = (const char *const[]){"[NAME]", NULL},
    .text = "Lists the runs of this user on this host, or tells all about one.",
    .more = "A run that was killed is listed as died, until 'mvm stop' removes what it left; one that does "
            "not answer "
            "within three seconds as silent.",
    .options = (const struct option_set *const[]){&own_set, NULL},
    .statuses =
        (const struct command_status[]){
            {0, "listed"}, {1, "runs cannot be listed"}, {2, "bad usage, or no such run"}, {0}},
    .examples =
        (const struct command_example[]){{"mvm ls", "All runs, a line each"},
                                         {"mvm ls cloud", "VMs by state, memory, doors and counters of one"},
                                         {"mvm ls --json | jq -r '.[].run'", "The names alone"},
                                         {0}},
    .files = "Runs are directories below $XDG_RUNTIME_DIR/mvm, /run/user/UID/mvm or /tmp/mvm-UID, the first "
             "that there is.",
    .see = "run stop",
    .json = "ls",
    .operands = OPERANDS_RUN,
    .run = ls_main,
};
