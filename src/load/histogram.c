/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "load/histogram.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TICKS_PER_HALF = 5 };

/* Which bucket. */
static size_t bucket_of(uint64_t ns)
{
    if (ns < 2 * HISTOGRAM_HALF)
        return (size_t)ns;
    unsigned exponent = 63 - (unsigned)__builtin_clzll(ns) - 10;

    return exponent * HISTOGRAM_HALF + (size_t)(ns >> exponent);
}

static uint64_t bucket_lowest(size_t bucket, uint64_t *ret_width)
{
    unsigned exponent = bucket < 2 * HISTOGRAM_HALF ? 0 : (unsigned)(bucket / HISTOGRAM_HALF) - 1;

    *ret_width = UINT64_C(1) << exponent;
    return (uint64_t)(bucket - exponent * HISTOGRAM_HALF) << exponent;
}

/* Not above the greatest value that was recorded, which is known exactly. */
static uint64_t bucket_highest(const struct histogram *histogram, size_t bucket)
{
    uint64_t width, highest = bucket_lowest(bucket, &width) + width - 1;

    return highest < histogram->most ? highest : histogram->most;
}

static double bucket_middle(size_t bucket)
{
    uint64_t width, lowest = bucket_lowest(bucket, &width);

    return (double)lowest + (double)(width / 2);
}

int histogram_init(struct histogram *histogram)
{
    *histogram = (struct histogram){.counts = calloc(HISTOGRAM_BUCKETS, sizeof(uint64_t))};
    return histogram->counts ? 0 : -ENOMEM;
}

void histogram_release(struct histogram *histogram)
{
    free(histogram->counts);
    *histogram = (struct histogram){0};
}

void histogram_clear(struct histogram *histogram)
{
    if (histogram->total > 0)
        memset(histogram->counts, 0, HISTOGRAM_BUCKETS * sizeof(uint64_t));
    histogram->total = histogram->least = histogram->most = 0;
}

void histogram_add(struct histogram *histogram, uint64_t ns)
{
    if (ns > HISTOGRAM_MOST_NS)
        ns = HISTOGRAM_MOST_NS;
    histogram->counts[bucket_of(ns)]++;
    if (histogram->total == 0 || ns < histogram->least)
        histogram->least = ns;
    if (ns > histogram->most)
        histogram->most = ns;
    histogram->total++;
}

void histogram_merge(struct histogram *histogram, const struct histogram *from)
{
    if (from->total == 0)
        return;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        histogram->counts[i] += from->counts[i];
    if (histogram->total == 0 || from->least < histogram->least)
        histogram->least = from->least;
    if (from->most > histogram->most)
        histogram->most = from->most;
    histogram->total += from->total;
}

uint64_t histogram_percentile(const struct histogram *histogram, double percent)
{
    /* 99.9 % of 1000 is 999, whatever the last bit of the product says. */
    double rank = ceil(percent / 100 * (double)histogram->total * (1 - 1e-12));
    uint64_t sum = 0;

    if (histogram->total == 0)
        return 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        sum += histogram->counts[i];
        if (sum > 0 && (double)sum >= rank)
            return bucket_highest(histogram, i);
    }
    return histogram->most;
}

uint64_t histogram_count_to(const struct histogram *histogram, uint64_t ns)
{
    size_t last = bucket_of(ns < HISTOGRAM_MOST_NS ? ns : HISTOGRAM_MOST_NS);
    uint64_t sum = 0;

    for (size_t i = 0; i <= last; i++)
        sum += histogram->counts[i];
    return sum;
}

double histogram_mean(const struct histogram *histogram)
{
    double sum = 0;

    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        if (histogram->counts[i] > 0)
            sum += (double)histogram->counts[i] * bucket_middle(i);
    return histogram->total > 0 ? sum / (double)histogram->total : 0;
}

double histogram_deviation(const struct histogram *histogram)
{
    double mean = histogram_mean(histogram), sum = 0;

    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        double off = bucket_middle(i) - mean;

        if (histogram->counts[i] > 0)
            sum += (double)histogram->counts[i] * off * off;
    }
    return histogram->total > 0 ? sqrt(sum / (double)histogram->total) : 0;
}

/* The level after `percent`: TICKS_PER_HALF steps over each half of what is left to 100 %. */
static double next_level(double percent)
{
    double halvings = floor(log2(100 / (100 - percent))) + 1;

    return percent + 100 / (TICKS_PER_HALF * exp2(halvings));
}

void histogram_write_percentiles(const struct histogram *histogram, FILE *to)
{
    const double ms = 1e6;
    double level = 0;
    uint64_t sum = 0;

    fprintf(to, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
    for (size_t i = 0; i < HISTOGRAM_BUCKETS && sum < histogram->total; i++) {
        if (histogram->counts[i] == 0)
            continue;
        sum += histogram->counts[i];
        while (sum < histogram->total && 100 * (double)sum / (double)histogram->total >= level) {
            fprintf(to, "%12.6f %2.12f %10llu %14.2f\n", (double)bucket_highest(histogram, i) / ms,
                    level / 100, (unsigned long long)sum, 1 / (1 - level / 100));
            level = next_level(level);
        }
    }
    if (histogram->total > 0)
        fprintf(to, "%12.6f %2.12f %10llu\n", (double)histogram->most / ms, 1.0,
                (unsigned long long)histogram->total);
    fprintf(to, "#[Mean    = %12.6f, StdDeviation   = %12.6f]\n", histogram_mean(histogram) / ms,
            histogram_deviation(histogram) / ms);
    fprintf(to, "#[Max     = %12.6f, Total count    = %12llu]\n", (double)histogram->most / ms,
            (unsigned long long)histogram->total);
    fprintf(to, "#[Buckets = %12d, SubBuckets     = %12d]\n", HISTOGRAM_BUCKETS / HISTOGRAM_HALF - 1,
            2 * HISTOGRAM_HALF);
}
