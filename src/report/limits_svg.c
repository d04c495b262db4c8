/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The picture of `mvm limits`: panels of bars, one below the other. */
#include "report/limits.h"
#include "report/limits_cells.h"
#include "report/svg.h"
#include "result/number.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum {
    LABEL_WIDTH = 290,
    BARS_LEFT = SVG_MARGIN + LABEL_WIDTH + 10,
    BARS_RIGHT = SVG_WIDTH - 130, /* behind it the value of the longest bar */
    BAR_HEIGHT = 13,
    ROW_GAP = 7,
    PANEL_GAP = 34,
};

struct panel {
    const char *title;
    double (*value)(const struct limits_row *row, const struct limits_figures *figures);
    double (*study)(const struct limits_study *study); /* NULL: the study has no such figure */
    bool logarithmic;
    const char *unit; /* behind each value; NULL: seconds, as text_duration() writes them */
};

static double size_kib(const struct limits_row *row, const struct limits_figures *figures)
{
    (void)row;
    return figures->size_bytes / 1024;
}

static double study_size(const struct limits_study *study)
{
    return study->size_kb;
}

static double whole_memory(const struct result *result)
{
    return (double)(result->plan.memory_limit_bytes ? result->plan.memory_limit_bytes
                                                    : result->limits.memory_total);
}

static double vms_per_gib(const struct limits_row *row, const struct limits_figures *figures)
{
    return (double)figures->vms / (whole_memory(&row->result) / 0x1p30);
}

static double study_vms_per_gib(const struct limits_study *study)
{
    return study->vms / (limits_study_memory_bytes / 0x1p30);
}

static double cpu(const struct limits_row *row, const struct limits_figures *figures)
{
    (void)row;
    return figures->cpu_percent;
}

static double study_cpu(const struct limits_study *study)
{
    return study->cpu_percent;
}

static double start_seconds(const struct limits_row *row, const struct limits_figures *figures)
{
    (void)row;
    return figures->seconds_per_vm;
}

static double study_seconds(const struct limits_study *study)
{
    return study->seconds_per_vm;
}

static double bytes(const struct limits_row *row, const struct limits_figures *figures)
{
    (void)row;
    return limits_bytes(figures);
}

static double idle_cpu(const struct limits_row *row, const struct limits_figures *figures)
{
    (void)row;
    return figures->cpu_per_10000;
}

static double boots(const struct limits_row *row, const struct limits_figures *figures)
{
    (void)row;
    return figures->boots_per_second;
}

static double wake(const struct limits_row *row, const struct limits_figures *figures)
{
    (void)row;
    return figures->wake_seconds;
}

static const struct panel matrix_panels[] = {
    {"Memory per VM", size_kib, study_size, true, " KiB"},
    {"VMs at the end, per GiB of what is 100 %", vms_per_gib, study_vms_per_gib, true, ""},
    {"CPU at the end", cpu, study_cpu, false, " %"},
    {"Time to start one VM", start_seconds, study_seconds, true, NULL},
};

static const struct panel ladder_panels[] = {
    {"Memory per VM", bytes, NULL, true, " B"},
    {"CPU of the host that 10,000 sleeping VMs take", idle_cpu, NULL, true, " %"},
    {"VMs started a second", boots, NULL, true, ""},
    {"Time to wake a VM by a challenge", wake, NULL, true, NULL},
};

enum { PANELS = 4 };

struct scale {
    double least, most;
    bool logarithmic;
};

static double at(const struct scale *scale, double value)
{
    double share = scale->logarithmic ? log10(value / scale->least) / log10(scale->most / scale->least)
                                      : (value - scale->least) / (scale->most - scale->least);

    return BARS_LEFT + fmin(fmax(share, 0), 1) * (BARS_RIGHT - BARS_LEFT);
}

static bool drawable(const struct panel *panel, double value)
{
    return isfinite(value) && (panel->logarithmic ? value > 0 : value >= 0);
}

