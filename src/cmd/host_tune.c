/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mvm host tune: changes settings so that N VMs fit, and takes that back. */
#include "base/option.h"
#include "base/reason.h"
#include "cmd/cmd.h"
#include "cmd/host.h"
#include "cmd/host_engine.h"
#include "host/ceilings.h"
#include "host/tune.h"
#include "report/text.h"
#include "result/json.h"
#include "result/number.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tune_options {
    const char *engine, *undo_file;
    uint64_t vms, memory_each;
    bool dry_run, undo, force, json, help;
};

#define FIELD(name) offsetof(struct tune_options, name)

static const struct option_spec specs[] = {
    {"vms", OPTION_COUNT, "N", "how many VMs are to fit", FIELD(vms), .fallback = NULL, .least = 1,
     .most = 1e12},
    {"engine", OPTION_TEXT, "NAME", "the way of running VMs; its own options stand below", FIELD(engine),
     .fallback = "qemu"},
    {"memory-each", OPTION_SIZE, "SIZE",
     "memory of a VM, where that is known better than by the engine (.per_vm.memory_bytes of a result)",
     FIELD(memory_each), .fallback = NULL, .least = 1, .most = 0x1p50},
    {"dry-run", OPTION_FLAG, NULL, "print what would be changed, and change nothing", FIELD(dry_run),
     .fallback = NULL},
    {"undo", OPTION_FLAG, NULL, "restore what was there before", FIELD(undo), .fallback = NULL},
    {"undo-file", OPTION_TEXT, "FILE",
     "where what was there before is kept (default: host-undo.json in $XDG_STATE_HOME/mvm or /var/lib/mvm)",
     FIELD(undo_file), .fallback = NULL},
    {"force", OPTION_FLAG, NULL, "with --undo: also restore what somebody else has changed since",
     FIELD(force), .fallback = NULL},
    {"json", OPTION_FLAG, NULL, "print each change, and what was not done, as a line of JSON", FIELD(json),
     .fallback = NULL},
    {"help", OPTION_FLAG, NULL, "print this help", FIELD(help), .fallback = NULL},
};

static const struct option_set own_set = {.specs = specs, .count = sizeof(specs) / sizeof(specs[0])};

static int usage(const struct reason *reason)
{
    return host_part_usage("tune", reason);
}

/* Where undo files are by default. */
static int default_undo_file(char *ret_path, size_t room, struct reason *reason)
{
    const char *state = getenv("XDG_STATE_HOME");
    bool given = state && state[0] == '/'; /* the specification has relative ones ignored */

    if ((size_t)snprintf(ret_path, room, "%s/mvm/host-undo.json", given ? state : "/var/lib") >= room)
        return reason_set(reason, ENAMETOOLONG, "XDG_STATE_HOME is too long");
    return 0;
}

static void print_json(json_t *line)
{
    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
    json_decref(line);
}

/* Changes are told on standard output, as a script that does the same; what is wrong, beside it. */
static void tell(void *context, const struct host_change *change)
{
    const struct tune_options *options = context;
    char command[CHANGE_COMMAND_ROOM];

    host_change_command(change, command);
    if (options->json) {
        json_t *line =
            json_pack("{s:s, s:s, s:s}", "event", "change", "name", change->name, "path", change->path);

        json_object_set_new(line, "before", result_json_text(change->before));
        json_object_set_new(line, "after", result_json_text(change->after));
        json_object_set_new(line, "command", result_json_text(command));
        json_object_set_new(line, "why", result_json_text_or_null(change->why));
        json_object_set_new(line, "dry_run", json_boolean(options->dry_run));
        print_json(line);
        return;
    }
    printf("%s    # was %s%s%s\n", command, change->before, change->why[0] ? ": " : "", change->why);
    fflush(stdout);
}

static void print_trouble(const char *event, const char *name, const char *why, bool in_the_way)
{
    json_t *line = json_pack("{s:s, s:b}", "event", event, "in_the_way", in_the_way);

    json_object_set_new(line, "name", result_json_text(name));
    json_object_set_new(line, "why", result_json_text(why));
    print_json(line);
}

static void complain(void *context, const struct host_change *change, const char *why)
{
    const struct tune_options *options = context;

    if (options->json)
        print_trouble("trouble", change->name, why, true);
    fprintf(stderr, "mvm host tune: %s: %s\n", change->name, why);
}

static struct host_tune_hooks hooks_for(const struct tune_options *options)
{
    return (struct host_tune_hooks){
        .before = tell, .trouble = complain, .context = (void *)(uintptr_t)options};
}

static int undo(const struct tune_options *options, const char *path)
{
    const struct host_tune_hooks hooks = hooks_for(options);
    struct reason reason = {""};
    int error = host_tune_undo(path, options->force, options->dry_run, "", &hooks, &reason);

    if (error)
        fprintf(stderr, "mvm host tune: %s\n", reason.text);
    return error ? EXIT_FAILED : EXIT_DONE;
}

