/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/kvm_drain.h"

#include "host/procfile.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

enum {
    SLOT = 0,
    ADDRESS = 0x40000000, /* within one GiB, so that each step takes one page */
    STEP = 0x200000,
    PAGE = 4096,
    STEPS_MOST = 32,
    BYTES = STEPS_MOST * STEP,
    CACHE = 40,
    CACHE_LEAST = 5,
    SEGMENT_CODE = 11, /* execute, read, accessed */
    SEGMENT_DATA = 3,  /* read, write, accessed */
};

/* mov al, [esi]; add esi, 200000h; loop; hlt: 32-bit code. */
static const uint8_t touches[] = {0x8a, 0x06, 0x81, 0xc6, 0x00, 0x00, 0x20, 0x00, 0xe2, 0xf6, 0xf4};

/* Levels of the page tables from guest to host addresses. On AMD they are those of the host's own tables
 * (get_npt_level() in arch/x86/kvm/svm/svm.c), and the flag is there only where the kernel uses 5. On Intel
 * they are 4 for a guest that has no more than 48 bits of address (kvm_mmu_get_tdp_level()). */
static unsigned levels(const struct kvm_host *host)
{
    char *text;
    unsigned found = 4;

    if (host->mode == KVM_MODE_VMX || host->mode == KVM_MODE_VMX_REAL)
        return found;
    text = malloc(16384);
    if (text && procfile_text("", "/proc/cpuinfo", text, 16384) >= 0 && strstr(text, " la57"))
        found = 5;
    free(text);
    return found;
}

/* What is taken before the first step: the root, and a page for each level below it for the code. What is to
 * stay: the same for the guest, and the least. */
static unsigned steps(unsigned level_count)
{
    return CACHE - level_count - (level_count + CACHE_LEAST);
}

static int map(struct kvm_drain *drain)
{
    /* Pages that are read only are the host's one page of zeros, and must be small ones to be so many. */
    uint8_t *bytes =
        mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (bytes == MAP_FAILED)
        return -errno;
    madvise(bytes, BYTES, MADV_NOHUGEPAGE);
    memcpy(bytes, touches, sizeof(touches));
    drain->bytes = bytes;
    return 0;
}

static int set_slot(struct kvm_drain *drain, struct kvm_vm *vm, uint64_t bytes)
{
    struct kvm_userspace_memory_region region = {.slot = SLOT,
                                                 .guest_phys_addr = ADDRESS,
                                                 .memory_size = bytes,
                                                 .userspace_addr = (uintptr_t)drain->bytes};

    return kvm_vm_ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region);
}

/* 32-bit protected mode with flat segments and without paging. */
static int set_registers(struct kvm_vm *vm, unsigned count)
{
    struct kvm_segment flat = {
        .limit = UINT32_MAX, .selector = 8, .type = SEGMENT_CODE, .present = 1, .db = 1, .s = 1, .g = 1};
    struct kvm_regs regs = {.rip = ADDRESS, .rflags = 2, .rcx = count, .rsi = ADDRESS + STEP};
    struct kvm_sregs sregs;
    int error = kvm_cpu_ioctl(vm, KVM_GET_SREGS, &sregs);

    sregs.cr0 |= 1;
    sregs.cs = flat;
    flat.type = SEGMENT_DATA;
    flat.selector = 16;
    sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = flat;
    if (!error)
        error = kvm_cpu_ioctl(vm, KVM_SET_SREGS, &sregs);
    return error ? error : kvm_cpu_ioctl(vm, KVM_SET_REGS, &regs);
}

/* Linux 6.11 and later can be asked for page tables without running the guest; headers of older ones lack it.
 */
struct pre_fault {
    uint64_t address, bytes, flags, padding[5];
};
#define PRE_FAULT _IOWR(KVMIO, 0xd5, struct pre_fault)

/* False: this kernel cannot, or did not do all. */
static bool pre_fault(struct kvm_vm *vm, unsigned count)
{
    for (unsigned i = 0; i <= count; i++) {
        struct pre_fault one = {.address = ADDRESS + (uint64_t)i * STEP, .bytes = PAGE};

        if (kvm_cpu_ioctl(vm, PRE_FAULT, &one) < 0)
            return false;
    }
    return true;
}

/* Enters the vCPU without running the guest: what KVM makes at the first KVM_RUN, such as a thread, is made
 * now or refused. */
static int enter_once(struct kvm_vm *vm)
{
    int result;

    vm->run->immediate_exit = 1;
    vm->run->kvm_valid_regs = 0;
    vm->ioctls++;
    result = ioctl(vm->cpu, KVM_RUN, 0) < 0 ? -errno : 0;
    vm->run->immediate_exit = 0;
    return result == -EINTR ? 0 : result;
}

static int touch(struct kvm_drain *drain, struct kvm_vm *vm, unsigned count)
{
    int error;

    if (!drain->runs) {
        if (pre_fault(vm, count))
            return enter_once(vm);
        drain->runs = true; /* steps that were taken are not taken twice: those pages are mapped */
    }
    error = set_registers(vm, count);
    if (error)
        return error;
    vm->run->immediate_exit = 0;
    vm->run->kvm_valid_regs = 0;
    /* Whatever it comes out for: what it has touched by then is what it is good for. */
    return kvm_cpu_ioctl(vm, KVM_RUN, NULL);
}

int kvm_drain_cache(struct kvm_drain *drain, const struct kvm_host *host, struct kvm_vm *vm)
{
    int error = drain->bytes ? 0 : map(drain);

    if (error)
        return error;
    if (drain->steps == 0)
        drain->steps = steps(levels(host));
    error = set_slot(drain, vm, BYTES);
    if (!error)
        error = touch(drain, vm, drain->steps);
    return error ? error : set_slot(drain, vm, 0);
}

void kvm_drain_rest(struct kvm_drain *drain)
{
    if (drain->bytes)
        munmap(drain->bytes, BYTES);
    drain->bytes = NULL;
}
