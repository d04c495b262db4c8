/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "door/tally.h"

#include <errno.h>
#include <stddef.h>

enum { STEPS = 10, FIRST_NS = 1000 };

/* Hundredths of a decade's beginning. */
static const unsigned steps[STEPS] = {100, 125, 150, 200, 250, 300, 400, 500, 600, 800};

const char *tally_end_name(enum tally_end end)
{
    static const char *const names[TALLY_ENDS] = {[TALLY_ANSWERED] = "answered",
                                                  [TALLY_TIMEOUT] = "timeout",
                                                  [TALLY_ENDED] = "ended",
                                                  [TALLY_BUSY] = "busy",
                                                  [TALLY_OTHER] = "other"};

    return names[end];
}

uint64_t tally_bound_ns(size_t bucket)
{
    uint64_t decade = FIRST_NS;

    if (bucket >= TALLY_BOUNDS)
        return UINT64_MAX;
    for (; bucket >= STEPS; bucket -= STEPS)
        decade *= 10;
    return decade / 100 * steps[bucket];
}

static size_t bucket_of(uint64_t ns)
{
    uint64_t decade = FIRST_NS;
    size_t bucket = 0;

    while (bucket + STEPS < TALLY_BUCKETS && ns > decade * 10) {
        decade *= 10;
        bucket += STEPS;
    }
    for (size_t step = 0; bucket < TALLY_BOUNDS && step < STEPS && ns > decade / 100 * steps[step]; step++)
        bucket++;
    return bucket;
}

static enum tally_end end_of(int status)
{
    switch (status) {
    case 0:
        return TALLY_ANSWERED;
    case -ETIMEDOUT:
        return TALLY_TIMEOUT;
    case -ECONNRESET:
        return TALLY_ENDED;
    case -EBUSY:
        return TALLY_BUSY;
    default:
        return TALLY_OTHER;
    }
}

void tally_ask(struct tally *tally, const struct engine_ask *ask)
{
    enum tally_end end = end_of(ask->status);

    counter_add(&tally->asks[end], 1);
    if (end != TALLY_ANSWERED)
        return;
    uint64_t took_ns = ask->answered_ns > ask->submitted_ns ? ask->answered_ns - ask->submitted_ns : 0;

    counter_add(&tally->latency_sum_ns, took_ns);
    counter_add(&tally->latency[bucket_of(took_ns)], 1);
}

static void add(uint64_t *sum, _Atomic uint64_t *counter)
{
    *sum += atomic_load_explicit(counter, memory_order_relaxed);
}

void tally_add(struct tally_sum *sum, struct tally *tally)
{
    for (size_t i = 0; i < TALLY_ENDS; i++)
        add(&sum->asks[i], &tally->asks[i]);
    for (size_t i = 0; i < TALLY_BUCKETS; i++)
        add(&sum->latency[i], &tally->latency[i]);
    add(&sum->latency_sum_ns, &tally->latency_sum_ns);
    add(&sum->connections, &tally->connections);
    add(&sum->requests, &tally->requests);
    add(&sum->refused, &tally->refused);
}

static uint64_t counted(const struct tally_sum *before, const struct tally_sum *after, size_t bucket)
{
    uint64_t then = before ? before->latency[bucket] : 0;

    return after->latency[bucket] > then ? after->latency[bucket] - then : 0;
}

double tally_percentile_ns(const struct tally_sum *before, const struct tally_sum *after, double percent)
{
    uint64_t total = 0;
    double below = 0;

    for (size_t i = 0; i < TALLY_BUCKETS; i++)
        total += counted(before, after, i);
    double wanted = (double)total * percent / 100;

    for (size_t i = 0; total > 0 && i < TALLY_BOUNDS; i++) {
        double count = (double)counted(before, after, i);

        if (count > 0 && below + count >= wanted) {
            double least = i ? (double)tally_bound_ns(i - 1) : 0;

            return least + ((double)tally_bound_ns(i) - least) * (wanted - below) / count;
        }
        below += count;
    }
    return total > 0 ? (double)tally_bound_ns(TALLY_BOUNDS - 1) : 0;
}
