/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/limits_files.h"

#include "base/file.h"
#include "base/reason.h"
#include "report/limits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int limits_files_write(const struct limits *limits, const char *directory, struct reason *reason)
{
    return limits_write(limits, directory, reason);
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
    fprintf(to, "\nresult   %s/limits.json\n", directory);
}
