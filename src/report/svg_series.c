/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/svg.h"
#include "report/text.h"
#include "result/number.h"

#include <math.h>

/* Resources other than CPU and memory are drawn when they pass this many percent anywhere. */
static const double drawn_percent = 1.0;

/* More markers than this a curve would run into each other. */
enum { MARKERS_MOST = 60 };

bool svg_resource_drawn(const struct result *result, enum resource resource)
{
    for (size_t i = 0; i < result->interval_count; i++) {
        double mean = result->intervals[i].percent[resource].mean;
        if (result->intervals[i].known[resource] && isfinite(mean) &&
            (resource <= RESOURCE_MEMORY || mean > drawn_percent))
            return true;
    }
    return false;
}

const char *svg_dash_class(enum resource resource)
{
    static const char *const classes[RESOURCE_COUNT] = {
        [RESOURCE_CPU] = "curve",
        [RESOURCE_MEMORY] = "curve dash1",
        [RESOURCE_SWAP] = "curve dash2",
        [RESOURCE_PRESSURE] = "curve dash3",
        [RESOURCE_PIDS] = "curve dash4",
        [RESOURCE_FILES] = "curve dash5",
        [RESOURCE_MAPS] = "curve dash6",
        [RESOURCE_DISK] = "curve dash7",
        [RESOURCE_NETWORK] = "curve dash8",
        [RESOURCE_SOCKETS] = "curve dash9",
        [RESOURCE_LATENCY] = "curve dash10",
    };
    return classes[resource];
}

/* Marker outlines around (0, 0), about 8 across. */
static const char *const marker_paths[RESOURCE_COUNT] = {
    [RESOURCE_CPU] = "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",      /* disc */
    [RESOURCE_MEMORY] = "M-3.5-3.5h7v7h-7z",                    /* square */
    [RESOURCE_SWAP] = "M0-4.6L4.4 3.2H-4.4z",                   /* triangle up */
    [RESOURCE_PRESSURE] = "M0-5L5 0L0 5L-5 0z",                 /* diamond */
    [RESOURCE_PIDS] = "M0 4.6L4.4-3.2H-4.4z",                   /* triangle down */
    [RESOURCE_FILES] = "M-1.5-4.5h3v3h3v3h-3v3h-3v-3h-3v-3h3z", /* plus */
    [RESOURCE_MAPS] = "M-4.6 0L3.2-4.4V4.4z",                   /* triangle left */
    [RESOURCE_DISK] = "M-2.3-4H2.3L4.6 0L2.3 4H-2.3L-4.6 0z",   /* hexagon */
    [RESOURCE_NETWORK] = "M4.6 0L-3.2-4.4V4.4z",                /* triangle right */
    [RESOURCE_SOCKETS] = "M-4-4L4 4V-4L-4 4z",                  /* bow tie */
    [RESOURCE_LATENCY] = "M-4-4H4L-4 4H4z",                     /* hourglass */
};

void svg_marker(FILE *to, enum resource resource, double x, double y, double size)
{
    char a[64], b[64], c[64];
    fprintf(to, "<path class=\"mark\" transform=\"translate(%s %s)", svg_number(x, a), svg_number(y, b));
    if (size != 1)
        fprintf(to, " scale(%s)", svg_number(size, c));
    fprintf(to, "\" d=\"%s\"", marker_paths[resource]);
    fputs("/>\n", to);
}

static bool has_point(const struct result_interval *interval, enum resource resource)
{
    return interval->known[resource] && isfinite(interval->percent[resource].mean);
}

/* The empty host, where it is known: the point at 0 VMs. */
static bool empty_host(const struct result *result, enum resource resource, double *ret_percent)
{
    const struct host_memory *memory = &result->baseline.reading.memory;
    if (resource == RESOURCE_CPU && result->baseline.cpu.n > 0) {
        *ret_percent = result->plan.cpu_limit > 0 ? 0 : result->baseline.cpu_busy;
        return isfinite(*ret_percent);
    }
    if (resource == RESOURCE_MEMORY && memory->total > 0) {
        double used = (double)memory->total - (double)host_memory_available(memory);
        *ret_percent = result->plan.memory_limit_bytes > 0 ? 0 : 100 * used / (double)memory->total;
        return true;
    }
    return false;
}

struct point_at {
    double vms, percent;
};

static void line_to(const struct picture *picture, struct point_at point, char command)
{
    char x[64], y[64];
    fprintf(picture->to, "%c%s %s", command, svg_number(svg_x(picture, point.vms), x),
            svg_number(svg_y(picture, point.percent), y));
}

