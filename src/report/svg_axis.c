/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/svg.h"
#include "result/number.h"

#include <math.h>
#include <string.h>

/* The smallest of 1, 2, 5 times a power of ten that is at least `least` and at least 1. */
double svg_nice_step(double least)
{
    if (!(least > 1))
        return 1;
    double power = pow(10, floor(log10(least)));
    static const double factors[] = {1, 2, 5};
    for (size_t i = 0; i < 3; i++)
        if (factors[i] * power >= least * (1 - 1e-9))
            return factors[i] * power;
    return 10 * power;
}

static double most_of(const struct result *result)
{
    double most = 0;
    for (size_t i = 0; i < result->interval_count; i++)
        most = fmax(most, (double)result->intervals[i].vms);
    return most;
}

static double least_of(const struct result *result)
{
    double least = INFINITY;
    for (size_t i = 0; i < result->interval_count; i++)
        if (result->intervals[i].vms > 0)
            least = fmin(least, (double)result->intervals[i].vms);
    return least;
}

void svg_choose_axis(struct picture *picture)
{
    /* Runs whose populations are further apart than this cannot share a linear axis: the smaller would be a
     * line. */
    static const double apart = 20;
    double most = 0, smallest_run = INFINITY, least = INFINITY;
    for (size_t r = 0; r < picture->count; r++) {
        double run = most_of(picture->runs[r].result);
        most = fmax(most, run);
        if (run > 0)
            smallest_run = fmin(smallest_run, run);
        least = fmin(least, least_of(picture->runs[r].result));
    }
    if (most == 0)
        most = 10;
    if (isfinite(smallest_run) && most > apart * smallest_run) {
        picture->least_vms = pow(10, floor(log10(least) + 1e-9));
        picture->most_vms = pow(10, ceil(log10(most) - 1e-9));
        return;
    }
    picture->least_vms = 0;
    picture->step_vms = svg_nice_step(most / 10);
    picture->most_vms = picture->step_vms * ceil(most / picture->step_vms * (1 - 1e-9));
}

double svg_x(const struct picture *picture, double vms)
{
    double part = vms / picture->most_vms;
    if (picture->least_vms > 0)
        part = vms > picture->least_vms
                   ? log10(vms / picture->least_vms) / log10(picture->most_vms / picture->least_vms)
                   : 0;
    return picture->left + (picture->right - picture->left) * part;
}

double svg_y(const struct picture *picture, double percent)
{
    double inside = fmin(fmax(percent, 0), 100);
    return picture->bottom - (picture->bottom - picture->top) * inside / 100;
}

static void tick(const struct picture *picture, double x, bool grid, const char *label)
{
    if (grid)
        svg_line(picture->to, x, picture->top, x, picture->bottom, "grid");
    if (!label)
        return;
    svg_line(picture->to, x, picture->bottom, x, picture->bottom + 5, "axis");
    svg_text(picture->to, x, picture->bottom + 20, "small muted middle", label);
}

static void axis_vms_logarithmic(const struct picture *picture, const char *title)
{
    char text[NUMBER_ROOM];
    int decades = (int)lround(log10(picture->most_vms / picture->least_vms));
    for (int i = 0; i <= decades; i++) {
        double vms = picture->least_vms * pow(10, i);
        tick(picture, svg_x(picture, vms), i > 0,
             title ? number_grouped((uint64_t)llround(vms), text) : NULL);
    }
    if (title)
        svg_text(picture->to, (picture->left + picture->right) / 2, picture->bottom + 42, "middle", title);
}

static void axis_vms_linear(const struct picture *picture, bool labelled)
{
    static const struct {
        double from, one;
        const char *title;
    } units[] = {
        {1e13, 1e12, "Virtual machines (million millions)"},
        {1e10, 1e9, "Virtual machines (thousand millions)"},
        {1e7, 1e6, "Virtual machines (millions)"},
        {0, 1, "Virtual machines"},
    };
    char text[NUMBER_ROOM];
    size_t unit = 0;
    while (picture->most_vms < units[unit].from)
        unit++;
    int ticks = (int)lround(picture->most_vms / picture->step_vms);
    for (int i = 0; i <= ticks; i++) {
        double vms = i * picture->step_vms, x = svg_x(picture, vms), shown = vms / units[unit].one;
        number_digits(shown, 3, text);
        if (shown < 1e9)
            number_grouped((uint64_t)llround(shown), text);
        tick(picture, x, i > 0, labelled ? text : NULL);
    }
    if (labelled)
        svg_text(picture->to, (picture->left + picture->right) / 2, picture->bottom + 42, "middle",
                 units[unit].title);
}

