/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One line of Prometheus' exposition format. */
#ifndef MVM_NODE_EXPOSITION_LINE_H
#define MVM_NODE_EXPOSITION_LINE_H

#include <stdbool.h>
#include <stddef.h>

struct series {
    const char *name, *labels; /* into the line */
    size_t name_length, labels_length;
    double value;
};

/* 1: a series; 0: a comment or an empty line; -EINVAL: neither. `line` has no newline, and need not end with
 * a NUL. */
int series_parse(const char *line, size_t length, struct series *ret_series);

/* Copies the value of a label as it stands, cut to the room; false, and "", when there is none of that name.
 */
bool series_label(const struct series *series, const char *label, char *ret_value, size_t room);

bool series_is(const struct series *series, const char *name);

#endif
