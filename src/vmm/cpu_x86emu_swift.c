/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The plainest code, of which guests of 512 bytes are made: real mode, 16 bits, segments of 64 KiB, no
 * prefix. There, an instruction cannot fault but at the end of a segment; so a stretch of them runs in one
 * loop, with EIP and the flags at hand, and without a look at anything but after accesses to ports. Whatever
 * is not that plain is left to the others, before it has changed anything. bench/http-asks and bench/boots
 * show what it is worth.
 *
 * What each instruction does is the same as there: tests/fuzz compares the two.
 */
#include "vmm/cpu_x86emu_flags.h"
#include "vmm/cpu_x86emu_operand.h"

enum { LAST_IP = 0xffff - INSTRUCTION_FETCH, SEGMENT_LAST = 0xffff };

enum { ADD, OR, ADC, SBB, AND, SUB, XOR, CMP };

struct swift {
    struct cpu *cpu;
    struct memory *memory;
    i386_general_register *registers[8];
};

/* Where a ModR/M byte leads: a register, or an offset in a segment. */
struct place {
    const sel_t *segment; /* NULL: a register */
    uint32_t offset, reg, rm;
    unsigned end; /* bytes of the instruction up to there */
};

#define ALWAYS static inline __attribute__((always_inline))

/* Segments as real mode has them, but for those that protected mode left behind. */
static bool is_plain(const sel_t *segment)
{
    bool grows_down = ACC_S(segment->acc) && !ACC_E(segment->acc) && ACC_ED(segment->acc);

    return segment->limit == SEGMENT_LAST && !grows_down;
}

static bool can_be_swift(const struct cpu *cpu)
{
    const x86emu_t *emu = cpu->emu;
    uint32_t base = emu->x86.R_CS_BASE;

    return !is_protected(emu) && !is_code32(emu) && !ACC_D(emu->x86.R_SS_ACC) &&
           !(emu->x86.R_FLG & FLAG_TF) && is_plain(emu->x86.R_CS_SEL) && is_plain(emu->x86.R_DS_SEL) &&
           is_plain(emu->x86.R_ES_SEL) && is_plain(emu->x86.R_SS_SEL) &&
           base <= MEMORY_MIB - 1 - SEGMENT_LAST && emu->x86.R_EIP <= LAST_IP &&
           memory_readable(&cpu->context->memory, base, SEGMENT_LAST + 1) &&
           !(cpu->context->interrupt && emu->x86.R_FLG & FLAG_IF);
}

ALWAYS uint32_t get_register(const struct swift *swift, unsigned number, unsigned size)
{
    if (size == 2)
        return swift->registers[number]->I16_reg.x_reg;
    return number & 4 ? swift->registers[number & 3]->I8_reg.h_reg : swift->registers[number]->I8_reg.l_reg;
}

/* Written as a whole, so that a read of any width that follows finds all it wants in one store: a read of a
 * word waits long for a byte of it that was stored by itself. */
ALWAYS void set_register(const struct swift *swift, unsigned number, unsigned size, uint32_t value)
{
    unsigned shift = size == 1 && number & 4 ? 8 : 0;
    uint32_t *whole = &swift->registers[size == 1 ? number & 3 : number]->I32_reg.e_reg;
    uint32_t mask = width_mask(size) << shift;

    *whole = (*whole & ~mask) | (value << shift & mask);
}

ALWAYS uint32_t get_memory(const struct swift *swift, const sel_t *segment, uint32_t offset, unsigned size)
{
    return size == 1 ? memory_read8(swift->memory, segment->base + offset)
                     : memory_read16(swift->memory, segment->base + offset);
}

ALWAYS void set_memory(const struct swift *swift, const sel_t *segment, uint32_t offset, unsigned size,
                       uint32_t value)
{
    if (size == 1)
        memory_write8(swift->memory, segment->base + offset, (uint8_t)value);
    else
        memory_write16(swift->memory, segment->base + offset, (uint16_t)value);
}

ALWAYS uint32_t word_at(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8;
}

ALWAYS uint32_t extended_at(const uint8_t *bytes)
{
    return (uint32_t)(int8_t)bytes[0];
}

ALWAYS uint32_t immediate_at(const uint8_t *bytes, unsigned size)
{
    return size == 1 ? bytes[0] : word_at(bytes);
}

