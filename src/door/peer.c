/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One connection: its buffers, both bounded. */
#include "door/server.h"

#include "base/clock.h"
#include "result/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct peer *peer_create(int fd)
{
    struct peer *peer = calloc(1, sizeof(*peer));

    if (peer && !(peer->in = malloc(PEER_LINE_MOST))) {
        free(peer);
        peer = NULL;
    }
    if (!peer) {
        close(fd);
        return NULL;
    }
    peer->fd = fd;
    peer->since_ns = clock_now_ns();
    return peer;
}

void peer_free(struct peer *peer)
{
    close(peer->fd);
    free(peer->in);
    free(peer->out);
    free(peer);
}

bool peer_is_full(const struct peer *peer)
{
    return peer->out_count >= PEER_OUT_FULL;
}

void peer_put(struct peer *peer, const void *bytes, size_t count)
{
    if (peer->gone)
        return;
    if (count > PEER_OUT_MOST - peer->out_count) {
        peer->gone = true;
        return;
    }
    if (peer->out_count + count > peer->out_room) {
        size_t room = peer->out_room ? peer->out_room : 4096;

        while (room < peer->out_count + count)
            room *= 2;
        uint8_t *grown = realloc(peer->out, room);

        if (!grown) {
            peer->gone = true;
            return;
        }
        peer->out = grown;
        peer->out_room = room;
    }
    memcpy(peer->out + peer->out_count, bytes, count);
    peer->out_count += count;
}

void peer_say(struct peer *peer, json_t *object)
{
    char *text = object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;

    if (text) {
        peer_put(peer, text, strlen(text));
        peer_put(peer, "\n", 1);
    } else {
        peer->gone = true; /* no memory */
    }
    free(text);
    json_decref(object);
}

void peer_refuse(struct peer *peer, bool usage, const char *format, ...)
{
    char text[REASON_ROOM];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    json_t *refusal = json_pack("{s:b}", "ok", 0);

    json_object_set_new(refusal, "error", result_json_text(text));
    if (usage)
        json_object_set_new(refusal, "usage", json_true());
    peer_say(peer, refusal);
}

void peer_read(struct peer *peer)
{
    while (peer->in_count < PEER_LINE_MOST) {
        ssize_t got =
            recv(peer->fd, peer->in + peer->in_count, PEER_LINE_MOST - peer->in_count, MSG_DONTWAIT);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (got < 0)
            peer->gone = true;
        if (got <= 0) {
            peer->input_ended = true;
            return;
        }
        peer->in_count += (size_t)got;
    }
}

void peer_flush(struct peer *peer)
{
    size_t sent = 0;

    while (!peer->gone && sent < peer->out_count) {
        ssize_t put = send(peer->fd, peer->out + sent, peer->out_count - sent, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0) {
            peer->gone = errno != EAGAIN && errno != EWOULDBLOCK;
            break;
        }
        sent += (size_t)put;
    }
    if (sent > 0) {
        peer->out_count -= sent;
        memmove(peer->out, peer->out + sent, peer->out_count);
    }
}

void peer_set_activity(struct peer *peer, const struct activity *activity, void *state)
{
    peer->activity = activity;
    peer->state = state;
}

void peer_end_activity(struct peer *peer)
{
    peer_set_activity(peer, NULL, NULL);
    peer->since_ns = clock_now_ns();
}
