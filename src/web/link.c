/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "web/link.h"

#include "door/address.h"
#include "door/runs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* An answer of the run has at most a MiB: what it keeps for a client that does not read. */
enum { ROOM_FIRST = 8 * 1024, ROOM_MOST = 1024 * 1024 };

bool link_open(struct link *link, int directory, const char *commands)
{
    *link = (struct link){.fd = door_connect_at_once(directory, RUN_CONTROL)};
    return link->fd >= 0 && link_say(link, commands);
}

bool link_say(struct link *link, const char *commands)
{
    size_t length = strlen(commands);

    /* Few and short: they are sent as a whole or not at all. */
    if (send(link->fd, commands, length, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)length)
        return true;
    link_close(link);
    return false;
}

void link_close(struct link *link)
{
    if (link->fd >= 0)
        close(link->fd);
    free(link->in);
    *link = (struct link){.fd = -1};
}

bool link_has_room(const struct link *link)
{
    return link->in_count < ROOM_MOST;
}

static bool make_room(struct link *link)
{
    size_t room = link->in_room ? 2 * link->in_room : ROOM_FIRST;
    char *grown;

    if (link->in_count < link->in_room)
        return true;
    grown = room <= ROOM_MOST ? realloc(link->in, room) : NULL;
    if (!grown)
        return false;
    link->in = grown;
    link->in_room = room;
    return true;
}

void link_receive(struct link *link)
{
    while (make_room(link)) {
        ssize_t got = recv(link->fd, link->in + link->in_count, link->in_room - link->in_count, MSG_DONTWAIT);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (got <= 0) {
            link->ended = true;
            return;
        }
        link->in_count += (size_t)got;
    }
    /* A line that has no end, or no memory. */
    if (!link->in || (link->in_count == ROOM_MOST && !memchr(link->in, '\n', link->in_count)))
        link->ended = true;
}

char *link_line(struct link *link, size_t *ret_length)
{
    for (;;) {
        char *end = link->in_count ? memchr(link->in, '\n', link->in_count) : NULL;

        if (!end)
            return NULL;
        if (link->greeted) {
            *end = '\0';
            *ret_length = (size_t)(end - link->in);
            return link->in;
        }
        /* A greeting that is a refusal is followed by the end of the connection. */
        link->greeted = true;
        link_drop(link, (size_t)(end - link->in) + 1);
    }
}

void link_drop(struct link *link, size_t count)
{
    link->in_count -= count;
    memmove(link->in, link->in + count, link->in_count);
}
