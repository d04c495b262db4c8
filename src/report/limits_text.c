/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/limits.h"
#include "report/limits_cells.h"
#include "result/number.h"

#include <errno.h>
#include <string.h>

enum { COLUMNS_MOST = 16, LABEL_MOST = 36, REASONS_MOST = 24 };

static size_t label_width(const struct limits *limits)
{
    size_t width = 3;

    for (size_t i = 0; i < limits->count; i++) {
        char label[RESULT_TEXT];
        size_t columns = text_columns(text_clean(limits->rows[i].label, label, sizeof(label)));

        if (columns > width && columns <= LABEL_MOST)
            width = columns;
    }
    return width;
}

static void pad(const char *text, size_t width, bool right, FILE *to)
{
    size_t columns = text_columns(text);
    int space = columns < width ? (int)(width - columns) : 0;

    fprintf(to, "%*s%s%*s", right ? space : 0, "", text, right ? 0 : space, "");
}

/* A long label has a line to itself, so that the columns hold. */
static void print_label(const struct limits_row *row, size_t width, FILE *to)
{
    char label[RESULT_TEXT];

    text_clean(row->label, label, sizeof(label));
    pad(label, width, false, to);
    if (text_columns(label) > width)
        fprintf(to, "\n%*s", (int)width, "");
}

static void measure(const struct limits *limits, const struct limits_table *table,
                    size_t widths[COLUMNS_MOST])
{
    char text[TEXT_ROOM];

    for (size_t column = 0; column < table->count; column++) {
        widths[column] = text_columns(table->columns[column].heading);
        for (size_t i = 0; i < limits->count; i++) {
            struct limits_figures figures;

            if (limits->rows[i].state != LIMITS_DONE)
                continue;
            limits_row_figures(&limits->rows[i], &figures);
            table->columns[column].cell(&limits->rows[i], &figures, text);
            if (text_columns(text) > widths[column])
                widths[column] = text_columns(text);
        }
    }
}

static void print_row(const struct limits_row *row, const struct limits_table *table, size_t first,
                      const size_t widths[COLUMNS_MOST], FILE *to)
{
    struct limits_figures figures;
    char text[TEXT_ROOM];

    print_label(row, first, to);
    limits_row_figures(row, &figures);
    for (size_t column = 0; column < table->count; column++) {
        table->columns[column].cell(row, &figures, text);
        fputs("  ", to);
        pad(text, column + 1 == table->count && !table->columns[column].number ? 0 : widths[column],
            table->columns[column].number, to);
    }
    fputc('\n', to);
}

static void print_table(const struct limits *limits, const struct limits_table *table, FILE *to)
{
    size_t widths[COLUMNS_MOST], first = label_width(limits);

    measure(limits, table, widths);
    fprintf(to, "%s\n", table->title);
    pad("row", first, false, to);
    for (size_t column = 0; column < table->count; column++) {
        fputs("  ", to);
        pad(table->columns[column].heading, widths[column], table->columns[column].number, to);
    }
    fputc('\n', to);
    for (size_t i = 0; i < limits->count; i++)
        if (limits->rows[i].state == LIMITS_DONE)
            print_row(&limits->rows[i], table, first, widths, to);
    fputc('\n', to);
}

static void mean_text(const struct statistic *statistic, double unit, char ret_text[TEXT_ROOM])
{
    char mean[NUMBER_ROOM], sd[NUMBER_ROOM];

    if (statistic->n == 0)
        snprintf(ret_text, TEXT_ROOM, "-");
    else
        snprintf(ret_text, TEXT_ROOM, "%s ± %s", number_digits(statistic->mean / unit, 4, mean),
                 number_digits(statistic->sd / unit, 2, sd));
}

static void print_repeats(const struct limits *limits, FILE *to)
{
    struct limits_repeats repeats;
    size_t first = label_width(limits);
    bool any = false;

    for (size_t i = 0; i < limits->count; i++) {
        const struct limits_row *row = &limits->rows[i];
        const struct {
            const struct statistic *statistic;
            double unit;
        } cells[] = {{&repeats.vms, 1},
                     {&repeats.bytes_per_vm, 1024},
                     {&repeats.cpu_per_10000, 1},
                     {&repeats.boots_per_second, 1}};
        char text[TEXT_ROOM];

        if (row->repeat > 0 || !limits_repeats(limits, row->number, &repeats))
            continue;
        if (!any) {
            fputs("Repeats: mean and standard deviation\n", to);
            pad("row", first, false, to);
            fprintf(to, "  %3s  %20s  %20s  %20s  %20s\n", "n", "VMs", "KiB/VM, slope", "CPU % a 10,000",
                    "boot/s");
        }
        any = true;
        print_label(row, first, to);
        fprintf(to, "  %3u", repeats.count);
        for (size_t cell = 0; cell < sizeof(cells) / sizeof(cells[0]); cell++) {
            mean_text(cells[cell].statistic, cells[cell].unit, text);
            fputs("  ", to);
            pad(text, 20, true, to);
        }
        fputc('\n', to);
    }
    if (any)
        fputc('\n', to);
}

static void print_reasons(const struct limits *limits, FILE *to)
{
    for (size_t i = 0; i < limits->count; i++) {
        const struct limits_row *row = &limits->rows[i];
        char label[RESULT_TEXT], text[REASON_ROOM + 32];

        if (row->state == LIMITS_DONE && limits->count > REASONS_MOST)
            continue;
        if (row->state == LIMITS_DONE)
            snprintf(text, sizeof(text), "%.1000s", row->result.stop_reason);
        else
            limits_absence(row, text, sizeof(text));
        text_print_wrapped("", text_clean(row->label, label, sizeof(label)), to);
        text_print_wrapped("  ", text, to);
    }
    fputc('\n', to);
}

int report_limits_text(const struct limits *limits, FILE *to)
{
    struct limits_table tables[LIMITS_TABLES_MOST];
    size_t count = limits_tables(limits, tables);
    char note[2 * TEXT_ROOM];
    bool done = false;

    for (size_t i = 0; i < limits->count; i++)
        done = done || limits->rows[i].state == LIMITS_DONE;
    for (size_t i = 0; done && i < count; i++)
        print_table(limits, &tables[i], to);
    print_repeats(limits, to);
    print_reasons(limits, to);
    for (size_t i = 0; limits_note(limits, i, note); i++)
        text_print_wrapped("", note, to);
    return ferror(to) ? -EIO : 0;
}
