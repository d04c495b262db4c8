/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/qos_plot.h"

#include "report/text.h"
#include "result/number.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

/* More markers than this a curve would run into each other. */
enum { MARKERS_MOST = 40, TITLE_DISTANCE = 68 };

/* Dashes and markers are those of resources, which are not in this picture. */
static const struct {
    const char *name;
    size_t offset;
    enum resource look;
} curves[QOS_CURVES] = {
    [QOS_P50] = {"p50", offsetof(struct result_load, p50), RESOURCE_CPU},
    [QOS_P99] = {"p99", offsetof(struct result_load, p99), RESOURCE_MEMORY},
    [QOS_P999] = {"p99.9", offsetof(struct result_load, p999), RESOURCE_SWAP},
};

const char *qos_curve_name(enum qos_curve curve)
{
    return curves[curve].name;
}

const char *qos_curve_dash(enum qos_curve curve)
{
    return svg_dash_class(curves[curve].look);
}

void qos_curve_marker(FILE *to, enum qos_curve curve, double x, double y)
{
    svg_marker(to, curves[curve].look, x, y, 0.85);
}

static double seconds_of(const struct result_interval *interval, enum qos_curve curve)
{
    return *(const double *)(const void *)((const char *)&interval->load + curves[curve].offset);
}

/* What a curve shows at an interval; NAN: nothing. */
static double latency_at(const struct result_interval *interval, int curve)
{
    double seconds = interval->load_known ? seconds_of(interval, (enum qos_curve)curve) : 0;

    return seconds > 0 ? seconds : NAN;
}

static double throughput_at(const struct result_interval *interval, int unused)
{
    (void)unused;
    return interval->load_known ? interval->load.throughput : NAN;
}

/* Where a value of an axis is. */
typedef double (*place)(const struct picture *picture, const struct qos_scale *scale, double value);

static double place_seconds(const struct picture *picture, const struct qos_scale *scale, double seconds)
{
    double part = log10(seconds / scale->least) / log10(scale->most / scale->least);

    return picture->bottom - (picture->bottom - picture->top) * fmin(fmax(part, 0), 1);
}

static double place_rate(const struct picture *picture, const struct qos_scale *scale, double rate)
{
    return picture->bottom - (picture->bottom - picture->top) * fmin(fmax(rate / scale->most, 0), 1);
}

/* What a plot shows of an interval, and where. */
struct plotted {
    double (*value_at)(const struct result_interval *interval, int curve);
    place at;
    const struct qos_scale *scale;
};

static void draw_curve(const struct picture *picture, size_t run, const struct plotted *plotted,
                       const char *dash, int curve, enum qos_curve marker)
{
    const struct result *result = picture->runs[run].result;
    size_t stride = 1 + result->interval_count / MARKERS_MOST;
    char x[64], y[64];

    fprintf(picture->to, "<path class=\"%s\" d=\"", dash);
    for (size_t i = 0, drawn = 0; i < result->interval_count; i++) {
        double value = plotted->value_at(&result->intervals[i], curve);

        if (isfinite(value))
            fprintf(picture->to, "%c%s %s", drawn++ ? 'L' : 'M',
                    svg_number(svg_x(picture, (double)result->intervals[i].vms), x),
                    svg_number(plotted->at(picture, plotted->scale, value), y));
    }
    fputs("\"/>\n", picture->to);
    for (size_t i = 0; i < result->interval_count; i += stride) {
        double value = plotted->value_at(&result->intervals[i], curve);

        if (isfinite(value))
            qos_curve_marker(picture->to, marker, svg_x(picture, (double)result->intervals[i].vms),
                             plotted->at(picture, plotted->scale, value));
    }
}

/* The runs' numbers at the ends of their curves, over all of them. */
static void draw_numbers(const struct picture *picture, const struct plotted *plotted, int curve)
{
    for (size_t r = 0; r < picture->count && picture->count > 1; r++) {
        const struct result *result = picture->runs[r].result;

        for (size_t i = result->interval_count; i-- > 0;) {
            double value = plotted->value_at(&result->intervals[i], curve);
            char x[64], y[64];

            if (!isfinite(value))
                continue;
            fprintf(picture->to,
                    "<g class=\"run%zu\"><text x=\"%s\" y=\"%s\" class=\"bold number\">%zu</text></g>\n", r,
                    svg_number(svg_x(picture, (double)result->intervals[i].vms) + 8, x),
                    svg_number(plotted->at(picture, plotted->scale, value) + 4, y), r + 1);
            break;
        }
    }
}

static void widen(struct qos_scale *scale, double seconds)
{
    if (!(seconds > 0) || !isfinite(seconds))
        return;
    scale->least = fmin(scale->least, seconds);
    scale->most = fmax(scale->most, seconds);
}

static struct qos_scale choose_latencies(const struct picture *picture)
{
    struct qos_scale scale = {.least = INFINITY, .most = 0};

