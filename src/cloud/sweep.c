/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/sweep.h"

#include "base/clock.h"
#include "base/reason.h"
#include "cloud/glance.h"
#include "cloud/nova.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_PAUSE_NS (500 * NS_PER_MILLISECOND)
#define PAUSE_MOST_NS  (4 * NS_PER_SECOND)
/* A server whose deletion Nova has lost, with the message to a host that went away, is deleted once more. */
#define AGAIN_NS (30 * NS_PER_SECOND)

/* Servers that were deleted while their host was away, and the name of one such host. */
struct struck {
    size_t servers;
    char host[NOVA_TEXT_ROOM];
};

/* Deletes those of the list, but for those whose host may still come back. */
static int delete_servers(struct cloud *cloud, struct http *http, const struct nova_server *servers,
                          size_t count, bool wait_for_hosts, struct struck *struck, struct reason *reason)
{
    int error = 0;

    for (size_t i = 0; !error && i < count; i++) {
        if (servers[i].host_is_away && wait_for_hosts)
            continue;
        error = nova_delete(cloud, http, servers[i].id, reason);
        if (!error && servers[i].host_is_away) {
            struck->servers++;
            snprintf(struck->host, sizeof(struck->host), "%s", servers[i].host);
        }
        /* It is in the middle of something else; later, then. */
        error = error == -EEXIST ? 0 : error;
    }
    return error;
}

static bool has_away(const struct nova_server *servers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (servers[i].host_is_away)
            return true;
    return false;
}

/* Deletes them until the list is empty. */
static int sweep_servers(struct cloud *cloud, struct http *http, const char *run, uint64_t patience_ns,
                         uint64_t *ret_servers, struct struck *struck, struct reason *reason)
{
    const uint64_t begin_ns = clock_now_ns(), end_ns = begin_ns + patience_ns;
    uint64_t pause_ns = FIRST_PAUSE_NS, asked_ns = 0;
    size_t most = 0;
    bool waited = false;

    for (;;) {
        struct nova_server *servers;
        size_t count;
        int64_t date;
        int error = nova_list(cloud, http, run, 0, &servers, &count, &date, reason);

        if (error)
            return error;
        most = count > most ? count : most;
        *ret_servers = most - count;
        uint64_t now = clock_now_ns();
        bool wait = has_away(servers, count) && now < begin_ns + patience_ns / 4;
        bool ask = now >= asked_ns + AGAIN_NS || asked_ns == 0 || (waited && !wait);

        if (ask)
            error = delete_servers(cloud, http, servers, count, wait, struck, reason);
        asked_ns = ask ? now : asked_ns;
        waited = wait;
        free(servers);
        if (error || count == 0)
            return error;
        if (clock_now_ns() >= end_ns)
            return reason_set(reason, ETIMEDOUT, "Nova has not removed %zu servers of the run %s in time",
                              count, run);
        clock_sleep_until(clock_now_ns() + pause_ns);
        pause_ns = pause_ns * 2 < PAUSE_MOST_NS ? pause_ns * 2 : PAUSE_MOST_NS;
    }
}

int cloud_sweep(struct cloud *cloud, struct http *http, const char *run, uint64_t patience_ns,
                struct cloud_swept *ret_swept, struct reason *reason)
{
    struct struck struck = {0};
    bool flavor = false;

    *ret_swept = (struct cloud_swept){0};
    int error = sweep_servers(cloud, http, run, patience_ns, &ret_swept->servers, &struck, reason);

    /* Patience was at its end once; it is not spent on each of the others. */
    if (error == -EAGAIN)
        return error;
    /* Servers need neither once they have begun, so what can be removed is. */
    int image_error = glance_delete(cloud, http, run, &ret_swept->images, error ? NULL : reason);

    error = error ? error : image_error;
    int flavor_error = nova_flavor_delete(cloud, http, run, &flavor, error ? NULL : reason);

    ret_swept->flavors = flavor;
    error = error ? error : flavor_error;
    if (!error && struck.servers > 0)
        error = reason_set(reason, EHOSTDOWN,
                           "%zu server%s of the run %s, deleted while Nova heard nothing of the host %s, may "
                           "run on there until its nova-compute is back and removes what Nova no longer has",
                           struck.servers, struck.servers == 1 ? "" : "s", run, struck.host);
    return error;
}
