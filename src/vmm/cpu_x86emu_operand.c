/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/cpu_x86emu_operand.h"

#include <stddef.h>

#define REGISTER(field) (uint16_t) offsetof(x86emu_t, x86.field)

const uint16_t register_offsets[8] = {REGISTER(gen.A),  REGISTER(gen.C),  REGISTER(gen.D),  REGISTER(gen.B),
                                      REGISTER(spc.SP), REGISTER(spc.BP), REGISTER(spc.SI), REGISTER(spc.DI)};

static int32_t displacement(const struct instruction *instruction, unsigned at, unsigned size)
{
    uint32_t value = immediate(instruction, at, size);

    return size == 1 ? (int8_t)value : size == 2 ? (int16_t)value : (int32_t)value;
}

/* Table 2-1: 16-bit addressing. */
static void decode16(struct cpu *cpu, const struct instruction *instruction, unsigned mod, unsigned at,
                     struct operand *operand)
{
    static const struct {
        int8_t base, index; /* -1: none */
    } forms[8] = {{REG_BX, REG_SI}, {REG_BX, REG_DI}, {REG_BP, REG_SI}, {REG_BP, REG_DI},
                  {REG_SI, -1},     {REG_DI, -1},     {REG_BP, -1},     {REG_BX, -1}};
    int8_t base = forms[operand->rm].base, index = forms[operand->rm].index;
    unsigned size = mod == 0 ? 0 : mod == 1 ? 1 : 2;
    uint32_t offset = 0;

    if (mod == 0 && operand->rm == 6) {
        base = -1;
        size = 2;
    }
    if (base >= 0)
        offset += register_get(cpu, (unsigned)base, 2);
    if (index >= 0)
        offset += register_get(cpu, (unsigned)index, 2);
    if (size)
        offset += (uint32_t)displacement(instruction, at, size);
    operand->offset = offset & 0xffff;
    operand->end = at + size;
    operand->segment = base == REG_BP ? cpu->emu->x86.R_SS_SEL : cpu->emu->x86.R_DS_SEL;
}

/* Tables 2-2 and 2-3: 32-bit addressing, and the SIB byte. */
static void decode32(struct cpu *cpu, const struct instruction *instruction, unsigned mod, unsigned at,
                     struct operand *operand)
{
    unsigned base = operand->rm, size = mod == 0 ? 0 : mod == 1 ? 1 : 4;
    uint32_t offset = 0;
    bool has_base = true;

    if (base == 4) {
        uint8_t sib = (uint8_t)immediate(instruction, at++, 1);

        base = sib & 7;
        if ((sib >> 3 & 7) != 4)
            offset = register_get(cpu, sib >> 3 & 7, 4) << (sib >> 6);
    }
    if (base == 5 && mod == 0) {
        has_base = false;
        size = 4;
    }
    if (has_base)
        offset += register_get(cpu, base, 4);
    if (size)
        offset += (uint32_t)displacement(instruction, at, size);
    operand->offset = offset;
    operand->end = at + size;
    operand->segment =
        has_base && (base == REG_SP || base == REG_BP) ? cpu->emu->x86.R_SS_SEL : cpu->emu->x86.R_DS_SEL;
}

struct operand operand_decode(struct cpu *cpu, const struct instruction *instruction, unsigned at)
{
    uint8_t byte = (uint8_t)immediate(instruction, at, 1);
    struct operand operand = {
        .reg = byte >> 3 & 7, .rm = byte & 7, .is_register = byte >= 0xc0, .end = at + 1};

    operand.address32 = instruction->address32;
    if (operand.is_register)
        return operand;
    if (instruction->address32)
        decode32(cpu, instruction, byte >> 6, at + 1, &operand);
    else
        decode16(cpu, instruction, byte >> 6, at + 1, &operand);
    if (instruction->segment)
        operand.segment = instruction->segment;
    return operand;
}

static bool is_stack(const struct cpu *cpu, const sel_t *segment)
{
    return segment == cpu->emu->x86.R_SS_SEL;
}

bool segment_holds(const sel_t *segment, uint32_t offset, unsigned size)
{
    uint32_t last = offset + size - 1;

    if (last < offset)
        return false; /* it wraps at 4 GiB */
    if (ACC_S(segment->acc) && !ACC_E(segment->acc) && ACC_ED(segment->acc))
        return offset > segment->limit && last <= (ACC_D(segment->acc) ? UINT32_MAX : 0xffff);
    return last <= segment->limit;
}

static bool check_limit(struct cpu *cpu, const sel_t *segment, uint32_t offset, unsigned size)
{
    if (segment_holds(segment, offset, size) && (!is_protected(cpu->emu) || ACC_P(segment->acc)))
        return true;
    cpu_fault(cpu, is_stack(cpu, segment) ? VECTOR_SS : VECTOR_GP, true, 0);
    return false;
}

