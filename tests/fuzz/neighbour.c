/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The VMs beside the one that is fuzzed: nothing of them may change, and nothing of them may be seen. */
#include "stage.h"

#include <stdlib.h>
#include <string.h>

enum { LINES = 40, RUN_AT = 0x600, INSTRUCTIONS = 20 };

/* Lines of ordinary memory that a guest is likely to look at, and others. */
static uint32_t painted_line(struct random *random, uint32_t i)
{
    static const uint32_t places[] = {0x0,    0x400,  0x500,   0x7bc0,  0x7c00,
                                      0x7e00, 0x8000, 0x10000, 0x9ffc0, 0xb8000};

    if (i < sizeof(places) / sizeof(places[0]))
        return places[i] >> MEMORY_LINE_SHIFT;
    return draw(random, MEMORY_HOLE >> MEMORY_LINE_SHIFT);
}

static void paint(struct context *context, struct neighbour *neighbour)
{
    struct random random = {neighbour->seed};
    struct cpu_state *cpu = &context->state.cpu;

    memset(cpu->gpr, neighbour->paint, sizeof(cpu->gpr));
    memset(&cpu->cr2, neighbour->paint, sizeof(cpu->cr2));
    memset(cpu->dr, neighbour->paint, 4 * sizeof(cpu->dr[0]));
    cpu->eflags = 0x8d7; /* all arithmetic flags, no interrupts */
    cpu->seg[SEG_CS] = (struct cpu_segment){.limit = 0xffff, .access = 0x9b};
    cpu->eip = RUN_AT;
    memset(context->state.rtc.ram + 0x40, neighbour->paint, 8);
    context->state.uart.scratch = neighbour->paint;
    for (uint32_t i = 0; i < LINES; i++) {
        uint32_t at = painted_line(&random, i) << MEMORY_LINE_SHIFT;

        for (uint32_t byte = 0; byte < MEMORY_LINE; byte++)
            memory_write8(&context->memory, at + byte, neighbour->paint);
    }
    /* MOV EAX, EAX (66h 89h C0h); JMP back. */
    static const uint8_t code[] = {0x66, 0x89, 0xc0, 0xeb, 0xfb};

    for (uint32_t i = 0; i < sizeof(code); i++)
        memory_write8(&context->memory, RUN_AT + i, code[i]);
}

static void create(struct stage *stage, unsigned number)
{
    struct neighbour *neighbour = &stage->neighbours[number];
    struct context *context = machine_lay_reset(stage->bench);

    neighbour->paint = (uint8_t)(stage->paint + number);
    neighbour->seed = number + 1;
    paint(context, neighbour);
    neighbour->state = context->state;
    neighbour->size = machine_pack(stage->bench, context, NULL, 0);
    neighbour->packed = malloc(neighbour->size);
    if (!neighbour->packed)
        stage_fail(stage, "no memory for a neighbour");
    machine_pack(stage->bench, context, neighbour->packed, neighbour->size);
    machine_unlay(stage->bench, context);
}

static void check(struct stage *stage, const struct context *context, const struct neighbour *neighbour)
{
    struct random random = {neighbour->seed};

    if (memcmp(&context->state, &neighbour->state, sizeof(context->state)) != 0)
        stage_fail(stage, "a neighbour's state has changed");
    for (uint32_t i = 0; i < LINES; i++) {
        uint32_t at = painted_line(&random, i) << MEMORY_LINE_SHIFT;

        for (uint32_t byte = at; byte < at + MEMORY_LINE; byte++)
            if (context->memory.bytes[byte] != neighbour->paint && byte - RUN_AT >= 5)
                stage_fail(stage, "a neighbour's memory has changed");
    }
}

void stage_visit_neighbour(struct stage *stage, unsigned number)
{
    struct neighbour *neighbour = &stage->neighbours[number];
    int error = 0;

    if (!neighbour->packed)
        create(stage, number);
    struct context *context = machine_lay(stage->bench, neighbour->packed, neighbour->size, &error);

    if (!context)
        stage_fail(stage, "a neighbour does not unpack");
    context->output_limit = 0;
    context->output_count = 0;
    context->leave = context->reset = false;
    context_now(context);
    board_resume(context);
    check(stage, context, neighbour);
    if (cpu_x86emu.run(stage->cpu, context, INSTRUCTIONS) != CPU_SLICE)
        stage_fail(stage, "a neighbour does not run on");
    check(stage, context, neighbour);
    memset(context->output, neighbour->paint, sizeof(context->output));
    machine_unlay(stage->bench, context);
}

void stage_paint_cpu(struct stage *stage)
{
    x86emu_regs_t *regs = &stage->cpu->emu->x86;

    memset(&regs->gen, stage->paint, sizeof(regs->gen));
    memset(&regs->spc, stage->paint, sizeof(regs->spc));
    memset(&regs->sse, stage->paint, sizeof(regs->sse));
    memset(regs->seg, stage->paint, sizeof(regs->seg));
    memset(&regs->ldt, stage->paint, sizeof(regs->ldt));
    memset(&regs->tr, stage->paint, sizeof(regs->tr));
    memset(regs->crx, stage->paint, sizeof(regs->crx));
    memset(regs->drx, stage->paint, sizeof(regs->drx));
    memset(&regs->gdt, stage->paint, sizeof(regs->gdt));
    memset(&regs->idt, stage->paint, sizeof(regs->idt));
    memset(regs->msr, stage->paint, X86EMU_MSRS * sizeof(*regs->msr));
    memset(regs->instr_buf, stage->paint, sizeof(regs->instr_buf));
    memset(regs->decode_seg, stage->paint, sizeof(regs->decode_seg));
    regs->saved_eip = regs->intr_errcode = 0x01010101u * stage->paint;
    regs->saved_cs = (u16)(0x0101u * stage->paint);
    regs->intr_nr = stage->paint;
}
