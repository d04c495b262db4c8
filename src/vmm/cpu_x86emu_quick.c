/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The commonest instructions, executed here because the library is slower at them: it reads
 * the host's time stamp counter and writes the instruction's text at every one (bench/boots shows what that
 * costs). The guests of tests/guest/ run through these as through all others.
 */
#include "vmm/cpu_x86emu_special.h"

static inline void next(struct cpu *cpu, unsigned count)
{
    cpu_skip(cpu->emu, count);
}

/* Where the byte after the opcode is. */
static inline unsigned operand_at(const struct instruction *instruction)
{
    return instruction->prefixes + 1;
}

enum { ALU_ADD, ALU_OR, ALU_ADC, ALU_SBB, ALU_AND, ALU_SUB, ALU_XOR, ALU_CMP };

/* The flags are set. */
static uint32_t compute(struct cpu *cpu, unsigned what, uint32_t a, uint32_t b, unsigned size)
{
    uint32_t result, carry = cpu->emu->x86.R_FLG & F_CF;

    switch (what) {
    case ALU_ADD:
        flags_of_sum(cpu, a, b, 0, size);
        return a + b;
    case ALU_ADC:
        flags_of_sum(cpu, a, b, carry, size);
        return a + b + carry;
    case ALU_SUB:
    case ALU_CMP:
        flags_of_difference(cpu, a, b, 0, size);
        return a - b;
    case ALU_SBB:
        flags_of_difference(cpu, a, b, carry, size);
        return a - b - carry;
    case ALU_OR:
        result = a | b;
        break;
    case ALU_AND:
        result = a & b;
        break;
    default:
        result = a ^ b;
    }
    flags_of_logic(cpu, result, size);
    return result;
}

static unsigned size_of(const struct instruction *instruction)
{
    return instruction->opcode & 1 ? data_size(instruction) : 1;
}

/* 00h to 3Dh: reg to r/m, r/m to reg, immediate to the accumulator. */
static bool quick_alu(struct cpu *cpu, const struct instruction *instruction)
{
    unsigned what = instruction->opcode >> 3, size = size_of(instruction);
    struct operand operand;
    uint32_t a, b, result;

    if (instruction->opcode & 4) {
        b = immediate(instruction, operand_at(instruction), size);
        result = compute(cpu, what, register_get(cpu, REG_AX, size), b, size);
        if (what != ALU_CMP)
            register_set(cpu, REG_AX, size, result);
        next(cpu, operand_at(instruction) + size);
        return true;
    }
    operand = operand_decode(cpu, instruction, operand_at(instruction));
    if (!operand_get(cpu, &operand, size, &a))
        return true;
    b = register_get(cpu, operand.reg, size);
    if (instruction->opcode & 2) {
        result = compute(cpu, what, b, a, size);
        if (what != ALU_CMP)
            register_set(cpu, operand.reg, size, result);
    } else {
        cpu_remember(cpu); /* the flags change before the write, which may fault */
        result = compute(cpu, what, a, b, size);
        if (what != ALU_CMP && !operand_set(cpu, &operand, size, result))
            return true;
    }
    next(cpu, operand.end);
    return true;
}

/* 80h to 83h: an immediate to r/m. */
static bool quick_alu_immediate(struct cpu *cpu, const struct instruction *instruction)
{
    struct operand operand = operand_decode(cpu, instruction, operand_at(instruction));
    unsigned size = size_of(instruction), length = instruction->opcode == 0x83 ? 1 : size;
    uint32_t a, b = immediate(instruction, operand.end, length), result;

    if (instruction->opcode == 0x83)
        b = (uint32_t)(int32_t)(int8_t)b;
    if (!operand_get(cpu, &operand, size, &a))
        return true;
    cpu_remember(cpu);
    result = compute(cpu, operand.reg, a, b & width_mask(size), size);
    if (operand.reg != ALU_CMP && !operand_set(cpu, &operand, size, result))
        return true;
    next(cpu, operand.end + length);
    return true;
}

