/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A histogram of times with a bounded relative error: the buckets of Gil Tene's HdrHistogram with 3
 * significant digits.
 *
 * Values below 2048 ns have a bucket each. Above, the values from 2^(e+10) to 2^(e+11) - 1 are divided into
 * 1024 buckets of 2^e values. A bucket of 2^e values holds none below 1024 * 2^e, so the highest value of a
 * bucket, which is what is reported, is never below what was recorded and exceeds it by less than 1/1024:
 * 0.1 %. Values from 0 ns to an hour; longer ones count as an hour.
 */
#ifndef MVM_LOAD_HISTOGRAM_H
#define MVM_LOAD_HISTOGRAM_H

#include <stdint.h>
#include <stdio.h>

#define HISTOGRAM_MOST_NS UINT64_C(3600000000000)

enum {
    HISTOGRAM_HALF = 1024, /* buckets for each power of two; values below twice as many have their own */
    HISTOGRAM_BUCKETS = 33 * HISTOGRAM_HALF,
};

/* 264 KiB of counters, of which the host gives memory only for those that are written. */
struct histogram {
    uint64_t *counts;     /* HISTOGRAM_BUCKETS */
    uint64_t total;       /* values recorded */
    uint64_t least, most; /* exact, in ns; 0 while there are none */
};

/* -ENOMEM or 0. */
int histogram_init(struct histogram *histogram);
/* Fine with a zeroed one. */
void histogram_release(struct histogram *histogram);

/* Forgets all values. */
void histogram_clear(struct histogram *histogram);

void histogram_add(struct histogram *histogram, uint64_t ns);

/* Adds all values of `from`, which stays as it is. */
void histogram_merge(struct histogram *histogram, const struct histogram *from);

/* The value that `percent` percent (0 to 100) of all values do not exceed, by nearest rank; 0 when there are
 * none. */
uint64_t histogram_percentile(const struct histogram *histogram, double percent);

/* How many values are not above `ns`, where a bucket that holds `ns` counts whole. */
uint64_t histogram_count_to(const struct histogram *histogram, uint64_t ns);

/* In ns, from the middle of each bucket; 0 when there are no values. */
double histogram_mean(const struct histogram *histogram);
double histogram_deviation(const struct histogram *histogram);

/*
 * Writes the percentile distribution as HdrHistogram's outputPercentileDistribution() does, with 5 steps for
 * each halving of the distance to 100 %: what its plotter reads. Values are written in milliseconds.
 */
void histogram_write_percentiles(const struct histogram *histogram, FILE *to);

#endif
