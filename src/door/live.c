/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "door/live.h"

#include "base/clock.h"
#include "door/server.h"
#include "host/procfile.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct live_host {
    struct sampler *sampler; /* NULL: the host does not tell */
    int status;              /* /proc/self/status; -1: neither does it */
    bool vmalloc_holds_stacks;
};

static struct live_host *open_host(void)
{
    struct live_host *host = calloc(1, sizeof(*host));

    if (!host)
        return NULL;
    if (sampler_open(&host->sampler, "", NULL) < 0)
        host->sampler = NULL;
    host->status = procfile_open("", "/proc/self/status");
    host->vmalloc_holds_stacks = host_vmalloc_holds_stacks("");
    return host;
}

void live_host_close(struct live_host *host)
{
    if (!host)
        return;
    sampler_close(host->sampler);
    if (host->status >= 0)
        close(host->status);
    free(host);
}

static bool take_own(void *context, const char *line)
{
    struct live_figures *figures = context;
    const struct {
        const char *name;
        uint64_t *bytes;
    } kinds[] = {{"RssAnon:", &figures->own_anonymous},
                 {"RssFile:", &figures->own_file},
                 {"RssShmem:", &figures->own_shared},
                 {"VmPTE:", &figures->own_page_tables},
                 {"VmSwap:", &figures->own_swap}};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const char *at = text_after(line, kinds[i].name);
        uint64_t kib;

        if (at && text_number(&at, &kib))
            *kinds[i].bytes = kib << 10;
    }
    return true;
}

static void look_at_host(struct door *door, struct live_figures *figures)
{
    char buffer[4096];
    struct timespec cpu;

    if (!door->live_host)
        door->live_host = open_host();
    struct live_host *host = door->live_host;

    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) == 0)
        figures->own_cpu_ns = (uint64_t)cpu.tv_sec * NS_PER_SECOND + (uint64_t)cpu.tv_nsec;
    if (host && host->status >= 0)
        procfile_each_line(host->status, buffer, sizeof(buffer), take_own, figures);
    figures->host_known = host && host->sampler && sampler_read(host->sampler, &figures->host, NULL) == 0;
    figures->taken_known = figures->host_known && door->setup.before;
    if (figures->taken_known)
        memory_account(&door->setup.before->memory, &figures->host.memory, host->vmalloc_holds_stacks,
                       &figures->taken);
}

static void look_at_vms(struct door *door, bool watch, struct live_figures *figures)
{
    const struct engine *engine = door->setup.engine;

    figures->counts = door->counts;
    if (door->population)
        engine->counts(door->population, &figures->counts);
    if (!figures->counts.last_failure)
        figures->counts.last_failure = "";
    figures->numbers = figures->counts.numbers ? figures->counts.numbers : figures->counts.started;
    figures->vms.heat.vms_each = 1;
    if (!door->population)
        return;
    if (engine->live) {
        figures->events = LIVE_WAKES;
        engine->live(door->population, watch, &figures->vms);
    } else if (door->asked) {
        figures->events = LIVE_ASKS;
        heat_add(&figures->vms.heat, door->asked, figures->numbers);
        busiest_add(&figures->vms.busiest, door->asked, figures->at_ns);
    }
}

void door_look_live(struct door *door, bool watch, struct live_figures *ret_figures)
{
    memset(ret_figures, 0, sizeof(*ret_figures));
    ret_figures->at_ns = clock_now_ns();
    ret_figures->unix_seconds = clock_unix_seconds();
    look_at_vms(door, watch, ret_figures);
    look_at_host(door, ret_figures);
    tally_add(&ret_figures->asks, &door->tally);
    ret_figures->has_doors = door->gate;
    if (door->gate)
        gate_tally(door->gate, &ret_figures->asks, &ret_figures->connections, &ret_figures->tcp_connections);
}

void door_live(struct door *door, struct peer *peer, json_t *arguments)
{
    json_t *cells = json_object_get(arguments, "cells");
    json_int_t most = cells ? json_integer_value(cells) : ACTIVITY_CELLS;

    if ((cells && !json_is_integer(cells)) || most < 0 || most > ACTIVITY_CELLS) {
        peer_refuse(peer, true, "\"cells\" is from 0 to %d", ACTIVITY_CELLS);
        return;
    }
    struct live_figures *figures = malloc(sizeof(*figures));
    json_t *answer = NULL;

    if (figures) {
        door_look_live(door, most > 0, figures);
        answer = live_json(figures, (size_t)most);
    }
    free(figures);
    if (!answer) {
        peer_refuse(peer, false, "no memory for the figures");
        return;
    }
    json_object_set_new(answer, "ok", json_true());
    door_add_run(door, answer);
    peer_say(peer, answer);
}
