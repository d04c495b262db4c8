/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * No byte passes from a tenant of a shell to the next. Each image that leaves something (leave.asm) runs on a
 * CPU before the one that looks (look.asm); what that finds, its registers and all of its memory must be what
 * they are when it is the first. Output is TAP.
 *
 *   tenants LOOK LEAVE...
 */
#include "base/clock.h"
#include "base/reason.h"
#include "vmm/board.h"
#include "vmm/cpu.h"
#include "vmm/machine.h"
#include "vmm/shard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SECTOR = 512,
    MIB = 2,
    DRIVE = 0x80,
    BOOT_SECTOR = 0x7c00,
    FOUND = 0x20000, /* where the looker writes */
    SAVED = FOUND + 0x100,
    FXSAVED = FOUND + 0x200,
    GOOD_AT = FOUND + 0x70,
    GOOD = 0x600d,
    SLICES = 400, /* of a leaver, at most */
    ROUNDS = 3,
};

static struct machine_bases *bases;
static struct machine_bench *bench;

static uint64_t monotonic(void *epoch)
{
    return clock_now_ns() - *(uint64_t *)epoch;
}

static void fail(const char *what)
{
    fprintf(stderr, "tenants: %s\n", what);
    exit(2);
}

static void load(const char *path, uint8_t *image)
{
    FILE *file = fopen(path, "rb");

    if (!file || fread(image, SECTOR, 1, file) != 1)
        fail(path);
    fclose(file);
}

static void set_up(void)
{
    static uint64_t epoch;
    static uint8_t empty[SECTOR], memory[MIB * MEMORY_MIB];
    struct machine_state state;
    struct reason reason = {""};

    shard_power_on(&state, memory, MIB, empty, DRIVE);
    if (machine_bases_create(&state, memory, sizeof(memory), &bases, &reason) < 0 ||
        machine_bench_create(bases, &bench, &reason) < 0)
        fail(reason.text);
    epoch = clock_now_ns();
    struct context *template = machine_bench_template(bench);

    template->clock = monotonic;
    template->clock_context = &epoch;
    template->wall_offset = 1700000000;
    template->disk = (struct disk_content){.bytes = empty, .size = sizeof(empty)};
}

/* The machine at reset, but that it is about to execute `image`. */
static struct context *lay(const uint8_t *image)
{
    struct context *context = machine_lay_reset(bench);

    context_now(context);
    board_reset(context, DRIVE);
    board_resume(context);
    context->leave = context->reset = false;
    context->output_count = 0;
    for (uint32_t i = 0; i < SECTOR; i++)
        memory_write8(&context->memory, BOOT_SECTOR + i, image[i]);
    context->state.cpu.seg[SEG_CS] = (struct cpu_segment){.limit = 0xffff, .access = 0x9b};
    context->state.cpu.eip = BOOT_SECTOR;
    return context;
}

static enum cpu_exit run(struct cpu *cpu, struct context *context, uint64_t slice, unsigned slices)
{
    enum cpu_exit end = CPU_SLICE;

    for (unsigned i = 0; i < slices && end == CPU_SLICE; i++) {
        context_now(context);
        board_advance(context);
        context->slice_ends_ns = 0;
        end = cpu_kvm.run(cpu, context, slice);
    }
    return end;
}

struct found {
    struct cpu_state cpu;
    uint8_t *memory;
    enum vm_stop stop;
    bool whole;
};

/* Where the last instruction of the coprocessor and its operand were: on processors of AMD the kernel itself
 * overwrites them, with addresses of its own (X86_BUG_FXSAVE_LEAK in Linux). */
static void forget_pointers(uint8_t *memory)
{
    memset(memory + SAVED + 6, 0, 8); /* as FNSAVE stores them in real mode */
    memset(memory + FXSAVED + 6, 0, 18);
}

static void look(struct cpu *cpu, const uint8_t *image, struct found *found)
{
    struct context *context = lay(image);
    uint16_t good;

    run(cpu, context, 100000, SLICES);
    found->cpu = context->state.cpu;
    found->stop = (enum vm_stop)context->state.stop;
    memcpy(found->memory, context->memory.bytes, context->memory.size);
    forget_pointers(found->memory);
    memcpy(&good, found->memory + GOOD_AT, sizeof(good));
    found->whole = good == GOOD;
    machine_unlay(bench, context);
}

/* False: something of it is still in the memory. */
static bool leave(struct cpu *cpu, const uint8_t *image, uint64_t slice, unsigned slices)
{
    struct context *context = lay(image);

    run(cpu, context, slice, slices);
    machine_unlay(bench, context);
    return memcmp(context->memory.bytes, context->memory.base, context->memory.size) == 0;
}

static bool compare(const struct found *first, const struct found *found)
{
    bool same = true;

    if (!found->whole || found->stop != first->stop) {
        printf("# it did not come to its end: stop %d, not %d\n", found->stop, first->stop);
        same = false;
    }
    for (uint32_t i = 0; i < sizeof(first->cpu); i++)
        if (((const uint8_t *)&first->cpu)[i] != ((const uint8_t *)&found->cpu)[i]) {
            printf("# byte %u of its registers is %02x, not %02x\n", i, ((const uint8_t *)&found->cpu)[i],
                   ((const uint8_t *)&first->cpu)[i]);
            same = false;
        }
    for (uint32_t i = 0, told = 0; i < MIB * MEMORY_MIB && told < 20; i++)
        if (first->memory[i] != found->memory[i]) {
            printf("# memory at %05xh is %02x, not %02x\n", i, found->memory[i], first->memory[i]);
            same = false;
            told++;
        }
    return same;
}

static struct cpu *open_cpu(void)
{
    struct reason reason = {""};
    struct cpu *cpu;

    if (cpu_kvm.create(&cpu, &reason) < 0)
        fail(reason.text);
    return cpu;
}

int main(int argc, char **argv)
{
    /* Whole, and cut off after a while at no place in particular. */
    static const struct {
        uint64_t slice;
        unsigned slices;
    } ends[ROUNDS] = {{500000, 20}, {10000, 7}, {40000, 1}};
    uint8_t looker[SECTOR], leaver[SECTOR];
    struct found first = {.memory = malloc(MIB * MEMORY_MIB)}, found = {.memory = malloc(MIB * MEMORY_MIB)};
    unsigned number = 0, failures = 0;

    if (argc < 3 || !first.memory || !found.memory)
        fail("usage: tenants LOOK LEAVE...");
    set_up();
    load(argv[1], looker);
    struct cpu *alone = open_cpu(), *shared = open_cpu();

    look(alone, looker, &first);
    cpu_kvm.destroy(alone);
    printf("TAP version 13\n");
    printf("%s %u - the one that looks comes to its end\n", first.whole ? "ok" : "not ok", ++number);
    failures += !first.whole;
    for (int i = 2; i < argc; i++) {
        bool clean = true;

        load(argv[i], leaver);
        for (unsigned round = 0; round < ROUNDS; round++) {
            if (!leave(shared, leaver, ends[round].slice, ends[round].slices)) {
                printf("# something of it is left in the memory\n");
                clean = false;
            }
            look(shared, looker, &found);
            clean = compare(&first, &found) && clean;
        }
        printf("%s %u - nothing is left of %s\n", clean ? "ok" : "not ok", ++number, argv[i]);
        fflush(stdout);
        failures += !clean;
    }
    printf("1..%u\n", number);
    cpu_kvm.destroy(shared);
    machine_bench_free(bench);
    machine_bases_free(bases);
    free(first.memory);
    free(found.memory);
    return failures > 0;
}