static void extend(const struct panel *panel, double value, struct scale *scale)
{
    if (!drawable(panel, value))
        return;
    scale->least = fmin(scale->least, value);
    scale->most = fmax(scale->most, value);
}

static struct scale choose_scale(const struct limits *limits, const struct panel *panel)
{
    struct scale scale = {.least = INFINITY, .most = 0, .logarithmic = panel->logarithmic};

    for (size_t i = 0; i < limits->count; i++) {
        const struct limits_row *row = &limits->rows[i];
        struct limits_figures figures;

        if (row->state == LIMITS_DONE) {
            limits_row_figures(row, &figures);
            extend(panel, panel->value(row, &figures), &scale);
        }
        if (row->study && panel->study)
            extend(panel, panel->study(row->study), &scale);
    }
    if (!panel->logarithmic)
        return (struct scale){.least = 0, .most = scale.most > 100 ? scale.most : 100};
    if (scale.most <= 0)
        return (struct scale){.least = 1, .most = 10, .logarithmic = true};
    /* A bar of the least value is still seen. */
    scale.least = pow(10, floor(log10(scale.least) - 0.3));
    scale.most = pow(10, ceil(log10(scale.most)));
    return scale;
}

static void value_text(const struct panel *panel, double value, char ret_text[TEXT_ROOM])
{
    char number[NUMBER_ROOM];

    if (!panel->unit)
        text_duration(value, ret_text);
    else
        snprintf(ret_text, TEXT_ROOM, "%s%s",
                 value >= 1000 ? number_grouped((uint64_t)llround(value), number)
                               : number_plain(value, 3, number),
                 panel->unit);
}

static void bar(FILE *to, const struct panel *panel, const struct scale *scale, double y, double value,
                const char *class)
{
    char x[64], top[64], width[64], text[TEXT_ROOM];

    if (!drawable(panel, value)) {
        svg_text(to, BARS_LEFT + 4, y + BAR_HEIGHT - 2, "small muted",
                 isfinite(value) ? "none measured" : "not known");
        return;
    }
    double end = fmax(at(scale, value), BARS_LEFT + 1);

    fprintf(to, "<rect class=\"%s\" x=\"%s\" y=\"%s\" width=\"%s\" height=\"%d\"/>\n", class,
            svg_number(BARS_LEFT, x), svg_number(y, top), svg_number(end - BARS_LEFT, width), BAR_HEIGHT);
    value_text(panel, value, text);
    svg_text(to, end + 5, y + BAR_HEIGHT - 2, "small", text);
}

static void axis(FILE *to, const struct panel *panel, const struct scale *scale, double top, double bottom)
{
    char text[TEXT_ROOM];

    if (!scale->logarithmic) {
        for (int part = 0; part <= 4; part++) {
            double value = scale->most * part / 4;

            svg_line(to, at(scale, value), top, at(scale, value), bottom, "grid");
            value_text(panel, value, text);
            svg_text(to, at(scale, value), bottom + 14, "small muted middle", part ? text : "0");
        }
        return;
    }
    double decades = log10(scale->most / scale->least);
    int every = decades > 8 ? 2 : 1, tick = 0;

    for (double value = scale->least; value <= scale->most * 1.001; value *= 10, tick++) {
        svg_line(to, at(scale, value), top, at(scale, value), bottom, "grid");
        if (tick % every)
            continue;
        if (panel->unit)
            snprintf(text, sizeof(text), "%g%s", value, panel->unit);
        else
            text_duration(value, text);
        svg_text(to, at(scale, value), bottom + 14, "small muted middle", text);
    }
}

static double rows_height(const struct limits *limits, const struct panel *panel)
{
    double height = 0;

    for (size_t i = 0; i < limits->count; i++)
        height += (limits->rows[i].study && panel->study ? 2 : 1) * BAR_HEIGHT + ROW_GAP;
    return height;
}

