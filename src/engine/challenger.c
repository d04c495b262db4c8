/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/challenger.h"

#include "base/clock.h"
#include "base/reason.h"
#include "guest/challenge.h"

#include <errno.h>
#include <stdlib.h>

enum {
    /* Under way at once, unless the engine says otherwise: enough to keep every core busy, and few enough
     * that an answer's time is the VM's own and not that of the queue before it. */
    ASKS_AT_ONCE = 32,
    ANSWER_ROOM = 64,
};

struct question {
    struct engine_ask ask; /* the first member: an ask is its question */
    struct challenge challenge;
    char answer[ANSWER_ROOM];
    bool again; /* a second try */
    unsigned wrong;
};

struct challenger {
    struct challenger_plan plan;
    const struct engine *engine;
    size_t window;
    struct question *questions;
    struct question **idle; /* a stack of those without a VM */
    size_t idle_count;
    struct engine_ask **ready; /* to be submitted together */
    size_t ready_count;
    size_t asks;    /* held by the engine */
    bool exhausted; /* next() said that there is none left */
    bool stopped;
};

size_t challenger_window(const struct population *population)
{
    return population->engine->asks_at_once ? population->engine->asks_at_once : ASKS_AT_ONCE;
}

int challenger_create(const struct challenger_plan *plan, struct challenger **ret_challenger,
                      struct reason *reason)
{
    struct challenger *challenger = calloc(1, sizeof(*challenger));
    size_t window = plan->window ? plan->window : challenger_window(plan->population);

    if (challenger) {
        challenger->plan = *plan;
        challenger->engine = plan->population->engine;
        challenger->window = window;
        challenger->questions = calloc(window, sizeof(struct question));
        challenger->idle = calloc(window, sizeof(struct question *));
        challenger->ready = calloc(window, sizeof(struct engine_ask *));
    }
    if (!challenger || !challenger->questions || !challenger->idle || !challenger->ready) {
        challenger_free(challenger);
        return reason_set(reason, ENOMEM, "no memory for challenges");
    }
    /* The first question is used first. */
    for (size_t i = window; i-- > 0;)
        challenger->idle[challenger->idle_count++] = &challenger->questions[i];
    *ret_challenger = challenger;
    return 0;
}

void challenger_free(struct challenger *challenger)
{
    if (!challenger)
        return;
    free(challenger->questions);
    free(challenger->idle);
    free(challenger->ready);
    free(challenger);
}

static void prepare(struct challenger *challenger, struct question *question, uint64_t vm)
{
    challenge_make(&question->challenge, challenger->plan.random);
    question->ask = (struct engine_ask){
        .vm = vm,
        .request = question->challenge.request,
        .request_length = CHALLENGE_REQUEST_ROOM - 1,
        .answer = question->answer,
        .answer_room = sizeof(question->answer),
        .deadline_ns = clock_now_ns() + challenger->plan.patience_ns,
        .context = challenger->plan.ask_context,
    };
    challenger->ready[challenger->ready_count++] = &question->ask;
}

void challenger_send(struct challenger *challenger)
{
    while (!challenger->exhausted && !challenger->stopped && challenger->idle_count > 0) {
        uint64_t vm;

        if (!challenger->plan.next(challenger->plan.context, &vm)) {
            challenger->exhausted = true;
            break;
        }
        struct question *question = challenger->idle[--challenger->idle_count];

        question->again = false;
        question->wrong = 0;
        prepare(challenger, question, vm);
    }
    size_t count = challenger->ready_count;

    challenger->ready_count = 0;
    challenger->asks += count;
    if (count > 0)
        challenger->engine->submit(challenger->plan.population, challenger->ready, count);
}

void challenger_take(struct challenger *challenger, struct engine_ask *ask)
{
    struct question *question = (struct question *)ask;
    bool right =
        ask->status == 0 && challenge_answered(&question->challenge, ask->answer, ask->answer_length);
    int status = ask->status == 0 && !right && ask->late ? -ETIMEDOUT : ask->status;

    challenger->asks--;
    if (status == 0 && !right)
        question->wrong++;
    if (!right && !question->again && status != -ECONNRESET && !challenger->stopped) {
        question->again = true;
        prepare(challenger, question, ask->vm);
        return;
    }
    const struct challenger_verdict verdict = {
        .vm = ask->vm,
        .alive = right,
        .wrong = question->wrong,
        .first_try = right && !question->again,
        .status = status,
        .seconds = (double)(ask->answered_ns - ask->submitted_ns) / (double)NS_PER_SECOND,
    };

    challenger->idle[challenger->idle_count++] = question;
    challenger->plan.verdict(challenger->plan.context, &verdict);
}

void challenger_stop(struct challenger *challenger)
{
    challenger->stopped = true;
}

size_t challenger_under_way(const struct challenger *challenger)
{
    return challenger->window - challenger->idle_count;
}

size_t challenger_asks(const struct challenger *challenger)
{
    return challenger->asks;
}
