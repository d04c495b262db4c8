/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Inside of gate.h. A lane: one loop that serves HTTP connections and asks VMs for them, with sockets of its
 * own that listen at every place. Where the engine has ports a lane is a thread; else the only one is part of
 * the loop in door/server.c.
 *
 * A request goes this way: its head is taken as a whole (connection.c), it waits for its VM's turn, is an ask
 * of the engine (exchange.c), and the answer is written to the client before the next request of that
 * connection is looked at.
 */
#ifndef MVM_DOOR_LANE_H
#define MVM_DOOR_LANE_H

#include "base/random.h"
#include "door/framing.h"
#include "door/head.h"
#include "door/limits.h"
#include "door/place.h"
#include "door/server.h"
#include "door/tally.h"
#include "door/timeline.h"
#include "door/turns.h"
#include "guest/challenge.h"

#include <pthread.h>
#include <stdatomic.h>

enum { PLACES_MOST = 16, LANES_MOST = 256, SUBMIT_TOGETHER = 64 };

struct lane;

/* What all lanes share. */
struct lanes {
    const struct engine *engine;
    struct population *population;
    struct door_limits limits;
    const struct place *places;
    size_t place_count;
    uint64_t numbers; /* VMs have numbers below it */
    bool challenges;  /* the image answers them */
    struct turns *turns;
    _Atomic uint64_t connections; /* open in all lanes */
    _Atomic uint64_t unsent;      /* bytes of answers that wait for their clients to read */
};

enum connection_state {
    CONNECTION_IDLE,    /* no byte of a request has come */
    CONNECTION_HEAD,    /* a part of a head */
    CONNECTION_TURN,    /* its request waits for the VM's turn */
    CONNECTION_ASKING,  /* an exchange is under way */
    CONNECTION_WRITING, /* the client is to take the answer */
    CONNECTION_LEAVING, /* all is said: what the client still sends is thrown away, so that it reads the
                           answer */
    CONNECTION_CLOSED,  /* its descriptor is closed; it is freed when nothing points at it any more */
};

struct connection {
    struct waiter waiter; /* the first member; waiter.vm is the request's VM */
    struct due due;
    struct lane *lane;
    struct connection *next_ready;   /* in lane->ready */
    struct connection *next_granted; /* in lane->granted */
    const struct place *place;
    uint64_t address_vm; /* of a place by address */
    struct exchange *exchange;
    char *in;  /* what was received and belongs to no exchange; NULL: nothing */
    char *out; /* what is to be written */
    struct head_progress progress;
    size_t in_count, out_sent, out_count;
    int fd;
    uint8_t state;
    bool granted_late; /* the VM of the turn just given is out of step */
    bool awaits_grant; /* closed, but the turn was given to it, of which it has yet to hear */
    bool is_ready;     /* in lane->ready */
    bool readable;     /* the kernel may have more */
    bool input_ended;  /* the client sends no more */
    bool closes;       /* after this answer */
    struct head head;  /* of the request, in bytes that stand elsewhere or in `in` */
    uint32_t cut;      /* how the VM is to have it: head_vm() */
    bool slash;
};

/* A request that a VM has, or that is made ready for it. It outlives a client that goes away. */
struct exchange {
    struct asker asker; /* the first member: engine_ask.context */
    struct engine_ask ask;
    struct lane *lane;
    struct connection *connection; /* NULL: the client has gone */
    struct exchange *next;         /* in lane->spare */
    struct exchange **previous_live, *next_live;
    struct due due; /* the ask's deadline, or when an engine that was busy is asked again */
    uint64_t busy_until_ns, step_until_ns;
    struct framing framing;
    struct challenge challenge;
    size_t request_length, scanned;
    char step[CHALLENGE_REQUEST_ROOM + 1]; /* what is sent to bring the VM back into step */
    bool stepping; /* the VM is being brought back into step; the request comes after it */
    bool stepped;  /* it was, for this request */
    bool is_head, repeatable;
    bool late;     /* the VM has not been brought back into step */
    char *request; /* limits.header_bytes + 1 */
    char *answer;  /* limits.output_bytes + 1 */
};

