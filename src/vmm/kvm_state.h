/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The registers of our machine in a vCPU, by way of kvm_run.s.regs (KVM_CAP_SYNC_REGS). */
#ifndef MVM_VMM_KVM_STATE_H
#define MVM_VMM_KVM_STATE_H

#include "vmm/cpu.h"
#include "vmm/kvm.h"

/* Puts all registers into kvm_run.s.regs, for the next KVM_RUN to take, and takes back every event that the
 * vCPU had under way. `system`: segments, tables and control registers too; the vCPU has them when false. */
void kvm_state_put(struct kvm_vm *vm, const struct cpu_state *cpu, bool system);

/* The other way: all but `halted` and the debug registers. */
void kvm_state_get(const struct kvm_vm *vm, struct cpu_state *cpu);

/* The vCPU has taken what was put, and what it has beyond cpu_state is as kvm_state_put() would put it. */
bool kvm_state_is_whole(const struct kvm_vm *vm);

/* Segments, tables and control registers are the same. */
bool kvm_state_same_system(const struct cpu_state *a, const struct cpu_state *b);

/* Debug registers: an ioctl each. -errno. */
int kvm_state_put_debug(struct kvm_vm *vm, const struct cpu_state *cpu);
int kvm_state_get_debug(struct kvm_vm *vm, struct cpu_state *cpu);

/* Stops the VM when it is in a mode that our machine does not have: paging, rings, virtual-8086. */
void kvm_state_judge(struct context *context);

/*
 * The registers of coprocessor, MMX and SSE, MXCSR among them, in a form that is the same byte for byte when
 * the registers are the same, whether they were used in between or not. It takes one ioctl, and 4 KiB.
 * -errno.
 */
int kvm_state_get_coprocessor(struct kvm_vm *vm, struct kvm_xsave *ret_registers);

/*
 * Our machine has none of them. A VM that changed them computes with them: it is stopped, and they are as new
 * for the vCPU's next. `fresh`: what kvm_state_get_coprocessor() says of a vCPU that has run nothing; any
 * will do for all. -errno.
 */
int kvm_state_judge_coprocessor(struct kvm_vm *vm, const struct kvm_xsave *fresh, struct context *context);

#endif
