/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mvm top: what runs are doing, as they do it. */
#include "base/option.h"
#include "base/reason.h"
#include "cmd/client.h"
#include "cmd/cmd.h"
#include "cmd/command.h"
#include "cmd/top_loop.h"

#include <errno.h>
#include <stdio.h>

#define FIELD(name) offsetof(struct top_options, name)

static const struct option_spec specs[] = {
    RUN_NAME_SPEC(struct top_options, run),
    {"interval", OPTION_DURATION, "TIME", "from one look to the next", FIELD(interval_ns), .fallback = "1s",
     .least = 0.1, .most = 30},
    {"count", OPTION_COUNT, "N", "end after so many looks; 0: look on", FIELD(count), .fallback = "0"},
    {"json", OPTION_FLAG, NULL, "print a line of JSON a look, for programs", FIELD(json), .fallback = NULL},
    {"cells", OPTION_COUNT, "N", "with --json: cells of the heat map at most; 0: no map", FIELD(cells),
     .fallback = "64", .most = 4096},
    {"help", OPTION_FLAG, NULL, "print this help", FIELD(help), .fallback = NULL},
};

static const struct option_set own_set = {.specs = specs, .count = sizeof(specs) / sizeof(specs[0])};

static int top(const struct top_options *options, struct reason *reason)
{
    char run[RUN_NAME_ROOM] = "";
    bool ended = false;
    int error = options->json ? top_as_json(options, run, &ended, reason)
                              : top_on_terminal(options, run, &ended, reason);

    if (!error && ended)
        fprintf(options->json ? stderr : stdout, "the run %s has ended\n", run);
    return error;
}

static int top_main(int argc, char **argv)
{
    struct top_options options = {0};
    struct option_set set = option_set_for(&own_set, &options);
    struct reason reason = {""};
    char **operands;
    bool cells = options_peek("cells", argc, argv);
    int count, status = options_parse(&set, 1, argc, argv, &operands, &count, &reason);

    if (!status && options.help) {
        command_print_help(&cmd_top, &set, 1, stdout);
        return EXIT_DONE;
    }
    if (!status && count > 0)
        status =
            reason_set(&reason, EINVAL, "'%s' is not expected here; a run is named with --run", operands[0]);
    if (!status && cells && !options.json)
        status =
            reason_set(&reason, EINVAL, "--cells is for --json; the screen's map is as large as it can be");
    if (!status)
        status = top(&options, &reason);
    if (!status)
        return EXIT_DONE;
    fprintf(stderr, "mvm top: %s\n", reason.text);
    return status == -ENOTTY ? EXIT_USAGE : client_status(status);
}

const struct command cmd_top = {
    .name = "top",
    .summary = "what a run is doing, on the whole terminal",
    .usage = (const char *const[]){"[--run NAME]", "--json [--run NAME]", NULL},
    .text = "Shows on the whole terminal what a run is doing: VMs by state, wakes, answers and how long they "
            "took, CPU, memory by kind, pressure, the busiest VMs, and a map of the population, hotter where "
            "more is done. Keys are shown in the last line; q leaves.\n\n"
            "With --json the same figures are a line of JSON a look: counters that grow, and under \"rates\" "
            "what went on since the look before.",
    .more = "What a look costs the run does not depend on how many VMs it has: VMs are "
            "counted where they are woken, in a map of at most 4,096 cells, and only while somebody "
            "looks.\n\n"
            "There are colours where the terminal has them, unless NO_COLOR is set; else marks stand for "
            "heat.",
    .options = (const struct option_set *const[]){&own_set, NULL},
    .statuses =
        (const struct command_status[]){{0, "left by a key or a signal, the looks are through, or the run "
                                            "has ended in order"},
                                        {1, "the run was killed, or ended before --count looks"},
                                        {2, "bad usage, no such run, or no terminal"},
                                        {0}},
    .examples =
        (const struct command_example[]){
            {"mvm top", "The only run"},
            {"mvm top --run cloud --json --interval 5s | jq .rates.wakes_per_second", "Wakes, for a script"},
            {0}},
    .see = "run ls load",
    .json = "top",
    .operands = OPERANDS_NONE,
    .run = top_main,
};
