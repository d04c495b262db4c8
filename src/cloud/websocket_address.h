/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the two clients of serial consoles share, websocket.h and consoles.h: where one is, and how it is
 * connected to by libwebsockets. */
#ifndef MVM_CLOUD_WEBSOCKET_ADDRESS_H
#define MVM_CLOUD_WEBSOCKET_ADDRESS_H

#include <stdbool.h>

struct lws;
struct lws_context;
struct lws_protocols;
struct reason;

/* The parts of a URL as libwebsockets wants them. */
struct websocket_address {
    char *scheme, *host, *port, *path, *query;
    bool secure; /* wss */
};

/* `only_secure`: nothing but wss will do. -EINVAL: no such URL. */
int websocket_address_parse(const char *url, bool only_secure, struct websocket_address *ret_address,
                            struct reason *reason);
void websocket_address_release(struct websocket_address *address);

/* A context of libwebsockets for one thread; NULL without memory. Without TLS no certificates are loaded,
 * which would take half a megabyte. `ca_file` as for http_open(); `user` is the context's. */
struct lws_context *websocket_context(const struct lws_protocols *protocols, bool secure, const char *ca_file,
                                      unsigned connections, void *user);
void websocket_context_free(struct lws_context *context);

/* Begins to connect; what comes of it is told to the protocol `binary` of the context. `user` is the
 * connection's, which is also stored in `ret_connection`. False: nothing has begun. */
bool websocket_address_connect(const struct websocket_address *address, struct lws_context *context,
                               void *user, struct lws **ret_connection);

#endif
