/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A request to a run's own HTTP service (web.h), as its routes look at it. Which bytes are a head is decided
 * by door/head.h; here its target is split and the few headers that matter are kept.
 */
#ifndef MVM_WEB_REQUEST_H
#define MVM_WEB_REQUEST_H

#include "door/head.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REQUEST_PATH_ROOM = 64, REQUEST_TEXT_ROOM = 512 };

/* A header's value; "" when it was not sent. */
struct request {
    bool is_head, keep_alive;
    bool repeated; /* a header of these was sent twice */
    bool too_long; /* a path or a header of these has no room: no route has such */
    char path[REQUEST_PATH_ROOM];
    char query[REQUEST_PATH_ROOM]; /* without the '?' */
    char host[REQUEST_TEXT_ROOM];
    char origin[REQUEST_TEXT_ROOM];
    char accept[REQUEST_TEXT_ROOM];
    char authorization[REQUEST_TEXT_ROOM];
    char fetch_site[32]; /* Sec-Fetch-Site: what the browser says of who asks */
    char page[8];        /* X-Mvm-Page: sent by the page's own script */
};

/* Reads the head that head_parse() found in `bytes`. 0, or the status with which it is to be refused: 400
 * when the target is no path, 405 when the method is neither GET nor HEAD. */
int request_read(const char *bytes, const struct head *head, struct request *ret_request);

/* The whole number after "name=" in the query; false when it is missing or no number below 2^63. */
bool request_number(const struct request *request, const char *name, uint64_t *ret_number);

/* True when the query has the word `name`. */
bool request_has(const struct request *request, const char *name);

/* True when the client takes OpenMetrics, and plain text not rather (RFC 9110, 12.5.1). */
bool request_takes_openmetrics(const struct request *request);

#endif
