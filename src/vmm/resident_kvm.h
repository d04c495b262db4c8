/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Class A: each VM is a KVM VM of its own with a vCPU, its registers in the vCPU, its memory a copy-on-write
 * view of the machine at reset. While it sleeps no thread is in it. docs/class-a.md tells what it is made of.
 *
 * One context serves them all: it is pointed at the VM whose turn it is. Only a VM's devices are kept here in
 * packed form, by the caller.
 */
#ifndef MVM_VMM_RESIDENT_KVM_H
#define MVM_VMM_RESIDENT_KVM_H

#include "vmm/cpu.h"
#include "vmm/machine.h"

/* What may be left out to see what it is good for. */
enum resident_kvm_trick {
    RESIDENT_SHARES_DEBUGFS = 1 << 0, /* one debugfs directory a process */
    RESIDENT_DRAINS = 1 << 1,         /* kvm_drain.h */
    RESIDENT_COPIES_ON_WRITE = 1 << 2,
    RESIDENT_ONE_SLOT = 1 << 3,  /* one memory slot instead of one each for RAM and ROM */
    RESIDENT_KEEPS_RUN = 1 << 4, /* kvm_run stays mapped while the VM sleeps */
    RESIDENT_TRICKS = (1 << 5) - 1,
};

struct resident_kvm;

/* `base`: the machine at reset, shared (machine_bases_share()). `template`: what the context has beside the
 * machine. Opens /dev/kvm. */
int resident_kvm_create(const struct machine_base *base, const struct context *template, unsigned tricks,
                        struct resident_kvm **ret_resident, struct reason *reason);
void resident_kvm_free(struct resident_kvm *resident);

/* Makes the next VM, at reset; *ret_context is the context, in which it is. -errno with a sentence. */
int resident_kvm_add(struct resident_kvm *resident, struct context **ret_context, struct reason *reason);

/* The context, pointed at VM `number`, whose devices and registers the caller unpacks into it. Valid until
 * the next call. */
struct context *resident_kvm_context(struct resident_kvm *resident, uint32_t number);

/* Runs the VM that is in the context: cpu_kind.run(). */
enum cpu_exit resident_kvm_run(struct resident_kvm *resident, uint64_t slice);
const struct cpu_counts *resident_kvm_counts(const struct resident_kvm *resident);

/* The two as a CPU, whose struct cpu is the struct resident_kvm; it runs the VM that is in the context. */
extern const struct cpu_kind cpu_kvm_resident;

/* The VM's turn is over. */
void resident_kvm_leave(struct resident_kvm *resident);

/* The machine of the VM in the context at reset again; the board is to be reset by the caller. */
void resident_kvm_reset(struct resident_kvm *resident);

/* Takes VM `number`, which has stopped, away. */
void resident_kvm_drop(struct resident_kvm *resident, uint32_t number);

/* No VM will be made for a while: gives back what only making them needs. */
void resident_kvm_rest(struct resident_kvm *resident);

#endif
