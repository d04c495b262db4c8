/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The thread that reads other hosts, and what it shares with who asks. */
#include "node/nodes.h"

#include "base/clock.h"
#include "base/thread.h"
#include "node/node_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* More than this is no host. */
enum { CPUS_MOST = 1 << 16 };
#define MEMORY_MOST (UINT64_C(1) << 50)

/* A look at deadlines at least so often while something is under way. */
enum { LOOK_MS = 50 };

/* How long processes may take to end by themselves when their input has ended. */
#define END_NS (2 * NS_PER_SECOND)

struct nodes {
    struct node **items; /* none is added once the thread runs */
    size_t count;
    struct http_nodes *http; /* NULL: no host is read by HTTP */
    int wake_fd;
    uint64_t begin_ns, answer_ns; /* how long the first answer, and another, may take */
    uint64_t again_ns;            /* from the end of a connection to the next one */
    pthread_t thread;
    bool runs;
    struct pollfd *files; /* room for all: two a host, and wake_fd */

    pthread_mutex_t lock;
    bool ending; /* under the lock, as states of hosts are */
};

int nodes_open(struct nodes **ret_nodes, struct reason *reason)
{
    struct nodes *nodes = calloc(1, sizeof(*nodes));

    if (!nodes)
        return reason_set(reason, ENOMEM, "no memory for readers of other hosts");
    pthread_mutex_init(&nodes->lock, NULL);
    nodes_set_patience(nodes, NODE_BEGIN_NS, NODE_ANSWER_NS, NODE_AGAIN_NS);
    nodes->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (nodes->wake_fd < 0) {
        int error = reason_errno(reason, errno, "cannot make an event descriptor");

        nodes_close(nodes);
        return error;
    }
    *ret_nodes = nodes;
    return 0;
}

void nodes_set_patience(struct nodes *nodes, uint64_t begin_ns, uint64_t answer_ns, uint64_t again_ns)
{
    nodes->again_ns = again_ns;
    nodes->begin_ns = begin_ns;
    nodes->answer_ns = answer_ns;
}

static int open_source(struct nodes *nodes, struct node *node, struct reason *reason)
{
    int error = 0;

    if (node->address.scheme == NODE_SSH)
        return node_ssh_open(node, reason);
    if (!nodes->http)
        error = http_nodes_open(&nodes->http, reason);
    return error ? error : node_http_open(node, reason);
}

int nodes_add(struct nodes *nodes, const struct node_address *address, struct reason *reason)
{
    struct node **grown = reallocarray(nodes->items, nodes->count + 1, sizeof(struct node *));
    struct node *node = grown ? calloc(1, sizeof(*node)) : NULL;

    nodes->items = grown ? grown : nodes->items;
    if (!node)
        return reason_set(reason, ENOMEM, "no memory for readers of other hosts");
    node->address = *address;
    node->nodes = nodes;
    int error = open_source(nodes, node, reason);

    if (error) {
        free(node);
        return error;
    }
    nodes->items[nodes->count] = node;
    return (int)nodes->count++;
}

/* What a far side says of itself may be anything; what cannot be is not taken. */
static const char *impossible(const struct node *node, const struct host_reading *reading)
{
    const struct host_memory *memory = &reading->memory;

    if (reading->cpus < 1 || reading->cpus > CPUS_MOST)
        return "it tells a number of CPUs that no host has";
    if (memory->total == 0 || memory->total > MEMORY_MOST || memory->available > memory->total ||
        memory->free > memory->total || memory->free_lists > memory->total ||
        memory->swap_free > memory->swap_total || memory->swap_total > MEMORY_MOST)
        return "it tells an amount of memory that no host has";
    if (node->answered_before && reading->at_ns <= node->last_at_ns)
        return "its clock did not go on";
    return NULL;
}

