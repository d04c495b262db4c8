/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stack instructions. The library's POPA adds 4 to ESP on a 16-bit stack too, its POP computes an address
 * that is relative to ESP before the pop, its ENTER gets nested frames wrong, PUSHF hides flags and POPF sets
 * reserved ones.
 */
#include "vmm/cpu_x86emu_special.h"

bool execute_push_all(struct cpu *cpu, const struct instruction *instruction)
{
    unsigned size = data_size(instruction);
    uint32_t pointer = register_get(cpu, REG_SP, size);

    for (unsigned i = REG_AX; i <= REG_DI; i++)
        if (!stack_push(cpu, i == REG_SP ? pointer : register_get(cpu, i, size), size))
            return true;
    return execute_ends(cpu, after_opcode(instruction));
}

bool execute_pop_all(struct cpu *cpu, const struct instruction *instruction)
{
    unsigned size = data_size(instruction);
    uint32_t value;

    for (unsigned i = REG_DI + 1; i-- > REG_AX;) {
        if (!stack_pop(cpu, size, &value))
            return true;
        if (i != REG_SP)
            register_set(cpu, i, size, value);
    }
    return execute_ends(cpu, after_opcode(instruction));
}

bool execute_pop_operand(struct cpu *cpu, const struct instruction *instruction)
{
    unsigned size = data_size(instruction);
    uint32_t value;

    if (instruction->second & 0x38)
        return execute_undefined(cpu);
    if (!stack_pop(cpu, size, &value))
        return true;
    /* An address that is relative to ESP counts from after the pop. */
    struct operand operand = operand_decode(cpu, instruction, after_opcode(instruction));

    if (!operand_set(cpu, &operand, size, value))
        return true;
    return execute_ends(cpu, operand.end);
}

bool execute_enter(struct cpu *cpu, const struct instruction *instruction)
{
    unsigned size = data_size(instruction), at = after_opcode(instruction);
    uint32_t room = immediate(instruction, at, 2), level = immediate(instruction, at + 2, 1) & 31;
    bool stack32 = ACC_D(cpu->emu->x86.R_SS_ACC);
    uint32_t base = register_get(cpu, REG_BP, stack32 ? 4 : 2), value;

    if (!stack_push(cpu, register_get(cpu, REG_BP, size), size))
        return true;
    uint32_t frame = cpu->emu->x86.R_ESP;

    for (uint32_t i = 1; i < level; i++) {
        base = (base - size) & (stack32 ? UINT32_MAX : 0xffff);
        if (!segment_read(cpu, cpu->emu->x86.R_SS_SEL, base, size, &value) || !stack_push(cpu, value, size))
            return true;
    }
    if (level > 0 && !stack_push(cpu, frame, size))
        return true;
    register_set(cpu, REG_BP, size, frame);
    stack_pointer_set(cpu, stack_pointer(cpu) - room);
    return execute_ends(cpu, at + 3);
}

bool execute_leave(struct cpu *cpu, const struct instruction *instruction)
{
    unsigned size = data_size(instruction);
    bool stack32 = ACC_D(cpu->emu->x86.R_SS_ACC);
    uint32_t frame = register_get(cpu, REG_BP, stack32 ? 4 : 2), value;

    if (!segment_read(cpu, cpu->emu->x86.R_SS_SEL, frame, size, &value))
        return true;
    stack_pointer_set(cpu, frame + size);
    register_set(cpu, REG_BP, size, value);
    return execute_ends(cpu, after_opcode(instruction));
}

/* FS and GS; the others are quick. */
bool execute_push_segment(struct cpu *cpu, const struct instruction *instruction)
{
    if (!stack_push(cpu, cpu->emu->x86.seg[instruction->second >> 3 & 7].sel, data_size(instruction)))
        return true;
    return execute_ends(cpu, after_opcode(instruction));
}

bool execute_push_flags(struct cpu *cpu, const struct instruction *instruction)
{
    uint32_t flags = (cpu->emu->x86.R_FLG & ~(u32)(FLAG_VM | FLAG_RF)) | 2;

    if (!stack_push(cpu, flags, data_size(instruction)))
        return true;
    return execute_ends(cpu, after_opcode(instruction));
}

bool execute_pop_flags(struct cpu *cpu, const struct instruction *instruction)
{
    uint32_t value;

    if (!stack_pop(cpu, data_size(instruction), &value))
        return true;
    flags_set(cpu, instruction->data32 ? FLAGS_32 : FLAGS_16, value);
    cpu->emu->x86.R_FLG &= ~(u32)FLAG_RF;
    return execute_ends(cpu, after_opcode(instruction));
}
