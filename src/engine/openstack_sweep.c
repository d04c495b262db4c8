/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/openstack_sweep.h"

#include "cloud/sweep.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int openstack_login(const struct openstack_options *options, struct cloud **ret_cloud, struct reason *reason)
{
    struct cloud_credentials credentials = {0};
    int error = cloud_credentials_read(options->cloud, &credentials, reason);

    return error ? error : cloud_open(&credentials, options->patience_ns, ret_cloud, reason);
}

/* -EBUSY: a server's maker lives on this host. Those of other hosts are for the user to know. */
static int check_dead(struct cloud *cloud, struct http *http, const char *run, struct reason *reason)
{
    struct nova_server *servers;
    size_t count;
    int64_t date;
    int error = nova_list(cloud, http, run, 0, &servers, &count, &date, reason);

    if (error)
        return error;
    for (size_t i = 0; !error && i < count; i++) {
        struct process_mark maker;

        if (process_mark_read(servers[i].process, &maker) && process_mark_lives(&maker, NULL))
            error = reason_set(reason, EBUSY, "the run %s lives, as process %ld of this host; end that", run,
                               maker.pid);
    }
    free(servers);
    return error;
}

int openstack_sweep(const void *options, const char *run_name, char *ret_words, size_t room,
                    struct reason *reason)
{
    uint64_t patience_ns =
        OPENSTACK_SWEEP_PATIENCES * ((const struct openstack_options *)options)->patience_ns;
    struct cloud_swept swept = {0};
    struct cloud *cloud = NULL;
    struct http *http = NULL;
    int error = openstack_login(options, &cloud, reason);

    if (!error)
        error = cloud_client(cloud, &http, reason);
    if (!error)
        error = check_dead(cloud, http, run_name, reason);
    if (!error)
        error = cloud_sweep(cloud, http, run_name, patience_ns, &swept, reason);
    http_close(http);
    cloud_close(cloud);
    if (swept.servers > 0 || swept.images > 0 || swept.flavors > 0)
        snprintf(ret_words, room, "%llu server%s, %u image%s and %u flavor%s",
                 (unsigned long long)swept.servers, swept.servers == 1 ? "" : "s", swept.images,
                 swept.images == 1 ? "" : "s", swept.flavors, swept.flavors == 1 ? "" : "s");
    else
        snprintf(ret_words, room, "%s", "");
    return error;
}
