/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * String instructions. The library runs all rounds of a REP in one go: 2^32 of them without a look at
 * anything, past segment limits, and not to be interrupted or traced. Here a call does some rounds and leaves
 * EIP at the instruction while there are more, as the hardware does when an interrupt comes. Its INS and OUTS
 * move SI and DI by 1 whatever the size, and its OUTS reads by ES.
 */
#include "vmm/cpu_x86emu_special.h"

enum { ROUNDS = 64 };

struct operands {
    struct cpu *cpu;
    sel_t *source;
    unsigned size;
    uint32_t mask; /* of SI, DI and CX */
    uint32_t step; /* added to SI and DI */
};

static uint32_t read_memory(struct operands *o, const sel_t *segment, uint32_t offset)
{
    const struct memory *memory = &o->cpu->context->memory;
    uint32_t at = segment->base + offset;

    return o->size == 1   ? memory_read8(memory, at)
           : o->size == 2 ? memory_read16(memory, at)
                          : memory_read32(memory, at);
}

static void write_memory(struct operands *o, uint32_t offset, uint32_t value)
{
    struct memory *memory = &o->cpu->context->memory;
    uint32_t at = o->cpu->emu->x86.R_ES_BASE + offset;

    if (o->size == 1)
        memory_write8(memory, at, (uint8_t)value);
    else if (o->size == 2)
        memory_write16(memory, at, (uint16_t)value);
    else
        memory_write32(memory, at, value);
}

static uint32_t get(const struct operands *o, const i386_general_register *reg)
{
    return reg->I32_reg.e_reg & o->mask;
}

static void set(const struct operands *o, i386_general_register *reg, uint32_t value)
{
    reg->I32_reg.e_reg = (reg->I32_reg.e_reg & ~o->mask) | (value & o->mask);
}

/* One round. False: it faulted. */
static bool round_of(struct operands *o, uint8_t opcode)
{
    struct cpu *cpu = o->cpu;
    x86emu_t *emu = cpu->emu;
    uint32_t si = get(o, &emu->x86.spc.SI), di = get(o, &emu->x86.spc.DI), width = width_mask(o->size), value;
    uint8_t kind = opcode & 0xfe;
    bool reads = kind == 0xa4 || kind == 0xa6 || kind == 0xac || kind == 0x6e;
    bool writes = kind == 0xa4 || kind == 0xaa || kind == 0x6c;
    bool uses_di = kind == 0xa4 || kind == 0xa6 || kind == 0xaa || kind == 0xae || kind == 0x6c;

    if ((reads && !segment_check(cpu, o->source, si, o->size, false)) ||
        (uses_di && !segment_check(cpu, emu->x86.R_ES_SEL, di, o->size, writes)))
        return false;
    switch (kind) {
    case 0x6c: /* INS */
        cpu_count(cpu);
        write_memory(o, di, board_in(cpu->context, emu->x86.R_DX, o->size));
        break;
    case 0x6e: /* OUTS */
        cpu_count(cpu);
        board_out(cpu->context, emu->x86.R_DX, o->size, read_memory(o, o->source, si));
        break;
    case 0xa4: /* MOVS */
        write_memory(o, di, read_memory(o, o->source, si));
        break;
    case 0xa6: /* CMPS */
        value = read_memory(o, o->source, si);
        flags_of_difference(cpu, value, read_memory(o, emu->x86.R_ES_SEL, di), 0, o->size);
        break;
    case 0xaa: /* STOS */
        write_memory(o, di, emu->x86.R_EAX);
        break;
    case 0xac: /* LODS */
        emu->x86.R_EAX = (emu->x86.R_EAX & ~width) | read_memory(o, o->source, si);
        break;
    default: /* SCAS */
        flags_of_difference(cpu, emu->x86.R_EAX, read_memory(o, emu->x86.R_ES_SEL, di), 0, o->size);
    }
    if (reads)
        set(o, &emu->x86.spc.SI, si + o->step);
    if (uses_di)
        set(o, &emu->x86.spc.DI, di + o->step);
    return true;
}

/* Whether the rounds of a REP are interrupted for something else after this one. */
static bool is_interrupted(const struct cpu *cpu)
{
    return cpu->context->leave || cpu->emu->x86.R_FLG & FLAG_TF ||
           (cpu->context->interrupt && cpu->emu->x86.R_FLG & FLAG_IF);
}

/* A round changes nothing before it is certain not to fault, and a fault undoes no round before. */
static bool repeat(struct operands *o, const struct instruction *instruction)
{
    struct cpu *cpu = o->cpu;
    uint8_t opcode = instruction->opcode;
    bool compares = (opcode & 0xf6) == 0xa6;
    uint32_t count = get(o, &cpu->emu->x86.gen.C);

    for (unsigned rounds = 0; count > 0; rounds++) {
        if (rounds == ROUNDS || (rounds > 0 && is_interrupted(cpu))) {
            cpu->executed--; /* the caller counts this call as one */
            return true;     /* EIP stays: there are more */
        }
        cpu->executed++;
        if (!round_of(o, opcode))
            return true;
        set(o, &cpu->emu->x86.gen.C, --count);
        if (compares && !(cpu->emu->x86.R_FLG & F_ZF) == instruction->rep)
            break;
    }
    return execute_ends(cpu, instruction->prefixes + 1);
}

bool execute_string(struct cpu *cpu, const struct instruction *instruction)
{
    x86emu_t *emu = cpu->emu;
    unsigned size = !(instruction->opcode & 1) ? 1 : data_size(instruction);
    struct operands o = {
        .cpu = cpu,
        .source = instruction->segment ? instruction->segment : emu->x86.R_DS_SEL,
        .size = size,
        .mask = instruction->address32 ? UINT32_MAX : 0xffff,
        .step = emu->x86.R_FLG & FLAG_DF ? 0u - size : size,
    };

    cpu->remembers = false;
    if (instruction->rep || instruction->repne)
        return repeat(&o, instruction);
    if (round_of(&o, instruction->opcode))
        execute_ends(cpu, instruction->prefixes + 1);
    return true;
}
