/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fewer points for a picture, without losing an extreme. */
#ifndef MVM_REPORT_THIN_H
#define MVM_REPORT_THIN_H

#include <stddef.h>

/*
 * Of `count` values chooses those that a curve of few points needs: cut into `spans` of as many values each,
 * the lowest and the highest of each span, and the first and the last value of all. Values that are not
 * finite are never chosen. `ret_chosen` takes the indices in ascending order, 2 * spans + 2 of them at most;
 * returns how many. With `count` no more than that, all that are finite are chosen.
 */
size_t thin_extremes(const float *values, size_t count, size_t spans, size_t *ret_chosen);

#endif
