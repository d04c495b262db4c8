/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the page tells of a matrix of `mvm limits`: its tables, its picture, what ended each row. */
#include "report/html_data.h"
#include "report/limits.h"
#include "report/limits_cells.h"
#include "result/json.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static json_t *headings_json(const struct limits_table *table)
{
    json_t *list = json_array();
    bool fine = list != NULL;

    for (size_t i = 0; fine && i < table->count; i++)
        fine = html_append(list, json_pack("{s:s,s:b}", "text", table->columns[i].heading, "number",
                                           (int)table->columns[i].number));
    if (!fine) {
        json_decref(list);
        return NULL;
    }
    return list;
}

static json_t *cells_json(const struct limits_table *table, const struct limits_row *row)
{
    struct limits_figures figures;
    json_t *list = json_array();
    char text[TEXT_ROOM];
    bool fine = list != NULL;

    limits_row_figures(row, &figures);
    for (size_t i = 0; fine && i < table->count; i++) {
        table->columns[i].cell(row, &figures, text);
        fine = html_append(list, html_text(text));
    }
    if (!fine) {
        json_decref(list);
        return NULL;
    }
    return list;
}

static json_t *table_json(const struct limits *limits, const struct limits_table *table)
{
    json_t *rows = json_array();
    bool fine = rows != NULL;

    for (size_t i = 0; fine && i < limits->count; i++) {
        const struct limits_row *row = &limits->rows[i];
        char absence[REASON_ROOM + 32] = "";

        if (row->state != LIMITS_DONE)
            limits_absence(row, absence, sizeof(absence));
        fine = html_append(
            rows, json_pack("{s:o,s:o,s:o}", "label", html_text(row->label), "absence", html_text(absence),
                            "cells", row->state == LIMITS_DONE ? cells_json(table, row) : json_array()));
    }
    if (!fine) {
        json_decref(rows);
        return NULL;
    }
    return json_pack("{s:s,s:o,s:o}", "title", table->title, "headings", headings_json(table), "rows", rows);
}

static json_t *endings_json(const struct limits *limits)
{
    json_t *list = json_array();
    bool fine = list != NULL;

    for (size_t i = 0; fine && i < limits->count; i++) {
        const struct limits_row *row = &limits->rows[i];
        char absence[REASON_ROOM + 32];

        if (row->state != LIMITS_DONE)
            limits_absence(row, absence, sizeof(absence));
        fine = html_append(
            list, json_pack("[o,o]", html_text(row->label),
                            html_text(row->state == LIMITS_DONE ? row->result.stop_reason : absence)));
    }
    if (!fine) {
        json_decref(list);
        return NULL;
    }
    return list;
}

/* As a user would type it. */
static json_t *command_json(const struct limits *limits)
{
    char *text = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&text, &length);

    if (!to)
        return NULL;
    fputs("mvm", to);
    for (char *const *word = limits->words; word && *word; word++) {
        bool plain = **word != '\0';

        for (const char *at = *word; *at; at++)
            plain = plain && (isalnum((unsigned char)*at) || strchr("-_=,./:%+@", *at));
        if (plain) {
            fprintf(to, " %s", *word);
            continue;
        }
        fputs(" '", to);
        for (const char *at = *word; *at; at++)
            fputs(*at == '\'' ? "'\\''" : (char[]){*at, '\0'}, to);
        fputc('\'', to);
    }
    json_t *command = fclose(to) == 0 ? html_text(text) : NULL;

    free(text);
    return command;
}

static json_t *picture_json(const struct limits *limits)
{
    char *svg = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&svg, &length);
    int error = to ? report_limits_svg(limits, to) : -ENOMEM;

    if (to && fclose(to) != 0)
        error = -ENOMEM;
    json_t *picture = error ? NULL : result_json_text(svg);

    free(svg);
    return picture;
}

json_t *html_matrix_json(const struct html_matrix *matrix)
{
    const struct limits *limits = matrix->limits;
    struct limits_table tables[LIMITS_TABLES_MOST];
    size_t count = limits_tables(limits, tables), done = 0;
    json_t *list = json_array(), *notes = json_array();
    char note[2 * TEXT_ROOM];
    bool fine = list && notes;

    for (size_t i = 0; i < limits->count; i++)
        done += limits->rows[i].state == LIMITS_DONE;
    for (size_t i = 0; fine && i < count; i++)
        fine = html_append(list, table_json(limits, &tables[i]));
    for (size_t i = 0; fine && limits_note(limits, i, note); i++)
        fine = html_append(notes, html_text(note));
    json_t *object =
        json_pack("{s:o,s:b,s:I,s:I,s:o,s:o,s:o,s:o,s:o}", "path", html_text(matrix->path), "ladder",
                  (int)limits->ladder, "rows", (json_int_t)limits->count, "done", (json_int_t)done, "command",
                  command_json(limits), "endings", endings_json(limits), "picture", picture_json(limits),
                  "tables", list, "notes", notes);
    if (!fine) {
        json_decref(object);
        return NULL;
    }
    return object;
}
