/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/command.h"

#include "cmd/cmd.h"
#include "engine/engine.h"

#include <string.h>

static void each_of(const struct command *const *table, void (*visit)(const struct command *, void *),
                    void *context)
{
    for (size_t i = 0; table[i]; i++) {
        visit(table[i], context);
        if (table[i]->parts)
            each_of(table[i]->parts, visit, context);
    }
}

void command_each(void (*visit)(const struct command *command, void *context), void *context)
{
    each_of(command_table, visit, context);
}

/* The last word of its name. */
static const char *own_word(const struct command *command)
{
    const char *space = strrchr(command->name, ' ');

    return space ? space + 1 : command->name;
}

const struct command *command_find(const struct command *const *table, char *const *words, size_t count,
                                   size_t *ret_taken)
{
    *ret_taken = 0;
    for (size_t i = 0; count > 0 && table[i]; i++) {
        if (strcmp(own_word(table[i]), words[0]) != 0)
            continue;
        size_t below = 0;
        const struct command *part =
            table[i]->parts ? command_find(table[i]->parts, words + 1, count - 1, &below) : NULL;

        *ret_taken = 1 + below;
        return part ? part : table[i];
    }
    return NULL;
}

static int run_parts(const struct command *command, int argc, char **argv)
{
    char above[64];

    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
        command_print_help(command, NULL, 0, stdout);
        return EXIT_DONE;
    }
    if (argc < 2) {
        command_print_help(command, NULL, 0, stderr);
        return EXIT_USAGE;
    }
    snprintf(above, sizeof(above), "mvm %s", command->name);
    return command_run(command->parts, above, argc, argv);
}

int command_run(const struct command *const *table, const char *above, int argc, char **argv)
{
    for (size_t i = 0; table[i]; i++)
        if (strcmp(own_word(table[i]), argv[1]) == 0)
            return table[i]->parts ? run_parts(table[i], argc - 1, argv + 1)
                                   : table[i]->run(argc - 1, argv + 1);
    fprintf(stderr, "%s: '%s' is not a command; '%s --help' lists them\n", above, argv[1], above);
    return EXIT_USAGE;
}

const struct engine *command_engine(const struct command *command, size_t count, char *const *words)
{
    const char *named;

    if (!command->engine)
        return NULL;
    named = options_peek_words("engine", count, words);
    return engine_find(named ? named : command->engine);
}