/* Intel SDM volume 2, table 2-1. The ModR/M byte is the second of the instruction. */
static struct place find(const struct swift *swift, const uint8_t *at)
{
    x86emu_t *emu = swift->cpu->emu;
    unsigned mod = at[1] >> 6, rm = at[1] & 7;
    struct place place = {.reg = at[1] >> 3 & 7, .rm = rm, .end = 2, .segment = emu->x86.R_DS_SEL};

    if (mod == 3) {
        place.segment = NULL;
        return place;
    }
    switch (rm) {
    case 0:
    case 1:
        place.offset = emu->x86.R_BX;
        break;
    case 2:
    case 3:
        place.offset = emu->x86.R_BP;
        place.segment = emu->x86.R_SS_SEL;
        break;
    case 4:
        place.offset = emu->x86.R_SI;
        break;
    case 5:
        place.offset = emu->x86.R_DI;
        break;
    case 6:
        if (mod == 0) {
            place.offset = word_at(at + 2);
            place.end = 4;
            return place;
        }
        place.offset = emu->x86.R_BP;
        place.segment = emu->x86.R_SS_SEL;
        break;
    default:
        place.offset = emu->x86.R_BX;
    }
    if (rm < 4)
        place.offset += rm & 1 ? emu->x86.R_DI : emu->x86.R_SI;
    if (mod == 1) {
        place.offset += extended_at(at + 2);
        place.end = 3;
    } else if (mod == 2) {
        place.offset += word_at(at + 2);
        place.end = 4;
    }
    place.offset &= 0xffff;
    return place;
}

/* Not over the end of the segment. */
ALWAYS bool fits(const struct place *place, unsigned size)
{
    return size == 1 || !place->segment || place->offset != SEGMENT_LAST;
}

ALWAYS uint32_t get_place(const struct swift *swift, const struct place *place, unsigned size)
{
    return place->segment ? get_memory(swift, place->segment, place->offset, size)
                          : get_register(swift, place->rm, size);
}

ALWAYS void set_place(const struct swift *swift, const struct place *place, unsigned size, uint32_t value)
{
    if (place->segment)
        set_memory(swift, place->segment, place->offset, size, value);
    else
        set_register(swift, place->rm, size, value);
}

/* Returns the result; *flags become those of it. */
ALWAYS uint32_t compute(unsigned what, uint32_t a, uint32_t b, unsigned size, uint32_t *flags)
{
    uint32_t others = *flags & ~(uint32_t)FLAGS_ARITHMETIC, carry = *flags & F_CF, result;

    switch (what) {
    case ADD:
        *flags = others | sum_flags(a, b, 0, size);
        return a + b;
    case ADC:
        *flags = others | sum_flags(a, b, carry, size);
        return a + b + carry;
    case SUB:
    case CMP:
        *flags = others | difference_flags(a, b, 0, size);
        return a - b;
    case SBB:
        *flags = others | difference_flags(a, b, carry, size);
        return a - b - carry;
    case OR:
        result = a | b;
        break;
    case AND:
        result = a & b;
        break;
    default:
        result = a ^ b;
    }
    *flags = others | logic_flags(result, size);
    return result;
}

/* 00h to 3Dh by their lowest three bits, and 80h to 83h, whose second operand is immediate. Returns the bytes
 * of the instruction; 0: it is not for here. */
ALWAYS unsigned arithmetic(const struct swift *swift, const uint8_t *at, unsigned what, unsigned form,
                           uint32_t *flags)
{
    unsigned size = form & 1 ? 2 : 1;

    if (form & 4) {
        uint32_t result =
            compute(what, get_register(swift, REG_AX, size), immediate_at(at + 1, size), size, flags);

        if (what != CMP)
            set_register(swift, REG_AX, size, result);
        return 1 + size;
    }
    struct place place = find(swift, at);

    if (!fits(&place, size))
        return 0;
    uint32_t a = get_place(swift, &place, size), b = get_register(swift, place.reg, size);
    uint32_t result = form & 2 ? compute(what, b, a, size, flags) : compute(what, a, b, size, flags);

    if (what != CMP && form & 2)
        set_register(swift, place.reg, size, result);
    else if (what != CMP)
        set_place(swift, &place, size, result);
    return place.end;
}