static bool check_type(struct cpu *cpu, const sel_t *segment, bool writes)
{
    if (!is_protected(cpu->emu))
        return true;
    /* Code is readable when it says so and never writable; data is readable, and writable when it says so. */
    bool allowed = ACC_E(segment->acc) ? !writes && ACC_R(segment->acc) : !writes || ACC_W(segment->acc);

    if (allowed)
        return true;
    cpu_fault(cpu, VECTOR_GP, true, 0);
    return false;
}

bool segment_check(struct cpu *cpu, const sel_t *segment, uint32_t offset, unsigned size, bool writes)
{
    return check_limit(cpu, segment, offset, size) && check_type(cpu, segment, writes);
}

uint32_t linear_read(struct cpu *cpu, uint32_t address, unsigned size)
{
    const struct memory *memory = &cpu->context->memory;

    return size == 1   ? memory_read8(memory, address)
           : size == 2 ? memory_read16(memory, address)
                       : memory_read32(memory, address);
}

bool segment_read(struct cpu *cpu, const sel_t *segment, uint32_t offset, unsigned size, uint32_t *ret_value)
{
    if (!segment_check(cpu, segment, offset, size, false))
        return false;
    *ret_value = linear_read(cpu, segment->base + offset, size);
    return true;
}

bool segment_write(struct cpu *cpu, const sel_t *segment, uint32_t offset, unsigned size, uint32_t value)
{
    struct memory *memory = &cpu->context->memory;
    uint32_t address = segment->base + offset;

    if (!segment_check(cpu, segment, offset, size, true))
        return false;
    if (size == 1)
        memory_write8(memory, address, (uint8_t)value);
    else if (size == 2)
        memory_write16(memory, address, (uint16_t)value);
    else
        memory_write32(memory, address, value);
    return true;
}

bool operand_get(struct cpu *cpu, const struct operand *operand, unsigned size, uint32_t *ret_value)
{
    if (!operand->is_register)
        return segment_read(cpu, operand->segment, operand->offset, size, ret_value);
    *ret_value = register_get(cpu, operand->rm, size);
    return true;
}

bool operand_set(struct cpu *cpu, const struct operand *operand, unsigned size, uint32_t value)
{
    if (!operand->is_register)
        return segment_write(cpu, operand->segment, operand->offset, size, value);
    register_set(cpu, operand->rm, size, value);
    return true;
}

uint32_t stack_pointer(const struct cpu *cpu)
{
    return ACC_D(cpu->emu->x86.R_SS_ACC) ? cpu->emu->x86.R_ESP : cpu->emu->x86.R_SP;
}

void stack_pointer_set(struct cpu *cpu, uint32_t value)
{
    if (ACC_D(cpu->emu->x86.R_SS_ACC))
        cpu->emu->x86.R_ESP = value;
    else
        cpu->emu->x86.R_SP = (u16)value;
}

static uint32_t stack_at(const struct cpu *cpu, uint32_t pointer)
{
    return ACC_D(cpu->emu->x86.R_SS_ACC) ? pointer : pointer & 0xffff;
}

bool stack_push(struct cpu *cpu, uint32_t value, unsigned size)
{
    uint32_t pointer = stack_at(cpu, stack_pointer(cpu) - size);

    if (!segment_write(cpu, cpu->emu->x86.R_SS_SEL, pointer, size, value))
        return false;
    stack_pointer_set(cpu, pointer);
    return true;
}

bool stack_peek(struct cpu *cpu, uint32_t above, unsigned size, uint32_t *ret_value)
{
    return segment_read(cpu, cpu->emu->x86.R_SS_SEL, stack_at(cpu, stack_pointer(cpu) + above), size,
                        ret_value);
}

bool stack_pop(struct cpu *cpu, unsigned size, uint32_t *ret_value)
{
    if (!stack_peek(cpu, 0, size, ret_value))
        return false;
    stack_pointer_set(cpu, stack_pointer(cpu) + size);
    return true;
}

void flags_of_sum(struct cpu *cpu, uint32_t a, uint32_t b, unsigned carry, unsigned size)
{
    flags_set(cpu, FLAGS_ARITHMETIC, sum_flags(a, b, carry, size));
}

void flags_of_difference(struct cpu *cpu, uint32_t a, uint32_t b, unsigned borrow, unsigned size)
{
    flags_set(cpu, FLAGS_ARITHMETIC, difference_flags(a, b, borrow, size));
}

void flags_of_logic(struct cpu *cpu, uint32_t result, unsigned size)
{
    flags_set(cpu, FLAGS_ARITHMETIC, logic_flags(result, size));
}
