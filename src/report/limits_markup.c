/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tables of `mvm limits` for documents. */
#include "report/limits.h"
#include "report/limits_cells.h"
#include "report/markup.h"

#include <errno.h>

enum { COLUMNS_MOST = 16 };

static void write_row(const struct markup *markup, const struct limits_row *row,
                      const struct limits_table *table, FILE *to)
{
    struct limits_figures figures;
    char text[REASON_ROOM + 32], label[RESULT_TEXT];

    fputs(markup->before_row, to);
    markup->escape(text_clean(row->label, label, sizeof(label)), to);
    fputs(markup->between, to);
    if (row->state != LIMITS_DONE) {
        limits_absence(row, text, sizeof(text));
        markup->absence(text, table->count, to);
    } else {
        limits_row_figures(row, &figures);
        for (size_t i = 0; i < table->count; i++) {
            fputs(i ? markup->between : "", to);
            table->columns[i].cell(row, &figures, text);
            markup->escape(text, to);
        }
    }
    fputs(markup->after_row, to);
}

static int write_all(const struct markup *markup, const struct limits *limits, FILE *to)
{
    struct limits_table tables[LIMITS_TABLES_MOST];
    size_t count = limits_tables(limits, tables);
    char note[2 * TEXT_ROOM];

    for (size_t i = 0; i < count; i++) {
        struct markup_column columns[COLUMNS_MOST];

        for (size_t column = 0; column < tables[i].count; column++)
            columns[column] =
                (struct markup_column){tables[i].columns[column].heading, tables[i].columns[column].number};
        markup->begin(tables[i].title, "row", columns, tables[i].count, to);
        for (size_t row = 0; row < limits->count; row++)
            write_row(markup, &limits->rows[row], &tables[i], to);
        fputs(markup->end, to);
    }
    for (size_t i = 0; limits_note(limits, i, note); i++)
        markup->note(note, to);
    return ferror(to) ? -EIO : 0;
}

int report_limits_markdown(const struct limits *limits, FILE *to)
{
    return write_all(&markup_markdown, limits, to);
}

int report_limits_latex(const struct limits *limits, FILE *to)
{
    return write_all(&markup_latex, limits, to);
}
