/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mvm ask: a line to a VM and its answer, or challenges to many. */
#include "base/clock.h"
#include "base/option.h"
#include "base/reason.h"
#include "cmd/client.h"
#include "cmd/cmd.h"
#include "cmd/command.h"
#include "cmd/progress.h"
#include "door/bytes.h"
#include "result/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ask_options {
    const char *run;
    uint64_t timeout_ns;
    bool challenge, json, quiet, help;
};

#define FIELD(name) offsetof(struct ask_options, name)

static const struct option_spec specs[] = {
    RUN_NAME_SPEC(struct ask_options, run),
    {"challenge", OPTION_FLAG, NULL, "ask what only a running VM can answer, and say how many answered right",
     FIELD(challenge), .fallback = NULL},
    {"timeout", OPTION_DURATION, "TIME", "how long to wait for the answer of a VM", FIELD(timeout_ns),
     .fallback = "5s", .least = 0.001, .most = 600},
    {"json", OPTION_FLAG, NULL, "print JSON", FIELD(json), .fallback = NULL},
    {"quiet", OPTION_FLAG, NULL, "show no progress", FIELD(quiet), .fallback = NULL},
    {"help", OPTION_FLAG, NULL, "print this help", FIELD(help), .fallback = NULL},
};

static const struct option_set own_set = {.specs = specs, .count = sizeof(specs) / sizeof(specs[0])};

static int print_json(json_t *answer)
{
    json_dumpf(answer, stdout, RESULT_JSON_FLAGS);
    putchar('\n');
    return EXIT_DONE;
}

static int print_answer(const struct ask_options *options, json_t *answer, struct reason *reason)
{
    char bytes[8192 + 1];
    size_t count;

    if (options->json)
        return print_json(answer);
    if (bytes_from_json(json_object_get(answer, "answer"), bytes, sizeof(bytes), &count) < 0)
        return reason_set(reason, EPROTO, "the answer of the run cannot be read");
    client_print_bytes(bytes, count);
    putchar('\n');
    return EXIT_DONE;
}

static int ask(const struct ask_options *options, struct call *call, const char *vm_text, const char *text,
               struct reason *reason)
{
    uint64_t vm;
    json_t *command, *answer;
    int error = client_parse_vm(vm_text, &vm, reason);

    if (error)
        return error;
    command = json_pack("{s:s, s:I, s:I}", "do", "ask", "vm", (json_int_t)vm, "timeout_ms",
                        (json_int_t)(options->timeout_ns / NS_PER_MILLISECOND));
    json_object_set_new(command, "text", bytes_to_json(text, strlen(text)));
    error = call_do(call, command, options->timeout_ns + CALL_PATIENCE_NS, &answer, reason);
    if (error)
        return error;
    error = print_answer(options, answer, reason);
    json_decref(answer);
    return error;
}

static unsigned long long number(const json_t *object, const char *name)
{
    return (unsigned long long)json_integer_value(json_object_get(object, name));
}

/* Receives reports of progress, and at last the figures. */
static int receive_figures(const struct ask_options *options, struct call *call, json_t **ret_figures,
                           struct reason *reason)
{
    struct progress_line progress;
    int error;

    progress_begin(&progress, options->quiet);
    for (;;) {
        error = call_receive(call, 2 * options->timeout_ns + CALL_PATIENCE_NS, ret_figures, reason);
        if (error || !json_object_get(*ret_figures, "progress"))
            break;
        progress_text(&progress, "%llu of %llu VMs challenged, %llu alive", number(*ret_figures, "progress"),
                      number(*ret_figures, "of"), number(*ret_figures, "alive"));
        json_decref(*ret_figures);
    }
    progress_end(&progress);
    return error;
}

static void print_figures(const json_t *figures)
{
    json_t *silent = json_object_get(figures, "silent"), *entry;
    unsigned long long asked = number(figures, "asked"), alive = number(figures, "alive");
    size_t i;

    if (asked == 1 && alive == 1) {
        puts("alive");
        return;
    }
    if (asked != 1)
        printf("%llu of %llu VMs are alive\n", alive, asked);
    json_array_foreach(silent, i, entry) puts(json_string_value(json_object_get(entry, "why")));
    if (asked - alive > json_array_size(silent))
        printf("... and %llu more\n", asked - alive - (unsigned long long)json_array_size(silent));
}

