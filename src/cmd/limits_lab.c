/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A row of `mvm limits` in the laboratory: the same command with this row alone, on another kernel. */
#include "base/file.h"
#include "base/reason.h"
#include "cmd/cmd.h"
#include "cmd/limits_row.h"
#include "cmd/signals.h"
#include "lab/lab.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { WITH_MOST = 16, ERRORS_MOST = 4096 };

static void say(const char *sentence)
{
    fprintf(stderr, "mvm limits: %s\n", sentence);
}

static void say_nothing(const char *sentence)
{
    (void)sentence;
}

/* Files that the words name are taken along: an image, a ROM, a QEMU of one's own. */
static size_t find_files(const struct arguments *words, const char *ret_files[WITH_MOST])
{
    size_t count = 0;

    for (size_t i = 1; i < words->count && count < WITH_MOST; i++) {
        const char *equals = strncmp(words->words[i], "--", 2) == 0 ? strchr(words->words[i], '=') : NULL;
        const char *file = equals ? equals + 1 : words->words[i];

        if (strchr(file, '/') && access(file, F_OK) == 0)
            ret_files[count++] = file;
    }
    return count;
}

static int make_command(const struct row_run *run, const char *directory, struct arguments *command)
{
    arguments_add(command, "mvm");
    for (size_t i = 0; i < run->row->words.count; i++)
        arguments_add(command, run->row->words.words[i]);
    arguments_add_option(command, "--engine", "%s", run->row->options.engine);
    arguments_add_option(command, "--seed", "%llu", (unsigned long long)run->seed);
    arguments_add_option(command, "--out", "%s", directory);
    arguments_add(command, "--kernel=host");
    arguments_add(command, "--overwrite");
    arguments_add(command, "--quiet");
    return arguments_whole(command) ? 0 : -ENOMEM;
}

/* Why there is no result: as the row's own file has it, or the last line that the command has said. */
static void take_words(int errors, const char *directory, struct reason *reason)
{
    struct reason told;
    char text[ERRORS_MOST];
    off_t size = lseek(errors, 0, SEEK_END);
    ssize_t length =
        pread(errors, text, sizeof(text) - 1, size > ERRORS_MOST - 1 ? size - (ERRORS_MOST - 1) : 0);

    while (length > 0 && text[length - 1] == '\n')
        length--;
    text[length > 0 ? length : 0] = '\0';
    static const char name[] = "mvm limits: ";
    const char *end = strrchr(text, '\n'), *line = end ? end + 1 : text;

    if (strncmp(line, name, sizeof(name) - 1) == 0)
        line += sizeof(name) - 1;
    limits_read_reason(directory, &told);
    reason_set(reason, EIO, "in the laboratory: %.900s", told.text[0] ? told.text : line);
}

static int run_command(const struct row_run *run, char *const *command, const char *directory,
                       struct lab_outcome *ret_outcome, struct reason *reason)
{
    const struct row_options *options = &run->row->options;
    static const char *const zram[] = {"zram", "lzo-rle"}; /* and what it compresses with */
    const char *files[WITH_MOST];
    const char *size = options->knobs[KNOB_ZRAM];
    bool swaps = size && strcmp(size, "off") != 0;
    int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC), errors = memfd_create("errors", MFD_CLOEXEC);
    const struct lab_wish wish = {
        .kernel = strcmp(options->kernel, "default") == 0 ? NULL : options->kernel,
        .memory_bytes = options->lab_memory,
        .cpus = options->lab_cpus,
        .with = {.items = files, .count = find_files(&run->row->words, files)},
        .modules = {.items = zram, .count = swaps ? sizeof(zram) / sizeof(zram[0]) : 0},
        .out = directory,
        .command = command,
        .input = -1,
        .output = nothing,
        .errors = errors,
        .stop = signals_open(),
        .say = run->quiet ? say_nothing : say,
    };
    int error = nothing < 0 || errors < 0
                    ? reason_errno(reason, errno, "cannot open files for the laboratory")
                    : lab_run(&wish, ret_outcome, reason);

    if (!error && ret_outcome->status != EXIT_DONE)
        take_words(errors, directory, reason);
    close(nothing);
    close(errors);
    return error;
}

int row_run_in_lab(const struct row_run *run)
{
    struct reason *reason = &run->watchdog->board->reason;
    struct lab_outcome outcome = {.status = 0};
    struct arguments command = {0};
    int error = directory_make(run->directory, reason);
    char *directory = error ? NULL : realpath(run->directory, NULL);

    /* The laboratory gives no sign of life; its own memory is what can be lost. */
    watchdog_beat(run->watchdog->board, 0, UINT64_MAX);
    if (!error)
        error = !directory || make_command(run, directory, &command) < 0
                    ? reason_set(reason, ENOMEM, "no memory for the laboratory")
                    : run_command(run, command.words, directory, &outcome, reason);
    arguments_release(&command);
    free(directory);
    run->watchdog->board->error = error;
    if (error || outcome.status == EXIT_USAGE)
        return ROW_CANNOT_RUN;
    return outcome.status == EXIT_DONE ? EXIT_DONE : EXIT_FAILED;
}
