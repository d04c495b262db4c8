/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/kvm_run.h"

#include "base/clock.h"
#include "base/counter.h"
#include "vmm/board.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

enum {
    SYNCED = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS | KVM_SYNC_X86_EVENTS,
    VECTOR_UD = 6,
    NS_PER_INSTRUCTION = 20, /* what an instruction of a slice is taken for */
    DELIVERIES_MOST = 24,
    /* KVM emulates up to 1,024 rounds of a string instruction at a time, each of which may come out twice. */
    COMPLETIONS_MOST = 4096,
    DOUBLES = 8,       /* times that a wait is doubled at most */
    EXITS_LEAST = 128, /* see has_had_its_turn() */
};

/* In rip, which no guest of 32 bits has. */
#define NOT_STORED UINT64_MAX

/* KVM_RUN is not interrupted sooner than this, so that the guest gets somewhere; twice as long at each try
 * that got it nowhere, as a host that is slow, or has much else to do, may not get into the guest sooner. */
#define LEAST_NS (5 * NS_PER_MILLISECOND / 1000)
/* The same for an event that is to be delivered before the guest is put away. */
#define DELIVERY_NS (50 * NS_PER_MILLISECOND / 1000)
/* Of a CPU: see has_had_its_turn() and settle(). */
#define TURN_CPU_NS   (NS_PER_MILLISECOND / 2)
#define SETTLE_CPU_NS (20 * NS_PER_MILLISECOND)

struct run {
    struct kvm_runner *runner;
    struct kvm_vm *vm;
    struct context *context;
    uint64_t ends_ns;
    uint64_t began_cpu_ns,
        turn_cpu_ns;    /* of the thread's CPU time: when it began, and what a turn has of it */
    unsigned exits;     /* that the guest came to by itself */
    unsigned fruitless; /* kicks, since it got somewhere last */
    bool moved;         /* it got somewhere */
    uint32_t a20_mask;  /* for which the VM has its memory slots */
    bool broken;
};

static void count(struct run *run, enum cpu_exit_kind kind)
{
    counter_add(&run->runner->counts->exits[kind], 1);
}

static void stop_for_host(struct run *run, uint32_t detail)
{
    context_stop(run->context, VM_STOP_HOST, detail);
    run->broken = true;
}

/*
 * KVM_RUN; 0 or -errno. It takes what is marked in kvm_dirty_regs, clears the marks, completes what is under
 * way, and stores the registers in the end. A VM's first one may fail with EINTR before any of that (when the
 * kernel makes a thread for the VM): *ret_ran is false then, and the marks stay for the next.
 */
static int enter(struct run *run, bool *ret_ran)
{
    struct kvm_run *shared = run->vm->run;
    bool marked = shared->kvm_dirty_regs & KVM_SYNC_X86_REGS;
    uint64_t rip = shared->s.regs.regs.rip;
    int result;

    shared->kvm_valid_regs = SYNCED;
    shared->cr8 = 0;
    run->vm->ioctls++;
    if (!marked)
        shared->s.regs.regs.rip = NOT_STORED;
    result = ioctl(run->vm->cpu, KVM_RUN, 0) < 0 ? -errno : 0;
    *ret_ran = marked ? !(shared->kvm_dirty_regs & KVM_SYNC_X86_REGS) : shared->s.regs.regs.rip != NOT_STORED;
    if (!marked && !*ret_ran)
        shared->s.regs.regs.rip = rip;
    return result;
}

/* An event is on its way to the guest. */
static bool is_delivering(const struct kvm_run *shared)
{
    const struct kvm_vcpu_events *events = &shared->s.regs.events;

    return events->exception.injected || events->exception.pending || events->interrupt.injected ||
           events->nmi.injected || events->nmi.pending ||
           (events->flags & KVM_VCPUEVENT_VALID_TRIPLE_FAULT && events->triple_fault.pending);
}

