/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The serial port of one VM as a stream socket: lines out of it, asks into it. Knows nothing of processes.
 *
 * Before the VM is ready, lines are compared with its readiness line. After that, bytes that come while no
 * ask is under way are thrown away.
 */
#ifndef MVM_ENGINE_SERIAL_H
#define MVM_ENGINE_SERIAL_H

#include "engine/engine.h"

enum { SERIAL_LINE_ROOM = 32, SERIAL_CONSOLE_ROOM = 64 * 1024 };

/* What a VM sent while its console was open, and nobody has read yet. */
struct serial_console {
    size_t start, count; /* a ring */
    uint8_t bytes[SERIAL_CONSOLE_ROOM];
};

struct serial {
    int fd;                         /* -1: not connected, or lost */
    struct engine_ask *ask;         /* under way; NULL for none */
    bool late;                      /* an ask ended before its answer did: engine_ask.late */
    char line[SERIAL_LINE_ROOM];    /* start of the line being received before the VM is ready */
    uint8_t line_length;            /* SERIAL_LINE_ROOM: too long to be the readiness line */
    struct serial_console *console; /* NULL: not open. While it is, there is no ask */
};

enum serial_event {
    SERIAL_NOTHING,
    SERIAL_READY,    /* the readiness line came */
    SERIAL_ANSWERED, /* the answer is there, and is to be ended with status 0 */
    SERIAL_NO_ROOM,  /* it is not whole and has no more room: -EMSGSIZE */
    SERIAL_LOST,     /* the other end is closed; serial->fd is still open */
};

/* Reads what is there. With `ready_line` not NULL, looks for it; else the bytes go to the ask, if there is
 * one. */
enum serial_event serial_receive(struct serial *serial, const char *ready_line);

/* Reads what is there, up to the console's room. */
enum serial_event serial_receive_console(struct serial *serial);

/* Begins an ask: throws away what came before it and sends as much as the socket takes. Returns true when all
 * was sent, false when serial_send() must be called again as soon as the socket takes more. */
bool serial_submit(struct serial *serial, struct engine_ask *ask);
bool serial_send(struct serial *serial);

/* Ends the ask under way with `status` and returns it, or NULL when there is none. */
struct engine_ask *serial_end_ask(struct serial *serial, int status);

#endif
