/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "web/exposition.h"

#include "result/number.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void exposition_begin(struct exposition *text, bool openmetrics)
{
    *text = (struct exposition){.openmetrics = openmetrics};
    text->file = open_memstream(&text->text, &text->length);
}

static const char *suffix(const struct family *family)
{
    return family->type == COUNTER ? "_total" : family->type == INFO ? "_info" : "";
}

static const char *type_name(const struct exposition *text, const struct family *family)
{
    static const char *const names[] = {
        [GAUGE] = "gauge", [COUNTER] = "counter", [INFO] = "info", [HISTOGRAM] = "histogram"};

    return family->type == INFO && !text->openmetrics ? "gauge" : names[family->type];
}

static void begin_family(struct exposition *text, const struct family *family)
{
    const char *end = text->openmetrics ? "" : suffix(family);

    if (strcmp(text->last, family->name) == 0)
        return;
    snprintf(text->last, sizeof(text->last), "%s", family->name);
    fprintf(text->file, "# HELP %s%s %s\n", family->name, end, family->help);
    fprintf(text->file, "# TYPE %s%s %s\n", family->name, end, type_name(text, family));
    if (text->openmetrics && family->unit)
        fprintf(text->file, "# UNIT %s %s\n", family->name, family->unit);
}

static void put_number(struct exposition *text, double value)
{
    char digits[NUMBER_ROOM];

    /* Counts to the last one; of what is measured, as many digits as survive. */
    if (isfinite(value) && value == floor(value) && fabs(value) < 1e17)
        fprintf(text->file, " %.0f\n", value);
    else if (isfinite(value))
        fprintf(text->file, " %s\n", number_digits(value, 15, digits));
    else
        fprintf(text->file, isnan(value) ? " NaN\n" : value > 0 ? " +Inf\n" : " -Inf\n");
}

/* A label's value: the format escapes these three and takes the rest as it is. */
static void put_value(FILE *file, const char *value)
{
    for (; *value; value++)
        if (*value == '\n')
            fputs("\\n", file);
        else if (*value == '"' || *value == '\\')
            fprintf(file, "\\%c", *value);
        else
            fputc(*value, file);
}

void exposition_sample(struct exposition *text, const struct family *family, const char *labels, double value)
{
    if (!text->file)
        return;
    begin_family(text, family);
    fprintf(text->file, "%s%s%s%s%s", family->name, suffix(family), labels ? "{" : "", labels ? labels : "",
            labels ? "}" : "");
    put_number(text, value);
}

void exposition_info(struct exposition *text, const struct family *family, const char *const *names,
                     const char *const *values, size_t count)
{
    const char *between = "";

    if (!text->file)
        return;
    begin_family(text, family);
    fprintf(text->file, "%s%s{", family->name, suffix(family));
    for (size_t i = 0; i < count; i++) {
        if (!values[i])
            continue;
        fprintf(text->file, "%s%s=\"", between, names[i]);
        put_value(text->file, values[i]);
        fputc('"', text->file);
        between = ",";
    }
    fputs("} 1\n", text->file);
}

void exposition_sample_named(struct exposition *text, const struct family *family, const char *label,
                             const char *value, double number)
{
    if (!text->file)
        return;
    begin_family(text, family);
    fprintf(text->file, "%s%s{%s=\"", family->name, suffix(family), label);
    put_value(text->file, value ? value : "");
    fputs("\"}", text->file);
    put_number(text, number);
}

void exposition_histogram(struct exposition *text, const struct family *family, const double *bounds,
                          const double *counts, size_t count, double beyond, double sum)
{
    char digits[NUMBER_ROOM];
    double all = 0;

    if (!text->file)
        return;
    begin_family(text, family);
    for (size_t i = 0; i < count; i++) {
        all += counts[i];
        fprintf(text->file, "%s_bucket{le=\"%s\"}", family->name, number_digits(bounds[i], 6, digits));
        put_number(text, all);
    }
    all += beyond;
    fprintf(text->file, "%s_bucket{le=\"+Inf\"}", family->name);
    put_number(text, all);
    fprintf(text->file, "%s_sum", family->name);
    put_number(text, sum);
    fprintf(text->file, "%s_count", family->name);
    put_number(text, all);
}

int exposition_end(struct exposition *text, char **ret_text, size_t *ret_length)
{
    if (!text->file)
        return -ENOMEM;
    if (text->openmetrics)
        fputs("# EOF\n", text->file);
    if (fclose(text->file) != 0) {
        free(text->text);
        return -ENOMEM;
    }
    *ret_text = text->text;
    *ret_length = text->length;
    return 0;
}
