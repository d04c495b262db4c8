/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/svg.h"

#include <math.h>
#include <string.h>

enum { ROW_HEIGHT = 18, MARK_ROOM = 10, LABEL_WIDTH = 130, LABEL_BYTES = 160 };

/* The resource that stopped the run, or RESOURCE_COUNT. */
static enum resource stopping_resource(const struct result *result)
{
    for (enum resource resource = 0; resource < RESOURCE_COUNT; resource++)
        if (result->stopped_by != STOP_NOT_YET && stop_of_resource(resource) == result->stopped_by)
            return resource;
    return RESOURCE_COUNT;
}

static const char *stop_text(const struct result *result)
{
    const char *name = stop_name(result->stopped_by);
    return name ? name : result->ended_at > 0 ? "ended" : "unfinished";
}

struct span {
    double from, to;
};

static struct span stop_span(const struct svg_stop *stop)
{
    double width = svg_text_width(stop->text, 12);
    double text_from = stop->text_left ? stop->text_x - width : stop->text_x;
    return (struct span){.from = fmin(text_from, stop->x - MARK_ROOM / 2.0),
                         .to = fmax(text_from + width, stop->x + MARK_ROOM / 2.0)};
}

int svg_stop_rows(const struct picture *picture, struct svg_stop stops[SVG_RUNS_MOST])
{
    int rows = 0;
    for (size_t r = 0; r < picture->count; r++) {
        const struct result *result = picture->runs[r].result;
        struct svg_stop *stop = &stops[r];
        *stop = (struct svg_stop){.row = -1};
        if (result->interval_count == 0)
            continue;
        char short_label[REPORT_LABEL_ROOM], label[SVG_TEXT_ROOM];
        /* Up to the first comma: what follows stands in the legend. */
        snprintf(short_label, sizeof(short_label), "%.*s", (int)strcspn(picture->runs[r].label, ","),
                 picture->runs[r].label);
        if (picture->count > 1)
            snprintf(stop->text, sizeof(stop->text), "%zu: %.*s: %s", r + 1, LABEL_BYTES,
                     svg_fit(short_label, 12, LABEL_WIDTH, label), stop_text(result));
        else
            snprintf(stop->text, sizeof(stop->text), "stopped: %s", stop_text(result));
        stop->x = svg_x(picture, (double)result->intervals[result->interval_count - 1].vms);
        stop->text_left = stop->x + MARK_ROOM + svg_text_width(stop->text, 12) > SVG_WIDTH - SVG_MARGIN;
        stop->text_x = stop->x + (stop->text_left ? -MARK_ROOM : MARK_ROOM);

        /* The lowest row in which it touches none placed before. */
        struct span mine = stop_span(stop);
        bool moved = true;
        for (stop->row = 0; moved;) {
            moved = false;
            for (size_t other = 0; other < r; other++) {
                struct span theirs = stop_span(&stops[other]);
                if (stops[other].row == stop->row && mine.from < theirs.to + 8 && theirs.from < mine.to + 8)
                    moved = true;
            }
            stop->row += moved;
        }
        rows = stop->row + 1 > rows ? stop->row + 1 : rows;
    }
    return rows;
}

void svg_stops(const struct picture *picture, const struct svg_stop stops[SVG_RUNS_MOST])
{
    char x[64], y[64];
    for (size_t r = 0; r < picture->count; r++) {
        const struct result *result = picture->runs[r].result;
        const struct svg_stop *stop = &stops[r];
        if (stop->row < 0)
            continue;
        double base = picture->top - 9 - stop->row * ROW_HEIGHT;
        fprintf(picture->to, "<g class=\"run%zu\">\n", r);
        svg_line(picture->to, stop->x, base, stop->x, picture->bottom, "drop");
        fprintf(picture->to, "<path class=\"fill\" transform=\"translate(%s %s)\" d=\"M0 0L5-9H-5z\"/>\n",
                svg_number(stop->x, x), svg_number(base, y));
        svg_text(picture->to, stop->text_x, base, stop->text_left ? "small end" : "small", stop->text);

        /* A ring around the point that passed the threshold. */
        enum resource resource = stopping_resource(result);
        const struct result_interval *last = &result->intervals[result->interval_count - 1];
        if (resource < RESOURCE_COUNT && last->known[resource] && isfinite(last->percent[resource].mean))
            fprintf(picture->to, "<circle class=\"open\" cx=\"%s\" cy=\"%s\" r=\"8\"/>\n",
                    svg_number(stop->x, x), svg_number(svg_y(picture, last->percent[resource].mean), y));
        fputs("</g>\n", picture->to);
    }
}
