/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The loop of a lane. */
#include "door/lane.h"

#include "base/clock.h"
#include "base/reason.h"
#include "host/spawn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

enum { EVENTS_AT_ONCE = 256, ACCEPTS_A_TURN = 64, REAP_AT_ONCE = 64, REAPS_A_TURN = 16, BACKLOG = 4096 };

/* What an epoll event points at, unless it is a connection: numbers below all addresses. */
enum { TAG_ENGINE = 1, TAG_EVENT = 2, TAG_LISTENER = 3 };

/* A VM that knows no challenges is in step when it has been silent for this long. */
#define SILENCE_NS NS_PER_SECOND
#define LEAVING_NS (2 * NS_PER_SECOND)
#define AGAIN_NS   (2 * NS_PER_MILLISECOND)
#define DEAF_NS    (50 * NS_PER_MILLISECOND)

static int watch(struct lane *lane, int operation, int fd, uint32_t events, uint64_t tag)
{
    struct epoll_event event = {.events = events, .data.u64 = tag};

    return epoll_ctl(lane->epoll, operation, fd, &event) < 0 ? -errno : 0;
}

int lane_create(struct lanes *all, struct lane **ret_lane, struct reason *reason)
{
    struct lane *lane = calloc(1, sizeof(*lane));
    int error = 0;

    if (!lane)
        return reason_set(reason, ENOMEM, "no memory for the door");
    lane->all = all;
    lane->ready_end = &lane->ready;
    for (size_t i = 0; i < PLACES_MOST; i++)
        lane->listeners[i] = -1;
    lane->idle.after_ns = lane->writing.after_ns = all->limits.idle_ns;
    lane->head.after_ns = all->limits.header_ns;
    lane->turn.after_ns = all->limits.answer_ns;
    lane->leaving.after_ns = LEAVING_NS;
    lane->asking.after_ns = all->limits.answer_ns;
    lane->silent.after_ns = SILENCE_NS;
    lane->again.after_ns = AGAIN_NS;
    lane->listening.after_ns = DEAF_NS;
    lane->now_ns = clock_now_ns();
    if (getrandom(&lane->random.state, sizeof(lane->random.state), 0) < 0)
        lane->random.state = lane->now_ns;
    pthread_mutex_init(&lane->lock, NULL);
    lane->scratch = malloc(all->limits.header_bytes + 1);
    lane->epoll = epoll_create1(EPOLL_CLOEXEC);
    lane->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!lane->scratch)
        error = reason_set(reason, ENOMEM, "no memory for the door");
    else if (lane->epoll < 0 || lane->event < 0 ||
             watch(lane, EPOLL_CTL_ADD, lane->event, EPOLLIN, TAG_EVENT) < 0)
        error = reason_errno(reason, errno, "cannot wait for clients");
    if (error)
        lane_free(lane);
    else
        *ret_lane = lane;
    return error;
}

int lane_listen(struct lane *lane, size_t place, int listener, struct reason *reason)
{
    char text[PLACE_TEXT_ROOM];

    lane->listeners[place] = listener;
    if (listen(listener, BACKLOG) == 0 &&
        watch(lane, EPOLL_CTL_ADD, listener, EPOLLIN | EPOLLEXCLUSIVE, TAG_LISTENER + place) == 0)
        return 0;
    int error = errno;

    place_print(&lane->all->places[place], text);
    return error == EADDRINUSE ? reason_set(reason, EADDRINUSE, "%s is taken by another program", text)
                               : reason_errno(reason, error, "cannot listen at %s", text);
}

void lane_make_ready(struct lane *lane, struct connection *connection)
{
    if (connection->is_ready)
        return;
    connection->is_ready = true;
    connection->next_ready = NULL;
    *lane->ready_end = connection;
    lane->ready_end = &connection->next_ready;
}

void lane_bury(struct lane *lane, struct connection *connection)
{
    connection->next_ready = lane->closed;
    lane->closed = connection;
}

static void flush_asks(struct lane *lane)
{
    size_t count = lane->submitted_count;

    if (count == 0)
        return;
    lane->submitted_count = 0;
    if (lane->port) {
        lane->all->engine->port_submit(lane->port, lane->submitted, count);
        lane->reaps_again = true; /* what was finished on this thread is there already */
    } else {
        lane->door->submitted = true;
        lane->all->engine->submit(lane->all->population, lane->submitted, count);
    }
}

void lane_submit(struct lane *lane, struct engine_ask *ask)
{
    lane->submitted[lane->submitted_count++] = ask;
    if (lane->submitted_count == SUBMIT_TOGETHER)
        flush_asks(lane);
}

static struct connection *of_due(struct due *due)
{
    return (struct connection *)((char *)due - offsetof(struct connection, due));
}

/* Room for another: who has been idle for longest goes, or who has taken longest over a head. */
static bool make_room(struct lane *lane)
{
    struct due *due = lane->idle.first ? lane->idle.first : lane->head.first;

    if (!due)
        return false;
    connection_close(of_due(due));
    return true;
}

