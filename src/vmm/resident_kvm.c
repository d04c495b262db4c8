/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/resident_kvm.h"

#include "base/counter.h"
#include "base/reason.h"
#include "host/spawn.h"
#include "vmm/kvm_drain.h"
#include "vmm/kvm_run.h"
#include "vmm/kvm_state.h"
#include "vmm/kvm_step.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    SLOT_LOW,   /* the first MiB, in which the ROM and the hole are mapped read-only */
    SLOT_HIGH,  /* from 1 MiB on, while A20 is on */
    SLOT_ROM,   /* where there is not one slot for all */
    MOVED = 16, /* descriptors are moved up to here and beyond */
};

struct guest {
    struct kvm_vm vm;
    uint8_t *memory;
    bool fresh; /* its registers are to be put into the vCPU */
    bool high;  /* SLOT_HIGH is there */
};

struct resident_kvm {
    struct kvm_host host;
    const struct machine_base *base;
    unsigned tricks;
    int image; /* the machine at reset, as a file in memory; -1: VMs have copies */
    struct context context;
    struct kvm_runner runner;
    struct cpu_counts counts;
    struct cpu *emulated; /* NULL: was never needed */
    struct kvm_drain drain;
    struct kvm_xsave fresh; /* see kvm_state_judge_coprocessor() */
    bool fresh_known;
    struct guest *guests, *current;
    size_t count, room;
};

static size_t lines_of(const struct resident_kvm *resident)
{
    return resident->base->memory_size >> MEMORY_LINE_SHIFT;
}

/* The emulated CPU marks what it writes; nobody asks here. */
static void forget_dirty(struct memory *memory)
{
    for (uint32_t i = 0; i < memory->dirty_count; i++)
        memory->dirty_bits[memory->dirty[i] >> 6] = 0;
    memory->dirty_count = 0;
}

static int step(void *context_of_step, struct kvm_vm *vm, struct context *context)
{
    struct resident_kvm *resident = context_of_step;
    int error = kvm_step(&resident->emulated, vm, context);

    forget_dirty(&context->memory);
    return error;
}

/* Room to mark all lines, touched only by instructions that are emulated. */
static int make_dirty(struct resident_kvm *resident)
{
    size_t list = lines_of(resident) * sizeof(uint32_t), bits = lines_of(resident) / 8;
    uint8_t *bytes =
        mmap(NULL, list + bits, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (bytes == MAP_FAILED)
        return -errno;
    resident->context.memory.dirty = (uint32_t *)(void *)bytes;
    resident->context.memory.dirty_bits = (uint64_t *)(void *)(bytes + list);
    return 0;
}

int resident_kvm_create(const struct machine_base *base, const struct context *template, unsigned tricks,
                        struct resident_kvm **ret_resident, struct reason *reason)
{
    struct resident_kvm *resident = calloc(1, sizeof(*resident));
    int error;

    if (!resident)
        return reason_set(reason, ENOMEM, "no memory for resident VMs");
    resident->base = base;
    resident->tricks = tricks;
    resident->image = tricks & RESIDENT_COPIES_ON_WRITE ? base->file : -1;
    resident->host.fd = -1;
    resident->context = *template;
    resident->context.memory =
        (struct memory){.base = base->memory, .size = base->memory_size, .a20_mask = UINT32_MAX};
    resident->runner =
        (struct kvm_runner){.counts = &resident->counts, .step = step, .step_context = resident};
    error = kvm_host_open(&resident->host, reason);
    if (!error && make_dirty(resident) < 0)
        error = reason_set(reason, ENOMEM, "no memory for resident VMs");
    if (error) {
        resident_kvm_free(resident);
        return error;
    }
    *ret_resident = resident;
    return 0;
}

static void unmap_memory(const struct resident_kvm *resident, struct guest *guest)
{
    if (guest->memory)
        munmap(guest->memory, resident->base->memory_size);
    guest->memory = NULL;
}

static void free_guest(struct resident_kvm *resident, struct guest *guest)
{
    kvm_vm_destroy(&resident->host, &guest->vm);
    unmap_memory(resident, guest);
}

void resident_kvm_free(struct resident_kvm *resident)
{
    struct memory *memory;

    if (!resident)
        return;
    memory = &resident->context.memory;
    for (size_t i = 0; i < resident->count; i++)
        free_guest(resident, &resident->guests[i]);
    if (memory->dirty)
        munmap(memory->dirty, lines_of(resident) * sizeof(uint32_t) + lines_of(resident) / 8);
    kvm_drain_rest(&resident->drain);
    kvm_runner_release(&resident->runner);
    cpu_x86emu.destroy(resident->emulated);
    kvm_host_close(&resident->host);
    free(resident->guests);
    free(resident);
}

/*
 * KVM names a VM's directory in debugfs after the process and the VM's descriptor (kvm_create_vm_debugfs() in
 * virt/kvm/kvm_main.c), and makes none when it is there already. So each VM is made with the same descriptor,
 * the lowest that is free, and is moved away then: the first one of a process has the directory, and others
 * save its 60 files, which is 60 KiB.
 */
static int move_up(int *descriptor)
{
    int moved = fcntl(*descriptor, F_DUPFD_CLOEXEC, MOVED);

    if (moved < 0)
        return -errno;
    close(*descriptor);
    *descriptor = moved;
    return 0;
}

static int map_memory(struct resident_kvm *resident, struct guest *guest)
{
    size_t size = resident->base->memory_size;
    bool shares = resident->image >= 0;
    uint8_t *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE,
                          shares ? MAP_PRIVATE | MAP_NORESERVE : MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                          resident->image, 0);

    if (bytes == MAP_FAILED)
        return -errno;
    guest->memory = bytes;
    if (!shares) {
        madvise(bytes, size, MADV_NOHUGEPAGE);
        memcpy(bytes, resident->base->memory, size);
    }
    if (resident->tricks & RESIDENT_ONE_SLOT &&
        mprotect(bytes + MEMORY_HOLE, MEMORY_MIB - MEMORY_HOLE, PROT_READ) < 0)
        return -errno;
    return 0;
}

