/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mvm restore: a saved population is kept again. */
#include "base/option.h"
#include "base/reason.h"
#include "cmd/cmd.h"
#include "cmd/command.h"
#include "cmd/doors.h"
#include "cmd/keep.h"
#include "cmd/web.h"
#include "door/runs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct restore_options {
    const char *engine, *name;
    bool detach, json, quiet, help;
};

#define FIELD(name) offsetof(struct restore_options, name)

static const struct option_spec specs[] = {
    {"engine", OPTION_TEXT, "NAME", "the engine that saved it; its own options stand below", FIELD(engine),
     .fallback = "vmm"},
    {"name", OPTION_TEXT, "NAME", "what the run is called (default: the engine's name and a number)",
     FIELD(name), .fallback = NULL},
    {"detach", OPTION_FLAG, NULL, "go into the background when the VMs are back", FIELD(detach),
     .fallback = NULL},
    {"json", OPTION_FLAG, NULL, "say how it went as a line of JSON", FIELD(json), .fallback = NULL},
    {"quiet", OPTION_FLAG, NULL, "show no progress", FIELD(quiet), .fallback = NULL},
    {"help", OPTION_FLAG, NULL, "print this help", FIELD(help), .fallback = NULL},
};

static int usage(const struct reason *reason)
{
    fprintf(stderr, "mvm restore: %s\n", reason->text);
    return EXIT_USAGE;
}

static const struct option_set own_set = {.specs = specs, .count = sizeof(specs) / sizeof(specs[0])};

static int restore(const struct restore_options *options, const struct door_options *doors,
                   const struct web_options *web, const char *file, const struct engine *engine,
                   const void *engine_options)
{
    struct place places[GATE_PLACES];
    struct gate_setup gate;
    struct web_plan web_plan;
    struct engine_saved saved;
    struct image image;
    struct reason reason = {""};

    if ((options->name && run_check_name(options->name, &reason) < 0) ||
        doors_setup(doors, places, &gate, &reason) < 0 || web_setup(web, &web_plan, &reason) < 0 ||
        engine->probe(engine_options, &reason) < 0 || engine->look(file, engine_options, &saved, &reason) < 0)
        return usage(&reason);
    image_from_bytes(&image, saved.image);
    const struct keep_plan plan = {
        .command = "restore",
        .engine = engine,
        .engine_options = engine_options,
        .image = &image,
        .image_name = image.ours ? image.guest : "image",
        .name = options->name,
        .goal = saved.vms,
        .saved = file,
        .detach = options->detach,
        .json = options->json,
        .quiet = options->quiet,
        .gate = &gate,
        .web = &web_plan,
    };

    return keep_population(&plan);
}

static int restore_main(int argc, char **argv)
{
    struct restore_options options = {0};
    struct door_options doors = {0};
    struct web_options web = {0};
    struct reason reason = {""};
    const char *name = options_peek("engine", argc, argv);
    const struct engine *engine = engine_find(name ? name : "vmm");
    void *engine_options = engine ? calloc(1, engine->options_size + 1) : NULL;
    char title[64], **operands;
    int operand_count, status;

    if (!engine_options) {
        reason_set(&reason, EINVAL,
                   engine ? "no memory" : "there is no engine '%s'; 'mvm run --help' lists them", name);
        return usage(&reason);
    }
    const struct option_set sets[] = {
        option_set_for(&own_set, &options),
        option_set_for(&door_option_set, &doors),
        option_set_for(&web_option_set, &web),
        {.title = title,
         .specs = engine->options,
         .count = engine->option_count,
         .values = engine_options,
         .absent = engine->left_out},
    };
    const size_t set_count = sizeof(sets) / sizeof(sets[0]);

    snprintf(title, sizeof(title), "Options of the engine %s", engine->name);
    if (options_parse(sets, set_count, argc, argv, &operands, &operand_count, &reason) < 0) {
        status = usage(&reason);
    } else if (options.help) {
        command_print_help(&cmd_restore, sets, set_count, stdout);
        status = EXIT_DONE;
    } else if (!(engine->capabilities & ENGINE_SAVES)) {
        reason_set(&reason, EINVAL, "populations of the engine %s cannot be saved and restored",
                   engine->name);
        status = usage(&reason);
    } else if (operand_count != 1) {
        reason_set(&reason, EINVAL, "one file is to be named, which 'mvm save' wrote");
        status = usage(&reason);
    } else {
        status = restore(&options, &doors, &web, operands[0], engine, engine_options);
    }
    options_release(sets, set_count);
    free(engine_options);
    return status;
}

const struct command cmd_restore = {
    .name = "restore",
    .summary = "keep a saved population again",
    .usage = (const char *const[]){"FILE [OPTIONS]", NULL},
    .text = "Brings back the population that 'mvm save' wrote to FILE, and keeps it as 'mvm run' does. A "
            "file that was cut off "
            "or altered is refused, and nothing of it runs.",
    .more = "Timers go on where they were: time stands still in a file. The number of workers, slices and "
            "limits may differ "
            "from those of the run that was saved; the VMs' memory and drive may not.",
    .options = (const struct option_set *const[]){&own_set, &door_option_set, &web_option_set, NULL},
    .engine = "vmm",
    .statuses =
        (const struct command_status[]){
            {0, "all VMs are back"}, {1, "they are not"}, {2, "bad usage, or a bad file"}, {0}},
    .examples = (const struct command_example[]){{"mvm restore cloud.mvm --name again --detach",
                                                  "In the background, by "
                                                  "another name"},
                                                 {0}},
    .see = "save run",
    .json = "run",
    .operands = OPERANDS_FILE,
    .run = restore_main,
};
