/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Instructions of the 0Fh page on bits and exchanges. The library finds the wrong bytes for bit offsets
 * beyond the operand, shifts double words by counts above 31, changes the destination of a scan of zero, and
 * lacks XADD, CMPXCHG and CMPXCHG8B.
 */
#include "vmm/cpu_x86emu_special.h"

enum { BIT_TEST = 4, BIT_SET, BIT_RESET, BIT_COMPLEMENT };

bool execute_bit_test(struct cpu *cpu, const struct instruction *instruction)
{
    struct operand operand = operand_decode(cpu, instruction, after_opcode(instruction));
    unsigned size = data_size(instruction), bits = 8 * size, end = operand.end;
    unsigned what = instruction->second == 0xba ? operand.reg : instruction->second >> 3 & 7;
    uint32_t value;
    int32_t at;

    if (what < BIT_TEST)
        return execute_undefined(cpu);
    if (instruction->second == 0xba) {
        at = (int32_t)(immediate(instruction, end++, 1) & (bits - 1));
    } else {
        uint32_t offset = register_get(cpu, operand.reg, size);

        at = size == 2 ? (int16_t)offset : (int32_t)offset;
        if (!operand.is_register) {
            /* The bit string goes on before and behind the operand. */
            operand.offset += (uint32_t)((at >> (size == 2 ? 4 : 5)) * (int32_t)size);
            if (!operand.address32)
                operand.offset &= 0xffff;
        }
        at &= (int32_t)bits - 1;
    }
    uint32_t mask = 1u << at;

    if (!operand_get(cpu, &operand, size, &value))
        return true;
    uint32_t changed = what == BIT_SET ? value | mask : what == BIT_RESET ? value & ~mask : value ^ mask;

    if (what != BIT_TEST && !operand_set(cpu, &operand, size, changed))
        return true;
    flags_set(cpu, F_CF, value & mask ? F_CF : 0);
    return execute_ends(cpu, end);
}

/* BSF and BSR. */
bool execute_bit_scan(struct cpu *cpu, const struct instruction *instruction)
{
    struct operand operand = operand_decode(cpu, instruction, after_opcode(instruction));
    unsigned size = data_size(instruction);
    uint32_t value;

    if (!operand_get(cpu, &operand, size, &value))
        return true;
    if (value)
        register_set(cpu, operand.reg, size,
                     instruction->second == 0xbc ? (uint32_t)__builtin_ctz(value)
                                                 : 31u - (uint32_t)__builtin_clz(value));
    flags_set(cpu, F_ZF, value ? 0 : F_ZF);
    return execute_ends(cpu, operand.end);
}

/* SHLD and SHRD: `value` beside `fill`, seen as one number. */
bool execute_double_shift(struct cpu *cpu, const struct instruction *instruction)
{
    struct operand operand = operand_decode(cpu, instruction, after_opcode(instruction));
    unsigned size = data_size(instruction), bits = 8 * size, end = operand.end;
    bool left = instruction->second < 0xa8, by_cl = instruction->second & 1;
    unsigned count = (by_cl ? cpu->emu->x86.R_CL : immediate(instruction, end++, 1)) & 31;
    uint32_t value, fill = register_get(cpu, operand.reg, size), top = 1u << (bits - 1);

    if (!operand_get(cpu, &operand, size, &value))
        return true;
    if (count == 0)
        return execute_ends(cpu, end);
    /* A word by more than 16 is undefined; as in QEMU and on Intel's processors, the fill is followed by the
     * value again. */
    uint64_t wide, result;
    bool carry;

    if (left) {
        wide = size == 4 ? (uint64_t)value << 32 | fill : (uint64_t)value << 32 | fill << 16 | value;
        result = wide << count >> 32;
        carry = wide >> (32 + bits - count) & 1;
        if (size == 2) {
            result = wide >> (32 - count);
            carry = wide >> (48 - count) & 1;
        }
    } else {
        wide =
            size == 4 ? (uint64_t)fill << 32 | value : (uint64_t)value << 32 | (uint64_t)fill << 16 | value;
        result = wide >> count;
        carry = wide >> (count - 1) & 1;
    }
    uint32_t final = (uint32_t)result & width_mask(size);

    if (!operand_set(cpu, &operand, size, final))
        return true;
    flags_set(cpu, F_CF | F_PF | F_ZF | F_SF | F_OF | F_AF,
              (carry ? F_CF : 0u) | (__builtin_parity(final & 0xff) ? 0u : F_PF) | (final ? 0u : F_ZF) |
                  (final & top ? F_SF : 0u) | ((final ^ value) & top ? F_OF : 0u));
    return execute_ends(cpu, end);
}

