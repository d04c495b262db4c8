/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The picture of several hosts: above, how much each has given away, where that is told; where they are read
 * themselves, how much CPU and memory each uses; below, how many VMs it has. */
#include "report/hosts.h"
#include "report/svg.h"
#include "report/text.h"
#include "result/number.h"

#include <errno.h>
#include <math.h>

enum {
    PERCENT_HEIGHT = 280,
    USED_HEIGHT = 160,
    VMS_HEIGHT = 160,
    PLOTS_APART = 28,
    PLOT_TOP = 84,
    PLOT_LEFT = 104
};
enum { PLOT_RIGHT = SVG_WIDTH - 92, TITLE_DISTANCE = 68, KEY_LINE = 24 };

static const char title[] = "Hosts by number of virtual machines";

static const struct result *result_of(const struct picture *picture)
{
    return picture->runs[0].result;
}

/* Where on a plot a point is; NAN: nowhere. */
typedef double (*place)(const struct picture *picture, const struct result_host_point *point, double most);

static double place_percent(const struct picture *picture, const struct result_host_point *point, double most)
{
    enum host_allotment unused;
    double percent = hosts_fullest(point, &unused);

    (void)most;
    return isfinite(percent) ? svg_y(picture, percent) : NAN;
}

static double place_used(const struct picture *picture, const struct result_host_point *point,
                         enum resource resource)
{
    return point->use_known && point->use.known[resource] ? svg_y(picture, point->use.percent[resource].mean)
                                                          : NAN;
}

static double place_cpu(const struct picture *picture, const struct result_host_point *point, double most)
{
    (void)most;
    return place_used(picture, point, RESOURCE_CPU);
}

static double place_memory(const struct picture *picture, const struct result_host_point *point, double most)
{
    (void)most;
    return place_used(picture, point, RESOURCE_MEMORY);
}

static double place_vms(const struct picture *picture, const struct result_host_point *point, double most)
{
    return svg_y(picture, 100 * (double)point->vms / most);
}

static void draw_host(const struct picture *picture, size_t index, size_t look, place at, double most)
{
    const struct result_host *host = &result_of(picture)->hosts[index];
    enum resource marker = (enum resource)(look % RESOURCE_COUNT);
    char x[64], y[64];

    fprintf(picture->to, "<g class=\"run%zu\">\n<path class=\"%s\" d=\"", look, svg_dash_class(marker));
    for (size_t i = 0, drawn = 0; i < host->point_count; i++) {
        double height = at(picture, &host->points[i], most);

        if (isfinite(height))
            fprintf(picture->to, "%c%s %s", drawn++ ? 'L' : 'M',
                    svg_number(svg_x(picture, (double)host->points[i].vms_of_all), x), svg_number(height, y));
    }
    fputs("\"/>\n", picture->to);
    for (size_t i = 0; i < host->point_count; i++) {
        double height = at(picture, &host->points[i], most);

        if (isfinite(height))
            svg_marker(picture->to, marker, svg_x(picture, (double)host->points[i].vms_of_all), height, 0.85);
    }
    fputs("</g>\n", picture->to);
}

/* The upright axis from 0 to `most`, with a line at every `step`. */
static void axis(const struct picture *picture, double most, double step, const char *name)
{
    for (double value = 0; value <= most * (1 + 1e-9); value += step) {
        char text[NUMBER_ROOM];
        double y = svg_y(picture, 100 * value / most);

        if (value > 0)
            svg_line(picture->to, picture->left, y, picture->right, y, "grid");
        svg_line(picture->to, picture->left - 5, y, picture->left, y, "axis");
        svg_text(picture->to, picture->left - 9, y + 4, "small muted end", number_digits(value, 6, text));
    }
    svg_axis_title(picture, TITLE_DISTANCE, name);
}

static double most_on_a_host(const struct picture *picture)
{
    const struct result *result = result_of(picture);
    uint64_t most = 1;

    for (size_t h = 0; h < result->host_count; h++)
        for (size_t i = 0; i < result->hosts[h].point_count; i++)
            if (result->hosts[h].points[i].vms > most)
                most = result->hosts[h].points[i].vms;
    return (double)most;
}

/* ": 8 VMs, 100 % of its vcpus given away, 12 % of its CPU and 43 % of its memory in use" */
static void describe(const struct result_host_point *point, char *ret_text, size_t room)
{
    char number[NUMBER_ROOM], memory[NUMBER_ROOM];
    enum host_allotment allotment = ALLOTMENT_CPU;
    double fullest = point ? hosts_fullest(point, &allotment) : NAN;
    int length = snprintf(ret_text, room, ": %s VMs", number_grouped(point ? point->vms : 0, number));

    if (isfinite(fullest))
        length += snprintf(ret_text + length, room - (size_t)length, ", %s %% of its %s given away",
                           number_digits(fullest, 4, number), allotment_name(allotment));
    if (point && point->use_known)
        snprintf(ret_text + length, room - (size_t)length,
                 ", %s %% of its CPU and %s %% of its memory in use",
                 number_digits(point->use.percent[RESOURCE_CPU].mean, 3, number),
                 number_digits(point->use.percent[RESOURCE_MEMORY].mean, 3, memory));
}

