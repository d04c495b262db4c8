/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Argument lists of programs, put together word by word. Running out of memory is remembered and shows at the
 * end. */
#ifndef MVM_ENGINE_ARGUMENTS_H
#define MVM_ENGINE_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

struct reason;

struct arguments { /* zeroed: an empty list */
    char **words;  /* `count` malloc'd strings and a NULL; NULL while empty */
    size_t count;
    bool failed; /* memory ran out; nothing is added any more */
};

/* Appends a copy of `word`. */
void arguments_add(struct arguments *arguments, const char *word);

/* Appends an option and its formatted value: two words. */
void arguments_add_option(struct arguments *arguments, const char *option, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Appends the words of `text`, split as a shell splits them (quotes and backslashes; nothing is expanded).
 * -EINVAL with a sentence that names `option` when a quote is not closed. A text without words adds none.
 */
int arguments_add_split(struct arguments *arguments, const char *option, const char *text,
                        struct reason *reason);

/* True when all that was added is there. */
bool arguments_whole(const struct arguments *arguments);

/* Frees the words and empties the list. */
void arguments_release(struct arguments *arguments);

#endif
