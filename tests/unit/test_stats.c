/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The statistics against published and independently computed values. */
#include "base/random.h"
#include "study/scale_load.h"
#include "study/stats.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "near.h"

static void mean_with_interval(void **state)
{
    static const double samples[] = {2, 4, 4, 4, 5, 5, 7, 9};
    struct statistic s = stats_mean(samples, 8);

    (void)state;
    assert_int_equal(s.n, 8);
    assert_near(s.mean, 5, 1e-12);
    assert_near(s.sd, 2.13808993529940, 1e-12);
    assert_near(s.ci95, 2.36462425101 * 2.13808993529940 / sqrt(8), 1e-9); /* t(7) of the tables: 2.3646 */

    s = stats_mean(samples, 1);
    assert_true(s.n == 1 && s.mean == 2 && s.sd == 0 && s.ci95 == 0);
    s = stats_mean(samples, 0);
    assert_true(s.n == 0 && s.mean == 0);
}

/* NIST Statistical Reference Datasets, linear regression, "Norris": calibration of ozone monitors. */
static const double norris_y[] = {0.1,   338.8, 118.1, 888.0, 9.2,   228.1, 668.5, 998.5, 449.1,
                                  778.9, 559.2, 0.3,   0.1,   778.1, 668.8, 339.3, 448.9, 10.8,
                                  557.7, 228.3, 998.0, 888.8, 119.6, 0.3,   0.6,   557.6, 339.3,
                                  888.0, 998.5, 778.9, 10.2,  117.6, 228.9, 668.4, 449.2, 0.2};
static const double norris_x[] = {0.2,   337.4, 118.2, 884.6, 10.1,  226.5, 666.3, 996.3, 448.6,
                                  777.0, 558.2, 0.4,   0.6,   775.5, 666.9, 338.0, 447.5, 11.6,
                                  556.0, 228.1, 995.8, 887.6, 120.2, 0.3,   0.3,   556.8, 339.1,
                                  887.2, 999.0, 779.0, 11.1,  118.3, 229.2, 669.1, 448.9, 0.5};

static void slope_of_norris(void **state)
{
    struct slope s = stats_slope(norris_x, norris_y, 36);
    double half = (s.high - s.low) / 2, certified = 2.03224450931772 * 0.429796848199937e-03; /* t(34) */

    (void)state;
    assert_true(s.known);
    assert_near(s.value, 1.00211681802045, 1e-13);
    assert_near(s.intercept, -0.262323073774029, 1e-11);
    assert_near(s.r2, 0.999993745883712, 1e-13);
    assert_true(half >= certified * (1 - 1e-9));
    assert_true(half < certified * 1.5);
    assert_near((s.low + s.high) / 2, s.value, 1e-12);
}

/* The errors of this series follow one another; its standard errors were computed in exact fractions, with
 * whole matrices. */
static void slope_with_errors_that_follow_one_another(void **state)
{
    static const double x[] = {10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120};
    static const double y[] = {101, 205, 312, 418, 520, 617, 712, 806, 899, 1001, 1108, 1216};
    struct slope s = stats_slope(x, y, 12);

    (void)state;
    assert_true(s.known);
    assert_near(s.value, 9.99055944055944, 1e-12);
    assert_near((s.high - s.low) / 2, 2.22813885198627 * 0.07200184980922461, 1e-9); /* t(10) */
}

/* Errors that change sign at each point: Newey-West would give next to nothing, so the classical interval
 * stands. */
static void slope_is_never_surer_than_the_classical(void **state)
{
    static const double x[] = {1, 2, 3, 4, 5, 6}, y[] = {1.5, 1.5, 3.5, 3.5, 5.5, 5.5};
    struct slope s = stats_slope(x, y, 6);
    /* Residuals: Sxx 17.5, Sxy 16, Syy 16: slope 32/35, SSE = 16 - 16^2/17.5. */
    double error = sqrt((16 - 256 / 17.5) / 4 / 17.5);

    (void)state;
    assert_near(s.value, 16 / 17.5, 1e-12);
    assert_near(s.high - s.value, 2.77644510519779 * error, 1e-9); /* t(4) */
}

static void slope_that_cannot_be_known(void **state)
{
    static const double same[] = {3, 3, 3, 3}, y[] = {1, 2, 3, 4}, broken[] = {1, NAN, 3, 4};

    (void)state;
    assert_false(stats_slope(same, y, 4).known);
    assert_false(stats_slope(y, same, 2).known);
    assert_false(stats_slope(y, same, 0).known);
    assert_false(stats_slope(y, broken, 4).known);

    struct slope flat = stats_slope(y, same, 4);

    assert_true(flat.known && fabs(flat.value) < 1e-12 && flat.high - flat.low < 1e-9);

    struct slope exact = stats_slope(y, y, 3);

    assert_true(exact.known);
    assert_near(exact.value, 1, 1e-12);
    assert_near(exact.r2, 1, 1e-12);
}

