/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A build without libcurl: hosts are read by ssh alone. */
#include "node/node_private.h"

#include <errno.h>

int http_nodes_open(struct http_nodes **ret_http, struct reason *reason)
{
    (void)ret_http;
    return reason_set(reason, ENOTSUP, "this build of mvm has no libcurl: hosts can be read by ssh:// alone");
}

void http_nodes_close(struct http_nodes *http)
{
    (void)http;
}

int node_http_open(struct node *node, struct reason *reason)
{
    (void)node;
    return http_nodes_open(NULL, reason);
}

void node_http_ask(struct http_nodes *http, struct node *node)
{
    (void)http, (void)node;
}

void node_http_give_up(struct http_nodes *http, struct node *node)
{
    (void)http, (void)node;
}

void node_http_close(struct http_nodes *http, struct node *node)
{
    (void)http, (void)node;
}

void http_nodes_wait(struct http_nodes *http, struct pollfd *files, size_t count, int timeout_ms)
{
    (void)http;
    poll(files, (nfds_t)count, timeout_ms);
}
