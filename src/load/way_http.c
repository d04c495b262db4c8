/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "load/way_http.h"

#include "base/clock.h"
#include "base/reason.h"
#include "load/connections.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    AT_ONCE = 256,
    PIECE = 65536,
    PIECES = 16, /* received from one connection before others have their turn */
};

struct http_request {
    struct load_request request; /* the first member */
    /* All that are under way, in the order of their deadlines. */
    struct http_request *before, *after;
    struct connection *connection; /* NULL while it waits for one */
    struct http_answer answer;
    bool heard, again; /* something of an answer came; it is being sent for the second time */
    size_t length, sent;
    char text[];
};

struct http_way {
    struct load_way way; /* the first member */
    const struct load_url *url;
    struct http_expected expected;
    bool keeps;
    struct connections connections;
    struct http_request *first, *last; /* under way */
    struct http_request *next_to_send; /* from here on they wait for a connection */
    struct load_request *ended, **ended_end;
    char piece[PIECE];
};

static void append(struct http_way *way, struct http_request *request)
{
    request->before = way->last;
    request->after = NULL;
    *(way->last ? &way->last->after : &way->first) = request;
    way->last = request;
    if (!way->next_to_send)
        way->next_to_send = request;
}

static void end(struct http_way *way, struct http_request *request, enum load_outcome outcome)
{
    if (way->next_to_send == request)
        way->next_to_send = request->after;
    *(request->before ? &request->before->after : &way->first) = request->after;
    *(request->after ? &request->after->before : &way->last) = request->before;
    request->request.outcome = outcome;
    request->request.answered_ns = clock_now_ns();
    request->request.next = NULL;
    *way->ended_end = &request->request;
    way->ended_end = &request->request.next;
}

static enum load_outcome outcome_of(int error)
{
    switch (error) {
    case -ECONNREFUSED:
    case -EHOSTUNREACH:
    case -ENETUNREACH:
    case -ETIMEDOUT:
        return LOAD_REFUSED;
    case -ECONNRESET:
    case -EPIPE:
        return LOAD_RESET;
    }
    return LOAD_HOST;
}

static int start(struct http_way *way, struct http_request *request);

/* The connection is of no use any more. A server may close one that is kept at the moment at which we use it
 * again: such a request is sent once more. */
static void fail(struct http_way *way, struct http_request *request, enum load_outcome outcome)
{
    bool once_more = request->connection->kept && !request->heard && !request->again && outcome == LOAD_RESET;

    connections_close(&way->connections, request->connection);
    request->connection = NULL;
    if (once_more) {
        request->again = true;
        if (start(way, request) == 0)
            return;
    }
    end(way, request, outcome);
}

/* Returns whether to go on with it: false when it has ended, or is on another connection. */
static bool send_rest(struct http_way *way, struct http_request *request)
{
    while (request->sent < request->length) {
        ssize_t count = send(request->connection->fd, request->text + request->sent,
                             request->length - request->sent, MSG_NOSIGNAL);

        if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return false;
        if (count < 0 && errno != EINTR) {
            fail(way, request, outcome_of(-errno));
            return false;
        }
        if (count > 0)
            request->sent += (size_t)count;
    }
    return true;
}

/* Puts the request on a connection. -EAGAIN: none is free. */
static int start(struct http_way *way, struct http_request *request)
{
    uint64_t vm = request->request.vm;
    struct sockaddr_storage address;
    struct connection *connection;

    load_url_address(way->url, vm, &address);
    int error = connections_take(&way->connections, way->url->by_address ? vm : 0, &address,
                                 way->url->address_length, request->again, &connection);

    if (error)
        return error;
    connection->request = request;
    request->connection = connection;
    request->sent = 0;
    request->heard = false;
    http_answer_begin(&request->answer, &way->expected);
    send_rest(way, request);
    return 0;
}

/* Those that wait for a connection, in their order. */
static void start_waiting(struct http_way *way)
{
    while (way->next_to_send) {
        struct http_request *request = way->next_to_send;

        request->request.sent_ns = clock_now_ns();
        way->next_to_send = request->after;
        int error = start(way, request);

        if (error == -EAGAIN) {
            request->request.sent_ns = 0;
            way->next_to_send = request;
            return;
        }
        if (error)
            end(way, request, outcome_of(error));
    }
}

