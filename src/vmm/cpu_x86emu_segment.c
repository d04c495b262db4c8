/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/cpu_x86emu_segment.h"

bool descriptor_read(struct cpu *cpu, uint16_t selector, struct descriptor *ret_descriptor)
{
    x86emu_t *emu = cpu->emu;
    uint32_t base = selector & 4 ? emu->x86.R_LDT_BASE : emu->x86.R_GDT_BASE;
    uint32_t limit = selector & 4 ? emu->x86.R_LDT_LIMIT : emu->x86.R_GDT_LIMIT, at = selector & 0xfff8u;

    if ((selector & 0xfffc) == 0 || at + 7 > limit || (selector & 4 && !ACC_P(emu->x86.R_LDT_ACC)))
        return false;
    uint32_t low = linear_read(cpu, base + at, 4), high = linear_read(cpu, base + at + 4, 4);
    uint32_t size = (low & 0xffff) | (high & 0xf0000);

    *ret_descriptor = (struct descriptor){
        .base = low >> 16 | (high & 0xff) << 16 | (high & 0xff000000),
        .limit = high & 0x800000 ? size << 12 | 0xfff : size,
        .offset = (low & 0xffff) | (high & 0xffff0000),
        .selector = (uint16_t)(low >> 16),
        /* Without bit 21, of 64-bit code, as kvm_state.c. */
        .access = (uint16_t)((high >> 8 & 0xff) | (high >> 12 & 0xd00)),
    };
    return true;
}

/* The CPU sets the accessed bit of a descriptor that it loads. */
static void set_accessed(struct cpu *cpu, uint16_t selector, struct descriptor *descriptor)
{
    x86emu_t *emu = cpu->emu;
    uint32_t base = selector & 4 ? emu->x86.R_LDT_BASE : emu->x86.R_GDT_BASE;

    if (ACC_A(descriptor->access))
        return;
    descriptor->access |= 1;
    memory_write8(&cpu->context->memory, base + (selector & 0xfff8u) + 5, (uint8_t)descriptor->access);
}

static void cache(sel_t *segment, uint16_t selector, const struct descriptor *descriptor)
{
    *segment = (sel_t){
        .base = descriptor->base, .limit = descriptor->limit, .sel = selector, .acc = descriptor->access};
}

static bool fail(struct cpu *cpu, uint8_t vector, uint16_t selector)
{
    cpu_fault(cpu, vector, true, selector & 0xfffc);
    return false;
}

static bool load_stack(struct cpu *cpu, uint16_t selector)
{
    struct descriptor descriptor;

    if (!descriptor_read(cpu, selector, &descriptor))
        return fail(cpu, VECTOR_GP, selector);
    if (selector & 3 || !ACC_S(descriptor.access) || ACC_E(descriptor.access) || !ACC_W(descriptor.access) ||
        ACC_DPL(descriptor.access))
        return fail(cpu, VECTOR_GP, selector);
    if (!ACC_P(descriptor.access))
        return fail(cpu, VECTOR_SS, selector);
    set_accessed(cpu, selector, &descriptor);
    cache(cpu->emu->x86.R_SS_SEL, selector, &descriptor);
    return true;
}

static bool load_data(struct cpu *cpu, sel_t *segment, uint16_t selector)
{
    struct descriptor descriptor;

    if ((selector & 0xfffc) == 0) {
        *segment = (sel_t){.sel = selector}; /* loading it is no fault; using it is */
        return true;
    }
    if (!descriptor_read(cpu, selector, &descriptor))
        return fail(cpu, VECTOR_GP, selector);
    bool conforming = ACC_E(descriptor.access) && ACC_C(descriptor.access);

    if (!ACC_S(descriptor.access) || (ACC_E(descriptor.access) && !ACC_R(descriptor.access)) ||
        (!conforming && (selector & 3u) > ACC_DPL(descriptor.access)))
        return fail(cpu, VECTOR_GP, selector);
    if (!ACC_P(descriptor.access))
        return fail(cpu, VECTOR_NP, selector);
    set_accessed(cpu, selector, &descriptor);
    cache(segment, selector, &descriptor);
    return true;
}

bool segment_load(struct cpu *cpu, unsigned number, uint16_t selector)
{
    sel_t *segment = &cpu->emu->x86.seg[number];

    if (!is_protected(cpu->emu)) {
        segment->sel = selector;
        segment->base = (u32)selector << 4;
        return true;
    }
    return number == SEG_SS ? load_stack(cpu, selector) : load_data(cpu, segment, selector);
}

void code_load_real(x86emu_t *emu, uint16_t selector)
{
    emu->x86.R_CS = selector;
    emu->x86.R_CS_BASE = (u32)selector << 4;
}

static struct fault stop(struct cpu *cpu, enum cpu_unsupported what)
{
    context_stop(cpu->context, VM_STOP_UNSUPPORTED, what);
    return (struct fault){.vector = NO_FAULT};
}

struct fault code_load(struct cpu *cpu, uint16_t selector, enum code_entry entry)
{
    struct descriptor descriptor;
    uint32_t error = selector & 0xfffcu;

    if (!descriptor_read(cpu, selector, &descriptor))
        return (struct fault){VECTOR_GP, error};
    if (!ACC_S(descriptor.access)) {
        unsigned type = ACC_TYPE(descriptor.access);

        /* Task gates and task states; a gate does not lead to another. */
        if (entry == ENTRY_JUMP && (type == 1 || type == 5 || type == 9))
            return stop(cpu, CPU_NO_TASKS);
        return (struct fault){VECTOR_GP, error};
    }
    if (!ACC_E(descriptor.access))
        return (struct fault){VECTOR_GP, error};
    unsigned privilege = ACC_DPL(descriptor.access), asked = selector & 3;
    bool conforms = ACC_C(descriptor.access);

    /* A return goes to the privilege of the selector, anything else stays at 0. */
    if (entry == ENTRY_RETURN ? (conforms ? privilege > asked : privilege != asked)
                              : privilege > 0 || (entry == ENTRY_JUMP && asked && !conforms))
        return (struct fault){VECTOR_GP, error};
    if (!ACC_P(descriptor.access))
        return (struct fault){VECTOR_NP, error};
    if (entry == ENTRY_RETURN && asked)
        return stop(cpu, CPU_NO_RINGS);
    set_accessed(cpu, selector, &descriptor);
    cache(cpu->emu->x86.R_CS_SEL, selector & 0xfffc, &descriptor);
    return (struct fault){.vector = NO_FAULT};
}
