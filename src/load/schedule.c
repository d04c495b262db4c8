/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "load/schedule.h"

#include "base/clock.h"
#include "base/option.h"
#include "base/reason.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS_MOST = 10000 };

/* What comes later never comes. */
#define LATEST_NS (UINT64_C(100) * 366 * 86400 * NS_PER_SECOND)

static int add_step(struct schedule_plan *plan, struct schedule_step step)
{
    struct schedule_step *grown = realloc(plan->steps, (plan->step_count + 1) * sizeof(*grown));

    if (!grown)
        return -ENOMEM;
    plan->steps = grown;
    grown[plan->step_count++] = step;
    return 0;
}

static int refuse(const char *text, struct reason *reason)
{
    return reason_set(
        reason, EINVAL,
        "a rate is a number of requests a second, up to %g, such as 1000, or steps TIME@RATE such "
        "as 10s@1000,10s@2000, not '%.100s'",
        SCHEDULE_RATE_MOST, text);
}

static int parse_step(char *text, bool alone, struct schedule_step *ret_step)
{
    char *at = strchr(text, '@');

    ret_step->length_ns = UINT64_MAX;
    if (at)
        *at = '\0';
    if (!at && !alone)
        return -EINVAL;
    if (at && (parse_duration(text, &ret_step->length_ns) < 0 || ret_step->length_ns == 0))
        return -EINVAL;
    if (parse_number(at ? at + 1 : text, &ret_step->rate) < 0 ||
        !(ret_step->rate >= 0 && ret_step->rate <= SCHEDULE_RATE_MOST))
        return -EINVAL;
    return 0;
}

static int parse_steps(char *words, const char *text, struct schedule_plan *plan, struct reason *reason)
{
    bool alone = !strchr(words, ','), any = false;
    char *word;

    while ((word = strsep(&words, ","))) {
        struct schedule_step step;

        if (plan->step_count == STEPS_MOST)
            return reason_set(reason, EINVAL, "a rate has at most %d steps", STEPS_MOST);
        if (parse_step(word, alone, &step) < 0)
            return refuse(text, reason);
        any |= step.rate > 0;
        if (add_step(plan, step) < 0)
            return reason_set(reason, ENOMEM, "no memory for the steps of a rate");
    }
    return any ? 0 : reason_set(reason, EINVAL, "the rate '%.100s' never sends a request", text);
}

int schedule_parse_rate(const char *text, struct schedule_plan *plan, struct reason *reason)
{
    char *words = strdup(text);
    int error = words ? parse_steps(words, text, plan, reason)
                      : reason_set(reason, ENOMEM, "no memory for the steps of a rate");

    free(words);
    return error;
}

void schedule_plan_release(struct schedule_plan *plan)
{
    free(plan->steps);
    free(plan->arrivals);
    *plan = (struct schedule_plan){0};
}

uint64_t schedule_length_ns(const struct schedule_plan *plan)
{
    uint64_t sum = 0;

    if (plan->arrival_count > 0)
        return plan->arrivals[plan->arrival_count - 1].at_ns;
    for (size_t i = 0; i < plan->step_count; i++) {
        if (plan->steps[i].length_ns > UINT64_MAX - sum)
            return UINT64_MAX;
        sum += plan->steps[i].length_ns;
    }
    return sum;
}

double schedule_rate_at(const struct schedule_plan *plan, uint64_t at_ns)
{
    uint64_t length = schedule_length_ns(plan), left = length > 0 ? at_ns % length : 0;

    for (size_t i = 0; i < plan->step_count; i++) {
        if (left < plan->steps[i].length_ns)
            return plan->steps[i].rate;
        left -= plan->steps[i].length_ns;
    }
    return 0;
}

static double requests_of(const struct schedule_step *step)
{
    return step->rate * (double)step->length_ns / (double)NS_PER_SECOND;
}

void schedule_begin(struct schedule *schedule, const struct schedule_plan *plan, uint64_t seed)
{
    *schedule = (struct schedule){.plan = plan, .random = {seed}};
    for (size_t i = 0; i < plan->step_count; i++)
        schedule->round_requests += requests_of(&plan->steps[i]);
}

/* A number of the exponential distribution of mean 1: the gap of a Poisson process of rate 1. */
static double exponential(struct random *random)
{
    /* 53 bits, from 2^-53 to 1. */
    return -log(((double)(random_next(random) >> 11) + 1) * 0x1p-53);
}

/* At the beginning of a round: passes over whole rounds. Rounds with few requests may be many. */
static void skip_rounds(struct schedule *schedule, double *gap)
{
    double rounds = floor(*gap / schedule->round_requests);
    double ns = rounds * (double)schedule_length_ns(schedule->plan);

    if (rounds < 1)
        return;
    *gap -= rounds * schedule->round_requests;
    schedule->step_began_ns = ns < (double)LATEST_NS ? schedule->step_began_ns + (uint64_t)ns : LATEST_NS;
}

/*
 * Requests come where the integral of the rate over time reaches the sum of the gaps. That holds for rates
 * that change, too, and for a Poisson process is what makes it one.
 */
static void walk(struct schedule *schedule, double gap)
{
    const struct schedule_plan *plan = schedule->plan;

    while (schedule->step_began_ns < LATEST_NS) {
        if (schedule->step == 0 && schedule->into_ns == 0)
            skip_rounds(schedule, &gap);
        const struct schedule_step *step = &plan->steps[schedule->step];
        double left_ns = (double)step->length_ns - schedule->into_ns;
        double left = step->rate * left_ns / (double)NS_PER_SECOND;

        if (gap < left) {
            schedule->into_ns += gap / step->rate * (double)NS_PER_SECOND;
            return;
        }
        gap = gap > left ? gap - left : 0;
        if (step->length_ns > LATEST_NS) {
            schedule->step_began_ns = LATEST_NS;
            return;
        }
        schedule->step_began_ns += step->length_ns;
        schedule->into_ns = 0;
        schedule->step = (schedule->step + 1) % plan->step_count;
    }
}

bool schedule_next(struct schedule *schedule, struct arrival *ret_arrival)
{
    const struct schedule_plan *plan = schedule->plan;

    if (!plan->steps) {
        if (schedule->number >= plan->arrival_count)
            return false;
        *ret_arrival = plan->arrivals[schedule->number++];
        return true;
    }
    walk(schedule, plan->poisson ? exponential(&schedule->random) : schedule->number == 0 ? 0 : 1);
    if (schedule->step_began_ns >= LATEST_NS || schedule->into_ns >= (double)LATEST_NS)
        return false;
    *ret_arrival = (struct arrival){
        .at_ns = schedule->step_began_ns + (uint64_t)schedule->into_ns,
        .number = schedule->number++,
    };
    return true;
}
