/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mvm run: starts VMs and keeps them for others to talk to. */
#include "base/option.h"
#include "base/reason.h"
#include "cmd/choose_image.h"
#include "cmd/cmd.h"
#include "cmd/command.h"
#include "cmd/doors.h"
#include "cmd/keep.h"
#include "cmd/web.h"
#include "door/runs.h"

#include <errno.h>
#include <stdlib.h>

struct run_options {
    const char *engine, *name, *mix;
    struct image_choice image;
    uint64_t count, memory_limit;
    bool strict, detach, json, quiet, help;
};

#define FIELD(name) offsetof(struct run_options, name)

static const struct option_spec specs[] = {
    {"engine", OPTION_TEXT, "NAME", "the way of running VMs; its own options stand below", FIELD(engine),
     .fallback = "vmm"},
    {"count", OPTION_COUNT, "N", "how many VMs", FIELD(count), .fallback = "1", .least = 1, .most = 1e12},
    IMAGE_CHOICE_SPECS(struct run_options, image),
    MIX_CHOICE_SPEC(struct run_options, mix),
    {"name", OPTION_TEXT, "NAME", "what the run is called (default: the engine's name and a number)",
     FIELD(name), .fallback = NULL},
    {"memory-limit", OPTION_SIZE, "SIZE",
     "no more VMs are started when those that are have taken this much of the host's memory",
     FIELD(memory_limit), .fallback = NULL, .least = 0x1p20, .most = 0x1p60},
    {"strict", OPTION_FLAG, NULL, "keep nothing unless all VMs become ready", FIELD(strict),
     .fallback = NULL},
    {"detach", OPTION_FLAG, NULL, "go into the background when the VMs are ready", FIELD(detach),
     .fallback = NULL},
    {"json", OPTION_FLAG, NULL, "say how it went as a line of JSON", FIELD(json), .fallback = NULL},
    {"quiet", OPTION_FLAG, NULL, "show no progress", FIELD(quiet), .fallback = NULL},
    {"help", OPTION_FLAG, NULL, "print this help", FIELD(help), .fallback = NULL},
};

static int usage(const struct reason *reason)
{
    fprintf(stderr, "mvm run: %s\n", reason->text);
    return EXIT_USAGE;
}

static const struct option_set own_set = {.specs = specs, .count = sizeof(specs) / sizeof(specs[0])};

static int run_with(const struct run_options *options, const struct guest_settings *settings,
                    const struct door_options *doors, const struct web_options *web,
                    const struct engine *engine, const void *engine_options)
{
    struct place places[GATE_PLACES];
    struct gate_setup gate;
    struct web_plan web_plan;
    struct vms_choice choice;
    struct image image;
    struct guest_mix guests;
    struct reason reason = {""};
    int status;

    engine = engine_variant(engine, engine_options);
    if ((options->name && run_check_name(options->name, &reason) < 0) ||
        doors_setup(doors, places, &gate, &reason) < 0 || web_setup(web, &web_plan, &reason) < 0 ||
        engine->probe(engine_options, &reason) < 0)
        return usage(&reason);
    if (choose_vms(&options->image, settings, options->mix, engine, engine_options, &image, &guests, &choice,
                   &reason) < 0) {
        status = usage(&reason);
        vms_release(&choice);
        return status;
    }
    const struct keep_plan plan = {
        .command = "run",
        .engine = choice.engine,
        .engine_options = choice.engine_options,
        .image = choice.image,
        .mix = choice.mix,
        .image_name = choice.name,
        .name = options->name,
        .goal = options->count,
        .share = {.memory_bytes = options->memory_limit},
        .strict = options->strict,
        .detach = options->detach,
        .json = options->json,
        .quiet = options->quiet,
        .gate = &gate,
        .web = &web_plan,
    };

    status = keep_population(&plan);
    vms_release(&choice);
    return status;
}

static int run_main(int argc, char **argv)
{
    struct run_options options = {0};
    struct guest_settings settings = {0};
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
        option_set_for(&guest_setting_set, &settings),
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
    } else if (operand_count > 0) {
        reason_set(&reason, EINVAL, "'%s' is not expected here; --help tells the options", operands[0]);
        status = usage(&reason);
    } else if (options.help) {
        command_print_help(&cmd_run, sets, set_count, stdout);
        status = EXIT_DONE;
    } else {
        status = run_with(&options, &settings, &doors, &web, engine, engine_options);
    }
    options_release(sets, set_count);
    free(engine_options);
    return status;
}

const struct command cmd_run = {
    .name = "run",
    .summary = "start VMs and keep them for the commands below",
    .usage = (const char *const[]){"[OPTIONS]", NULL},
    .text = "Starts VMs and keeps them until Ctrl-C, SIGTERM or 'mvm stop', for 'mvm ask', 'mvm console' and "
            "others to talk "
            "to.",
    .more = "With --http and --tcp every VM is a server, each at an address of its own or by a path. When "
            "growth ends before "
            "the number that was asked for, the reason is named and the VMs that are ready are kept, unless "
            "--strict is "
            "given. However a run ends, its VMs end with it.",
    .options = (const struct option_set *const[]){&own_set, &guest_setting_set, &door_option_set,
                                                  &web_option_set, NULL},
    .engine = "vmm",
    .statuses =
        (const struct command_status[]){
            {0, "all VMs became ready"},
            {1, "some did not (those that did are kept all the same, without --strict)"},
            {2, "bad usage, or the engine cannot run here"},
            {0}},
    .examples =
        (const struct command_example[]){
            {"mvm run --count 100000 --name cloud --detach",
             "A hundred thousand sleeping VMs, in the background"},
            {"mvm run --guest web --route /=Hello --count 1000 --http 127.0.0.0/8:8080",
             "A thousand web servers; VM 7 is at http://127.0.0.7:8080/"},
            {"mvm run --count 1000000 --web 127.0.0.1:9000 --metrics 127.0.0.1:9000",
             "A page that shows the run live at http://127.0.0.1:9000/, and metrics for Prometheus"},
            {"mvm run --engine qemu --count 3", "Three VMs of QEMU"},
            {0}},
    .files = "A run has a directory of mode 0700 below $XDG_RUNTIME_DIR/mvm, /run/user/UID/mvm or "
             "/tmp/mvm-UID, with its "
             "control socket in it (docs/control-protocol.md).",
    .see = "ls ask console load trace save stop",
    .json = "run",
    .operands = OPERANDS_NONE,
    .run = run_main,
};
