/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Of the load generator: the histogram against sorted values, arrival times, and whom requests go to. */
#include "base/clock.h"
#include "base/reason.h"
#include "load/histogram.h"
#include "load/schedule.h"
#include "load/targets.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "near.h"

enum { VALUES = 100000 };

static int by_value(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return left < right ? -1 : left > right;
}

/* Values of all magnitudes from 1 ns to an hour. */
static uint64_t some_value(struct random *random)
{
    return random_next(random) % HISTOGRAM_MOST_NS >> random_below(random, 42);
}

static void percentiles_are_those_of_sorted_values(void **state)
{
    static const double percents[] = {0, 0.001, 1, 10, 25, 50, 75, 90, 99, 99.9, 99.99, 99.999, 100};
    uint64_t *values = malloc(VALUES * sizeof(*values));
    struct random random = {1};
    struct histogram histogram;

    (void)state;
    assert_int_equal(histogram_init(&histogram), 0);
    assert_int_equal(histogram_percentile(&histogram, 50), 0);
    for (size_t i = 0; i < VALUES; i++)
        histogram_add(&histogram, values[i] = some_value(&random));
    qsort(values, VALUES, sizeof(*values), by_value);
    for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++) {
        size_t rank = (size_t)ceil(percents[i] / 100 * VALUES - 1e-6);
        uint64_t exact = values[rank > 0 ? rank - 1 : 0];
        uint64_t told = histogram_percentile(&histogram, percents[i]);

        assert_true(told >= exact);
        assert_true((double)(told - exact) <= (double)exact / 1024);
    }
    assert_int_equal(histogram.least, values[0]);
    assert_int_equal(histogram.most, values[VALUES - 1]);
    assert_int_equal(histogram.total, VALUES);
    assert_int_equal(histogram_count_to(&histogram, UINT64_MAX), VALUES);
    for (uint64_t ns = 1; ns < HISTOGRAM_MOST_NS; ns *= 7) {
        size_t below = 0, near = 0;

        for (size_t i = 0; i < VALUES; i++) {
            below += values[i] <= ns;
            near += values[i] <= ns + ns / 1024;
        }
        uint64_t told = histogram_count_to(&histogram, ns);

        assert_true(told >= below && told <= near);
    }
    histogram_release(&histogram);
    free(values);
}

static void merged_is_as_if_recorded_in_one(void **state)
{
    struct random random = {2};
    struct histogram all, parts[3];

    (void)state;
    assert_int_equal(histogram_init(&all), 0);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(histogram_init(&parts[i]), 0);
    for (size_t i = 0; i < 2 * VALUES; i++) {
        uint64_t value = some_value(&random);

        histogram_add(&all, value);
        histogram_add(&parts[i % 2], value);
    }
    histogram_merge(&parts[2], &parts[0]);
    histogram_merge(&parts[2], &parts[1]);
    assert_memory_equal(all.counts, parts[2].counts, HISTOGRAM_BUCKETS * sizeof(uint64_t));
    assert_true(all.total == parts[2].total && all.least == parts[2].least && all.most == parts[2].most);
    histogram_clear(&all);
    assert_int_equal(histogram_percentile(&all, 100), 0);
    for (size_t i = 0; i < 3; i++)
        histogram_release(&parts[i]);
    histogram_release(&all);
}

static void longer_than_an_hour_is_an_hour(void **state)
{
    struct histogram histogram;

    (void)state;
    assert_int_equal(histogram_init(&histogram), 0);
    histogram_add(&histogram, UINT64_MAX);
    assert_int_equal(histogram_percentile(&histogram, 50), HISTOGRAM_MOST_NS);
    assert_int_equal(histogram_count_to(&histogram, HISTOGRAM_MOST_NS), 1);
    histogram_release(&histogram);
}