static int set_slot(struct guest *guest, unsigned slot, uint32_t from, uint32_t bytes, bool rom)
{
    struct kvm_userspace_memory_region region = {.slot = slot,
                                                 .flags = rom ? KVM_MEM_READONLY : 0,
                                                 .guest_phys_addr = from,
                                                 .memory_size = bytes,
                                                 .userspace_addr = (uintptr_t)guest->memory + from};

    return kvm_vm_ioctl(&guest->vm, KVM_SET_USER_MEMORY_REGION, &region);
}

/* Each slot costs 8 KiB (kvm_alloc_memslot_metadata() in arch/x86/kvm/x86.c: a page each for what is known of
 * its pages of 2 MiB and of 1 GiB), so the first MiB is one: see step(). */
static int set_low_slots(const struct resident_kvm *resident, struct guest *guest)
{
    if (resident->tricks & RESIDENT_ONE_SLOT)
        return set_slot(guest, SLOT_LOW, 0, MEMORY_MIB, false);
    int error = set_slot(guest, SLOT_LOW, 0, MEMORY_HOLE, false);

    return error ? error : set_slot(guest, SLOT_ROM, MEMORY_ROM, MEMORY_MIB - MEMORY_ROM, true);
}

/* While A20 is off, what is above 1 MiB comes out as MMIO and is looked for where it is then. */
static int set_high_slot(const struct resident_kvm *resident, struct guest *guest)
{
    const struct memory *memory = &resident->context.memory;
    bool wanted = memory->size > MEMORY_MIB && memory->a20_mask == UINT32_MAX;
    int error = 0;

    if (wanted != guest->high)
        error = set_slot(guest, SLOT_HIGH, MEMORY_MIB, wanted ? memory->size - MEMORY_MIB : 0, false);
    if (!error)
        guest->high = wanted;
    return error;
}

static int make_guest(struct resident_kvm *resident, struct guest *guest, struct reason *reason)
{
    int error = kvm_vm_create(&resident->host, 0, &guest->vm, reason);

    if (error)
        return error;
    if (resident->tricks & RESIDENT_SHARES_DEBUGFS) {
        error = move_up(&guest->vm.fd);
        if (!error)
            error = move_up(&guest->vm.cpu);
    }
    if (!error)
        error = kvm_vm_map(&resident->host, &guest->vm);
    if (!error && !resident->fresh_known) {
        error = kvm_state_get_coprocessor(&guest->vm, &resident->fresh);
        resident->fresh_known = error == 0;
    }
    if (!error && resident->tricks & RESIDENT_DRAINS)
        error = kvm_drain_cache(&resident->drain, &resident->host, &guest->vm);
    if (!error)
        error = map_memory(resident, guest);
    if (!error)
        error = set_low_slots(resident, guest);
    counter_add(&resident->counts.ioctls, kvm_vm_take_ioctls(&guest->vm));
    /* The kernel's thread of a VM may be made as late as at its first KVM_RUN. */
    return error ? spawn_refused(reason, -error, "cannot make a KVM VM") : 0;
}

static struct guest *take_place(struct resident_kvm *resident)
{
    if (resident->count == resident->room) {
        size_t room = resident->room ? resident->room * 2 : 16;
        struct guest *wider = realloc(resident->guests, room * sizeof(*wider));

        if (!wider)
            return NULL;
        resident->guests = wider;
        resident->room = room;
    }
    resident->guests[resident->count] = (struct guest){.vm = {.fd = -1, .cpu = -1}, .fresh = true};
    return &resident->guests[resident->count];
}

