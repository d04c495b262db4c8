/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The memory of our machine (memory.h) as memory slots of KVM. What is in no slot comes out as MMIO: video
 * RAM and the ROM are in one, the hole at C0000h and all beyond the memory are not. While A20 is off, each
 * odd MiB is another view of the even one below it.
 */
#ifndef MVM_VMM_KVM_MEMORY_H
#define MVM_VMM_KVM_MEMORY_H

#include "vmm/kvm.h"

/* A range of guest addresses, and where it lies in the machine's memory. Its slot has its index. */
struct kvm_place {
    uint32_t address, offset, bytes;
    bool rom; /* writes come out as MMIO */
};

enum { KVM_PLACES_MOST = 20 };

/* The places of a machine with `size` bytes of memory; returns how many. */
unsigned kvm_places(uint32_t size, bool a20, struct kvm_place ret_places[KVM_PLACES_MOST]);

/* Makes `size` bytes at `bytes` (page aligned) the VM's memory, in the place of what it had. `log`: note the
 * pages that the guest writes. -errno: what memory it has is not known then. */
int kvm_memory_set(struct kvm_vm *vm, uint8_t *bytes, uint32_t size, bool a20, bool log);

#endif
