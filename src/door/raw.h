/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Plain TCP: a connection to a VM's address is its serial port, bytes both ways, while it has the VM's turn.
 * It gives the turn on when it ends, or when others wait and nothing has gone either way for a second. Served
 * in the loop of the door, through the engine's consoles.
 */
#ifndef MVM_DOOR_RAW_H
#define MVM_DOOR_RAW_H

#include "door/lane.h"

struct raw;

enum { RAW_MOST = 1024 }; /* connections at once */

/* Listens at a place; `listener`, bound, is taken over. Makes *raw at the first. */
int raw_listen(struct raw **raw, struct lanes *all, const struct place *place, int listener,
               struct door *door, struct reason *reason);
int raw_descriptor(const struct raw *raw);
/* One turn, without waiting; `news`: the engine may have some. Returns when the next one is due. */
uint64_t raw_turn(struct raw *raw, bool news);
/* How many are open. */
uint64_t raw_connections(const struct raw *raw);
/* Disconnects all. NULL is fine. */
void raw_close(struct raw *raw);

#endif