/* The layout of HdrHistogram's files, of 1 ms to 1000 ms. */
static void the_percentile_text_is_hdr_histograms(void **state)
{
    struct histogram histogram;
    char *text = NULL, *line, *rest;
    size_t length, rows = 0;
    FILE *to = open_memstream(&text, &length);
    double value, percentile, inverse, last_value = 0, last_percentile = -1;
    unsigned long long count, last_count = 0;

    (void)state;
    assert_int_equal(histogram_init(&histogram), 0);
    for (uint64_t ms = 1; ms <= 1000; ms++)
        histogram_add(&histogram, ms * NS_PER_MILLISECOND);
    histogram_write_percentiles(&histogram, to);
    fclose(to);
    rest = text;
    line = strsep(&rest, "\n");
    assert_string_equal(line, "       Value     Percentile TotalCount 1/(1-Percentile)");
    assert_string_equal(strsep(&rest, "\n"), "");
    while ((line = strsep(&rest, "\n")) && line[0] != '#') {
        int fields = sscanf(line, "%lf %lf %llu %lf", &value, &percentile, &count, &inverse);

        assert_true(fields == 4 || (fields == 3 && percentile == 1));
        assert_true(value >= last_value && percentile > last_percentile && count >= last_count);
        /* That many values of 1 to 1000 are not above it. */
        assert_near(value, (double)count, 1.0);
        assert_true((double)count >= percentile * 1000);
        if (fields == 4)
            assert_near(inverse, 1 / (1 - percentile), 0.01 * inverse);
        last_value = value, last_percentile = percentile, last_count = count;
        rows++;
    }
    assert_true(rows > 20 && rows < 100);
    assert_true(last_percentile == 1 && last_count == 1000 && last_value == 1000);
    assert_int_equal(sscanf(line, "#[Mean = %lf, StdDeviation = %lf]", &value, &percentile), 2);
    assert_near(value, 500.5, 0.5);
    assert_near(percentile, sqrt((1000.0 * 1000 - 1) / 12), 0.5);
    assert_string_equal(strsep(&rest, "\n"), "#[Max     =  1000.000000, Total count    =         1000]");
    assert_string_equal(strsep(&rest, "\n"), "#[Buckets =           32, SubBuckets     =         2048]");
    histogram_release(&histogram);
    free(text);
}

/* How many requests come in each second of a plan. */
static void count_seconds(const char *rate, bool poisson, uint64_t seed, size_t seconds, uint64_t *counts)
{
    struct schedule_plan plan = {.poisson = poisson};
    struct schedule schedule;
    struct arrival arrival;
    struct reason reason = {""};
    uint64_t last = 0, number = 0;

    memset(counts, 0, seconds * sizeof(*counts));
    assert_int_equal(schedule_parse_rate(rate, &plan, &reason), 0);
    schedule_begin(&schedule, &plan, seed);
    while (schedule_next(&schedule, &arrival) && arrival.at_ns < seconds * NS_PER_SECOND) {
        assert_true(arrival.at_ns >= last);
        assert_int_equal(arrival.number, number++);
        last = arrival.at_ns;
        counts[arrival.at_ns / NS_PER_SECOND]++;
    }
    schedule_plan_release(&plan);
}

static void constant_rates_are_kept_exactly(void **state)
{
    uint64_t counts[6];

    (void)state;
    count_seconds("1000", false, 1, 2, counts);
    assert_true(counts[0] == 1000 && counts[1] == 1000);
    count_seconds("2.5", false, 1, 4, counts);
    assert_true(counts[0] == 3 && counts[1] == 2 && counts[2] == 3 && counts[3] == 2);
    count_seconds("1s@100,1s@0,500ms@400,500ms@0", false, 1, 6, counts);
    assert_true(counts[0] == 100 && counts[1] == 0 && counts[2] == 200);
    assert_true(counts[3] == 100 && counts[4] == 0 && counts[5] == 200);
}

/* Rates so low, or steps so short, that a walk over all steps would take for ever. */
static void rare_requests_are_found_at_once(void **state)
{
    static const char *const rates[] = {"1e-12", "1ms@1e-9,1ms@0", "0.000001ms@1e-9"};
    struct schedule schedule;
    struct arrival arrival;
    struct reason reason = {""};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct schedule_plan plan = {0};

        assert_int_equal(schedule_parse_rate(rates[i], &plan, &reason), 0);
        schedule_begin(&schedule, &plan, 1);
        assert_true(schedule_next(&schedule, &arrival) && arrival.at_ns == 0);
        bool second = schedule_next(&schedule, &arrival);

        /* A thousand million seconds are 32 years. */
        assert_true(second == (i > 0));
        if (second)
            assert_near((double)arrival.at_ns / (i == 1 ? 2e18 : 1e18), 1, 0.01);
        schedule_plan_release(&plan);
    }
    struct schedule_plan plan = {0};

    assert_int_equal(schedule_parse_rate("1ms@10,1ms@0", &plan, &reason), 0);
    schedule_begin(&schedule, &plan, 1);
    for (uint64_t n = 0; n < 1000; n++) {
        assert_true(schedule_next(&schedule, &arrival));
        assert_near((double)arrival.at_ns, (double)n * 0.2e9, 2e6);
    }
    schedule_plan_release(&plan);
}

