/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The door: the control socket of a run, and the loop that lets clients talk to its population
 * (docs/control-protocol.md). Everything happens in the thread that calls; while nobody is connected and no
 * VM ends, nothing happens at all.
 *
 * Clients may be hostile or slow: only processes of this user and of root are let in, a bounded number at
 * once, each with bounded buffers; none is waited for.
 */
#ifndef MVM_DOOR_DOOR_H
#define MVM_DOOR_DOOR_H

#include "door/gate.h"
#include "door/runs.h"
#include "engine/engine.h"
#include "host/reading.h"
#include "result/result.h"

#include <stdbool.h>

struct reason;
struct door;

/* What the door tells of the run. All of it outlives the door. */
struct door_setup {
    const struct run_directory *directory;
    const struct engine *engine;
    const struct image *image;
    const char *image_name;            /* of the guest, or the file given */
    uint64_t goal;                     /* VMs wanted */
    double started_at;                 /* seconds since 1970 */
    const struct gate_setup *gate;     /* the ways in from outside; NULL: there are none */
    const struct host_reading *before; /* of the host before the run; NULL: there is none */
};

enum door_end {
    DOOR_OPEN,        /* no end yet */
    DOOR_STOPPED,     /* a client asked for the end */
    DOOR_INTERRUPTED, /* SIGINT, SIGTERM or SIGHUP came */
};

/* Lets SIGINT, SIGTERM and SIGHUP wait for the door instead of ending the process at once. */
void door_hold_signals(void);

/* Opens the socket, and takes the addresses of the ways in from outside. From here on these signals are the
 * door's, until door_close(). */
int door_open(const struct door_setup *setup, struct door **ret_door, struct reason *reason);

/*
 * While the VMs are being started: serves who wants something now, without waiting. Clients are told
 * `counts`; what needs VMs is refused until door_serve(). False: an end is wanted.
 */
bool door_poll(struct door *door, const struct engine_counts *counts);

/* Why no more VMs were started than there are; kept for who asks. */
void door_note_stop(struct door *door, enum stop why, const char *sentence);

/* Lets clients from outside in, who wait to be served by door_serve(). -errno with a sentence. */
int door_let_in(struct door *door, struct population *population, struct reason *reason);

/* The ways in from outside; NULL when there are none. */
const struct gate *door_gate(const struct door *door);

/* Serves until somebody wants an end. */
enum door_end door_serve(struct door *door, struct population *population);

/* Tells clients that the end has come, and disconnects those from outside, whose VMs may still have to answer
 * what they were asked. To be called before the population is closed, which door_close() comes after: clients
 * that asked for the end see their connection closed by the latter. */
void door_say_goodbye(struct door *door);

void door_close(struct door *door);

#endif
