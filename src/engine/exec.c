/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Engine `exec`: one process a VM, started by a command template of the user's, so that any VMM that has a
 * serial port can be tested. In the template {id} is the VM's number, {image} the image file and {serial} the
 * path of the VM's serial socket. The program must stay in the foreground: one that puts itself into the
 * background counts as a VM that ended.
 */
#include "engine/engines.h"

#include "base/clock.h"
#include "base/reason.h"
#include "engine/processes.h"
#include "host/spawn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct exec_options {
    const char *command, *serial;
    struct process_options process;
};

#define FIELD(name) offsetof(struct exec_options, name)

/* In the order of enum serial_door, from SERIAL_STDIO on. */
static const char *const doors[] = {"stdio", "listen", "connect", NULL};

static const struct option_spec exec_option_specs[] = {
    {"command", OPTION_TEXT, "TEMPLATE",
     "the command that runs one VM in the foreground, split as a shell splits it; {id}, {image} and {serial} "
     "are replaced",
     FIELD(command), .fallback = NULL},
    {"serial", OPTION_CHOICE, "HOW",
     "the VM's first serial port is the command's standard input and output (stdio), a Unix socket at "
     "{serial} that the "
     "command connects to (listen), or one that the command listens at (connect)",
     FIELD(serial), .fallback = "stdio", .choices = doors},
    PROCESS_OPTION_SPECS(struct exec_options, process),
};

struct exec_command {
    struct arguments words; /* of the template */
    const char *image_path;
};

static enum serial_door door_of(const struct exec_options *options)
{
    for (int i = 0; doors[i]; i++)
        if (strcmp(doors[i], options->serial) == 0)
            return (enum serial_door)(SERIAL_STDIO + i);
    return SERIAL_STDIO;
}

/* Splits the template, and finds its program, whose path is malloc'd. The caller releases `words` also on
 * failure. */
static int split_template(const struct exec_options *options, struct arguments *words, char **ret_program,
                          struct reason *reason)
{
    if (!options->command)
        return reason_set(reason, EINVAL, "the engine exec needs --command, the command that runs one VM");
    int error = arguments_add_split(words, "command", options->command, reason);

    if (error)
        return error;
    if (!arguments_whole(words))
        return reason_set(reason, ENOMEM, "no memory for the command");
    if (words->count == 0)
        return reason_set(reason, EINVAL, "--command is empty; it takes the command that runs one VM");
    return program_find(words->words[0], ret_program, reason);
}

/* The placeholder that `text` starts with, or NULL; `*ret_length` is its length. */
static const char *placeholder(const char *text, const char *id, const char *image, const char *serial,
                               size_t *ret_length)
{
    const struct {
        const char *name, *value;
    } known[] = {{"{id}", id}, {"{image}", image}, {"{serial}", serial}};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        *ret_length = strlen(known[i].name);
        if (strncmp(text, known[i].name, *ret_length) == 0)
            return known[i].value;
    }
    return NULL;
}

/* A malloc'd copy of `word` with its placeholders replaced; NULL without memory. */
static char *fill_in(const char *word, const char *id, const char *image, const char *serial)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);

    if (!to)
        return NULL;
    while (*word) {
        size_t length;
        const char *value = placeholder(word, id, image, serial, &length);

        if (value)
            fputs(value, to);
        else
            fputc(*word, to);
        word += value ? length : 1;
    }
    if (fclose(to) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

static bool template_has(const struct exec_options *options, const char *name)
{
    return strstr(options->command, name) != NULL;
}

static int exec_probe(const void *values, struct reason *reason)
{
    const struct exec_options *options = values;
    struct arguments words = {0};
    char *program = NULL;
    int error = split_template(options, &words, &program, reason);

    arguments_release(&words);
    free(program);
    if (error)
        return error;
    if (door_of(options) != SERIAL_STDIO && !template_has(options, "{serial}"))
        return reason_set(reason, EINVAL,
                          "--serial %s needs {serial} in --command, the path of the VM's serial socket",
                          options->serial);
    if (door_of(options) == SERIAL_STDIO && template_has(options, "{serial}"))
        return reason_set(reason, EINVAL,
                          "--command has {serial}, which needs --serial listen or --serial connect");
    if (!template_has(options, "{image}"))
        return reason_set(reason, EINVAL, "--command needs {image}, the file that the VM boots");
    return 0;
}

static void exec_arguments(void *context, uint64_t vm, const char *serial_path, struct arguments *to)
{
    const struct exec_command *command = context;
    char id[32];

    snprintf(id, sizeof(id), "%llu", (unsigned long long)vm);
    for (size_t i = 0; i < command->words.count; i++) {
        char *word = fill_in(command->words.words[i], id, command->image_path, serial_path);

        if (word)
            arguments_add(to, word);
        else
            to->failed = true;
        free(word);
    }
}

static void free_command(void *context)
{
    struct exec_command *command = context;

    arguments_release(&command->words);
    free(command);
}

static int exec_open(const struct engine_setup *setup, struct population **ret_population,
                     struct reason *reason)
{
    const struct exec_options *options = setup->options;
    struct exec_command *command = calloc(1, sizeof(*command));
    char *program;

    if (!command)
        return reason_set(reason, ENOMEM, "no memory for a population");
    int error = split_template(options, &command->words, &program, reason);

    if (error) {
        free_command(command);
        return error;
    }
    command->image_path = setup->image_path;
    const struct process_plan plan = {
        .program = program,
        .door = door_of(options),
        .options = options->process,
        .arguments = exec_arguments,
        .context = command,
        .free_context = free_command,
    };

    return processes_open(&engine_exec, setup, &plan, ret_population, reason);
}

static void exec_needs(const void *options, struct host_needs *ret_needs)
{
    (void)options;
    process_needs(ret_needs);
    ret_needs->remark =
        "what the command itself takes is not known: one task and no file is counted for each";
}

static int exec_describe(const struct engine_setup *setup, struct result *result, struct reason *reason)
{
    const struct exec_options *options = setup->options;
    struct arguments words = {0};
    char *program, hash[SHA256_TEXT_ROOM];
    int error = split_template(options, &words, &program, reason);

    arguments_release(&words);
    if (error)
        return error;
    error = file_sha256(program, hash, reason);
    if (!error)
        error = result_facts_add(&result->engine.binaries, program, hash);
    free(program);
    if (!error)
        error = result_facts_add(&result->engine.options, "command", options->command);
    if (!error)
        error = result_facts_add(&result->engine.options, "serial", options->serial);
    return error ? error : process_options_describe(&options->process, result);
}

const struct engine engine_exec = {
    .name = "exec",
    .summary = "one process a VM, started by a command of yours: any VMM with a serial port",
    .options = exec_option_specs,
    .option_count = sizeof(exec_option_specs) / sizeof(exec_option_specs[0]),
    .options_size = sizeof(struct exec_options),
    .probe = exec_probe,
    .needs = exec_needs,
    .describe = exec_describe,
    .open = exec_open,
    .class_letter = 'A',
    PROCESS_ENGINE,
};