static void key(struct picture *picture, const size_t *indices, size_t count)
{
    const struct result *result = result_of(picture);
    double y = picture->bottom + 76;

    for (size_t i = 0; i < count; i++, y += KEY_LINE) {
        const struct result_host *host = &result->hosts[indices[i]];
        const struct result_host_point *point =
            host->point_count ? &host->points[host->point_count - 1] : NULL;
        enum resource marker = (enum resource)(i % RESOURCE_COUNT);
        char line[SVG_TEXT_ROOM], fitted[SVG_TEXT_ROOM], words[SVG_TEXT_ROOM / 2];

        fprintf(picture->to, "<g class=\"run%zu\">\n", i);
        svg_line(picture->to, SVG_MARGIN, y - 4, SVG_MARGIN + 40, y - 4, svg_dash_class(marker));
        svg_marker(picture->to, marker, SVG_MARGIN + 20, y - 4, 0.85);
        fputs("</g>\n", picture->to);
        describe(point, words, sizeof(words));
        snprintf(line, sizeof(line), "%.255s%s", host->name, words);
        svg_text(picture->to, SVG_MARGIN + 48, y, NULL,
                 svg_fit(line, SVG_FONT, SVG_WIDTH - 2 * SVG_MARGIN - 48, fitted));
    }
    picture->y = y;
}

/* Another plot below the one before, or the first one. */
static void begin_plot(struct picture *picture, double height)
{
    picture->top = picture->bottom + PLOTS_APART;
    picture->bottom = picture->top + height;
}

static void draw_hosts(const struct picture *picture, const size_t *indices, size_t count, place at,
                       double most)
{
    for (size_t i = count; i-- > 0;)
        draw_host(picture, indices[i], i, at, most);
}

/* A plot of percentages, with the threshold. */
static void draw_percent(struct picture *picture, double height, const char *name, place at,
                         const size_t *indices, size_t count)
{
    begin_plot(picture, height);
    axis(picture, 100, 20, name);
    svg_axis_vms(picture, NULL);
    svg_thresholds(picture);
    draw_hosts(picture, indices, count, at, 0);
}

static void draw(struct picture *picture)
{
    size_t indices[SVG_RUNS_MOST], count = hosts_choose(result_of(picture), indices, SVG_RUNS_MOST);
    char line[SVG_TEXT_ROOM], fitted[SVG_TEXT_ROOM];
    double step = svg_nice_step(most_on_a_host(picture) / 4),
           most = step * ceil(most_on_a_host(picture) / step * (1 - 1e-9));

    picture->left = PLOT_LEFT;
    picture->right = PLOT_RIGHT;
    svg_choose_axis(picture);
    snprintf(line, sizeof(line), "%s: %.900s", title, picture->runs[0].label);
    svg_text(picture->to, SVG_MARGIN, 36, "title", svg_fit(line, 20, SVG_WIDTH - 2 * SVG_MARGIN, fitted));
    hosts_first_text(result_of(picture), line, sizeof(line));
    if (count < result_of(picture)->host_count && !line[0])
        snprintf(line, sizeof(line), "The %zu fullest of %zu hosts.", count, result_of(picture)->host_count);
    if (!line[0])
        hosts_first_used_text(result_of(picture), line, sizeof(line));
    svg_text(picture->to, SVG_MARGIN, 58, "muted",
             svg_fit(line[0] ? line : "No host reached the threshold.", SVG_FONT, SVG_WIDTH - 2 * SVG_MARGIN,
                     fitted));
    picture->bottom = PLOT_TOP - PLOTS_APART;
    if (hosts_tell(result_of(picture)))
        draw_percent(picture, PERCENT_HEIGHT, "Given away, percent", place_percent, indices, count);
    if (result_of(picture)->cloud_known) {
        draw_percent(picture, USED_HEIGHT, "CPU in use, percent", place_cpu, indices, count);
        draw_percent(picture, USED_HEIGHT, "Memory in use, percent", place_memory, indices, count);
    }
    begin_plot(picture, VMS_HEIGHT);
    axis(picture, most, step, "VMs on the host");
    svg_axis_vms(picture, "Virtual machines in all (logarithmic)");
    draw_hosts(picture, indices, count, place_vms, most);
    key(picture, indices, count);
    svg_footer(picture);
}

int report_write_hosts_svg(const struct report_run *runs, size_t count, FILE *to)
{
    if (count != 1 || runs[0].result->host_count == 0)
        return -ENODATA;
    return svg_whole(runs, count, title, draw, to);
}
