/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a number of VMs needs of a host: what an engine says of itself, and what ceilings are held against. */
#ifndef MVM_HOST_NEEDS_H
#define MVM_HOST_NEEDS_H

#include <stdbool.h>
#include <stdint.h>

/* An amount: once for the whole population, for each VM, for each group of VMs that share a process, and for
 * each VM that was started a moment ago. */
struct host_need {
    uint64_t once, each, group, young;
};

struct host_needs {
    uint64_t group_vms; /* VMs of one group; 0: there are no groups */
    uint64_t young_vms; /* VMs that are young at the same time, at most */

    struct host_need tasks; /* processes and threads, this program's own process among them */
    struct host_need
        own_files; /* descriptors of this program, also those that the start of a VM takes for a moment */
    struct host_need files;    /* open files of the whole host, kept open by mappings too */
    struct host_need own_maps; /* memory mappings of this program */
    struct host_need memory;   /* bytes, an estimate; all 0: not known */

    uint64_t group_files; /* descriptors of a process of a full group; 0 without groups */

    double memory_error;       /* how far the estimate may be off, in percent of it */
    const char *memory_source; /* where it comes from, as a sentence; NULL when memory is not known */
    const char *remark;        /* what cannot be known beforehand, as a sentence; NULL for nothing */

    const char
        *store_option; /* an option of the engine that bounds memory, such as "--store-limit"; NULL: none */
    uint64_t store_bytes; /* what it says */

    bool uses_kvm;  /* VMs are made by /dev/kvm */
    bool mergeable; /* VMs mark their memory as such (MADV_MERGEABLE), so that KSM can save some */
};

/* Of `vms` VMs. Saturates. */
uint64_t host_need_of(const struct host_needs *needs, const struct host_need *need, uint64_t vms);

/* The most VMs of which `need` is at most `room`; UINT64_MAX when more than any host has room for does,
 * 0 also when there is no room for what is needed once. */
uint64_t host_need_fits(const struct host_needs *needs, const struct host_need *need, uint64_t room);

#endif
