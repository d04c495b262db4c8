/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One instruction of a machine in a KVM VM that KVM does not execute, by the emulated CPU. */
#ifndef MVM_VMM_KVM_STEP_H
#define MVM_VMM_KVM_STEP_H

#include "vmm/cpu.h"
#include "vmm/kvm.h"

/*
 * KVM has an emulator of its own for what the hardware cannot do, which does not know all instructions: for
 * all of real mode on Intel without unrestricted guest and on KVM without hardware, else for accesses to what
 * is mapped read-only, or is not there.
 *
 * The registers are taken from kvm_run.s.regs and put back, marked dirty; what is written is marked in the
 * context's memory. *emulated: NULL at first, made when it is needed, the caller's to destroy. -errno.
 */
int kvm_step(struct cpu **emulated, struct kvm_vm *vm, struct context *context);

#endif
