/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Interrupts and exceptions (Intel SDM volume 3, chapter 6; real mode: chapter 20). The library's own
 * delivery knows neither 16-bit gates nor limits nor faults within it. */
#include "vmm/cpu_x86emu_segment.h"

enum { TYPE_TASK = 5, TYPE_INT16 = 6, TYPE_TRAP16 = 7, TYPE_INT32 = 14, TYPE_TRAP32 = 15, EXTERNAL = 1 };

static const struct fault fine = {.vector = NO_FAULT};

static struct memory *memory_of(struct cpu *cpu)
{
    return &cpu->context->memory;
}

/* Pushes `count` values of 2 or 4 bytes, the first one first. A stack that has no room for all is a fault,
 * and then none is pushed. */
static struct fault push_all(struct cpu *cpu, const uint32_t *values, unsigned count, unsigned size)
{
    const sel_t *stack = cpu->emu->x86.R_SS_SEL;
    uint32_t mask = ACC_D(stack->acc) ? UINT32_MAX : 0xffff, pointer = stack_pointer(cpu);

    for (unsigned i = 1; i <= count; i++)
        if (!segment_holds(stack, (pointer - i * size) & mask, size))
            return (struct fault){VECTOR_SS, 0};
    for (unsigned i = 0; i < count; i++) {
        pointer = (pointer - size) & mask;
        if (size == 4)
            memory_write32(memory_of(cpu), stack->base + pointer, values[i]);
        else
            memory_write16(memory_of(cpu), stack->base + pointer, (uint16_t)values[i]);
    }
    stack_pointer_set(cpu, pointer);
    return fine;
}

static struct fault deliver_real(struct cpu *cpu, uint8_t vector)
{
    x86emu_t *emu = cpu->emu;
    uint32_t entry = vector * 4u, target;

    if (entry + 3 > emu->x86.R_IDT_LIMIT)
        return (struct fault){VECTOR_GP, 0};
    target = memory_read32(memory_of(cpu), emu->x86.R_IDT_BASE + entry);
    const uint32_t frame[] = {emu->x86.R_FLG, emu->x86.R_CS, emu->x86.R_IP};
    struct fault fault = push_all(cpu, frame, 3, 2);

    if (fault.vector != NO_FAULT)
        return fault;
    emu->x86.R_FLG &= ~(u32)(FLAG_IF | FLAG_TF | FLAG_AC);
    code_load_real(emu, (uint16_t)(target >> 16));
    emu->x86.R_EIP = target & 0xffff;
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
    const uint32_t frame[] = {emu->x86.R_FLG, emu->x86.R_CS, emu->x86.R_EIP, error};
    const sel_t before = *(emu->x86.R_CS_SEL);
    struct fault fault = code_load(cpu, (uint16_t)(low >> 16), ENTRY_INTERRUPT);

    if (fault.vector == NO_FAULT && !cpu->context->state.stop)
        fault = push_all(cpu, frame, has_error ? 4 : 3, wide ? 4 : 2);
    if (fault.vector != NO_FAULT || cpu->context->state.stop) {
        *(emu->x86.R_CS_SEL) = before;
        return fault;
    }
    emu->x86.R_EIP = wide ? (high & 0xffff0000) | (low & 0xffff) : low & 0xffff;
    emu->x86.R_FLG &=
        ~(u32)(FLAG_TF | FLAG_NT | FLAG_RF | (type == TYPE_INT16 || type == TYPE_INT32 ? FLAG_IF : 0));
    return fine;
}

static struct fault deliver(struct cpu *cpu, uint8_t vector, bool has_error, uint32_t error)
{
    return is_protected(cpu->emu) ? deliver_protected(cpu, vector, has_error, error)
                                  : deliver_real(cpu, vector);
}

void cpu_deliver(struct cpu *cpu, uint8_t vector, bool has_error, uint32_t error)
{
    struct fault fault;

    cpu->trap = false;
    cpu->context->state.cpu.halted = 0;
    if (cpu->context->trace_interrupt)
        cpu->context->trace_interrupt(cpu->context->trace_context, vector);
    fault = deliver(cpu, vector, has_error, error);
    if (fault.vector != NO_FAULT && vector != VECTOR_DF) /* the fault of a benign one is delivered itself */
        fault = vector == VECTOR_GP || vector == VECTOR_NP || vector == VECTOR_SS || vector == VECTOR_DE
                    ? deliver(cpu, VECTOR_DF, true, 0)
                    : deliver(cpu, (uint8_t)fault.vector, true, fault.error | EXTERNAL);
    if (fault.vector != NO_FAULT && vector != VECTOR_DF)
        fault = deliver(cpu, VECTOR_DF, true, 0);
    if (fault.vector != NO_FAULT)
        context_stop(cpu->context, VM_STOP_TRIPLE_FAULT, vector);
}

void cpu_software_interrupt(struct cpu *cpu, uint8_t vector, unsigned length)
{
    uint32_t eip = cpu->emu->x86.R_EIP;
    struct fault fault;

    cpu->trap = false;
    cpu_skip(cpu->emu, length);
    fault = deliver(cpu, vector, false, 0);
    if (fault.vector == NO_FAULT) {
        cpu->next_look = cpu->executed;
        return;
    }
    cpu->emu->x86.R_EIP = eip;
    cpu_deliver(cpu, (uint8_t)fault.vector, true, fault.error);
}

void cpu_fault(struct cpu *cpu, uint8_t vector, bool has_error, uint32_t error)
{
    if (cpu->remembers) {
        cpu->emu->x86.gen = cpu->before.gen;
        cpu->emu->x86.spc = cpu->before.spc;
    }
    cpu_deliver(cpu, vector, has_error, error);
}

void cpu_iret(struct cpu *cpu, bool data32)
{
    x86emu_t *emu = cpu->emu;
    uint32_t allowed = data32 ? FLAGS_32 : FLAGS_16, eip, cs, flags;
    unsigned size = data32 ? 4 : 2;

    if (is_protected(emu) && emu->x86.R_FLG & FLAG_NT) {
        context_stop(cpu->context, VM_STOP_UNSUPPORTED, CPU_NO_TASKS);
        return;
    }
    if (!stack_pop(cpu, size, &eip) || !stack_pop(cpu, size, &cs) || !stack_pop(cpu, size, &flags))
        return;
    if (is_protected(emu)) {
        if (data32 && flags & FLAG_VM) {
            context_stop(cpu->context, VM_STOP_UNSUPPORTED, CPU_NO_V86);
            return;
        }
        struct fault fault = code_load(cpu, (uint16_t)cs, ENTRY_RETURN);

        if (fault.vector != NO_FAULT) {
            cpu_fault(cpu, (uint8_t)fault.vector, true, fault.error);
            return;
        }
    } else {
        code_load_real(emu, (uint16_t)cs);
    }
    emu->x86.R_EIP = eip;
    emu->x86.R_FLG = (emu->x86.R_FLG & ~allowed & ~(u32)FLAG_RF) | (flags & allowed) | 2;
}