static bool quick_test(struct cpu *cpu, const struct instruction *instruction)
{
    unsigned size = size_of(instruction);
    uint32_t value;

    if (instruction->opcode >= 0xa8) {
        flags_of_logic(
            cpu, register_get(cpu, REG_AX, size) & immediate(instruction, operand_at(instruction), size),
            size);
        next(cpu, operand_at(instruction) + size);
        return true;
    }
    struct operand operand = operand_decode(cpu, instruction, operand_at(instruction));

    if (!operand_get(cpu, &operand, size, &value))
        return true;
    flags_of_logic(cpu, value & register_get(cpu, operand.reg, size), size);
    next(cpu, operand.end);
    return true;
}

/* INC and DEC of a register: the carry stays. */
static bool quick_count(struct cpu *cpu, const struct instruction *instruction)
{
    unsigned number = instruction->opcode & 7, size = data_size(instruction);
    uint32_t value = register_get(cpu, number, size), carry = cpu->emu->x86.R_FLG & F_CF;

    if (instruction->opcode < 0x48) {
        flags_of_sum(cpu, value, 1, 0, size);
        value++;
    } else {
        flags_of_difference(cpu, value, 1, 0, size);
        value--;
    }
    flags_set(cpu, F_CF, carry);
    register_set(cpu, number, size, value);
    next(cpu, operand_at(instruction));
    return true;
}

/* FEh and FFh: INC and DEC of r/m; the others of that group are not quick. */
static bool quick_count_operand(struct cpu *cpu, const struct instruction *instruction)
{
    unsigned size = size_of(instruction);
    uint32_t value, carry = cpu->emu->x86.R_FLG & F_CF;
    struct operand operand = operand_decode(cpu, instruction, operand_at(instruction));

    if (operand.reg > 1)
        return false;
    if (!operand_get(cpu, &operand, size, &value))
        return true;
    cpu_remember(cpu);
    if (operand.reg == 0)
        flags_of_sum(cpu, value, 1, 0, size);
    else
        flags_of_difference(cpu, value, 1, 0, size);
    flags_set(cpu, F_CF, carry);
    if (operand_set(cpu, &operand, size, operand.reg == 0 ? value + 1 : value - 1))
        next(cpu, operand.end);
    return true;
}

/* 06h, 0Eh, 16h and 1Eh. */
static bool quick_push_segment(struct cpu *cpu, const struct instruction *instruction)
{
    if (stack_push(cpu, cpu->emu->x86.seg[instruction->opcode >> 3].sel, data_size(instruction)))
        next(cpu, operand_at(instruction));
    return true;
}

/* 68h and 6Ah. */
static bool quick_push_immediate(struct cpu *cpu, const struct instruction *instruction)
{
    unsigned size = data_size(instruction), length = instruction->opcode == 0x68 ? size : 1;
    uint32_t value = immediate(instruction, operand_at(instruction), length);

    if (length == 1)
        value = (uint32_t)(int32_t)(int8_t)value;
    if (stack_push(cpu, value, size))
        next(cpu, operand_at(instruction) + length);
    return true;
}

static bool quick_push(struct cpu *cpu, const struct instruction *instruction)
{
    unsigned size = data_size(instruction);

    if (stack_push(cpu, register_get(cpu, instruction->opcode & 7, size), size))
        next(cpu, operand_at(instruction));
    return true;
}

static bool quick_pop(struct cpu *cpu, const struct instruction *instruction)
{
    unsigned size = data_size(instruction);
    uint32_t value;

    if (!stack_pop(cpu, size, &value))
        return true;
    register_set(cpu, instruction->opcode & 7, size, value);
    next(cpu, operand_at(instruction));
    return true;
}

static bool quick_jump(struct cpu *cpu, const struct instruction *instruction)
{
    uint32_t by = (uint32_t)(int8_t)instruction->bytes[operand_at(instruction)];
    bool taken =
        instruction->opcode == 0xeb || condition_holds(cpu->emu->x86.R_FLG, instruction->opcode & 15);

    if (taken)
        (void)near_jump(cpu, cpu->emu->x86.R_EIP + operand_at(instruction) + 1 + by, instruction->data32);
    else
        next(cpu, operand_at(instruction) + 1);
    return true;
}

static bool quick_move_immediate(struct cpu *cpu, const struct instruction *instruction)
{
    unsigned size = instruction->opcode & 8 ? data_size(instruction) : 1;

    register_set(cpu, instruction->opcode & 7, size, immediate(instruction, operand_at(instruction), size));
    next(cpu, operand_at(instruction) + size);
    return true;
}