/* No room can be made: what comes waits in the kernel for a moment. */
static void be_deaf(struct lane *lane)
{
    if (lane->deaf)
        return;
    lane->deaf = true;
    due_set(&lane->listening_due, &lane->listening, lane->now_ns);
    for (size_t i = 0; i < lane->all->place_count; i++)
        if (lane->listeners[i] >= 0)
            watch(lane, EPOLL_CTL_DEL, lane->listeners[i], 0, 0);
}

static void hear_again(struct lane *lane)
{
    due_clear(&lane->listening_due);
    lane->deaf = false;
    for (size_t i = 0; i < lane->all->place_count; i++)
        if (lane->listeners[i] >= 0)
            watch(lane, EPOLL_CTL_ADD, lane->listeners[i], EPOLLIN | EPOLLEXCLUSIVE, TAG_LISTENER + i);
}

static void accept_clients(struct lane *lane, size_t place)
{
    for (int i = 0; i < ACCEPTS_A_TURN && !lane->deaf; i++) {
        bool full = atomic_load_explicit(&lane->all->connections, memory_order_relaxed) >=
                    lane->all->limits.connections;

        if (full && !lane->idle.first && !lane->head.first) {
            be_deaf(lane);
            return;
        }
        int fd = accept4(lane->listeners[place], NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd >= 0 && full)
            make_room(lane);
        if (fd >= 0) {
            connection_open(lane, &lane->all->places[place], fd);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
            if (!make_room(lane))
                be_deaf(lane);
        } else if (errno != EINTR && errno != ECONNABORTED) {
            return;
        }
    }
}

static void reap(struct lane *lane)
{
    struct engine_ask *done[REAP_AT_ONCE];
    const struct engine *engine = lane->all->engine;

    if (!lane->port)
        return; /* the loop of door/server.c reaps for all */
    for (int i = 0; i < REAPS_A_TURN; i++) {
        size_t count = engine->port_reap(lane->port, done, REAP_AT_ONCE, 0);

        for (size_t k = 0; k < count; k++) {
            tally_ask(&lane->tally, done[k]);
            exchange_answered(done[k]->context);
        }
        if (count < REAP_AT_ONCE)
            return;
    }
    lane->reaps_again = true; /* there may be more, after the others have had their turn */
}

static void reap_again(struct lane *lane)
{
    if (!lane->reaps_again)
        return;
    lane->reaps_again = false;
    reap(lane);
}

static void work(struct lane *lane)
{
    struct connection *connection = lane->ready;

    lane->ready = NULL;
    lane->ready_end = &lane->ready;
    while (connection) {
        struct connection *next = connection->next_ready;

        connection->is_ready = false;
        connection_work(connection);
        connection = next;
    }
}

static void take_grants(struct lane *lane)
{
    for (;;) {
        pthread_mutex_lock(&lane->lock);
        struct connection *connection = lane->granted;

        lane->granted = NULL;
        pthread_mutex_unlock(&lane->lock);
        if (!connection)
            return;
        while (connection) {
            struct connection *next = connection->next_granted;

            connection_granted(connection);
            connection = next;
        }
    }
}

static void expire_connections(struct lane *lane, struct timeline *timeline)
{
    while (timeline->first && timeline->first->at_ns <= lane->now_ns)
        connection_expired(of_due(timeline->first));
}

static void expire(struct lane *lane)
{
    expire_connections(lane, &lane->idle);
    expire_connections(lane, &lane->head);
    expire_connections(lane, &lane->turn);
    expire_connections(lane, &lane->writing);
    expire_connections(lane, &lane->leaving);
    while (lane->again.first && lane->again.first->at_ns <= lane->now_ns)
        exchange_again((struct exchange *)((char *)lane->again.first - offsetof(struct exchange, due)));
    /* Reaping, which comes before this, has ended them, or is about to: nothing but the waking is to be done.
     */
    while (lane->asking.first && lane->asking.first->at_ns <= lane->now_ns)
        due_clear(lane->asking.first);
    while (lane->silent.first && lane->silent.first->at_ns <= lane->now_ns)
        due_clear(lane->silent.first);
    if (lane->deaf && lane->listening_due.at_ns <= lane->now_ns)
        hear_again(lane);
}

static uint64_t next_due(const struct lane *lane)
{
    const struct timeline *const all[] = {&lane->asking,  &lane->silent, &lane->idle,
                                          &lane->head,    &lane->turn,   &lane->writing,
                                          &lane->leaving, &lane->again,  &lane->listening};
    uint64_t next = CLOCK_NEVER;

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (timeline_next(all[i]) < next)
            next = timeline_next(all[i]);
    return lane->ready || lane->reaps_again ? 0 : next;
}

