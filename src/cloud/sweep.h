/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Removes from a cloud all that a run has made there, and nothing else: servers, image, flavor. */
#ifndef MVM_CLOUD_SWEEP_H
#define MVM_CLOUD_SWEEP_H

#include "cloud/cloud.h"

struct cloud_swept {
    uint64_t servers;
    unsigned images, flavors;
};

/* Returns when they are gone. Servers on a host that is away (nova_server.host_is_away) are given a quarter
 * of `patience_ns` in which it may come back. -EHOSTDOWN: it did not, all is deleted, and the VMs of some
 * servers run on there until Nova removes them; -ETIMEDOUT: servers are still there after `patience_ns`;
 * others of cloud_request(). What was removed is counted in either case. */
int cloud_sweep(struct cloud *cloud, struct http *http, const char *run, uint64_t patience_ns,
                struct cloud_swept *ret_swept, struct reason *reason);

#endif
