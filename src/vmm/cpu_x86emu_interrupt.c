/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Interrupts and exceptions (Intel SDM volume 3, chapter 6; real mode: chapter 20). The library's own delivery knows neither
 * 16-bit gates nor limits nor faults within it. */
#include "vmm/cpu_x86emu.h"

enum { TYPE_TASK = 5, TYPE_INT16 = 6, TYPE_TRAP16 = 7, TYPE_INT32 = 14, TYPE_TRAP32 = 15, NO_FAULT = -1, EXTERNAL = 1 };

/* What went wrong within a delivery. */
struct fault {
    int vector; /* NO_FAULT: nothing */
    uint32_t error;
};

static const struct fault fine = {.vector = NO_FAULT};

static struct memory *memory_of(struct cpu *cpu)
{
    return &cpu->context->memory;
}

/* Pushes without a look at the limit in real mode, where the stack wraps within 64 KiB. */
static void push(struct cpu *cpu, uint32_t value, bool wide)
{
    x86emu_t *emu = cpu->emu;
    unsigned size = wide ? 4 : 2;
    uint32_t sp;

    if (ACC_D(emu->x86.R_SS_ACC)) {
        emu->x86.R_ESP -= size;
        sp = emu->x86.R_ESP;
    } else {
        emu->x86.R_SP = (u16)(emu->x86.R_SP - size);
        sp = emu->x86.R_SP;
    }
    if (wide)
        memory_write32(memory_of(cpu), emu->x86.R_SS_BASE + sp, value);
    else
        memory_write16(memory_of(cpu), emu->x86.R_SS_BASE + sp, (uint16_t)value);
}

static uint32_t pop(struct cpu *cpu, bool wide)
{
    x86emu_t *emu = cpu->emu;
    bool stack32 = ACC_D(emu->x86.R_SS_ACC);
    uint32_t sp = stack32 ? emu->x86.R_ESP : emu->x86.R_SP, at = emu->x86.R_SS_BASE + sp;
    uint32_t value = wide ? memory_read32(memory_of(cpu), at) : memory_read16(memory_of(cpu), at);

    if (stack32)
        emu->x86.R_ESP += wide ? 4 : 2;
    else
        emu->x86.R_SP = (u16)(emu->x86.R_SP + (wide ? 4 : 2));
    return value;
}

static struct fault deliver_real(struct cpu *cpu, uint8_t vector)
{
    x86emu_t *emu = cpu->emu;
    uint32_t entry = vector * 4u, target;

    if (entry + 3 > emu->x86.R_IDT_LIMIT)
        return (struct fault){VECTOR_GP, 0};
    target = memory_read32(memory_of(cpu), emu->x86.R_IDT_BASE + entry);
    push(cpu, emu->x86.R_FLG, false);
    push(cpu, emu->x86.R_CS, false);
    push(cpu, emu->x86.R_IP, false);
    emu->x86.R_FLG &= ~(u32)(FLAG_IF | FLAG_TF | FLAG_AC);
    emu->x86.R_CS = (u16)(target >> 16);
    emu->x86.R_CS_BASE = target >> 16 << 4;
    emu->x86.R_EIP = target & 0xffff;
    return fine;
}

/* Loads CS from a descriptor, at ring 0. */
static struct fault load_code(struct cpu *cpu, uint16_t selector)
{
    x86emu_t *emu = cpu->emu;
    uint32_t base = selector & 4 ? emu->x86.R_LDT_BASE : emu->x86.R_GDT_BASE;
    uint32_t limit = selector & 4 ? emu->x86.R_LDT_LIMIT : emu->x86.R_GDT_LIMIT, at = selector & 0xfff8u;
    uint32_t error = selector & 0xfffcu;

    if ((selector & 0xfffc) == 0)
        return (struct fault){VECTOR_GP, 0};
    if (at + 7 > limit)
        return (struct fault){VECTOR_GP, error};
    uint32_t low = memory_read32(memory_of(cpu), base + at), high = memory_read32(memory_of(cpu), base + at + 4);

    if ((high & 0x1800) != 0x1800)
        return (struct fault){VECTOR_GP, error};
    if (high & 0x6000 && !(high & 0x400)) {
        context_stop(cpu->context, VM_STOP_UNSUPPORTED, CPU_NO_RINGS);
        return fine;
    }
    if (!(high & 0x8000))
        return (struct fault){VECTOR_NP, error};
    uint32_t size = (low & 0xffff) | (high & 0xf0000);

    emu->x86.R_CS = selector & 0xfffc;
    emu->x86.R_CS_BASE = low >> 16 | (high & 0xff) << 16 | (high & 0xff000000);
    emu->x86.R_CS_LIMIT = high & 0x800000 ? size << 12 | 0xfff : size;
    emu->x86.R_CS_ACC = (u16)((high >> 8 & 0xff) | (high >> 12 & 0xf00));
    return fine;
}

