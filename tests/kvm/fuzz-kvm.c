/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Boots random and mutated sectors, those of fuzz-sectors, on KVM: in slices, packed and laid again after
 * each, with a neighbour in the same shell in between. Nothing may be left in the memory, the neighbour stays
 * as it is, a state stays sane, and KVM never gives up on its own ways.
 *
 *   fuzz-kvm [--seed N] [--first N] [--count N] [--seconds S] [--tell] [IMAGE...]
 *
 * --tell names each case when it is over: in the laboratory some cases end QEMU, which is its processor.
 */
#include "../fuzz/case.h"
#include "base/clock.h"
#include "base/reason.h"
#include "vmm/board.h"
#include "vmm/cpu.h"
#include "vmm/machine.h"
#include "vmm/shard.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BOOT_SECTOR = 0x7c00,
    SLICES = 12, /* of a case, at most */
    SLICE = 50000,
    PACKED_MOST = 4 << 20,
    PAINT = 0x3c,
    PAINTED = 0x8000,
    PAINTED_BYTES = 0x4000,
};

static struct machine_bases *bases;
static struct machine_bench *bench;
static struct cpu *cpu;
static uint8_t disk[CASE_SECTOR], *packed;
static uint64_t epoch, number;
static unsigned ends[VM_STOP_COUNT], halted, unfinished, resets;

static void fail(const char *what)
{
    fflush(stdout);
    fprintf(stderr, "fuzz-kvm: case %llu: %s\n", (unsigned long long)number, what);
    exit(1);
}

static uint64_t monotonic(void *context)
{
    (void)context;
    return clock_now_ns() - epoch;
}

static void open_machine(uint32_t mib)
{
    uint8_t *memory = calloc(mib, MEMORY_MIB);
    struct machine_state state;
    struct reason reason = {""};

    packed = malloc(PACKED_MOST);
    if (!memory || !packed)
        fail("no memory");
    epoch = clock_now_ns();
    shard_power_on(&state, memory, mib, disk, 0x80);
    if (machine_bases_create(&state, memory, mib * MEMORY_MIB, &bases, &reason) < 0 ||
        machine_bench_create(bases, &bench, &reason) < 0 || cpu_kvm.create(&cpu, &reason) < 0)
        fail(reason.text);
    struct context *template = machine_bench_template(bench);

    template->clock = monotonic;
    template->wall_offset = 1700000000;
    template->disk = (struct disk_content){.bytes = disk, .size = sizeof(disk)};
    template->output_limit = 1 << 16;
    free(memory);
}

static struct context *lay_reset(const uint8_t *sector)
{
    struct context *context = machine_lay_reset(bench);

    for (uint32_t i = 0; i < CASE_SECTOR; i++)
        memory_write8(&context->memory, BOOT_SECTOR + i, sector[i]);
    context_now(context);
    board_reset(context, 0x80);
    board_resume(context);
    context->leave = context->reset = false;
    context->output_count = 0;
    return context;
}

static void take_off(struct context *context)
{
    machine_unlay(bench, context);
    if (memcmp(context->memory.bytes, context->memory.base, context->memory.size) != 0)
        fail("something is left in the memory");
}

/* INC EBX; JMP back: runs on in a memory that is painted, and changes nothing else. */
static void visit_neighbour(void)
{
    static const uint8_t code[] = {0x66, 0x43, 0xeb, 0xfc};
    uint8_t sector[CASE_SECTOR] = {0};
    struct cpu_state before;

    memcpy(sector, code, sizeof(code));
    struct context *context = lay_reset(sector);

    for (uint32_t i = 0; i < PAINTED_BYTES; i++)
        memory_write8(&context->memory, PAINTED + i, PAINT);
    memset(context->state.cpu.gpr, PAINT, sizeof(context->state.cpu.gpr));
    context->state.cpu.seg[SEG_CS] = (struct cpu_segment){.limit = 0xffff, .access = 0x9b};
    context->state.cpu.eip = BOOT_SECTOR;
    before = context->state.cpu;
    if (cpu_kvm.run(cpu, context, 5000) != CPU_SLICE)
        fail("a neighbour does not run on");
    for (uint32_t i = 0; i < PAINTED_BYTES; i++)
        if (context->memory.bytes[PAINTED + i] != PAINT)
            fail("a neighbour's memory has changed");
    before.gpr[REG_BX] = context->state.cpu.gpr[REG_BX];
    before.eip = context->state.cpu.eip;
    before.eflags = (before.eflags & ~0x8d5u) | (context->state.cpu.eflags & 0x8d5);
    if (memcmp(&before, &context->state.cpu, sizeof(before)) != 0 || before.eip - BOOT_SECTOR > 2)
        fail("a neighbour's registers have changed");
    take_off(context);
}

