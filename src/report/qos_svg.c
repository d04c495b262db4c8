/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The picture of the quality of service: the parts put together. */
#include "report/qos_plot.h"

#include "report/text.h"
#include "result/number.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum { LATENCY_HEIGHT = 330, THROUGHPUT_HEIGHT = 130, PLOTS_APART = 28 };
enum { PLOT_TOP = 84, PLOT_LEFT = 104, PLOT_RIGHT = SVG_WIDTH - 92 };

static const char title[] = "Quality of service by number of virtual machines";

bool report_has_load(const struct result *result)
{
    for (size_t i = 0; i < result->interval_count; i++)
        if (result->intervals[i].load_known)
            return true;
    return false;
}

static void heading(const struct picture *picture)
{
    char line[SVG_TEXT_ROOM], fitted[SVG_TEXT_ROOM];

    if (picture->count == 1)
        snprintf(line, sizeof(line), "%s: %.900s", title, picture->runs[0].label);
    else
        snprintf(line, sizeof(line), "%s: %zu runs", title, picture->count);
    svg_text(picture->to, SVG_MARGIN, 36, "title", svg_fit(line, 20, SVG_WIDTH - 2 * SVG_MARGIN, fitted));
    svg_text(
        picture->to, SVG_MARGIN, 58, "muted",
        "Latency counts from when a request was to be sent; one not answered right counts as the time-out.");
}

static void key(struct picture *picture)
{
    double x = SVG_MARGIN, y = picture->y + 30;

    fputs("<g class=\"key\">\n", picture->to);
    for (int c = 0; c < QOS_CURVES; c++) {
        const char *name = qos_curve_name((enum qos_curve)c);

        svg_line(picture->to, x, y - 4, x + 40, y - 4, qos_curve_dash((enum qos_curve)c));
        qos_curve_marker(picture->to, (enum qos_curve)c, x + 20, y - 4);
        svg_text(picture->to, x + 48, y, NULL, name);
        x += 48 + svg_text_width(name, SVG_FONT) + 24;
    }
    svg_line(picture->to, x, y - 4, x + 40, y - 4, "drop");
    svg_text(picture->to, x + 48, y, NULL, "requests a second that were asked for");
    fputs("</g>\n", picture->to);
    picture->y = y + 10;
}

/* The load, and how it was answered where the population was largest. */
static void load_line(const struct result *result, char ret_text[SVG_TEXT_ROOM])
{
    const struct result_interval *last = NULL;
    char load[TEXT_ROOM], part[NUMBER_ROOM], vms[NUMBER_ROOM], p50[TEXT_ROOM], p99[TEXT_ROOM],
        p999[TEXT_ROOM];

    for (size_t i = 0; i < result->interval_count; i++)
        if (result->intervals[i].load_known)
            last = &result->intervals[i];
    double answered =
        last && last->load.due ? 100 * (double)last->load.answered / (double)last->load.due : NAN;

    snprintf(ret_text, SVG_TEXT_ROOM, "%s · at %s VMs %s %% answered right, p50 %s, p99 %s, p99.9 %s",
             text_load(result, load), number_grouped(last ? last->vms : 0, vms),
             isfinite(answered) ? number_digits(answered, 4, part) : "?",
             text_duration(last ? last->load.p50 : 0, p50), text_duration(last ? last->load.p99 : 0, p99),
             text_duration(last ? last->load.p999 : 0, p999));
}

static void legend(struct picture *picture)
{
    key(picture);
    for (size_t r = 0; r < picture->count; r++) {
        const struct result *result = picture->runs[r].result;
        char line[SVG_TEXT_ROOM], vms[SVG_TEXT_ROOM], whole[TEXT_ROOM];

        svg_entry_begin(picture, r);
        svg_entry_vms(result, vms);
        snprintf(line, sizeof(line), "%.700s · 100 %% is %s", vms, text_whole(result, whole));
        svg_entry_line(picture, 2, "muted", line);
        load_line(result, line);
        svg_entry_line(picture, 2, NULL, line);
        svg_entry_end(picture, r);
    }
}

static void draw(struct picture *picture)
{
    picture->left = PLOT_LEFT;
    picture->right = PLOT_RIGHT;
    svg_choose_axis(picture);
    heading(picture);
    picture->top = PLOT_TOP;
    picture->bottom = picture->top + LATENCY_HEIGHT;
    qos_latency_plot(picture);
    picture->top = picture->bottom + PLOTS_APART;
    picture->bottom = picture->top + THROUGHPUT_HEIGHT;
    qos_throughput_plot(picture);
    picture->y = picture->bottom + 42;
    legend(picture);
    svg_footer(picture);
}

int report_write_qos_svg(const struct report_run *runs, size_t count, FILE *to)
{
    for (size_t r = 0; r < count; r++)
        if (!report_has_load(runs[r].result))
            return -ENODATA;
    return svg_whole(runs, count, title, draw, to);
}
