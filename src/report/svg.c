/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The resource picture: the parts put together. */
#include "report/svg.h"
#include "report/text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum { PLOT_HEIGHT = 420, PLOT_LEFT = 78, PLOT_RIGHT = SVG_WIDTH - 92, STOP_ROW_HEIGHT = 18 };

static void heading(const struct picture *picture)
{
    char title[SVG_TEXT_ROOM], line[SVG_TEXT_ROOM], whole[TEXT_ROOM];
    if (picture->count == 1)
        snprintf(line, sizeof(line), "Resources by number of virtual machines: %.900s",
                 picture->runs[0].label);
    else
        snprintf(line, sizeof(line), "Resources by number of virtual machines: %zu runs", picture->count);
    svg_text(picture->to, SVG_MARGIN, 36, "title", svg_fit(line, 20, SVG_WIDTH - 2 * SVG_MARGIN, title));
    if (svg_whole_agrees(picture))
        snprintf(line, sizeof(line), "100 %% is %s. Bars: 95 %% confidence intervals of the means.",
                 text_whole(picture->runs[0].result, whole));
    else
        snprintf(
            line, sizeof(line),
            "100 %% differs between the runs: see below. Bars: 95 %% confidence intervals of the means.");
    svg_text(picture->to, SVG_MARGIN, 58, "muted", line);
}

static bool is_empty(const struct picture *picture)
{
    for (size_t r = 0; r < picture->count; r++)
        if (picture->runs[r].result->interval_count > 0)
            return false;
    return true;
}

static void draw(struct picture *picture)
{
    struct svg_stop stops[SVG_RUNS_MOST];
    picture->left = PLOT_LEFT;
    picture->right = PLOT_RIGHT;
    svg_choose_axis(picture);
    picture->top = 80 + svg_stop_rows(picture, stops) * STOP_ROW_HEIGHT;
    picture->bottom = picture->top + PLOT_HEIGHT;

    heading(picture);
    svg_axes(picture);
    svg_thresholds(picture);
    svg_stops(picture, stops);
    svg_series(picture);
    if (is_empty(picture))
        svg_text(picture->to, (picture->left + picture->right) / 2, (picture->top + picture->bottom) / 2,
                 "muted middle", "No interval was measured.");
    svg_legend(picture);
    svg_footer(picture);
}

int svg_whole(const struct report_run *runs, size_t count, const char *title,
              void (*draw_all)(struct picture *picture), FILE *to)
{
    char *body = NULL;
    size_t length = 0;
    if (count == 0 || count > SVG_RUNS_MOST)
        return -EINVAL;

    /* The height is known once all is drawn. */
    struct picture picture = {.to = open_memstream(&body, &length), .runs = runs, .count = count};
    if (!picture.to)
        return -ENOMEM;
    draw_all(&picture);
    if (fclose(picture.to) != 0) {
        free(body);
        return -ENOMEM;
    }
    int height = (int)ceil(picture.y);
    svg_begin(to, height, title);
    fwrite(body, 1, length, to);
    fputs("</svg>\n", to);
    free(body);
    return ferror(to) ? -EIO : 0;
}

int report_write_svg(const struct report_run *runs, size_t count, FILE *to)
{
    return svg_whole(runs, count, "Resources by number of virtual machines", draw, to);
}
