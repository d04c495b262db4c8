/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernel's KVM (Documentation/virt/kvm/api.rst in the kernel's source), as far as our machine needs it:
 * a KVM VM is one vCPU that has no interrupt chip, answers CPUID as cpuid.h says, and may touch no
 * model-specific register but the time stamp counter.
 */
#ifndef MVM_VMM_KVM_H
#define MVM_VMM_KVM_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reason;

/* How the hardware runs real mode. */
enum kvm_mode {
    KVM_MODE_SVM,      /* AMD: real mode is a mode like others */
    KVM_MODE_VMX,      /* Intel with unrestricted guest: the same */
    KVM_MODE_VMX_REAL, /* Intel without: virtual-8086 mode, and KVM emulates what that cannot do */
    KVM_MODE_OTHER,
};

/* /dev/kvm, opened and found to have what we need. */
struct kvm_host {
    int fd;
    enum kvm_mode mode;
    size_t run_bytes;   /* of struct kvm_run and what lies behind it */
    uint64_t quirks;    /* to be switched off in each VM */
    uint32_t ring_most; /* bytes that a dirty ring may have; 0: there are none */
    bool manual_log;    /* the dirty log can be read without being cleared */
};

/* Opens /dev/kvm. -ENOENT, -EACCES, -ENOTSUP or another error, with a sentence. */
int kvm_host_open(struct kvm_host *ret_host, struct reason *reason);
void kvm_host_close(struct kvm_host *host);

/* True where no more than single instructions are KVM's to emulate. */
static inline bool kvm_mode_is_hardware(enum kvm_mode mode)
{
    return mode == KVM_MODE_SVM || mode == KVM_MODE_VMX;
}

/* "SVM", "VMX with unrestricted guest", "VMX without unrestricted guest", "other". */
const char *kvm_mode_name(enum kvm_mode mode);

struct kvm_vm {
    int fd;
    int cpu;             /* the vCPU's descriptor */
    struct kvm_run *run; /* NULL while it is not mapped */
    bool completes;      /* the guest is within an instruction that the next KVM_RUN completes */
    uint8_t places;      /* memory slots in use */
    uint32_t ioctls;     /* made since somebody took them for a counter; see kvm_vm_take_ioctls() */
};

/*
 * Makes a KVM VM with one vCPU and no memory, kvm_run not mapped. `ring_bytes`: of a dirty ring, a power of
 * two; 0: none. -ENOMEM, -EMFILE, -ENOSPC, ... with a sentence; nothing is left then.
 */
int kvm_vm_create(const struct kvm_host *host, uint32_t ring_bytes, struct kvm_vm *ret_vm,
                  struct reason *reason);
/* Unmaps and closes. An empty one ({.fd = -1, .cpu = -1}) is fine. */
void kvm_vm_destroy(const struct kvm_host *host, struct kvm_vm *vm);

/* kvm_run is needed for kvm_run.h, and keeps its content while it is not mapped. -errno. */
int kvm_vm_map(const struct kvm_host *host, struct kvm_vm *vm);
void kvm_vm_unmap(const struct kvm_host *host, struct kvm_vm *vm);

/* ioctl() on the VM or its vCPU, tried again when a signal comes; 0 or more, or -errno. */
int kvm_vm_ioctl(struct kvm_vm *vm, unsigned long request, void *argument);
int kvm_cpu_ioctl(struct kvm_vm *vm, unsigned long request, void *argument);
/* How many of them, and KVM_RUNs, there were since the last call. */
static inline unsigned kvm_vm_take_ioctls(struct kvm_vm *vm)
{
    unsigned ioctls = vm->ioctls;

    vm->ioctls = 0;
    return ioctls;
}

#endif
