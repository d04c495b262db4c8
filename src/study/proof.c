/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/proof.h"

#include "base/clock.h"
#include "base/reason.h"
#include "guest/challenge.h"
#include "study/stats.h"

#include <errno.h>
#include <stdlib.h>

enum {
    /* Under way at once, unless the engine says otherwise: enough to keep every core busy, and few enough
     * that an answer's time is the VM's own and not that of the queue before it. */
    ASKS_AT_ONCE = 32,
    LATENCIES_MOST = 100000, /* kept for the percentiles */
    ANSWER_ROOM = 64,
};

struct question {
    struct engine_ask ask;
    struct challenge challenge;
    char answer[ANSWER_ROOM];
    bool again;
};

struct asking {
    struct population *population;
    const struct engine *engine;
    struct random *random;
    struct proof proof, *ret_proof;
    double *latencies;
    size_t latency_count;
    size_t under_way;
    size_t window;             /* questions at once */
    struct engine_ask **ready; /* asks to be submitted together; room for `window` */
    size_t ready_count;
    /* The stretches of VM numbers from which one each is asked. */
    uint64_t numbers, stretches, next;
};

static void send(struct asking *asking, struct question *question, uint64_t vm)
{
    struct engine_ask *ask = &question->ask;

    challenge_make(&question->challenge, asking->random);
    *ask = (struct engine_ask){
        .vm = vm,
        .request = question->challenge.request,
        .request_length = CHALLENGE_REQUEST_ROOM - 1,
        .answer = question->answer,
        .answer_room = sizeof(question->answer),
        .deadline_ns = clock_now_ns() + PROOF_PATIENCE_NS,
        .context = question,
    };
    asking->ready[asking->ready_count++] = ask;
}

static void submit(struct asking *asking)
{
    asking->engine->submit(asking->population, asking->ready, asking->ready_count);
    asking->ready_count = 0;
}

/* The number of the next VM to ask; false when there is none. Numbers of VMs that are not running are passed
 * over: they are counted as failed or died already. */
static bool choose(struct asking *asking, uint64_t *ret_vm)
{
    while (asking->next < asking->stretches) {
        uint64_t at = asking->next++;
        uint64_t from = (uint64_t)((unsigned __int128)asking->numbers * at / asking->stretches);
        uint64_t to = (uint64_t)((unsigned __int128)asking->numbers * (at + 1) / asking->stretches);
        uint64_t vm = from + (to > from + 1 ? random_below(asking->random, to - from) : 0);

        if (asking->engine->is_running(asking->population, vm)) {
            *ret_vm = vm;
            return true;
        }
    }
    return false;
}

/* Sends the next challenge in `question`'s place, if one is left. */
static void send_next(struct asking *asking, struct question *question)
{
    uint64_t vm;

    if (!choose(asking, &vm))
        return;
    question->again = false;
    asking->proof.asked++;
    asking->under_way++;
    send(asking, question, vm);
}

static void take_answer(struct asking *asking, struct question *question, bool more)
{
    const struct engine_ask *ask = &question->ask;
    bool right =
        ask->status == 0 && challenge_answered(&question->challenge, ask->answer, ask->answer_length);

    if (ask->status == 0 && !right)
        asking->proof.wrong++;
    if (!right && !question->again && ask->status != -ECONNRESET && more) {
        question->again = true;
        send(asking, question, ask->vm);
        return;
    }
    asking->under_way--;
    if (right) {
        asking->proof.alive++;
        if (!question->again && asking->latency_count < LATENCIES_MOST)
            asking->latencies[asking->latency_count++] =
                (double)(ask->answered_ns - ask->submitted_ns) / (double)NS_PER_SECOND;
    }
    if (more)
        send_next(asking, question);
}

static void ask_all(struct asking *asking, struct question *questions, struct engine_ask **done,
                    const struct engine_watch *watch)
{
    bool more = true;

    for (size_t i = 0; i < asking->window; i++)
        send_next(asking, &questions[i]);
    submit(asking);
    while (asking->under_way > 0) {
        size_t count = asking->engine->reap(asking->population, done, asking->window,
                                            clock_now_ns() + 50 * NS_PER_MILLISECOND);

        for (size_t i = 0; i < count; i++)
            take_answer(asking, done[i]->context, more);
        submit(asking);
        struct engine_counts counts;

        asking->engine->counts(asking->population, &counts);
        asking->proof.done = asking->next;
        *asking->ret_proof = asking->proof;
        if (more && watch && !watch->go_on(watch->context, &counts)) {
            /* Those under way are still the engine's; a moment for them, and then none is left. */
            more = false;
            for (size_t i = 0; i < asking->window; i++)
                if (questions[i].ask.deadline_ns > clock_now_ns() + NS_PER_SECOND)
                    questions[i].ask.deadline_ns = clock_now_ns() + NS_PER_SECOND;
        }
    }
}

int proof_take(struct population *population, uint64_t sample, struct random *random,
               const struct engine_watch *watch, struct proof *ret_proof, struct reason *reason)
{
    struct engine_counts counts;
    struct asking asking = {.population = population, .engine = population->engine, .random = random};
    size_t window = asking.engine->asks_at_once ? asking.engine->asks_at_once : ASKS_AT_ONCE;
    struct question *questions = calloc(window, sizeof(*questions));
    struct engine_ask **lists = calloc(2 * window, sizeof(struct engine_ask *));
    int error = 0;

    asking.latencies = calloc(LATENCIES_MOST, sizeof(*asking.latencies));
    if (!questions || !lists || !asking.latencies) {
        error = reason_set(reason, ENOMEM, "no memory for challenges");
    } else {
        asking.window = window;
        asking.ready = lists;
        asking.engine->counts(population, &counts);
        asking.numbers = counts.numbers ? counts.numbers : counts.started;
        asking.stretches = counts.running > sample ? sample : asking.numbers;
        asking.proof.of = asking.stretches;
        asking.ret_proof = ret_proof;
        ask_all(&asking, questions, lists + window, watch);
        asking.proof.latency = stats_spread(asking.latencies, asking.latency_count);
        *ret_proof = asking.proof;
    }
    free(questions);
    free(lists);
    free(asking.latencies);
    return error;
}
