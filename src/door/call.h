/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A client's end of a run's control socket (docs/control-protocol.md). */
#ifndef MVM_DOOR_CALL_H
#define MVM_DOOR_CALL_H

#include "door/runs.h"

#include <jansson.h>
#include <stdint.h>

struct reason;

struct call {
    int fd;
    char run[RUN_NAME_ROOM];
    char *in; /* what was received and not taken yet */
    size_t in_count, in_room;
};

/* Patience with a run that has nothing to do but answer. */
#define CALL_PATIENCE_NS UINT64_C(10000000000)

/* Connects and takes the run's greeting. -ENOENT: there is no such run; -ECONNREFUSED: it has died. */
int call_open(struct runs *runs, const char *run, uint64_t patience_ns, struct call *ret_call,
              struct reason *reason);
void call_close(struct call *call);

/* Sends a command (the reference is taken over). */
int call_send(struct call *call, json_t *command, struct reason *reason);

/*
 * Receives the next line. -ECONNRESET: the run closed the connection; -ETIMEDOUT; -EINTR: a signal came;
 * -EINVAL and -EREMOTEIO: the run refused (as bad input, or because it could not), with its sentence.
 */
int call_receive(struct call *call, uint64_t patience_ns, json_t **ret_line, struct reason *reason);

/* Both. */
int call_do(struct call *call, json_t *command, uint64_t patience_ns, json_t **ret_answer,
            struct reason *reason);

#endif
