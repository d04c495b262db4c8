/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "door/raw.h"

#include "base/clock.h"
#include "base/reason.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    TAG_EVENT = 1,
    TAG_LISTENER = 2,
    EVENTS_AT_ONCE = 256,
    BACKLOG = 1024,
    IN_MOST = 4096,
    OUT_MOST = 16384
};

/* Quiet for this long, it gives the turn to one that waits. */
#define QUIET_NS NS_PER_SECOND
/* How often a VM that somebody else has on its console is tried again. */
#define AGAIN_NS (50 * NS_PER_MILLISECOND)

struct raw_connection {
    struct waiter waiter; /* the first member */
    struct raw *raw;
    struct raw_connection *next_granted;
    int fd;
    bool waits, has_turn, has_console;
    bool readable, input_ended, gone;
    bool is_new, was_full; /* the console may hold something, though the engine has no news */
    bool buried;           /* the client has gone, and the turn is on its way */
    bool late, talked;     /* the VM was out of step; it was sent something */
    uint64_t active_ns, again_ns;
    size_t in_count, out_count;
    uint8_t in[IN_MOST], out[OUT_MOST];
};

struct raw {
    struct lanes *all;
    struct door *door;
    int epoll, event;
    struct {
        const struct place *place;
        int fd;
    } listeners[PLACES_MOST];
    size_t listener_count;
    struct raw_connection *connections[RAW_MOST];
    size_t count;
    unsigned accepts; /* listeners with somebody who knocks */
    pthread_mutex_t lock;
    struct raw_connection *granted; /* by any thread */
};

static void granted(struct waiter *waiter, bool late)
{
    struct raw_connection *connection = (struct raw_connection *)waiter;
    struct raw *raw = connection->raw;

    pthread_mutex_lock(&raw->lock);
    connection->late = late;
    connection->next_granted = raw->granted;
    raw->granted = connection;
    pthread_mutex_unlock(&raw->lock);
    eventfd_write(raw->event, 1);
}

static void give_turn_on(struct raw_connection *connection)
{
    struct raw *raw = connection->raw;

    if (connection->has_console)
        raw->all->engine->console_close(raw->all->population, connection->waiter.vm);
    connection->has_console = false;
    if (connection->has_turn)
        turns_pass(raw->all->turns, connection->waiter.vm, connection->late || connection->talked);
    connection->has_turn = connection->talked = false;
}

/* The client has gone. What waits for a turn that it has just been given is freed when it hears of it. */
static void drop(struct raw *raw, size_t index)
{
    struct raw_connection *connection = raw->connections[index];

    raw->connections[index] = raw->connections[--raw->count];
    close(connection->fd);
    give_turn_on(connection);
    connection->buried = connection->waits && !turns_leave(raw->all->turns, &connection->waiter);
    if (!connection->buried)
        free(connection);
}

static void take_turn(struct raw_connection *connection)
{
    struct raw *raw = connection->raw;

    switch (turns_take(raw->all->turns, &connection->waiter, &connection->late)) {
    case TURN_TAKEN:
        connection->has_turn = true;
        connection->active_ns = clock_now_ns();
        break;
    case TURN_QUEUED:
        connection->waits = true;
        break;
    case TURN_REFUSED:
        connection->gone = true;
        break;
    }
}

/* Room for another: who has been quiet for longest goes. */
static void make_room(struct raw *raw)
{
    size_t quietest = 0;

    for (size_t i = 1; i < raw->count; i++)
        if (raw->connections[i]->active_ns < raw->connections[quietest]->active_ns)
            quietest = i;
    drop(raw, quietest);
}

