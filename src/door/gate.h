/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The way in from outside: clients of HTTP and plain TCP that reach VMs by address or by path
 * (docs/doors.md). Part of the door (door.h), which opens, serves and closes it.
 */
#ifndef MVM_DOOR_GATE_H
#define MVM_DOOR_GATE_H

#include "door/limits.h"
#include "door/place.h"
#include "door/tally.h"
#include "engine/engine.h"

#include <jansson.h>
#include <stdbool.h>

struct reason;
struct door;
struct gate;

struct gate_setup {
    const struct engine *engine;
    bool challenges; /* the image answers challenges */
    const struct place *places;
    size_t place_count; /* at most GATE_PLACES */
    struct door_limits limits;
    bool public;      /* other hosts may come in */
    bool sets_routes; /* prefixes that need a route get one, until the end */
};

enum { GATE_PLACES = 16, GATE_DESCRIPTORS = 2 };

/* Takes the addresses, so that nobody else can; nobody is let in yet. `setup` is copied, but for the engine.
 * -EINVAL: what was asked for cannot be; else another -errno, with a sentence. */
int gate_open(const struct gate_setup *setup, struct gate **ret_gate, struct reason *reason);

/* From here on clients are let in. What is submitted to the population itself has the asker at its context.
 * `numbers`: those of VMs are below it. */
int gate_serve(struct gate *gate, struct door *door, struct population *population, uint64_t numbers,
               struct reason *reason);

/* For the loop of the door: what poll() is to look at, -1 for nothing; and one turn, without waiting, in
 * which the engine may have `news`. Returns when the next one is due if nothing happens before. */
void gate_descriptors(const struct gate *gate, int ret_descriptors[GATE_DESCRIPTORS]);
uint64_t gate_turn(struct gate *gate, bool news);

/* Lets nobody in any more and disconnects all. To be called before the population is closed. */
void gate_stop(struct gate *gate);
/* After it. NULL is fine. */
void gate_close(struct gate *gate);

/* The places, with the ports that the kernel chose. */
size_t gate_places(const struct gate *gate, const struct place **ret_places);
/* "doors" of the control protocol's status. NULL without memory. */
json_t *gate_json(const struct gate *gate);
/* Adds what all lanes have counted; and the connections that are open now. */
void gate_tally(const struct gate *gate, struct tally_sum *sum, uint64_t *ret_http, uint64_t *ret_tcp);
/* How many connections are served at once: fewer than asked for when the limit of open files says so. */
uint64_t gate_connections(const struct gate *gate);

#endif
