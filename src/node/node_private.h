/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inside of nodes.h: one host, and the two ways to read one. All but nodes.c's shared part belongs to the
 * thread. */
#ifndef MVM_NODE_NODE_PRIVATE_H
#define MVM_NODE_NODE_PRIVATE_H

#include "base/reason.h"
#include "node/exposition.h"
#include "node/nodes.h"

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

enum node_state {
    NODE_IDLE,
    NODE_WANTED, /* is to be asked */
    NODE_ASKED,
    NODE_ANSWERED, /* to be taken */
    NODE_FAILED    /* to be taken: the reason */
};

struct node_ssh;
struct node_http;

struct node {
    struct node_address address;
    struct nodes *nodes;

    /* Shared, under the lock of `nodes`. */
    enum node_state state;
    struct host_reading reading;
    struct host_limits limits;
    int error;
    struct reason reason;

    /* The thread's. */
    uint64_t deadline_ns;
    bool answered_before;
    uint64_t last_at_ns;
    struct node_ssh *ssh;   /* of one kind of address */
    struct node_http *http; /* of the other */
};

/* What came of the question that is under way; without one it is dropped. For the sources to call. */
void node_answer(struct node *node, const struct host_reading *reading, const struct host_limits *limits);
void node_fail(struct node *node, int error, const struct reason *reason);

/* How long after the end of a connection another one may be begun. */
uint64_t node_again_ns(const struct node *node);

/* node_ssh.c: a process of ssh for each. Asking begins it. When it has ended questions fail with its last
 * words, until it is begun again: of a host that has answered before. */
int node_ssh_open(struct node *node, struct reason *reason);
void node_ssh_ask(struct node *node);
void node_ssh_give_up(struct node *node); /* what is under way is not waited for */
size_t node_ssh_files(const struct node *node, struct pollfd *ret_files); /* at most two */
void node_ssh_heard(struct node *node);                                   /* they may have something */
void node_ssh_hang_up(struct node *node);                                 /* ends it, and does not wait */
void node_ssh_close(struct node *node, uint64_t until_ns); /* kills it when it lasts longer; NULL is fine */

/* node_http.c: all requests of one struct http_nodes. */
struct http_nodes;
int http_nodes_open(struct http_nodes **ret_http, struct reason *reason);
void http_nodes_close(struct http_nodes *http);
int node_http_open(struct node *node, struct reason *reason);
void node_http_ask(struct http_nodes *http, struct node *node);
void node_http_give_up(struct http_nodes *http, struct node *node);
void node_http_close(struct http_nodes *http, struct node *node);
/* Waits for the files, for what requests bring, or for `timeout_ms`, and takes that. `http` NULL: no
 * requests. */
void http_nodes_wait(struct http_nodes *http, struct pollfd *files, size_t count, int timeout_ms);

#endif
