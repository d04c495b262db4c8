/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/kvm_step.h"

#include "vmm/kvm_state.h"

int kvm_step(struct cpu **emulated, struct kvm_vm *vm, struct context *context)
{
    struct cpu_state *state = &context->state.cpu;
    int error = *emulated ? 0 : cpu_x86emu.create(emulated, NULL);

    if (!error)
        error = kvm_state_get_debug(vm, state);
    if (error)
        return error;
    kvm_state_get(vm, state);
    cpu_x86emu.run(*emulated, context, 1);
    kvm_state_put(vm, state, true);
    return kvm_state_put_debug(vm, state);
}
