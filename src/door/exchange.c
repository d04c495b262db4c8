/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A request and the VM that has it. */
#include "door/lane.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SPARE_MOST = 256 };

/* An engine whose VM is busy, be it with a challenge or a console, is tried again for this long. */
#define BUSY_NS (200 * NS_PER_MILLISECOND)

static struct exchange *of_ask(struct engine_ask *ask)
{
    return (struct exchange *)((char *)ask - offsetof(struct exchange, ask));
}

static void asker_answered(struct door *door, struct asker *asker, struct engine_ask *ask)
{
    (void)door;
    (void)ask;
    exchange_answered((struct exchange *)asker);
}

static struct exchange *take(struct lane *lane)
{
    struct exchange *exchange = lane->spare_exchanges;

    if (exchange) {
        lane->spare_exchanges = exchange->next;
        lane->spares--;
    } else {
        exchange = calloc(1, sizeof(*exchange));
        if (exchange) {
            exchange->request = malloc(lane->all->limits.header_bytes + 1);
            exchange->answer = malloc(lane->all->limits.output_bytes + 1);
        }
        if (!exchange || !exchange->request || !exchange->answer) {
            if (exchange) {
                free(exchange->request);
                free(exchange->answer);
            }
            free(exchange);
            return NULL;
        }
    }
    exchange->asker = (struct asker){.answered = asker_answered};
    exchange->lane = lane;
    exchange->previous_live = &lane->live_exchanges;
    exchange->next_live = lane->live_exchanges;
    if (exchange->next_live)
        exchange->next_live->previous_live = &exchange->next_live;
    lane->live_exchanges = exchange;
    lane->live++;
    return exchange;
}

static void free_one(struct exchange *exchange)
{
    free(exchange->request);
    free(exchange->answer);
    free(exchange);
}

static void give_back(struct exchange *exchange)
{
    struct lane *lane = exchange->lane;

    due_clear(&exchange->due);
    *exchange->previous_live = exchange->next_live;
    if (exchange->next_live)
        exchange->next_live->previous_live = exchange->previous_live;
    lane->live--;
    if (lane->spares >= SPARE_MOST) {
        free_one(exchange);
        return;
    }
    exchange->next = lane->spare_exchanges;
    lane->spare_exchanges = exchange;
    lane->spares++;
}

void exchange_free_all(struct lane *lane)
{
    for (struct exchange *exchange = lane->spare_exchanges, *next; exchange; exchange = next) {
        next = exchange->next;
        free_one(exchange);
    }
    for (struct exchange *exchange = lane->live_exchanges, *next; exchange; exchange = next) {
        next = exchange->next_live;
        free_one(exchange);
    }
    lane->spare_exchanges = lane->live_exchanges = NULL;
}

/* On a thread of the engine. */
static bool answer_is_whole(struct engine_ask *ask)
{
    return framing_take(&of_ask(ask)->framing, ask->answer, ask->answer_length);
}

static bool step_is_whole(struct engine_ask *ask)
{
    struct exchange *exchange = of_ask(ask);
    const char *right = exchange->challenge.answer;
    size_t length = strlen(right), at = exchange->scanned;
    const char *found;

    while (at < ask->answer_length &&
           (found = memmem(ask->answer + at, ask->answer_length - at, right, length))) {
        size_t end = (size_t)(found - ask->answer) + length;

        at = end;
        if (end < ask->answer_length && ask->answer[end] == '\r')
            end++;
        if (end < ask->answer_length && ask->answer[end] == '\n') {
            ask->late = false; /* nothing older has this answer */
            return true;
        }
    }
    exchange->scanned = ask->answer_length > length + 2 ? ask->answer_length - length - 2 : 0;
    return false;
}

static bool is_never_whole(struct engine_ask *ask)
{
    (void)ask;
    return false;
}

static void send_ask(struct exchange *exchange, const char *request, size_t length, struct timeline *patience,
                     bool (*is_whole)(struct engine_ask *ask))
{
    struct lane *lane = exchange->lane;

    exchange->scanned = 0;
    exchange->answer[0] = '\0';
    exchange->ask = (struct engine_ask){
        .vm = exchange->ask.vm,
        .request = request,
        .request_length = length,
        .answer = exchange->answer,
        .answer_room = lane->all->limits.output_bytes + 1,
        .deadline_ns = lane->now_ns + patience->after_ns,
        .context = &exchange->asker,
        .is_whole = is_whole,
    };
    if (!lane->port) /* the engine's ports wake for deadlines */
        due_set(&exchange->due, patience, lane->now_ns);
    lane_submit(lane, &exchange->ask);
}

/* A line feed ends whatever the VM may believe to be in the middle of; then a challenge, and all that comes
 * before its right answer is thrown away. Without challenges: the line feed, and then silence. */
static void send_step(struct exchange *exchange)
{
    struct lane *lane = exchange->lane;

    exchange->stepping = exchange->stepped = true;
    if (lane->all->challenges) {
        challenge_make(&exchange->challenge, &lane->random);
        int length = snprintf(exchange->step, sizeof(exchange->step), "\n%s", exchange->challenge.request);

        send_ask(exchange, exchange->step, (size_t)length, &lane->asking, step_is_whole);
    } else {
        send_ask(exchange, "\n", 1, &lane->silent, is_never_whole);
    }
}

