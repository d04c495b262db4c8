/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TCP connections of a client, made and used without waiting, all in one epoll set: those that carry a
 * request, and those that are kept for the next one to the same place.
 */
#ifndef MVM_LOAD_CONNECTIONS_H
#define MVM_LOAD_CONNECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct connection {
    int fd;
    uint64_t place; /* whatever tells places apart */
    bool kept;      /* it has carried an answer before */
    void *request;  /* whose it is; NULL: it is idle */
    /* The set's own. */
    struct connection *before, *after;             /* idle ones, the longest idle first; also the unused */
    struct connection *place_before, *place_after; /* idle ones of a bucket of places */
};

struct connections {
    int epoll;
    size_t most, idle_most; /* open at once; kept idle at once */
    size_t open, idle;
    struct connection *idle_first, *idle_last, *unused;
    struct connection **buckets;
    struct connection **all; /* every one that was ever made */
    size_t made, room;
};

/* At most `most` connections, of which `idle_most` may be idle. */
int connections_init(struct connections *set, size_t most, size_t idle_most);
/* Closes all. Fine with a zeroed one. */
void connections_release(struct connections *set);

/*
 * A connection to a place: an idle one, unless `fresh`, or a new one, which may not be established yet.
 * -EAGAIN: there are as many as there may be, or no descriptor is left, and one must end first; other errors
 * are those of socket() and connect().
 */
int connections_take(struct connections *set, uint64_t place, const struct sockaddr_storage *address,
                     socklen_t address_length, bool fresh, struct connection **ret_connection);

/* Its request has been answered: it is kept idle, in place of the one that was longest so when there are too
 * many. */
void connections_keep(struct connections *set, struct connection *connection);

/* Closes it, be it idle or not. */
void connections_close(struct connections *set, struct connection *connection);

/* There is more at a connection than was taken now: the next wait gives it again. */
void connections_look_again(struct connections *set, struct connection *connection);

/* Waits until `until_ns` and stores connections at which something happened, at most `room`. -EINTR. */
int connections_wait(struct connections *set, uint64_t until_ns, struct connection **ret_connections,
                     size_t room);

#endif
