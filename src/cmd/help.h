/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of `mvm help`. */
#ifndef MVM_CMD_HELP_H
#define MVM_CMD_HELP_H

#include "cmd/command.h"

/* Prints the table of commands and engines as JSON; not 0: it could not be written. */
int help_print_json(FILE *to);

/*
 * Prints what may stand as the last of `words` (which begin behind "mvm"; the last one is what has been typed
 * of it), a line each: the word, a tab, and a phrase about it. Or one line of ":files", ":directories" or
 * ":program", which a shell completes by itself. An option's value may be a word of its own, stand behind "="
 * in one word, or be split from it by a word "=", as bash does.
 */
void complete_words(char *const *words, size_t count, FILE *to);

/* Prints the values that begin with `typed` of an option, `before` in front of each. */
void complete_value(const struct option_spec *spec, const char *before, const char *typed, FILE *to);

/* Prints the names of runs that begin with `typed`. */
void complete_runs(const char *before, const char *typed, FILE *to);

/* Prints one candidate where it begins with `typed`. */
void complete_offer(const char *before, const char *word, const char *typed, const char *about, FILE *to);

#endif