/* A straight line between two points is none on a logarithmic axis. */
static void segment(const struct picture *picture, struct point_at from, struct point_at to)
{
    static const double step = 1.25;
    double vms = fmax(from.vms, picture->least_vms) * step;
    for (; picture->least_vms > 0 && vms * step < to.vms; vms *= step)
        line_to(picture,
                (struct point_at){vms, from.percent + (to.percent - from.percent) * (vms - from.vms) /
                                                          (to.vms - from.vms)},
                'L');
    line_to(picture, to, 'L');
}

/* From the empty host to the first interval. */
static void lead(const struct picture *picture, const struct result *result, enum resource resource)
{
    const struct result_interval *first = &result->intervals[0];
    struct point_at from = {0};
    if (!has_point(first, resource) || !empty_host(result, resource, &from.percent))
        return;
    fprintf(picture->to, "<path class=\"%s lead\" d=\"", svg_dash_class(resource));
    line_to(picture, from, 'M');
    segment(picture, from, (struct point_at){(double)first->vms, first->percent[resource].mean});
    fputs("\"/>\n", picture->to);
}

static void curve(const struct picture *picture, const struct result *result, enum resource resource)
{
    bool down = false;
    size_t points = 0;
    struct point_at last = {0};
    for (size_t i = 0; i < result->interval_count; i++)
        points += has_point(&result->intervals[i], resource);
    if (points < 2)
        return;
    fprintf(picture->to, "<path class=\"%s\" d=\"", svg_dash_class(resource));
    for (size_t i = 0; i < result->interval_count; i++) {
        const struct result_interval *interval = &result->intervals[i];
        struct point_at point = {(double)interval->vms, interval->percent[resource].mean};
        bool known = has_point(interval, resource);
        if (known && down)
            segment(picture, last, point);
        else if (known)
            line_to(picture, point, 'M');
        last = point;
        down = known;
    }
    fputs("\"/>\n", picture->to);
}

static void error_bars(const struct picture *picture, const struct result *result, enum resource resource)
{
    char x[64], above[64], below[64];
    bool any = false;
    for (size_t i = 0; i < result->interval_count; i++) {
        const struct result_interval *interval = &result->intervals[i];
        const struct statistic *percent = &interval->percent[resource];
        if (!has_point(interval, resource) || percent->n < 2 || !isfinite(percent->ci95))
            continue;
        double high = svg_y(picture, percent->mean + percent->ci95);
        double low = svg_y(picture, percent->mean - percent->ci95);
        /* One that the marker hides is not drawn. */
        if (low - high < 2)
            continue;
        svg_number(svg_x(picture, (double)interval->vms), x);
        svg_number(high, above);
        svg_number(low, below);
        fputs(any ? "" : "<path class=\"bar\" d=\"", picture->to);
        fprintf(picture->to, "M%s %sV%sm-4 0h8M%s %sm-4 0h8", x, above, below, x, above);
        any = true;
    }
    fputs(any ? "\"/>\n" : "", picture->to);
}

/* A marker, and the figure as a tooltip. */
static void point(const struct picture *picture, size_t run, const struct result_interval *interval,
                  enum resource resource)
{
    const struct statistic *percent = &interval->percent[resource];
    char vms[NUMBER_ROOM], mean[NUMBER_ROOM], half[NUMBER_ROOM];
    fputs("<g><title>", picture->to);
    svg_escape(picture->runs[run].label, picture->to);
    fprintf(picture->to, ": %s %s %% at %s VMs", resource_name(resource),
            number_fixed(percent->mean, 2, mean), number_grouped(interval->vms, vms));
    if (percent->n > 1 && isfinite(percent->ci95))
        fprintf(picture->to, " (± %s)", number_fixed(percent->ci95, 2, half));
    fputs("</title>", picture->to);
    svg_marker(picture->to, resource, svg_x(picture, (double)interval->vms), svg_y(picture, percent->mean),
               1);
    fputs("</g>\n", picture->to);
}

void svg_series(const struct picture *picture)
{
    for (size_t r = 0; r < picture->count; r++) {
        const struct result *result = picture->runs[r].result;
        size_t stride = 1 + result->interval_count / MARKERS_MOST;
        fprintf(picture->to, "<g class=\"run%zu\">\n", r);
        for (enum resource resource = 0; resource < RESOURCE_COUNT; resource++) {
            if (!svg_resource_drawn(result, resource))
                continue;
            lead(picture, result, resource);
            curve(picture, result, resource);
            error_bars(picture, result, resource);
            for (size_t i = 0; i < result->interval_count; i++)
                if (has_point(&result->intervals[i], resource) &&
                    (i % stride == 0 || i + 1 == result->interval_count))
                    point(picture, r, &result->intervals[i], resource);
        }
        fputs("</g>\n", picture->to);
    }
}