static double draw_panel(FILE *to, const struct limits *limits, const struct panel *panel, double y)
{
    struct scale scale = choose_scale(limits, panel);
    double top = y + 12, bottom = top + rows_height(limits, panel);

    svg_text(to, SVG_MARGIN, y, "bold", panel->title);
    axis(to, panel, &scale, top, bottom);
    for (size_t i = 0; i < limits->count; i++) {
        const struct limits_row *row = &limits->rows[i];
        char label[SVG_TEXT_ROOM], text[REASON_ROOM + 32], named[RESULT_TEXT + 16];
        struct limits_figures figures;

        top += ROW_GAP / 2.0;
        if (row->state == LIMITS_DONE)
            snprintf(named, sizeof(named), "%s (class %.1s%s)", row->label, row->result.engine.class_letter,
                     row->result.host.emulated ? "*" : "");
        else
            snprintf(named, sizeof(named), "%s", row->label);
        svg_text(to, SVG_MARGIN + LABEL_WIDTH, top + BAR_HEIGHT - 2, "end",
                 svg_fit(named, SVG_FONT, LABEL_WIDTH, label));
        if (row->state == LIMITS_DONE) {
            limits_row_figures(row, &figures);
            fputs("<g class=\"run0\">\n", to);
            bar(to, panel, &scale, top, panel->value(row, &figures), "fill");
            fputs("</g>\n", to);
        } else {
            limits_absence(row, text, sizeof(text));
            svg_text(to, BARS_LEFT + 4, top + BAR_HEIGHT - 2, "small muted",
                     svg_fit(text, 12, SVG_WIDTH - SVG_MARGIN - BARS_LEFT, label));
        }
        top += BAR_HEIGHT;
        if (row->study && panel->study) {
            fputs("<g class=\"run1\">\n", to);
            bar(to, panel, &scale, top, panel->study(row->study), "fill");
            fputs("</g>\n", to);
            top += BAR_HEIGHT;
        }
        top += ROW_GAP / 2.0;
    }
    svg_line(to, BARS_LEFT, y + 12, BARS_LEFT, bottom, "axis");
    return bottom + PANEL_GAP + 14;
}

static void key(FILE *to, double x, double y, const char *run, const char *text)
{
    char a[64], b[64];

    fprintf(to, "<g class=\"%s\"><rect class=\"fill\" x=\"%s\" y=\"%s\" width=\"14\" height=\"11\"/></g>\n",
            run, svg_number(x, a), svg_number(y - 10, b));
    svg_text(to, x + 20, y, NULL, text);
}

static double draw(const struct limits *limits, FILE *to)
{
    const struct panel *panels = limits->ladder ? ladder_panels : matrix_panels;
    double y = 62;
    char note[2 * TEXT_ROOM];

    svg_text(to, SVG_MARGIN, 36, "title",
             limits->ladder ? "What each rung of the ladder buys"
                            : "Virtual machines to exhaustion, row by row");
    if (limits_has_study(limits)) {
        key(to, SVG_MARGIN, y, "run0", "this host");
        key(to, SVG_MARGIN + 120, y, "run1", "the study of 2013");
        y += 26;
    }
    y += 6;
    for (int i = 0; i < PANELS; i++)
        y = draw_panel(to, limits, &panels[i], y);
    y -= 12;
    for (size_t i = 0; limits_note(limits, i, note); i++)
        y += SVG_LINE * svg_wrap(to, SVG_MARGIN, y, SVG_WIDTH - 2 * SVG_MARGIN, 4, "muted", note);
    return y;
}

int report_limits_svg(const struct limits *limits, FILE *to)
{
    char *body = NULL;
    size_t length = 0;
    FILE *memory = open_memstream(&body, &length);

    if (!memory)
        return -ENOMEM;
    int height = (int)ceil(draw(limits, memory));

    if (fclose(memory) != 0) {
        free(body);
        return -ENOMEM;
    }
    svg_begin(to, height, "Virtual machines to exhaustion");
    fwrite(body, 1, length, to);
    fputs("</svg>\n", to);
    free(body);
    return ferror(to) ? -EIO : 0;
}