static unsigned arithmetic_immediate(const struct swift *swift, const uint8_t *at, uint32_t *flags)
{
    unsigned size = at[0] & 1 ? 2 : 1, length = at[0] == 0x81 ? 2 : 1;
    struct place place = find(swift, at);

    if (!fits(&place, size))
        return 0;
    uint32_t b = length == 2 ? word_at(at + place.end) : extended_at(at + place.end);
    uint32_t result = compute(place.reg, get_place(swift, &place, size), b & width_mask(size), size, flags);

    if (place.reg != CMP)
        set_place(swift, &place, size, result);
    return place.end + length;
}

/* INC and DEC: the carry stays. */
ALWAYS uint32_t count(uint32_t value, bool down, unsigned size, uint32_t *flags)
{
    uint32_t carry = *flags & F_CF, result = compute(down ? SUB : ADD, value, 1, size, flags);

    *flags = (*flags & ~(uint32_t)F_CF) | carry;
    return result;
}

/* FEh and FFh, those that count. */
static unsigned count_place(const struct swift *swift, const uint8_t *at, uint32_t *flags)
{
    unsigned size = at[0] & 1 ? 2 : 1;
    struct place place = find(swift, at);

    if (place.reg > 1 || !fits(&place, size))
        return 0;
    set_place(swift, &place, size, count(get_place(swift, &place, size), place.reg == 1, size, flags));
    return place.end;
}

static unsigned test_place(const struct swift *swift, const uint8_t *at, uint32_t *flags)
{
    unsigned size = at[0] & 1 ? 2 : 1;
    struct place place = find(swift, at);

    if (!fits(&place, size))
        return 0;
    compute(AND, get_place(swift, &place, size), get_register(swift, place.reg, size), size, flags);
    return place.end;
}

/* 86h to 8Bh: XCHG and MOV. */
static unsigned move(const struct swift *swift, const uint8_t *at)
{
    unsigned size = at[0] & 1 ? 2 : 1;
    struct place place = find(swift, at);

    if (!fits(&place, size))
        return 0;
    uint32_t there = at[0] == 0x88 || at[0] == 0x89 ? 0 : get_place(swift, &place, size);

    if (at[0] < 0x8a)
        set_place(swift, &place, size, get_register(swift, place.reg, size));
    if (at[0] != 0x88 && at[0] != 0x89)
        set_register(swift, place.reg, size, there);
    return place.end;
}

/* C6h and C7h. */
static unsigned move_immediate(const struct swift *swift, const uint8_t *at)
{
    unsigned size = at[0] & 1 ? 2 : 1;
    struct place place = find(swift, at);

    if (place.reg != 0 || !fits(&place, size))
        return 0;
    set_place(swift, &place, size, immediate_at(at + place.end, size));
    return place.end + size;
}

/* A0h to A3h: the accumulator from or to an offset in the instruction. */
static unsigned move_offset(const struct swift *swift, const uint8_t *at)
{
    unsigned size = at[0] & 1 ? 2 : 1;
    const sel_t *segment = swift->cpu->emu->x86.R_DS_SEL;
    uint32_t offset = word_at(at + 1);

    if (size == 2 && offset == SEGMENT_LAST)
        return 0;
    if (at[0] & 2)
        set_memory(swift, segment, offset, size, get_register(swift, REG_AX, size));
    else
        set_register(swift, REG_AX, size, get_memory(swift, segment, offset, size));
    return 3;
}

/* AAh to ADh: STOS and LODS. */
ALWAYS unsigned string(const struct swift *swift, uint8_t opcode, uint32_t flags)
{
    x86emu_t *emu = swift->cpu->emu;
    unsigned size = opcode & 1 ? 2 : 1, number = opcode < 0xac ? REG_DI : REG_SI;
    uint32_t offset = get_register(swift, number, 2);

    if (size == 2 && offset == SEGMENT_LAST)
        return 0;
    if (opcode < 0xac)
        set_memory(swift, emu->x86.R_ES_SEL, offset, size, get_register(swift, REG_AX, size));
    else
        set_register(swift, REG_AX, size, get_memory(swift, emu->x86.R_DS_SEL, offset, size));
    set_register(swift, number, 2, flags & FLAG_DF ? offset - size : offset + size);
    return 1;
}

