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

static void add(struct engine_ask *ask, const char *text)
{
    size_t room = ask->answer_room - 1 - ask->answer_length, length = strlen(text);

    length = length < room ? length : room;
    memcpy(ask->answer + ask->answer_length, text, length);
    ask->answer_length += length;
    ask->answer[ask->answer_length] = '\0';
}

static void solve(struct engine_ask *ask, const char *nonce, size_t length)
{
    char right[CHALLENGE_REQUEST_ROOM];

    challenge_solve(nonce, length < CHALLENGE_NONCE ? length : CHALLENGE_NONCE, right);
    add(ask, right);
}

/* What a guest like `web` would send: to each challenge its answer, and to each HTTP request that ends the
 * same page. */
static void answer_lines(struct engine_ask *ask)
{
    const char *line = ask->request, *end = line + ask->request_length, *feed;
    bool in_request = false;

    for (; line < end && (feed = memchr(line, '\n', (size_t)(end - line))); line = feed + 1) {
        bool is_empty = feed == line || (feed == line + 1 && *line == '\r');

        if (*line == '?') {
            solve(ask, line + 1, (size_t)(feed - line) - 1);
            add(ask, "\n");
        } else if (is_empty && in_request) {
            add(ask, "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nHello from 512 bytes");
            in_request = false;
        } else {
            in_request = in_request || !is_empty;
        }
    }
}

/* All that comes, comes at once: an answer that is not whole by then will not be, and its deadline is not
 * waited for. */
static int answer(struct engine_ask *ask)
{
    if (!ask->is_whole) {
        solve(ask, ask->request + 1, ask->request_length >= 2 ? ask->request_length - 2 : 0);
        return 0;
    }
    answer_lines(ask);
    if (ask->answer_length > 0 && ask->is_whole(ask))
        return 0;
    return ask->answer_length + 1 == ask->answer_room ? -EMSGSIZE : -ETIMEDOUT;
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
        ask->late = false;
        ask->answer_length = 0;
        ask->answer[0] = '\0';
        if (ask->status == 0)
            ask->status = answer(ask);
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
    .capabilities = ENGINE_ASKS | ENGINE_ASKS_WHOLE,
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