void node_answer(struct node *node, const struct host_reading *reading, const struct host_limits *limits)
{
    const char *wrong = impossible(node, reading);
    struct reason reason;

    if (wrong) {
        reason_set(&reason, EBADMSG, "%s", wrong);
        node_fail(node, -EBADMSG, &reason);
        return;
    }
    node->answered_before = true;
    node->last_at_ns = reading->at_ns;
    pthread_mutex_lock(&node->nodes->lock);
    if (node->state == NODE_ASKED) {
        node->reading = *reading;
        node->limits = *limits;
        node->limits.cpus = reading->cpus;
        node->limits.memory_total = reading->memory.total;
        node->limits.swap_total = reading->memory.swap_total;
        node->state = NODE_ANSWERED;
    }
    pthread_mutex_unlock(&node->nodes->lock);
}

void node_fail(struct node *node, int error, const struct reason *reason)
{
    pthread_mutex_lock(&node->nodes->lock);
    if (node->state == NODE_ASKED) {
        node->state = NODE_FAILED;
        node->error = error;
        reason_set(&node->reason, -error, "%.300s: %.600s", node->address.url, reason->text);
    }
    pthread_mutex_unlock(&node->nodes->lock);
}

uint64_t node_again_ns(const struct node *node)
{
    return node->nodes->again_ns;
}

static uint64_t patience(const struct nodes *nodes, const struct node *node)
{
    return node->answered_before ? nodes->answer_ns : nodes->begin_ns;
}

static void ask(struct nodes *nodes, struct node *node)
{
    node->deadline_ns = clock_now_ns() + patience(nodes, node);
    if (node->address.scheme == NODE_SSH)
        node_ssh_ask(node);
    else
        node_http_ask(nodes->http, node);
}

static void give_up(struct nodes *nodes, struct node *node)
{
    struct reason reason;

    reason_set(&reason, ETIMEDOUT, "no answer within %g seconds",
               (double)patience(nodes, node) / (double)NS_PER_SECOND);
    if (node->address.scheme == NODE_SSH)
        node_ssh_give_up(node);
    else
        node_http_give_up(nodes->http, node);
    node_fail(node, -ETIMEDOUT, &reason);
}

static enum node_state state_of(struct node *node)
{
    pthread_mutex_lock(&node->nodes->lock);
    enum node_state state = node->state;

    pthread_mutex_unlock(&node->nodes->lock);
    return state;
}

/* True when this host is to be asked now. */
static bool begin_asking(struct node *node)
{
    pthread_mutex_lock(&node->nodes->lock);
    bool wanted = node->state == NODE_WANTED;

    if (wanted)
        node->state = NODE_ASKED;
    pthread_mutex_unlock(&node->nodes->lock);
    return wanted;
}

/* Gives up what is late, and asks those whose turn has come. Returns how many are under way. */
static size_t take_turns(struct nodes *nodes)
{
    size_t under_way = 0;

    for (size_t i = 0; i < nodes->count; i++) {
        if (state_of(nodes->items[i]) != NODE_ASKED)
            continue;
        if (clock_now_ns() >= nodes->items[i]->deadline_ns)
            give_up(nodes, nodes->items[i]);
        else
            under_way++;
    }
    for (size_t i = 0; i < nodes->count && under_way < NODES_AT_A_TIME; i++) {
        if (!begin_asking(nodes->items[i]))
            continue;
        ask(nodes, nodes->items[i]);
        under_way++;
    }
    return under_way;
}

static bool is_ending(struct nodes *nodes)
{
    pthread_mutex_lock(&nodes->lock);
    bool ending = nodes->ending;

    pthread_mutex_unlock(&nodes->lock);
    return ending;
}

static void close_sources(struct nodes *nodes)
{
    uint64_t until = clock_now_ns() + END_NS;

    for (size_t i = 0; i < nodes->count; i++)
        node_ssh_hang_up(nodes->items[i]);
    for (size_t i = 0; i < nodes->count; i++) {
        node_ssh_close(nodes->items[i], until);
        node_http_close(nodes->http, nodes->items[i]);
    }
}

