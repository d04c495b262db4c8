/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/thin.h"

#include <math.h>

/* Adds an index that is above the last one. */
static size_t add(size_t *chosen, size_t used, size_t index)
{
    if (used == 0 || chosen[used - 1] < index)
        chosen[used++] = index;
    return used;
}

static size_t thin_span(const float *values, size_t from, size_t to, size_t *chosen, size_t used)
{
    size_t low = to, high = to;

    for (size_t i = from; i < to; i++) {
        if (!isfinite(values[i]))
            continue;
        if (low == to || values[i] < values[low])
            low = i;
        if (high == to || values[i] > values[high])
            high = i;
    }
    if (low == to)
        return used;
    used = add(chosen, used, low < high ? low : high);
    return add(chosen, used, low < high ? high : low);
}

size_t thin_extremes(const float *values, size_t count, size_t spans, size_t *ret_chosen)
{
    size_t used = 0, first = 0, last = count;

    if (count <= 2 * spans + 2) {
        for (size_t i = 0; i < count; i++)
            if (isfinite(values[i]))
                ret_chosen[used++] = i;
        return used;
    }
    while (first < count && !isfinite(values[first]))
        first++;
    if (first == count)
        return 0;
    while (!isfinite(values[last - 1]))
        last--;
    used = add(ret_chosen, used, first);
    for (size_t span = 0; span < spans; span++)
        used = thin_span(values, span * count / spans, (span + 1) * count / spans, ret_chosen, used);
    return add(ret_chosen, used, last - 1);
}