/* False: the stack pointer is where a push, or a pop, would go over the end of the segment. */
ALWAYS bool push(const struct swift *swift, uint32_t value)
{
    x86emu_t *emu = swift->cpu->emu;
    uint32_t pointer = (emu->x86.R_SP - 2u) & 0xffff;

    if (pointer == SEGMENT_LAST)
        return false;
    set_memory(swift, emu->x86.R_SS_SEL, pointer, 2, value);
    set_register(swift, REG_SP, 2, pointer);
    return true;
}

ALWAYS bool pop(const struct swift *swift, uint32_t *ret_value)
{
    x86emu_t *emu = swift->cpu->emu;
    uint32_t pointer = emu->x86.R_SP;

    if (pointer == SEGMENT_LAST)
        return false;
    *ret_value = get_memory(swift, emu->x86.R_SS_SEL, pointer, 2);
    set_register(swift, REG_SP, 2, pointer + 2);
    return true;
}

/* E0h to E3h: LOOPNE, LOOPE, LOOP and JCXZ. True: it jumps. */
ALWAYS bool loop(const struct swift *swift, uint8_t opcode, uint32_t flags)
{
    uint32_t count = get_register(swift, REG_CX, 2);
    bool zero = flags & F_ZF;

    if (opcode == 0xe3)
        return count == 0;
    set_register(swift, REG_CX, 2, --count);
    return count != 0 && (opcode == 0xe2 || zero == (opcode == 0xe1));
}

/* E4h to E7h and ECh to EFh. */
ALWAYS unsigned access_port(const struct swift *swift, const uint8_t *at)
{
    struct cpu *cpu = swift->cpu;
    unsigned size = at[0] & 1 ? 2 : 1;
    bool by_dx = at[0] & 8;
    uint16_t port = by_dx ? cpu->emu->x86.R_DX : at[1];

    cpu_count(cpu);
    if (at[0] & 2)
        board_out(cpu->context, port, size, get_register(swift, REG_AX, size));
    else
        set_register(swift, REG_AX, size, board_in(cpu->context, port, size));
    return by_dx ? 1 : 2;
}

#define ARITHMETIC_CASES(what, first)                                                                        \
    case (first):                                                                                            \
        length = arithmetic(&swift, at, what, 0, &flags);                                                    \
        break;                                                                                               \
    case (first) + 1:                                                                                        \
        length = arithmetic(&swift, at, what, 1, &flags);                                                    \
        break;                                                                                               \
    case (first) + 2:                                                                                        \
        length = arithmetic(&swift, at, what, 2, &flags);                                                    \
        break;                                                                                               \
    case (first) + 3:                                                                                        \
        length = arithmetic(&swift, at, what, 3, &flags);                                                    \
        break;                                                                                               \
    case (first) + 4:                                                                                        \
        length = arithmetic(&swift, at, what, 4, &flags);                                                    \
        break;                                                                                               \
    case (first) + 5:                                                                                        \
        length = arithmetic(&swift, at, what, 5, &flags);                                                    \
        break