static void poisson_arrivals_are_poisson(void **state)
{
    static uint64_t counts[1000], again[1000];
    double sum = 0, squares = 0;

    (void)state;
    count_seconds("1s@100,1s@400", true, 7, 1000, counts);
    for (size_t i = 0; i < 1000; i++) {
        double off = ((double)counts[i] - (i % 2 ? 400 : 100)) / (i % 2 ? 20 : 10);

        sum += off;
        squares += off * off;
    }
    /* Of a Poisson distribution, the variance is the mean. Four standard errors. */
    assert_near(sum / 1000, 0, 4 / sqrt(1000));
    assert_near(squares / 1000, 1, 4 * sqrt(2.0 / 1000));
    count_seconds("1s@100,1s@400", true, 7, 1000, again);
    assert_memory_equal(counts, again, sizeof(counts));
    count_seconds("1s@100,1s@400", true, 8, 1000, again);
    assert_memory_not_equal(counts, again, sizeof(counts));
}

static void rates_that_are_none_are_refused(void **state)
{
    static const char *const wrong[] = {"",           "x",      "-1",      "1000,2000", "10s@",
                                        "@10",        "0s@10",  "10s@1,",  "1e99",      "nan",
                                        "10s@10,x@1", "10s@-1", "10x@100", "10s@1e10"};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct schedule_plan plan = {0};
        struct reason reason = {""};

        assert_int_equal(schedule_parse_rate(wrong[i], &plan, &reason), -EINVAL);
        assert_non_null(strstr(reason.text, "a rate is"));
        schedule_plan_release(&plan);
    }
    struct schedule_plan plan = {0};
    struct reason reason = {""};

    assert_int_equal(schedule_parse_rate("10s@0", &plan, &reason), -EINVAL);
    assert_non_null(strstr(reason.text, "never sends"));
    schedule_plan_release(&plan);
    assert_int_equal(schedule_parse_rate("10s@5,2s@50", &plan, &reason), 0);
    assert_int_equal(schedule_length_ns(&plan), 12 * NS_PER_SECOND);
    assert_true(schedule_rate_at(&plan, 9 * NS_PER_SECOND) == 5);
    assert_true(schedule_rate_at(&plan, 23 * NS_PER_SECOND) == 50);
    schedule_plan_release(&plan);
}

static int read_trace(const char *text, struct schedule_plan *plan, struct reason *reason)
{
    char path[] = "/tmp/mvm-trace-XXXXXX";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    int error = schedule_read_trace(path, 10, plan, reason);

    unlink(path);
    return error;
}

static void traces_say_when_and_whom(void **state)
{
    static const struct {
        const char *text, *why;
    } wrong[] = {
        {"", "holds no request"}, {"0,1\n0.5,10\n", "line 2 of the trace"}, {"0,1\nx,1\n", "line 2"},
        {"0,1\n1\n", "line 2"},   {"# one\n0,1\n\n2,1\n1,1\n", "line 5"},   {"0,-1\n", "line 1"},
        {"1e300,1\n", "line 1"},
    };
    struct schedule_plan plan = {0};
    struct schedule schedule;
    struct arrival arrival;
    struct reason reason = {""};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(read_trace(wrong[i].text, &plan, &reason), -EINVAL);
        assert_non_null(strstr(reason.text, wrong[i].why));
        schedule_plan_release(&plan);
    }
    assert_int_equal(read_trace("time,vm\n0,3\r\n# that was VM 3\n\n0.25,9\n0.25,0", &plan, &reason), 0);
    assert_int_equal(schedule_length_ns(&plan), NS_PER_SECOND / 4);
    schedule_begin(&schedule, &plan, 1);
    assert_true(schedule_next(&schedule, &arrival) && arrival.at_ns == 0 && arrival.vm == 3);
    assert_true(schedule_next(&schedule, &arrival) && arrival.at_ns == NS_PER_SECOND / 4 && arrival.vm == 9);
    assert_true(schedule_next(&schedule, &arrival) && arrival.vm == 0 && arrival.number == 2);
    assert_false(schedule_next(&schedule, &arrival));
    schedule_plan_release(&plan);
}

