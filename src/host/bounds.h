/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The numbers by which the kernel bounds tasks, files and mappings, and how much of each is in use: the one
 * source of the limits of results (host/resource.h) and of the ceilings that are told to users
 * (host/ceilings.h).
 *
 * Sources: Linux Documentation/admin-guide/sysctl/{kernel,fs,vm}.rst, getrlimit(2), proc(5); kernel/pid.c,
 * kernel/fork.c, fs/file_table.c.
 */
#ifndef MVM_HOST_BOUNDS_H
#define MVM_HOST_BOUNDS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Limits: 0 where this kernel does not tell; UINT64_MAX: unlimited. */
struct host_bounds {
    uint64_t pid_max, threads_max, file_max, nr_open, max_map_count;
    uint64_t tcp_memory_pages;       /* the third of net.ipv4.tcp_mem: beyond it TCP takes no more */
    uint64_t files_soft, files_hard; /* RLIMIT_NOFILE of this process */
    uint64_t user_tasks_limit;       /* RLIMIT_NPROC, soft */
    bool user_tasks_count;           /* that limit holds for this process: it does not for root or with
                                        CAP_SYS_RESOURCE or CAP_SYS_ADMIN */
    bool may_raise_files;            /* CAP_SYS_RESOURCE: the hard limit is no limit */
    bool pid_namespace;              /* not the host's first: its pid_max says nothing of the host's tasks */
    uint64_t uid;
};

/* Reads the limits; cheap. `root` as for sampler_open(). */
void host_bounds_read(struct host_bounds *ret_bounds, const char *root);

/* The descriptors that this process can come to have: see host_raise_file_limit(). 0: not known. */
uint64_t host_bounds_own_files(const struct host_bounds *bounds);

/* Descriptors that this process has now below number `limit`: those above, from before the limit was lowered,
 * take no place of it. */
uint64_t host_own_descriptors(const char *root, uint64_t limit);

/* How many tasks there are, this process not counted. */
struct host_tasks {
    uint64_t all;     /* of the kernel (threads-max) */
    uint64_t here;    /* in this PID namespace (pid_max, which each has of its own since Linux 6.14) */
    uint64_t of_user; /* of this process's user; only counted when bounds->user_tasks_count */
    /* Process numbers below 300 that are not given out again: the kernel's allocation wraps around to 300
     * (RESERVED_PIDS). */
    uint64_t numbers_lost;
};

/* Looks at every process where it must. */
void host_tasks_count(struct host_tasks *ret_tasks, const struct host_bounds *bounds, const char *root);

#endif