static void free_closed(struct lane *lane)
{
    for (struct connection *connection = lane->closed, *next; connection; connection = next) {
        next = connection->next_ready;
        free(connection);
    }
    lane->closed = NULL;
}

static void take_event(struct lane *lane, const struct epoll_event *event)
{
    eventfd_t ignored;
    uint64_t tag = event->data.u64;

    if (tag == TAG_ENGINE) {
        lane->all->engine->port_clear(lane->port);
        lane->reaps_again = true;
    } else if (tag == TAG_EVENT) {
        eventfd_read(lane->event, &ignored);
    } else if (tag < TAG_LISTENER + PLACES_MOST) {
        accept_clients(lane, tag - TAG_LISTENER);
    } else {
        connection_event(event->data.ptr, event->events);
    }
}

uint64_t lane_turn(struct lane *lane, uint64_t until_ns)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    uint64_t due = next_due(lane), wait = due < until_ns ? due : until_ns;
    int count = epoll_wait(lane->epoll, events, EVENTS_AT_ONCE, clock_poll_timeout_ms(wait));

    lane->now_ns = clock_now_ns();
    for (int i = 0; i < count; i++)
        take_event(lane, &events[i]);
    reap_again(lane);
    work(lane);
    take_grants(lane);
    expire(lane);
    flush_asks(lane);
    reap_again(lane); /* what a lent thread has finished meanwhile */
    take_grants(lane);
    flush_asks(lane);
    free_closed(lane);
    return next_due(lane);
}

static void *run(void *argument)
{
    struct lane *lane = argument;

    while (!atomic_load(&lane->stop))
        lane_turn(lane, CLOCK_NEVER);
    return NULL;
}

int lane_start(struct lane *lane, struct reason *reason)
{
    const struct engine *engine = lane->all->engine;
    int error = engine->port_open(lane->all->population, &lane->port, reason);

    if (error)
        return error;
    engine->port_lend(lane->port);
    int descriptor = engine->port_descriptor(lane->port);

    if (descriptor < 0)
        return reason_errno(reason, -descriptor, "cannot hear of answers");
    error = watch(lane, EPOLL_CTL_ADD, descriptor, EPOLLIN, TAG_ENGINE);
    if (error)
        return reason_errno(reason, -error, "cannot hear of answers");
    error = pthread_create(&lane->thread, NULL, run, lane);
    if (error)
        return spawn_refused(reason, error, "cannot start a thread for the door");
    lane->has_thread = true;
    return 0;
}

static void close_all(struct lane *lane)
{
    struct timeline *const all[] = {&lane->idle, &lane->head, &lane->turn, &lane->writing, &lane->leaving};

    for (size_t i = 0; i < PLACES_MOST; i++) {
        if (lane->listeners[i] >= 0)
            close(lane->listeners[i]);
        lane->listeners[i] = -1;
    }
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        while (all[i]->first)
            connection_close(of_due(all[i]->first));
    for (struct exchange *exchange = lane->live_exchanges; exchange; exchange = exchange->next_live)
        if (exchange->connection)
            connection_close(exchange->connection);
}

void lane_end_thread(struct lane *lane)
{
    if (!lane->has_thread)
        return;
    atomic_store(&lane->stop, true);
    eventfd_write(lane->event, 1);
    pthread_join(lane->thread, NULL);
    lane->has_thread = false;
}

bool lane_close_clients(struct lane *lane)
{
    close_all(lane);
    struct connection *connection = lane->granted;
    bool any = connection != NULL;

    lane->granted = NULL;
    while (connection) {
        struct connection *next = connection->next_granted;

        connection_close(connection);
        connection_granted(connection);
        connection = next;
    }
    return any;
}

void lane_settle(struct lane *lane)
{
    struct engine_ask *done[REAP_AT_ONCE];
    const struct engine *engine = lane->all->engine;

    if (!lane->port)
        return;
    /* Each ask has a deadline, and none follows it. */
    while (lane->live > 0) {
        lane->now_ns = clock_now_ns();
        while (lane->again.first)
            exchange_again((struct exchange *)((char *)lane->again.first - offsetof(struct exchange, due)));
        flush_asks(lane);
        size_t count = engine->port_reap(lane->port, done, REAP_AT_ONCE, lane->now_ns + NS_PER_SECOND);

        for (size_t i = 0; i < count; i++)
            exchange_answered(done[i]->context);
    }
    engine->port_close(lane->port);
    lane->port = NULL;
}

void lane_free(struct lane *lane)
{
    if (!lane)
        return;
    close_all(lane);
    for (struct connection *connection = lane->ready, *next; connection; connection = next) {
        next = connection->next_ready;
        free(connection);
    }
    free_closed(lane);
    exchange_free_all(lane);
    if (lane->epoll >= 0)
        close(lane->epoll);
    if (lane->event >= 0)
        close(lane->event);
    pthread_mutex_destroy(&lane->lock);
    free(lane->scratch);
    free(lane);
}
