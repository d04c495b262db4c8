/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The cloud's hosts: how many VMs of the population each has, and what of it is given away. */
#include "engine/openstack_population.h"

#include "base/clock.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_NS (50 * NS_PER_MILLISECOND)
#define MIB     (1024.0 * 1024)
#define GIB     (1024 * MIB)

/* How many VMs run on each host, where the cloud tells. */
int openstack_account(struct population *population, struct result_counters *counters)
{
    static const char prefix[] = "vms_running_on_";
    const struct openstack *openstack = (struct openstack *)population;

    /* What was counted at an earlier moment. */
    for (size_t i = 0; i < counters->count; i++)
        if (strncmp(counters->items[i].name, prefix, sizeof(prefix) - 1) == 0)
            counters->items[i].value = 0;
    for (uint64_t vm = 0; vm < openstack->counts.started; vm++) {
        const struct server *server = openstack->servers[vm];
        char name[96];
        double value = 0;

        if (server->state != SERVER_RUNNING || !server->host[0])
            continue;
        snprintf(name, sizeof(name), "%s%s", prefix, server->host);
        for (size_t i = 0; i < counters->count; i++)
            if (strcmp(counters->items[i].name, name) == 0)
                value = counters->items[i].value;
        if (result_counter_set(counters, name, value + 1) < 0)
            return -ENOMEM;
    }
    return 0;
}

void openstack_take_hosts(struct openstack *openstack, struct openstack_job *job)
{
    openstack->asking_hosts = false;
    openstack->hosts_error = job->error;
    openstack->hosts_reason = job->reason;
    free(openstack->hosts);
    openstack->hosts = job->hosts.list;
    openstack->host_count = job->hosts.count;
    job->hosts.list = NULL;
}

/* Asks, and waits for the answer, which is left in the population. */
static int ask(struct openstack *openstack, const struct engine_watch *watch, struct reason *reason)
{
    struct openstack_job *job = openstack->asking_hosts ? NULL : openstack_job(openstack, JOB_HOSTS);

    if (!openstack->asking_hosts && !job)
        return reason_set(reason, ENOMEM, "no memory for a request");
    openstack->asking_hosts = true;
    if (job)
        openstack_job_submit(openstack, job, true);
    while (openstack->asking_hosts) {
        openstack_turn(openstack, clock_now_ns() + LOOK_NS, NULL);
        if (watch && !watch->go_on(watch->context, &openstack->counts))
            return reason_set(reason, ECANCELED, "a request was called off");
    }
    if (openstack->hosts_error)
        return reason_set(reason, -openstack->hosts_error, "%s", openstack->hosts_reason.text);
    return 0;
}

/* The host of that name, which is added when it is not there; NULL without memory. `hosts` has room for one
 * more than a power of two of them. */
static struct engine_host *find(struct engine_host **hosts, size_t *count, const char *name)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp((*hosts)[i].name, name) == 0)
            return &(*hosts)[i];
    if ((*count & (*count - 1)) == 0) {
        struct engine_host *grown = realloc(*hosts, (*count ? 2 * *count : 1) * sizeof(*grown));

        if (!grown)
            return NULL;
        *hosts = grown;
    }
    struct engine_host *host = &(*hosts)[(*count)++];

    *host = (struct engine_host){.cpu_percent = NAN,
                                 .memory_percent = NAN,
                                 .disk_percent = NAN,
                                 .vcpus = NAN,
                                 .memory_bytes = NAN,
                                 .disk_bytes = NAN};
    snprintf(host->name, sizeof(host->name), "%s", name);
    return host;
}

static double percent(const struct cloud_host *from, enum cloud_resource resource)
{
    return from->capacity[resource] > 0 ? 100 * from->used[resource] / from->capacity[resource] : NAN;
}

static double whole(const struct cloud_host *from, enum cloud_resource resource, double unit)
{
    return from->capacity[resource] > 0 ? unit * from->capacity[resource] : NAN;
}

int openstack_hosts(struct population *population, const struct engine_watch *watch,
                    struct engine_host **ret_hosts, size_t *ret_count, struct reason *reason)
{
    struct openstack *openstack = (struct openstack *)population;
    struct engine_host *hosts = NULL;
    size_t count = 0;
    int error = ask(openstack, watch, reason);
    bool hidden = error == -EPERM || error == -EACCES || error == -ENOENT;

    if (error && !hidden)
        return error;
    for (size_t i = 0; !hidden && i < openstack->host_count; i++) {
        const struct cloud_host *from = &openstack->hosts[i];
        struct engine_host *host = find(&hosts, &count, from->name);

        if (!host)
            goto no_memory;
        host->cpu_percent = percent(from, CLOUD_VCPUS);
        host->memory_percent = percent(from, CLOUD_MEMORY_MIB);
        host->disk_percent = percent(from, CLOUD_DISK_GIB);
        host->vcpus = whole(from, CLOUD_VCPUS, 1);
        host->memory_bytes = whole(from, CLOUD_MEMORY_MIB, MIB);
        host->disk_bytes = whole(from, CLOUD_DISK_GIB, GIB);
    }
    for (uint64_t vm = 0; vm < openstack->counts.started; vm++) {
        const struct server *server = openstack->servers[vm];
        struct engine_host *host;

        if (server->state != SERVER_RUNNING || !server->host[0])
            continue;
        host = find(&hosts, &count, server->host);
        if (!host)
            goto no_memory;
        host->vms++;
    }
    *ret_hosts = hosts;
    *ret_count = count;
    return 0;
no_memory:
    free(hosts);
    return reason_set(reason, ENOMEM, "no memory for a list of hosts");
}
