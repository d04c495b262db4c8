/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The result of `mvm load` for people. */
#include "base/clock.h"
#include "base/reason.h"
#include "cmd/load.h"
#include "cmd/load_result.h"
#include "result/json.h"
#include "result/number.h"

#include <errno.h>
#include <stdio.h>

static void print_times(const char *name, const struct histogram *histogram)
{
    static const double percents[] = {50, 90, 99, 99.9, 100};
    char number[NUMBER_ROOM];

    printf("%-14s", name);
    for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++)
        printf("%12s", number_fixed((double)histogram_percentile(histogram, percents[i]) / 1e6, 3, number));
    putchar('\n');
}

static void print_load(const struct load_run *run)
{
    double seconds = (double)run->figures.measured_ns / (double)NS_PER_SECOND;
    const struct load_options *options = run->options;
    char number[NUMBER_ROOM], vms[NUMBER_ROOM];

    if (options->connections > 0)
        printf("closed loop, %s requests under way", number_grouped(options->connections, number));
    else if (options->trace)
        printf("the trace %s", options->trace);
    else
        printf("%s requests a second, %s", options->rate, options->arrivals);
    if (run->aim.vms > 1 && !options->trace)
        printf(", to %s VMs %s", number_grouped(run->aim.vms, vms),
               run->targets.kind == TARGETS_UNIFORM ? "uniformly"
               : run->targets.kind == TARGETS_ZIPF  ? "by Zipf's law"
                                                    : "in turn");
    printf(", for %s s%s\n\n", number_plain(seconds, 3, number),
           run->interrupted ? " until it was interrupted" : "");
}

static void print_outcomes(const struct load_figures *figures, bool open)
{
    double seconds = (double)figures->measured_ns / (double)NS_PER_SECOND;
    char number[NUMBER_ROOM], rate[NUMBER_ROOM];

    printf("%14s %s", number_grouped(figures->due, number), open ? "requests were due" : "requests ended");
    if (seconds > 0)
        printf(" (%s a second)", number_fixed((double)figures->due / seconds, 1, rate));
    putchar('\n');
    for (size_t i = 0; i < LOAD_OUTCOMES; i++) {
        if (figures->outcomes[i] == 0 && i != LOAD_RIGHT)
            continue;
        printf("%14s %s", number_grouped(figures->outcomes[i], number), load_outcome_words[i]);
        if (i == LOAD_RIGHT && seconds > 0)
            printf(" (%s a second)", number_fixed((double)figures->outcomes[i] / seconds, 1, rate));
        putchar('\n');
    }
}

static void print_figures(const struct load_run *run)
{
    const struct load_figures *figures = &run->figures;
    bool open = run->options->connections == 0;

    print_load(run);
    print_outcomes(figures, open);
    if (figures->uncorrected.total == 0 && figures->lag.total == 0)
        return;
    printf("\n%-14s%12s%12s%12s%12s%12s\n", "milliseconds", "p50", "p90", "p99", "p99.9", "max");
    if (figures->corrected.total > 0)
        print_times("latency", &figures->corrected);
    if (figures->uncorrected.total > 0)
        print_times(open ? "uncorrected" : "latency", &figures->uncorrected);
    if (figures->lag.total > 0)
        print_times("send lag", &figures->lag);
    if (open)
        puts("\nLatency counts from when a request was to be sent; uncorrected, from when it was.");
}

static void print_missed(const struct load_run *run, const struct capacity_try *try)
{
    char rate[NUMBER_ROOM], ms[NUMBER_ROOM], percent[NUMBER_ROOM];

    printf("at %s a second ", number_fixed(try->rate, 0, rate));
    switch (try->limit) {
    case CAPACITY_FAILURES:
        printf("%s %% of the requests failed, most of them %s\n",
               number_plain(100 * (double)try->failed / (double)try->due, 3, percent),
               load_outcome_words[try->worst]);
        break;
    case CAPACITY_SENDER:
        printf("the generator itself was late: p99 of its send lag was %s ms%s\n",
               number_fixed((double)try->lag_ns / 1e6, 3, ms),
               run->threads == 1 ? "; --threads, or CPUs of its own, may help" : "");
        break;
    default:
        printf("the answers took too long: p99 was %s ms\n",
               number_fixed((double)try->latency_ns / 1e6, 3, ms));
    }
}

static void print_capacity(const struct load_run *run)
{
    const struct capacity *capacity = &run->capacity;
    char rate[NUMBER_ROOM], goal[NUMBER_ROOM], ms[NUMBER_ROOM];

    number_plain((double)run->options->p99_ns / 1e6, 3, goal);
    if (capacity->rate > 0)
        printf("%s requests a second meet the goal: p99 was %s ms, and is to be at most %s ms\n",
               number_fixed(capacity->rate, 0, rate),
               number_fixed((double)capacity->met.latency_ns / 1e6, 3, ms), goal);
    else
        printf("no rate was found that meets the goal of at most %s ms at p99\n", goal);
    if (capacity->missed_rate > 0)
        print_missed(run, &capacity->missed);
    if (run->interrupted)
        puts("the search was interrupted");
    printf("%u measurements of %s s\n", capacity->try_count,
           number_plain((double)run->plan.length_ns / (double)NS_PER_SECOND, 3, ms));
}

int load_print(const struct load_run *run, struct reason *reason)
{
    char what[1024];

    if (run->options->json) {
        json_t *json = load_result_json(run);

        if (!json || json_dumpf(json, stdout, RESULT_JSON_FLAGS) < 0) {
            json_decref(json);
            return reason_set(reason, ENOMEM, "no memory for the result");
        }
        json_decref(json);
        putchar('\n');
        return 0;
    }
    load_aim_describe(&run->aim, what, sizeof(what));
    puts(what);
    if (run->options->find_capacity)
        print_capacity(run);
    else
        print_figures(run);
    return 0;
}
