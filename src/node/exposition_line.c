/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/exposition_line.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_:"
#define DIGITS  "0123456789"

struct cursor {
    const char *at, *end;
};

static bool next_is(const struct cursor *cursor, char wanted)
{
    return cursor->at < cursor->end && *cursor->at == wanted;
}

static void skip_blanks(struct cursor *cursor)
{
    while (cursor->at < cursor->end && (*cursor->at == ' ' || *cursor->at == '\t'))
        cursor->at++;
}

static size_t take_name(struct cursor *cursor)
{
    const char *begin = cursor->at;

    while (cursor->at < cursor->end && *cursor->at &&
           strchr(cursor->at == begin ? LETTERS : LETTERS DIGITS, *cursor->at))
        cursor->at++;
    return (size_t)(cursor->at - begin);
}

struct label {
    const char *name, *value;
    size_t name_length, value_length;
};

/* name="value", with \\, \" and \n in the value. */
static bool take_label(struct cursor *cursor, struct label *label)
{
    skip_blanks(cursor);
    label->name = cursor->at;
    label->name_length = take_name(cursor);
    skip_blanks(cursor);
    if (label->name_length == 0 || !next_is(cursor, '='))
        return false;
    cursor->at++;
    skip_blanks(cursor);
    if (!next_is(cursor, '"'))
        return false;
    label->value = ++cursor->at;
    for (; cursor->at < cursor->end && *cursor->at != '"'; cursor->at++)
        if (*cursor->at == '\\' && cursor->at + 1 < cursor->end)
            cursor->at++;
    if (!next_is(cursor, '"'))
        return false;
    label->value_length = (size_t)(cursor->at++ - label->value);
    skip_blanks(cursor);
    return true;
}

/* Behind the '{', up to the '}'. */
static bool take_labels(struct cursor *cursor)
{
    struct label label;

    skip_blanks(cursor);
    while (!next_is(cursor, '}')) {
        if (!take_label(cursor, &label))
            return false;
        if (next_is(cursor, ','))
            cursor->at++;
        else if (!next_is(cursor, '}'))
            return false;
        skip_blanks(cursor);
    }
    return true;
}

static bool take_word(struct cursor *cursor, char *ret_word, size_t room)
{
    size_t length = 0;

    skip_blanks(cursor);
    for (; cursor->at < cursor->end && *cursor->at != ' ' && *cursor->at != '\t'; cursor->at++) {
        if (length + 1 == room)
            return false;
        ret_word[length++] = *cursor->at;
    }
    ret_word[length] = '\0';
    skip_blanks(cursor);
    return length > 0;
}

static bool number(const char *word, double *ret_number)
{
    static const char *const others[] = {"NaN", "+Inf", "Inf", "-Inf"};
    char *end;

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (strcmp(word, others[i]) == 0) {
            *ret_number = i == 0 ? NAN : i == 3 ? -INFINITY : INFINITY;
            return true;
        }
    if (strspn(word, DIGITS "+-.eE") != strlen(word))
        return false;
    *ret_number = strtod(word, &end);
    return *end == '\0' && end != word;
}

int series_parse(const char *line, size_t length, struct series *ret_series)
{
    struct cursor cursor = {line, line + length};
    struct series series = {.labels = ""};
    char word[64];
    double stamp;

    skip_blanks(&cursor);
    if (cursor.at == cursor.end || *cursor.at == '#')
        return 0;
    series.name = cursor.at;
    series.name_length = take_name(&cursor);
    if (series.name_length == 0)
        return -EINVAL;
    skip_blanks(&cursor);
    if (next_is(&cursor, '{')) {
        series.labels = ++cursor.at;
        if (!take_labels(&cursor))
            return -EINVAL;
        series.labels_length = (size_t)(cursor.at++ - series.labels);
    }
    if (!take_word(&cursor, word, sizeof(word)) || !number(word, &series.value))
        return -EINVAL;
    /* A stamp may follow. */
    if (cursor.at < cursor.end &&
        (!take_word(&cursor, word, sizeof(word)) || !number(word, &stamp) || cursor.at < cursor.end))
        return -EINVAL;
    *ret_series = series;
    return 1;
}

bool series_label(const struct series *series, const char *label, char *ret_value, size_t room)
{
    struct cursor cursor = {series->labels, series->labels + series->labels_length};
    struct label found;

    ret_value[0] = '\0';
    while (cursor.at < cursor.end && take_label(&cursor, &found)) {
        if (found.name_length == strlen(label) && memcmp(found.name, label, found.name_length) == 0) {
            size_t length = found.value_length < room ? found.value_length : room - 1;

            memcpy(ret_value, found.value, length);
            ret_value[length] = '\0';
            return true;
        }
        if (!next_is(&cursor, ','))
            break;
        cursor.at++;
    }
    return false;
}

bool series_is(const struct series *series, const char *name)
{
    return strlen(name) == series->name_length && memcmp(name, series->name, series->name_length) == 0;
}
