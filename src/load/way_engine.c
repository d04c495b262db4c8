/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "load/way_engine.h"

#include "base/clock.h"
#include "base/random.h"
#include "base/reason.h"
#include "guest/challenge.h"
#include "load/vm_queue.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

enum { AT_ONCE = 256, ANSWER_ROOM = 64 };

struct question {
    struct load_request request; /* the first member */
    struct engine_ask ask;
    struct queued_vm *vm;
    struct challenge challenge;
    char answer[ANSWER_ROOM];
};

struct engine_way {
    struct load_way way; /* the first member */
    struct population *population;
    const struct engine *engine;
    int descriptor;
    struct random random;
    struct vm_queue queue;
    struct engine_ask *ready[AT_ONCE]; /* to be submitted together */
    size_t ready_count;
    struct load_request *ended; /* not handed over yet */
};

static void hand_in(struct engine_way *way)
{
    if (way->ready_count > 0)
        way->engine->submit(way->population, way->ready, way->ready_count);
    way->ready_count = 0;
}

static void send(struct engine_way *way, struct question *question, struct queued_vm *vm)
{
    challenge_make(&question->challenge, &way->random);
    question->vm = vm;
    question->ask = (struct engine_ask){
        .vm = question->request.vm,
        .request = question->challenge.request,
        .request_length = CHALLENGE_REQUEST_ROOM - 1,
        .answer = question->answer,
        .answer_room = sizeof(question->answer),
        .deadline_ns = question->request.deadline_ns,
        .context = question,
    };
    way->ready[way->ready_count++] = &question->ask;
    if (way->ready_count == AT_ONCE)
        hand_in(way);
}

static void end(struct engine_way *way, struct load_request *request, enum load_outcome outcome,
                uint64_t answered_ns)
{
    request->outcome = outcome;
    request->answered_ns = answered_ns;
    request->next = way->ended;
    way->ended = request;
}

static void engine_submit(struct load_way *base, struct load_request *const *requests, size_t count)
{
    struct engine_way *way = (struct engine_way *)base;

    for (size_t i = 0; i < count; i++) {
        struct queued_vm *vm;

        if (vm_queue_enter(&way->queue, requests[i], &vm) < 0)
            end(way, requests[i], LOAD_HOST, clock_now_ns());
        else if (vm)
            send(way, (struct question *)requests[i], vm);
    }
    hand_in(way);
}

static enum load_outcome judge(const struct question *question)
{
    const struct engine_ask *ask = &question->ask;

    switch (ask->status) {
    case 0:
        if (challenge_answered(&question->challenge, ask->answer, ask->answer_length))
            return LOAD_RIGHT;
        /* What was left of an answer that came too late. */
        return question->vm->late ? LOAD_TIMEOUT : LOAD_WRONG;
    case -ETIMEDOUT:
        return LOAD_TIMEOUT;
    case -ECONNRESET:
        return LOAD_RESET;
    case -EBUSY:
        return LOAD_BUSY;
    }
    return LOAD_HOST;
}

static void take(struct engine_way *way, struct question *question)
{
    struct queued_vm *vm = question->vm;
    enum load_outcome outcome = judge(question);
    struct load_request *next;

    question->request.sent_ns = question->ask.submitted_ns;
    vm->late = outcome == LOAD_TIMEOUT;
    end(way, &question->request, outcome, question->ask.answered_ns);
    while ((next = vm_queue_leave(&way->queue, vm))) {
        uint64_t now = clock_now_ns();

        if (next->deadline_ns > now) {
            send(way, (struct question *)next, vm);
            break;
        }
        end(way, next, LOAD_TIMEOUT, now);
    }
}

/* Sleeps until something may have happened. Where the population has no descriptor, reaping waits. */
static void sleep_until(struct engine_way *way, uint64_t until_ns)
{
    struct pollfd wanted = {.fd = way->descriptor, .events = POLLIN};
    uint64_t now = clock_now_ns(), left = until_ns > now ? until_ns - now : 0;
    const struct timespec patience = {.tv_sec = (time_t)(left / NS_PER_SECOND),
                                      .tv_nsec = (long)(left % NS_PER_SECOND)};

    if (left > 0)
        ppoll(&wanted, 1, &patience, NULL);
    way->engine->wait(way->population, 0);
}

static size_t engine_reap(struct load_way *base, struct load_request **ret_requests, size_t room,
                          uint64_t until_ns)
{
    struct engine_way *way = (struct engine_way *)base;
    struct engine_ask *done[AT_ONCE];
    size_t count = way->engine->reap(way->population, done, AT_ONCE, 0), handed = 0;

    if (count == 0 && !way->ended) {
        sleep_until(way, until_ns);
        count = way->engine->reap(way->population, done, AT_ONCE, 0);
    }
    for (size_t i = 0; i < count; i++)
        take(way, done[i]->context);
    hand_in(way);
    while (way->ended && handed < room) {
        ret_requests[handed++] = way->ended;
        way->ended = way->ended->next;
    }
    return handed;
}

static void engine_close(struct load_way *base)
{
    struct engine_way *way = (struct engine_way *)base;

    vm_queue_release(&way->queue);
    free(way);
}

int load_way_engine_open(const struct load_engine_plan *plan, struct load_way **ret_way,
                         struct reason *reason)
{
    struct engine_way *way = calloc(1, sizeof(*way));

    if (!way || vm_queue_init(&way->queue) < 0) {
        free(way);
        return reason_set(reason, ENOMEM, "no memory for requests to an engine");
    }
    way->way = (struct load_way){
        .request_size = sizeof(struct question),
        .submit = engine_submit,
        .reap = engine_reap,
        .close = engine_close,
    };
    way->population = plan->population;
    way->engine = plan->population->engine;
    way->descriptor = way->engine->descriptor(plan->population);
    way->random = (struct random){plan->seed};
    *ret_way = &way->way;
    return 0;
}
