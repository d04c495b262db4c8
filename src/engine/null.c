/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Engine `null`: no VM at all. Every start succeeds at once and every challenge gets its right answer from
 * this program itself, so that what is measured with it is what the harness costs.
 */
#include "engine/engines.h"

#include "base/clock.h"
#include "base/reason.h"
#include "guest/challenge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct null_population {
    struct population population;
    uint64_t started;
    struct engine_ask *finished, **finished_end;
    int event; /* an eventfd, written when `finished` begins to hold something */
};

static int null_probe(const void *options, struct reason *reason)
{
    (void)options;
    (void)reason;
    return 0;
}

static void null_needs(const void *options, struct host_needs *ret_needs)
{
    (void)options;
    *ret_needs = (struct host_needs){
        .tasks = {.once = 1},
        .own_files = {.once = 1},
        .files = {.once = 1},
    };
}

static int null_describe(const struct engine_setup *setup, struct result *result, struct reason *reason)
{
    (void)setup;
    (void)result;
    (void)reason;
    return 0;
}

static int null_open(const struct engine_setup *setup, struct population **ret_population,
                     struct reason *reason)
{
    struct null_population *null = calloc(1, sizeof(*null));

    (void)setup;
    if (!null)
        return reason_set(reason, ENOMEM, "no memory for a population");
    null->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (null->event < 0) {
        int error = reason_errno(reason, errno, "cannot make an event descriptor");

        free(null);
        return error;
    }
    null->population.engine = &engine_null;
    null->finished_end = &null->finished;
    *ret_population = &null->population;
    return 0;
}

static void null_counts(struct population *population, struct engine_counts *ret_counts)
{
    struct null_population *null = (struct null_population *)population;

    *ret_counts =
        (struct engine_counts){.started = null->started, .running = null->started, .last_failure = ""};
}

static int null_grow(struct population *population, uint64_t count, const struct engine_watch *watch,
                     struct reason *reason)
{
    struct null_population *null = (struct null_population *)population;

    (void)reason;
    for (uint64_t i = 0; i < count; i++) {
        struct engine_counts counts;

        /* One VM is nothing here, so a look for every thousand of them is soon enough. */
        if (i % 1000 == 0) {
            null_counts(population, &counts);
            if (watch && !watch->go_on(watch->context, &counts))
                return -ECANCELED;
        }
        null->started++;
    }
    return 0;
}

static bool null_is_running(struct population *population, uint64_t vm)
{
    return vm < ((struct null_population *)population)->started;
}

static size_t null_take_boot_times(struct population *population, double *ret_seconds, size_t room)
{
    (void)population;
    (void)ret_seconds;
    (void)room;
    return 0;
}

static void answer(struct engine_ask *ask)
{
    char right[CHALLENGE_REQUEST_ROOM];
    size_t nonce = ask->request_length >= 2 ? ask->request_length - 2 : 0;

    if (nonce > CHALLENGE_NONCE)
        nonce = CHALLENGE_NONCE;
    challenge_solve(ask->request + 1, nonce, right);
    size_t length = strlen(right);

    if (length >= ask->answer_room)
        length = ask->answer_room - 1;
    memcpy(ask->answer, right, length);
    ask->answer[length] = '\0';
    ask->answer_length = length;
}

static void null_submit(struct population *population, struct engine_ask *const *asks, size_t count)
{
    struct null_population *null = (struct null_population *)population;

    if (count > 0)
        eventfd_write(null->event, 1);
    for (size_t i = 0; i < count; i++) {
        struct engine_ask *ask = asks[i];

        ask->submitted_ns = clock_now_ns();
        ask->status = ask->vm < null->started ? 0 : -ECONNRESET;
        ask->answer_length = 0;
        ask->answer[0] = '\0';
        if (ask->status == 0)
            answer(ask);
        ask->answered_ns = clock_now_ns();
        ask->next = NULL;
        *null->finished_end = ask;
        null->finished_end = &ask->next;
    }
}

static size_t null_reap(struct population *population, struct engine_ask **ret_asks, size_t room,
                        uint64_t until_ns)
{
    struct null_population *null = (struct null_population *)population;
    size_t count = 0;

    (void)until_ns;
    while (count < room && null->finished) {
        ret_asks[count++] = null->finished;
        null->finished = null->finished->next;
    }
    if (!null->finished)
        null->finished_end = &null->finished;
    return count;
}

static int null_descriptor(struct population *population)
{
    return ((struct null_population *)population)->event;
}

static void null_explain(struct population *population, uint64_t vm, char *ret_text, size_t room)
{
    (void)population;
    (void)vm;
    if (room > 0)
        ret_text[0] = '\0';
}

static void null_ends(struct population *population, struct engine_ends *ret_ends)
{
    (void)population;
    (void)ret_ends;
}

static uint64_t null_memory(struct population *population)
{
    (void)population;
    return 0;
}

static void null_wait(struct population *population, uint64_t until_ns)
{
    eventfd_t ignored;

    clock_sleep_until(until_ns);
    eventfd_read(((struct null_population *)population)->event, &ignored);
}

static void null_close(struct population *population)
{
    struct null_population *null = (struct null_population *)population;

    if (null)
        close(null->event);
    free(null);
}

const struct engine engine_null = {
    .name = "null",
    .summary = "no VM at all: measures what the harness itself costs",
    .class_letter = '-',
    .capabilities = ENGINE_ASKS,
    .probe = null_probe,
    .needs = null_needs,
    .describe = null_describe,
    .open = null_open,
    .grow = null_grow,
    .counts = null_counts,
    .is_running = null_is_running,
    .take_boot_times = null_take_boot_times,
    .submit = null_submit,
    .reap = null_reap,
    .descriptor = null_descriptor,
    .explain = null_explain,
    .ends = null_ends,
    .memory = null_memory,
    .wait = null_wait,
    .close = null_close,
};
