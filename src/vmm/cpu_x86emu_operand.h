/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Operands of the instructions that are executed here and not by the library: registers, memory with the
 * segments' checks, the stack. What can fault returns false once the fault was delivered: the instruction is
 * then over.
 */
#ifndef MVM_VMM_CPU_X86EMU_OPERAND_H
#define MVM_VMM_CPU_X86EMU_OPERAND_H

#include "vmm/cpu_x86emu.h"
#include "vmm/cpu_x86emu_flags.h"

/* What a ModR/M byte names (Intel SDM volume 2, 2.1.3). */
struct operand {
    bool is_register;
    uint8_t reg;    /* the reg field: a register or a part of the opcode */
    uint8_t rm;     /* the register, when is_register */
    sel_t *segment; /* else where it is in memory */
    uint32_t offset;
    unsigned end; /* bytes of the instruction up to the end of the operand: immediates begin there */
    bool address32;
};

/* Decodes the ModR/M byte at `at` bytes from the instruction's begin. */
struct operand operand_decode(struct cpu *cpu, const struct instruction *instruction, unsigned at);

/* Where the general registers are in the library's state, by their numbers. */
extern const uint16_t register_offsets[8];

static inline i386_general_register *register_of(const struct cpu *cpu, unsigned number)
{
    return (i386_general_register *)(void *)((char *)cpu->emu + register_offsets[number]);
}

/* A register of 1, 2 or 4 bytes by its number; a write of 1 or 2 bytes leaves the others. */
static inline uint32_t register_get(const struct cpu *cpu, unsigned number, unsigned size)
{
    if (size == 1)
        return number & 4 ? register_of(cpu, number & 3)->I8_reg.h_reg
                          : register_of(cpu, number)->I8_reg.l_reg;
    return size == 2 ? register_of(cpu, number)->I16_reg.x_reg : register_of(cpu, number)->I32_reg.e_reg;
}

static inline void register_set(struct cpu *cpu, unsigned number, unsigned size, uint32_t value)
{
    if (size == 2)
        register_of(cpu, number)->I16_reg.x_reg = (u16)value;
    else if (size == 4)
        register_of(cpu, number)->I32_reg.e_reg = value;
    else if (number & 4)
        register_of(cpu, number & 3)->I8_reg.h_reg = (u8)value;
    else
        register_of(cpu, number)->I8_reg.l_reg = (u8)value;
}

bool operand_get(struct cpu *cpu, const struct operand *operand, unsigned size, uint32_t *ret_value);
bool operand_set(struct cpu *cpu, const struct operand *operand, unsigned size, uint32_t value);

/* Whether `size` bytes at `offset` are within the segment (Intel SDM volume 3, 5.3). A segment that grows
 * down holds what is above its limit. */
bool segment_holds(const sel_t *segment, uint32_t offset, unsigned size);

/* True when that may be read, or written; else the fault was delivered: #SS or #GP beyond the limit, #GP for
 * the kind of segment. */
bool segment_check(struct cpu *cpu, const sel_t *segment, uint32_t offset, unsigned size, bool writes);

/* Memory by segment and offset, `size` 1, 2 or 4. */
bool segment_read(struct cpu *cpu, const sel_t *segment, uint32_t offset, unsigned size, uint32_t *ret_value);
bool segment_write(struct cpu *cpu, const sel_t *segment, uint32_t offset, unsigned size, uint32_t value);

/* An access to linear memory without checks: descriptor tables. */
uint32_t linear_read(struct cpu *cpu, uint32_t address, unsigned size);

/* The stack pointer, as wide as the stack segment says; pushes and pops of 2 or 4 bytes. */
uint32_t stack_pointer(const struct cpu *cpu);
void stack_pointer_set(struct cpu *cpu, uint32_t value);
bool stack_push(struct cpu *cpu, uint32_t value, unsigned size);
bool stack_pop(struct cpu *cpu, unsigned size, uint32_t *ret_value);
/* Reads `size` bytes at `above` bytes over the stack pointer. */
bool stack_peek(struct cpu *cpu, uint32_t above, unsigned size, uint32_t *ret_value);

/* The immediate of 1, 2 or 4 bytes at `at` bytes from the instruction's begin, at most INSTRUCTION_ROOM - 4.
 */
static inline uint32_t immediate(const struct instruction *instruction, unsigned at, unsigned size)
{
    uint32_t value;

    memcpy(&value, instruction->bytes + at, sizeof(value));
    return size == 1 ? value & 0xff : size == 2 ? value & 0xffff : value;
}

static inline unsigned data_size(const struct instruction *instruction)
{
    return instruction->data32 ? 4 : 2;
}

/* Sets the flags of a + b + carry, and of a - b - borrow, of `size` bytes. */
void flags_of_sum(struct cpu *cpu, uint32_t a, uint32_t b, unsigned carry, unsigned size);
void flags_of_difference(struct cpu *cpu, uint32_t a, uint32_t b, unsigned borrow, unsigned size);

/* Those of AND, OR, XOR and TEST. */
void flags_of_logic(struct cpu *cpu, uint32_t result, unsigned size);

/* Sets `mask` of the flags to `value`. */
static inline void flags_set(struct cpu *cpu, uint32_t mask, uint32_t value)
{
    cpu->emu->x86.R_FLG = (cpu->emu->x86.R_FLG & ~mask) | (value & mask);
}

#endif
