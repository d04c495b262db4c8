/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Shifts: the library takes counts from 32 on as they are, where the CPU takes them modulo 32, and clears OF
 * when nothing is shifted. Divisions: the library divides the lowest number by -1 on the host, which ends the
 * process. AAM by 0 the same. SAHF: it sets reserved flags.
 */
#include "vmm/cpu_x86emu_special.h"

/* One bit at a time would be enough for counts below 32, but RCL and RCR by nine bits of a byte need the
 * carry in the ring. */
static uint64_t ring_of(uint32_t value, bool carry, unsigned bits)
{
    return (uint64_t)carry << bits | value;
}

struct shifted {
    uint32_t value;
    bool carry, overflow;
};

enum { SHIFT_ROL, SHIFT_ROR, SHIFT_RCL, SHIFT_RCR, SHIFT_SHL, SHIFT_SHR, SHIFT_SHL_ALIAS, SHIFT_SAR };

static struct shifted rotate(unsigned kind, uint32_t value, unsigned count, unsigned bits, bool carry)
{
    struct shifted result = {.carry = carry};
    unsigned size = bits + (kind == SHIFT_RCL || kind == SHIFT_RCR), by = count % size;
    uint64_t ring = kind >= SHIFT_RCL ? ring_of(value, carry, bits) : value;
    uint64_t mask = ((uint64_t)1 << size) - 1, top = (uint64_t)1 << (bits - 1);

    if (kind == SHIFT_ROR || kind == SHIFT_RCR)
        by = (size - by) % size;
    ring = by ? (ring << by | ring >> (size - by)) & mask : ring;
    result.value = (uint32_t)(ring & ((top << 1) - 1));
    if (kind == SHIFT_ROL)
        result.carry = ring & 1;
    else if (kind == SHIFT_ROR)
        result.carry = ring & top;
    else
        result.carry = ring >> bits & 1;
    /* Defined for a count of 1; QEMU and AMD's processors compute the same for others. */
    if (kind == SHIFT_ROL || kind == SHIFT_RCL)
        result.overflow = result.carry != !!(result.value & top);
    else
        result.overflow = !!(result.value & top) != !!(result.value & top >> 1);
    return result;
}

static struct shifted shift(unsigned kind, uint32_t value, unsigned count, unsigned bits)
{
    struct shifted result = {0};
    uint64_t top = (uint64_t)1 << (bits - 1), wide = (uint64_t)value << count;

    if (kind == SHIFT_SAR) {
        int64_t extended = (int64_t)((uint64_t)value << (64 - bits)) >> (64 - bits);

        result.value = (uint32_t)((uint64_t)(extended >> count) & ((top << 1) - 1));
        result.carry = (uint64_t)(extended >> (count - 1)) & 1;
    } else if (kind == SHIFT_SHR) {
        result.value = (uint32_t)((uint64_t)value >> count);
        result.carry = (uint64_t)value >> (count - 1) & 1;
        result.overflow = value & top;
    } else {
        result.value = (uint32_t)(wide & ((top << 1) - 1));
        result.carry = wide >> bits & 1;
        result.overflow = result.carry != !!(result.value & top);
    }
    return result;
}

static uint32_t result_flags(uint32_t value, unsigned bits)
{
    return (__builtin_parity(value & 0xff) ? 0u : F_PF) | (value ? 0u : F_ZF) |
           (value >> (bits - 1) & 1 ? F_SF : 0u);
}

