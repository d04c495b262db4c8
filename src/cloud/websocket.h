/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One line to a serial console behind a WebSocket, and the line it answers; by libwebsockets. Certificates
 * are verified.
 */
#ifndef MVM_CLOUD_WEBSOCKET_H
#define MVM_CLOUD_WEBSOCKET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reason;
struct websocket;

struct websocket_line {
    const char *url; /* ws:// or wss:// */
    bool secure;     /* only wss:// will do */
    const char *request;
    size_t request_length;
    char *answer; /* room for it; NUL-terminated, without its line feed; a longer one is cut */
    size_t answer_room, answer_length;
    uint64_t deadline_ns;         /* CLOCK_MONOTONIC */
    const atomic_bool *cancelled; /* looked at ten times a second */
};

/* A client for one thread; `ca_file` as for http_open(). */
int websocket_open(const char *ca_file, struct websocket **ret_websocket, struct reason *reason);
void websocket_close(struct websocket *websocket);

/* Connects, sends, waits for one line, disconnects. What comes before the request is sent is thrown away. 0;
 * -ETIMEDOUT; -ECONNRESET: not let in, or thrown out; -ECANCELED; -EINVAL: no such URL; -ENOMEM. */
int websocket_ask(struct websocket *websocket, struct websocket_line *line, struct reason *reason);

#endif
