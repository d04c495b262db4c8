/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Consoles of servers: Nova's serial console, kept open. Nova shows what a server says from then on; what it
 * said before is in its log, and is not the console's. */
#include "engine/openstack_population.h"

#include "base/clock.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

static struct server *server_of(struct population *population, uint64_t vm)
{
    const struct openstack *openstack = (struct openstack *)population;

    return vm < openstack->counts.started ? openstack->servers[vm] : NULL;
}

/* The thread for them, once the first one is wanted. */
static int begin(struct openstack *openstack, struct reason *reason)
{
    struct epoll_event event = {.events = EPOLLIN};

    if (openstack->consoles)
        return 0;
    int error = consoles_open(cloud_ca_file(openstack->cloud), &openstack->consoles, reason);

    if (!error &&
        epoll_ctl(openstack->events, EPOLL_CTL_ADD, consoles_descriptor(openstack->consoles), &event) < 0) {
        error = reason_errno(reason, errno, "cannot wait for serial consoles");
        consoles_close(openstack->consoles);
        openstack->consoles = NULL;
    }
    return error;
}

int openstack_console_open(struct population *population, uint64_t vm, struct reason *reason)
{
    struct openstack *openstack = (struct openstack *)population;
    struct server *server = server_of(population, vm);
    struct openstack_job *job;

    if (!server || server->state != SERVER_RUNNING)
        return reason_set(reason, ESRCH, "VM %llu is not running", (unsigned long long)vm);
    if (server->ask || server->console)
        return reason_set(reason, EBUSY, "VM %llu is busy: a question to it or another console is open",
                          (unsigned long long)vm);
    int error = begin(openstack, reason);

    if (!error)
        error = console_open(openstack->consoles, &server->console, reason);
    if (error)
        return error;
    if (!(job = openstack_job(openstack, JOB_ADDRESS))) {
        console_drop(server->console);
        server->console = NULL;
        return reason_set(reason, ENOMEM, "no memory for a console");
    }
    server->console_number = ++openstack->consoles_opened;
    job->vm = vm;
    memcpy(job->id, server->id, sizeof(job->id));
    job->address.number = server->console_number;
    job->address.deadline_ns = clock_now_ns() + openstack->options->patience_ns;
    openstack_job_submit(openstack, job, true);
    return 0;
}

void openstack_take_address(struct openstack *openstack, const struct openstack_job *job)
{
    struct server *server = openstack->servers[job->vm];

    if (job->error == -ENOENT)
        openstack_fail(openstack, server, "was deleted, and not by mvm");
    /* Meanwhile it may have been closed, and another one opened. */
    if (!server->console || server->console_number != job->address.number)
        return;
    if (job->error)
        console_fail(server->console, job->error, &job->reason);
    else
        console_connect(server->console, job->address.url, cloud_is_secure(openstack->cloud),
                        job->address.deadline_ns);
}

void openstack_look_at_consoles(struct openstack *openstack)
{
    if (!openstack->consoles || !consoles_clear(openstack->consoles))
        return;
    openstack->list_again = openstack->listing;
    openstack->next_list_ns = 0;
}

int openstack_console_state(struct population *population, uint64_t vm, struct reason *reason)
{
    struct server *server = server_of(population, vm);

    return server && server->console
               ? console_state(server->console, reason)
               : reason_set(reason, ESRCH, "VM %llu has no open console", (unsigned long long)vm);
}

void openstack_console_close(struct population *population, uint64_t vm)
{
    struct server *server = server_of(population, vm);

    if (!server)
        return;
    console_drop(server->console);
    server->console = NULL;
}

size_t openstack_console_read(struct population *population, uint64_t vm, uint8_t *ret_bytes, size_t room)
{
    struct server *server = server_of(population, vm);

    return server && server->console ? console_read(server->console, ret_bytes, room) : 0;
}

size_t openstack_console_write(struct population *population, uint64_t vm, const uint8_t *bytes, size_t count)
{
    struct server *server = server_of(population, vm);
    size_t put = server && server->console ? console_write(server->console, bytes, count) : 0;

    /* What it says to this may come when the console is closed, and to the next ask. */
    if (put > 0)
        server->late = true;
    return put;
}
