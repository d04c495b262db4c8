/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Class T: packed at the end of each slice, with the neighbour in the same shell in between. */
#include "fuzz-kvm.h"

#include "base/reason.h"

#include <stdlib.h>
#include <string.h>

static struct machine_bench *bench;
static struct cpu *cpu;
static uint8_t *packed;

static void open_shell(struct machine_bases *bases, const struct context *template)
{
    struct reason reason = {""};

    packed = malloc(FUZZ_PACKED_MOST);
    if (!packed)
        fuzz_fail("no memory");
    if (machine_bench_create(bases, &bench, &reason) < 0 || cpu_kvm.create(&cpu, &reason) < 0)
        fuzz_fail(reason.text);
    struct context *own = machine_bench_template(bench);

    own->clock = template->clock;
    own->wall_offset = template->wall_offset;
    own->disk = template->disk;
    own->output_limit = template->output_limit;
}

static struct context *boot(const uint8_t *sector)
{
    struct context *context = machine_lay_reset(bench);

    fuzz_put_sector(context, sector);
    return context;
}

static void take_off(struct context *context)
{
    machine_unlay(bench, context);
    if (memcmp(context->memory.bytes, context->memory.base, context->memory.size) != 0)
        fuzz_fail("something is left in the memory");
}

static struct context *reset(struct context *context, const uint8_t *sector)
{
    take_off(context);
    return boot(sector);
}

static enum cpu_exit run(struct context *context, uint64_t slice)
{
    return cpu_kvm.run(cpu, context, slice);
}

static void visit_neighbour(void)
{
    struct context *context = machine_lay_reset(bench);
    struct cpu_state before;

    fuzz_make_neighbour(context);
    before = context->state.cpu;
    if (run(context, 5000) != CPU_SLICE)
        fuzz_fail("a neighbour does not run on");
    fuzz_check_neighbour(context, &before);
    take_off(context);
}

static struct context *repack(struct context *context)
{
    struct machine_state state = context->state;
    size_t size = machine_pack(bench, context, packed, FUZZ_PACKED_MOST);
    int error;

    take_off(context);
    visit_neighbour();
    context = machine_lay(bench, packed, size, &error);
    if (!context || memcmp(&state, &context->state, sizeof(state)) != 0)
        fuzz_fail("its state is not as it was before packing");
    fuzz_go_on(context);
    return context;
}

static void close_shell(void)
{
    cpu_kvm.destroy(cpu);
    machine_bench_free(bench);
    free(packed);
}

const struct fuzz_home fuzz_in_shell = {.open = open_shell,
                                        .boot = boot,
                                        .reset = reset,
                                        .run = run,
                                        .repack = repack,
                                        .take_off = take_off,
                                        .close = close_shell};
