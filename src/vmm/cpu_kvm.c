/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/cpu_kvm.h"

#include "base/counter.h"
#include "base/reason.h"
#include "vmm/kvm_run.h"
#include "vmm/kvm_state.h"
#include "vmm/kvm_step.h"
#include "vmm/machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SHELLS_MOST = MACHINE_BASES_MOST };

struct shell {
    struct kvm_vm vm;
    struct kvm_dirty dirty;
    const uint8_t *bytes; /* the context's memory; NULL: none yet */
    uint32_t size;
    bool a20;
    uint64_t used; /* when, in runs of this CPU */
    /* The vCPU's registers as they were when it came out last. */
    bool known;
    struct cpu_state last;
    bool debug_known;
};

struct cpu {
    struct kvm_host host;
    struct cpu_kvm_ways ways;
    struct kvm_runner runner;
    struct shell shells[SHELLS_MOST];
    unsigned count;
    uint64_t runs;
    struct cpu *emulated;   /* NULL: was never needed */
    struct kvm_xsave fresh; /* see kvm_state_judge_coprocessor() */
    struct cpu_counts counts;
};

static int keep_room(void *context, struct kvm_vm *vm, bool full)
{
    struct shell *shell = (struct shell *)((char *)vm - offsetof(struct shell, vm));

    (void)context;
    return kvm_dirty_keep_room(&shell->dirty, vm, full);
}

static int step(void *context_of_step, struct kvm_vm *vm, struct context *context)
{
    struct cpu *cpu = context_of_step;

    return kvm_step(&cpu->emulated, vm, context);
}

static void close_shell(struct cpu *cpu, struct shell *shell)
{
    counter_add(&cpu->counts.ioctls, kvm_vm_take_ioctls(&shell->vm));
    kvm_dirty_close(&shell->dirty);
    kvm_vm_destroy(&cpu->host, &shell->vm);
}

static int open_shell(struct cpu *cpu, struct shell *shell, struct reason *reason)
{
    bool ring = cpu->ways.dirty == KVM_DIRTY_RING;
    int error;

    memset(shell, 0, sizeof(*shell));
    error = kvm_vm_create(&cpu->host, ring ? DIRTY_RING_BYTES : 0, &shell->vm, reason);
    if (error) {
        shell->vm = (struct kvm_vm){.fd = -1, .cpu = -1};
        return error;
    }
    error = kvm_vm_map(&cpu->host, &shell->vm);
    if (!error)
        error = kvm_dirty_open(&shell->dirty, &shell->vm, cpu->ways.dirty);
    if (error) {
        close_shell(cpu, shell);
        return reason_errno(reason, -error, "cannot map a vCPU of KVM");
    }
    counter_add(&cpu->counts.shells_made, 1);
    return 0;
}

static int set_memory(struct cpu *cpu, struct shell *shell, const struct memory *memory)
{
    bool a20 = memory->a20_mask == UINT32_MAX;
    int error = 0;

    (void)cpu;
    if (shell->dirty.ring) {
        error = kvm_dirty_make_room(&shell->dirty, &shell->vm);
        kvm_dirty_forget(&shell->dirty);
    }
    if (!error)
        error = kvm_memory_set(&shell->vm, memory->bytes, memory->size, a20,
                               shell->dirty.way != KVM_DIRTY_COMPARE);
    if (error)
        return error;
    kvm_dirty_places(&shell->dirty, memory->size, a20);
    shell->bytes = memory->bytes;
    shell->size = memory->size;
    shell->a20 = a20;
    return 0;
}

/* The shell of this memory, a new one, or the one that was not used for longest. */
static struct shell *choose(struct cpu *cpu, const struct memory *memory)
{
    struct shell *oldest = NULL;

