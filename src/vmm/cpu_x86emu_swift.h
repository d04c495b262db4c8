/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inside of cpu_x86emu_swift.c: what single instructions do. Functions that return the length of an
 * instruction return 0 when it is not for here, and have changed nothing then. */
#ifndef MVM_VMM_CPU_X86EMU_SWIFT_H
#define MVM_VMM_CPU_X86EMU_SWIFT_H

#include "vmm/cpu_x86emu_flags.h"
#include "vmm/cpu_x86emu_operand.h"

#include <stddef.h>

enum { LAST_IP = 0xffff - INSTRUCTION_FETCH, SEGMENT_LAST = 0xffff };

enum { ADD, OR, ADC, SBB, AND, SUB, XOR, CMP };

struct swift {
    struct cpu *cpu;
    struct memory *memory;
    uint8_t *stack; /* where the stack segment begins in the memory */
};

/* Where a ModR/M byte leads: a register, or an offset in a segment. */
struct place {
    const sel_t *segment; /* NULL: a register */
    uint32_t offset, reg, rm;
    unsigned end; /* bytes of the instruction up to there */
};

#define ALWAYS static inline __attribute__((always_inline))

/* Segments as real mode has them, but for those that protected mode left behind. */
static inline bool is_plain(const sel_t *segment)
{
    bool grows_down = ACC_S(segment->acc) && !ACC_E(segment->acc) && ACC_ED(segment->acc);

    return segment->limit == SEGMENT_LAST && !grows_down;
}

static inline bool can_be_swift(const struct cpu *cpu)
{
    const x86emu_t *emu = cpu->emu;
    uint32_t base = emu->x86.R_CS_BASE;

    return !is_protected(emu) && !is_code32(emu) && !ACC_D(emu->x86.R_SS_ACC) &&
           !(emu->x86.R_FLG & FLAG_TF) && is_plain(emu->x86.R_CS_SEL) && is_plain(emu->x86.R_DS_SEL) &&
           is_plain(emu->x86.R_ES_SEL) && is_plain(emu->x86.R_SS_SEL) &&
           base <= MEMORY_MIB - 1 - SEGMENT_LAST && emu->x86.R_EIP <= LAST_IP &&
           memory_readable(&cpu->context->memory, base, SEGMENT_LAST + 1) &&
           emu->x86.R_SS_BASE <= MEMORY_HOLE - 1 - SEGMENT_LAST &&
           !(cpu->context->interrupt && emu->x86.R_FLG & FLAG_IF);
}

/* As register_of(), but that a number that is known when this is compiled costs nothing. */
ALWAYS i386_general_register *swift_register(x86emu_t *emu, unsigned number)
{
    static const uint16_t offsets[8] = {offsetof(x86emu_t, x86.gen.A),  offsetof(x86emu_t, x86.gen.C),
                                        offsetof(x86emu_t, x86.gen.D),  offsetof(x86emu_t, x86.gen.B),
                                        offsetof(x86emu_t, x86.spc.SP), offsetof(x86emu_t, x86.spc.BP),
                                        offsetof(x86emu_t, x86.spc.SI), offsetof(x86emu_t, x86.spc.DI)};

    return (i386_general_register *)(void *)((char *)emu + offsets[number]);
}

ALWAYS uint32_t get_register(x86emu_t *emu, unsigned number, unsigned size)
{
    if (size == 2)
        return swift_register(emu, number)->I16_reg.x_reg;
    return number & 4 ? swift_register(emu, number & 3)->I8_reg.h_reg
                      : swift_register(emu, number)->I8_reg.l_reg;
}

/* Written as a whole, so that a read of any width that follows finds all it wants in one store: a read of a
 * word waits long for a byte of it that was stored by itself. */
ALWAYS void set_register(x86emu_t *emu, unsigned number, unsigned size, uint32_t value)
{
    unsigned shift = size == 1 && number & 4 ? 8 : 0;
    uint32_t *whole = &swift_register(emu, size == 1 ? number & 3 : number)->I32_reg.e_reg;
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
static inline struct place find(const struct swift *swift, const uint8_t *at)
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
                          : get_register(swift->cpu->emu, place->rm, size);
}

ALWAYS void set_place(const struct swift *swift, const struct place *place, unsigned size, uint32_t value)
{
    if (place->segment)
        set_memory(swift, place->segment, place->offset, size, value);
    else
        set_register(swift->cpu->emu, place->rm, size, value);
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
        uint32_t result = compute(what, get_register(swift->cpu->emu, REG_AX, size),
                                  immediate_at(at + 1, size), size, flags);

        if (what != CMP)
            set_register(swift->cpu->emu, REG_AX, size, result);
        return 1 + size;
    }
    struct place place = find(swift, at);

    if (!fits(&place, size))
        return 0;
    uint32_t a = get_place(swift, &place, size), b = get_register(swift->cpu->emu, place.reg, size);
    uint32_t result = form & 2 ? compute(what, b, a, size, flags) : compute(what, a, b, size, flags);

    if (what != CMP && form & 2)
        set_register(swift->cpu->emu, place.reg, size, result);
    else if (what != CMP)
        set_place(swift, &place, size, result);
    return place.end;
}