static struct fault deliver_protected(struct cpu *cpu, uint8_t vector, bool has_error, uint32_t error)
{
    x86emu_t *emu = cpu->emu;
    uint32_t entry = vector * 8u, selector_error = entry | 2;

    if (entry + 7 > emu->x86.R_IDT_LIMIT)
        return (struct fault){VECTOR_GP, selector_error};
    uint32_t low = memory_read32(memory_of(cpu), emu->x86.R_IDT_BASE + entry);
    uint32_t high = memory_read32(memory_of(cpu), emu->x86.R_IDT_BASE + entry + 4), type = high >> 8 & 0x1f;

    if (type == TYPE_TASK) {
        context_stop(cpu->context, VM_STOP_UNSUPPORTED, CPU_NO_TASKS);
        return fine;
    }
    if (type != TYPE_INT16 && type != TYPE_TRAP16 && type != TYPE_INT32 && type != TYPE_TRAP32)
        return (struct fault){VECTOR_GP, selector_error};
    if (!(high & 0x8000))
        return (struct fault){VECTOR_NP, selector_error};
    bool wide = type >= TYPE_INT32;
    uint32_t flags = emu->x86.R_FLG, eip = emu->x86.R_EIP;
    uint16_t cs = emu->x86.R_CS;
    struct fault fault = load_code(cpu, (uint16_t)(low >> 16));

    if (fault.vector != NO_FAULT || cpu->context->state.stop)
        return fault;
    push(cpu, flags, wide);
    push(cpu, cs, wide);
    push(cpu, eip, wide);
    if (has_error)
        push(cpu, error, wide);
    emu->x86.R_EIP = wide ? (high & 0xffff0000) | (low & 0xffff) : low & 0xffff;
    emu->x86.R_FLG &= ~(u32)(FLAG_TF | FLAG_NT | FLAG_RF | (type == TYPE_INT16 || type == TYPE_INT32 ? FLAG_IF : 0));
    return fine;
}

static struct fault deliver(struct cpu *cpu, uint8_t vector, bool has_error, uint32_t error)
{
    return is_protected(cpu->emu) ? deliver_protected(cpu, vector, has_error, error) : deliver_real(cpu, vector);
}

void cpu_deliver(struct cpu *cpu, uint8_t vector, bool has_error, uint32_t error)
{
    struct fault fault;

    cpu->trap = false;
    cpu->context->state.cpu.halted = 0;
    fault = deliver(cpu, vector, has_error, error);
    if (fault.vector != NO_FAULT && vector != VECTOR_DF) /* the fault of a benign one is delivered itself */
        fault = vector == VECTOR_GP || vector == VECTOR_NP || vector == VECTOR_SS || vector == VECTOR_DE
                    ? deliver(cpu, VECTOR_DF, true, 0)
                    : deliver(cpu, (uint8_t)fault.vector, true, fault.error | EXTERNAL);
    if (fault.vector != NO_FAULT && vector != VECTOR_DF)
        fault = deliver(cpu, VECTOR_DF, true, 0);
    if (fault.vector != NO_FAULT)
        context_stop(cpu->context, VM_STOP_TRIPLE_FAULT, vector);
    cpu->next_look = cpu->executed; /* the mode is looked at, and whether it was the end */
}

void cpu_fault(struct cpu *cpu, uint8_t vector, bool has_error, uint32_t error)
{
    cpu->emu->x86.gen = cpu->before.gen;
    cpu->emu->x86.spc = cpu->before.spc;
    cpu_deliver(cpu, vector, has_error, error);
}

void cpu_iret(struct cpu *cpu, bool data32)
{
    x86emu_t *emu = cpu->emu;
    uint32_t allowed = data32 ? FLAGS_32 : FLAGS_16;
    uint32_t eip = pop(cpu, data32), cs = pop(cpu, data32), flags = pop(cpu, data32);

    if (is_protected(emu)) {
        if (emu->x86.R_FLG & FLAG_NT) {
            context_stop(cpu->context, VM_STOP_UNSUPPORTED, CPU_NO_TASKS);
            return;
        }
        if (cs & 3 || flags & FLAG_VM) {
            context_stop(cpu->context, VM_STOP_UNSUPPORTED, flags & FLAG_VM ? CPU_NO_V86 : CPU_NO_RINGS);
            return;
        }
        struct fault fault = load_code(cpu, (uint16_t)cs);

        if (fault.vector != NO_FAULT) {
            cpu_fault(cpu, (uint8_t)fault.vector, true, fault.error);
            return;
        }
    } else {
        emu->x86.R_CS = (u16)cs;
        emu->x86.R_CS_BASE = (cs & 0xffff) << 4;
    }
    emu->x86.R_EIP = data32 ? eip : eip & 0xffff;
    emu->x86.R_FLG = (emu->x86.R_FLG & ~allowed & ~(u32)FLAG_RF) | (flags & allowed) | 2;
    cpu->trap = false;
    cpu->next_look = cpu->executed;
}
