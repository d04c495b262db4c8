/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Text that Prometheus scrapes: OpenMetrics 1.0, or the older text format 0.0.4, which differ in how a
 * counter's family is called, in units, in infos and in the end.
 */
#ifndef MVM_WEB_EXPOSITION_H
#define MVM_WEB_EXPOSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum family_type { GAUGE, COUNTER, INFO, HISTOGRAM };

struct family {
    const char *name; /* without _total and _info; with its unit, when it has one */
    enum family_type type;
    const char *unit; /* NULL: none */
    const char *help;
};

struct exposition {
    FILE *file;
    char *text;
    size_t length;
    bool openmetrics;
    char last[64]; /* the family that samples belong to */
};

void exposition_begin(struct exposition *text, bool openmetrics);

/* A sample; the family's lines stand before its first. `labels` are as in the format, or NULL. */
void exposition_sample(struct exposition *text, const struct family *family, const char *labels,
                       double value);

/* One with a label, whose value may be any text; NULL: "". */
void exposition_sample_named(struct exposition *text, const struct family *family, const char *label,
                             const char *value, double number);

/* An info: labels with a value of 1. Those that are NULL are left out. */
void exposition_info(struct exposition *text, const struct family *family, const char *const *names,
                     const char *const *values, size_t count);

/* A histogram of `count` buckets: bucket i counts what is at most bounds[i], counted by itself (not
 * cumulative); `beyond` is what is above all, `sum` the sum of all values. */
void exposition_histogram(struct exposition *text, const struct family *family, const double *bounds,
                          const double *counts, size_t count, double beyond, double sum);

/* The text, malloc'd. -ENOMEM. */
int exposition_end(struct exposition *text, char **ret_text, size_t *ret_length);

#endif
