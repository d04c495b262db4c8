/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Boots random and mutated sectors, those of fuzz-sectors, on KVM, in slices between which a neighbour runs:
 * in a shell, where they are packed and laid again (class T), or with --resident in a KVM VM each (class A).
 * Nothing may be left of them, the neighbour stays as it is, a state stays sane, and KVM never gives up on
 * its own ways.
 *
 *   fuzz-kvm [--resident] [--seed N] [--first N] [--count N] [--seconds S] [--tell] [IMAGE...]
 *
 * --tell names each case when it is over: in the laboratory some cases end QEMU, which is its processor.
 */
#include "fuzz-kvm.h"
#include "../fuzz/case.h"
#include "base/clock.h"
#include "base/reason.h"
#include "vmm/shard.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BOOT_SECTOR = 0x7c00,
    SLICES = 12, /* of a case, at most */
    SLICE = 50000,
    PAINT = 0x3c,
    PAINTED = 0x8000,
    PAINTED_BYTES = 0x4000,
};

static const struct fuzz_home *home = &fuzz_in_shell;
static uint8_t disk[CASE_SECTOR];
static uint64_t epoch, number;
static unsigned ends[VM_STOP_COUNT], halted, unfinished, resets;

void fuzz_fail(const char *what)
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

static struct machine_bases *make_bases(uint32_t mib)
{
    uint8_t *memory = calloc(mib, MEMORY_MIB);
    struct machine_bases *bases;
    struct machine_state state;
    struct reason reason = {""};

    if (!memory)
        fuzz_fail("no memory");
    shard_power_on(&state, memory, mib, disk, 0x80);
    if (machine_bases_create(&state, memory, mib * MEMORY_MIB, &bases, &reason) < 0)
        fuzz_fail(reason.text);
    free(memory);
    return bases;
}

void fuzz_put_sector(struct context *context, const uint8_t *sector)
{
    for (uint32_t i = 0; i < FUZZ_SECTOR; i++)
        memory_write8(&context->memory, BOOT_SECTOR + i, sector[i]);
    context_now(context);
    board_reset(context, 0x80);
    board_resume(context);
    context->leave = context->reset = false;
    context->output_count = 0;
}

/* INC EBX; JMP back: runs on in a memory that is painted, and changes nothing else. */
void fuzz_make_neighbour(struct context *context)
{
    static const uint8_t code[] = {0x66, 0x43, 0xeb, 0xfc};
    uint8_t sector[FUZZ_SECTOR] = {0};

    memcpy(sector, code, sizeof(code));
    fuzz_put_sector(context, sector);
    for (uint32_t i = 0; i < PAINTED_BYTES; i++)
        memory_write8(&context->memory, PAINTED + i, PAINT);
    memset(context->state.cpu.gpr, PAINT, sizeof(context->state.cpu.gpr));
    context->state.cpu.seg[SEG_CS] = (struct cpu_segment){.limit = 0xffff, .access = 0x9b};
    context->state.cpu.eip = BOOT_SECTOR;
}

void fuzz_check_neighbour(const struct context *context, const struct cpu_state *before)
{
    struct cpu_state expected = *before;

    for (uint32_t i = 0; i < PAINTED_BYTES; i++)
        if (context->memory.bytes[PAINTED + i] != PAINT)
            fuzz_fail("a neighbour's memory has changed");
    expected.gpr[REG_BX] = context->state.cpu.gpr[REG_BX];
    expected.eip = context->state.cpu.eip;
    expected.eflags = (expected.eflags & ~0x8d5u) | (context->state.cpu.eflags & 0x8d5);
    if (memcmp(&expected, &context->state.cpu, sizeof(expected)) != 0 || expected.eip - BOOT_SECTOR > 2)
        fuzz_fail("a neighbour's registers have changed");
}

void fuzz_go_on(struct context *context)
{
    context_now(context);
    board_resume(context);
    context->leave = context->reset = false;
}

static void run_case(const struct fuzz_case *fuzz)
{
    memcpy(disk, fuzz->sector, sizeof(disk));
    struct context *context = home->boot(fuzz->sector);
    size_t sent = 0;

    for (unsigned i = 0; i < SLICES; i++) {
        context_now(context);
        board_advance(context);
        sent += board_receive(context, fuzz->input + sent, fuzz->input_count - sent);
        enum cpu_exit end = home->run(context, SLICE);

        context->output_count = 0;
        if (end == CPU_STOPPED) {
            ends[context->state.stop]++;
            if (context->state.stop == VM_STOP_HOST)
                printf("case %llu: KVM gave up (%#x)\n", (unsigned long long)number,
                       context->state.stop_detail);
            home->take_off(context);
            return;
        }
        if (end == CPU_HALTED && board_next_event(context) == BOARD_NEVER) {
            halted++;
            home->take_off(context);
            return;
        }
        if (context->reset) {
            resets++;
            context = home->reset(context, fuzz->sector);
        }
        if (!machine_state_is_sane(&context->state))
            fuzz_fail("it came into a state that counts as impossible");
        context = home->repack(context);
    }
    unfinished++;
    home->take_off(context);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"seed", 1, NULL, 's'},
                                            {"count", 1, NULL, 'c'},
                                            {"seconds", 1, NULL, 't'},
                                            {"first", 1, NULL, 'f'},
                                            {"tell", 0, NULL, 'e'},
                                            {"resident", 0, NULL, 'r'},
                                            {0}};
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
        else if (option == 'r')
            home = &fuzz_resident;
        else if (option == 'f')
            first = strtoull(optarg, NULL, 0);
        else
            return 2;
    }
    while (optind < argc)
        corpus_load(argv[optind++], &corpus);
    struct machine_bases *bases = make_bases(1);
    const struct context template = {.clock = monotonic,
                                     .wall_offset = 1700000000,
                                     .disk = {.bytes = disk, .size = sizeof(disk)},
                                     .output_limit = 1 << 16};

    epoch = clock_now_ns();
    home->open(bases, &template);
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
    home->close();
    machine_bases_free(bases);
    corpus_release(&corpus);
    return 0;
}
