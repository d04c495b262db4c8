/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A run's figures as text for Prometheus. Names and units are by its conventions (base units, the unit in the
 * name, counters end with _total); docs/metrics.md lists them. None has a label of a single VM: a million
 * series for each scrape would help nobody.
 */
#ifndef MVM_WEB_METRICS_H
#define MVM_WEB_METRICS_H

#include <stdbool.h>
#include <stddef.h>

/* The control protocol's answers that metrics are made from, in this order. */
enum { METRICS_STATUS, METRICS_LIVE, METRICS_ANSWERS };

/*
 * From `lines` of JSON: OpenMetrics 1.0, which ends with "# EOF", or Prometheus's text format 0.0.4. What
 * an answer does not tell is left out. `*ret_text` is malloc'd. -ENOMEM; -EPROTO: a line is no answer, or a
 * refusal.
 */
int metrics_write(const char *const lines[METRICS_ANSWERS], bool openmetrics, char **ret_text,
                  size_t *ret_length);

#endif
