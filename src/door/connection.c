/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One client's HTTP connection. */
#include "door/lane.h"

#include "door/refusal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Answers that wait for clients who do not read, of all lanes together: beyond it their connections are
 * closed. */
#define UNSENT_MOST UINT64_C(0x10000000)

enum { DISCARD_AT_ONCE = 64 * 1024 };

static void granted(struct waiter *waiter, bool late)
{
    struct connection *connection = (struct connection *)waiter;
    struct lane *lane = connection->lane;

    connection->granted_late = late;
    pthread_mutex_lock(&lane->lock);
    bool first = !lane->granted;

    connection->next_granted = lane->granted;
    lane->granted = connection;
    pthread_mutex_unlock(&lane->lock);
    if (first)
        eventfd_write(lane->event, 1);
}

static void watch(struct connection *connection, int operation, uint32_t more)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET | more, .data.ptr = connection};

    if (epoll_ctl(connection->lane->epoll, operation, connection->fd, &event) < 0)
        connection_close(connection);
}

void connection_open(struct lane *lane, const struct place *place, int fd)
{
    struct connection *connection = NULL;
    union place_socket_address address;
    socklen_t size = sizeof(address);
    uint64_t vm = 0;

    if (!place->by_address || (getsockname(fd, &address.any, &size) == 0 && place_vm(place, &address, &vm)))
        connection = calloc(1, sizeof(*connection));
    if (!connection) {
        close(fd);
        return;
    }
    atomic_fetch_add_explicit(&lane->all->connections, 1, memory_order_relaxed);
    counter_add(&lane->tally.connections, 1);
    connection->lane = lane;
    connection->waiter.granted = granted;
    connection->place = place;
    connection->address_vm = vm;
    connection->fd = fd;
    due_set(&connection->due, &lane->idle, lane->now_ns);
    watch(connection, EPOLL_CTL_ADD, 0);
}

void connection_close(struct connection *connection)
{
    struct lane *lane = connection->lane;

    if (connection->state == CONNECTION_CLOSED)
        return;
    if (connection->state == CONNECTION_TURN)
        connection->awaits_grant = !turns_leave(lane->all->turns, &connection->waiter);
    if (connection->exchange)
        connection->exchange->connection = NULL; /* it runs on to its end */
    atomic_fetch_sub_explicit(&lane->all->connections, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&lane->all->unsent, connection->out_count, memory_order_relaxed);
    due_clear(&connection->due);
    close(connection->fd);
    free(connection->in);
    free(connection->out);
    connection->state = CONNECTION_CLOSED;
    if (!connection->is_ready && !connection->awaits_grant)
        lane_bury(lane, connection);
}

/* The bytes may be among those that are kept. */
bool connection_keep(struct connection *connection, const char *bytes, size_t count)
{
    char *kept = count > 0 ? malloc(count) : NULL;

    if (count > 0 && !kept) {
        connection_close(connection);
        return false;
    }
    if (count > 0)
        memcpy(kept, bytes, count);
    free(connection->in);
    connection->in = kept;
    connection->in_count = count;
    return true;
}

/* Says nothing more, and lets the client read what was said: bytes of it that were not read would make the
 * kernel reset the connection. */
static void leave(struct connection *connection)
{
    struct lane *lane = connection->lane;

    shutdown(connection->fd, SHUT_WR);
    connection->state = CONNECTION_LEAVING;
    due_set(&connection->due, &lane->leaving, lane->now_ns);
    lane_make_ready(lane, connection);
}

/* The answer is with the kernel. */
static void answered(struct connection *connection, bool leaves)
{
    struct lane *lane = connection->lane;

    if (leaves || (connection->closes && (connection->readable || connection->in_count > 0))) {
        leave(connection);
        return;
    }
    if (connection->closes) {
        connection_close(connection);
        return;
    }
    connection->state = CONNECTION_IDLE;
    due_set(&connection->due, &lane->idle, lane->now_ns);
    if (connection->readable || connection->in_count > 0)
        lane_make_ready(lane, connection);
}