/* Chi-squared of draws against the chances of ranks, all ranks from `last` on taken together. */
static double chi_squared(const struct targets *targets, size_t last)
{
    uint64_t *counts = calloc(targets->vms, sizeof(*counts));
    double *chances = calloc(targets->vms, sizeof(*chances)), sum = 0, chi = 0, rest = 0, rest_count = 0;
    struct random random = {3};

    for (uint64_t rank = 0; rank < targets->vms; rank++)
        sum += chances[rank] = targets->kind == TARGETS_ZIPF ? pow((double)rank + 1, -targets->skew) : 1;
    for (size_t i = 0; i < VALUES; i++) {
        uint64_t vm = targets_choose(targets, i, &random);

        assert_true(vm < targets->vms);
        counts[vm]++;
    }
    for (uint64_t rank = 0; rank < targets->vms; rank++) {
        double expected = chances[rank] / sum * VALUES, count = (double)counts[targets_ranked(targets, rank)];

        if (rank < last)
            chi += (count - expected) * (count - expected) / expected;
        else
            rest += expected, rest_count += count;
    }
    if (rest > 0)
        chi += (rest_count - rest) * (rest_count - rest) / rest;
    free(counts);
    free(chances);
    return chi;
}

static void targets_are_distributed_as_they_should(void **state)
{
    static const double skews[] = {0.5, 0.99, 1, 1.2, 3};
    struct targets targets;

    (void)state;
    /* Of a chi-squared distribution of n degrees, n + 5 sqrt(2 n) is exceeded about once in a million times.
     */
    targets_set(&targets, TARGETS_UNIFORM, 100, 0);
    assert_true(chi_squared(&targets, 100) < 99 + 5 * sqrt(2 * 99));
    for (size_t i = 0; i < sizeof(skews) / sizeof(skews[0]); i++) {
        size_t last = skews[i] > 2 ? 10 : 50;

        targets_set(&targets, TARGETS_ZIPF, 10000, skews[i]);
        assert_true(chi_squared(&targets, last) < (double)last + 5 * sqrt(2 * (double)last));
    }
    targets_set(&targets, TARGETS_ROUND_ROBIN, 3, 0);
    assert_int_equal(targets_choose(&targets, 0, NULL), 0);
    assert_int_equal(targets_choose(&targets, 7, NULL), 1);
}

/* Every rank is another VM, for any number of VMs. */
static void ranks_are_scattered_one_to_one(void **state)
{
    static const uint64_t numbers[] = {1, 2, 3, 10, 1000, 65536, 99991};
    struct targets targets;

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        char *seen = calloc(numbers[i], 1);

        targets_set(&targets, TARGETS_ZIPF, numbers[i], 1);
        for (uint64_t rank = 0; rank < numbers[i]; rank++) {
            uint64_t vm = targets_ranked(&targets, rank);

            assert_true(vm < numbers[i] && !seen[vm]);
            seen[vm] = 1;
        }
        free(seen);
    }
    struct random random = {4};

    targets_set(&targets, TARGETS_ZIPF, TARGETS_MOST, 0.99);
    for (size_t i = 0; i < 1000; i++)
        assert_true(targets_choose(&targets, i, &random) < TARGETS_MOST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percentiles_are_those_of_sorted_values),
        cmocka_unit_test(merged_is_as_if_recorded_in_one),
        cmocka_unit_test(longer_than_an_hour_is_an_hour),
        cmocka_unit_test(the_percentile_text_is_hdr_histograms),
        cmocka_unit_test(constant_rates_are_kept_exactly),
        cmocka_unit_test(rare_requests_are_found_at_once),
        cmocka_unit_test(poisson_arrivals_are_poisson),
        cmocka_unit_test(rates_that_are_none_are_refused),
        cmocka_unit_test(traces_say_when_and_whom),
        cmocka_unit_test(targets_are_distributed_as_they_should),
        cmocka_unit_test(ranks_are_scattered_one_to_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
