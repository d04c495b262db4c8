/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/report_output.h"

#include "base/file.h"
#include "base/reason.h"
#include "report/limits.h"
#include "report/raster.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

const char *const report_formats[] = {"svg", "png", "pdf", "markdown", "latex", "html", NULL};

static const struct {
    const char *ending, *format;
} endings[] = {
    {"svg", "svg"},   {"png", "png"},   {"pdf", "pdf"},  {"md", "markdown"},
    {"tex", "latex"}, {"html", "html"}, {"htm", "html"},
};

enum { ENDINGS = sizeof(endings) / sizeof(endings[0]) };

static bool is(const char *format, const char *name)
{
    return strcmp(format, name) == 0;
}

const char *report_format_of(const char *out)
{
    const char *dot = out ? strrchr(out, '.') : NULL;

    for (size_t i = 0; dot && i < ENDINGS; i++)
        if (strcasecmp(dot + 1, endings[i].ending) == 0)
            return endings[i].format;
    return "svg";
}

static const char *ending_of(const char *format)
{
    for (size_t i = 0; i < ENDINGS; i++)
        if (is(format, endings[i].format))
            return endings[i].ending;
    return "svg";
}

int report_format_check(const char *format, struct reason *reason)
{
    if (is(format, "html") && !report_html_built())
        return reason_set(
            reason, ENOTSUP,
            "this mvm was built without the page of --html (meson's option html_report, which needs "
            "npm or uplot_dist); --format svg draws its pictures");
    if ((is(format, "png") || is(format, "pdf")) && !report_raster_built())
        return reason_set(reason, ENOTSUP,
                          "this mvm was built without --format %s (meson's option png_pdf, which needs "
                          "librsvg2-dev); --format svg draws the same",
                          format);
    return 0;
}

const char *report_subject_name(enum report_subject subject)
{
    static const char *const names[] = {[REPORT_RESOURCES] = "resources",
                                        [REPORT_QOS] = "qos",
                                        [REPORT_MEMORY] = "memory",
                                        [REPORT_HOSTS] = "hosts"};

    return names[subject];
}

int report_output_place(struct report_output *output, char *const *paths, size_t count, struct reason *reason)
{
    bool page = is(output->format, "html"),
         table = is(output->format, "markdown") || is(output->format, "latex");
    const char *path = paths[0], *slash = strrchr(path, '/');
    struct stat status;
    char name[64];
    int length;

    snprintf(name, sizeof(name), "%s.%s",
             page || (count > 1 && output->subject == REPORT_RESOURCES)
                 ? "report"
                 : report_subject_name(output->subject),
             ending_of(output->format));
    if (!page && count == 1 && output->subject == REPORT_RESOURCES) {
        char *inside = NULL;

        if (asprintf(&inside, "%s/result.json", path) >= 0 && stat(path, &status) == 0 &&
            S_ISDIR(status.st_mode) && stat(inside, &status) != 0)
            snprintf(name, sizeof(name), "limits.%s", ending_of(output->format));
        free(inside);
    }
    output->printed = table && !output->out;
    if (output->out)
        length = snprintf(output->place, sizeof(output->place), "%s", output->out);
    else if (count > 1)
        length = snprintf(output->place, sizeof(output->place), "%s", name);
    else if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        length = snprintf(output->place, sizeof(output->place), "%s%s%s", path,
                          slash && slash[1] == '\0' ? "" : "/", name);
    else
        length = snprintf(output->place, sizeof(output->place), "%.*s%s", slash ? (int)(slash - path + 1) : 0,
                          path, name);
    if (length == 0)
        return reason_set(reason, EINVAL, "--out needs the name of a file");
    if ((size_t)length >= sizeof(output->place))
        return reason_set(reason, ENAMETOOLONG, "the name of the file to write is too long");
    return 0;
}

static int write_matrix(const struct limits *limits, const char *format, FILE *to)
{
    if (is(format, "markdown"))
        return report_limits_markdown(limits, to);
    if (is(format, "latex"))
        return report_limits_latex(limits, to);
    return report_limits_svg(limits, to);
}

static int write_runs(const struct report_output *output, const struct report_inputs *inputs, FILE *to)
{
    if (is(output->format, "markdown"))
        return report_write_markdown(inputs->runs, inputs->count, to);
    if (is(output->format, "latex"))
        return report_write_latex(inputs->runs, inputs->count, to);
    if (output->subject == REPORT_QOS)
        return report_write_qos_svg(inputs->runs, inputs->count, to);
    if (output->subject == REPORT_HOSTS)
        return report_write_hosts_svg(inputs->runs, inputs->count, to);
    if (output->subject == REPORT_MEMORY)
        return report_write_memory_svg(inputs->runs, inputs->count, to);
    return report_write_svg(inputs->runs, inputs->count, to);
}

static int write_text(const struct report_output *output, const struct report_inputs *inputs, FILE *to)
{
    if (is(output->format, "html")) {
        const struct html_report page = {.runs = inputs->html,
                                         .run_count = inputs->count,
                                         .matrices = inputs->matrices,
                                         .matrix_count = inputs->matrix_count};

        return report_write_html(&page, to);
    }
    return inputs->count > 0 ? write_runs(output, inputs, to)
                             : write_matrix(inputs->matrices[0].limits, output->format, to);
}

/* The SVG in `*text` as what was asked for. */
static int rasterize(const struct report_output *output, const struct report_inputs *inputs, char **text,
                     size_t *length, struct reason *reason)
{
    char *bytes = NULL;
    size_t count = 0;
    double when = inputs->count > 0 ? inputs->runs[0].result->started_at : 0;
    int error = report_raster(*text, *length, is(output->format, "png") ? RASTER_PNG : RASTER_PDF, when,
                              &bytes, &count, reason);

    if (error)
        return error;
    free(*text);
    *text = bytes;
    *length = count;
    return 0;
}

int report_output_write(const struct report_output *output, const struct report_inputs *inputs,
                        struct reason *reason)
{
    char *text = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&text, &length);
    int error = to ? write_text(output, inputs, to) : -ENOMEM;

    if (to && fclose(to) != 0 && !error)
        error = -ENOMEM;
    if (error)
        error = reason_errno(reason, -error, "cannot draw the picture");
    else if (is(output->format, "png") || is(output->format, "pdf"))
        error = rasterize(output, inputs, &text, &length, reason);
    if (!error && output->printed)
        error = fwrite(text, 1, length, stdout) == length
                    ? 0
                    : reason_errno(reason, errno, "cannot write the table");
    else if (!error)
        error = file_replace(output->place, text, length, reason);
    free(text);
    return error;
}