static void accept_client(struct raw *raw, size_t listener)
{
    const struct place *place = raw->listeners[listener].place;
    struct raw_connection *connection = NULL;
    union place_socket_address address;
    socklen_t size = sizeof(address);
    int fd = accept4(raw->listeners[listener].fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    uint64_t vm = 0;

    if (fd < 0) {
        if ((errno == EMFILE || errno == ENFILE) && raw->count > 0)
            make_room(raw);
        return;
    }
    if (getsockname(fd, &address.any, &size) == 0 && place_vm(place, &address, &vm) && vm < raw->all->numbers)
        connection = calloc(1, sizeof(*connection));
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = connection};

    if (!connection || epoll_ctl(raw->epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
        free(connection);
        close(fd);
        return;
    }
    if (raw->count == RAW_MOST)
        make_room(raw);
    connection->waiter = (struct waiter){.vm = vm, .granted = granted};
    connection->raw = raw;
    connection->fd = fd;
    connection->active_ns = clock_now_ns();
    raw->connections[raw->count++] = connection;
    take_turn(connection);
}

static void receive(struct raw_connection *connection)
{
    while (connection->readable && connection->in_count < IN_MOST) {
        ssize_t got = recv(connection->fd, connection->in + connection->in_count,
                           IN_MOST - connection->in_count, MSG_DONTWAIT);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
            connection->gone = true;
        if (got == 0)
            connection->input_ended = true;
        if (got <= 0)
            connection->readable = false;
        else
            connection->in_count += (size_t)got;
    }
}

static void send_out(struct raw_connection *connection)
{
    size_t sent = 0;

    while (sent < connection->out_count) {
        ssize_t put = send(connection->fd, connection->out + sent, connection->out_count - sent,
                           MSG_DONTWAIT | MSG_NOSIGNAL);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
            connection->gone = true;
        if (put < 0)
            break;
        sent += (size_t)put;
    }
    connection->out_count -= sent;
    memmove(connection->out, connection->out + sent, connection->out_count);
}

/* Opens the VM's console. */
static void attach(struct raw_connection *connection, uint64_t now)
{
    struct raw *raw = connection->raw;
    struct reason reason;
    int error;

    if (now < connection->again_ns)
        return;
    error = raw->all->engine->console_open(raw->all->population, connection->waiter.vm, &reason);
    connection->has_console = connection->is_new = !error;
    connection->again_ns = now + AGAIN_NS;
    connection->active_ns = now;
    connection->gone = connection->gone || (error && error != -EBUSY);
}

/* Carries bytes both ways. */
static void carry(struct raw_connection *connection, uint64_t now, bool news)
{
    struct raw *raw = connection->raw;
    const struct engine *engine = raw->all->engine;
    uint64_t vm = connection->waiter.vm;
    size_t taken = connection->in_count > 0
                       ? engine->console_write(raw->all->population, vm, connection->in, connection->in_count)
                       : 0;

    if (taken > 0) {
        connection->in_count -= taken;
        memmove(connection->in, connection->in + taken, connection->in_count);
        connection->talked = true;
        raw->door->submitted = true;
    }
    int state = engine->console_state ? engine->console_state(raw->all->population, vm, NULL) : 1;
    bool over = !engine->is_running(raw->all->population, vm) || state < 0;
    /* It may have said more than there was room for. */
    bool looks = news || over || connection->is_new || connection->was_full;
    size_t room = OUT_MOST - connection->out_count, said = 0;

    if (looks && room > 0)
        said = engine->console_read(raw->all->population, vm, connection->out + connection->out_count, room);
    connection->is_new = false;
    connection->was_full = (looks && said == room) || (connection->was_full && !looks);
    connection->out_count += said;
    if (taken > 0 || said > 0 || state == 0) /* one that is still to open is not quiet */
        connection->active_ns = now;
    else if (connection->out_count == 0 && over)
        connection->gone = true; /* all that it said has been handed on */
}

/* One turn of one connection; false: it is over. */
static bool serve(struct raw_connection *connection, uint64_t now, bool news)
{
    struct raw *raw = connection->raw;

    receive(connection);
    if (!connection->has_turn && !connection->waits && connection->in_count > 0)
        take_turn(connection);
    if (connection->has_turn && !connection->has_console)
        attach(connection, now);
    if (connection->has_console)
        carry(connection, now, news);
    send_out(connection);
    bool quiet = now - connection->active_ns >= QUIET_NS;

    if (quiet && connection->input_ended && connection->in_count == 0 && !connection->waits)
        return false; /* the client has said all, and the VM as well */
    if (quiet && connection->has_turn && connection->out_count == 0 &&
        turns_are_wanted(raw->all->turns, connection->waiter.vm))
        give_turn_on(connection);
    return !connection->gone;
}

/* When it is to be looked at again if nothing happens. */
static uint64_t due_of(const struct raw_connection *connection, uint64_t now)
{
    if (connection->has_turn && !connection->has_console)
        return connection->again_ns;
    if (connection->was_full && connection->out_count < OUT_MOST)
        return 0;
    if (!connection->has_turn)
        return connection->waits || !connection->input_ended ? CLOCK_NEVER : connection->active_ns + QUIET_NS;
    /* Others may come to wait at any time. */
    return now - connection->active_ns < QUIET_NS ? connection->active_ns + QUIET_NS : now + QUIET_NS;
}

static void take_grants(struct raw *raw)
{
    pthread_mutex_lock(&raw->lock);
    struct raw_connection *connection = raw->granted;

    raw->granted = NULL;
    pthread_mutex_unlock(&raw->lock);
    while (connection) {
        struct raw_connection *next = connection->next_granted;

        connection->has_turn = true;
        connection->waits = false;
        connection->active_ns = clock_now_ns();
        if (connection->buried) {
            give_turn_on(connection);
            free(connection);
        }
        connection = next;
    }
}

static void take_event(struct raw *raw, const struct epoll_event *event)
{
    struct raw_connection *connection = event->data.ptr;
    eventfd_t ignored;

    if (event->data.u64 == TAG_EVENT) {
        eventfd_read(raw->event, &ignored);
    } else if (event->data.u64 < TAG_LISTENER + PLACES_MOST) {
        raw->accepts |= 1u << (event->data.u64 - TAG_LISTENER);
    } else {
        connection->readable = connection->readable || event->events & (EPOLLIN | EPOLLRDHUP);
        connection->gone = connection->gone || event->events & (EPOLLERR | EPOLLHUP);
    }
}

uint64_t raw_turn(struct raw *raw, bool news)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    int count = epoll_wait(raw->epoll, events, EVENTS_AT_ONCE, 0);
    uint64_t now = clock_now_ns(), next = CLOCK_NEVER;

    for (int i = 0; i < count; i++)
        take_event(raw, &events[i]);
    take_grants(raw);
    /* After all events: they may point at connections that end here. */
    for (size_t i = raw->count; i-- > 0;) {
        if (!serve(raw->connections[i], now, news)) {
            drop(raw, i);
            continue;
        }
        uint64_t due = due_of(raw->connections[i], now);

        next = due < next ? due : next;
    }
    for (size_t i = 0; i < raw->listener_count; i++)
        if (raw->accepts & (1u << i))
            accept_client(raw, i);
    if (raw->accepts)
        next = 0;
    raw->accepts = 0;
    return next;
}

