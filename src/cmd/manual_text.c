/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text as roff: what has a meaning there is escaped (groff_char(7), mandoc_char(7)). */
#include "cmd/manual.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum { WIDTH = 78, WORD_ROOM = 1024 };

/* A '-' is a hyphen in words, and a minus, which can be copied, in what is typed. */
static size_t escape(const char *text, size_t length, bool typed, char ret_text[WORD_ROOM])
{
    size_t used = 0;

    for (size_t i = 0; i < length && used < WORD_ROOM - 8; i++) {
        const char *as = text[i] == '\\'           ? "\\e"
                         : text[i] == '\''         ? "\\(aq"
                         : text[i] == '^'          ? "\\(ha"
                         : text[i] == '~'          ? "\\(ti"
                         : text[i] == '`'          ? "\\(ga"
                         : text[i] == '"'          ? "\\(dq"
                         : text[i] == '-' && typed ? "\\-"
                                                   : NULL;

        if (as)
            used += (size_t)snprintf(ret_text + used, WORD_ROOM - used, "%s", as);
        else
            ret_text[used++] = text[i];
    }
    ret_text[used] = '\0';
    return used;
}

void manual_literal(const char *text, FILE *to)
{
    char escaped[WORD_ROOM];

    escape(text, strlen(text), true, escaped);
    fputs(escaped, to);
}

/* "--memory-limit;" is an option and what stands behind it. */
static size_t option_length(const char *word, size_t length)
{
    size_t end = 2;

    if (length < 3 || word[0] != '-' || word[1] != '-' || !islower((unsigned char)word[2]))
        return 0;
    while (end < length && (islower((unsigned char)word[end]) || isdigit((unsigned char)word[end]) ||
                            (word[end] == '-' && end + 1 < length)))
        end++;
    return end;
}

/* The word as roff. What is typed, such as paths and addresses, keeps its minus. */
static void format_word(const char *word, size_t length, char ret_word[2 * WORD_ROOM])
{
    size_t open = length > 0 && strchr("(['", word[0]) ? 1 : 0;
    size_t option = option_length(word + open, length - open);
    bool typed = memchr(word, '/', length) || memchr(word, '_', length) || memchr(word, '=', length) ||
                 (length > 1 && word[open] == '-');
    char before[WORD_ROOM], bold[WORD_ROOM], after[WORD_ROOM];

    escape(word, open, typed, before);
    escape(word + open, option, true, bold);
    escape(word + open + option, length - open - option, typed, after);
    if (option > 0)
        snprintf(ret_word, 2 * WORD_ROOM, "%s\\fB%s\\fR%s", before, bold, after);
    else
        /* What begins with a dot would be a request, and what is typed is not to be hyphenated. */
        snprintf(ret_word, 2 * WORD_ROOM, "%s%s%s%s",
                 word[0] == '.' ? "\\&"
                 : typed        ? "\\%"
                                : "",
                 before, bold, after);
}

static bool ends_sentence(const char *word, size_t length)
{
    while (length > 0 && strchr(")'\"", word[length - 1]))
        length--;
    return length > 0 && strchr(".?!", word[length - 1]) && !(length > 2 && word[length - 2] == '.');
}

void manual_text(const char *text, FILE *to)
{
    char word[2 * WORD_ROOM];
    size_t at = 0;

    text += strspn(text, " \n");
    while (*text) {
        size_t length = strcspn(text, " \n"), gap;

        format_word(text, length, word);
        if (at > 0 && at + 1 + strlen(word) > WIDTH) {
            fputc('\n', to);
            at = 0;
        }
        at += (size_t)fprintf(to, "%s%s", at > 0 ? " " : "", word);
        bool over = ends_sentence(text, length);

        text += length;
        gap = strspn(text, " \n");
        if (strncmp(text, "\n\n", 2) == 0) {
            fputs("\n.PP\n", to);
            at = 0;
        } else if (over && text[gap]) {
            fputc('\n', to);
            at = 0;
        }
        text += gap;
    }
    if (at > 0)
        fputc('\n', to);
}