/* How many bytes the kernel took; -1: the client has gone. */
static ssize_t put(const struct connection *connection, const char *bytes, size_t count)
{
    ssize_t sent;

    do
        sent = send(connection->fd, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? 0 : sent;
}

void connection_answer(struct connection *connection, const char *bytes, size_t count, bool closes)
{
    struct lane *lane = connection->lane;
    ssize_t sent = put(connection, bytes, count);

    connection->closes = connection->closes || closes;
    if (sent == (ssize_t)count) {
        answered(connection, closes);
        return;
    }
    size_t left = sent < 0 ? 0 : count - (size_t)sent;

    if (left > 0)
        connection->out = malloc(left);
    if (!connection->out) {
        connection_close(connection);
        return;
    }
    memcpy(connection->out, bytes + sent, left);
    connection->out_sent = 0;
    connection->out_count = left;
    connection->state = CONNECTION_WRITING;
    due_set(&connection->due, &lane->writing, lane->now_ns);
    if (atomic_fetch_add_explicit(&lane->all->unsent, left, memory_order_relaxed) + left > UNSENT_MOST)
        connection_close(connection);
    else
        watch(connection, EPOLL_CTL_MOD, EPOLLOUT);
}

static void write_more(struct connection *connection)
{
    struct lane *lane = connection->lane;
    ssize_t sent =
        put(connection, connection->out + connection->out_sent, connection->out_count - connection->out_sent);

    if (sent < 0) {
        connection_close(connection);
        return;
    }
    if (sent > 0)
        due_set(&connection->due, &lane->writing, lane->now_ns);
    connection->out_sent += (size_t)sent;
    if (connection->out_sent < connection->out_count)
        return;
    atomic_fetch_sub_explicit(&lane->all->unsent, connection->out_count, memory_order_relaxed);
    free(connection->out);
    connection->out = NULL;
    connection->out_count = 0;
    answered(connection, connection->closes);
}

void connection_refuse(struct connection *connection, int status, bool closes, const char *format, ...)
{
    char sentence[REFUSAL_ROOM / 2], text[REFUSAL_ROOM];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    counter_add(&connection->lane->tally.refused, 1);
    size_t count =
        refusal_write(text, status, sentence, connection->head.is_head, closes || connection->closes);

    connection_answer(connection, text, count, closes);
}

static void discard(struct connection *connection)
{
    char *scratch = connection->lane->scratch;
    size_t room = connection->lane->all->limits.header_bytes, taken = 0;

    while (connection->readable && taken < DISCARD_AT_ONCE) {
        ssize_t got = recv(connection->fd, scratch, room, MSG_DONTWAIT);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            connection->readable = false;
            return;
        }
        if (got <= 0) {
            connection_close(connection);
            return;
        }
        taken += (size_t)got;
    }
    if (connection->readable)
        lane_make_ready(connection->lane, connection);
}

/* A whole head is there: finds its VM and takes its turn. `bytes` are all that came, of which it is the
 * first. */
static void take_turn(struct connection *connection, const char *bytes, size_t count)
{
    struct lane *lane = connection->lane;
    const struct lanes *all = lane->all;
    uint64_t vm = connection->address_vm;
    size_t cut = 0;
    bool late = false, named = true;

    counter_add(&lane->tally.requests, 1);
    connection->closes = !connection->head.keep_alive;
    connection->slash = false;
    if (!connection->place->by_address)
        named = head_vm(bytes, &connection->head, &vm, &cut, &connection->slash);
    connection->cut = (uint32_t)cut;
    if (!named || vm >= all->numbers) {
        size_t end = connection->head.end;

        if (!connection_keep(connection, bytes + end, count - end))
            return;
        if (!named)
            connection_refuse(connection, 404, false, "paths here are /vm/NUMBER/...");
        else
            connection_refuse(connection, 404, false, "there is no VM %llu", (unsigned long long)vm);
        return;
    }
    connection->waiter.vm = vm;
    switch (turns_take(all->turns, &connection->waiter, &late)) {
    case TURN_TAKEN:
        exchange_begin(connection, bytes, count, late);
        break;
    case TURN_QUEUED:
        /* It may be granted at once by another thread, but is looked at by this one only. */
        connection->state = CONNECTION_TURN;
        due_set(&connection->due, &lane->turn, lane->now_ns);
        connection_keep(connection, bytes, count);
        break;
    case TURN_REFUSED:
        if (connection_keep(connection, bytes + connection->head.end, count - connection->head.end))
            connection_refuse(connection, 503, false, "too many requests wait for VM %llu",
                              (unsigned long long)vm);
        break;
    }
}

static void refuse_head(struct connection *connection, int status)
{
    static const char *const sentences[] = {
        [0] = "that is no request of HTTP/1.0 or HTTP/1.1",
        [1] = "the head of a request is too long",
        [2] = "requests with a body, and other protocols than HTTP/1.x, do not reach a VM",
    };

    connection->head = (struct head){.start = 0};
    connection_keep(connection, NULL, 0);
    connection_refuse(connection, status, true, "%s", sentences[status == 400 ? 0 : status == 431 ? 1 : 2]);
}