static unsigned even_size(const struct instruction *instruction)
{
    return instruction->second & 1 ? data_size(instruction) : 1;
}

bool execute_exchange_add(struct cpu *cpu, const struct instruction *instruction)
{
    struct operand operand = operand_decode(cpu, instruction, after_opcode(instruction));
    unsigned size = even_size(instruction);
    uint32_t value, add = register_get(cpu, operand.reg, size);

    if (!operand_get(cpu, &operand, size, &value))
        return true;
    /* The register first: when both are the same one, it ends as the sum. */
    if (operand.is_register)
        register_set(cpu, operand.reg, size, value);
    if (!operand_set(cpu, &operand, size, value + add))
        return true;
    if (!operand.is_register)
        register_set(cpu, operand.reg, size, value);
    flags_of_sum(cpu, value, add, 0, size);
    return execute_ends(cpu, operand.end);
}

bool execute_compare_exchange(struct cpu *cpu, const struct instruction *instruction)
{
    struct operand operand = operand_decode(cpu, instruction, after_opcode(instruction));
    unsigned size = even_size(instruction);
    uint32_t value, expected = register_get(cpu, REG_AX, size);

    if (!operand_get(cpu, &operand, size, &value))
        return true;
    bool equal = value == expected;

    /* The CPU writes in both cases. */
    if (!operand_set(cpu, &operand, size, equal ? register_get(cpu, operand.reg, size) : value))
        return true;
    if (!equal)
        register_set(cpu, REG_AX, size, value);
    flags_of_difference(cpu, expected, value, 0, size);
    return execute_ends(cpu, operand.end);
}

bool execute_compare_exchange8(struct cpu *cpu, const struct instruction *instruction)
{
    struct operand operand = operand_decode(cpu, instruction, after_opcode(instruction));
    x86emu_t *emu = cpu->emu;
    uint32_t low, high;

    if (operand.is_register || operand.reg != 1)
        return execute_undefined(cpu);
    if (!segment_read(cpu, operand.segment, operand.offset, 4, &low) ||
        !segment_read(cpu, operand.segment, operand.offset + 4, 4, &high))
        return true;
    bool equal = low == emu->x86.R_EAX && high == emu->x86.R_EDX;

    if (!segment_write(cpu, operand.segment, operand.offset + 4, 4, equal ? emu->x86.R_ECX : high) ||
        !segment_write(cpu, operand.segment, operand.offset, 4, equal ? emu->x86.R_EBX : low))
        return true;
    if (!equal) {
        emu->x86.R_EAX = low;
        emu->x86.R_EDX = high;
    }
    flags_set(cpu, F_ZF, equal ? F_ZF : 0);
    return execute_ends(cpu, operand.end);
}

bool execute_byte_swap(struct cpu *cpu, const struct instruction *instruction)
{
    unsigned number = instruction->second & 7;

    /* Of a word it is undefined; the processors give 0. */
    if (instruction->data32)
        register_set(cpu, number, 4, __builtin_bswap32(register_get(cpu, number, 4)));
    else
        register_set(cpu, number, 2, 0);
    return execute_ends(cpu, after_opcode(instruction));
}
