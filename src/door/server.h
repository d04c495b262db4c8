/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inside of door.h: connections, what they are doing, and who does it. */
#ifndef MVM_DOOR_SERVER_H
#define MVM_DOOR_SERVER_H

#include "base/random.h"
#include "base/reason.h"
#include "door/door.h"
#include "door/live.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PEERS_MOST = 64,
    PEER_LINE_MOST = 64 * 1024,  /* of a command, line feed included */
    PEER_OUT_MOST = 1024 * 1024, /* what waits for a client to read it; more and it is cut off */
    PEER_OUT_FULL = 64 * 1024,   /* above this, streams pause and commands wait */
    ASK_TEXT_MOST = 8192,        /* bytes of a line to a VM, and of its answer */
};

struct peer;

/* What a connection does beyond waiting for its next command. */
struct activity {
    /* Bytes came; returns how many of them were taken, the rest comes again. NULL: commands wait until the
     * activity is over. */
    size_t (*input)(struct door *door, struct peer *peer, const uint8_t *bytes, size_t count);
    /* A turn of the loop: the engine may have news, or the client have room. Returns the time
     * (CLOCK_MONOTONIC) of the next turn if nothing happens before. May be NULL. */
    uint64_t (*turn)(struct door *door, struct peer *peer);
    /* The client has gone, or the door closes: lets go of peer->state. */
    void (*end)(struct door *door, struct peer *peer);
};

struct peer {
    int fd;
    uint8_t *in, *out; /* `in` has room for PEER_LINE_MOST */
    size_t in_count, out_count, out_room;
    const struct activity *activity; /* NULL: waits for a command */
    void *state;                     /* the activity's */
    uint64_t since_ns;               /* it has been without an activity */
    bool input_ended;                /* the client sends no more */
    bool closing;                    /* to be closed as soon as `out` is written */
    bool gone;                       /* to be closed now */
};

/* Who gets an answer of the engine: engine_ask.context points at one. */
struct asker {
    void (*answered)(struct door *door, struct asker *asker, struct engine_ask *ask);
    /* Frees it when the engine has let go of all asks, at the latest by the end of the population. */
    void (*free)(struct asker *asker);
    struct asker *previous, *next; /* in door->askers */
};

struct door {
    struct door_setup setup;
    struct population *population; /* NULL while VMs are being started */
    struct engine_counts counts;   /* as of the last door_poll() */
    char last_failure[REASON_ROOM];
    enum stop stopped_by;
    char stop_sentence[REASON_ROOM];
    int listener, signals;
    int spare; /* a descriptor to give up when there is none for a client */
    struct peer *peers[PEERS_MOST];
    size_t peer_count;
    struct asker *askers;
    struct random random;
    bool submitted; /* asks were submitted since the engine was last looked at */
    enum door_end end;
    struct gate *gate;           /* NULL: there is no way in from outside */
    struct tally tally;          /* of asks that are reaped here */
    struct activity_map *asked;  /* VMs by what they were asked; NULL: the engine tells more itself */
    struct live_host *live_host; /* NULL: nobody has looked yet */
};

/* peer.c */
struct peer *peer_create(int fd);
void peer_free(struct peer *peer);
/* Sends bytes, or keeps them until the client reads. */
void peer_put(struct peer *peer, const void *bytes, size_t count);
/* A line of JSON; the reference is taken over. */
void peer_say(struct peer *peer, json_t *object);
/* {"ok":false,"error":...}; `usage`: what was asked for cannot be. */
void peer_refuse(struct peer *peer, bool usage, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void peer_read(struct peer *peer);
void peer_flush(struct peer *peer);
bool peer_is_full(const struct peer *peer);
void peer_set_activity(struct peer *peer, const struct activity *activity, void *state);
/* The activity is over; it has let go of its state. */
void peer_end_activity(struct peer *peer);

/* commands.c: executes one line. */
void door_command(struct door *door, struct peer *peer, const char *line, size_t length);
json_t *door_counts_json(const struct engine_counts *counts);
/* Adds what the run is: its name, engine, image, state, age. */
void door_add_run(struct door *door, json_t *to);

/* True when there are VMs to talk to; else the peer is told why not. */
bool door_has_population(struct door *door, struct peer *peer);
/* One past the highest number that a VM has. */
uint64_t door_numbers(struct door *door);
/* True when a VM has had this number. */
bool door_was_started(struct door *door, uint64_t vm);
/* The same, and if not, the peer is told. */
bool door_has_vm(struct door *door, struct peer *peer, uint64_t vm);
/* The same of a command's argument "vm". */
bool door_take_vm(struct door *door, struct peer *peer, const json_t *vm);
/* The sentence "VM 5 has ended (was killed by signal 9)", or that it is running or not. */
void door_explain(struct door *door, uint64_t vm, char *ret_text, size_t room);

void door_add_asker(struct door *door, struct asker *asker);
void door_remove_asker(struct door *door, struct asker *asker); /* and frees it */

/* The commands that are activities; `arguments` is the command's object. */
void door_ask(struct door *door, struct peer *peer, json_t *arguments);
void door_trace(struct door *door, struct peer *peer, json_t *arguments);
void door_save(struct door *door, struct peer *peer, json_t *arguments);
void door_challenge(struct door *door, struct peer *peer, json_t *arguments);
void door_console(struct door *door, struct peer *peer, json_t *arguments);

#endif
