/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One reading of the whole host at one moment: counters as the kernel keeps them, no rates and no shares.
 * Rates and shares are made from two readings (host/resource.h).
 *
 * Sources: Linux Documentation/filesystems/proc.rst, Documentation/accounting/psi.rst,
 * Documentation/admin-guide/iostats.rst; mm/show_mem.c, si_mem_available().
 */
#ifndef MVM_HOST_READING_H
#define MVM_HOST_READING_H

#include <stdbool.h>
#include <stdint.h>

struct reason;

enum { HOST_DISKS = 32, HOST_LINKS = 16 };

/* CPU time of all CPUs since boot, in USER_HZ ticks, from the first line of /proc/stat. `user` and `nice`
 * have the guest time taken out, which the kernel counts in both; `guest` holds it (guest + guest_nice). On
 * most kernels idle, iowait and steal are measured and the others sampled by the timer tick, so that the sum
 * is not the time that went by. */
struct host_cpu {
    uint64_t user, nice, system, irq, softirq, guest, steal, idle, iowait;
};

/* Memory in bytes, from /proc/meminfo. A line that this kernel does not have is 0. */
struct host_memory {
    uint64_t total, available, free;
    uint64_t anonymous;             /* AnonPages */
    uint64_t shared;                /* Shmem */
    uint64_t page_tables;           /* PageTables */
    uint64_t secondary_page_tables; /* SecPageTables: of KVM and IOMMUs */
    uint64_t kernel_stacks;         /* KernelStack */
    uint64_t slab_unreclaimable;    /* SUnreclaim */
    uint64_t slab_reclaimable;      /* SReclaimable */
    uint64_t per_cpu;               /* Percpu */
    uint64_t vmalloc;    /* VmallocUsed; holds the kernel stacks too where CONFIG_VMAP_STACK is set */
    uint64_t file_cache; /* Cached + Buffers - Shmem */
    /* What MemAvailable is made of beside the free pages: reclaimable pages count but for half of them or the
     * low watermark, whichever is less; pages on a CPU's own free lists do not count. */
    uint64_t file_lists;    /* Active(file) + Inactive(file) */
    uint64_t reclaimable;   /* KReclaimable, or SReclaimable before Linux 4.20 */
    uint64_t watermark_low; /* sum of the zones' "low" in /proc/zoneinfo */
    uint64_t free_lists;    /* sum of the CPUs' "count:" in /proc/zoneinfo */
    uint64_t swap_total, swap_free;
};

/* Time lost to waiting, in microseconds since boot ("total=" of /proc/pressure). */
struct host_pressure {
    bool known; /* false, and all 0, where the kernel has no PSI or has it switched off */
    uint64_t cpu_some, memory_some, memory_full, io_some, io_full;
};

/* Sums over whole disks (/proc/diskstats; no partitions, loop, ram, or device-mapper on top of them) that
 * were there when the sampler was opened. */
struct host_disk {
    uint64_t reads, writes, read_bytes, written_bytes;
    uint64_t busy_ms[HOST_DISKS]; /* milliseconds with I/O under way, of the first disks of /proc/diskstats, a
                                     disk each */
    unsigned disks;               /* entries of busy_ms in use */
};

/* Sums over all interfaces but lo (/proc/net/dev); loopback apart. */
struct host_network {
    uint64_t received_bytes, sent_bytes, received_packets, sent_packets;
    uint64_t loopback_bytes, loopback_packets;
    /* Of them, the links whose speed is known: see links.c. */
    struct host_link {
        uint64_t received_bytes, sent_bytes;
        uint64_t bits_per_second; /* in each direction, when the sampler was opened */
    } links[HOST_LINKS];
    unsigned link_count;
};

/* Sockets of this network namespace (/proc/net/sockstat). */
struct host_sockets {
    bool known;
    uint64_t used;             /* of all kinds, Unix sockets too */
    uint64_t tcp_memory_pages; /* of the buffers of TCP over IPv4 and IPv6 */
    uint64_t tcp_time_wait;    /* closed connections that the kernel still remembers: no sockets any more */
};

struct host_reading {
    uint64_t at_ns;      /* CLOCK_MONOTONIC, taken right before the CPU times */
    double unix_seconds; /* CLOCK_REALTIME of the same moment */
    unsigned cpus;       /* CPUs online */
    struct host_cpu cpu;
    struct host_memory memory;
    struct host_pressure pressure;
    struct host_disk disk;
    struct host_network network;
    struct host_sockets sockets;
    uint64_t swapped_in_pages, swapped_out_pages; /* pswpin, pswpout of /proc/vmstat */
    uint64_t oom_kills;                           /* oom_kill of /proc/vmstat */
    uint64_t tasks;                               /* threads that exist (/proc/loadavg) */
    uint64_t files_open;                          /* first number of /proc/sys/fs/file-nr */
    uint64_t own_files;                           /* file descriptors of this process */
    /* The next three are 0 when not asked for (sampler_watch_own()). */
    uint64_t own_maps; /* memory mappings of this process */
    uint64_t
        own_memory; /* bytes that nobody shares with it: RssAnon, RssShmem and VmPTE of /proc/self/status */
    uint64_t own_cpu_ns;  /* CPU time of all its threads */
    uint64_t cgroup_pids; /* pids.current of the cgroup that sets host_limits.cgroup_pids; 0 without such a
                             limit */
};

/* Holds the files of /proc open, so that a reading is a few pread() calls. */
struct sampler;

/*
 * Opens a sampler. `root` is put before every path ("" for the real host; a directory with canned files in
 * tests). What this kernel lacks (PSI, disks) reads as 0; a missing /proc/stat or /proc/meminfo is an error
 * with its reason.
 */
int sampler_open(struct sampler **ret_sampler, const char *root, struct reason *reason);

/* Takes a reading. On failure `ret_reading` is untouched. */
int sampler_read(struct sampler *sampler, struct host_reading *ret_reading, struct reason *reason);

/* For VMs that live in this process: own_maps, own_memory and own_cpu_ns are read too, which walks all
 * mappings; off at first. */
void sampler_watch_own(struct sampler *sampler, bool watch);

/* For VMs that live in processes of their own: own_memory and own_cpu_ns are those of this group, which
 * outlives the sampler. */
struct host_account;
void sampler_watch_account(struct sampler *sampler, const struct host_account *account);

/* Asks the kernel to fold its per-CPU counters (/proc/sys/vm/stat_refresh), so that the next reading of
 * memory is exact instead of some hundred pages stale. Needs root; silently does nothing otherwise. */
void sampler_refresh(struct sampler *sampler);

/* NULL is fine. */
void sampler_close(struct sampler *sampler);

#endif
