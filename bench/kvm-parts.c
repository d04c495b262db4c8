/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the kernel takes for the parts of a KVM VM that never runs: makes so many of each kind in one process
 * and prints the bytes of one. A VM's directory in debugfs is a part of its own, as VMs can be made without.
 */
#include "base/reason.h"
#include "host/reading.h"
#include "host/resource.h"
#include "host/survive.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOVED = 16, MEMORY = 1 << 20 };

enum part { DEBUGFS = 1, IRQCHIP = 2, VCPU = 4, SLOT = 8, SLOT_TOO = 16, RUN_MAPPED = 32 };

static const struct kind {
    const char *name;
    unsigned parts, more_than; /* `more_than`: the parts of the one that it is compared with */
} kinds[] = {
    {"vm", 0, 0},
    {"debugfs", DEBUGFS, 0},
    {"vcpu", VCPU, 0},
    {"slot", VCPU | SLOT, VCPU},
    {"slot_too", VCPU | SLOT | SLOT_TOO, VCPU | SLOT},
    {"run_mapped", VCPU | RUN_MAPPED, VCPU},
    {"irqchip", IRQCHIP | VCPU, VCPU},
};

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "kvm-parts: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int moved(int descriptor)
{
    int to = fcntl(descriptor, F_DUPFD_CLOEXEC, MOVED);

    if (to < 0)
        fail("a descriptor");
    close(descriptor);
    return to;
}

static void set_slot(int vm, unsigned slot, uint64_t address, void *memory)
{
    struct kvm_userspace_memory_region region = {
        .slot = slot, .guest_phys_addr = address, .memory_size = MEMORY, .userspace_addr = (uintptr_t)memory};

    if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region) < 0)
        fail("a memory slot");
}

static void make(int kvm, unsigned parts, void *memory)
{
    int vm = ioctl(kvm, KVM_CREATE_VM, 0), vcpu;

    if (vm < 0)
        fail("a VM");
    if (!(parts & DEBUGFS))
        vm = moved(vm);
    if (parts & IRQCHIP && ioctl(vm, KVM_CREATE_IRQCHIP, 0) < 0)
        fail("an interrupt chip");
    if (parts & VCPU) {
        vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
        if (vcpu < 0)
            fail("a vCPU");
        vcpu = moved(vcpu);
        if (parts & RUN_MAPPED && mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0) == MAP_FAILED)
            fail("kvm_run");
    }
    if (parts & SLOT)
        set_slot(vm, 0, 0, memory);
    if (parts & SLOT_TOO)
        set_slot(vm, 1, MEMORY, memory);
}

static double available(struct sampler *sampler)
{
    struct host_reading reading;

    sampler_refresh(sampler);
    if (sampler_read(sampler, &reading, NULL) < 0)
        fail("reading the host");
    return (double)host_memory_available(&reading.memory);
}

/* In a child, which takes its VMs along when it ends. */
static double measure(unsigned parts, unsigned count)
{
    int pipe_ends[2];
    double bytes = 0;

    if (pipe(pipe_ends) < 0)
        fail("a pipe");
    pid_t pid = fork();

    if (pid == 0) {
        struct sampler *sampler;
        int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
        void *memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (kvm < 0 || memory == MAP_FAILED || sampler_open(&sampler, "", NULL) < 0)
            fail("/dev/kvm");
        for (unsigned i = 0; i < count / 10; i++) /* for what is there once */
            make(kvm, parts, memory);
        double before = available(sampler);

        for (unsigned i = 0; i < count; i++)
            make(kvm, parts, memory);
        sleep(1);
        bytes = (before - available(sampler)) / count;
        exit(write(pipe_ends[1], &bytes, sizeof(bytes)) != sizeof(bytes));
    }
    close(pipe_ends[1]);
    if (pid < 0 || read(pipe_ends[0], &bytes, sizeof(bytes)) != sizeof(bytes))
        exit(1); /* the child has said why */
    close(pipe_ends[0]);
    waitpid(pid, NULL, 0);
    sleep(1);
    return bytes;
}

int main(int argc, char **argv)
{
    unsigned count = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1000;
    double bytes[64] = {0};
    uint64_t files;

    host_raise_file_limit(UINT64_MAX, &files, NULL);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const struct kind *kind = &kinds[i];
        double all = bytes[kind->parts] = measure(kind->parts, count);

        printf("%s=%.0f\n", kind->name, kind->parts ? all - bytes[kind->more_than] : all);
        fflush(stdout);
    }
    return 0;
}
