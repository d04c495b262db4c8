/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The compute hosts of a cloud, from Nova's hypervisors, and what of each its scheduler has given away and
 * may give, from Placement: inventories, less what is reserved, times the allocation ratio. Most clouds show
 * both to administrators only.
 */
#ifndef MVM_CLOUD_HOSTS_H
#define MVM_CLOUD_HOSTS_H

#include "cloud/cloud.h"

enum { CLOUD_HOST_ID_ROOM = 65, CLOUD_HOST_NAME_ROOM = 200, CLOUD_HOSTS_MOST = 1000 };

enum cloud_resource { CLOUD_VCPUS, CLOUD_MEMORY_MIB, CLOUD_DISK_GIB, CLOUD_RESOURCES };

struct cloud_host {
    char id[CLOUD_HOST_ID_ROOM];                             /* of its resource provider */
    char name[CLOUD_HOST_NAME_ROOM];                         /* of its nova-compute, as servers have it */
    double used[CLOUD_RESOURCES], capacity[CLOUD_RESOURCES]; /* capacity NAN: it has none of its own */
};

/*
 * All of them, at most CLOUD_HOSTS_MOST, malloc'd. -EPERM or -EACCES: the user may not see them; -ENOENT: the
 * cloud has no Placement in its catalogue; else as cloud_request(). Two requests a host.
 */
int cloud_hosts(struct cloud *cloud, struct http *http, struct cloud_host **ret_hosts, size_t *ret_count,
                struct reason *reason);

#endif
