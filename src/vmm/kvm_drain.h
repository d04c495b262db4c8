/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Takes from a fresh vCPU the page-table pages that it would keep for ever.
 *
 * Before a vCPU runs, KVM fills a cache of 40 pages, and of as many headers, for page tables to come
 * (mmu_topup_memory_caches() in arch/x86/kvm/mmu/mmu.c, KVM_ARCH_NR_OBJS_PER_MEMORY_CACHE), and fills it
 * again only when it is asked for a page and fewer than 5 are left (PT64_ROOT_MAX_LEVEL). A guest that stays
 * within 2 MiB takes 4 of them, or 5. Here the vCPU first touches memory in steps of 2 MiB, each of which
 * takes a page out of the cache; then that memory is deleted, which gives the host all page tables of the VM.
 * What stays is so many that the guest's own tables come out of them and 5 are left.
 *
 * Where KVM does otherwise nothing is lost: pages that were not taken stay, and a cache that ran low is
 * filled.
 */
#ifndef MVM_VMM_KVM_DRAIN_H
#define MVM_VMM_KVM_DRAIN_H

#include "vmm/kvm.h"

/* The memory that vCPUs touch: of a process, in use only while VMs are made. */
struct kvm_drain {
    uint8_t *bytes; /* NULL: not mapped now */
    unsigned steps; /* 0: not known yet */
    bool runs;      /* the guest has to touch it: this kernel has no KVM_PRE_FAULT_MEMORY */
};

/* Runs the vCPU of `vm`, which has no memory yet and kvm_run mapped. Its registers are others afterwards.
 * -errno: the VM is not to be relied on. */
int kvm_drain_cache(struct kvm_drain *drain, const struct kvm_host *host, struct kvm_vm *vm);

/* Gives the memory back; it comes again when it is needed. */
void kvm_drain_rest(struct kvm_drain *drain);

#endif