    for (unsigned i = 0; i < cpu->count; i++) {
        struct shell *shell = &cpu->shells[i];

        if ((shell->bytes == memory->bytes && shell->size == memory->size) || !shell->bytes)
            return shell;
        if (!oldest || shell->used < oldest->used)
            oldest = shell;
    }
    if (cpu->count < SHELLS_MOST && open_shell(cpu, &cpu->shells[cpu->count], NULL) == 0) {
        atomic_store_explicit(&cpu->counts.shells, cpu->count + 1, memory_order_relaxed);
        return &cpu->shells[cpu->count++];
    }
    return oldest;
}

/* Makes another KVM VM in the place of one that is not to be relied on. When there is none to be had, the
 * place stays empty and the next run tries again. */
static int renew(struct cpu *cpu, struct shell *shell)
{
    if (shell->vm.cpu >= 0)
        close_shell(cpu, shell);
    return open_shell(cpu, shell, NULL);
}

static bool same_debug(const struct cpu_state *a, const struct cpu_state *b)
{
    return memcmp(a->dr, b->dr, sizeof(a->dr)) == 0;
}

/* What KVM_CAP_SYNC_REGS saves, for measuring it. */
static int set_each(struct kvm_vm *vm)
{
    struct kvm_sync_regs *regs = &vm->run->s.regs;
    int error = kvm_cpu_ioctl(vm, KVM_SET_REGS, &regs->regs);

    if (!error)
        error = kvm_cpu_ioctl(vm, KVM_SET_SREGS, &regs->sregs);
    if (!error)
        error = kvm_cpu_ioctl(vm, KVM_SET_VCPU_EVENTS, &regs->events);
    vm->run->kvm_dirty_regs = 0;
    return error;
}

static int get_each(struct kvm_vm *vm)
{
    struct kvm_sync_regs *regs = &vm->run->s.regs;
    int error = kvm_cpu_ioctl(vm, KVM_GET_REGS, &regs->regs);

    if (!error)
        error = kvm_cpu_ioctl(vm, KVM_GET_SREGS, &regs->sregs);
    if (!error)
        error = kvm_cpu_ioctl(vm, KVM_GET_VCPU_EVENTS, &regs->events);
    return error;
}

/* Puts the machine's registers into the shell's vCPU. */
static int enter_shell(struct cpu *cpu, struct shell *shell, const struct context *context)
{
    const struct cpu_state *state = &context->state.cpu;
    bool system = cpu->ways.set_all || !shell->known || !kvm_state_same_system(&shell->last, state);
    int error = 0;

    if (shell->bytes != context->memory.bytes || shell->size != context->memory.size ||
        shell->a20 != (context->memory.a20_mask == UINT32_MAX))
        error = set_memory(cpu, shell, &context->memory);
    if (!error && (cpu->ways.set_all || !shell->debug_known || !same_debug(&shell->last, state)))
        error = kvm_state_put_debug(&shell->vm, state);
    if (error)
        return error;
    kvm_state_put(&shell->vm, state, system);
    return cpu->ways.set_all ? set_each(&shell->vm) : 0;
}

/* Takes the registers out, and all else that the guest may have changed. */
static int leave_shell(struct cpu *cpu, struct shell *shell, struct context *context)
{
    struct cpu_state *state = &context->state.cpu;
    int error;

    shell->known = false;
    shell->debug_known = false;
    error = kvm_dirty_mark(&shell->dirty, &shell->vm, &context->memory);
    if (!error && cpu->ways.set_all)
        error = get_each(&shell->vm);
    if (!error)
        error = kvm_state_get_debug(&shell->vm, state);
    if (error)
        return error;
    kvm_state_get(&shell->vm, state);
    shell->last = *state;
    shell->debug_known = true;
    shell->known = kvm_state_is_whole(&shell->vm);
    kvm_state_judge(context);
    return kvm_state_judge_coprocessor(&shell->vm, &cpu->fresh, context);
}

