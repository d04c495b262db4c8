/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What changed per VM between two runs, and whether it is more than noise.
 *
 * The figures are the slopes of the two runs with their 95 % intervals [low, high]. The standard error of a
 * slope is taken from its interval,
 *
 *     se = (high - low) / (2 * 1.96),
 *
 * and the two errors are independent, so that the change and its 95 % interval are
 *
 *     b - a ± 1.96 * sqrt(se_a^2 + se_b^2).
 *
 * The intervals of the slopes are Student's; dividing them by the normal quantile 1.96 leaves `se` somewhat
 * too wide, so the test errs toward "noise". The change is more than noise when its interval does not hold 0.
 * In percent all of it is divided by |a|, whose own uncertainty is not added.
 */
#ifndef MVM_REPORT_COMPARE_H
#define MVM_REPORT_COMPARE_H

#include "result/result.h"

#include <stdio.h>

struct compared {
    bool known;
    bool has_interval; /* false: a median without interval; change_low to more_than_noise mean nothing then */
    const char *name;  /* "memory per VM" */
    const char *unit;  /* "bytes" */
    double a, b;       /* slopes of the two runs */
    double change, change_low, change_high;    /* b - a with its 95 % interval */
    double percent, percent_low, percent_high; /* the same in percent of |a|; infinite or NaN when a is 0 */
    bool more_than_noise;                      /* the interval of the change does not hold 0 */
};

/* OWN: by the account of the process in which VMs live; unknown for VMs that are processes. CLOUD: of all
 * hosts that were read; unknown where VMs are on this host. */
enum compared_figure {
    COMPARE_MEMORY,
    COMPARE_CPU,
    COMPARE_OWN_MEMORY,
    COMPARE_OWN_CPU,
    COMPARE_CLOUD_MEMORY,
    COMPARE_CLOUD_CPU,
    COMPARE_BOOT,
    COMPARE_COUNT
};

struct comparison {
    struct compared figures[COMPARE_COUNT];
    char unlike[1024]; /* why the two are not of one kind (class, image, share, host), one sentence; "" when
                          they are */
    bool emulated_a, emulated_b; /* measured on an emulated host (`mvm lab`) */
};

void compare_results(const struct result *a, const struct result *b, struct comparison *ret_comparison);

/*
 * True when the change of `figure` is for the worse (more memory, more CPU) by more than `percent` percent of
 * a, and is more than noise. A figure without an interval is never worse in this sense. From a = 0 any change
 * beyond noise is more than any percentage.
 */
bool compare_worse(const struct compared *figure, double percent);

/* Prints the comparison as a table, below a warning when the two are unlike. */
void compare_print(const struct comparison *comparison, FILE *to);

#endif
