/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A command's row as --help. */
#include "cmd/command.h"
#include "engine/engine.h"

#include <string.h>

enum { WIDTH = 110 };

/* Breaks `text` between words; an empty line stays one. */
static void print_paragraphs(const char *text, FILE *to)
{
    int at = 0;

    while (*text) {
        int word = (int)strcspn(text, " \n");

        if (at > 0 && at + 1 + word > WIDTH) {
            fputc('\n', to);
            at = 0;
        }
        at += fprintf(to, "%s%.*s", at > 0 ? " " : "", word, text);
        text += word;
        if (strncmp(text, "\n\n", 2) == 0) {
            fputs("\n\n", to);
            at = 0;
        }
        text += strspn(text, " \n");
    }
    fputc('\n', to);
}

static void print_statuses(const struct command_status *statuses, FILE *to)
{
    char line[1024] = "Exit status:";

    for (size_t i = 0; statuses[i].meaning; i++) {
        size_t used = strlen(line);

        snprintf(line + used, sizeof(line) - used, "%s %d %s", i ? ";" : "", statuses[i].status,
                 statuses[i].meaning);
    }
    fputc('\n', to);
    strncat(line, ".", sizeof(line) - strlen(line) - 1);
    print_paragraphs(line, to);
}

static void print_list(const struct command *const *table, FILE *to)
{
    for (size_t i = 0; table[i]; i++) {
        const char *space = strrchr(table[i]->name, ' ');

        fprintf(to, "  %-10s%s\n", space ? space + 1 : table[i]->name, table[i]->summary);
    }
}

static void print_engines(FILE *to)
{
    size_t count;
    const struct engine *const *table = engine_table(&count);

    fputs("\nEngines:\n", to);
    for (size_t i = 0; i < count; i++)
        fprintf(to, "  %-10s%s\n", table[i]->name, table[i]->summary);
}

void command_print_help(const struct command *command, const struct option_set *sets, size_t count, FILE *to)
{
    for (size_t i = 0; command->usage[i]; i++)
        fprintf(to, "%s mvm %s%s%s\n", i ? "      " : "usage:", command->name, *command->usage[i] ? " " : "",
                command->usage[i]);
    fputc('\n', to);
    print_paragraphs(command->text, to);
    if (command->parts) {
        fputc('\n', to);
        print_list(command->parts, to);
        fprintf(to, "\n'mvm %s PART --help' tells more.\n", command->name);
        return;
    }
    print_statuses(command->statuses, to);
    if (command->engine)
        print_engines(to);
    options_print_help(sets, count, to);
}

void command_print_all(FILE *to)
{
    fputs("usage: mvm COMMAND [OPTIONS]\n\nHow many virtual machines does this host hold, and what gives out "
          "first?\n\n",
          to);
    print_list(command_table, to);
    fputs("\n'mvm COMMAND --help' tells more; 'mvm --version' the version and what it was built with.\n", to);
}