void svg_axis_vms(const struct picture *picture, const char *logarithmic)
{
    if (picture->least_vms > 0)
        axis_vms_logarithmic(picture, logarithmic);
    else
        axis_vms_linear(picture, logarithmic != NULL);
    svg_line(picture->to, picture->left, picture->top, picture->left, picture->bottom, "axis");
    svg_line(picture->to, picture->left, picture->bottom, picture->right, picture->bottom, "axis");
}

void svg_axis_title(const struct picture *picture, double distance, const char *title)
{
    char x[64], y[64];
    svg_number(picture->left - distance, x);
    svg_number((picture->top + picture->bottom) / 2, y);
    fprintf(picture->to, "<text transform=\"translate(%s %s) rotate(-90)\" class=\"middle\">%s</text>\n", x,
            y, title);
}

bool svg_whole_agrees(const struct picture *picture)
{
    const struct result *first = picture->runs[0].result;
    for (size_t r = 1; r < picture->count; r++) {
        const struct result *result = picture->runs[r].result;
        if (result->plan.memory_limit_bytes != first->plan.memory_limit_bytes ||
            result->plan.cpu_limit < first->plan.cpu_limit || result->plan.cpu_limit > first->plan.cpu_limit)
            return false;
    }
    return true;
}

static const char *axis_title(const struct picture *picture)
{
    size_t shares = 0;
    for (size_t r = 0; r < picture->count; r++)
        shares += picture->runs[r].result->plan.memory_limit_bytes > 0 ||
                  picture->runs[r].result->plan.cpu_limit > 0;
    return shares == 0                ? "Percent of the host"
           : shares == picture->count ? "Percent of the run’s share of the host"
                                      : "Percent of the host, or of the run’s share";
}

static void axis_percent(const struct picture *picture)
{
    char text[NUMBER_ROOM];
    for (int percent = 0; percent <= 100; percent += 10) {
        double at = svg_y(picture, percent);
        if (percent > 0)
            svg_line(picture->to, picture->left, at, picture->right, at, "grid");
        svg_line(picture->to, picture->left - 5, at, picture->left, at, "axis");
        if (percent % 20 == 0)
            svg_text(picture->to, picture->left - 9, at + 4, "small muted end",
                     number_fixed(percent, 0, text));
    }
    svg_axis_title(picture, 44, axis_title(picture));
}

void svg_axes(struct picture *picture)
{
    axis_percent(picture);
    svg_axis_vms(picture, "Virtual machines (logarithmic; the empty host at the left edge)");
    picture->y = picture->bottom + 42;
}

void svg_thresholds(const struct picture *picture)
{
    /* Highest first; labels stand in the right margin, away from the curves, and are pushed down past each
     * other. */
    double drawn = INFINITY, label_y = picture->top - 100;
    for (;;) {
        double next = -INFINITY;
        for (size_t r = 0; r < picture->count; r++) {
            double threshold = picture->runs[r].result->plan.threshold_percent;
            if (threshold > 0 && threshold <= 100 && threshold < drawn)
                next = fmax(next, threshold);
        }
        if (!isfinite(next))
            return;
        char text[NUMBER_ROOM + 4];
        double y = svg_y(picture, next);
        svg_line(picture->to, picture->left, y, picture->right, y, "threshold");
        label_y = fmax(y + 4, label_y + 32);
        number_digits(next, 4, text);
        strcat(text, " %");
        svg_text(picture->to, picture->right + 8, label_y, "small warn", "threshold");
        svg_text(picture->to, picture->right + 8, label_y + 15, "small warn", text);
        drawn = next;
    }
}