bool execute_shift(struct cpu *cpu, const struct instruction *instruction)
{
    struct operand operand = operand_decode(cpu, instruction, after_opcode(instruction));
    unsigned size = instruction->opcode & 1 ? data_size(instruction) : 1, bits = 8 * size, end = operand.end;
    uint32_t value, count = cpu->emu->x86.R_CL;
    struct shifted result;

    if (instruction->opcode < 0xd0)
        count = immediate(instruction, end++, 1);
    else if (instruction->opcode < 0xd2)
        count = 1;
    count &= 31;
    if (!operand_get(cpu, &operand, size, &value))
        return true;
    if (count == 0)
        return execute_ends(cpu, end);
    if (operand.reg < SHIFT_SHL) {
        result = rotate(operand.reg, value, count, bits, cpu->emu->x86.R_FLG & F_CF);
        if (!operand_set(cpu, &operand, size, result.value))
            return true;
    } else {
        result = shift(operand.reg, value, count, bits);
        if (!operand_set(cpu, &operand, size, result.value))
            return true;
        flags_set(cpu, F_PF | F_ZF | F_SF | F_AF, result_flags(result.value, bits));
    }
    flags_set(cpu, F_CF | F_OF, (result.carry ? F_CF : 0u) | (result.overflow ? F_OF : 0u));
    return execute_ends(cpu, end);
}

static bool divide_fault(struct cpu *cpu)
{
    cpu_fault(cpu, VECTOR_DE, false, 0);
    return true;
}

/* The dividend: AX, DX:AX or EDX:EAX. */
static uint64_t dividend(const struct cpu *cpu, unsigned size)
{
    if (size == 1)
        return cpu->emu->x86.R_AX;
    return (uint64_t)register_get(cpu, REG_DX, size) << 8 * size | register_get(cpu, REG_AX, size);
}

static bool divide(struct cpu *cpu, uint32_t divisor, unsigned size, bool is_signed)
{
    uint64_t value = dividend(cpu, size), quotient, rest;
    unsigned bits = 8 * size, unused = 64 - 2 * bits;

    if (divisor == 0)
        return false;
    if (is_signed) {
        int64_t from = (int64_t)(value << unused) >> unused;
        int64_t by = (int64_t)((uint64_t)divisor << (64 - bits)) >> (64 - bits);

        if (by == -1 && from == INT64_MIN)
            return false;
        int64_t result = from / by, least = -((int64_t)1 << (bits - 1));

        if (result < least || result > -least - 1)
            return false;
        quotient = (uint64_t)result;
        rest = (uint64_t)(from % by);
    } else {
        quotient = value / divisor;
        rest = value % divisor;
        if (quotient > width_mask(size))
            return false;
    }
    if (size == 1) {
        cpu->emu->x86.R_AL = (u8)quotient;
        cpu->emu->x86.R_AH = (u8)rest;
    } else {
        register_set(cpu, REG_AX, size, (uint32_t)quotient);
        register_set(cpu, REG_DX, size, (uint32_t)rest);
    }
    return true;
}

bool execute_divide(struct cpu *cpu, const struct instruction *instruction)
{
    unsigned size = instruction->opcode & 1 ? data_size(instruction) : 1;
    uint32_t divisor;

    if ((instruction->second & 0x30) != 0x30)
        return false; /* TEST, NOT, NEG, MUL, IMUL */
    struct operand operand = operand_decode(cpu, instruction, after_opcode(instruction));

    if (!operand_get(cpu, &operand, size, &divisor))
        return true;
    if (!divide(cpu, divisor, size, operand.reg == 7))
        return divide_fault(cpu);
    return execute_ends(cpu, operand.end);
}

/* AAM. */
bool execute_adjust_by_base(struct cpu *cpu, const struct instruction *instruction)
{
    unsigned at = after_opcode(instruction);
    uint8_t base = (uint8_t)immediate(instruction, at, 1), al = cpu->emu->x86.R_AL;

    if (base == 0)
        return divide_fault(cpu);
    cpu->emu->x86.R_AH = al / base;
    cpu->emu->x86.R_AL = al % base;
    flags_set(cpu, F_PF | F_ZF | F_SF | F_AF | F_CF | F_OF, result_flags(cpu->emu->x86.R_AL, 8));
    return execute_ends(cpu, at + 1);
}

bool execute_sahf(struct cpu *cpu, const struct instruction *instruction)
{
    flags_set(cpu, F_CF | F_PF | F_AF | F_ZF | F_SF, cpu->emu->x86.R_AH);
    return execute_ends(cpu, after_opcode(instruction));
}
