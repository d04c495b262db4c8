/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Segment registers, descriptor tables, control registers, and what tells of the processor. The library
 * checks next to nothing here, and its time stamp counter and SSE registers go on from one VM to the next.
 */
#include "vmm/cpu_x86emu_segment.h"
#include "vmm/cpu_x86emu_special.h"
#include "vmm/cpuid.h"

enum {
    CR0_TS = 1 << 3,
    CR0_ET = 1 << 4,
    CR4_KNOWN = 1 << 2 | 1 << 3, /* TSD, DE */
    MSR_TIME_STAMP = 0x10,
};

/* Interrupts and single steps wait for the instruction after a load of SS, which is to load SP. */
static void hold_after_stack_load(struct cpu *cpu, unsigned segment)
{
    if (segment != SEG_SS)
        return;
    hold_interrupts(cpu);
    cpu->trap = false;
}

bool execute_move_to_segment(struct cpu *cpu, const struct instruction *instruction)
{
    struct operand operand = operand_decode(cpu, instruction, after_opcode(instruction));
    uint32_t selector;

    if (operand.reg == SEG_CS || operand.reg > SEG_GS)
        return execute_undefined(cpu);
    if (!operand_get(cpu, &operand, 2, &selector) || !segment_load(cpu, operand.reg, (uint16_t)selector))
        return true;
    hold_after_stack_load(cpu, operand.reg);
    return execute_ends(cpu, operand.end);
}

bool execute_pop_segment(struct cpu *cpu, const struct instruction *instruction)
{
    unsigned number = instruction->opcode == 0x0f ? instruction->second >> 3 & 7 : instruction->opcode >> 3;
    unsigned size = data_size(instruction);
    uint32_t selector;

    /* On a stack that it leaves, the pointer moves before. */
    if (!stack_peek(cpu, 0, 2, &selector))
        return true;
    uint32_t pointer = stack_pointer(cpu) + size;
    bool stack32 = ACC_D(cpu->emu->x86.R_SS_ACC);

    if (!segment_load(cpu, number, (uint16_t)selector))
        return true;
    register_set(cpu, REG_SP, stack32 ? 4 : 2, pointer);
    hold_after_stack_load(cpu, number);
    return execute_ends(cpu, after_opcode(instruction));
}

/* LES, LDS, LSS, LFS and LGS. */
bool execute_load_pointer(struct cpu *cpu, const struct instruction *instruction)
{
    struct operand operand = operand_decode(cpu, instruction, after_opcode(instruction));
    unsigned size = data_size(instruction);
    unsigned number = instruction->opcode == 0xc4   ? SEG_ES
                      : instruction->opcode == 0xc5 ? SEG_DS
                                                    : instruction->second & 7u;
    uint32_t offset, selector;

    if (operand.is_register)
        return execute_undefined(cpu);
    if (!segment_read(cpu, operand.segment, operand.offset, size, &offset) ||
        !segment_read(cpu, operand.segment, operand.offset + size, 2, &selector) ||
        !segment_load(cpu, number, (uint16_t)selector))
        return true;
    register_set(cpu, operand.reg, size, offset);
    return execute_ends(cpu, operand.end);
}

static bool system_fault(struct cpu *cpu, uint32_t selector)
{
    cpu_fault(cpu, VECTOR_GP, true, selector & 0xfffc);
    return true;
}

/* LLDT and LTR. */
static bool load_system(struct cpu *cpu, sel_t *to, uint16_t selector, bool task)
{
    struct descriptor descriptor;

    if ((selector & 0xfffc) == 0 && !task) {
        *to = (sel_t){.sel = selector};
        return true;
    }
    if (selector & 4 || !descriptor_read(cpu, selector, &descriptor) || ACC_S(descriptor.access) ||
        (task ? (ACC_TYPE(descriptor.access) & 7) != 1 : ACC_TYPE(descriptor.access) != 2)) {
        system_fault(cpu, selector);
        return false;
    }
    if (!ACC_P(descriptor.access)) {
        cpu_fault(cpu, VECTOR_NP, true, selector & 0xfffc);
        return false;
    }
    if (task) {
        descriptor.access |= 2; /* busy */
        memory_write8(&cpu->context->memory, cpu->emu->x86.R_GDT_BASE + (selector & 0xfff8u) + 5,
                      (uint8_t)descriptor.access);
    }
    *to = (sel_t){
        .base = descriptor.base, .limit = descriptor.limit, .sel = selector, .acc = descriptor.access};
    return true;
}