static void spread_by_nearest_rank(void **state)
{
    double values[200], few[] = {3, 1, 2, 10};

    (void)state;
    for (int i = 0; i < 200; i++)
        values[i] = 200 - i;

    struct spread s = stats_spread(values, 200);

    assert_true(s.n == 200 && s.least == 1 && s.median == 100.5 && s.p99 == 198 && s.most == 200);
    s = stats_spread(few, 4);
    assert_true(s.least == 1 && s.median == 2.5 && s.p99 == 10 && s.most == 10);
    s = stats_spread(few, 1);
    assert_true(s.n == 1 && s.least == 1 && s.median == 1 && s.p99 == 1 && s.most == 1);
    s = stats_spread(NULL, 0);
    assert_true(s.n == 0 && s.most == 0);
}

/* A standard normal number, nearly: the sum of twelve uniform ones less 6. */
static double normal(struct random *random)
{
    double sum = -6;

    for (int i = 0; i < 12; i++)
        sum += (double)(random_next(random) >> 11) * 0x1p-53;
    return sum;
}

/* Of 2,000 populations whose VMs take 12 with a deviation of 1 each, the interval must hold the 12 in about
 * 95 of 100; the classical one holds it far less often, which is why there is another. */
static void intervals_of_sums_hold_the_truth(void **state)
{
    enum { RUNS = 2000, POINTS = 21, STEP = 15 };
    struct random random = {.state = 1};
    unsigned held = 0, classical = 0;

    (void)state;
    for (int run = 0; run < RUNS; run++) {
        double x[POINTS] = {0}, y[POINTS] = {0};

        for (int i = 1; i < POINTS; i++) {
            x[i] = x[i - 1] + STEP;
            y[i] = y[i - 1] + 12 * STEP + sqrt(STEP) * normal(&random);
        }
        struct slope sum = stats_slope_of_sum(x, y, POINTS), plain = stats_slope(x, y, POINTS);

        held += sum.low <= 12 && 12 <= sum.high;
        classical += plain.low <= 12 && 12 <= plain.high;
        assert_near(sum.value, plain.value, 1e-9);
    }
    assert_in_range(held, RUNS * 94 / 100, RUNS * 98 / 100);
    assert_true(classical < RUNS * 80 / 100);
}

/* And with errors of the readings alone, as CPU has them, the plain interval holds the truth. */
static void intervals_of_readings_hold_the_truth(void **state)
{
    enum { RUNS = 2000, POINTS = 21 };
    struct random random = {.state = 2};
    unsigned held = 0;

    (void)state;
    for (int run = 0; run < RUNS; run++) {
        double x[POINTS], y[POINTS];

        for (int i = 0; i < POINTS; i++) {
            x[i] = i;
            y[i] = 0.3 * i + normal(&random);
        }
        struct slope slope = stats_slope(x, y, POINTS);

        held += slope.low <= 0.3 && 0.3 <= slope.high;
    }
    assert_in_range(held, RUNS * 93 / 100, RUNS * 98 / 100);
}

/* What was not answered right is slower than all that was: 100 requests, of which 95 took 1 to 95 us. */
static void percentiles_of_a_load(void **state)
{
    struct load_figures figures;

    (void)state;
    assert_int_equal(load_figures_init(&figures), 0);
    assert_true(scale_load_percentile(&figures, 99, 2) == 0);
    figures.due = 100;
    figures.outcomes[LOAD_RIGHT] = 95;
    figures.outcomes[LOAD_TIMEOUT] = 3;
    figures.outcomes[LOAD_WRONG] = 1;
    figures.outcomes[LOAD_RESET] = 1;
    for (uint64_t us = 1; us <= 95; us++)
        histogram_add(&figures.corrected, us * 1000);
    assert_near(scale_load_percentile(&figures, 1, 2), 1e-6, 1e-9);
    assert_near(scale_load_percentile(&figures, 50, 2), 50e-6, 50e-9);
    assert_near(scale_load_percentile(&figures, 90, 2), 90e-6, 90e-9);
    assert_near(scale_load_percentile(&figures, 95, 2), 95e-6, 95e-9);
    assert_near(scale_load_percentile(&figures, 95.1, 2), 2, 1e-12);
    assert_near(scale_load_percentile(&figures, 99.9, 2), 2, 1e-12);

    figures.outcomes[LOAD_RIGHT] = 0; /* nobody answers */
    assert_near(scale_load_percentile(&figures, 1, 2), 2, 1e-12);
    load_figures_release(&figures);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mean_with_interval),
        cmocka_unit_test(percentiles_of_a_load),
        cmocka_unit_test(slope_of_norris),
        cmocka_unit_test(slope_with_errors_that_follow_one_another),
        cmocka_unit_test(slope_is_never_surer_than_the_classical),
        cmocka_unit_test(slope_that_cannot_be_known),
        cmocka_unit_test(spread_by_nearest_rank),
        cmocka_unit_test(intervals_of_sums_hold_the_truth),
        cmocka_unit_test(intervals_of_readings_hold_the_truth),
    };

    return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
