/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Figures of a load as JSON, as docs/result-format.md has them. New references, or NULL without memory. */
#ifndef MVM_LOAD_FIGURES_JSON_H
#define MVM_LOAD_FIGURES_JSON_H

#include "load/capacity.h"

#include <jansson.h>

/* The number of values and their percentiles in seconds; null when there are none. */
json_t *histogram_to_json(const struct histogram *histogram);

/* "due" and each outcome by its name. */
json_t *load_outcomes_to_json(const struct load_figures *figures);

/* Requests due and right answers a second of the measured time. */
json_t *load_rates_to_json(const struct load_figures *figures);

json_t *capacity_to_json(const struct capacity *capacity, double percent, uint64_t goal_ns);

#endif
