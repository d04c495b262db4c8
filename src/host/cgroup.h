/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The limits that control groups lay on this process, versions 1 and 2, each the tightest from the process's
 * own group up to the top of what is mounted. Sources: Linux Documentation/admin-guide/cgroup-v2.rst,
 * cgroup-v1/{memory,pids}.rst, Documentation/scheduler/sched-bwc.rst.
 */
#ifndef MVM_HOST_CGROUP_H
#define MVM_HOST_CGROUP_H

#include "host/procfile.h"

#include <stdbool.h>
#include <stdint.h>

struct cgroup_limits {
    uint64_t memory_bytes;              /* 0 for none */
    double cpus;                        /* CPU quota in CPUs; 0 for none */
    uint64_t pids;                      /* 0 for none */
    char pids_directory[PROCFILE_PATH]; /* of the group that sets `pids`, without the root before it; "" for
                                           none */
};

/* Where the group of this process is in a controller's hierarchy. */
struct cgroup_place {
    char directory[PROCFILE_PATH]; /* without the root before it */
    size_t mount_length;           /* how much of it is the mount point, above which no group is seen */
    int version;                   /* 1 or 2 */
};

/* Finds it by the controller's name ("memory", "cpuacct"); version 2 where no hierarchy of version 1 has
 * that. False: there is none, or it is not mounted. */
bool cgroup_find(const char *root, const char *controller, struct cgroup_place *ret_place);

enum cgroup_controller { CGROUP_PIDS, CGROUP_MEMORY, CGROUP_CPU };

/* A group that sets a limit. */
struct cgroup_level {
    char directory[PROCFILE_PATH]; /* without the root before it */
    const char *name;              /* the group's path below the mount point; "/" for the top */
    const char *limit_file;        /* in the directory: "pids.max" */
    int version;                   /* 1 or 2 */
    double limit;                  /* tasks, bytes or CPUs */
    double used; /* tasks or bytes, without page cache that goes when memory is wanted; 0 of CPUs */
};

/* Hands over every group with a limit on this controller, from the process's own up to the top of what is
 * mounted; what `take` is given is the caller's during the call. */
void cgroup_levels(const char *root, enum cgroup_controller controller,
                   void (*take)(void *context, const struct cgroup_level *level), void *context);

/* Reads them; what cannot be read counts as no limit. `root` as for sampler_open(). */
void cgroup_limits_read(struct cgroup_limits *ret_limits, const char *root);

#endif
