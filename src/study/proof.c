/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/proof.h"

#include "base/clock.h"
#include "base/reason.h"
#include "engine/challenger.h"
#include "study/stats.h"

#include <errno.h>
#include <stdlib.h>

enum {
    LATENCIES_MOST = 100000, /* kept for the percentiles */
    REAP_AT_ONCE = 256,
};

struct asking {
    struct population *population;
    struct random *random;
    struct challenger *challenger;
    struct proof proof, *ret_proof;
    double *latencies;
    size_t latency_count;
    /* The stretches of VM numbers from which one each is asked. */
    uint64_t numbers, stretches, next;
};

/* Numbers of VMs that are not running are passed over: they are counted as failed or died already. */
static bool choose(void *context, uint64_t *ret_vm)
{
    struct asking *asking = context;

    while (asking->next < asking->stretches) {
        uint64_t at = asking->next++;
        uint64_t from = (uint64_t)((unsigned __int128)asking->numbers * at / asking->stretches);
        uint64_t to = (uint64_t)((unsigned __int128)asking->numbers * (at + 1) / asking->stretches);
        uint64_t vm = from + (to > from + 1 ? random_below(asking->random, to - from) : 0);

        if (asking->population->engine->is_running(asking->population, vm)) {
            asking->proof.asked++;
            *ret_vm = vm;
            return true;
        }
    }
    return false;
}

static void take_verdict(void *context, const struct challenger_verdict *verdict)
{
    struct asking *asking = context;

    asking->proof.alive += verdict->alive;
    asking->proof.wrong += verdict->wrong;
    if (verdict->first_try && asking->latency_count < LATENCIES_MOST)
        asking->latencies[asking->latency_count++] = verdict->seconds;
}

static void ask_all(struct asking *asking, const struct engine_watch *watch)
{
    const struct engine *engine = asking->population->engine;
    struct engine_ask *done[REAP_AT_ONCE];
    bool more = true;

    challenger_send(asking->challenger);
    while (challenger_under_way(asking->challenger) > 0) {
        size_t count =
            engine->reap(asking->population, done, REAP_AT_ONCE, clock_now_ns() + 50 * NS_PER_MILLISECOND);
        struct engine_counts counts;

        for (size_t i = 0; i < count; i++)
            challenger_take(asking->challenger, done[i]);
        challenger_send(asking->challenger);
        engine->counts(asking->population, &counts);
        asking->proof.done = asking->next;
        *asking->ret_proof = asking->proof;
        if (more && watch && !watch->go_on(watch->context, &counts)) {
            more = false;
            challenger_stop(asking->challenger);
        }
    }
}

int proof_take(struct population *population, uint64_t sample, size_t window, struct random *random,
               const struct engine_watch *watch, struct proof *ret_proof, struct reason *reason)
{
    struct engine_counts counts;
    struct asking asking = {.population = population, .random = random};
    const struct challenger_plan plan = {.population = population,
                                         .random = random,
                                         .patience_ns = PROOF_PATIENCE_NS,
                                         .window = window,
                                         .next = choose,
                                         .verdict = take_verdict,
                                         .context = &asking};

    asking.latencies = calloc(LATENCIES_MOST, sizeof(*asking.latencies));
    if (!asking.latencies)
        return reason_set(reason, ENOMEM, "no memory for challenges");
    int error = challenger_create(&plan, &asking.challenger, reason);

    if (!error) {
        population->engine->counts(population, &counts);
        asking.numbers = counts.numbers ? counts.numbers : counts.started;
        asking.stretches = counts.running > sample ? sample : asking.numbers;
        asking.proof.of = asking.stretches;
        asking.ret_proof = ret_proof;
        ask_all(&asking, watch);
        asking.proof.latency = stats_spread(asking.latencies, asking.latency_count);
        *ret_proof = asking.proof;
    }
    challenger_free(asking.challenger);
    free(asking.latencies);
    return error;
}
