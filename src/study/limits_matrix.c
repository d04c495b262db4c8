/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/limits_matrix.h"

#include "base/file.h"
#include "base/random.h"
#include "base/reason.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VARIED_MOST = 32, VALUES_MOST = 256 };

/* One --vary: its key, and its values. All point into `text`. */
struct varied {
    char *text, *key;
    char *values[VALUES_MOST];
    size_t count;
};

static bool is_key(const char *key)
{
    for (const char *at = key; *at; at++)
        if (!islower((unsigned char)*at) && !isdigit((unsigned char)*at) && *at != '-')
            return false;
    return islower((unsigned char)*key);
}

/* Splits at commas in place; two of them are one in the value. */
static int split_values(char *from, struct varied *to, const char *given, struct reason *reason)
{
    char *out = from;

    to->values[to->count++] = out;
    for (; *from; from++) {
        if (from[0] == ',' && from[1] != ',') {
            *out++ = '\0';
            if (to->count == VALUES_MOST)
                return reason_set(reason, EINVAL, "--vary takes at most %d values, not '%.100s'", VALUES_MOST,
                                  given);
            to->values[to->count++] = out;
            continue;
        }
        from += from[0] == ',';
        *out++ = *from;
    }
    *out = '\0';
    for (size_t i = 0; i < to->count; i++)
        for (size_t other = 0; other < i; other++)
            if (strcmp(to->values[i], to->values[other]) == 0)
                return reason_set(reason, EINVAL,
                                  "--vary %.100s has the value '%s' twice; --repeats repeats rows", given,
                                  to->values[i]);
    return 0;
}

static int parse_varied(const char *given, struct varied *ret_varied, struct reason *reason)
{
    *ret_varied = (struct varied){.text = strdup(given)};
    if (!ret_varied->text)
        return reason_set(reason, ENOMEM, "no memory for the rows");
    char *equals = strchr(ret_varied->text, '=');

    if (!equals || equals[1] == '\0')
        return reason_set(reason, EINVAL, "--vary takes KEY=VALUE,VALUE,..., not '%.100s'", given);
    *equals = '\0';
    ret_varied->key = ret_varied->text;
    if (!is_key(ret_varied->key))
        return reason_set(reason, EINVAL,
                          "--vary takes the name of an option without '--' before the '=', not '%.100s'",
                          ret_varied->key);
    return split_values(equals + 1, ret_varied, given, reason);
}

/* Which options are flags is the caller's to know, so all get a value. */
static void add_pair(struct limits_cell *cell, const struct varied *varied, const char *value)
{
    char word[4096];
    size_t used = strlen(cell->label);

    snprintf(word, sizeof(word), "--%s=%s", varied->key, value);
    arguments_add(&cell->words, word);
    snprintf(cell->label + used, sizeof(cell->label) - used, "%s%s %s", used ? ", " : "", varied->key, value);
}

/* Letters, digits and '-' of the label, so that the name of a directory tells something. */
static void name_cell(struct limits_cell *cell, unsigned repeats)
{
    char *out = cell->name;
    size_t used = (size_t)snprintf(out, LIMITS_NAME, "%02zu-", cell->row + 1);

    for (const char *at = cell->label; *at && used < LIMITS_NAME - 16; at++) {
        if (isalnum((unsigned char)*at))
            out[used++] = (char)tolower((unsigned char)*at);
        else if (out[used - 1] != '-')
            out[used++] = '-';
    }
    while (used > 0 && out[used - 1] == '-')
        used--;
    out[used] = '\0';
    if (repeats > 1)
        snprintf(out + used, LIMITS_NAME - used, ".%u", cell->repeat + 1);
}

static int fill_cell(struct limits_cell *cell, const struct arguments *base, const struct limits_given *given,
                     const struct varied *varied, size_t varied_count, size_t combination,
                     struct reason *reason)
{
    size_t each[VARIED_MOST];

    for (size_t i = 0; i < base->count; i++)
        arguments_add(&cell->words, base->words[i]);
    if (given) {
        int error = arguments_add_split(&cell->words, "row", given->words, reason);

        if (error)
            return error;
        cell->study = given->study;
        cell->absent = given->absent;
        snprintf(cell->label, sizeof(cell->label), "%s", given->label ? given->label : given->words);
    }
    for (size_t i = varied_count; i-- > 0; combination /= varied[i].count)
        each[i] = combination % varied[i].count;
    for (size_t i = 0; i < varied_count; i++)
        add_pair(cell, &varied[i], varied[i].values[each[i]]);
    return arguments_whole(&cell->words) ? 0 : reason_set(reason, ENOMEM, "no memory for the rows");
}