/* What was not done is said last. True: the VMs do not fit for it. */
static bool print_obstacles(const struct host_tune_plan *plan, bool json)
{
    char head[256];
    bool in_the_way = false;

    for (size_t i = 0; i < plan->obstacle_count; i++) {
        const struct host_obstacle *obstacle = &plan->obstacles[i];

        in_the_way |= obstacle->in_the_way;
        if (json) {
            print_trouble("obstacle", obstacle->name, obstacle->why, obstacle->in_the_way);
            continue;
        }
        if (i == 0)
            printf("\nnot tuned:\n");
        snprintf(head, sizeof(head), "  %s: ", obstacle->name);
        text_print_wrapped(head, obstacle->why, stdout);
    }
    return in_the_way;
}

static int tune(const struct tune_options *options, struct host_engine *engine, const char *undo_path)
{
    struct host_ceilings *ceilings = NULL;
    struct host_tune_plan plan = {.obstacles = NULL};
    const struct host_tune_hooks hooks = hooks_for(options);
    struct host_needs needs;
    struct reason reason = {""}, obstacle;
    char number[NUMBER_ROOM];

    if (host_engine_needs(engine, options->memory_each, &needs, &obstacle, &reason) < 0)
        return usage(&reason);
    int error = host_ceilings_read(&ceilings, &needs, options->vms, 0, "", &reason);

    if (!error && host_tune_plan(ceilings, "", &plan) < 0)
        error = reason_set(&reason, ENOMEM, "no memory");
    if (!error && options->dry_run)
        for (size_t i = 0; i < plan.changes.count; i++)
            hooks.before(hooks.context, &plan.changes.items[i]);
    else if (!error && plan.changes.count > 0)
        error = host_tune_apply(&plan.changes, undo_path, "", &hooks, &reason);
    if (error)
        fprintf(stderr, "mvm host tune: %s\n", reason.text);
    if (!error && !options->json && plan.changes.count == 0)
        printf("# nothing to change for %s VMs\n", number_grouped(options->vms, number));
    if (!error && !options->json && plan.changes.count > 0 && !options->dry_run)
        printf("# 'mvm host tune --undo' restores it: %s\n", undo_path);
    bool left = print_obstacles(&plan, options->json);

    host_tune_plan_release(&plan);
    free(ceilings);
    return error || left ? EXIT_FAILED : EXIT_DONE;
}

static int check_wish(const struct tune_options *options, const struct host_engine *engine,
                      struct reason *reason)
{
    if (options->undo && (options->vms > 0 || engine->named || options->memory_each > 0))
        return reason_set(reason, EINVAL,
                          "--undo takes neither --vms nor --engine nor --memory-each: it restores all "
                          "that was changed");
    if (!options->undo && options->vms == 0)
        return reason_set(reason, EINVAL,
                          "--vms N says how many VMs are to fit; --undo restores what was there before");
    if (options->force && !options->undo)
        return reason_set(reason, EINVAL, "--force goes with --undo");
    return 0;
}

static int run(const void *values, struct host_engine *engine)
{
    const struct tune_options *options = values;
    char path[4096];
    struct reason reason = {""};
    int error = check_wish(options, engine, &reason);

    if (!error && options->undo_file) {
        if (!*options->undo_file ||
            (size_t)snprintf(path, sizeof(path), "%s", options->undo_file) >= sizeof(path))
            error = reason_set(&reason, EINVAL, "--undo-file takes the name of a file, not '%.100s'",
                               options->undo_file);
    } else if (!error) {
        error = default_undo_file(path, sizeof(path), &reason);
    }
    if (error)
        return usage(&reason);
    return options->undo ? undo(options, path) : tune(options, engine, path);
}

static int host_tune_main(int argc, char **argv)
{
    struct tune_options options = {0};
    const struct host_part part = {.name = "tune", .command = &cmd_host_tune, .set = &own_set, .run = run};

    return host_part_main(&part, &options, &options.help, argc, argv);
}

const struct command cmd_host_tune = {
    .name = "host tune",
    .summary = "raise limits so that a number of VMs fits, and restore them",
    .usage = (const char *const[]){"--vms N [--engine NAME] [OPTIONS]", "--undo [--undo-file FILE] [--force]",
                                   NULL},
    .text = "Raises the limits of this host so that N VMs of the engine fit, with a quarter of each to "
            "spare, and sets what "
            "KVM and KSM do for them. Each change is printed as a command before it is made, and what was "
            "there before is on "
            "disk by then. Memory, and limits set for a control group or a user, are not changed. Nothing "
            "lasts longer than "
            "until the host starts anew.",
    .more = "What is printed is a shell script that does the same. With --json each change is an object on a "
            "line of its own, "
            "as it is made, and so is what could not be done.",
    .options = (const struct option_set *const[]){&own_set, NULL},
    .engine = "qemu",
    .statuses =
        (const struct command_status[]){
            {0, "done"}, {1, "not all of it could be done"}, {2, "bad usage"}, {0}},
    .examples =
        (const struct command_example[]){
            {"mvm host tune --vms 10000 --engine qemu --dry-run", "What would be changed"},
            {"sudo mvm host tune --vms 10000 --engine qemu", "Changes it"},
            {"sudo mvm host tune --undo", "Restores what was there before"},
            {0}},
    .files = "What was there before is kept in host-undo.json in $XDG_STATE_HOME/mvm or /var/lib/mvm, or as "
             "--undo-file says.",
    .see = "host-check",
    .json = "host-tune",
    .json_lines = true,
    .operands = OPERANDS_NONE,
    .run = host_tune_main,
};
