/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What bounds the number of VMs on this host: each limit with what is in use of it, what VMs need of it, and
 * how many it therefore holds. The list is made for one engine's needs (host/needs.h).
 */
#ifndef MVM_HOST_CEILINGS_H
#define MVM_HOST_CEILINGS_H

#include "host/needs.h"
#include "host/resource.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reason;

enum { CEILINGS_MOST = 64 };

struct host_ceiling {
    char name[160];         /* "kernel.pid_max", "pids.max of /a/b" */
    enum resource resource; /* what runs out: `.stopped_by` of a result that meets it */
    const char *meaning;    /* a sentence */
    uint64_t limit, used;   /* tasks, files, mappings or bytes; `used` without this program's VMs */
    struct host_need need;
    uint64_t holds; /* VMs; UINT64_MAX: more than any host */
    /* The file that sets the limit, without the root before it; "" when there is none that could be written.
     */
    char path[4200];
    uint64_t most; /* the kernel takes no more than this; 0: it cannot be set */
    uint64_t more; /* what has to be set beyond the amount that is to be had */
    char
        command[4400]; /* that lifts it so that the wanted VMs fit; "" when nothing does, or nothing has to */
    const char *remedy; /* where no command does it: a sentence; NULL */
};

struct host_ceilings {
    const struct host_needs *needs; /* the caller's */
    uint64_t vms;                   /* that are wanted; 0: no number was said */
    struct host_ceiling list[CEILINGS_MOST];
    size_t count;
    size_t first; /* index of the one that gives out first; `count` when there is none */
};

/*
 * Reads the limits and holds `needs` against them. `memory_limit_bytes`: a share of memory, as of `mvm scale
 * --memory-limit`; 0 for none. `root` as for sampler_open(). The list is malloc'd; the caller frees it.
 * -errno with a sentence.
 */
int host_ceilings_read(struct host_ceilings **ret_ceilings, const struct host_needs *needs, uint64_t vms,
                       uint64_t memory_limit_bytes, const char *root, struct reason *reason);

/* What a ceiling's limit has to be set to so that `vms` VMs fit and a quarter more, which is more
 * than the threshold of the standardized test; 0 when it holds them now, or nothing sets it. Never more than
 * `most`. */
uint64_t host_ceiling_wanted(const struct host_ceilings *ceilings, const struct host_ceiling *ceiling,
                             uint64_t vms);

#endif
