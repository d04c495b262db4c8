/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mvm help: what the table of commands says, for people, man(1), shells and programs. */
#include "cmd/help.h"

#include "base/file.h"
#include "base/reason.h"
#include "cmd/cmd.h"
#include "cmd/manual.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

struct help_options {
    const char *out;
    bool man, complete, json, help;
};

#define FIELD(name) offsetof(struct help_options, name)

static const struct option_spec specs[] = {
    {"man", OPTION_FLAG, NULL, "print the manual page of COMMAND, or of mvm, for man(1)", FIELD(man),
     .fallback = NULL},
    {"out", OPTION_TEXT, "DIR", "with --man: write every manual page to a file there", FIELD(out),
     .fallback = NULL},
    {"complete", OPTION_FLAG, NULL,
     "print what may stand as the last of the words behind '--', of which the first is mvm; for shells",
     FIELD(complete), .fallback = NULL},
    {"json", OPTION_FLAG, NULL, "print the whole table of commands and engines, with their options, as JSON",
     FIELD(json), .fallback = NULL},
    {"help", OPTION_FLAG, NULL, "print this help", FIELD(help), .fallback = NULL},
};

static const struct option_set own_set = {.specs = specs, .count = sizeof(specs) / sizeof(specs[0])};

/* A directory of pages that is being written. */
struct pages {
    const char *directory;
    struct reason *reason;
    int error;
};

static void write_page(const struct command *command, void *context)
{
    struct pages *pages = context;
    char path[PATH_MAX], name[MANUAL_NAME_ROOM];
    FILE *to;

    if (pages->error)
        return;
    if ((size_t)snprintf(path, sizeof(path), "%s/%s.1", pages->directory, manual_name(command, name)) >=
        sizeof(path)) {
        pages->error = reason_set(pages->reason, EINVAL, "--out takes the name of a directory, not '%.100s'",
                                  pages->directory);
        return;
    }
    /* A file that is new makes the directory new, which is what is looked at when building. */
    (void)unlink(path);
    to = fopen(path, "w");
    if (to) {
        manual_print(command, to);
        pages->error = ferror(to);
        if (fclose(to) == 0 && !pages->error)
            return;
    }
    pages->error = reason_errno(pages->reason, errno ? errno : EIO, "cannot write %s", path);
}

static int write_pages(const char *directory, struct reason *reason)
{
    struct pages pages = {.directory = directory, .reason = reason};
    int error = *directory ? directory_make(directory, reason)
                           : reason_set(reason, EINVAL, "--out takes the name of a directory, not ''");

    if (error)
        return error;
    write_page(NULL, &pages);
    command_each(write_page, &pages);
    return pages.error;
}

/* The command's own --help, so that there is one. */
static int show(const struct command *command)
{
    char name[64], help[] = "--help";
    char *argv[] = {name, help, NULL};
    const char *space;

    if (!command) {
        command_print_all(stdout);
        return EXIT_DONE;
    }
    if (command->parts) {
        command_print_help(command, NULL, 0, stdout);
        return EXIT_DONE;
    }
    space = strrchr(command->name, ' ');
    snprintf(name, sizeof(name), "%s", space ? space + 1 : command->name);
    return command->run(2, argv);
}

static int check(const struct help_options *options, size_t count, struct reason *reason)
{
    if (options->man + options->complete + options->json > 1)
        return reason_set(reason, EINVAL, "--man, --complete and --json exclude each other");
    if (options->out && !options->man)
        return reason_set(reason, EINVAL, "--out goes with --man");
    if ((options->out || options->json) && count > 0)
        return reason_set(reason, EINVAL, "--%s is about all commands; name none",
                          options->out ? "out" : "json");
    if (options->complete && count < 2)
        return reason_set(reason, EINVAL, "--complete takes words behind '--': mvm and at least one more");
    return 0;
}

static int help(const struct help_options *options, char **words, size_t count, struct reason *reason)
{
    const struct command *command = NULL;
    size_t taken = 0;
    int error = check(options, count, reason);

    if (error)
        return error;
    if (options->complete) {
        complete_words(words + 1, count - 1, stdout);
        return EXIT_DONE;
    }
    if (options->json) {
        bool written = help_print_json(stdout) == 0 && fflush(stdout) == 0;

        return written ? EXIT_DONE : reason_errno(reason, errno ? errno : EIO, "cannot write the JSON");
    }
    if (options->out)
        return write_pages(options->out, reason);
    if (count > 0)
        command = command_find(command_table, words, count, &taken);
    if (taken < count)
        return reason_set(reason, EINVAL, "'%.100s' is not a command; 'mvm --help' lists them", words[taken]);
    if (!options->man)
        return show(command);
    manual_print(command, stdout);
    return fflush(stdout) == 0 ? EXIT_DONE : reason_errno(reason, errno, "cannot write the page");
}

static int help_main(int argc, char **argv)
{
    struct help_options options = {0};
    const struct option_set set = option_set_for(&own_set, &options);
    struct reason reason = {""};
    char **words;
    int count, status = options_parse(&set, 1, argc, argv, &words, &count, &reason);

    if (!status && options.help)
        command_print_help(&cmd_help, &set, 1, stdout);
    else if (!status)
        status = help(&options, words, (size_t)count, &reason);
    if (status >= 0)
        return status;
    fprintf(stderr, "mvm help: %s\n", reason.text);
    return status == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
}

const struct command cmd_help = {
    .name = "help",
    .summary = "help, manual pages, and the table of commands for programs",
    .usage = (const char *const[]){"[COMMAND]", "--man [COMMAND | --out DIR]", "--json",
                                   "--complete -- mvm WORD...", NULL},
    .text =
        "Prints what 'mvm COMMAND --help' does, or the list of commands. With --man it is the manual page as "
        "roff, with "
        "--json the whole table of commands, options and engines, with --complete what may be typed next.",
    .more = "All of them are made from one table, and so are --help and the completion in shells.",
    .options = (const struct option_set *const[]){&own_set, NULL},
    .statuses =
        (const struct command_status[]){
            {0, "printed"}, {1, "what is asked for cannot be written"}, {2, "bad usage"}, {0}},
    .examples =
        (const struct command_example[]){
            {"mvm help host check", "The same as 'mvm host check --help'"},
            {"mvm help --man scale | man -l -", "A manual page without installing it"},
            {"mvm help --json | jq -r '.commands[].name'", "All commands"},
            {0}},
    .json = "help",
    .operands = OPERANDS_COMMAND,
    .run = help_main,
};
