/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Moves of data that may touch memory. The library finds DS where [EBP + disp8] means SS, knows nothing of
 * segments that cannot be read or written or that grow down, nor of null ones, takes #GP for #SS, toggles the
 * size at each of several equal prefixes, and says that CMOVL and its kin do not hold when SF and OF are both
 * set.
 */
#include "vmm/cpu_x86emu_special.h"

/* MOV between the accumulator and an offset: A0h to A3h. */
bool execute_move_offset(struct cpu *cpu, const struct instruction *instruction)
{
    const sel_t *segment = instruction->segment ? instruction->segment : cpu->emu->x86.R_DS_SEL;
    unsigned size = instruction->opcode & 1 ? data_size(instruction) : 1, at = after_opcode(instruction);
    unsigned width = instruction->address32 ? 4 : 2;
    uint32_t offset = immediate(instruction, at, width), value;

    if (instruction->opcode & 2) {
        if (!segment_write(cpu, segment, offset, size, register_get(cpu, REG_AX, size)))
            return true;
    } else {
        if (!segment_read(cpu, segment, offset, size, &value))
            return true;
        register_set(cpu, REG_AX, size, value);
    }
    return execute_ends(cpu, at + width);
}

bool execute_exchange(struct cpu *cpu, const struct instruction *instruction)
{
    struct operand operand = operand_decode(cpu, instruction, after_opcode(instruction));
    unsigned size = instruction->opcode & 1 ? data_size(instruction) : 1;
    uint32_t value, with = register_get(cpu, operand.reg, size);

    if (!operand_get(cpu, &operand, size, &value) || !operand_set(cpu, &operand, size, with))
        return true;
    register_set(cpu, operand.reg, size, value);
    return execute_ends(cpu, operand.end);
}

/* MOV from a segment register: 16 bits to memory, as wide as the data to a register. */
bool execute_move_from_segment(struct cpu *cpu, const struct instruction *instruction)
{
    struct operand operand = operand_decode(cpu, instruction, after_opcode(instruction));

    if (operand.reg > SEG_GS)
        return execute_undefined(cpu);
    if (!operand_set(cpu, &operand, operand.is_register ? data_size(instruction) : 2,
                     cpu->emu->x86.seg[operand.reg].sel))
        return true;
    return execute_ends(cpu, operand.end);
}

/* XLAT. */
bool execute_translate(struct cpu *cpu, const struct instruction *instruction)
{
    const sel_t *segment = instruction->segment ? instruction->segment : cpu->emu->x86.R_DS_SEL;
    uint32_t offset =
        register_get(cpu, REG_BX, instruction->address32 ? 4 : 2) + register_get(cpu, REG_AX, 1);
    uint32_t value;

    if (!segment_read(cpu, segment, instruction->address32 ? offset : offset & 0xffff, 1, &value))
        return true;
    cpu->emu->x86.R_AL = (u8)value;
    return execute_ends(cpu, after_opcode(instruction));
}

/* MOVZX and MOVSX: the source is a byte or a word. */
bool execute_extend(struct cpu *cpu, const struct instruction *instruction)
{
    struct operand operand = operand_decode(cpu, instruction, after_opcode(instruction));
    unsigned from = instruction->second & 1 ? 2 : 1;
    uint32_t value;

    if (!operand_get(cpu, &operand, from, &value))
        return true;
    if (instruction->second & 8)
        value = from == 1 ? (uint32_t)(int8_t)value : (uint32_t)(int16_t)value;
    register_set(cpu, operand.reg, data_size(instruction), value);
    return execute_ends(cpu, operand.end);
}

/* CMOVcc reads its source in any case (Intel SDM volume 2, CMOVcc). */
bool execute_conditional_move(struct cpu *cpu, const struct instruction *instruction)
{
    struct operand operand = operand_decode(cpu, instruction, after_opcode(instruction));
    unsigned size = data_size(instruction);
    uint32_t value;

    if (!operand_get(cpu, &operand, size, &value))
        return true;
    if (condition_holds(cpu->emu->x86.R_FLG, instruction->second & 15))
        register_set(cpu, operand.reg, size, value);
    return execute_ends(cpu, operand.end);
}

/* SETcc. */
bool execute_set(struct cpu *cpu, const struct instruction *instruction)
{
    struct operand operand = operand_decode(cpu, instruction, after_opcode(instruction));
    bool value = condition_holds(cpu->emu->x86.R_FLG, instruction->second & 15);

    if (!operand_set(cpu, &operand, 1, value))
        return true;
    return execute_ends(cpu, operand.end);
}

/* The hints 0F18h to 0F1Fh have an operand and do not touch it. */
bool execute_hint(struct cpu *cpu, const struct instruction *instruction)
{
    return execute_ends(cpu, operand_decode(cpu, instruction, after_opcode(instruction)).end);
}
