/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Statistics of the standardized test, on GSL. Formulas: docs/standard-test.md, "Statistics". */
#ifndef MVM_STUDY_STATS_H
#define MVM_STUDY_STATS_H

#include "result/result.h"

#include <stddef.h>

/* Mean, standard deviation (n-1) and half width of the mean's 95 % interval by Student's t. With one sample
 * sd and ci95 are 0. */
struct statistic stats_mean(const double *samples, size_t count);

/*
 * Least-squares line through (x[i], y[i]) and the 95 % interval of its slope: the wider of the classical one
 * and one that is robust against errors that follow one another (Newey-West). For readings whose errors are
 * their own, such as CPU.
 */
struct slope stats_slope(const double *x, const double *y, size_t count);

/*
 * The same where y is a sum over the units that x counts, such as the memory of x VMs: y holds the deviations
 * of all units before, a random walk about the line, so the interval is at least as wide as that makes it. x
 * is in rising order.
 */
struct slope stats_slope_of_sum(const double *x, const double *y, size_t count);

/* Least, median, 99th percentile (nearest rank) and most. Sorts `values`. */
struct spread stats_spread(double *values, size_t count);

#endif