/* 88h to 8Bh, and C6h and C7h. */
static bool quick_move(struct cpu *cpu, const struct instruction *instruction)
{
    struct operand operand = operand_decode(cpu, instruction, operand_at(instruction));
    unsigned size = size_of(instruction), end = operand.end;
    uint32_t value;

    if (instruction->opcode >= 0xc6) {
        if (operand.reg != 0)
            return execute_undefined(cpu);
        value = immediate(instruction, end, size);
        end += size;
    } else if (instruction->opcode & 2) {
        if (!operand_get(cpu, &operand, size, &value))
            return true;
        register_set(cpu, operand.reg, size, value);
        next(cpu, end);
        return true;
    } else {
        value = register_get(cpu, operand.reg, size);
    }
    if (operand_set(cpu, &operand, size, value))
        next(cpu, end);
    return true;
}

/* E4h to E7h with the port in the instruction, ECh to EFh with it in DX. */
static bool quick_port(struct cpu *cpu, const struct instruction *instruction)
{
    unsigned size = size_of(instruction);
    bool by_dx = instruction->opcode & 8;
    uint16_t port = by_dx ? cpu->emu->x86.R_DX : instruction->bytes[operand_at(instruction)];

    cpu_count(cpu);
    if (instruction->opcode & 2)
        board_out(cpu->context, port, size, register_get(cpu, REG_AX, size));
    else
        register_set(cpu, REG_AX, size, board_in(cpu->context, port, size));
    next(cpu, operand_at(instruction) + !by_dx);
    return true;
}

static bool quick_flag(struct cpu *cpu, const struct instruction *instruction)
{
    static const struct {
        uint16_t clear, set;
    } effects[8] = {
        [0] = {F_CF, 0}, [1] = {0, F_CF}, [2] = {FLAG_IF, 0}, [4] = {FLAG_DF, 0}, [5] = {0, FLAG_DF}};

    flags_set(cpu, effects[instruction->opcode & 7].clear | effects[instruction->opcode & 7].set,
              effects[instruction->opcode & 7].set);
    next(cpu, operand_at(instruction));
    return true;
}

static bool quick_call(struct cpu *cpu, const struct instruction *instruction)
{
    unsigned size = data_size(instruction), at = operand_at(instruction);
    uint32_t by = immediate(instruction, at, size);

    near_call(cpu, get_ip(cpu->emu) + at + size + by, instruction->data32, at + size);
    return true;
}

static bool quick_return(struct cpu *cpu, const struct instruction *instruction)
{
    unsigned size = data_size(instruction);
    uint32_t eip;

    if (stack_peek(cpu, 0, size, &eip) && near_jump(cpu, eip, true))
        stack_pointer_set(cpu, stack_pointer(cpu) + size);
    return true;
}

#define ALU(first) [first... first + 5] = quick_alu

bool (*const cpu_quick[256])(struct cpu *cpu, const struct instruction *instruction) = {
    ALU(0x00),
    [0x06] = quick_push_segment,
    [0x0e] = quick_push_segment,
    [0x16] = quick_push_segment,
    [0x1e] = quick_push_segment,
    ALU(0x08),
    ALU(0x10),
    ALU(0x18),
    ALU(0x20),
    ALU(0x28),
    ALU(0x30),
    ALU(0x38),
    [0x40 ... 0x4f] = quick_count,
    [0x50 ... 0x57] = quick_push,
    [0x58 ... 0x5f] = quick_pop,
    [0x68] = quick_push_immediate,
    [0x6a] = quick_push_immediate,
    [0x70 ... 0x7f] = quick_jump,
    [0x80 ... 0x83] = quick_alu_immediate,
    [0x84 ... 0x85] = quick_test,
    [0x88 ... 0x8b] = quick_move,
    [0xa8 ... 0xa9] = quick_test,
    [0xb0 ... 0xbf] = quick_move_immediate,
    [0xc3] = quick_return,
    [0xc6 ... 0xc7] = quick_move,
    [0xe4 ... 0xe7] = quick_port,
    [0xe8] = quick_call,
    [0xeb] = quick_jump,
    [0xec ... 0xef] = quick_port,
    [0xf8 ... 0xfa] = quick_flag,
    [0xfc ... 0xfd] = quick_flag,
    [0xfe ... 0xff] = quick_count_operand,
};
