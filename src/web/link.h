/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A client's end of a run's control socket (docs/control-protocol.md) for a loop: never waits. door/call.h is
 * the one that does. */
#ifndef MVM_WEB_LINK_H
#define MVM_WEB_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct link {
    int fd; /* -1: not connected */
    char *in;
    size_t in_count, in_room;
    bool greeted, ended;
};

/* Connects and sends the commands, lines of JSON. False: there is nobody, or no room; nothing is left. */
bool link_open(struct link *link, int directory, const char *commands);

/* Sends more commands. False: the link is closed. */
bool link_say(struct link *link, const char *commands);

/* NULL buffers and a closed link are fine. */
void link_close(struct link *link);

/* Takes what came, up to the link's room. Afterwards `ended` says whether anything more can come. */
void link_receive(struct link *link);

/* True while there is room for more to come. */
bool link_has_room(const struct link *link);

/* The next line, NUL in its line feed's place, of *ret_length bytes; NULL: it is not there yet. The greeting
 * is left out. It is taken away by link_drop(). */
char *link_line(struct link *link, size_t *ret_length);

/* Takes the first `count` bytes away. */
void link_drop(struct link *link, size_t count);

#endif
