/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs a machine that is in a KVM VM: its registers are in the vCPU (or in kvm_run.s.regs, marked dirty), its
 * memory is in slots. Port accesses go to the board, interrupts come from it, as cpu.h says.
 */
#ifndef MVM_VMM_KVM_RUN_H
#define MVM_VMM_KVM_RUN_H

#include "vmm/cpu.h"
#include "vmm/kvm.h"
#include "vmm/kvm_kick.h"

#include <stdatomic.h>

/* Of one thread; the counters may be read by any. */
struct kvm_runner {
    struct kvm_kick kick;
    struct cpu_counts *counts;
    /* Called whenever KVM_RUN came out: keeps room in the VM's dirty ring, as KVM looks for it only before it
     * enters the guest and not within an instruction that it emulates. `full`: KVM refuses to run. -errno.
     * NULL: no VM here has a ring. */
    int (*keep_room)(void *context, struct kvm_vm *vm, bool full);
    void *room_context;
    /* Executes one instruction that KVM does not: KVM_RUN failed with EFAULT, or could not emulate it. The
     * registers are in kvm_run.s.regs, to be put back there. -errno. */
    int (*step)(void *context, struct kvm_vm *vm, struct context *machine);
    void *step_context;
};

/*
 * Runs the guest until it halts, about `slice` instructions' time is over, or it leaves or stops, as
 * cpu_kind.run() does. context->state.cpu is read and written only in `halted`, and on entry `eflags` and
 * `shadow` do not matter: the vCPU's count. When it returns, kvm_run.s.regs has the registers, and no
 * instruction or delivery of an event is under way in the vCPU, unless `vm` is broken: see below.
 *
 * *ret_broken: the vCPU is in a state that is not to be relied on (a triple fault resets it, an internal
 * error leaves what it was at): the VM is stopped, and the KVM VM is to be destroyed.
 */
enum cpu_exit kvm_run_guest(struct kvm_runner *runner, struct kvm_vm *vm, struct context *context,
                            uint64_t slice, bool *ret_broken);

void kvm_runner_release(struct kvm_runner *runner);

#endif