static int make_cells(struct limits_matrix *matrix, const struct arguments *base,
                      const struct limits_given *given, size_t given_count, const struct varied *varied,
                      size_t varied_count, struct reason *reason)
{
    size_t combinations = 1, givens = given_count ? given_count : 1;

    for (size_t i = 0; i < varied_count; i++) {
        combinations *= varied[i].count;
        if (combinations * givens * matrix->repeats > LIMITS_ROWS_MOST)
            break;
    }
    if (combinations * givens * matrix->repeats > LIMITS_ROWS_MOST)
        return reason_set(reason, EINVAL, "these are more than %d rows; vary less, or repeat less often",
                          LIMITS_ROWS_MOST);
    matrix->rows = combinations * givens;
    matrix->cells = calloc(matrix->rows * matrix->repeats, sizeof(*matrix->cells));
    if (!matrix->cells)
        return reason_set(reason, ENOMEM, "no memory for the rows");
    for (size_t row = 0; row < matrix->rows; row++) {
        for (unsigned repeat = 0; repeat < matrix->repeats; repeat++) {
            struct limits_cell *cell = &matrix->cells[matrix->count++];

            *cell = (struct limits_cell){.row = row, .repeat = repeat};
            int error = fill_cell(cell, base, given_count ? &given[row / combinations] : NULL, varied,
                                  varied_count, row % combinations, reason);

            if (error)
                return error;
            name_cell(cell, matrix->repeats);
        }
    }
    return 0;
}

int limits_matrix_make(struct limits_matrix *ret_matrix, const struct arguments *base,
                       const struct limits_given *given, size_t given_count, const char *const *vary,
                       size_t vary_count, unsigned repeats, struct reason *reason)
{
    struct varied *varied = calloc(VARIED_MOST, sizeof(*varied));
    struct limits_matrix matrix = {.repeats = repeats};
    int error = 0;

    if (!varied)
        return reason_set(reason, ENOMEM, "no memory for the rows");
    if (vary_count > VARIED_MOST)
        error = reason_set(reason, EINVAL, "--vary may be given %d times, not %zu", VARIED_MOST, vary_count);
    for (size_t i = 0; !error && i < vary_count; i++) {
        error = parse_varied(vary[i], &varied[i], reason);
        for (size_t other = 0; !error && other < i; other++)
            if (strcmp(varied[i].key, varied[other].key) == 0)
                error = reason_set(reason, EINVAL, "--vary names '%s' twice", varied[i].key);
    }
    if (!error)
        error = make_cells(&matrix, base, given, given_count, varied, vary_count, reason);
    for (size_t i = 0; i < VARIED_MOST; i++)
        free(varied[i].text);
    free(varied);
    if (error)
        limits_matrix_release(&matrix);
    else
        *ret_matrix = matrix;
    return error;
}

void limits_matrix_release(struct limits_matrix *matrix)
{
    for (size_t i = 0; i < matrix->count; i++)
        arguments_release(&matrix->cells[i].words);
    free(matrix->cells);
    *matrix = (struct limits_matrix){0};
}

void limits_order(size_t *ret_order, size_t count, bool random, uint64_t seed)
{
    struct random numbers = {.state = seed};

    for (size_t i = 0; i < count; i++)
        ret_order[i] = i;
    for (size_t i = count; random && i > 1; i--) {
        size_t other = random_below(&numbers, i), kept = ret_order[i - 1];

        ret_order[i - 1] = ret_order[other];
        ret_order[other] = kept;
    }
}

int limits_matrix_sha256(const struct limits_matrix *matrix, char *ret_text)
{
    char *text = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&text, &length);

    if (!to)
        return -ENOMEM;
    for (size_t i = 0; i < matrix->count; i++) {
        for (size_t word = 0; word < matrix->cells[i].words.count; word++)
            fprintf(to, "%s%c", matrix->cells[i].words.words[word], '\0');
        fputc('\n', to);
    }
    if (fclose(to) != 0) {
        free(text);
        return -ENOMEM;
    }
    sha256_text(text, length, ret_text);
    free(text);
    return 0;
}
