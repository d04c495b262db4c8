/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The servers of a population: found in lists, ready, failed. */
#include "engine/openstack_population.h"

#include "base/clock.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_LOOK_NS (300 * NS_PER_MILLISECOND)

static int compare_ids(const void *one, const void *other)
{
    return strcmp(one, other);
}

static void no_longer_booting(struct openstack *openstack, const struct server *server)
{
    for (uint64_t i = 0; i < openstack->counts.booting; i++) {
        if (openstack->booting[i] == server) {
            openstack->booting[i] = openstack->booting[--openstack->counts.booting];
            return;
        }
    }
}

static void note_boot_time(struct openstack *openstack, double seconds)
{
    if (openstack->boot_count == openstack->boot_room) {
        size_t wanted = openstack->boot_room ? openstack->boot_room * 2 : 64;
        double *grown = realloc(openstack->boot_seconds, wanted * sizeof(*grown));

        if (!grown)
            return; /* one boot time fewer in the statistics */
        openstack->boot_seconds = grown;
        openstack->boot_room = wanted;
    }
    openstack->boot_seconds[openstack->boot_count++] = seconds;
}

void openstack_ready(struct openstack *openstack, struct server *server)
{
    server->state = SERVER_RUNNING;
    no_longer_booting(openstack, server);
    openstack->counts.running++;
    if (openstack->setup->ready_line)
        note_boot_time(openstack, (double)(clock_now_ns() - server->started_ns) / (double)NS_PER_SECOND);
}

void openstack_fail(struct openstack *openstack, struct server *server, const char *why)
{
    if (server->state == SERVER_BOOTING) {
        server->state = SERVER_FAILED;
        no_longer_booting(openstack, server);
        openstack->counts.failed++;
    } else if (server->state == SERVER_RUNNING) {
        server->state = SERVER_DIED;
        openstack->counts.running--;
        openstack->counts.died++;
    } else {
        return;
    }
    server->why = strdup(why);
    snprintf(openstack->last_failure, sizeof(openstack->last_failure), "VM %llu %s",
             (unsigned long long)server->vm, why);
}

void openstack_expire(struct openstack *openstack)
{
    uint64_t now = clock_now_ns();

    for (uint64_t i = openstack->counts.booting; i-- > 0;) {
        struct server *server = openstack->booting[i];

        if (now - server->started_ns >= openstack->options->boot_timeout_ns)
            openstack_fail(openstack, server,
                           server->active ? "is ACTIVE, but its console's log has no readiness line"
                                          : "was not ACTIVE in time");
    }
}

/* NULL without memory. */
static struct server *add(struct openstack *openstack, const struct nova_server *from)
{
    struct engine_counts *counts = &openstack->counts;

    if (counts->started == openstack->room) {
        size_t wanted = openstack->room ? 2 * openstack->room : 64;
        struct server **grown = realloc(openstack->servers, wanted * sizeof(*grown));

        if (!grown)
            return NULL;
        openstack->servers = grown;
        grown = realloc(openstack->booting, wanted * sizeof(*grown));
        if (!grown)
            return NULL;
        openstack->booting = grown;
        openstack->room = wanted;
    }
    struct server *server = calloc(1, sizeof(*server));

    if (!server)
        return NULL;
    memcpy(server->id, from->id, sizeof(server->id));
    if (!tsearch(server, &openstack->by_id, compare_ids)) {
        free(server);
        return NULL;
    }
    server->vm = counts->started;
    server->batch = from->batch;
    server->started_ns = openstack->batch_started_ns;
    openstack->servers[counts->started++] = server;
    openstack->booting[counts->booting++] = server;
    openstack->arrived += from->batch == openstack->batches - 1;
    return server;
}

static void take(struct openstack *openstack, struct server *server, const struct nova_server *from)
{
    char why[2 * NOVA_TEXT_ROOM];

    snprintf(server->host, sizeof(server->host), "%s", from->host);
    switch (from->state) {
    case NOVA_BUILD:
        break;
    case NOVA_ACTIVE:
        if (server->active || server->state != SERVER_BOOTING)
            break;
        server->active = true;
        server->look_ns = clock_now_ns() + FIRST_LOOK_NS;
        server->look_pause_ns = FIRST_LOOK_NS;
        if (!openstack->setup->ready_line)
            openstack_ready(openstack, server);
        break;
    case NOVA_ERROR:
        snprintf(why, sizeof(why), "is in the state ERROR: %s",
                 from->fault[0] ? from->fault : "Nova does not say why");
        openstack_fail(openstack, server, why);
        break;
    case NOVA_DELETED:
        openstack_fail(openstack, server, "was deleted, and not by mvm");
        break;
    case NOVA_STOPPED:
        snprintf(why, sizeof(why), "is in the state %s", from->status);
        openstack_fail(openstack, server, why);
        break;
    }
}

void openstack_take_list(struct openstack *openstack, const struct nova_server *servers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct server **found = tfind(&servers[i], &openstack->by_id, compare_ids);
        struct server *server = found ? *found : NULL;

        /* One that came and went, or of nobody's batch, was not this population's. */
        if (!server && servers[i].state != NOVA_DELETED && servers[i].part == openstack->part &&
            servers[i].batch < openstack->batches)
            server = add(openstack, &servers[i]);
        if (server)
            take(openstack, server, &servers[i]);
    }
}
