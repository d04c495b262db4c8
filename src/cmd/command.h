/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A command as data: one row, from which come `mvm help`, --help, the manual page, the completion in shells
 * and the table as JSON, so that they cannot differ. A command's file defines its row; src/main.c lists the
 * rows.
 *
 * Texts are plain ASCII: sentences, with an empty line between paragraphs. Lines are broken where they are
 * shown.
 */
#ifndef MVM_CMD_COMMAND_H
#define MVM_CMD_COMMAND_H

#include "base/option.h"

#include <stddef.h>
#include <stdio.h>

struct engine;

/* What the words are that stand behind a command and are no options: what shells offer for them. */
enum command_operands {
    OPERANDS_NONE,
    OPERANDS_OTHER,     /* what only the user knows: a VM's number, a URL */
    OPERANDS_FILE,      /* names of files */
    OPERANDS_DIRECTORY, /* run directories */
    OPERANDS_RUN,       /* a run that is kept */
    OPERANDS_COMMAND,   /* words of mvm's own commands */
    OPERANDS_PROGRAM,   /* behind "--" a command line of another program */
};

/* Tables of these end with a row of NULLs. */
struct command_status {
    int status;
    const char *meaning; /* "compared" */
};

struct command_example {
    const char *line; /* as typed, without a prompt */
    const char *what; /* a sentence without a full stop */
};

struct command {
    const char *name;         /* the words behind "mvm": "scale", "host check" */
    const char *summary;      /* for lists; a phrase without a full stop */
    const char *const *usage; /* each way of calling it, behind its name; NULL at the end */
    const char *text;         /* what it does: in --help and the manual */
    const char *more;         /* in the manual alone; may be NULL */
    /* The options, their `values` NULL; NULL at the end. */
    const struct option_set *const *options;
    /* With it, --engine NAME adds the options of that engine: the engine meant without --engine, or "" for
     * none. */
    const char *engine;
    const struct command_status *statuses;
    const struct command_example *examples;
    const char *files; /* what it writes, and where things are; may be NULL */
    const char *see;   /* related commands, a space between; may be NULL */
    /* --json: the schema of what it prints, without ".json", below docs/schema/; or why there is no --json.
     * One of the two. */
    const char *json, *no_json;
    bool json_lines; /* it prints a document of that schema a line, as things happen */
    enum command_operands operands;
    const struct command *const *parts; /* of a command that only has others below it; NULL at the end */
    /* Gets its own argv, whose first word is the last of its name, and returns the exit status. NULL: has
     * parts. */
    int (*run)(int argc, char **argv);
};

/* All commands, in the order of lists; NULL at the end. In src/main.c. */
extern const struct command *const command_table[];

/* Calls `visit` for each command that runs, parts too, and for those that only have parts. */
void command_each(void (*visit)(const struct command *command, void *context), void *context);

/* The command that `words` begin with, of `table`, and in `*ret_taken` how many of them are its name; NULL:
 * none. */
const struct command *command_find(const struct command *const *table, char *const *words, size_t count,
                                   size_t *ret_taken);

/* Runs the command of `table` that argv[1] names; `above` is what stands before it: "mvm", "mvm host".
 * Returns the exit status. */
int command_run(const struct command *const *table, const char *above, int argc, char **argv);

/* The engine whose options the command has when `words` are given to it; NULL: none. */
const struct engine *command_engine(const struct command *command, size_t count, char *const *words);

/* Prints help: usage, text, exit statuses, engines, and the options of `sets` as they are parsed. */
void command_print_help(const struct command *command, const struct option_set *sets, size_t count, FILE *to);

/* Prints what `mvm --help` does: all commands, a line each. */
void command_print_all(FILE *to);

#endif