static enum cpu_exit give_up(struct cpu *cpu, struct shell *shell, struct context *context, int error)
{
    context_stop(context, VM_STOP_HOST, HOST_ERRNO | (uint32_t)-error);
    (void)renew(cpu, shell);
    return CPU_STOPPED;
}

static enum cpu_exit run(struct cpu *cpu, struct context *context, uint64_t slice)
{
    bool broken = false;
    enum cpu_exit exit;
    int error = 0;

    if (context->state.stop)
        return CPU_STOPPED;
    if (context->state.cpu.halted && !cpu_can_be_interrupted(context))
        return CPU_HALTED;
    struct shell *shell = choose(cpu, &context->memory);

    if (shell->vm.cpu < 0)
        error = renew(cpu, shell);
    shell->used = ++cpu->runs;
    if (!error)
        error = enter_shell(cpu, shell, context);
    if (error)
        return give_up(cpu, shell, context, error);
    exit = kvm_run_guest(&cpu->runner, &shell->vm, context, slice, &broken);
    /* What a broken VM wrote is taken off with it. */
    error = broken ? kvm_dirty_mark(&shell->dirty, &shell->vm, &context->memory)
                   : leave_shell(cpu, shell, context);
    counter_add(&cpu->counts.runs, 1);
    counter_add(&cpu->counts.ioctls, kvm_vm_take_ioctls(&shell->vm));
    atomic_store_explicit(&cpu->counts.timers, cpu->runner.kick.settings, memory_order_relaxed);
    if (error)
        return give_up(cpu, shell, context, error);
    if (broken)
        (void)renew(cpu, shell);
    return context->state.stop ? CPU_STOPPED : exit;
}

static void destroy(struct cpu *cpu)
{
    if (!cpu)
        return;
    kvm_runner_release(&cpu->runner);
    for (unsigned i = 0; i < cpu->count; i++)
        if (cpu->shells[i].vm.cpu >= 0)
            close_shell(cpu, &cpu->shells[i]);
    cpu_x86emu.destroy(cpu->emulated);
    kvm_host_close(&cpu->host);
    free(cpu);
}

int cpu_kvm_create(const struct cpu_kvm_ways *ways, struct cpu **ret_cpu, struct reason *reason)
{
    struct cpu *cpu = calloc(1, sizeof(*cpu));
    int error;

    if (!cpu)
        return reason_set(reason, ENOMEM, "no memory for a CPU");
    cpu->ways = *ways;
    cpu->host.fd = -1;
    cpu->runner = (struct kvm_runner){
        .counts = &cpu->counts, .keep_room = keep_room, .step = step, .step_context = cpu};
    error = kvm_host_open(&cpu->host, reason);
    if (!error && ways->dirty == KVM_DIRTY_RING &&
        (cpu->host.ring_most < DIRTY_RING_BYTES || !kvm_mode_is_hardware(cpu->host.mode)))
        cpu->ways.dirty = KVM_DIRTY_LOG;
    if (!error)
        error = open_shell(cpu, &cpu->shells[0], reason);
    if (!error) {
        cpu->count = 1;
        atomic_store_explicit(&cpu->counts.shells, 1, memory_order_relaxed);
        error = kvm_state_get_coprocessor(&cpu->shells[0].vm, &cpu->fresh);
        if (error)
            reason_errno(reason, -error, "cannot read a vCPU of KVM");
    }
    if (error) {
        destroy(cpu);
        return error;
    }
    *ret_cpu = cpu;
    return 0;
}

static int create(struct cpu **ret_cpu, struct reason *reason)
{
    static const struct cpu_kvm_ways ways = {.dirty = KVM_DIRTY_RING};

    return cpu_kvm_create(&ways, ret_cpu, reason);
}

static const struct cpu_counts *counts(const struct cpu *cpu)
{
    return &cpu->counts;
}

const struct cpu_kind cpu_kvm = {
    .name = "kvm", .create = create, .run = run, .counts = counts, .destroy = destroy};