/* VERR and VERW. */
static bool is_accessible(struct cpu *cpu, uint16_t selector, bool write)
{
    struct descriptor descriptor;

    if (!descriptor_read(cpu, selector, &descriptor) || !ACC_S(descriptor.access))
        return false;
    bool code = ACC_E(descriptor.access);

    if (!(code && ACC_C(descriptor.access)) && (selector & 3u) > ACC_DPL(descriptor.access))
        return false;
    return write ? !code && ACC_W(descriptor.access) : !code || ACC_R(descriptor.access);
}

bool execute_group6(struct cpu *cpu, const struct instruction *instruction)
{
    struct operand operand = operand_decode(cpu, instruction, after_opcode(instruction));
    x86emu_t *emu = cpu->emu;
    uint32_t selector;

    if (!is_protected(emu) || operand.reg > 5)
        return execute_undefined(cpu);
    if (operand.reg < 2) { /* SLDT, STR */
        selector = operand.reg == 0 ? emu->x86.R_LDT : emu->x86.R_TR;
        if (!operand_set(cpu, &operand, operand.is_register ? data_size(instruction) : 2, selector))
            return true;
        return execute_ends(cpu, operand.end);
    }
    if (!operand_get(cpu, &operand, 2, &selector))
        return true;
    if (operand.reg >= 4)
        flags_set(cpu, F_ZF, is_accessible(cpu, (uint16_t)selector, operand.reg == 5) ? F_ZF : 0);
    else if (!load_system(cpu, operand.reg == 2 ? &emu->x86.ldt : &emu->x86.tr, (uint16_t)selector,
                          operand.reg == 3))
        return true;
    return execute_ends(cpu, operand.end);
}

/* True: done; false: the VM was stopped. */
static bool set_cr0(struct cpu *cpu, uint32_t value)
{
    if (value & CR0_PG) {
        context_stop(cpu->context, VM_STOP_UNSUPPORTED, CPU_NO_PAGING);
        return false;
    }
    cpu->emu->x86.crx[0] = (value & 0x6005003f) | CR0_ET;
    return true;
}

static bool table_store(struct cpu *cpu, const struct instruction *instruction, const struct operand *operand,
                        uint32_t base, uint32_t limit)
{
    (void)instruction; /* since the 386 all 32 bits of the base are stored, also by the 16-bit form */
    if (segment_write(cpu, operand->segment, operand->offset, 2, limit) &&
        segment_write(cpu, operand->segment, operand->offset + 2, 4, base))
        return execute_ends(cpu, operand->end);
    return true;
}

static bool table_load(struct cpu *cpu, const struct instruction *instruction, const struct operand *operand)
{
    uint32_t base, limit;

    if (!segment_read(cpu, operand->segment, operand->offset, 2, &limit) ||
        !segment_read(cpu, operand->segment, operand->offset + 2, 4, &base))
        return true;
    if (!instruction->data32)
        base &= 0xffffff;
    if (operand->reg == 2) {
        cpu->emu->x86.R_GDT_BASE = base;
        cpu->emu->x86.R_GDT_LIMIT = limit;
    } else {
        cpu->emu->x86.R_IDT_BASE = base;
        cpu->emu->x86.R_IDT_LIMIT = limit;
    }
    return execute_ends(cpu, operand->end);
}

