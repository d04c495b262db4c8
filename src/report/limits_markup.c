/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tables of `mvm limits` for documents. */
#include "report/limits.h"
#include "report/limits_cells.h"

#include <errno.h>
#include <string.h>

/* How a document writes a table; `escape` writes text so that it is nothing but text there. */
struct markup {
    void (*escape)(const char *text, FILE *to);
    void (*begin)(const struct limits_table *table, FILE *to);
    const char *between, *after_row; /* cells; of a row */
    const char *before_row, *end;
    void (*absence)(const char *text, size_t columns, FILE *to);
    void (*note)(const char *text, FILE *to);
};

static void markdown_escape(const char *text, FILE *to)
{
    for (; *text; text++) {
        if (strchr("\\`*_{}[]<>|#~", *text))
            fputc('\\', to);
        fputc(*text, to);
    }
}

static void markdown_begin(const struct limits_table *table, FILE *to)
{
    fprintf(to, "### %s\n\n| row |", table->title);
    for (size_t i = 0; i < table->count; i++)
        fputc(' ', to), markdown_escape(table->columns[i].heading, to), fputs(" |", to);
    fputs("\n| --- |", to);
    for (size_t i = 0; i < table->count; i++)
        fputs(table->columns[i].number ? " ---: |" : " --- |", to);
    fputc('\n', to);
}

/* GitHub's tables know no cells that span others. */
static void markdown_absence(const char *text, size_t columns, FILE *to)
{
    markdown_escape(text, to);
    for (size_t i = 1; i < columns; i++)
        fputs(" | ", to);
}

static void markdown_note(const char *text, FILE *to)
{
    markdown_escape(text, to);
    fputs("\n\n", to);
}

static void latex_escape(const char *text, FILE *to)
{
    static const struct {
        char character;
        const char *command;
    } commands[] = {{'\\', "textbackslash"}, {'~', "textasciitilde"}, {'^', "textasciicircum"},
                    {'<', "textless"},       {'>', "textgreater"},    {'|', "textbar"}};

    for (; *text; text++) {
        size_t i = 0;

        while (i < sizeof(commands) / sizeof(commands[0]) && commands[i].character != *text)
            i++;
        if (i < sizeof(commands) / sizeof(commands[0]))
            fprintf(to, "\\%s{}", commands[i].command);
        else if (strchr("&%$#_{}", *text))
            fprintf(to, "\\%c", *text);
        else
            fputc(*text, to);
    }
}

static void latex_begin(const struct limits_table *table, FILE *to)
{
    fputs("% needs \\usepackage{booktabs}\n% ", to);
    fprintf(to, "%s\n\\begin{tabular}{l", table->title);
    for (size_t i = 0; i < table->count; i++)
        fputc(table->columns[i].number ? 'r' : 'l', to);
    fputs("}\n\\toprule\nrow", to);
    for (size_t i = 0; i < table->count; i++)
        fputs(" & ", to), latex_escape(table->columns[i].heading, to);
    fputs(" \\\\\n\\midrule\n", to);
}

static void latex_absence(const char *text, size_t columns, FILE *to)
{
    fprintf(to, "\\multicolumn{%zu}{l}{", columns);
    latex_escape(text, to);
    fputc('}', to);
}

static void latex_note(const char *text, FILE *to)
{
    fputs("\\par\\noindent ", to);
    latex_escape(text, to);
    fputc('\n', to);
}

static const struct markup markdown = {
    .escape = markdown_escape,
    .begin = markdown_begin,
    .before_row = "| ",
    .between = " | ",
    .after_row = " |\n",
    .end = "\n",
    .absence = markdown_absence,
    .note = markdown_note,
};

static const struct markup latex = {
    .escape = latex_escape,
    .begin = latex_begin,
    .before_row = "",
    .between = " & ",
    .after_row = " \\\\\n",
    .end = "\\bottomrule\n\\end{tabular}\n\n",
    .absence = latex_absence,
    .note = latex_note,
};

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
        markup->begin(&tables[i], to);
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
    return write_all(&markdown, limits, to);
}

int report_limits_latex(const struct limits *limits, FILE *to)
{
    return write_all(&latex, limits, to);
}