/* Receives into the scratch, behind what was there before. False: nothing came, or the connection is closed.
 */
static bool receive(struct connection *connection, size_t *count)
{
    struct lane *lane = connection->lane;
    size_t room = lane->all->limits.header_bytes + 1 - *count;
    ssize_t got;

    if (!connection->readable)
        return false;
    do
        got = recv(connection->fd, lane->scratch + *count, room, MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        connection->readable = false;
        return false;
    }
    if (got <= 0) {
        connection_close(connection);
        return false;
    }
    /* Less than there was room for: that was all, unless the end is what follows. */
    connection->readable = (size_t)got == room || connection->input_ended;
    *count += (size_t)got;
    return true;
}

static void take_request(struct connection *connection)
{
    struct lane *lane = connection->lane;
    size_t count = connection->in_count;
    struct head head = {.start = 0};
    int status;

    /* Bytes behind the request before may already be the next one. */
    bool looks = connection->state == CONNECTION_IDLE && count > 0;

    if (count > 0)
        memcpy(lane->scratch, connection->in, count);
    if (connection->state == CONNECTION_IDLE)
        connection->progress = (struct head_progress){0};
    status =
        looks ? head_parse(lane->scratch, count, lane->all->limits.header_bytes, &connection->progress, &head)
              : HEAD_PARTIAL;
    if (status == HEAD_PARTIAL && receive(connection, &count)) {
        looks = true;
        status =
            head_parse(lane->scratch, count, lane->all->limits.header_bytes, &connection->progress, &head);
    }
    if (connection->state == CONNECTION_CLOSED || !looks)
        return;
    if (status == HEAD_PARTIAL) {
        if (connection->state == CONNECTION_IDLE)
            due_set(&connection->due, &lane->head, lane->now_ns);
        connection->state = CONNECTION_HEAD;
        if (connection_keep(connection, lane->scratch, count) && connection->readable)
            lane_make_ready(lane, connection);
    } else if (status != 0) {
        refuse_head(connection, status);
    } else {
        connection->head = head;
        take_turn(connection, lane->scratch, count);
    }
}

void connection_work(struct connection *connection)
{
    switch ((enum connection_state)connection->state) {
    case CONNECTION_IDLE:
    case CONNECTION_HEAD:
        take_request(connection);
        break;
    case CONNECTION_WRITING:
        write_more(connection);
        break;
    case CONNECTION_LEAVING:
        discard(connection);
        break;
    case CONNECTION_CLOSED:
        if (!connection->awaits_grant)
            lane_bury(connection->lane, connection);
        break;
    case CONNECTION_TURN:
    case CONNECTION_ASKING:
        break;
    }
}

void connection_event(struct connection *connection, uint32_t events)
{
    if (connection->state == CONNECTION_CLOSED)
        return;
    if (events & (EPOLLERR | EPOLLHUP)) {
        connection_close(connection);
        return;
    }
    if (events & EPOLLRDHUP)
        connection->input_ended = true;
    if (events & (EPOLLIN | EPOLLRDHUP))
        connection->readable = true;
    lane_make_ready(connection->lane, connection);
}

void connection_granted(struct connection *connection)
{
    struct lane *lane = connection->lane;

    if (connection->state == CONNECTION_CLOSED) {
        connection->awaits_grant = false;
        turns_pass(lane->all->turns, connection->waiter.vm, connection->granted_late);
        if (!connection->is_ready)
            lane_bury(lane, connection);
        return;
    }
    exchange_begin(connection, connection->in, connection->in_count, connection->granted_late);
}

void connection_expired(struct connection *connection)
{
    uint64_t vm = connection->waiter.vm;
    struct lane *lane = connection->lane;

    switch ((enum connection_state)connection->state) {
    case CONNECTION_HEAD:
        connection->head = (struct head){.start = 0};
        connection_refuse(connection, 408, true, "the head of the request did not come in time");
        break;
    case CONNECTION_TURN:
        /* Given the turn just now: it is on its way. */
        due_clear(&connection->due);
        if (!turns_leave(lane->all->turns, &connection->waiter))
            break;
        if (connection_keep(connection, connection->in + connection->head.end,
                            connection->in_count - connection->head.end))
            connection_refuse(connection, 503, false, "VM %llu is busy with other requests",
                              (unsigned long long)vm);
        break;
    default:
        connection_close(connection);
    }
}
