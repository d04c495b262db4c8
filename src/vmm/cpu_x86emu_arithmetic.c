/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Shifts: the library takes counts from 32 on as they are, where the CPU takes them modulo 32, those of SAR
 * modulo the size, clears OF when nothing is shifted and keeps it when SAR shifts by 1. Divisions: the
 * library divides the lowest number by -1 on the host, which ends the process. AAM by 0 the same. SAHF: it
 * sets reserved flags. And what reads and writes memory: see cpu_x86emu_data.c.
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

/* CF and OF say that the upper half holds more than the lower half's sign, or than zeros. The others are
 * undefined. */
static void product_flags(struct cpu *cpu, uint32_t low, bool overflows, unsigned size)
{
    flags_set(cpu, F_CF | F_OF | F_PF | F_ZF | F_SF | F_AF,
              result_flags(low & width_mask(size), 8 * size) | (overflows ? F_CF | F_OF : 0u));
}

static int64_t sign_extended(uint32_t value, unsigned size)
{
    return size == 1 ? (int8_t)value : size == 2 ? (int16_t)value : (int32_t)value;
}

/* MUL and IMUL to twice the size: AX, DX:AX, EDX:EAX. */
static void multiply(struct cpu *cpu, uint32_t value, unsigned size, bool is_signed)
{
    uint32_t with = register_get(cpu, REG_AX, size);
    uint64_t product = is_signed ? (uint64_t)(sign_extended(with, size) * sign_extended(value, size))
                                 : (uint64_t)with * value;
    uint32_t low = (uint32_t)product & width_mask(size);
    bool overflows = is_signed ? (int64_t)product != sign_extended(low, size) : product != low;

    if (size == 1) {
        cpu->emu->x86.R_AX = (u16)product;
    } else {
        register_set(cpu, REG_AX, size, low);
        register_set(cpu, REG_DX, size, (uint32_t)(product >> 8 * size));
    }
    product_flags(cpu, low, overflows, size);
}

static bool negate(struct cpu *cpu, const struct operand *operand, uint32_t value, unsigned size)
{
    cpu_remember(cpu);
    flags_of_difference(cpu, 0, value, 0, size);
    return operand_set(cpu, operand, size, 0u - value);
}

/* F6h and F7h: TEST, NOT, NEG, MUL, IMUL, DIV and IDIV of r/m. */
bool execute_group3(struct cpu *cpu, const struct instruction *instruction)
{
    struct operand operand = operand_decode(cpu, instruction, after_opcode(instruction));
    unsigned size = instruction->opcode & 1 ? data_size(instruction) : 1, end = operand.end;
    uint32_t value;

    if (!operand_get(cpu, &operand, size, &value))
        return true;
    switch (operand.reg) {
    case 0:
    case 1:
        flags_of_logic(cpu, value & immediate(instruction, end, size), size);
        end += size;
        break;
    case 2:
        if (!operand_set(cpu, &operand, size, ~value))
            return true;
        break;
    case 3:
        if (!negate(cpu, &operand, value, size))
            return true;
        break;
    case 4:
    case 5:
        multiply(cpu, value, size, operand.reg == 5);
        break;
    default:
        if (!divide(cpu, value, size, operand.reg == 7))
            return divide_fault(cpu);
    }
    return execute_ends(cpu, end);
}

/* IMUL with two operands (0FAFh) and with three (69h and 6Bh). */
bool execute_multiply(struct cpu *cpu, const struct instruction *instruction)
{
    struct operand operand = operand_decode(cpu, instruction, after_opcode(instruction));
    unsigned size = data_size(instruction), end = operand.end;
    uint32_t value, by;

    if (!operand_get(cpu, &operand, size, &value))
        return true;
    if (instruction->opcode == 0x0f) {
        by = register_get(cpu, operand.reg, size);
    } else {
        unsigned length = instruction->opcode == 0x69 ? size : 1;

        by = (uint32_t)sign_extended(immediate(instruction, end, length), length);
        end += length;
    }
    int64_t product = sign_extended(value, size) * sign_extended(by, size);

    register_set(cpu, operand.reg, size, (uint32_t)product);
    product_flags(cpu, (uint32_t)product, product != sign_extended((uint32_t)product, size), size);
    return execute_ends(cpu, end);
}

/* DAS. The library tests AL after its first correction, and so forgets the borrow of values below 6 and the
 * second correction of those from 9Ah to 9Fh. */
bool execute_adjust_difference(struct cpu *cpu, const struct instruction *instruction)
{
    uint8_t before = cpu->emu->x86.R_AL, al = before;
    uint32_t flags = cpu->emu->x86.R_FLG;
    bool carry = flags & F_CF, half = (before & 15) > 9 || flags & F_AF, high = before > 0x99 || carry;

    if (half) {
        carry = carry || before < 6;
        al = (uint8_t)(al - 6);
    }
    if (high)
        al = (uint8_t)(al - 0x60);
    cpu->emu->x86.R_AL = al;
    flags_set(cpu, F_CF | F_AF | F_PF | F_ZF | F_SF,
              result_flags(al, 8) | (carry || high ? F_CF : 0u) | (half ? F_AF : 0u));
    return execute_ends(cpu, after_opcode(instruction));
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
