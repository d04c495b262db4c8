/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests in and out: the population's own port, and those of other threads. */
#include "base/clock.h"
#include "base/reason.h"
#include "vmm/population.h"

#include <errno.h>
#include <stdlib.h>

int vmm_port_open(struct vmm *vmm, struct vmm_port **ret_port, struct reason *reason)
{
    struct vmm_port *port = calloc(1, sizeof(*port));

    if (!port || outbox_init(&port->outbox, vmm->options.workers) < 0) {
        free(port);
        return reason_set(reason, ENOMEM, "no memory for a way to the VMs");
    }
    port->vmm = vmm;
    *ret_port = port;
    return 0;
}

static void nothing(struct shard *shard, void *argument)
{
    (void)shard;
    (void)argument;
}

void vmm_port_close(struct vmm_port *port)
{
    if (!port)
        return;
    /* The last requests may have been taken while the worker that handed them over was about to signal. */
    for (unsigned i = 0; i < port->vmm->options.workers; i++)
        worker_call(port->vmm->workers[i], nothing, NULL);
    outbox_release(&port->outbox);
    free(port);
}

void vmm_port_submit(struct vmm_port *port, struct vmm_request *const *requests, size_t count)
{
    struct vmm *vmm = port->vmm;
    uint64_t now = clock_now_ns();
    unsigned workers = vmm->options.workers;

    for (unsigned w = 0; w < workers; w++) {
        struct vmm_request *first = NULL, **end = &first, *last = NULL;

        for (size_t i = 0; i < count; i++) {
            if (requests[i]->vm % workers != w)
                continue;
            requests[i]->submitted_ns = now;
            requests[i]->outbox = &port->outbox;
            *end = last = requests[i];
            end = &last->next;
        }
        if (first && !(port->lends && worker_borrow(vmm->workers[w], first, last, &port->outbox)))
            worker_post(vmm->workers[w], first, last);
    }
}

size_t vmm_port_reap(struct vmm_port *port, struct vmm_request **ret_requests, size_t room, uint64_t until_ns)
{
    return outbox_take(&port->outbox, ret_requests, room, until_ns);
}

void vmm_port_lend(struct vmm_port *port)
{
    port->lends = port->vmm->options.cpu == VMM_CPU_EMULATED;
}

int vmm_port_descriptor(struct vmm_port *port)
{
    return outbox_descriptor(&port->outbox);
}

void vmm_port_clear(struct vmm_port *port)
{
    outbox_clear(&port->outbox);
}

struct vmm_port *vmm_own_port(struct vmm *vmm)
{
    return &vmm->port;
}

void vmm_submit(struct vmm *vmm, struct vmm_request *const *requests, size_t count)
{
    vmm_port_submit(&vmm->port, requests, count);
}

size_t vmm_reap(struct vmm *vmm, struct vmm_request **ret_requests, size_t room, uint64_t until_ns)
{
    return vmm_port_reap(&vmm->port, ret_requests, room, until_ns);
}

int vmm_descriptor(struct vmm *vmm)
{
    return vmm_port_descriptor(&vmm->port);
}

void vmm_clear(struct vmm *vmm)
{
    vmm_port_clear(&vmm->port);
}
