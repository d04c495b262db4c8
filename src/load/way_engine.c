/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "load/way_engine.h"

#include "base/clock.h"
#include "base/reason.h"
#include "load/question.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

enum { AT_ONCE = 256, CHALLENGE_ROOM = 256, HTTP_ROOM = 2048 };

struct engine_way {
    struct load_way way; /* the first member */
    struct population *population;
    const struct engine *engine;
    struct engine_port *port; /* NULL: the engine has none */
    int descriptor;           /* without a port; below 0: there is none */
    struct question_form form;
    char *http;
    struct vm_queue queue;
    struct engine_ask *ready[AT_ONCE]; /* to be submitted together */
    size_t ready_count;
    struct load_request *ended; /* not handed over yet */
};

static void hand_in(struct engine_way *way)
{
    if (way->ready_count > 0 && way->port)
        way->engine->port_submit(way->port, way->ready, way->ready_count);
    else if (way->ready_count > 0)
        way->engine->submit(way->population, way->ready, way->ready_count);
    way->ready_count = 0;
}

static void send(struct engine_way *way, struct question *question, struct queued_vm *vm)
{
    question_ask(question, &way->form, vm);
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

    /* Waiting for its VM is a part of what a request takes, and not the sender's lateness. */
    uint64_t now = clock_now_ns();

    for (size_t i = 0; i < count; i++) {
        struct queued_vm *vm;

        requests[i]->sent_ns = now;
        if (vm_queue_enter(&way->queue, requests[i], &vm) < 0)
            end(way, requests[i], LOAD_HOST, now);
        else if (vm)
            send(way, (struct question *)requests[i], vm);
    }
    hand_in(way);
}

static void take(struct engine_way *way, struct question *question)
{
    struct queued_vm *vm = question->vm;
    struct load_request *next;

    end(way, &question->request, question_judge(question), question->ask.answered_ns);
    while ((next = vm_queue_leave(&way->queue, vm))) {
        uint64_t now = clock_now_ns();

        if (next->deadline_ns > now) {
            send(way, (struct question *)next, vm);
            break;
        }
        end(way, next, LOAD_TIMEOUT, now);
    }
}

/* Sleeps until something may have happened. The engine's own wait may be as coarse as a millisecond. */
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

static size_t reap(struct engine_way *way, struct engine_ask **ret_asks, uint64_t until_ns)
{
    if (way->port)
        return way->engine->port_reap(way->port, ret_asks, AT_ONCE, until_ns);
    size_t count = way->engine->reap(way->population, ret_asks, AT_ONCE, 0);

    if (count > 0 || until_ns == 0)
        return count;
    if (way->descriptor < 0)
        return way->engine->reap(way->population, ret_asks, AT_ONCE, until_ns);
    sleep_until(way, until_ns);
    return way->engine->reap(way->population, ret_asks, AT_ONCE, 0);
}

static size_t engine_reap(struct load_way *base, struct load_request **ret_requests, size_t room,
                          uint64_t until_ns)
{
    struct engine_way *way = (struct engine_way *)base;
    struct engine_ask *done[AT_ONCE];
    size_t count = reap(way, done, way->ended ? 0 : until_ns), handed = 0;

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

    if (way->port)
        way->engine->port_close(way->port);
    vm_queue_release(&way->queue);
    free(way->http);
    free(way);
}

/* What is asked. */
static int choose_form(struct engine_way *way, const struct load_engine_plan *plan, struct reason *reason)
{
    way->form = (struct question_form){
        .whole = way->engine->capabilities & ENGINE_ASKS_WHOLE,
        .answer_room = plan->path ? HTTP_ROOM : CHALLENGE_ROOM,
        .expected = plan->expected,
        .random = {plan->seed},
    };
    if (!plan->path)
        return 0;
    if (!way->form.whole)
        return reason_set(
            reason, ENOTSUP,
            "the engine %s with these options carries lines and no HTTP requests; its VMs can be "
            "challenged",
            way->engine->name);
    int length = asprintf(&way->http, "GET %s HTTP/1.1\r\nHost: mvm\r\n\r\n", plan->path);

    if (length < 0) {
        way->http = NULL;
        return reason_set(reason, ENOMEM, "no memory for an HTTP request");
    }
    way->form.http = way->http;
    way->form.http_length = (size_t)length;
    return 0;
}

int load_way_engine_open(const struct load_engine_plan *plan, struct load_way **ret_way,
                         struct reason *reason)
{
    struct engine_way *way = calloc(1, sizeof(*way));
    int error;

    if (!way || vm_queue_init(&way->queue) < 0) {
        free(way);
        return reason_set(reason, ENOMEM, "no memory for requests to an engine");
    }
    way->population = plan->population;
    way->engine = plan->population->engine;
    error = choose_form(way, plan, reason);
    if (!error && way->engine->port_open)
        error = way->engine->port_open(plan->population, &way->port, reason);
    else if (!error)
        way->descriptor = way->engine->descriptor(plan->population);
    if (error) {
        engine_close(&way->way);
        return error;
    }
    way->way = (struct load_way){
        .request_size = (question_size(&way->form) + 63) / 64 * 64,
        .submit = engine_submit,
        .reap = engine_reap,
        .close = engine_close,
    };
    *ret_way = &way->way;
    return 0;
}