/* The vCPU is between two instructions, and would take an interrupt. */
static bool is_open(const struct kvm_vm *vm)
{
    const struct kvm_run *shared = vm->run;

    return !vm->completes && shared->s.regs.regs.rflags & FLAG_IF &&
           !shared->s.regs.events.interrupt.shadow && !is_delivering(shared);
}

/* Hands the board's interrupt over, or asks KVM to come out when it can be. */
static void offer_interrupt(struct run *run)
{
    struct kvm_run *shared = run->vm->run;

    if (run->context->interrupt && is_open(run->vm)) {
        shared->s.regs.events.interrupt.injected = 1;
        shared->s.regs.events.interrupt.soft = 0;
        shared->s.regs.events.interrupt.nr = board_acknowledge(run->context);
        shared->kvm_dirty_regs |= KVM_SYNC_X86_EVENTS;
    }
    shared->request_interrupt_window = run->context->interrupt;
}

static void access_ports(struct run *run)
{
    struct kvm_run *shared = run->vm->run;
    uint8_t *data = (uint8_t *)shared + shared->io.data_offset;
    unsigned size = shared->io.size;

    for (uint32_t i = 0; i < shared->io.count; i++, data += size) {
        uint32_t value = 0;

        if (shared->io.direction == KVM_EXIT_IO_IN) {
            value = board_in(run->context, shared->io.port, size);
            memcpy(data, &value, size);
        } else {
            memcpy(&value, data, size);
            board_out(run->context, shared->io.port, size, value);
        }
    }
}

/* False: an event on its way cannot be delivered so. */
static bool step(struct run *run)
{
    const struct kvm_runner *runner = run->runner;
    int error;

    if (is_delivering(run->vm->run))
        return false;
    error = runner->step(runner->step_context, run->vm, run->context);
    if (error)
        stop_for_host(run, HOST_ERRNO | (uint32_t)-error);
    return true;
}

/* What is in no slot. */
static void access_memory(struct run *run)
{
    struct kvm_run *shared = run->vm->run;
    struct memory *memory = &run->context->memory;

    for (uint32_t i = 0; i < shared->mmio.len; i++) {
        uint32_t address = (uint32_t)shared->mmio.phys_addr + i;

        if (shared->mmio.is_write)
            memory_write8(memory, address, shared->mmio.data[i]);
        else
            shared->mmio.data[i] = memory_read8(memory, address);
    }
}

/* Where no memory is, all bytes are FFh: as an instruction, one that is undefined. */
static bool is_beyond_memory(const struct run *run)
{
    const struct kvm_sync_regs *regs = &run->vm->run->s.regs;
    const struct memory *memory = &run->context->memory;
    uint32_t address = (uint32_t)(regs->sregs.cs.base + regs->regs.rip) & memory->a20_mask;

    return memory_readable(memory, address, 1) == NULL;
}

/* KVM emulates some instructions, and none that it cannot fetch from memory. */
static void fail_internally(struct run *run)
{
    struct kvm_run *shared = run->vm->run;
    struct kvm_vcpu_events *events = &shared->s.regs.events;

    if (shared->internal.suberror == KVM_INTERNAL_ERROR_EMULATION) {
        /* KVM has queued #UD before it came out (handle_emulation_failure() in arch/x86/kvm/x86.c). */
        if (events->exception.nr == VECTOR_UD)
            events->exception.injected = events->exception.pending = 0;
        if (step(run))
            return;
    }
    if (shared->internal.suberror != KVM_INTERNAL_ERROR_EMULATION || !is_beyond_memory(run)) {
        stop_for_host(run, shared->exit_reason | shared->internal.suberror << 8);
        return;
    }
    if (!is_delivering(shared)) {
        events->exception.injected = 1;
        events->exception.nr = VECTOR_UD;
        events->exception.has_error_code = 0;
        shared->kvm_dirty_regs |= KVM_SYNC_X86_EVENTS;
    }
}

static void keep_room(struct run *run, bool full)
{
    const struct kvm_runner *runner = run->runner;
    int error = runner->keep_room ? runner->keep_room(runner->room_context, run->vm, full) : 0;

    if (error)
        stop_for_host(run, HOST_ERRNO | (uint32_t)-error);
}