/* SGDT, SIDT, LGDT, LIDT, SMSW, LMSW and INVLPG. */
bool execute_group7(struct cpu *cpu, const struct instruction *instruction)
{
    struct operand operand = operand_decode(cpu, instruction, after_opcode(instruction));
    x86emu_t *emu = cpu->emu;
    uint32_t word;

    if (operand.reg == 5 || (operand.is_register && operand.reg != 4 && operand.reg != 6))
        return execute_undefined(cpu);
    switch (operand.reg) {
    case 0:
        return table_store(cpu, instruction, &operand, emu->x86.R_GDT_BASE, emu->x86.R_GDT_LIMIT);
    case 1:
        return table_store(cpu, instruction, &operand, emu->x86.R_IDT_BASE, emu->x86.R_IDT_LIMIT);
    case 2:
    case 3:
        return table_load(cpu, instruction, &operand);
    case 4:
        if (!operand_set(cpu, &operand, operand.is_register ? data_size(instruction) : 2, emu->x86.crx[0]))
            return true;
        break;
    case 6:
        /* LMSW sets MP, EM and TS, and PE but never clears it. */
        if (!operand_get(cpu, &operand, 2, &word) || !set_cr0(cpu, (emu->x86.crx[0] & ~0xeu) | (word & 0xf)))
            return true;
        break;
    default:
        break; /* there is no TLB */
    }
    return execute_ends(cpu, operand.end);
}

/* LAR and LSL. */
bool execute_access_rights(struct cpu *cpu, const struct instruction *instruction)
{
    /* The types of system descriptors for which they work: bit n for type n. */
    enum { LAR_TYPES = 0x1a3e, LSL_TYPES = 0x0a0e };
    struct operand operand = operand_decode(cpu, instruction, after_opcode(instruction));
    unsigned size = data_size(instruction);
    bool limit = instruction->second == 3, valid;
    struct descriptor descriptor;
    uint32_t selector;

    if (!is_protected(cpu->emu))
        return execute_undefined(cpu);
    if (!operand_get(cpu, &operand, 2, &selector))
        return true;
    valid = descriptor_read(cpu, (uint16_t)selector, &descriptor);
    if (valid && !ACC_S(descriptor.access))
        valid = (limit ? LSL_TYPES : LAR_TYPES) >> ACC_TYPE(descriptor.access) & 1;
    if (valid && !(ACC_S(descriptor.access) && ACC_E(descriptor.access) && ACC_C(descriptor.access)))
        valid = (selector & 3u) <= ACC_DPL(descriptor.access);
    if (valid) {
        uint32_t base = selector & 4 ? cpu->emu->x86.R_LDT_BASE : cpu->emu->x86.R_GDT_BASE;
        uint32_t high = linear_read(cpu, base + (selector & 0xfff8u) + 4, 4);

        register_set(cpu, operand.reg, size, limit ? descriptor.limit : high & 0x00f0ff00);
    }
    flags_set(cpu, F_ZF, valid ? F_ZF : 0);
    return execute_ends(cpu, operand.end);
}

bool execute_move_control(struct cpu *cpu, const struct instruction *instruction)
{
    unsigned at = after_opcode(instruction), number = instruction->bytes[at] >> 3 & 7,
             reg = instruction->bytes[at] & 7;
    u32 *control = &cpu->emu->x86.crx[number];

    if (number != 0 && number != 2 && number != 3 && number != 4)
        return execute_undefined(cpu);
    if (instruction->second == 0x20) {
        register_set(cpu, reg, 4, *control);
        return execute_ends(cpu, at + 1);
    }
    uint32_t value = register_get(cpu, reg, 4);

    if (number == 0) {
        if (!set_cr0(cpu, value))
            return true;
    } else if (number == 4 && value & ~(uint32_t)CR4_KNOWN) {
        return system_fault(cpu, 0);
    } else {
        *control = value;
    }
    return execute_ends(cpu, at + 1);
}

/* Breakpoints are kept and never hit. */
bool execute_move_debug(struct cpu *cpu, const struct instruction *instruction)
{
    unsigned at = after_opcode(instruction), number = instruction->bytes[at] >> 3 & 7,
             reg = instruction->bytes[at] & 7;

    if (number == 4 || number == 5) /* names of DR6 and DR7 */
        number += 2;
    if (instruction->second == 0x21)
        register_set(cpu, reg, 4, cpu->emu->x86.drx[number]);
    else
        cpu->emu->x86.drx[number] = number == 6   ? (register_get(cpu, reg, 4) & 0xe00f) | 0xffff0ff0
                                    : number == 7 ? (register_get(cpu, reg, 4) & 0xffff2bff) | 0x400
                                                  : register_get(cpu, reg, 4);
    return execute_ends(cpu, at + 1);
}

