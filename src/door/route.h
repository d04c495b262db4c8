/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Local routes: they make the kernel take all addresses of a prefix for this host's own, as 127.0.0.0/8 are
 * without one. `ip route add local PREFIX dev lo` sets the same.
 *
 * They are set by a small process of their own, which removes them when it sees the end of this one, whatever
 * ends it. What was there before is left as it was.
 */
#ifndef MVM_DOOR_ROUTE_H
#define MVM_DOOR_ROUTE_H

#include "door/place.h"

struct reason;
struct routes;

/* Sets those that the places need and have not; needs CAP_NET_ADMIN. *ret_routes is NULL when none was set.
 * To be called while the process has one thread. */
int routes_set(const struct place *places, size_t count, struct routes **ret_routes, struct reason *reason);

/* Removes them and waits until they are gone. NULL is fine. */
void routes_remove(struct routes *routes);

#endif