static void send_request(struct exchange *exchange)
{
    struct lane *lane = exchange->lane;

    exchange->stepping = false;
    framing_begin(&exchange->framing, exchange->is_head);
    send_ask(exchange, exchange->request, exchange->request_length, &lane->asking, answer_is_whole);
}

void exchange_begin(struct connection *connection, const char *bytes, size_t count, bool late)
{
    struct lane *lane = connection->lane;
    const struct head *head = &connection->head;
    struct exchange *exchange = take(lane);
    uint64_t vm = connection->waiter.vm;

    if (!exchange) {
        turns_pass(lane->all->turns, vm, late);
        connection_close(connection);
        return;
    }
    exchange->is_head = head->is_head;
    exchange->request_length = head_write(exchange->request, bytes, head, connection->cut, connection->slash);
    exchange->ask.vm = vm;
    exchange->late = late;
    exchange->stepped = false;
    exchange->repeatable = head->is_safe;
    exchange->busy_until_ns = lane->now_ns + BUSY_NS;
    exchange->step_until_ns = lane->now_ns + lane->all->limits.answer_ns;
    exchange->connection = connection;
    connection->exchange = exchange;
    connection->state = CONNECTION_ASKING;
    due_clear(&connection->due);
    /* Asked all the same when there is no memory for what comes behind it: the VM's turn has to be given on.
     */
    connection_keep(connection, bytes + head->end, count - head->end);
    if (late)
        send_step(exchange);
    else
        send_request(exchange);
}

/* The last one for the VM, which is in step or not. */
static void finish(struct exchange *exchange)
{
    uint64_t vm = exchange->ask.vm;
    struct lane *lane = exchange->lane;
    bool late = exchange->late;

    give_back(exchange);
    turns_pass(lane->all->turns, vm, late);
}

/* The client of an exchange that has come to its end; NULL: it has gone. */
static struct connection *let_go(struct exchange *exchange)
{
    struct connection *connection = exchange->connection;

    if (connection)
        connection->exchange = NULL;
    exchange->connection = NULL;
    return connection;
}

static void refuse(struct exchange *exchange, int status)
{
    struct connection *connection = let_go(exchange);
    unsigned long long vm = (unsigned long long)exchange->ask.vm;

    if (connection && status == -ETIMEDOUT)
        connection_refuse(connection, 504, false, "VM %llu did not answer in time", vm);
    else if (connection && status == -EMSGSIZE)
        connection_refuse(connection, 502, false, "the answer of VM %llu is longer than %llu bytes", vm,
                          (unsigned long long)exchange->lane->all->limits.output_bytes);
    else if (connection && status == -EBADMSG)
        connection_refuse(connection, 502, false, "VM %llu did not answer in HTTP", vm);
    else if (connection && status == -ECONNRESET)
        connection_refuse(connection, 502, false, "VM %llu is not running", vm);
    else if (connection)
        connection_refuse(connection, 503, false, "VM %llu is busy", vm);
    finish(exchange);
}

static void stepped(struct exchange *exchange, int status)
{
    bool challenged = exchange->lane->all->challenges;
    bool silent = !challenged && status == -ETIMEDOUT && exchange->ask.answer_length == 0;

    if ((challenged && status == 0) || silent) {
        exchange->late = false;
        if (exchange->connection)
            send_request(exchange);
        else
            finish(exchange);
    } else if (!challenged && (status == -ETIMEDOUT || status == -EMSGSIZE) &&
               exchange->lane->now_ns < exchange->step_until_ns) {
        send_step(exchange);
    } else {
        refuse(exchange, status == -EMSGSIZE ? -ETIMEDOUT : status);
    }
}

static void answered(struct exchange *exchange, int status)
{
    const struct framing *framing = &exchange->framing;

    /* Somebody else asked before, and did not wait for the answer: this may be the rest of it. Once more,
     * then, which GET and HEAD allow. */
    if (exchange->ask.late && status == 0 && exchange->lane->all->challenges && !exchange->stepped) {
        exchange->late = true;
        exchange->step_until_ns = exchange->lane->now_ns + exchange->lane->all->limits.answer_ns;
        if (exchange->repeatable)
            send_step(exchange);
        else
            refuse(exchange, -EBADMSG);
        return;
    }
    if (status == 0 && !framing->broken) {
        struct connection *connection = let_go(exchange);

        /* What comes behind an answer belongs to none. */
        exchange->late = exchange->ask.answer_length > framing->taken;
        if (connection)
            connection_answer(connection, exchange->answer, framing->taken, framing->closes);
        finish(exchange);
        return;
    }
    status = status == 0 ? -EBADMSG : status;
    exchange->late = status == -EBADMSG || status == -ETIMEDOUT || status == -EMSGSIZE;
    refuse(exchange, status);
}

void exchange_answered(struct exchange *exchange)
{
    struct lane *lane = exchange->lane;
    int status = exchange->ask.status;

    due_clear(&exchange->due);
    if (status == -EBUSY && lane->now_ns < exchange->busy_until_ns)
        due_set(&exchange->due, &lane->again, lane->now_ns);
    else if (exchange->stepping)
        stepped(exchange, status);
    else
        answered(exchange, status);
}

void exchange_again(struct exchange *exchange)
{
    due_clear(&exchange->due);
    if (exchange->stepping)
        send_step(exchange);
    else if (exchange->connection)
        send_request(exchange);
    else
        finish(exchange);
}
