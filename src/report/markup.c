/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/markup.h"

#include <string.h>

static void markdown_escape(const char *text, FILE *to)
{
    for (; *text; text++) {
        if (strchr("\\`*_{}[]<>|#~", *text))
            fputc('\\', to);
        fputc(*text, to);
    }
}

static void markdown_begin(const char *title, const char *first, const struct markup_column *columns,
                           size_t count, FILE *to)
{
    fprintf(to, "### %s\n\n| %s |", title, first);
    for (size_t i = 0; i < count; i++)
        fputc(' ', to), markdown_escape(columns[i].heading, to), fputs(" |", to);
    fputs("\n| --- |", to);
    for (size_t i = 0; i < count; i++)
        fputs(columns[i].number ? " ---: |" : " --- |", to);
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

static void latex_begin(const char *title, const char *first, const struct markup_column *columns,
                        size_t count, FILE *to)
{
    fputs("% needs \\usepackage{booktabs}\n% ", to);
    fprintf(to, "%s\n\\begin{tabular}{l", title);
    for (size_t i = 0; i < count; i++)
        fputc(columns[i].number ? 'r' : 'l', to);
    fprintf(to, "}\n\\toprule\n%s", first);
    for (size_t i = 0; i < count; i++)
        fputs(" & ", to), latex_escape(columns[i].heading, to);
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

const struct markup markup_markdown = {
    .escape = markdown_escape,
    .begin = markdown_begin,
    .before_row = "| ",
    .between = " | ",
    .after_row = " |\n",
    .end = "\n",
    .absence = markdown_absence,
    .note = markdown_note,
};

const struct markup markup_latex = {
    .escape = latex_escape,
    .begin = latex_begin,
    .before_row = "",
    .between = " & ",
    .after_row = " \\\\\n",
    .end = "\\bottomrule\n\\end{tabular}\n\n",
    .absence = latex_absence,
    .note = latex_note,
};
