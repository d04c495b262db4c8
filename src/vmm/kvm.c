/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/kvm.h"

#include "base/reason.h"
#include "host/procfile.h"
#include "host/spawn.h"
#include "vmm/cpuid.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    API_VERSION = 12,
    MSR_TIME_STAMP = 0x10,
    TASK_STATE = 0xfffbd000, /* three pages that KVM takes on Intel without unrestricted guest */
};

/* Written out, as the headers of an older kernel know fewer. */
static const struct {
    int number;
    const char *name;
} needed[] = {
    {KVM_CAP_SYNC_REGS, "KVM_CAP_SYNC_REGS"},
    {KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT"},
    {KVM_CAP_READONLY_MEM, "KVM_CAP_READONLY_MEM"},
    {KVM_CAP_DEBUGREGS, "KVM_CAP_DEBUGREGS"},
    {KVM_CAP_XSAVE, "KVM_CAP_XSAVE"},
    {KVM_CAP_X86_MSR_FILTER, "KVM_CAP_X86_MSR_FILTER"},
    {KVM_CAP_ENFORCE_PV_FEATURE_CPUID, "KVM_CAP_ENFORCE_PV_FEATURE_CPUID"},
    {KVM_CAP_X86_TRIPLE_FAULT_EVENT, "KVM_CAP_X86_TRIPLE_FAULT_EVENT"}, /* Linux 6.1 */
};

/*
 * What KVM does otherwise and a CPU does not: it would let OUT to port 7Eh end before it is done, write
 * another hypercall instruction into the guest's memory, and make MONITOR and MWAIT do nothing.
 */
enum {
    QUIRKS =
        KVM_X86_QUIRK_OUT_7E_INC_RIP | KVM_X86_QUIRK_FIX_HYPERCALL_INSN | KVM_X86_QUIRK_MWAIT_NEVER_UD_FAULTS
};

static int extension(int fd, int capability)
{
    int value = ioctl(fd, KVM_CHECK_EXTENSION, capability);

    return value < 0 ? 0 : value;
}

static enum kvm_mode find_mode(void)
{
    char text[8];

    if (procfile_text("", "/sys/module/kvm_intel/parameters/unrestricted_guest", text, sizeof(text)) == 0)
        return text[0] == 'Y' ? KVM_MODE_VMX : KVM_MODE_VMX_REAL;
    if (access("/sys/module/kvm_amd", F_OK) == 0)
        return KVM_MODE_SVM;
    return KVM_MODE_OTHER;
}

const char *kvm_mode_name(enum kvm_mode mode)
{
    static const char *const names[] = {
        [KVM_MODE_SVM] = "SVM",
        [KVM_MODE_VMX] = "VMX with unrestricted guest",
        [KVM_MODE_VMX_REAL] = "VMX without unrestricted guest",
        [KVM_MODE_OTHER] = "other",
    };

    return names[mode];
}

static int look(struct kvm_host *host, struct reason *reason)
{
    enum { SYNCED = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS | KVM_SYNC_X86_EVENTS };
    int version = ioctl(host->fd, KVM_GET_API_VERSION, 0), bytes;

    if (version != API_VERSION)
        return reason_set(reason, ENOTSUP, "/dev/kvm speaks version %d of its interface, not %d", version,
                          API_VERSION);
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
        if (extension(host->fd, needed[i].number) == 0)
            return reason_set(reason, ENOTSUP, "this kernel's KVM has no %s (Linux 6.1 has it)",
                              needed[i].name);
    if ((extension(host->fd, KVM_CAP_SYNC_REGS) & SYNCED) != SYNCED)
        return reason_set(reason, ENOTSUP, "this kernel's KVM_CAP_SYNC_REGS lacks registers or events");
    bytes = ioctl(host->fd, KVM_GET_VCPU_MMAP_SIZE, 0);
    if (bytes < (int)sizeof(struct kvm_run))
        return reason_set(reason, ENOTSUP, "this kernel's kvm_run is too small");
    host->run_bytes = (size_t)bytes;
    host->quirks = (uint64_t)extension(host->fd, KVM_CAP_DISABLE_QUIRKS2) & QUIRKS;
    host->ring_most = (uint32_t)extension(host->fd, KVM_CAP_DIRTY_LOG_RING);
    host->manual_log = extension(host->fd, KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2) & 1;
    host->mode = find_mode();
    return 0;
}

int kvm_host_open(struct kvm_host *ret_host, struct reason *reason)
{
    struct kvm_host host = {.fd = open("/dev/kvm", O_RDWR | O_CLOEXEC)};
    int error;

    if (host.fd < 0 && (errno == ENOENT || errno == ENODEV || errno == ENXIO))
        return reason_set(reason, errno, "no /dev/kvm on this machine");
    if (host.fd < 0 && (errno == EACCES || errno == EPERM))
        return reason_set(reason, errno,
                          "no permission to open /dev/kvm: it takes root, or membership in its group");
    if (host.fd < 0)
        return reason_errno(reason, errno, "cannot open /dev/kvm");
    error = look(&host, reason);
    if (error) {
        close(host.fd);
        return error;
    }
    *ret_host = host;
    return 0;
}

void kvm_host_close(struct kvm_host *host)
{
    if (host->fd >= 0)
        close(host->fd);
    host->fd = -1;
}

static int retried(struct kvm_vm *vm, int fd, unsigned long request, void *argument)
{
    int result;

    do {
        vm->ioctls++;
        result = ioctl(fd, request, argument);
    } while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : result;
}

int kvm_vm_ioctl(struct kvm_vm *vm, unsigned long request, void *argument)
{
    return retried(vm, vm->fd, request, argument);
}

int kvm_cpu_ioctl(struct kvm_vm *vm, unsigned long request, void *argument)
{
    return retried(vm, vm->cpu, request, argument);
}

static int enable(struct kvm_vm *vm, bool of_cpu, uint32_t capability, uint64_t argument)
{
    struct kvm_enable_cap enabled = {.cap = capability, .args = {argument}};

    return of_cpu ? kvm_cpu_ioctl(vm, KVM_ENABLE_CAP, &enabled) : kvm_vm_ioctl(vm, KVM_ENABLE_CAP, &enabled);
}

/* Every model-specific register is #GP for the guest, but for reading the time stamp counter. */
static int filter_registers(struct kvm_vm *vm)
{
    static uint8_t one = 1;
    struct kvm_msr_filter filter = {
        .flags = KVM_MSR_FILTER_DEFAULT_DENY,
        .ranges[0] = {.flags = KVM_MSR_FILTER_READ, .nmsrs = 1, .base = MSR_TIME_STAMP, .bitmap = &one},
    };

    return kvm_vm_ioctl(vm, KVM_X86_SET_MSR_FILTER, &filter);
}

static int set_cpuid(struct kvm_vm *vm)
{
    struct {
        struct kvm_cpuid2 head;
        struct kvm_cpuid_entry2 entries[CPUID_LEAVES];
    } table = {.head.nent = CPUID_LEAVES};

    for (unsigned i = 0; i < CPUID_LEAVES; i++)
        table.entries[i] = (struct kvm_cpuid_entry2){.function = i,
                                                     .eax = cpuid_leaves[i].eax,
                                                     .ebx = cpuid_leaves[i].ebx,
                                                     .ecx = cpuid_leaves[i].ecx,
                                                     .edx = cpuid_leaves[i].edx};
    return kvm_cpu_ioctl(vm, KVM_SET_CPUID2, &table);
}

/* A fresh VM, with its descriptor. */
static int set_up(const struct kvm_host *host, uint32_t ring_bytes, struct kvm_vm *vm)
{
    int error = host->quirks ? enable(vm, false, KVM_CAP_DISABLE_QUIRKS2, host->quirks) : 0;

    if (error >= 0)
        error = enable(vm, false, KVM_CAP_X86_TRIPLE_FAULT_EVENT, 1);
    if (error >= 0)
        error = filter_registers(vm);
    if (error >= 0 && ring_bytes)
        error = enable(vm, false, KVM_CAP_DIRTY_LOG_RING, ring_bytes);
    if (error >= 0 && host->mode == KVM_MODE_VMX_REAL)
        error = kvm_vm_ioctl(vm, KVM_SET_TSS_ADDR, (void *)(uintptr_t)TASK_STATE);
    if (error >= 0)
        error = vm->cpu = kvm_vm_ioctl(vm, KVM_CREATE_VCPU, NULL);
    if (error >= 0)
        error = set_cpuid(vm);
    if (error >= 0)
        error = enable(vm, true, KVM_CAP_ENFORCE_PV_FEATURE_CPUID, 1);
    return error < 0 ? error : 0;
}

int kvm_vm_create(const struct kvm_host *host, uint32_t ring_bytes, struct kvm_vm *ret_vm,
                  struct reason *reason)
{
    struct kvm_vm vm = {.fd = -1, .cpu = -1};
    int error;

    do {
        vm.ioctls++;
        vm.fd = ioctl(host->fd, KVM_CREATE_VM, 0);
    } while (vm.fd < 0 && errno == EINTR);
    /* On many kernels each VM comes with a thread of the kernel. */
    if (vm.fd < 0)
        return spawn_refused(reason, errno, "cannot make a KVM VM");
    error = set_up(host, ring_bytes, &vm);
    if (error) {
        kvm_vm_destroy(host, &vm);
        return reason_errno(reason, -error, "cannot make a KVM VM with a vCPU");
    }
    *ret_vm = vm;
    return 0;
}

int kvm_vm_map(const struct kvm_host *host, struct kvm_vm *vm)
{
    void *run = mmap(NULL, host->run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vm->cpu, 0);

    if (run == MAP_FAILED)
        return -errno;
    vm->run = run;
    return 0;
}

void kvm_vm_unmap(const struct kvm_host *host, struct kvm_vm *vm)
{
    if (vm->run)
        munmap(vm->run, host->run_bytes);
    vm->run = NULL;
}

void kvm_vm_destroy(const struct kvm_host *host, struct kvm_vm *vm)
{
    kvm_vm_unmap(host, vm);
    if (vm->cpu >= 0)
        close(vm->cpu);
    if (vm->fd >= 0)
        close(vm->fd);
    vm->cpu = vm->fd = -1;
}
