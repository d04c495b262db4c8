/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A cell: a worker process that holds some of a population's VMs (with vmm.h), and what is said between it
 * and the program. Messages go over a socket that keeps their bounds; both ends are the same program, so a
 * message is a struct and bytes behind it.
 */
#ifndef MVM_ENGINE_CELL_H
#define MVM_ENGINE_CELL_H

#include "vmm/vmm.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum cell_kind {
    /* To a cell. */
    CELL_BOOT,   /* `value` more VMs; `tag` comes back in CELL_STATE */
    CELL_CANCEL, /* boots that have not begun */
    CELL_ASK,    /* bytes for `vm`; `value` is the deadline, `room` that of the answer */
    /* Each of these is replied to with its tag. */
    CELL_COUNT, /* after a CELL_STATE */
    CELL_EXPLAIN,
    CELL_CONSOLE_OPEN,
    CELL_CONSOLE_CLOSE,
    CELL_CONSOLE_READ, /* `room` */
    CELL_CONSOLE_WRITE,
    CELL_CONSOLE_PRESS,
    CELL_SCREEN,

    /* To the program. */
    CELL_STATE,  /* struct cell_state, and one bit a VM, set while it runs */
    CELL_TIMES,  /* boot times, in seconds, as doubles */
    CELL_ANSWER, /* to the ask with this tag: struct cell_answer and the text */
    CELL_REPLY,  /* `value`: the result; bytes */
    CELL_NEWS,   /* consoles may have something to read */
    CELL_FAILED, /* the cell cannot work: `value` is an errno; a sentence; it ends */
};

struct cell_message {
    uint32_t kind, vm; /* VMs are numbered within the cell */
    uint64_t tag;
    int64_t value;
    uint64_t room;
};

enum {
    CELL_BYTES = 32 * 1024, /* behind the head of a message, at most */
    CELL_VMS_MOST = 10000,  /* in one cell */
    CELL_STOP_ROOM = 160,
};

struct cell_state {
    uint64_t booted_tag;     /* of the latest CELL_BOOT */
    uint64_t booting;        /* asked for, and neither ready nor failed */
    int32_t exhausted_error; /* there was no room for the next VM; 0: there was */
    uint32_t numbers;        /* bits that follow */
    struct vmm_counts counts;
    struct store_usage usage;
    char last_stop[CELL_STOP_ROOM];
    char exhausted[256]; /* the sentence */
};

struct cell_answer {
    int32_t status;
    uint32_t length;
    uint32_t late; /* as in struct engine_ask */
    uint64_t submitted_ns, answered_ns;
};

/* A message and its bytes, sent as one. -EAGAIN (non-blocking sockets only) or another -errno. */
int cell_send(int socket, const struct cell_message *message, const void *bytes, size_t count);

/* The next one; returns how many bytes (at most CELL_BYTES) came with it. -EAGAIN: there is none now;
 * -EPIPE: the other end is gone; -EBADMSG. */
ssize_t cell_receive(int socket, struct cell_message *ret_message, void *ret_bytes, int flags);

/* What a cell is made from; see nursery_plan. */
struct cell_plan {
    struct vmm_options options;
    struct vmm_seed *seed;
};

/* Holds VMs until the socket ends. `plan`: a struct cell_plan. */
void cell_serve(int socket, void *plan);

#endif