static int challenge(const struct ask_options *options, struct call *call, const char *vms,
                     struct reason *reason)
{
    uint64_t first = 0, last = 0;
    bool all;
    json_t *figures, *command;
    int error = client_parse_vms(vms, &all, &first, &last, reason);

    if (error)
        return error;
    command = json_pack("{s:s, s:I}", "do", "challenge", "timeout_ms",
                        (json_int_t)(options->timeout_ns / NS_PER_MILLISECOND));
    if (!all) {
        json_object_set_new(command, "first", json_integer((json_int_t)first));
        json_object_set_new(command, "last", json_integer((json_int_t)last));
    }
    error = call_send(call, command, reason);
    if (!error)
        error = receive_figures(options, call, &figures, reason);
    if (error)
        return error;
    if (options->json)
        print_json(figures);
    else
        print_figures(figures);
    bool all_alive = number(figures, "asked") > 0 && number(figures, "alive") == number(figures, "asked");

    json_decref(figures);
    return all_alive ? EXIT_DONE : EXIT_FAILED;
}

/* Checks what can be checked before anybody is called. */
static int check(const struct ask_options *options, char **operands, int count, struct reason *reason)
{
    uint64_t first, last;
    bool all;

    if (options->challenge && count != 1)
        return reason_set(
            reason, EINVAL,
            "--challenge takes the VMs to challenge and nothing else: a number, FIRST-LAST, or all");
    if (!options->challenge && count != 2)
        return reason_set(reason, EINVAL, "give the number of a VM and the line to send to it, in quotes");
    if (!options->challenge && strchr(operands[1], '\n'))
        return reason_set(reason, EINVAL, "the line to send holds a line feed; send one line at a time");
    return options->challenge ? client_parse_vms(operands[0], &all, &first, &last, reason)
                              : client_parse_vm(operands[0], &first, reason);
}

static int ask_main(int argc, char **argv)
{
    struct ask_options options = {0};
    struct option_set set = option_set_for(&own_set, &options);
    struct reason reason = {""};
    struct call call;
    char **operands;
    int count, status = options_parse(&set, 1, argc, argv, &operands, &count, &reason);

    if (!status && options.help) {
        command_print_help(&cmd_ask, &set, 1, stdout);
        return EXIT_DONE;
    }
    if (!status)
        status = check(&options, operands, count, &reason);
    if (!status)
        status = client_connect(options.run, &call, &reason);
    if (!status) {
        status = options.challenge ? challenge(&options, &call, operands[0], &reason)
                                   : ask(&options, &call, operands[0], operands[1], &reason);
        call_close(&call);
    }
    if (status >= 0)
        return status;
    fprintf(stderr, "mvm ask: %s\n", reason.text);
    return client_status(status);
}

const struct command cmd_ask = {
    .name = "ask",
    .summary = "a line to a VM and its answer; challenges to many",
    .usage =
        (const char *const[]){"[--run NAME] ID TEXT", "[--run NAME] --challenge ID | FIRST-LAST | all", NULL},
    .text = "Sends the line TEXT to the serial port of VM ID and prints the line that it answers. With "
            "--challenge, "
            "asks each of the VMs for an answer that only a running guest can give.",
    .more =
        "A challenge has numbers chosen by chance in it, and the guest computes the answer from them: a "
        "process that "
        "exists is not a VM that lives, but one that answers is. Images that are not of mvm's guests have no "
        "challenges. Lines and challenges wait for their turn when a console holds the VM.",
    .options = (const struct option_set *const[]){&own_set, NULL},
    .statuses = (const struct command_status[]){{0, "answered, or all are alive"},
                                                {1, "not answered, or not all are alive"},
                                                {2, "bad usage, or no such run"},
                                                {0}},
    .examples =
        (const struct command_example[]){{"mvm ask 7 hello", "The line 'hello' to VM 7 of the only run"},
                                         {"mvm ask --run cloud --challenge 0-999 --json",
                                          "How many of a thousand VMs are alive, for a script"},
                                         {0}},
    .see = "run console load",
    .json = "ask",
    .operands = OPERANDS_OTHER,
    .run = ask_main,
};
