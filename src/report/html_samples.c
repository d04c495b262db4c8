/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/html.h"
#include "report/thin.h"

#include <errno.h>
#include <stdlib.h>

/* Together some 2 MB of JSON when all of CPU, memory and two more resources of each run vary. */
enum { POINTS_MOST = 160000, CURVES_USUAL = 4, SPANS_LEAST = 50, SPANS_MOST = 1000 };

size_t html_sample_spans(size_t runs)
{
    size_t spans = POINTS_MOST / (2 * CURVES_USUAL * (runs ? runs : 1));

    return spans < SPANS_LEAST ? SPANS_LEAST : spans > SPANS_MOST ? SPANS_MOST : spans;
}

int html_samples_thin(const struct sample_log *log, size_t spans, struct html_samples *ret_samples)
{
    struct html_samples samples = {.count = log->count};
    size_t *chosen = malloc((2 * spans + 2) * sizeof(*chosen));
    bool failed = !chosen;

    for (size_t r = 0; !failed && r < RESOURCE_COUNT; r++) {
        if (!log->percent[r])
            continue;
        size_t count = thin_extremes(log->percent[r], log->count, spans, chosen);
        double *seconds = malloc((count + 1) * sizeof(*seconds));
        float *percent = malloc((count + 1) * sizeof(*percent));

        samples.curves[r].seconds = seconds;
        samples.curves[r].percent = percent;
        failed = !seconds || !percent;
        for (size_t i = 0; !failed && i < count; i++) {
            seconds[i] = log->seconds[chosen[i]];
            percent[i] = log->percent[r][chosen[i]];
        }
        samples.curves[r].count = failed ? 0 : count;
    }
    free(chosen);
    if (failed) {
        html_samples_release(&samples);
        return -ENOMEM;
    }
    *ret_samples = samples;
    return 0;
}

void html_samples_release(struct html_samples *samples)
{
    for (size_t r = 0; r < RESOURCE_COUNT; r++) {
        free(samples->curves[r].seconds);
        free(samples->curves[r].percent);
    }
    *samples = (struct html_samples){0};
}