uint64_t raw_connections(const struct raw *raw)
{
    return raw->count;
}

int raw_descriptor(const struct raw *raw)
{
    return raw->epoll;
}

static struct raw *create(struct lanes *all, struct door *door)
{
    struct raw *raw = calloc(1, sizeof(*raw));
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = TAG_EVENT};

    if (!raw)
        return NULL;
    raw->all = all;
    raw->door = door;
    raw->epoll = epoll_create1(EPOLL_CLOEXEC);
    raw->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&raw->lock, NULL);
    if (raw->epoll >= 0 && raw->event >= 0 && epoll_ctl(raw->epoll, EPOLL_CTL_ADD, raw->event, &event) == 0)
        return raw;
    raw_close(raw);
    return NULL;
}

int raw_listen(struct raw **raw, struct lanes *all, const struct place *place, int listener,
               struct door *door, struct reason *reason)
{
    struct epoll_event event = {.events = EPOLLIN};
    char text[PLACE_TEXT_ROOM];
    int error = 0;

    if (!*raw)
        *raw = create(all, door);
    if (!*raw) {
        close(listener);
        return reason_set(reason, ENOMEM, "no memory for the door");
    }
    event.data.u64 = TAG_LISTENER + (*raw)->listener_count;
    (*raw)->listeners[(*raw)->listener_count].place = place;
    (*raw)->listeners[(*raw)->listener_count++].fd = listener;
    if (listen(listener, BACKLOG) < 0 || epoll_ctl((*raw)->epoll, EPOLL_CTL_ADD, listener, &event) < 0) {
        error = errno;
        place_print(place, text);
        return reason_errno(reason, error, "cannot listen at %s", text);
    }
    return 0;
}

void raw_close(struct raw *raw)
{
    if (!raw)
        return;
    while (raw->count > 0)
        drop(raw, raw->count - 1);
    take_grants(raw);
    for (size_t i = 0; i < raw->listener_count; i++)
        close(raw->listeners[i].fd);
    if (raw->epoll >= 0)
        close(raw->epoll);
    if (raw->event >= 0)
        close(raw->event);
    pthread_mutex_destroy(&raw->lock);
    free(raw);
}
