/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/limits_files.h"

#include "base/file.h"
#include "base/reason.h"
#include "report/limits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *title;
    int (*write)(const struct limits *limits, FILE *to);
} files[] = {
    {"limits.txt", "tables", report_limits_text},
    {"limits.md", "Markdown", report_limits_markdown},
    {"limits.tex", "LaTeX", report_limits_latex},
    {"limits.svg", "picture", report_limits_svg},
};

enum { FILES = sizeof(files) / sizeof(files[0]) };

static int write_file(const struct limits *limits, const char *directory, size_t at, struct reason *reason)
{
    char path[4200], *bytes = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&bytes, &length);
    int error = to ? files[at].write(limits, to) : -ENOMEM;

    if (to && fclose(to) != 0)
        error = -ENOMEM;
    snprintf(path, sizeof(path), "%s/%s", directory, files[at].name);
    error = error ? reason_set(reason, -error, "cannot make %s", path)
                  : file_replace(path, bytes, length, reason);
    free(bytes);
    return error;
}

int limits_files_write(const struct limits *limits, const char *directory, struct reason *reason)
{
    int error = limits_write(limits, directory, reason);

    for (size_t i = 0; !error && i < FILES; i++)
        error = write_file(limits, directory, i, reason);
    return error;
}

int limits_files_print(const struct limits *limits, struct reason *reason)
{
    char *text;
    size_t length;

    if (limits_to_text(limits, &text, &length) < 0)
        return reason_set(reason, ENOMEM, "no memory to print the result");
    fwrite(text, 1, length, stdout);
    free(text);
    return 0;
}

void limits_files_name(const char *directory, FILE *to)
{
    fprintf(to, "\n%-10s%s/limits.json\n", "result", directory);
    for (size_t i = 0; i < FILES; i++)
        fprintf(to, "%-10s%s/%s\n", files[i].title, directory, files[i].name);
}
