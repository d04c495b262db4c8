/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asks as requests of the vmm, in and out by one of its ports. One thread at a time. */
#ifndef MVM_ENGINE_VMM_ASKS_H
#define MVM_ENGINE_VMM_ASKS_H

#include "engine/engine.h"
#include "vmm/vmm.h"

/* Requests come from slabs that are freed at the end. */
struct vmm_asks_slab;

struct vmm_asks {
    struct vmm_port *port;
    struct vmm_asks_slab *slabs;
    struct vmm_request *free;
    struct engine_ask *refused; /* asks for which there was no memory */
};

/* `port` is not owned. */
void vmm_asks_init(struct vmm_asks *asks, struct vmm_port *port);
/* When the port holds no request any more, or is closed. */
void vmm_asks_release(struct vmm_asks *asks);

void vmm_asks_submit(struct vmm_asks *asks, struct engine_ask *const *list, size_t count);
size_t vmm_asks_reap(struct vmm_asks *asks, struct engine_ask **ret_asks, size_t room, uint64_t until_ns);

/* The functions of ports in struct engine. */
int vmm_engine_port_open(struct vmm *vmm, const struct engine *engine, struct engine_port **ret_port,
                         struct reason *reason);
void vmm_engine_port_close(struct engine_port *port);
void vmm_engine_port_submit(struct engine_port *port, struct engine_ask *const *asks, size_t count);
size_t vmm_engine_port_reap(struct engine_port *port, struct engine_ask **ret_asks, size_t room,
                            uint64_t until_ns);
void vmm_engine_port_lend(struct engine_port *port);
int vmm_engine_port_descriptor(struct engine_port *port);
void vmm_engine_port_clear(struct engine_port *port);

#endif
