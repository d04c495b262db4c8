/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stage.h"

#include "base/reason.h"
#include "vmm/shard.h"

#include <stdlib.h>
#include <string.h>

enum {
    BOOT_SECTOR = 0x7c00,
    SLEEPS_MOST = 1000,    /* between two slices that execute something */
    PACKED_MOST = 4 << 20, /* more than any machine here is packed to */
};
#define NS_AT_BEGIN UINT64_C(123456789)

static uint64_t counted(void *argument)
{
    const struct stage *stage = argument;

    return stage->skipped_ns + (stage_instructions(stage) + (stage->running ? stage->cpu->executed : 0)) *
                                   (stage->fuzz ? stage->fuzz->ns_per_instruction : 100);
}

void stage_open(struct stage *stage, uint32_t memory_mib, uint8_t drive, uint8_t paint)
{
    struct machine_state state;
    struct reason reason = {""};
    uint8_t *memory = malloc((size_t)memory_mib * MEMORY_MIB);

    *stage = (struct stage){.paint = paint};
    if (!memory)
        stage_fail(stage, "no memory");
    shard_power_on(&state, memory, memory_mib, stage->disk, drive);
    if (machine_bases_create(&state, memory, memory_mib * MEMORY_MIB, &stage->bases, &reason) < 0 ||
        machine_bench_create(stage->bases, &stage->bench, &reason) < 0 ||
        cpu_x86emu.create(&stage->cpu, &reason) < 0)
        stage_fail(stage, reason.text);
    free(memory);
    struct context *template = machine_bench_template(stage->bench);

    template->clock = counted;
    template->clock_context = stage;
    template->wall_offset = 1700000000;
    template->disk = (struct disk_content){.bytes = stage->disk, .size = sizeof(stage->disk)};
}

void stage_close(struct stage *stage)
{
    for (unsigned i = 0; i < NEIGHBOURS; i++)
        free(stage->neighbours[i].packed);
    cpu_x86emu.destroy(stage->cpu);
    machine_bench_free(stage->bench);
    machine_bases_free(stage->bases);
}

uint64_t stage_instructions(const struct stage *stage)
{
    return stage->executed_before +
           (stage->context ? stage->context->instructions - stage->executed_base : 0);
}

/* No context is the machine's from now on: time stands still. */
static void leave_context(struct stage *stage)
{
    stage->executed_before = stage_instructions(stage);
    stage->context = NULL;
}

static void take_context(struct stage *stage, struct context *context)
{
    stage->executed_base = context->instructions;
    stage->context = context;
    context->output_limit = stage->fuzz->output_limit;
    context->output_count = 0;
    context->leave = context->reset = false;
    context_now(context);
}

static void lay_reset(struct stage *stage)
{
    struct context *context = machine_lay_reset(stage->bench);

    for (uint32_t i = 0; i < CASE_SECTOR; i++)
        memory_write8(&context->memory, BOOT_SECTOR + i, stage->fuzz->sector[i]);
    take_context(stage, context);
    board_reset(context, stage->fuzz->drive);
    board_resume(context);
}

void stage_begin(struct stage *stage, const struct fuzz_case *fuzz)
{
    if (fuzz != &stage->kept)
        stage->kept = *fuzz;
    stage->fuzz = &stage->kept;
    stage->executed_before = 0;
    stage->skipped_ns = NS_AT_BEGIN;
    stage->input_sent = stage->keys_sent = 0;
    stage->output_bytes = stage->output_hash = 0;
    stage->resets = stage->sleeps = stage->idle_wakes = 0;
    memcpy(stage->disk, fuzz->sector, sizeof(stage->disk));
    lay_reset(stage);
}

void stage_adopt(struct stage *stage, struct context *context)
{
    take_context(stage, context);
    board_resume(context);
}

static bool feed(struct stage *stage)
{
    const struct fuzz_case *fuzz = stage->fuzz;
    size_t sent =
        board_receive(stage->context, fuzz->input + stage->input_sent, fuzz->input_count - stage->input_sent);
    size_t pressed =
        board_press(stage->context, fuzz->keys + stage->keys_sent, fuzz->key_count - stage->keys_sent);

    stage->input_sent += sent;
    stage->keys_sent += pressed;
    return sent + pressed > 0;
}

static void drain(struct stage *stage)
{
    struct context *context = stage->context;

    if (context->output_count > sizeof(context->output))
        stage_fail(stage, "more output than there is room for");
    for (uint32_t i = 0; i < context->output_count; i++)
        stage->output_hash = (stage->output_hash ^ context->output[i]) * UINT64_C(0x100000001b3);
    stage->output_bytes += context->output_count;
    context->output_count = 0;
}

