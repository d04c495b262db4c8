/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The program's side of its cells (cell.h): VM n of the population is VM n modulo K of cell n / K. A cell
 * that dies takes its VMs with it and no others.
 */
#ifndef MVM_ENGINE_CELLS_H
#define MVM_ENGINE_CELLS_H

#include "engine/cell.h"
#include "engine/engine.h"
#include "engine/nursery.h"

#include <stdbool.h>

/* A cell as the program knows it. */
struct cell_link {
    int socket; /* -1: it has ended */
    pid_t pid;
    uint32_t asked; /* VMs that it has, or was told to boot */
    uint64_t boot_tag;
    bool growing; /* it was told to boot and has not said that it is done */
    struct cell_state state;
    uint8_t *running;                 /* one bit a VM */
    struct engine_ask **asks;         /* by VM, those that were sent or wait for it; NULL: none yet */
    uint64_t *tags;                   /* of the asks */
    struct engine_ask *first, **last; /* not sent yet: the socket was full */
};

struct cells {
    struct nursery *nursery;
    uint32_t vms_each; /* K */
    struct cell_link *list;
    size_t count, room;
    int events; /* epoll, over all sockets */
    uint64_t tags;
    struct engine_ask *finished;
    size_t under_way;   /* asks */
    uint64_t expire_at; /* CLOCK_MONOTONIC: the next look for asks that a cell does not end */
    double *times;
    size_t time_count, time_room;
    int failed_error; /* of the latest cell that could not work, with its sentence */
    char failed[256];
    char last_stop[CELL_STOP_ROOM];
    uint64_t died; /* cells */
    uint8_t bytes[CELL_BYTES];
};

/* -errno with a sentence; `plan` is read in the children and outlives the cells. */
int cells_open(const struct nursery_plan *plan, uint32_t vms_each, struct cells **ret_cells,
               struct reason *reason);
/* Ends all processes. NULL is fine. */
void cells_close(struct cells *cells);

/* The cell of a VM and its number there; NULL: no cell had it. */
struct cell_link *cells_find(struct cells *cells, uint64_t vm, uint32_t *ret_number);

/* Another cell without VMs. -errno with a sentence. */
int cells_add(struct cells *cells, struct cell_link **ret_cell, struct reason *reason);
/* Tells a cell to boot so many VMs. */
void cells_boot(struct cells *cells, struct cell_link *cell, uint32_t count);
/* Takes back boots that have not begun. */
void cells_cancel(struct cells *cells);

/* Sees to what came in, and waits for it until `until_ns` if nothing has. */
void cells_look(struct cells *cells, uint64_t until_ns);

/* Lines only: an ask with is_whole ends with -ENOTSUP. */
void cells_ask(struct cells *cells, struct engine_ask *ask);

/* Sends a message and waits for its reply: its value, or -ECONNRESET, -ETIMEDOUT. At most `room` bytes come
 * with it. */
int64_t cells_call(struct cells *cells, struct cell_link *cell, const struct cell_message *message,
                   const void *bytes, size_t count, void *ret_bytes, size_t room, size_t *ret_count);

#endif