static void *read_nodes(void *argument)
{
    struct nodes *nodes = argument;

    while (!is_ending(nodes)) {
        size_t under_way = take_turns(nodes), count = 1;
        uint64_t woken;

        nodes->files[0] = (struct pollfd){.fd = nodes->wake_fd, .events = POLLIN};
        for (size_t i = 0; i < nodes->count; i++)
            if (nodes->items[i]->ssh)
                count += node_ssh_files(nodes->items[i], &nodes->files[count]);
        http_nodes_wait(nodes->http, nodes->files, count, under_way > 0 ? LOOK_MS : -1);
        (void)!read(nodes->wake_fd, &woken, sizeof(woken));
        for (size_t i = 0; i < nodes->count; i++)
            if (nodes->items[i]->ssh)
                node_ssh_heard(nodes->items[i]);
    }
    close_sources(nodes); /* what this thread has started ends with it at the latest */
    return NULL;
}

int nodes_start(struct nodes *nodes, struct reason *reason)
{
    nodes->files = calloc(2 * nodes->count + 1, sizeof(*nodes->files));
    if (!nodes->files)
        return reason_set(reason, ENOMEM, "no memory for readers of other hosts");
    int error = thread_start(&nodes->thread, read_nodes, nodes);

    if (error)
        return reason_errno(reason, error, "cannot start the thread that reads other hosts");
    nodes->runs = true;
    return 0;
}

static void wake(struct nodes *nodes)
{
    const uint64_t one = 1;

    (void)!write(nodes->wake_fd, &one, sizeof(one));
}

void nodes_ask(struct nodes *nodes)
{
    pthread_mutex_lock(&nodes->lock);
    for (size_t i = 0; i < nodes->count; i++)
        if (nodes->items[i]->state != NODE_ASKED)
            nodes->items[i]->state = NODE_WANTED;
    pthread_mutex_unlock(&nodes->lock);
    wake(nodes);
}

size_t nodes_waiting(struct nodes *nodes)
{
    size_t waiting = 0;

    pthread_mutex_lock(&nodes->lock);
    for (size_t i = 0; i < nodes->count; i++)
        waiting += nodes->items[i]->state == NODE_ASKED || nodes->items[i]->state == NODE_WANTED;
    pthread_mutex_unlock(&nodes->lock);
    return waiting;
}

int nodes_take(struct nodes *nodes, size_t index, struct host_reading *ret_reading, struct reason *reason)
{
    struct node *node = nodes->items[index];
    int got = 0;

    pthread_mutex_lock(&nodes->lock);
    if (node->state == NODE_ANSWERED) {
        *ret_reading = node->reading;
        got = 1;
    } else if (node->state == NODE_FAILED) {
        got = reason_set(reason, -node->error, "%s", node->reason.text);
    }
    if (got)
        node->state = NODE_IDLE;
    pthread_mutex_unlock(&nodes->lock);
    return got;
}

void nodes_limits(struct nodes *nodes, size_t index, struct host_limits *ret_limits)
{
    pthread_mutex_lock(&nodes->lock);
    *ret_limits = nodes->items[index]->limits;
    pthread_mutex_unlock(&nodes->lock);
}

void nodes_close(struct nodes *nodes)
{
    if (!nodes)
        return;
    pthread_mutex_lock(&nodes->lock);
    nodes->ending = true;
    pthread_mutex_unlock(&nodes->lock);
    if (nodes->runs) {
        wake(nodes);
        pthread_join(nodes->thread, NULL);
    }
    close_sources(nodes);
    for (size_t i = 0; i < nodes->count; i++)
        free(nodes->items[i]);
    http_nodes_close(nodes->http);
    free(nodes->items);
    free(nodes->files);
    if (nodes->wake_fd >= 0)
        close(nodes->wake_fd);
    pthread_mutex_destroy(&nodes->lock);
    free(nodes);
}
