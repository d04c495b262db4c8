/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/help.h"

#include "engine/engine.h"

#include <stdlib.h>
#include <string.h>

/* What is being typed: the words of one command, and the last word. */
struct line {
    const struct command *command;
    char *const *words; /* behind the command's name, without the last one */
    size_t count;
    const char *typed; /* of the last word */
    const struct engine *engine;
};

/* Calls `visit` for each option of the command and of its engine, until it returns true. */
static const struct option_spec *
each_option(const struct line *line, bool (*visit)(const struct option_spec *spec, const void *context),
            const void *context)
{
    const struct command *command = line->command;

    for (size_t s = 0; command->options && command->options[s]; s++)
        for (size_t i = 0; i < command->options[s]->count; i++)
            if (visit(&command->options[s]->specs[i], context))
                return &command->options[s]->specs[i];
    for (size_t i = 0; line->engine && i < line->engine->option_count; i++)
        if (visit(&line->engine->options[i], context))
            return &line->engine->options[i];
    return NULL;
}

struct name {
    const char *text;
    size_t length;
};

static bool is_named(const struct option_spec *spec, const void *context)
{
    const struct name *name = context;

    return strlen(spec->name) == name->length && strncmp(spec->name, name->text, name->length) == 0;
}

/* The option that a word such as "--out" or "--out=DIR" names; NULL: none. */
static const struct option_spec *option_of(const struct line *line, const char *word)
{
    if (strncmp(word, "--", 2) != 0 || !word[2])
        return NULL;
    const struct name name = {word + 2, strcspn(word + 2, "=")};

    return each_option(line, is_named, &name);
}

/* An option is offered once, unless it may be repeated. */
static bool is_given(const struct line *line, const struct option_spec *spec)
{
    for (size_t i = 0; i < line->count; i++)
        if (option_of(line, line->words[i]) == spec)
            return spec->kind != OPTION_LIST;
    return false;
}

struct offer {
    const struct line *line;
    FILE *to;
};

static bool offer_option(const struct option_spec *spec, const void *context)
{
    const struct offer *offer = context;
    char word[128];

    snprintf(word, sizeof(word), "--%s", spec->name);
    if (!is_given(offer->line, spec))
        complete_offer("", word, offer->line->typed, spec->help, offer->to);
    return false;
}

static void complete_options(const struct line *line, FILE *to)
{
    const struct offer offer = {line, to};

    each_option(line, offer_option, &offer);
    if (line->command->parts)
        complete_offer("", "--help", line->typed, "print this help", to);
}

static void complete_commands(const struct command *const *table, const char *typed, FILE *to)
{
    for (size_t i = 0; table[i]; i++) {
        const char *space = strrchr(table[i]->name, ' ');

        complete_offer("", space ? space + 1 : table[i]->name, typed, table[i]->summary, to);
    }
}

static bool has_word(const struct line *line, const char *word)
{
    for (size_t i = 0; i < line->count; i++)
        if (strcmp(line->words[i], word) == 0)
            return true;
    return false;
}

/* Behind "--" a command line of another program begins, which may be mvm. */
static void complete_program(const struct line *line, FILE *to)
{
    size_t i = 0;

    while (strcmp(line->words[i], "--") != 0)
        i++;
    i++;
    const char *program = i < line->count ? line->words[i] : "", *slash = strrchr(program, '/');

    /* The last word, which is being typed, is behind those of the line. */
    if (strcmp(slash ? slash + 1 : program, "mvm") == 0)
        complete_words(line->words + i + 1, line->count - i, to);
    else
        fputs(":program\n", to);
}

/* `mvm help host` is followed by host's parts. */
static void complete_help(const struct line *line, FILE *to)
{
    size_t taken;
    const struct command *command = command_find(command_table, line->words, line->count, &taken);

    if (line->count == 0)
        complete_commands(command_table, line->typed, to);
    else if (command && command->parts)
        complete_commands(command->parts, line->typed, to);
}

static void complete_operand(const struct line *line, FILE *to)
{
    switch (line->command->operands) {
    case OPERANDS_FILE:
        fputs(":files\n", to);
        break;
    case OPERANDS_DIRECTORY:
        fputs(":directories\n", to);
        break;
    case OPERANDS_RUN:
        complete_runs("", line->typed, to);
        break;
    case OPERANDS_COMMAND:
        complete_help(line, to);
        break;
    case OPERANDS_PROGRAM:
    case OPERANDS_NONE:
        complete_options(line, to);
        break;
    case OPERANDS_OTHER:
        break;
    }
}

/* The value of an option, in whichever way it is written; false: it is none. */
static bool complete_option_value(const struct line *line, FILE *to)
{
    const char *equals = strchr(line->typed, '=');
    const struct option_spec *spec;

    if (strcmp(line->typed, "=") == 0 && line->count > 0 &&
        (spec = option_of(line, line->words[line->count - 1]))) {
        complete_value(spec, "", "", to);
        return true;
    }
    if (line->count > 1 && strcmp(line->words[line->count - 1], "=") == 0 &&
        (spec = option_of(line, line->words[line->count - 2]))) {
        complete_value(spec, "", line->typed, to);
        return true;
    }
    if (equals && (spec = option_of(line, line->typed))) {
        char before[128];

        snprintf(before, sizeof(before), "--%s=", spec->name);
        complete_value(spec, before, equals + 1, to);
        return true;
    }
    spec = line->count > 0 ? option_of(line, line->words[line->count - 1]) : NULL;
    if (!spec || spec->kind == OPTION_FLAG || strchr(line->words[line->count - 1], '='))
        return false;
    complete_value(spec, "", line->typed, to);
    return true;
}

/* bash splits "--engine=vmm" into three words; the table of options knows it as one or two. */
static const struct engine *find_engine(const struct line *line)
{
    const struct command *command = line->command;

    for (size_t i = 0; command->engine && i + 2 < line->count; i++)
        if (strcmp(line->words[i], "--engine") == 0 && strcmp(line->words[i + 1], "=") == 0)
            return engine_find(line->words[i + 2]);
    return command_engine(command, line->count, line->words);
}

void complete_words(char *const *words, size_t count, FILE *to)
{
    struct line line = {.typed = count > 0 ? words[count - 1] : ""};
    size_t taken;

    line.command = count > 0 ? command_find(command_table, words, count - 1, &taken) : NULL;
    if (!line.command) {
        if (count > 1)
            return;
        complete_commands(command_table, line.typed, to);
        if (line.typed[0] == '-') {
            complete_offer("", "--help", line.typed, "list the commands", to);
            complete_offer("", "--version", line.typed, "print the version and what mvm was built with", to);
        }
        return;
    }
    line.words = words + taken;
    line.count = count - 1 - taken;
    line.engine = find_engine(&line);
    if (line.command->parts && line.count == 0) {
        complete_commands(line.command->parts, line.typed, to);
        if (line.typed[0] == '-')
            complete_options(&line, to);
    } else if (line.command->operands == OPERANDS_PROGRAM && has_word(&line, "--")) {
        complete_program(&line, to);
    } else if (!complete_option_value(&line, to)) {
        if (line.typed[0] == '-')
            complete_options(&line, to);
        else
            complete_operand(&line, to);
    }
}