    for (size_t r = 0; r < picture->count; r++) {
        const struct result *result = picture->runs[r].result;

        widen(&scale, result->plan.load.latency_limit);
        for (size_t i = 0; i < result->interval_count; i++)
            for (int c = 0; c < QOS_CURVES; c++)
                widen(&scale, latency_at(&result->intervals[i], c));
    }
    if (!(scale.most > 0))
        return (struct qos_scale){.least = 1e-5, .most = 1};
    scale.least = pow(10, floor(log10(fmax(scale.least, 1e-9)) + 1e-9));
    scale.most = pow(10, ceil(log10(fmin(scale.most, 1e6)) - 1e-9));
    if (scale.most <= scale.least)
        scale.most = 10 * scale.least;
    return scale;
}

static void axis_latency(const struct picture *picture, const struct qos_scale *scale)
{
    int decades = (int)lround(log10(scale->most / scale->least));

    for (int i = 0; i <= decades; i++) {
        char text[TEXT_ROOM];
        double seconds = scale->least * pow(10, i), y = place_seconds(picture, scale, seconds);

        if (i > 0)
            svg_line(picture->to, picture->left, y, picture->right, y, "grid");
        svg_line(picture->to, picture->left - 5, y, picture->left, y, "axis");
        svg_text(picture->to, picture->left - 9, y + 4, "small muted end", text_duration(seconds, text));
    }
    svg_axis_title(picture, TITLE_DISTANCE, "Latency (logarithmic)");
}

/* The limits of p99, each once. */
static void limits(const struct picture *picture, const struct qos_scale *scale)
{
    for (size_t r = 0; r < picture->count; r++) {
        double limit = picture->runs[r].result->plan.load.latency_limit;
        bool before = false;

        for (size_t other = 0; other < r; other++)
            before = before || !(fabs(picture->runs[other].result->plan.load.latency_limit - limit) > 0);
        if (before || !(limit > 0))
            continue;
        double y = place_seconds(picture, scale, limit);

        svg_line(picture->to, picture->left, y, picture->right, y, "threshold");
        svg_text(picture->to, picture->right + 8, y + 4, "small warn", "limit of p99");
    }
}

void qos_latency_plot(const struct picture *picture)
{
    struct qos_scale scale = choose_latencies(picture);
    const struct plotted plotted = {latency_at, place_seconds, &scale};

    axis_latency(picture, &scale);
    svg_axis_vms(picture, NULL);
    limits(picture, &scale);
    for (size_t r = 0; r < picture->count; r++) {
        fprintf(picture->to, "<g class=\"run%zu\">\n", r);
        for (int c = QOS_CURVES; c-- > 0;)
            draw_curve(picture, r, &plotted, qos_curve_dash((enum qos_curve)c), c, (enum qos_curve)c);
        fputs("</g>\n", picture->to);
    }
    draw_numbers(picture, &plotted, QOS_P99);
}

static double highest_rate(const struct picture *picture)
{
    double most = 0;

    for (size_t r = 0; r < picture->count; r++) {
        const struct result *result = picture->runs[r].result;

        most = fmax(most, result->plan.load.rate);
        for (size_t i = 0; i < result->interval_count; i++)
            if (result->intervals[i].load_known)
                most = fmax(most, result->intervals[i].load.throughput);
    }
    return isfinite(most) && most > 0 ? most : 1;
}

void qos_throughput_plot(const struct picture *picture)
{
    double step = svg_nice_step(highest_rate(picture) / 4);
    struct qos_scale scale = {.most = step * ceil(highest_rate(picture) / step * (1 - 1e-9))};
    const struct plotted plotted = {throughput_at, place_rate, &scale};

    for (double rate = 0; rate <= scale.most * (1 + 1e-9); rate += step) {
        char text[NUMBER_ROOM];
        double y = place_rate(picture, &scale, rate);

        if (rate > 0)
            svg_line(picture->to, picture->left, y, picture->right, y, "grid");
        svg_line(picture->to, picture->left - 5, y, picture->left, y, "axis");
        if (rate < 1e9)
            number_grouped((uint64_t)llround(rate), text);
        else
            number_digits(rate, 3, text);
        svg_text(picture->to, picture->left - 9, y + 4, "small muted end", text);
    }
    svg_axis_title(picture, TITLE_DISTANCE, "Answers a second");
    svg_axis_vms(picture, "Virtual machines (logarithmic)");
    for (size_t r = 0; r < picture->count; r++) {
        double asked = place_rate(picture, &scale, picture->runs[r].result->plan.load.rate);

        fprintf(picture->to, "<g class=\"run%zu\">\n", r);
        svg_line(picture->to, picture->left, asked, picture->right, asked, "drop");
        draw_curve(picture, r, &plotted, "curve", 0, QOS_P50);
        fputs("</g>\n", picture->to);
    }
    draw_numbers(picture, &plotted, 0);
}
