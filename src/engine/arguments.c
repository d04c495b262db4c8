/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/arguments.h"

#include "base/reason.h"

#include <errno.h>
#include <popt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Takes over `word`, which is malloc'd or NULL without memory. */
static void add_own(struct arguments *arguments, char *word)
{
    char **grown = NULL;

    if (word && !arguments->failed)
        grown = realloc(arguments->words, (arguments->count + 2) * sizeof(*grown));
    if (!grown) {
        free(word);
        arguments->failed = true;
        return;
    }
    grown[arguments->count++] = word;
    grown[arguments->count] = NULL;
    arguments->words = grown;
}

void arguments_add(struct arguments *arguments, const char *word)
{
    add_own(arguments, strdup(word));
}

void arguments_add_option(struct arguments *arguments, const char *option, const char *format, ...)
{
    char *value = NULL;
    va_list rest;

    va_start(rest, format);
    if (vasprintf(&value, format, rest) < 0)
        value = NULL;
    va_end(rest);
    arguments_add(arguments, option);
    add_own(arguments, value);
}

/* The library takes the end of the text for the end of a quote as well. */
static bool quote_is_open(const char *text)
{
    char quote = '\0';

    for (; *text; text++) {
        if (*text == '\\' && quote != '\'') {
            if (!*++text)
                return true;
        } else if (quote) {
            quote = *text == quote ? '\0' : quote;
        } else if (*text == '"' || *text == '\'') {
            quote = *text;
        }
    }
    return quote != '\0';
}

int arguments_add_split(struct arguments *arguments, const char *option, const char *text,
                        struct reason *reason)
{
    int count = 0;
    const char **words = NULL;

    if (quote_is_open(text))
        return reason_set(reason, EINVAL,
                          "--%s cannot be split into words: a quote is not closed in '%.200s'", option, text);
    int error = poptParseArgvString(text, &count, &words);

    if (error == POPT_ERROR_NOARG)
        return 0;
    if (error)
        return reason_set(reason, EINVAL, "--%s cannot be split into words: %s", option, poptStrerror(error));
    for (int i = 0; i < count; i++)
        arguments_add(arguments, words[i]);
    free((void *)words);
    return 0;
}

bool arguments_whole(const struct arguments *arguments)
{
    return !arguments->failed;
}

void arguments_release(struct arguments *arguments)
{
    for (size_t i = 0; i < arguments->count; i++)
        free(arguments->words[i]);
    free(arguments->words);
    *arguments = (struct arguments){0};
}
