/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Serial consoles behind WebSockets that stay open: bytes both ways, by one thread for all of them. No
 * function waits but consoles_close(), and all are called from one thread. Certificates are verified.
 */
#ifndef MVM_CLOUD_CONSOLES_H
#define MVM_CLOUD_CONSOLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reason;
struct console;
struct consoles;

/* So many at a time; and what each keeps of what is not read yet, and not sent. */
enum { CONSOLES_MOST = 256, CONSOLE_IN_ROOM = 64 * 1024, CONSOLE_OUT_ROOM = 16 * 1024 };

/* `ca_file` as for http_open(). */
int consoles_open(const char *ca_file, struct consoles **ret_consoles, struct reason *reason);
/* With all that are still open; within some seconds. NULL is fine. */
void consoles_close(struct consoles *consoles);

/* Readable when there may be something to read, room to write, or a console that was opened or has ended. */
int consoles_descriptor(const struct consoles *consoles);
/* Makes it unreadable. True: a console has ended since the last time, and not because it was dropped. */
bool consoles_clear(struct consoles *consoles);

/* A console that waits for its address, or for console_fail(). -EMFILE: there are CONSOLES_MOST. */
int console_open(struct consoles *consoles, struct console **ret_console, struct reason *reason);
/* The address is copied; `only_secure`: nothing but wss:// will do. By the deadline it is open or has
 * failed. */
void console_connect(struct console *console, const char *url, bool only_secure, uint64_t deadline_ns);
void console_fail(struct console *console, int error, const struct reason *reason);
/* Disconnects, and frees it. NULL is fine. */
void console_drop(struct console *console);

/* 1: it is open; 0: not yet; else it could not be opened, or has ended: -ETIMEDOUT, -ECONNREFUSED,
 * -ECONNRESET, -EINVAL: no such URL, or that of console_fail(). What came before is still to be read. */
int console_state(struct console *console, struct reason *reason);

/* What came, and what is to be sent, which may be before it is open. Both return how many bytes they took.
 * The console is held back when what came is not read. */
size_t console_read(struct console *console, uint8_t *ret_bytes, size_t room);
size_t console_write(struct console *console, const uint8_t *bytes, size_t count);

#endif
