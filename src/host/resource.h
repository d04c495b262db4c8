/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Resources in percent: two readings of the host and what 100 % means. The host's whole capacity, or a share
 * of it
 * (`struct host_share`), against what the empty host used.
 */
#ifndef MVM_HOST_RESOURCE_H
#define MVM_HOST_RESOURCE_H

#include "host/reading.h"

#include <stdbool.h>

/* The resources of the standardized test, in the order of tables and pictures. */
enum resource {
    RESOURCE_CPU,
    RESOURCE_MEMORY,
    RESOURCE_SWAP,
    RESOURCE_PRESSURE, /* time in which nothing ran because all waited for memory (PSI memory full) */
    RESOURCE_PIDS,
    RESOURCE_FILES,
    RESOURCE_MAPS,
    RESOURCE_DISK,    /* time with I/O under way of the busiest disk, or bytes and operations of a capacity */
    RESOURCE_NETWORK, /* the busier direction, of the capacity or of the busiest link's speed */
    RESOURCE_SOCKETS, /* sockets and TCP's memory, of what the kernel lets there be */
    RESOURCE_LATENCY, /* of answers to a load, of its limit: no reading has it; the study fills it in */
    RESOURCE_COUNT
};

/* The name in results and options: "cpu", "memory", ... */
const char *resource_name(enum resource resource);
extern const char *const resource_names[RESOURCE_COUNT];

/* Limits of the host and of this process that 100 % of a resource means. A limit that does not exist is 0. */
struct host_limits {
    unsigned cpus;
    uint64_t memory_total;
    uint64_t swap_total;
    uint64_t tasks;       /* the lower of kernel.pid_max and kernel.threads-max; in a PID namespace the latter
                             alone,       since no count of its tasks is to be had cheaply */
    uint64_t cgroup_pids; /* lowest pids.max from this process's cgroup up to the root; 0 for none */
    uint64_t cgroup_memory;    /* the lowest limit of memory on the way there; 0 for none */
    uint64_t files;            /* fs.file-max */
    uint64_t own_files;        /* RLIMIT_NOFILE, soft */
    uint64_t own_maps;         /* vm.max_map_count */
    uint64_t tcp_memory_pages; /* see struct host_bounds */
    uint64_t link_bits; /* per second, in each direction: of the links whose speed is known, together */
};

/* `root` as for sampler_open(). */
int host_limits_read(struct host_limits *ret_limits, const char *root, struct reason *reason);

/* True when this kernel counts thread stacks in VmallocUsed as well as in KernelStack: CONFIG_VMAP_STACK, as
 * told by /proc/config.gz or /boot/config-RELEASE; where neither can be read, VmallocUsed being large enough
 * to hold them. */
bool host_vmalloc_holds_stacks(const char *root);

/*
 * The share of the host that a run takes as its 100 %. Zeroes mean the whole host. It is a yardstick: what
 * the run takes beyond the empty host is divided by it.
 */
struct host_share {
    uint64_t memory_bytes;
    double cpus;     /* for example 1.5 */
    bool by_account; /* what is taken is what the own account tells (own_known), where there is one */
    /* What the host's network and disks can carry, as the user says. It is no share: all traffic counts. 0:
     * not said. */
    uint64_t network_bits;    /* per second, in each direction */
    uint64_t disk_bytes;      /* per second, read and written together */
    uint64_t disk_operations; /* per second */
};

/* What happened between two readings. Percentages are of the host or, where given, of the share. */
struct host_usage {
    double percent[RESOURCE_COUNT];
    bool known[RESOURCE_COUNT]; /* false: this host has no such resource (no swap, no PSI); percent is 0 then
                                 */
    /* CPU, all in percent of the whole host's CPU time. user + system + interrupt = busy. */
    double cpu_busy; /* all time but idle, waiting for I/O and steal; guests included once. See resource.c */
    double cpu_user; /* user + nice + guest */
    double cpu_system;
    double cpu_interrupt; /* irq + softirq */
    double cpu_steal;
    double cpu_ticks; /* busy as the timer tick saw it, which is what mpstat and top print */
    double
        memory_taken_bytes; /* host_memory_available() of the empty host less that of now; may be negative */
    /* Of this process, where VMs live in it (sampler_watch_own()); 0 otherwise. */
    double own_memory_bytes; /* beyond the empty host */
    double own_cpu;          /* percent of the whole host */
    bool own_known;
    /* Rates per second. */
    double disk_bytes, disk_operations, network_bytes, network_packets, swap_pages;
    double loopback_bytes, loopback_packets; /* each counted once, though it is sent and received */
    double disk_busy;                        /* percent of the time, of the busiest disk */
    double sockets;                          /* in use, at the reading `after` */
    double psi_cpu_some, psi_memory_some, psi_memory_full, psi_io_some, psi_io_full; /* percent of the time */
};

/* CPU that the empty host uses, and its memory, tasks and files then. */
struct host_baseline {
    struct host_reading reading; /* of the empty host */
    double cpu_busy;             /* percent of the whole host */
};

/*
 * Makes percentages from the readings `before` and `after`. Time shares are of the time between the two;
 * amounts (memory, swap, tasks, files) are those of `after`. Without a share they are of all that the host
 * holds and include what the empty host uses; with a share, of the share and beyond the empty host.
 */
void host_usage(const struct host_reading *before, const struct host_reading *after,
                const struct host_limits *limits, const struct host_baseline *baseline,
                const struct host_share *share, struct host_usage *ret_usage);

/*
 * Bytes that are free or can be had at once: MemAvailable, and the free pages in the CPUs' own lists, which
 * MemAvailable leaves out. These lists come and go by themselves: after many processes have ended they hold
 * some 10 MB a CPU, which the next processes then take from there (mm/page_alloc.c, free_unref_page(),
 * decay_pcp_high()).
 */
uint64_t host_memory_available(const struct host_memory *memory);

/* Where memory went between the empty host and `now`, in bytes; the kinds add up to `taken`. */
struct memory_accounting {
    double taken; /* host_memory_available() then less now */
    double anonymous, shared, page_tables, secondary_page_tables, kernel_stacks, per_cpu, vmalloc;
    double slab;        /* unreclaimable, and of the reclaimable what does not count as available */
    double file_cache;  /* what of it does not count as available: locked pages, and a part of the others */
    double unexplained; /* the remainder */
};

/* `vmalloc_holds_stacks`: thread stacks are in `vmalloc` too and are taken out (host_vmalloc_holds_stacks()).
 */
void memory_account(const struct host_memory *empty, const struct host_memory *now, bool vmalloc_holds_stacks,
                    struct memory_accounting *ret_accounting);

#endif