struct lane {
    struct lanes *all;
    struct engine_port *port; /* NULL: asks go by the population */
    struct door *door;        /* of the lane without a thread */
    pthread_t thread;
    bool has_thread;
    int epoll, event;
    int listeners[PLACES_MOST];
    bool deaf;        /* does not listen at present */
    bool reaps_again; /* the engine may have finished asks */
    struct random random;
    char *scratch; /* limits.header_bytes + 1: where bytes are received */
    struct connection *ready, **ready_end;
    struct exchange *spare_exchanges, *live_exchanges;
    size_t live, spares;
    struct timeline idle, head, turn, writing, leaving, again, listening;
    struct timeline asking, silent; /* asks under way: their deadlines are no event of the engine */
    struct due listening_due;
    struct tally tally;        /* of HTTP, and of asks that its port reaps */
    struct connection *closed; /* to be freed at the end of the turn of the loop */
    uint64_t now_ns;           /* as of this turn of the loop */
    size_t submitted_count;
    struct engine_ask *submitted[SUBMIT_TOGETHER]; /* to be submitted together */
    /* From other threads. */
    pthread_mutex_t lock;
    struct connection *granted;
    _Atomic bool stop;
};

/* What an epoll event points at: the listener of a place, or a connection. The engine's descriptor is NULL.
 */

/* lane.c */
int lane_create(struct lanes *all, struct lane **ret_lane, struct reason *reason);
/* Listens at a place; the socket is the lane's from now on. -errno. */
int lane_listen(struct lane *lane, size_t place, int listener, struct reason *reason);
/* Starts its thread, with a port. */
int lane_start(struct lane *lane, struct reason *reason);
/* To the end of it, in this order, each for all lanes before the next: the thread is ended; all clients are
 * disconnected (again while it returns true for any lane); asks that its port holds are waited for,
 * each until its deadline at most, and the port is closed. Without a port, the end of the population lets go
 * of them. */
void lane_end_thread(struct lane *lane);
bool lane_close_clients(struct lane *lane);
void lane_settle(struct lane *lane);
/* Only when the engine has let go of all asks. NULL is fine. */
void lane_free(struct lane *lane);
/* One turn of the loop, which waits until `until_ns`; returns when the next one is due. */
uint64_t lane_turn(struct lane *lane, uint64_t until_ns);

/* The connection is to be looked at in this turn of the loop or the next. */
void lane_make_ready(struct lane *lane, struct connection *connection);
/* Frees it at the end of this turn of the loop: until then events may point at it. */
void lane_bury(struct lane *lane, struct connection *connection);
void lane_submit(struct lane *lane, struct engine_ask *ask);

/* connection.c */
void connection_open(struct lane *lane, const struct place *place, int fd);
void connection_event(struct connection *connection, uint32_t events);
/* Does one thing for it: takes one request, or writes. */
void connection_work(struct connection *connection);
/* The turn has come for it, on its own lane; `late` is in granted_late. */
void connection_granted(struct connection *connection);
/* An answer of `count` bytes, which are copied if they cannot be written at once. */
void connection_answer(struct connection *connection, const char *bytes, size_t count, bool closes);
void connection_refuse(struct connection *connection, int status, bool closes, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Its time is over. */
void connection_expired(struct connection *connection);
void connection_close(struct connection *connection);

/* Keeps these bytes for later. False: no memory, and the connection is closed. */
bool connection_keep(struct connection *connection, const char *bytes, size_t count);

/* exchange.c */
/* The connection has the turn of its VM, which is asked. `bytes` are those that came: its head, and what
 * comes after it, which is kept. */
void exchange_begin(struct connection *connection, const char *bytes, size_t count, bool late);
void exchange_answered(struct exchange *exchange);
void exchange_again(struct exchange *exchange);
void exchange_free_all(struct lane *lane);

#endif