static inline unsigned arithmetic_immediate(const struct swift *swift, const uint8_t *at, uint32_t *flags)
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
static inline unsigned count_place(const struct swift *swift, const uint8_t *at, uint32_t *flags)
{
    unsigned size = at[0] & 1 ? 2 : 1;
    struct place place = find(swift, at);

    if (place.reg > 1 || !fits(&place, size))
        return 0;
    set_place(swift, &place, size, count(get_place(swift, &place, size), place.reg == 1, size, flags));
    return place.end;
}

static inline unsigned test_place(const struct swift *swift, const uint8_t *at, uint32_t *flags)
{
    unsigned size = at[0] & 1 ? 2 : 1;
    struct place place = find(swift, at);

    if (!fits(&place, size))
        return 0;
    compute(AND, get_place(swift, &place, size), get_register(swift->cpu->emu, place.reg, size), size, flags);
    return place.end;
}

/* 86h to 8Bh: XCHG and MOV. An instruction may write over itself: nothing of it is read after that. */
static inline unsigned move(const struct swift *swift, const uint8_t *at)
{
    uint8_t opcode = at[0];
    unsigned size = opcode & 1 ? 2 : 1;
    bool loads = opcode >= 0x8a, stores = !loads, exchanges = opcode < 0x88;
    struct place place = find(swift, at);

    if (!fits(&place, size))
        return 0;
    uint32_t there = loads || exchanges ? get_place(swift, &place, size) : 0;

    if (stores)
        set_place(swift, &place, size, get_register(swift->cpu->emu, place.reg, size));
    if (loads || exchanges)
        set_register(swift->cpu->emu, place.reg, size, there);
    return place.end;
}

/* C6h and C7h. */
static inline unsigned move_immediate(const struct swift *swift, const uint8_t *at)
{
    unsigned size = at[0] & 1 ? 2 : 1;
    struct place place = find(swift, at);

    if (place.reg != 0 || !fits(&place, size))
        return 0;
    set_place(swift, &place, size, immediate_at(at + place.end, size));
    return place.end + size;
}

/* A0h to A3h: the accumulator from or to an offset in the instruction. */
static inline unsigned move_offset(const struct swift *swift, const uint8_t *at)
{
    unsigned size = at[0] & 1 ? 2 : 1;
    const sel_t *segment = swift->cpu->emu->x86.R_DS_SEL;
    uint32_t offset = word_at(at + 1);

    if (size == 2 && offset == SEGMENT_LAST)
        return 0;
    if (at[0] & 2)
        set_memory(swift, segment, offset, size, get_register(swift->cpu->emu, REG_AX, size));
    else
        set_register(swift->cpu->emu, REG_AX, size, get_memory(swift, segment, offset, size));
    return 3;
}

/* AAh to ADh: STOS and LODS. */
ALWAYS unsigned string(const struct swift *swift, uint8_t opcode, uint32_t flags)
{
    x86emu_t *emu = swift->cpu->emu;
    unsigned size = opcode & 1 ? 2 : 1, number = opcode < 0xac ? REG_DI : REG_SI;
    uint32_t offset = get_register(swift->cpu->emu, number, 2);

    if (size == 2 && offset == SEGMENT_LAST)
        return 0;
    if (opcode < 0xac)
        set_memory(swift, emu->x86.R_ES_SEL, offset, size, get_register(swift->cpu->emu, REG_AX, size));
    else
        set_register(swift->cpu->emu, REG_AX, size, get_memory(swift, emu->x86.R_DS_SEL, offset, size));
    set_register(swift->cpu->emu, number, 2, flags & FLAG_DF ? offset - size : offset + size);
    return 1;
}

/* False: the stack pointer is where a push, or a pop, would go over the end of the segment. */
ALWAYS bool push(const struct swift *swift, x86emu_t *emu, uint32_t value)
{
    uint32_t pointer = (get_register(emu, REG_SP, 2) - 2) & 0xffff;
    uint32_t address = emu->x86.R_SS_BASE + pointer;
    uint16_t word = (uint16_t)value;

    if (pointer == SEGMENT_LAST)
        return false;
    memcpy(swift->stack + pointer, &word, sizeof(word));
    memory_mark(swift->memory, address >> MEMORY_LINE_SHIFT);
    if ((address & (MEMORY_LINE - 1)) == MEMORY_LINE - 1)
        memory_mark(swift->memory, (address + 1) >> MEMORY_LINE_SHIFT);
    set_register(emu, REG_SP, 2, pointer);
    return true;
}

ALWAYS bool pop(const struct swift *swift, x86emu_t *emu, uint32_t *ret_value)
{
    uint32_t pointer = get_register(emu, REG_SP, 2);
    uint16_t word;

    if (pointer == SEGMENT_LAST)
        return false;
    memcpy(&word, swift->stack + pointer, sizeof(word));
    *ret_value = word;
    set_register(emu, REG_SP, 2, pointer + 2);
    return true;
}

/* E0h to E3h: LOOPNE, LOOPE, LOOP and JCXZ. True: it jumps. */
ALWAYS bool loop(x86emu_t *emu, uint8_t opcode, uint32_t flags)
{
    uint32_t count = get_register(emu, REG_CX, 2);
    bool zero = flags & F_ZF;

    if (opcode == 0xe3)
        return count == 0;
    set_register(emu, REG_CX, 2, --count);
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
        board_out(cpu->context, port, size, get_register(swift->cpu->emu, REG_AX, size));
    else
        set_register(swift->cpu->emu, REG_AX, size, board_in(cpu->context, port, size));
    return by_dx ? 1 : 2;
}

#endif