static struct context *repack(struct context *context)
{
    struct machine_state state = context->state;
    size_t size = machine_pack(bench, context, packed, PACKED_MOST);
    int error;

    if (!machine_state_is_sane(&state))
        fail("it came into a state that counts as impossible");
    take_off(context);
    visit_neighbour();
    context = machine_lay(bench, packed, size, &error);
    if (!context || memcmp(&state, &context->state, sizeof(state)) != 0)
        fail("its state is not as it was before packing");
    context_now(context);
    board_resume(context);
    context->leave = context->reset = false;
    return context;
}

static void run_case(const struct fuzz_case *fuzz)
{
    memcpy(disk, fuzz->sector, sizeof(disk));
    struct context *context = lay_reset(fuzz->sector);
    size_t sent = 0;

    for (unsigned i = 0; i < SLICES; i++) {
        context_now(context);
        board_advance(context);
        sent += board_receive(context, fuzz->input + sent, fuzz->input_count - sent);
        enum cpu_exit end = cpu_kvm.run(cpu, context, SLICE);

        context->output_count = 0;
        if (end == CPU_STOPPED) {
            ends[context->state.stop]++;
            if (context->state.stop == VM_STOP_HOST)
                printf("case %llu: KVM gave up (%#x)\n", (unsigned long long)number,
                       context->state.stop_detail);
            take_off(context);
            return;
        }
        if (end == CPU_HALTED && board_next_event(context) == BOARD_NEVER) {
            halted++;
            take_off(context);
            return;
        }
        if (context->reset) {
            resets++;
            take_off(context);
            context = lay_reset(fuzz->sector);
        }
        context = repack(context);
    }
    unfinished++;
    take_off(context);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"seed", 1, NULL, 's'},    {"count", 1, NULL, 'c'},
                                            {"seconds", 1, NULL, 't'}, {"first", 1, NULL, 'f'},
                                            {"tell", 0, NULL, 'e'},    {0}};
    uint64_t seed = 1, count = 1000, first = 0, begin = clock_now_ns();
    struct corpus corpus = {0};
    double seconds = 1e9;
    bool tell = false;

    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 's')
            seed = strtoull(optarg, NULL, 0);
        else if (option == 'c')
            count = strtoull(optarg, NULL, 0);
        else if (option == 't')
            seconds = strtod(optarg, NULL);
        else if (option == 'e')
            tell = true;
        else if (option == 'f')
            first = strtoull(optarg, NULL, 0);
        else
            return 2;
    }
    while (optind < argc)
        corpus_load(argv[optind++], &corpus);
    open_machine(1);
    for (number = first; number < first + count && (double)(clock_now_ns() - begin) / 1e9 < seconds;
         number++) {
        struct fuzz_case fuzz;

        case_make(&fuzz, seed, number, &corpus);
        run_case(&fuzz);
        if (tell) { /* where it was, should the host die of it */
            printf("case %llu\n", (unsigned long long)number);
            fflush(stdout);
        }
    }
    printf("%llu cases: %u halted, %u ran on, %u resets; stopped:", (unsigned long long)(number - first),
           halted, unfinished, resets);
    for (unsigned i = 1; i < VM_STOP_COUNT; i++)
        printf(" %u", ends[i]);
    printf("\n");
    cpu_kvm.destroy(cpu);
    machine_bench_free(bench);
    machine_bases_free(bases);
    corpus_release(&corpus);
    return 0;
}