bool cpu_run_swiftly(struct cpu *cpu)
{
    x86emu_t *emu = cpu->emu;
    struct context *context = cpu->context;

    if (!can_be_swift(cpu))
        return false;
    const struct swift swift = {.cpu = cpu,
                                .memory = &context->memory,
                                .registers = {&emu->x86.gen.A, &emu->x86.gen.C, &emu->x86.gen.D,
                                              &emu->x86.gen.B, &emu->x86.spc.SP, &emu->x86.spc.BP,
                                              &emu->x86.spc.SI, &emu->x86.spc.DI}};
    const uint8_t *code = context->memory.bytes + emu->x86.R_CS_BASE;
    uint64_t executed = cpu->executed, end = cpu->next_look < cpu->slice ? cpu->next_look : cpu->slice;
    uint32_t ip = emu->x86.R_EIP, flags = emu->x86.R_FLG, value;

    for (; executed < end && ip <= LAST_IP; executed++) {
        const uint8_t *at = code + ip;
        uint8_t opcode = at[0];
        unsigned length; /* 0: it is not for here */

        switch (opcode) {
            ARITHMETIC_CASES(ADD, 0x00);
            ARITHMETIC_CASES(OR, 0x08);
            ARITHMETIC_CASES(ADC, 0x10);
            ARITHMETIC_CASES(SBB, 0x18);
            ARITHMETIC_CASES(AND, 0x20);
            ARITHMETIC_CASES(SUB, 0x28);
            ARITHMETIC_CASES(XOR, 0x30);
            ARITHMETIC_CASES(CMP, 0x38);
        case 0x40 ... 0x4f:
            value = count(get_register(&swift, opcode & 7, 2), opcode & 8, 2, &flags);
            set_register(&swift, opcode & 7, 2, value);
            length = 1;
            break;
        case 0x50 ... 0x57:
            length = push(&swift, get_register(&swift, opcode & 7, 2));
            break;
        case 0x58 ... 0x5f:
            length = pop(&swift, &value);
            if (length)
                set_register(&swift, opcode & 7, 2, value);
            break;
        case 0x70 ... 0x7f:
            length = 2;
            if (condition_holds(flags, opcode & 15)) {
                ip = (ip + 2 + extended_at(at + 1)) & 0xffff;
                continue;
            }
            break;
        case 0x80 ... 0x83:
            length = arithmetic_immediate(&swift, at, &flags);
            break;
        case 0x84 ... 0x85:
            length = test_place(&swift, at, &flags);
            break;
        case 0x86 ... 0x8b:
            length = move(&swift, at);
            break;
        case 0x90 ... 0x97:
            value = emu->x86.R_AX;
            set_register(&swift, REG_AX, 2, get_register(&swift, opcode & 7, 2));
            set_register(&swift, opcode & 7, 2, value);
            length = 1;
            break;
        case 0x98:
            set_register(&swift, REG_AX, 2, (uint32_t)(int8_t)emu->x86.R_AL);
            length = 1;
            break;
        case 0xa0 ... 0xa3:
            length = move_offset(&swift, at);
            break;
        case 0xa8:
            compute(AND, emu->x86.R_AL, at[1], 1, &flags);
            length = 2;
            break;
        case 0xa9:
            compute(AND, emu->x86.R_AX, word_at(at + 1), 2, &flags);
            length = 3;
            break;
        case 0xaa ... 0xad:
            length = string(&swift, opcode, flags);
            break;
        case 0xb0 ... 0xb7:
            set_register(&swift, opcode & 7, 1, at[1]);
            length = 2;
            break;
        case 0xb8 ... 0xbf:
            set_register(&swift, opcode & 7, 2, word_at(at + 1));
            length = 3;
            break;
        case 0xc3:
            length = pop(&swift, &value);
            if (length) {
                ip = value;
                continue;
            }
            break;
        case 0xc6 ... 0xc7:
            length = move_immediate(&swift, at);
            break;
        case 0xe0 ... 0xe3:
            length = 2;
            if (loop(&swift, opcode, flags)) {
                ip = (ip + 2 + extended_at(at + 1)) & 0xffff;
                continue;
            }
            break;
        case 0xe4 ... 0xe7:
        case 0xec ... 0xef:
            cpu->executed = executed;
            length = access_port(&swift, at);
            if (context->leave || (context->interrupt && flags & FLAG_IF))
                end = executed; /* this is the last one */
            break;
        case 0xe8:
            length = push(&swift, ip + 3);
            if (length) {
                ip = (ip + 3 + word_at(at + 1)) & 0xffff;
                continue;
            }
            break;
        case 0xe9:
            ip = (ip + 3 + word_at(at + 1)) & 0xffff;
            continue;
        case 0xeb:
            ip = (ip + 2 + extended_at(at + 1)) & 0xffff;
            continue;
        case 0xf8:
        case 0xf9:
            flags = (flags & ~(uint32_t)F_CF) | (opcode & 1);
            length = 1;
            break;
        case 0xfa:
            flags &= ~(uint32_t)FLAG_IF;
            length = 1;
            break;
        case 0xfc:
        case 0xfd:
            flags = (flags & ~(uint32_t)FLAG_DF) | (opcode & 1 ? FLAG_DF : 0u);
            length = 1;
            break;
        case 0xfe ... 0xff:
            length = count_place(&swift, at, &flags);
            break;
        default:
            length = 0;
        }
        if (length == 0)
            break;
        ip += length;
    }
    emu->x86.R_EIP = ip;
    emu->x86.R_FLG = flags;
    cpu->executed = executed;
    return executed >= end;
}
