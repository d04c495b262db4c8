/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mvm trace: what one VM executes, as it happens. */
#include "base/clock.h"
#include "base/option.h"
#include "base/reason.h"
#include "cmd/client.h"
#include "cmd/cmd.h"
#include "cmd/command.h"
#include "cmd/trace_json.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

struct trace_options {
    const char *run;
    uint64_t count, seconds_ns;
    bool json, help;
};

#define FIELD(name) offsetof(struct trace_options, name)

static const struct option_spec specs[] = {
    RUN_NAME_SPEC(struct trace_options, run),
    {"count", OPTION_COUNT, "N", "end after so many lines; 0 is no end", FIELD(count), .fallback = "0",
     .least = 0, .most = 1e15},
    {"for", OPTION_DURATION, "TIME", "end after so long (without it, when Ctrl-C is pressed or the VM stops)",
     FIELD(seconds_ns), .fallback = NULL, .least = 0.001, .most = 86400},
    {"json", OPTION_FLAG, NULL, "print each line as an object of JSON", FIELD(json), .fallback = NULL},
    {"help", OPTION_FLAG, NULL, "print this help", FIELD(help), .fallback = NULL},
};

static const struct option_set own_set = {.specs = specs, .count = sizeof(specs) / sizeof(specs[0])};

static volatile sig_atomic_t interrupted;

static void note_signal(int number)
{
    (void)number;
    interrupted = 1;
}

static void let_ctrl_c_end_it(void)
{
    const struct sigaction action = {.sa_handler = note_signal};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* Prints a line of the run. True: it was the last one. */
static bool print_line(json_t *line, bool json)
{
    const char *text = json_string_value(json_object_get(line, "trace"));
    const char *why = json_string_value(json_object_get(line, "ended"));
    json_int_t lost = json_integer_value(json_object_get(line, "lost"));

    if (text && json)
        trace_print_json(text, stdout);
    else if (text)
        fputs(text, stdout);
    if (lost > 0)
        printf(json ? "{\"event\":\"lost\",\"lines\":%lld}\n"
                    : "           ... %lld lines were left out ...\n",
               (long long)lost);
    fflush(stdout);
    if (why)
        fprintf(stderr, "mvm trace: %s\n", why);
    return json_object_get(line, "ok") != NULL || ferror(stdout);
}

/* -EINTR and -ETIMEDOUT are ends that were wanted. */
static int follow(const struct trace_options *options, struct call *call, struct reason *reason)
{
    uint64_t until = options->seconds_ns ? clock_now_ns() + options->seconds_ns : 0;
    bool last = false;
    json_t *line;
    int error = 0;

    while (!error && !last && !interrupted) {
        uint64_t now = clock_now_ns(),
                 patience = until ? (until > now ? until - now : 0) : 86400 * NS_PER_SECOND;

        if (until && patience == 0)
            break;
        error = call_receive(call, patience, &line, reason);
        if (!error) {
            last = print_line(line, options->json);
            json_decref(line);
        } else if (error == -EINTR || (error == -ETIMEDOUT && !until)) {
            error = 0;
        } else if (error == -ETIMEDOUT) {
            return 0;
        }
    }
    return error;
}

static int trace(const struct trace_options *options, const char *vm_text, struct reason *reason)
{
    struct call call;
    json_t *answer, *command;
    uint64_t vm;
    int error = client_parse_vm(vm_text, &vm, reason);

    if (!error)
        error = client_connect(options->run, &call, reason);
    if (error)
        return error;
    command = json_pack("{s:s, s:I}", "do", "trace", "vm", (json_int_t)vm);
    if (options->count > 0)
        json_object_set_new(command, "lines", json_integer((json_int_t)options->count));
    let_ctrl_c_end_it();
    error = call_do(&call, command, CALL_PATIENCE_NS, &answer, reason);
    if (!error) {
        json_decref(answer);
        error = follow(options, &call, reason);
    }
    call_close(&call);
    return error;
}

static int trace_main(int argc, char **argv)
{
    struct trace_options options = {0};
    struct option_set set = option_set_for(&own_set, &options);
    struct reason reason = {""};
    char **operands;
    int count, error = options_parse(&set, 1, argc, argv, &operands, &count, &reason);

    if (!error && options.help) {
        command_print_help(&cmd_trace, &set, 1, stdout);
        return EXIT_DONE;
    }
    if (!error && count != 1)
        error = reason_set(&reason, EINVAL, "one VM is to be named by its number");
    if (!error)
        error = trace(&options, operands[0], &reason);
    if (!error)
        return EXIT_DONE;
    fprintf(stderr, "mvm trace: %s\n", reason.text);
    return client_status(error);
}

const struct command cmd_trace = {
    .name = "trace",
    .summary = "what a VM executes, as it happens",
    .usage = (const char *const[]){"[--run NAME] ID", NULL},
    .text = "Prints what VM ID executes from now on: each instruction with its place and bytes, each port "
            "access with its "
            "value, each interrupt. A sleeping VM executes nothing until something wakes it. When lines come "
            "faster than "
            "they are read, some are left out, and it is said how many.",
    .more = "Of the engine vmm; the VM runs on at its pace. With --json each line is an object: an "
            "instruction before it is "
            "executed, a port access, the delivery of an interrupt or exception, or how many lines were left "
            "out.",
    .options = (const struct option_set *const[]){&own_set, NULL},
    .statuses =
        (const struct command_status[]){{0, "done"}, {1, "the VM cannot be traced"}, {2, "bad usage"}, {0}},
    .examples =
        (const struct command_example[]){
            {"mvm trace 7 --count 100", "The next hundred lines of VM 7"},
            {"mvm trace 7 --for 5s --json | jq -r 'select(.event==\"out\").port'",
             "The ports that it writes to in five seconds"},
            {0}},
    .see = "console ask run",
    .json = "trace",
    .json_lines = true,
    .operands = OPERANDS_OTHER,
    .run = trace_main,
};
