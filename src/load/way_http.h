/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Over TCP, to any HTTP server: an epoll set of connections that are made and used without waiting. */
#ifndef MVM_LOAD_WAY_HTTP_H
#define MVM_LOAD_WAY_HTTP_H

#include "load/http_answer.h"
#include "load/url.h"
#include "load/way.h"

struct reason;

struct load_http_plan {
    const struct load_url *url;    /* outlives the way */
    struct http_expected expected; /* likewise */
    size_t connections;            /* open at once, at most; requests that find none free wait to be sent */
    size_t kept;                   /* of these, idle ones kept for the next request to the same address */
};

/* The way belongs to the thread that uses it, but may be opened and closed by another. */
int load_way_http_open(const struct load_http_plan *plan, struct load_way **ret_way, struct reason *reason);

#endif
