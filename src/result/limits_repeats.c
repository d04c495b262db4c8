/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the repeats of a row have in common. */
#include "result/limits.h"

#include <math.h>
#include <string.h>

/* Mean and deviation by Welford's updates, which lose no digits to large sums. */
static void add(struct statistic *statistic, double *squares, double value)
{
    if (!isfinite(value))
        return;
    double before = value - statistic->mean;

    statistic->n++;
    statistic->mean += before / statistic->n;
    *squares += before * (value - statistic->mean);
    statistic->sd = statistic->n > 1 ? sqrt(*squares / (statistic->n - 1)) : 0;
}

bool limits_repeats(const struct limits *limits, size_t number, struct limits_repeats *ret_repeats)
{
    double squares[5] = {0};

    memset(ret_repeats, 0, sizeof(*ret_repeats));
    for (size_t i = 0; i < limits->count; i++) {
        const struct limits_row *row = &limits->rows[i];
        struct limits_figures figures;

        if (row->number != number || row->state != LIMITS_DONE)
            continue;
        limits_row_figures(row, &figures);
        ret_repeats->first = ret_repeats->first ? ret_repeats->first : row;
        ret_repeats->count++;
        add(&ret_repeats->vms, &squares[0], (double)figures.vms);
        add(&ret_repeats->bytes_per_vm, &squares[1], figures.bytes_per_vm);
        add(&ret_repeats->cpu_per_10000, &squares[2], figures.cpu_per_10000);
        add(&ret_repeats->boots_per_second, &squares[3], figures.boots_per_second);
        add(&ret_repeats->wake_seconds, &squares[4], figures.wake_seconds);
    }
    return ret_repeats->count > 1;
}