/* Sleeps until something can happen. False: nothing will. */
static bool sleep_through(struct stage *stage)
{
    for (unsigned i = 0; i < SLEEPS_MOST; i++) {
        uint64_t next = board_next_event(stage->context), now = context_now(stage->context);

        if (next == BOARD_NEVER)
            return false;
        if (next > now)
            stage->skipped_ns += next - now;
        context_now(stage->context);
        board_advance(stage->context);
        if (stage->context->interrupt) {
            stage->sleeps++;
            return true;
        }
        if (board_next_event(stage->context) <= stage->context->now_ns)
            stage_fail(stage, "it is woken for an event that has passed, and not interrupted");
        stage->idle_wakes++;
    }
    return false;
}

enum stage_end stage_slice(struct stage *stage)
{
    struct context *context = stage->context;

    context_now(context);
    board_advance(context);
    feed(stage);
    stage->running = true;
    enum cpu_exit end = cpu_x86emu.run(stage->cpu, context, stage->fuzz->slice);

    stage->running = false;
    drain(stage);
    if (end == CPU_STOPPED)
        return STAGE_STOPPED;
    if (context->state.stop)
        stage_fail(stage, "it has stopped, but the CPU did not say so");
    if (end == CPU_LEFT && !context->leave)
        stage_fail(stage, "the CPU left without being asked to");
    context->leave = false;
    if (context->reset) {
        leave_context(stage);
        machine_unlay(stage->bench, context);
        stage->resets++;
        lay_reset(stage);
        return STAGE_GOES_ON;
    }
    if (end == CPU_HALTED) {
        context_now(context);
        board_advance(context);
        if (!feed(stage) && !sleep_through(stage))
            return STAGE_HALTED;
    }
    return STAGE_GOES_ON;
}

static void compare_lines(struct stage *stage, const uint32_t *lines, uint32_t count, const uint8_t *bytes)
{
    for (uint32_t i = 0; i < count; i++)
        if (memcmp(stage->context->memory.bytes + (size_t)lines[i] * MEMORY_LINE,
                   bytes + (size_t)i * MEMORY_LINE, MEMORY_LINE) != 0)
            stage_fail(stage, "memory is not as it was before packing");
}

size_t stage_repack(struct stage *stage, bool learn)
{
    struct context *context = stage->context;
    struct memory *memory = &context->memory;
    struct machine_state state = context->state;
    bool interrupt = context->interrupt;
    uint32_t count = memory->dirty_count, a20_mask = memory->a20_mask;
    uint32_t *lines = malloc((count + 1) * sizeof(*lines));
    uint8_t *bytes = malloc((size_t)(count + 1) * MEMORY_LINE), *packed;
    size_t size = machine_pack(stage->bench, context, NULL, 0);
    int error = 0;

    if (!machine_state_is_sane(&state))
        stage_fail(stage, "it came into a state that counts as impossible");

    packed = malloc(size); /* of just this size, so that reading past its end is seen */
    if (!lines || !bytes || !packed || size > PACKED_MOST)
        stage_fail(stage, "no memory for a packed machine");
    if (machine_pack(stage->bench, context, packed, size) != size)
        stage_fail(stage, "a machine is packed to another size the second time");
    memcpy(lines, memory->dirty, count * sizeof(*lines));
    for (uint32_t i = 0; i < count; i++)
        memcpy(bytes + (size_t)i * MEMORY_LINE, memory->bytes + (size_t)lines[i] * MEMORY_LINE, MEMORY_LINE);
    if (learn)
        (void)machine_learn(stage->bench, context);
    leave_context(stage);
    machine_unlay(stage->bench, context);
    stage_visit_neighbour(stage, (unsigned)(stage->executed_before % NEIGHBOURS));
    stage_paint_cpu(stage);
    context = machine_lay(stage->bench, packed, size, &error);
    if (!context)
        stage_fail(stage, "a packed machine does not unpack");
    take_context(stage, context);
    board_resume(context);
    if (memcmp(&context->state, &state, sizeof(state)) != 0)
        stage_fail(stage, "the state is not as it was before packing");
    if (context->interrupt != interrupt || context->memory.a20_mask != a20_mask)
        stage_fail(stage, "the interrupt line or A20 is not as it was before packing");
    compare_lines(stage, lines, count, bytes);
    free(lines);
    free(bytes);
    free(packed);
    return size;
}

void stage_end(struct stage *stage)
{
    struct context *context = stage->context;
    struct memory *memory = &context->memory;

    leave_context(stage);
    machine_unlay(stage->bench, context);
    if (memory->dirty_count != 0)
        stage_fail(stage, "lines are dirty in an empty context");
    for (uint32_t i = 0; i < memory->size >> MEMORY_LINE_SHIFT >> 6; i++)
        if (memory->dirty_bits[i])
            stage_fail(stage, "a line is marked dirty in an empty context");
    if (memcmp(memory->bytes, memory->base, memory->size) != 0)
        stage_fail(stage, "something is left in the memory of a context");
}
