/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a wake on KVM takes, with each of the ways to find the memory that a guest wrote and to move
 * registers: one machine is laid, sent a byte, run until it sleeps again, and taken off, again and again. The
 * ways take turns, so that what the host does meanwhile hits all of them. Prints a line of NAME=VALUE pairs
 * for each.
 *
 *   kvm-wakes IMAGE [ROUNDS [WAKES]]
 */
#include "base/clock.h"
#include "base/reason.h"
#include "vmm/board.h"
#include "vmm/cpu_kvm.h"
#include "vmm/machine.h"
#include "vmm/shard.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECTOR = 512, PACKED_ROOM = 1 << 20, ROUNDS_MOST = 1000, SLICE = 1 << 30 };

static const struct {
    const char *name;
    struct cpu_kvm_ways ways;
} kinds[] = {
    {"ring", {.dirty = KVM_DIRTY_RING}},
    {"log", {.dirty = KVM_DIRTY_LOG}},
    {"compare", {.dirty = KVM_DIRTY_COMPARE}},
    {"log_and_an_ioctl_each", {.dirty = KVM_DIRTY_LOG, .set_all = true}},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static uint64_t epoch;
static struct machine_bench *bench;
static uint8_t packed[PACKED_ROOM];

_Noreturn static void fail(const char *what)
{
    fprintf(stderr, "kvm-wakes: %s\n", what);
    exit(1);
}

static uint64_t monotonic(void *context)
{
    (void)context;
    return clock_now_ns() - epoch;
}

static void set_up(const char *path)
{
    static uint8_t image[SECTOR], memory[MEMORY_MIB];
    struct machine_bases *bases;
    struct machine_state state;
    struct reason reason = {""};
    FILE *file = fopen(path, "rb");

    if (!file || fread(image, sizeof(image), 1, file) != 1)
        fail(path);
    fclose(file);
    epoch = clock_now_ns();
    shard_power_on(&state, memory, 1, image, 0x80);
    if (machine_bases_create(&state, memory, sizeof(memory), &bases, &reason) < 0 ||
        machine_bench_create(bases, &bench, &reason) < 0)
        fail(reason.text);
    struct context *template = machine_bench_template(bench);

    template->clock = monotonic;
    template->disk = (struct disk_content){.bytes = image, .size = sizeof(image)};
}

static void run(struct cpu *cpu, struct context *context)
{
    while (true) {
        enum cpu_exit end = cpu_kvm.run(cpu, context, SLICE);

        context->leave = false;
        context->output_count = 0;
        if (end == CPU_HALTED)
            return;
        if (end == CPU_STOPPED || context->reset)
            fail("the guest does not sleep");
    }
}

/* Boots the guest until it sleeps; returns its packed size. */
static size_t boot(struct cpu *cpu)
{
    struct context *context = machine_lay_reset(bench);

    context_now(context);
    board_reset(context, 0x80);
    board_resume(context);
    run(cpu, context);
    size_t size = machine_pack(bench, context, packed, sizeof(packed));

    if (size > sizeof(packed))
        fail("the guest is too large");
    machine_unlay(bench, context);
    return size;
}

/* The byte begins no request that the guest would answer. */
static void wake(struct cpu *cpu, size_t size)
{
    static uint8_t ignored[PACKED_ROOM];
    int error;
    struct context *context = machine_lay(bench, packed, size, &error);

    context_now(context);
    board_resume(context);
    if (board_receive(context, (const uint8_t *)"\n", 1) != 1)
        fail("the guest takes no byte");
    run(cpu, context);
    (void)machine_pack(bench, context, ignored, sizeof(ignored));
    machine_unlay(bench, context);
}

static int compare_numbers(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

int main(int argc, char **argv)
{
    static double ns[KINDS][ROUNDS_MOST];
    struct cpu *cpus[KINDS];
    struct reason reason = {""};
    unsigned rounds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 15;
    unsigned wakes = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 200;
    uint64_t ioctls[KINDS];
    size_t size = 0;

    if (argc < 2 || rounds < 1 || rounds > ROUNDS_MOST || wakes < 1)
        fail("usage: kvm-wakes IMAGE [ROUNDS [WAKES]]");
    set_up(argv[1]);
    for (unsigned i = 0; i < KINDS; i++) {
        if (cpu_kvm_create(&kinds[i].ways, &cpus[i], &reason) < 0)
            fail(reason.text);
        size = boot(cpus[i]);
        wake(cpus[i], size);
        ioctls[i] = cpu_kvm.counts(cpus[i])->ioctls;
    }
    for (unsigned round = 0; round < rounds; round++)
        for (unsigned i = 0; i < KINDS; i++) {
            uint64_t begin = clock_now_ns();

            for (unsigned n = 0; n < wakes; n++)
                wake(cpus[i], size);
            ns[i][round] = (double)(clock_now_ns() - begin) / wakes;
        }
    double first = 0;

    for (unsigned i = 0; i < KINDS; i++) {
        qsort(ns[i], rounds, sizeof(ns[i][0]), compare_numbers);
        double median = ns[i][rounds / 2];

        first = i == 0 ? median : first;
        printf("way=%s us_a_wake=%.1f least=%.1f most=%.1f by_first=%.2f ioctls_a_wake=%.2f\n", kinds[i].name,
               median / 1e3, ns[i][0] / 1e3, ns[i][rounds - 1] / 1e3, median / first,
               (double)(cpu_kvm.counts(cpus[i])->ioctls - ioctls[i]) / ((double)rounds * wakes));
        cpu_kvm.destroy(cpus[i]);
    }
    return 0;
}
