/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The CPU of class T on KVM: a few KVM VMs, "shells", into which machines are laid one after the other. A
 * shell's memory is that of one context, so that a machine is laid into it by laying it into the context.
 */
#ifndef MVM_VMM_CPU_KVM_H
#define MVM_VMM_CPU_KVM_H

#include "vmm/cpu.h"
#include "vmm/cpu_kvm_dirty.h"

/* For measuring what the ways that are in use are good for; cpu_kvm.create() uses those. */
struct cpu_kvm_ways {
    enum kvm_dirty_way dirty;
    bool set_all; /* registers by an ioctl for each kind, both ways, at every run */
};

int cpu_kvm_create(const struct cpu_kvm_ways *ways, struct cpu **ret_cpu, struct reason *reason);

#endif