static void take_exit(struct run *run)
{
    struct kvm_run *shared = run->vm->run;

    switch (shared->exit_reason) {
    case KVM_EXIT_IO:
        count(run, CPU_EXIT_PORT);
        run->vm->completes = true;
        access_ports(run);
        break;
    case KVM_EXIT_MMIO:
        count(run, CPU_EXIT_MEMORY);
        run->vm->completes = true;
        access_memory(run);
        break;
    case KVM_EXIT_HLT:
        count(run, CPU_EXIT_HALT);
        run->context->state.cpu.halted = 1;
        break;
    case KVM_EXIT_IRQ_WINDOW_OPEN:
        count(run, CPU_EXIT_WINDOW);
        break;
    case KVM_EXIT_DIRTY_RING_FULL: /* there is room again: see go() */
    case KVM_EXIT_SET_TPR:         /* there is nothing that has priorities */
    case KVM_EXIT_INTR:
        count(run, CPU_EXIT_OTHER);
        break;
    case KVM_EXIT_SHUTDOWN:
        count(run, CPU_EXIT_OTHER);
        context_stop(run->context, VM_STOP_TRIPLE_FAULT, 0);
        run->broken = true;
        break;
    case KVM_EXIT_INTERNAL_ERROR:
        count(run, CPU_EXIT_OTHER);
        fail_internally(run);
        break;
    case KVM_EXIT_FAIL_ENTRY:
        count(run, CPU_EXIT_OTHER);
        stop_for_host(run,
                      shared->exit_reason | (uint32_t)shared->fail_entry.hardware_entry_failure_reason << 8);
        break;
    default:
        count(run, CPU_EXIT_OTHER);
        stop_for_host(run, shared->exit_reason);
    }
}

/* Lets the guest run until it comes out, at `until_ns` of the population's clock at the latest; 0: it is not
 * to run, only what it has begun is to be completed. */
static void go(struct run *run, uint64_t until_ns)
{
    struct kvm_run *shared = run->vm->run;
    bool ran;
    uint64_t rip = shared->s.regs.regs.rip;
    uint64_t now = run->context->now_ns, until = until_ns ? until_ns : now + DELIVERY_NS;
    int error = kvm_kick_arm(&run->runner->kick, shared, clock_now_ns() + (until > now ? until - now : 0));

    if (error) {
        stop_for_host(run, HOST_ERRNO | (uint32_t)-error);
        return;
    }
    if (until_ns == 0)
        shared->immediate_exit = 1;
    error = enter(run, &ran);
    context_now(run->context);
    keep_room(run, error == 0 && shared->exit_reason == KVM_EXIT_DIRTY_RING_FULL);
    if (ran)
        run->vm->completes = false;
    bool moved = error == 0 || shared->s.regs.regs.rip != rip;

    run->exits += error == 0;
    run->moved = run->moved || moved;
    run->fruitless = moved ? 0 : run->fruitless + 1;
    if (error == 0) {
        take_exit(run);
    } else if (error == -EINTR || error == -EAGAIN) {
        count(run, CPU_EXIT_KICK);
    } else if (error == -EFAULT && step(run)) {
        run->vm->completes = false;
        count(run, CPU_EXIT_MEMORY);
    } else {
        stop_for_host(run, HOST_ERRNO | (uint32_t)-error);
    }
}

static uint64_t doubled(uint64_t ns, unsigned times)
{
    return ns << (times < DOUBLES ? times : DOUBLES);
}

/*
 * Completes what is under way in the vCPU, as the machine is put away between two instructions. What a
 * stopped one would do next does not matter, but for the completion, which would reach the next. A delivery
 * is given up after so many tries and so much of a CPU: tries alone may all pass while the thread waits for
 * one.
 */
