/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/stats.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_fit.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

/* Student's t with `freedom` degrees: 95 % of it lies within this on either side of 0. */
static double t95(double freedom)
{
    return gsl_cdf_tdist_Pinv(0.975, freedom);
}

struct statistic stats_mean(const double *samples, size_t count)
{
    struct statistic statistic = {.n = (unsigned)count};

    if (count == 0)
        return statistic;
    statistic.mean = gsl_stats_mean(samples, 1, count);
    if (count > 1) {
        statistic.sd = gsl_stats_sd_m(samples, 1, count, statistic.mean);
        statistic.ci95 = t95((double)count - 1) * statistic.sd / sqrt((double)count);
    }
    return statistic;
}

/*
 * Variance of the slope when errors follow one another: W. K. Newey, K. D. West, "A simple, positive
 * semi-definite, heteroskedasticity and autocorrelation consistent covariance matrix", Econometrica 55
 * (1987), with Bartlett's weights and the lag floor(4 (n/100)^(2/9)); multiplied by n/(n-2) for few points,
 * as Stata's newey and others do. With an intercept, the slope's element of the sandwich is S / Sxx^2, S
 * being the weighted sum of the products of (x - mean) * residual.
 */
static double newey_west(const double *x, const double *y, size_t count, double intercept, double slope)
{
    double n = (double)count, mean = gsl_stats_mean(x, 1, count);
    double sxx = gsl_stats_tss_m(x, 1, count, mean), sum = 0;
    size_t lag = (size_t)floor(4 * pow(n / 100, 2.0 / 9));

    if (lag > count - 1)
        lag = count - 1;
    for (size_t behind = 0; behind <= lag; behind++) {
        double weight = behind == 0 ? 1 : 2 * (1 - (double)behind / ((double)lag + 1)), products = 0;

        for (size_t i = behind; i < count; i++) {
            size_t j = i - behind;

            products += (x[i] - mean) * (y[i] - intercept - slope * x[i]) * (x[j] - mean) *
                        (y[j] - intercept - slope * x[j]);
        }
        sum += weight * products;
    }
    return sum / (sxx * sxx) * n / (n - 2);
}

/*
 * Variance of the slope when y is a sum over the units counted by x, each with a deviation of its own: a
 * random walk about the line, whose steps have a variance in proportion to their length. That variance a unit
 * is estimated from the steps; the least-squares slope of a random walk over T units has 6/5 of it, divided
 * by T (S. N. Durlauf, P. C. B. Phillips, "Trends versus random walks in time series analysis", Econometrica
 * 56 (1988)).
 */
static double random_walk(const double *x, const double *y, size_t count, double slope)
{
    double squares = 0;

    for (size_t i = 1; i < count; i++) {
        double length = x[i] - x[i - 1], deviation = y[i] - y[i - 1] - slope * length;

        if (length > 0)
            squares += deviation * deviation / length;
    }
    return 1.2 * squares / ((double)count - 2) / (x[count - 1] - x[0]);
}

struct slope stats_slope_of_sum(const double *x, const double *y, size_t count)
{
    struct slope slope = stats_slope(x, y, count);

    if (!slope.known || x[count - 1] <= x[0])
        return slope;
    double half = t95((double)count - 2) * sqrt(random_walk(x, y, count, slope.value));

    slope.low = fmin(slope.low, slope.value - half);
    slope.high = fmax(slope.high, slope.value + half);
    return slope;
}

struct slope stats_slope(const double *x, const double *y, size_t count)
{
    struct slope slope = {.known = false};
    double intercept, value, cov00, cov01, variance, squares;

    if (count < 3 || gsl_stats_max(x, 1, count) <= gsl_stats_min(x, 1, count))
        return slope;
    gsl_fit_linear(x, 1, y, 1, count, &intercept, &value, &cov00, &cov01, &variance, &squares);

    double total = gsl_stats_tss(y, 1, count);
    double half = t95((double)count - 2) * sqrt(fmax(variance, newey_west(x, y, count, intercept, value)));

    if (!isfinite(value) || !isfinite(half))
        return slope;
    return (struct slope){
        .known = true,
        .value = value,
        .low = value - half,
        .high = value + half,
        .intercept = intercept,
        .r2 = total > 0 ? fmax(0, 1 - squares / total) : 1, /* a constant is on the line */
    };
}

struct spread stats_spread(double *values, size_t count)
{
    struct spread spread = {.n = count};

    if (count == 0)
        return spread;
    gsl_sort(values, 1, count);
    spread.least = values[0];
    spread.median = gsl_stats_median_from_sorted_data(values, 1, count);
    spread.p99 = values[(99 * count + 99) / 100 - 1]; /* the nearest rank: 0.99 n, rounded up */
    spread.most = values[count - 1];
    return spread;
}
