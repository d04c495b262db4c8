/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tables of `mvm limits` as cells of text, for report/limits_*.c. */
#ifndef MVM_REPORT_LIMITS_CELLS_H
#define MVM_REPORT_LIMITS_CELLS_H

#include "report/text.h"
#include "result/limits.h"

#include <stdbool.h>
#include <stddef.h>

struct limits_column {
    const char *heading;
    bool number; /* aligned at the right */
    /* Writes the cell of a row that is DONE. */
    void (*cell)(const struct limits_row *row, const struct limits_figures *figures,
                 char ret_text[TEXT_ROOM]);
};

struct limits_table {
    const char *title;
    const struct limits_column *columns;
    size_t count;
};

enum { LIMITS_TABLES_MOST = 3 };

/* Whether a row repeats one of the study's. */
bool limits_has_study(const struct limits *limits);

/* Bytes of a VM: the slope, or what there is for a row of too few intervals. */
double limits_bytes(const struct limits_figures *figures);

/* The tables that this result is shown in; returns how many. */
size_t limits_tables(const struct limits *limits, struct limits_table ret_tables[LIMITS_TABLES_MOST]);

/* What stands for a row without a result: "cannot run: REASON", "failed: REASON", "not yet". */
void limits_absence(const struct limits_row *row, char *ret_text, size_t room);

/* Sentences that the tables need, `index` from 0; false behind the last. */
bool limits_note(const struct limits *limits, size_t index, char ret_text[2 * TEXT_ROOM]);

#endif