static void settle(struct run *run)
{
    struct kvm_run *shared = run->vm->run;
    unsigned deliveries = 0, completions = 0;
    uint64_t began_cpu_ns = 0;

    shared->request_interrupt_window = 0;
    while (!run->broken) {
        bool delivers = !run->vm->completes && is_delivering(shared) && !run->context->state.stop;

        if (delivers && began_cpu_ns == 0)
            began_cpu_ns = clock_thread_cpu_ns();
        if (run->vm->completes && completions++ < COMPLETIONS_MOST)
            go(run, 0);
        else if (delivers &&
                 (deliveries++ < DELIVERIES_MOST || clock_thread_cpu_ns() - began_cpu_ns < SETTLE_CPU_NS))
            go(run, run->context->now_ns + doubled(DELIVERY_NS, deliveries));
        else if (run->vm->completes || delivers)
            stop_for_host(run, HOST_UNSETTLED);
        else
            return;
    }
}

static uint64_t deadline(const struct run *run)
{
    const struct context *context = run->context;
    uint64_t now = context->now_ns, at = run->ends_ns > now ? run->ends_ns : now + run->turn_cpu_ns;
    uint64_t least = now + doubled(LEAST_NS, run->fruitless);

    /* While an interrupt waits already, what comes next is looked at when that has been taken. */
    if (!context->interrupt) {
        uint64_t next = board_next_event(context);

        at = next < at ? next : at;
    }
    return at > least ? at : least;
}

/*
 * A slice is a time, of which the thread may have spent the most waiting for a CPU. If that were all, guests
 * on a host with much else to do would be laid into their KVM VMs and taken out again for ever, and get
 * nowhere. So each has come out by itself so many times, or has had so much of a CPU; and more of it while it
 * is where it was, as one that jumps to itself always is.
 */
static bool has_had_its_turn(const struct run *run)
{
    if (run->context->now_ns < run->ends_ns)
        return false;
    return run->exits >= EXITS_LEAST ||
           clock_thread_cpu_ns() - run->began_cpu_ns >= run->turn_cpu_ns * (run->moved ? 1 : 3);
}

static bool is_woken(const struct run *run)
{
    return run->context->interrupt && is_open(run->vm);
}

static enum cpu_exit loop(struct run *run)
{
    struct context *context = run->context;

    for (;;) {
        if (context->state.stop)
            return CPU_STOPPED;
        /* The caller gives the VM the slots for the other A20 and comes back. */
        if (context->leave || context->memory.a20_mask != run->a20_mask)
            return CPU_LEFT;
        if (context->state.cpu.halted && !is_woken(run))
            return CPU_HALTED;
        if (has_had_its_turn(run))
            return CPU_SLICE;
        context->state.cpu.halted = 0;
        offer_interrupt(run);
        go(run, deadline(run));
        board_advance(context);
    }
}

enum cpu_exit kvm_run_guest(struct kvm_runner *runner, struct kvm_vm *vm, struct context *context,
                            uint64_t slice, bool *ret_broken)
{
    struct run run = {.runner = runner,
                      .vm = vm,
                      .context = context,
                      .began_cpu_ns = clock_thread_cpu_ns(),
                      .a20_mask = context->memory.a20_mask};
    uint64_t now = context_now(context), most = (UINT64_MAX - now) / NS_PER_INSTRUCTION;

    run.ends_ns = now + (slice < most ? slice : most) * NS_PER_INSTRUCTION;
    if (context->slice_ends_ns && context->slice_ends_ns < run.ends_ns)
        run.ends_ns = context->slice_ends_ns;
    run.turn_cpu_ns = run.ends_ns > now && run.ends_ns - now < TURN_CPU_NS ? run.ends_ns - now : TURN_CPU_NS;
    board_advance(context);

    enum cpu_exit exit = loop(&run);

    settle(&run);
    kvm_kick_leave();
    *ret_broken = run.broken;
    return context->state.stop ? CPU_STOPPED : exit;
}

void kvm_runner_release(struct kvm_runner *runner)
{
    kvm_kick_release(&runner->kick);
}
