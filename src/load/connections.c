/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "load/connections.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    BUCKETS = 4096,
    EVENTS = 256,
    /* Once for all: who looks at a connection takes what there is. */
    WANTED = EPOLLIN | EPOLLOUT | EPOLLRDHUP,
};

static struct connection **bucket_of(const struct connections *set, uint64_t place)
{
    return &set->buckets[(place * UINT64_C(0x9e3779b97f4a7c15) >> 32) % BUCKETS];
}

int connections_init(struct connections *set, size_t most, size_t idle_most)
{
    *set = (struct connections){.most = most, .idle_most = idle_most};
    set->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (set->epoll < 0)
        return -errno;
    set->buckets = calloc(BUCKETS, sizeof(struct connection *));
    if (!set->buckets) {
        close(set->epoll);
        return -ENOMEM;
    }
    return 0;
}

void connections_release(struct connections *set)
{
    if (!set->buckets)
        return;
    for (size_t i = 0; i < set->made; i++) {
        if (set->all[i]->fd >= 0)
            close(set->all[i]->fd);
        free(set->all[i]);
    }
    free(set->all);
    free(set->buckets);
    close(set->epoll);
    *set = (struct connections){0};
}

static void take_out_of_idle(struct connections *set, struct connection *connection)
{
    *(connection->before ? &connection->before->after : &set->idle_first) = connection->after;
    *(connection->after ? &connection->after->before : &set->idle_last) = connection->before;
    *(connection->place_before ? &connection->place_before->place_after : bucket_of(set, connection->place)) =
        connection->place_after;
    if (connection->place_after)
        connection->place_after->place_before = connection->place_before;
    set->idle--;
}

static struct connection *find_idle(struct connections *set, uint64_t place)
{
    struct connection *connection = *bucket_of(set, place);

    while (connection && connection->place != place)
        connection = connection->place_after;
    if (connection)
        take_out_of_idle(set, connection);
    return connection;
}

static struct connection *make_unused(struct connections *set)
{
    struct connection *connection = set->unused;

    if (connection) {
        set->unused = connection->after;
        return connection;
    }
    if (set->made == set->room) {
        size_t room = set->room ? 2 * set->room : 64;
        struct connection **grown = realloc(set->all, room * sizeof(*grown));

        if (!grown)
            return NULL;
        set->all = grown;
        set->room = room;
    }
    connection = malloc(sizeof(*connection));
    if (connection)
        set->all[set->made++] = connection;
    return connection;
}

static void put_to_unused(struct connections *set, struct connection *connection)
{
    *connection = (struct connection){.fd = -1, .after = set->unused};
    set->unused = connection;
}

static int open_socket(struct connections *set, struct connection *connection,
                       const struct sockaddr_storage *address, socklen_t address_length)
{
    struct epoll_event event = {.events = WANTED | EPOLLET, .data.ptr = connection};
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    if ((connect(fd, (const struct sockaddr *)address, address_length) < 0 && errno != EINPROGRESS) ||
        epoll_ctl(set->epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
        int error = -errno;

        close(fd);
        return error;
    }
    return fd;
}

int connections_take(struct connections *set, uint64_t place, const struct sockaddr_storage *address,
                     socklen_t address_length, bool fresh, struct connection **ret_connection)
{
    struct connection *connection = fresh ? NULL : find_idle(set, place);

    if (connection) {
        *ret_connection = connection;
        return 0;
    }
    if (set->open >= set->most && set->idle_first)
        connections_close(set, set->idle_first);
    if (set->open >= set->most)
        return -EAGAIN;
    connection = make_unused(set);
    if (!connection)
        return -ENOMEM;
    int fd = open_socket(set, connection, address, address_length);
    bool no_descriptor = fd == -EMFILE || fd == -ENFILE;

    /* The limit of this process or of the host, which others may have reached: we go on with what we have. */
    if (no_descriptor && set->open > 0) {
        set->most = set->open;
        if (set->idle_first) {
            connections_close(set, set->idle_first);
            fd = open_socket(set, connection, address, address_length);
        } else {
            fd = -EAGAIN;
        }
    }
    if (fd < 0) {
        put_to_unused(set, connection);
        return fd;
    }
    *connection = (struct connection){.fd = fd, .place = place};
    set->open++;
    *ret_connection = connection;
    return 0;
}

void connections_keep(struct connections *set, struct connection *connection)
{
    struct connection **bucket = bucket_of(set, connection->place);

    if (set->idle_most == 0) {
        connections_close(set, connection);
        return;
    }
    if (set->idle >= set->idle_most)
        connections_close(set, set->idle_first);
    connection->request = NULL;
    connection->kept = true;
    connection->before = set->idle_last;
    connection->after = NULL;
    *(set->idle_last ? &set->idle_last->after : &set->idle_first) = connection;
    set->idle_last = connection;
    connection->place_before = NULL;
    connection->place_after = *bucket;
    if (*bucket)
        (*bucket)->place_before = connection;
    *bucket = connection;
    set->idle++;
}

void connections_close(struct connections *set, struct connection *connection)
{
    if (!connection->request)
        take_out_of_idle(set, connection);
    close(connection->fd);
    set->open--;
    put_to_unused(set, connection);
}

void connections_look_again(struct connections *set, struct connection *connection)
{
    struct epoll_event event = {.events = WANTED | EPOLLET, .data.ptr = connection};

    /* Sets the edge anew. */
    epoll_ctl(set->epoll, EPOLL_CTL_MOD, connection->fd, &event);
}

static int wait_for_events(struct connections *set, uint64_t until_ns, struct epoll_event *events, int room)
{
    uint64_t now = clock_now_ns(), left = until_ns > now ? until_ns - now : 0;
    const struct timespec patience = {.tv_sec = (time_t)(left / NS_PER_SECOND),
                                      .tv_nsec = (long)(left % NS_PER_SECOND)};
    int count = epoll_pwait2(set->epoll, events, room, &patience, NULL);

    /* Linux before 5.11 has milliseconds alone. */
    if (count < 0 && errno == ENOSYS)
        count = epoll_wait(set->epoll, events, room, clock_poll_timeout_ms(until_ns));
    return count < 0 ? -errno : count;
}

int connections_wait(struct connections *set, uint64_t until_ns, struct connection **ret_connections,
                     size_t room)
{
    struct epoll_event events[EVENTS];
    int count = wait_for_events(set, until_ns, events, (int)(room < EVENTS ? room : EVENTS));

    for (int i = 0; i < count; i++)
        ret_connections[i] = events[i].data.ptr;
    return count;
}
