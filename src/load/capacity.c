/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "load/capacity.h"

#include "base/clock.h"
#include "base/reason.h"

#include <errno.h>

/* Below this a measurement of seconds has no percentiles. */
#define LEAST_RATE 1.0

const char *const capacity_limit_names[] = {
    [CAPACITY_MET] = "met",
    [CAPACITY_FAILURES] = "failures",
    [CAPACITY_SENDER] = "sender",
    [CAPACITY_ANSWERS] = "answers",
};

static enum load_outcome worst_of(const struct load_figures *figures)
{
    enum load_outcome worst = LOAD_WRONG;

    for (enum load_outcome i = LOAD_WRONG; i < LOAD_OUTCOMES; i++)
        if (figures->outcomes[i] > figures->outcomes[worst])
            worst = i;
    return worst;
}

static struct capacity_try judge(const struct capacity_plan *plan, double rate,
                                 const struct load_figures *figures)
{
    struct capacity_try try = {
        .rate = rate,
        .right_rate = figures->measured_ns > 0 ? (double)figures->outcomes[LOAD_RIGHT] *
                                                     (double)NS_PER_SECOND / (double)figures->measured_ns
                                               : 0,
        .latency_ns = histogram_percentile(&figures->corrected, plan->percent),
        .lag_ns = histogram_percentile(&figures->lag, plan->percent),
        .due = figures->due,
        .failed = load_figures_failed(figures),
        .worst = worst_of(figures),
    };
    double may_miss = (double)figures->due * (1 - plan->percent / 100);
    uint64_t in_time = histogram_count_to(&figures->corrected, plan->goal_ns);

    if (figures->due > 0 && (double)(figures->due - in_time) <= may_miss)
        try.limit = CAPACITY_MET;
    else if (try.lag_ns > plan->goal_ns / 2)
        try.limit = CAPACITY_SENDER;
    else if ((double)try.failed > may_miss)
        try.limit = CAPACITY_FAILURES;
    else
        try.limit = CAPACITY_ANSWERS;
    return try;
}

/* Measures a rate until most of its measurements say the same. */
static int try_rate(const struct capacity_plan *plan, double rate, struct capacity *capacity, bool *ret_met,
                    struct reason *reason)
{
    unsigned met = 0, missed = 0, most = plan->repeats / 2 + 1;
    struct capacity_try last_met = {0}, last_missed = {0};
    struct load_figures figures;

    if (load_figures_init(&figures) < 0)
        return reason_set(reason, ENOMEM, "no memory for histograms");
    while (met < most && missed < most) {
        if (capacity->try_count == CAPACITY_TRIES) {
            load_figures_release(&figures);
            return reason_set(reason, ERANGE, "%d measurements found no end", CAPACITY_TRIES);
        }
        load_figures_clear(&figures);
        int error = plan->measure(plan->context, rate, &figures, reason);

        if (error) {
            load_figures_release(&figures);
            return error;
        }
        struct capacity_try try = judge(plan, rate, &figures);

        capacity->tries[capacity->try_count++] = try;
        if (plan->tried)
            plan->tried(plan->context, &try);
        if (try.limit == CAPACITY_MET) {
            met++;
            last_met = try;
        } else {
            missed++;
            last_missed = try;
        }
    }
    load_figures_release(&figures);
    *ret_met = met >= most;
    if (*ret_met) {
        capacity->rate = rate;
        capacity->met = last_met;
    } else {
        capacity->missed_rate = rate;
        capacity->missed = last_missed;
    }
    return 0;
}

int capacity_find(const struct capacity_plan *plan, struct capacity *ret_capacity, struct reason *reason)
{
    struct capacity *capacity = ret_capacity;
    double rate = plan->first_rate;
    bool met;

    *capacity = (struct capacity){0};
    for (;;) {
        int error = try_rate(plan, rate, capacity, &met, reason);

        if (error)
            return error;
        if (capacity->rate > 0 && capacity->missed_rate > 0) {
            if (capacity->missed_rate <= capacity->rate * (1 + plan->precision))
                return 0;
            rate = (capacity->rate + capacity->missed_rate) / 2;
        } else if (met) {
            if (rate >= plan->most_rate)
                return 0;
            rate = rate * 2 < plan->most_rate ? rate * 2 : plan->most_rate;
        } else {
            if (rate <= LEAST_RATE)
                return 0;
            rate = rate / 2 > LEAST_RATE ? rate / 2 : LEAST_RATE;
        }
    }
}