int resident_kvm_add(struct resident_kvm *resident, struct context **ret_context, struct reason *reason)
{
    struct guest *guest = take_place(resident);

    if (!guest)
        return reason_set(reason, ENOMEM, "no memory for another VM");
    int error = make_guest(resident, guest, reason);

    if (error) {
        free_guest(resident, guest);
        return error;
    }
    *ret_context = resident_kvm_context(resident, (uint32_t)resident->count++);
    (*ret_context)->state = resident->base->state;
    counter_add(&resident->counts.shells, 1);
    counter_add(&resident->counts.shells_made, 1);
    return 0;
}

struct context *resident_kvm_context(struct resident_kvm *resident, uint32_t number)
{
    resident->current = &resident->guests[number];
    resident->context.memory.bytes = resident->current->memory;
    return &resident->context;
}

/* What the vCPU is to know before it runs. */
static int prepare(struct resident_kvm *resident, struct guest *guest)
{
    const struct cpu_state *state = &resident->context.state.cpu;
    int error = guest->vm.run ? 0 : kvm_vm_map(&resident->host, &guest->vm);

    if (!error)
        error = set_high_slot(resident, guest);
    if (!error && guest->fresh) {
        error = kvm_state_put_debug(&guest->vm, state);
        kvm_state_put(&guest->vm, state, true);
        guest->fresh = error != 0;
    }
    return error;
}

enum cpu_exit resident_kvm_run(struct resident_kvm *resident, uint64_t slice)
{
    struct context *context = &resident->context;
    struct guest *guest = resident->current;
    enum cpu_exit exit = CPU_STOPPED;
    bool broken = false;

    if (context->state.stop)
        return CPU_STOPPED;
    if (context->state.cpu.halted && !cpu_can_be_interrupted(context))
        return CPU_HALTED;
    int error = prepare(resident, guest);

    if (!error) {
        exit = kvm_run_guest(&resident->runner, &guest->vm, context, slice, &broken);
        if (!broken) {
            kvm_state_get(&guest->vm, &context->state.cpu);
            kvm_state_judge(context);
            error = kvm_state_judge_coprocessor(&guest->vm, &resident->fresh, context);
        }
    }
    if (error)
        context_stop(context, VM_STOP_HOST, HOST_ERRNO | (uint32_t)-error);
    counter_add(&resident->counts.runs, 1);
    counter_add(&resident->counts.ioctls, kvm_vm_take_ioctls(&guest->vm));
    atomic_store_explicit(&resident->counts.timers, resident->runner.kick.settings, memory_order_relaxed);
    return context->state.stop ? CPU_STOPPED : exit;
}

const struct cpu_counts *resident_kvm_counts(const struct resident_kvm *resident)
{
    return &resident->counts;
}

void resident_kvm_leave(struct resident_kvm *resident)
{
    struct guest *guest = resident->current;

    if (guest && !(resident->tricks & RESIDENT_KEEPS_RUN))
        kvm_vm_unmap(&resident->host, &guest->vm);
    resident->current = NULL;
}

void resident_kvm_reset(struct resident_kvm *resident)
{
    struct guest *guest = resident->current;
    uint32_t size = resident->base->memory_size;

    resident->context.state = resident->base->state;
    if (resident->image >= 0) {
        madvise(guest->memory, size, MADV_DONTNEED); /* what it wrote; the file's content is left */
    } else {
        memcpy(guest->memory, resident->base->memory, MEMORY_HOLE);
        memcpy(guest->memory + MEMORY_MIB, resident->base->memory + MEMORY_MIB, size - MEMORY_MIB);
    }
    guest->fresh = true;
}

void resident_kvm_drop(struct resident_kvm *resident, uint32_t number)
{
    struct guest *guest = &resident->guests[number];

    if (guest->vm.fd < 0)
        return;
    free_guest(resident, guest);
    counter_add(&resident->counts.shells, UINT64_MAX); /* one less */
}

void resident_kvm_rest(struct resident_kvm *resident)
{
    kvm_drain_rest(&resident->drain);
}

static int create(struct cpu **ret_cpu, struct reason *reason)
{
    (void)ret_cpu;
    return reason_set(reason, ENOTSUP, "VMs of their own come with their CPUs");
}

static enum cpu_exit run(struct cpu *cpu, struct context *context, uint64_t slice)
{
    (void)context; /* there is only one */
    return resident_kvm_run((struct resident_kvm *)cpu, slice);
}

static const struct cpu_counts *counts(const struct cpu *cpu)
{
    return resident_kvm_counts((const struct resident_kvm *)cpu);
}

static void destroy(struct cpu *cpu)
{
    resident_kvm_free((struct resident_kvm *)cpu);
}

const struct cpu_kind cpu_kvm_resident = {
    .name = "kvm", .create = create, .run = run, .counts = counts, .destroy = destroy};
