/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Readings of other hosts, as their kernels count: of many at a time, by one thread of its own, so that a
 * host that is slow or lies holds up neither the others nor who asks. Each is asked and answers, or not
 * within NODE_ANSWER_NS (the first time NODE_BEGIN_NS), which is a sentence. What they say is not trusted:
 * its size is bounded and its form checked, and of figures that cannot be of one host none are taken.
 *
 * One thread calls these.
 */
#ifndef MVM_NODE_NODES_H
#define MVM_NODE_NODES_H

#include "host/reading.h"
#include "host/resource.h"
#include "node/node_address.h"

#include <stddef.h>
#include <stdint.h>

struct reason;
struct nodes;

/* As long as a VM has for the answer to a challenge. */
#define NODE_ANSWER_NS (10 * UINT64_C(1000000000))
#define NODE_BEGIN_NS  (20 * UINT64_C(1000000000))

/* A connection that has ended is made again, when a question comes this much later, to a host that has
 * answered before. */
#define NODE_AGAIN_NS (5 * UINT64_C(1000000000))

/* So many are asked at a time; the others wait for their turn, and their time begins with it. */
enum { NODES_AT_A_TIME = 64 };

int nodes_open(struct nodes **ret_nodes, struct reason *reason);

/* Adds a host; its index, counted from 0. Only before nodes_start(). -ENOTSUP: this build cannot read there.
 */
int nodes_add(struct nodes *nodes, const struct node_address *address, struct reason *reason);

/* Other times than NODE_BEGIN_NS, NODE_ANSWER_NS and NODE_AGAIN_NS; for tests, before nodes_start(). */
void nodes_set_patience(struct nodes *nodes, uint64_t begin_ns, uint64_t answer_ns, uint64_t again_ns);

/* From here on they can be asked. */
int nodes_start(struct nodes *nodes, struct reason *reason);

/* Asks all that are not being asked; what they answered before and was not taken is dropped. */
void nodes_ask(struct nodes *nodes);

/* How many have neither answered yet nor been given up. */
size_t nodes_waiting(struct nodes *nodes);

/* What has come of one: 1 and its reading, once; 0: nothing since; -errno, once, and why there is none. */
int nodes_take(struct nodes *nodes, size_t index, struct host_reading *ret_reading, struct reason *reason);

/* The limits of one that has answered. */
void nodes_limits(struct nodes *nodes, size_t index, struct host_limits *ret_limits);

/* Ends all connections; nothing of them stays. NULL is fine. */
void nodes_close(struct nodes *nodes);

#endif
