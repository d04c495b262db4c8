/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sockets that listen at a place.
 *
 * A prefix is served by a socket that is bound to all addresses. Unless the place is to be public, a filter
 * lets it see only packets that came over the interface `lo`, over which nothing comes but what processes of
 * this host send, whatever the address; so neither a route to the prefix nor an interface that gets an
 * address opens it to others. (SO_BINDTODEVICE would do that for IPv4. With IPv6, a socket that is bound to
 * lo cannot answer a client that has the address of another interface.) A connection to an address outside
 * the prefix is closed when it is accepted, before a byte is read.
 */
#ifndef MVM_DOOR_LISTEN_H
#define MVM_DOOR_LISTEN_H

#include "door/place.h"

/*
 * Makes the socket and binds it; nobody can connect before listen(). Several may be made for one place
 * (SO_REUSEPORT), so that each thread has its own, the first one with `alone`, which fails when another
 * program listens there. A port of 0 is chosen by the kernel and written to `place`. A Unix socket that
 * nobody listens on any more is replaced. -errno with a sentence; -EINVAL: what was asked for cannot be.
 */
int place_bind(struct place *place, bool public, bool alone, struct reason *reason);

/* True when the kernel takes the addresses of the prefix for its own. */
bool place_has_route(const struct place *place);

#endif