static void read_time_stamp(struct cpu *cpu)
{
    cpu_count(cpu);
    uint64_t now = context_now(cpu->context);

    cpu->emu->x86.R_EAX = (u32)now;
    cpu->emu->x86.R_EDX = (u32)(now >> 32);
}

/* RDTSC counts nanoseconds of the population's clock. */
bool execute_time_stamp(struct cpu *cpu, const struct instruction *instruction)
{
    read_time_stamp(cpu);
    return execute_ends(cpu, after_opcode(instruction));
}

/* RDMSR and WRMSR: there is one that can be read. */
bool execute_model_specific(struct cpu *cpu, const struct instruction *instruction)
{
    if (instruction->second != 0x32 || cpu->emu->x86.R_ECX != MSR_TIME_STAMP)
        return system_fault(cpu, 0);
    read_time_stamp(cpu);
    return execute_ends(cpu, after_opcode(instruction));
}

bool execute_identify(struct cpu *cpu, const struct instruction *instruction)
{
    x86emu_t *emu = cpu->emu;
    const struct cpuid_leaf *leaf = &cpuid_leaves[emu->x86.R_EAX == 0 ? 0 : CPUID_LEAVES - 1];

    emu->x86.R_EAX = leaf->eax;
    emu->x86.R_EBX = leaf->ebx;
    emu->x86.R_ECX = leaf->ecx;
    emu->x86.R_EDX = leaf->edx;
    return execute_ends(cpu, after_opcode(instruction));
}

/* ARPL. */
bool execute_adjust_privilege(struct cpu *cpu, const struct instruction *instruction)
{
    struct operand operand = operand_decode(cpu, instruction, after_opcode(instruction));
    uint32_t selector, least = register_get(cpu, operand.reg, 2) & 3;

    if (!is_protected(cpu->emu))
        return execute_undefined(cpu);
    if (!operand_get(cpu, &operand, 2, &selector))
        return true;
    bool raised = (selector & 3) < least;

    if (raised && !operand_set(cpu, &operand, 2, (selector & ~3u) | least))
        return true;
    flags_set(cpu, F_ZF, raised ? F_ZF : 0);
    return execute_ends(cpu, operand.end);
}

/* WAIT: #NM when it is to be known that the task was switched. */
bool execute_wait(struct cpu *cpu, const struct instruction *instruction)
{
    uint32_t both = CR0_MP | CR0_TS;

    if ((cpu->emu->x86.crx[0] & both) == both) {
        cpu_fault(cpu, VECTOR_NM, false, 0);
        return true;
    }
    return execute_ends(cpu, after_opcode(instruction));
}

/* There is no coprocessor. What programs find that out by has no effect, as on a 386 without a 387; anything
 * else would compute with it, and stops the VM rather than to go on with wrong results. */
bool execute_coprocessor(struct cpu *cpu, const struct instruction *instruction)
{
    struct operand operand = operand_decode(cpu, instruction, after_opcode(instruction));
    unsigned opcode = instruction->opcode, modrm = instruction->second;

    if (cpu->emu->x86.crx[0] & (CR0_EM | CR0_TS)) {
        cpu_fault(cpu, VECTOR_NM, false, 0);
        return true;
    }
    bool harmless = operand.is_register
                        ? (opcode == 0xdb && (modrm & 0xf8) == 0xe0) || (opcode == 0xdf && modrm == 0xe0)
                        : (opcode == 0xd9 || opcode == 0xdd) && operand.reg == 7;

    if (!harmless) {
        context_stop(cpu->context, VM_STOP_UNKNOWN_OPCODE, opcode | modrm << 8);
        return true;
    }
    return execute_ends(cpu, operand.end);
}