static void http_submit(struct load_way *base, struct load_request *const *requests, size_t count)
{
    struct http_way *way = (struct http_way *)base;

    for (size_t i = 0; i < count; i++) {
        struct http_request *request = (struct http_request *)requests[i];

        request->connection = NULL;
        request->again = false;
        request->length = load_url_request(way->url, request->request.vm, !way->keeps, request->text);
        append(way, request);
    }
    start_waiting(way);
}

static void finish(struct http_way *way, struct http_request *request)
{
    struct connection *connection = request->connection;

    if (request->answer.whole && request->answer.stays && !request->answer.extra)
        connections_keep(&way->connections, connection);
    else
        connections_close(&way->connections, connection);
    end(way, request, http_answer_judge(&request->answer));
}

static void receive(struct http_way *way, struct http_request *request)
{
    for (int pieces = 0; pieces < PIECES; pieces++) {
        ssize_t count = recv(request->connection->fd, way->piece, PIECE, 0);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0) {
            if (errno != EAGAIN && errno != EWOULDBLOCK)
                fail(way, request, outcome_of(-errno));
            return;
        }
        if (count == 0 && !request->heard) {
            fail(way, request, LOAD_RESET);
            return;
        }
        request->heard = true;
        if (count == 0)
            http_answer_close(&request->answer);
        else
            http_answer_take(&request->answer, way->piece, (size_t)count);
        if (count == 0 || request->answer.whole || request->answer.bad) {
            finish(way, request);
            return;
        }
    }
    connections_look_again(&way->connections, request->connection);
}

/* Something happened; what, sending and receiving will tell. */
static void look_at(struct http_way *way, struct connection *connection)
{
    struct http_request *request = connection->request;
    char byte;

    if (connection->fd < 0)
        return; /* closed since */
    if (request) {
        if (send_rest(way, request))
            receive(way, request);
    } else if (recv(connection->fd, &byte, 1, 0) >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) {
        /* Nobody asked for anything: its server closes it, or talks. */
        connections_close(&way->connections, connection);
    }
}

static void expire(struct http_way *way, uint64_t now)
{
    while (way->first && way->first->request.deadline_ns <= now) {
        struct http_request *request = way->first;

        if (request->connection)
            connections_close(&way->connections, request->connection);
        end(way, request, request->connection ? LOAD_TIMEOUT : LOAD_UNSENT);
    }
}

static size_t hand_over(struct http_way *way, struct load_request **ret_requests, size_t room)
{
    size_t count = 0;

    while (way->ended && count < room) {
        ret_requests[count++] = way->ended;
        way->ended = way->ended->next;
    }
    if (!way->ended)
        way->ended_end = &way->ended;
    return count;
}

static size_t http_reap(struct load_way *base, struct load_request **ret_requests, size_t room,
                        uint64_t until_ns)
{
    struct http_way *way = (struct http_way *)base;
    struct connection *ready[AT_ONCE];
    uint64_t now;
    int count;

    do {
        uint64_t until = way->ended ? 0 : until_ns;

        if (way->first && way->first->request.deadline_ns < until)
            until = way->first->request.deadline_ns;
        count = connections_wait(&way->connections, until, ready, AT_ONCE);
        for (int i = 0; i < count; i++)
            look_at(way, ready[i]);
        now = clock_now_ns();
        expire(way, now);
        start_waiting(way);
    } while (!way->ended && count >= 0 && now < until_ns);
    return hand_over(way, ret_requests, room);
}

static void http_close(struct load_way *base)
{
    struct http_way *way = (struct http_way *)base;

    connections_release(&way->connections);
    free(way);
}

int load_way_http_open(const struct load_http_plan *plan, struct load_way **ret_way, struct reason *reason)
{
    struct http_way *way = calloc(1, sizeof(*way));
    int error = way ? connections_init(&way->connections, plan->connections, plan->kept) : -ENOMEM;

    if (error) {
        free(way);
        return reason_errno(reason, -error, "cannot make a set of connections");
    }
    way->way = (struct load_way){
        .request_size = (sizeof(struct http_request) + load_url_request_room(plan->url) + 63) / 64 * 64,
        .submit = http_submit,
        .reap = http_reap,
        .close = http_close,
    };
    way->url = plan->url;
    way->expected = plan->expected;
    way->keeps = plan->kept > 0;
    way->ended_end = &way->ended;
    *ret_way = &way->way;
    return 0;
}
