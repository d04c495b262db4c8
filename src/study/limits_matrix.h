/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rows of `mvm limits`: every given row with every combination of the values varied, each as the words of
 * a command line. What the words mean is the caller's.
 */
#ifndef MVM_STUDY_LIMITS_MATRIX_H
#define MVM_STUDY_LIMITS_MATRIX_H

#include "engine/arguments.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reason;

enum { LIMITS_ROWS_MOST = 10000, LIMITS_LABEL = 160, LIMITS_NAME = 72 };

/* One row given in full: what is to be said of it beside what all rows have. */
struct limits_given {
    const char *label;  /* NULL: its words */
    const char *words;  /* split as a shell splits them */
    const char *study;  /* the row of the 2013 study that it repeats, such as "I.3"; NULL: none */
    const char *absent; /* a sentence: what it needs and this host has not; NULL: nothing */
};

struct limits_cell { /* one run: a row, and the how-manieth repeat of it */
    struct arguments words;
    char label[LIMITS_LABEL];
    char name[LIMITS_NAME]; /* of its directory */
    const char *study, *absent;
    size_t row;      /* from 0, in the order given */
    unsigned repeat; /* from 0 */
};

struct limits_matrix {
    struct limits_cell *cells; /* a row's repeats follow each other */
    size_t count, rows;
    unsigned repeats;
};

/*
 * Makes the rows: `base` words, then those of each of `given` (none given: one row of the base alone), then
 * each combination of `vary`, texts of the form KEY=VALUE,VALUE,... (a comma in a value is written twice),
 * the last one varying fastest; each `repeats` times. -EINVAL with a sentence that names the text.
 */
int limits_matrix_make(struct limits_matrix *ret_matrix, const struct arguments *base,
                       const struct limits_given *given, size_t given_count, const char *const *vary,
                       size_t vary_count, unsigned repeats, struct reason *reason);

/* Frees what it owns; NULL-safe on a zeroed one. */
void limits_matrix_release(struct limits_matrix *matrix);

/* Numbers 0 .. count-1 into `ret_order`: as they are, or for `random`, each order equally likely by `seed`.
 */
void limits_order(size_t *ret_order, size_t count, bool random, uint64_t seed);

/* SHA-256 over the words of all cells: the same matrix has the same one. `ret_text` as of sha256_text(). */
int limits_matrix_sha256(const struct limits_matrix *matrix, char *ret_text);

#endif
