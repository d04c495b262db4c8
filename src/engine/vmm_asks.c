/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/vmm_asks.h"

#include "base/reason.h"

#include <errno.h>
#include <stdlib.h>

enum { REQUESTS_A_SLAB = 256, AT_ONCE = 64 };

struct vmm_asks_slab {
    struct vmm_asks_slab *next;
    struct vmm_request requests[REQUESTS_A_SLAB];
};

void vmm_asks_init(struct vmm_asks *asks, struct vmm_port *port)
{
    *asks = (struct vmm_asks){.port = port};
}

void vmm_asks_release(struct vmm_asks *asks)
{
    for (struct vmm_asks_slab *slab = asks->slabs, *next; slab; slab = next) {
        next = slab->next;
        free(slab);
    }
}

static struct vmm_request *take_request(struct vmm_asks *asks)
{
    if (!asks->free) {
        struct vmm_asks_slab *slab = malloc(sizeof(*slab));

        if (!slab)
            return NULL;
        slab->next = asks->slabs;
        asks->slabs = slab;
        for (size_t i = 0; i < REQUESTS_A_SLAB; i++) {
            slab->requests[i].next = asks->free;
            asks->free = &slab->requests[i];
        }
    }
    struct vmm_request *request = asks->free;

    asks->free = request->next;
    return request;
}

/* On a worker's thread. */
static bool is_whole(struct vmm_request *request)
{
    struct engine_ask *ask = request->context;

    ask->answer_length = request->answer_length;
    ask->late = request->late;
    bool whole = ask->is_whole(ask);

    request->late = ask->late;
    return whole;
}

void vmm_asks_submit(struct vmm_asks *asks, struct engine_ask *const *list, size_t count)
{
    struct vmm_request *requests[AT_ONCE];
    size_t ready = 0;

    for (size_t i = 0; i < count; i++) {
        struct vmm_request *request = take_request(asks);

        if (!request) {
            list[i]->status = -ENOMEM;
            list[i]->answer_length = 0;
            list[i]->answer[0] = '\0';
            list[i]->next = asks->refused;
            asks->refused = list[i];
            continue;
        }
        *request = (struct vmm_request){.vm = list[i]->vm,
                                        .bytes = list[i]->request,
                                        .length = list[i]->request_length,
                                        .answer = list[i]->answer,
                                        .room = list[i]->answer_room,
                                        .deadline_ns = list[i]->deadline_ns,
                                        .is_whole = list[i]->is_whole ? is_whole : NULL,
                                        .context = list[i]};
        requests[ready++] = request;
        if (ready == AT_ONCE) {
            vmm_port_submit(asks->port, requests, ready);
            ready = 0;
        }
    }
    vmm_port_submit(asks->port, requests, ready);
}

size_t vmm_asks_reap(struct vmm_asks *asks, struct engine_ask **ret_asks, size_t room, uint64_t until_ns)
{
    struct vmm_request *requests[AT_ONCE];
    size_t got = 0;

    for (; asks->refused && got < room; asks->refused = asks->refused->next)
        ret_asks[got++] = asks->refused;
    if (got == room)
        return got;
    room -= got;
    size_t count = vmm_port_reap(asks->port, requests, room < AT_ONCE ? room : AT_ONCE, got ? 0 : until_ns);

    for (size_t i = 0; i < count; i++) {
        struct engine_ask *ask = requests[i]->context;

        ask->status = requests[i]->status;
        ask->late = requests[i]->late;
        ask->answer_length = requests[i]->answer_length;
        ask->submitted_ns = requests[i]->submitted_ns;
        ask->answered_ns = requests[i]->answered_ns;
        requests[i]->next = asks->free;
        asks->free = requests[i];
        ret_asks[got++] = ask;
    }
    return got;
}

struct vmm_engine_port {
    struct engine_port port;
    struct vmm_asks asks;
};

static struct vmm_engine_port *of(struct engine_port *port)
{
    return (struct vmm_engine_port *)port;
}

int vmm_engine_port_open(struct vmm *vmm, const struct engine *engine, struct engine_port **ret_port,
                         struct reason *reason)
{
    struct vmm_engine_port *port = calloc(1, sizeof(*port));
    struct vmm_port *way;
    int error;

    if (!port)
        return reason_set(reason, ENOMEM, "no memory for a way to the VMs");
    error = vmm_port_open(vmm, &way, reason);
    if (error) {
        free(port);
        return error;
    }
    port->port.engine = engine;
    vmm_asks_init(&port->asks, way);
    *ret_port = &port->port;
    return 0;
}

void vmm_engine_port_close(struct engine_port *port)
{
    if (!port)
        return;
    vmm_port_close(of(port)->asks.port);
    vmm_asks_release(&of(port)->asks);
    free(port);
}

void vmm_engine_port_submit(struct engine_port *port, struct engine_ask *const *asks, size_t count)
{
    vmm_asks_submit(&of(port)->asks, asks, count);
}

size_t vmm_engine_port_reap(struct engine_port *port, struct engine_ask **ret_asks, size_t room,
                            uint64_t until_ns)
{
    return vmm_asks_reap(&of(port)->asks, ret_asks, room, until_ns);
}

void vmm_engine_port_lend(struct engine_port *port)
{
    vmm_port_lend(of(port)->asks.port);
}

int vmm_engine_port_descriptor(struct engine_port *port)
{
    return vmm_port_descriptor(of(port)->asks.port);
}

void vmm_engine_port_clear(struct engine_port *port)
{
    vmm_port_clear(of(port)->asks.port);
}
