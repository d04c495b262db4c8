/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables for documents: Markdown (GitHub's), and LaTeX for \input with the package booktabs. */
#ifndef MVM_REPORT_MARKUP_H
#define MVM_REPORT_MARKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct markup_column {
    const char *heading;
    bool number; /* aligned at the right */
};

/* How a document writes a table; `escape` writes text so that it is nothing but text there. The first column,
 * with what a row is, stands before the `count` ones. */
struct markup {
    void (*escape)(const char *text, FILE *to);
    void (*begin)(const char *title, const char *first, const struct markup_column *columns, size_t count,
                  FILE *to);
    const char *between, *after_row; /* cells; of a row */
    const char *before_row, *end;
    void (*absence)(const char *text, size_t columns, FILE *to); /* in place of that many cells */
    void (*note)(const char *text, FILE *to);
};

extern const struct markup markup_markdown, markup_latex;

#endif
