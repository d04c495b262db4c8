/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mvm save: a population that is kept, as a file. */
#include "base/option.h"
#include "base/reason.h"
#include "cmd/client.h"
#include "cmd/cmd.h"
#include "cmd/command.h"
#include "result/json.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct save_options {
    const char *run;
    uint64_t timeout_ns;
    bool overwrite, json, help;
};

#define FIELD(name) offsetof(struct save_options, name)

static const struct option_spec specs[] = {
    RUN_NAME_SPEC(struct save_options, run),
    {"overwrite", OPTION_FLAG, NULL, "replace a file of that name", FIELD(overwrite), .fallback = NULL},
    {"timeout", OPTION_DURATION, "TIME", "how long to wait until it is written", FIELD(timeout_ns),
     .fallback = "10m", .least = 0.1, .most = 86400},
    {"json", OPTION_FLAG, NULL, "print JSON", FIELD(json), .fallback = NULL},
    {"help", OPTION_FLAG, NULL, "print this help", FIELD(help), .fallback = NULL},
};

static const struct option_set own_set = {.specs = specs, .count = sizeof(specs) / sizeof(specs[0])};

/* The run has a working directory of its own, so it is told the whole path. */
static int absolute(const char *file, char *ret_path, size_t room, struct reason *reason)
{
    char folder[PATH_MAX];

    if (file[0] == '\0')
        return reason_set(reason, EINVAL, "the name of the file is empty");
    if (file[0] == '/')
        folder[0] = '\0';
    else if (!getcwd(folder, sizeof(folder)))
        return reason_errno(reason, errno, "cannot tell the present folder");
    if (snprintf(ret_path, room, "%s%s%s", folder, folder[0] ? "/" : "", file) >= (int)room)
        return reason_set(reason, EINVAL, "the name of the file is too long");
    return 0;
}

static int save(const struct save_options *options, const char *file, struct reason *reason)
{
    char path[PATH_MAX], size[SIZE_TEXT_ROOM];
    struct stat status = {0};
    struct call call;
    json_t *answer;
    int error = absolute(file, path, sizeof(path), reason);

    if (!error)
        error = client_connect(options->run, &call, reason);
    if (error)
        return error;
    error = call_do(&call,
                    json_pack("{s:s, s:s, s:b}", "do", "save", "path", path, "overwrite", options->overwrite),
                    options->timeout_ns, &answer, reason);
    if (!error) {
        (void)stat(path, &status);
        json_object_set_new(answer, "bytes", json_integer((json_int_t)status.st_size));
        if (options->json) {
            json_dumpf(answer, stdout, RESULT_JSON_FLAGS);
            putchar('\n');
        } else {
            printf("run %s is saved in %s: %s, %.1f s\n", call.run, file,
                   size_text((double)status.st_size, size),
                   json_number_value(json_object_get(answer, "seconds")));
        }
        json_decref(answer);
    }
    call_close(&call);
    return error;
}

static int save_main(int argc, char **argv)
{
    struct save_options options = {0};
    struct option_set set = option_set_for(&own_set, &options);
    struct reason reason = {""};
    char **operands;
    int count, error = options_parse(&set, 1, argc, argv, &operands, &count, &reason);

    if (!error && options.help) {
        command_print_help(&cmd_save, &set, 1, stdout);
        return EXIT_DONE;
    }
    if (!error && count != 1)
        error = reason_set(&reason, EINVAL, "one file is to be named, in which the population is saved");
    if (!error)
        error = save(&options, operands[0], &reason);
    if (!error)
        return EXIT_DONE;
    fprintf(stderr, "mvm save: %s\n", reason.text);
    return client_status(error);
}

const struct command cmd_save = {
    .name = "save",
    .summary = "a run's population as a file",
    .usage = (const char *const[]){"[--run NAME] FILE", NULL},
    .text = "Writes the population of a run to FILE, from which 'mvm restore' brings it back, on this host "
            "or another "
            "one. The run goes on. FILE is there as a whole or not at all.",
    .more = "The VMs pause while the file is written. It holds the image, the clock of the population and "
            "each VM's "
            "difference to the image, with a SHA-256 over all of it. The engine vmm can be saved; runs of a "
            "mix of guests "
            "cannot.",
    .options = (const struct option_set *const[]){&own_set, NULL},
    .statuses =
        (const struct command_status[]){
            {0, "written"}, {1, "not written"}, {2, "bad usage, or no such run"}, {0}},
    .examples =
        (const struct command_example[]){{"mvm save cloud.mvm", "The only run, in the file cloud.mvm"},
                                         {"mvm save --run cloud --overwrite cloud.mvm", "Once more, later"},
                                         {0}},
    .see = "restore run",
    .json = "save",
    .operands = OPERANDS_FILE,
    .run = save_main,
};
