/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/kvm_state.h"

#include <string.h>

enum {
    FLAG_TF = 0x100,
    FLAG_VM = 0x20000,
    FLAGS = 0x257fd5, /* of EFLAGS: those that our machine has; bit 1 is always set */
    CR0_PE = 1,
};
#define CR0_PG 0x80000000u

/* Bits of cpu_segment.access. That of 64-bit code (200h) is left out: it means nothing without long mode, and
 * KVM refuses a CS that has it then (kvm_is_valid_sregs() in arch/x86/kvm/x86.c). */
enum { PRESENT = 0x80, SYSTEM_NOT = 0x10, AVL = 0x100, BIG = 0x400, PAGES = 0x800 };

static struct kvm_segment put_segment(const struct cpu_segment *from)
{
    return (struct kvm_segment){
        .base = from->base,
        .limit = from->limit,
        .selector = from->selector,
        .type = from->access & 0xf,
        .s = (from->access & SYSTEM_NOT) != 0,
        .dpl = from->access >> 5 & 3,
        .present = (from->access & PRESENT) != 0,
        .avl = (from->access & AVL) != 0,
        .db = (from->access & BIG) != 0,
        .g = (from->access & PAGES) != 0,
        .unusable = !(from->access & PRESENT),
    };
}

static struct cpu_segment get_segment(const struct kvm_segment *from)
{
    return (struct cpu_segment){
        .base = (uint32_t)from->base,
        .limit = from->limit,
        .selector = from->selector,
        .access = (uint16_t)((from->type & 0xf) | (from->s ? SYSTEM_NOT : 0) | (from->dpl & 3) << 5 |
                             (from->present ? PRESENT : 0) | (from->avl ? AVL : 0) | (from->db ? BIG : 0) |
                             (from->g ? PAGES : 0)),
    };
}

/* The order of segment numbers. */
static struct kvm_segment *segment_of(struct kvm_sregs *sregs, unsigned number)
{
    struct kvm_segment *const segments[SEG_COUNT] = {
        [SEG_ES] = &sregs->es, [SEG_CS] = &sregs->cs, [SEG_SS] = &sregs->ss,   [SEG_DS] = &sregs->ds,
        [SEG_FS] = &sregs->fs, [SEG_GS] = &sregs->gs, [SEG_LDT] = &sregs->ldt, [SEG_TR] = &sregs->tr,
    };

    return segments[number];
}

static void put_system(struct kvm_sregs *sregs, const struct cpu_state *cpu)
{
    *sregs = (struct kvm_sregs){
        .cr0 = cpu->cr0,
        .cr2 = cpu->cr2,
        .cr3 = cpu->cr3,
        .cr4 = cpu->cr4,
        .gdt = {.base = cpu->gdt.base, .limit = (uint16_t)cpu->gdt.limit},
        .idt = {.base = cpu->idt.base, .limit = (uint16_t)cpu->idt.limit},
    };
    for (unsigned i = 0; i < SEG_COUNT; i++)
        *segment_of(sregs, i) = put_segment(&cpu->seg[i]);
}

/* Blocking by STI is impossible while IF is clear, and either while a single step is due (Intel SDM volume 3,
 * 27.3.1.5, checks on guest non-register state). */
static uint8_t put_shadow(const struct cpu_state *cpu)
{
    if (!cpu->shadow || cpu->eflags & FLAG_TF)
        return 0;
    return cpu->eflags & FLAG_IF ? KVM_X86_SHADOW_INT_STI : KVM_X86_SHADOW_INT_MOV_SS;
}

void kvm_state_put(struct kvm_vm *vm, const struct cpu_state *cpu, bool system)
{
    struct kvm_sync_regs *regs = &vm->run->s.regs;

    regs->regs = (struct kvm_regs){
        .rax = cpu->gpr[REG_AX],
        .rcx = cpu->gpr[REG_CX],
        .rdx = cpu->gpr[REG_DX],
        .rbx = cpu->gpr[REG_BX],
        .rsp = cpu->gpr[REG_SP],
        .rbp = cpu->gpr[REG_BP],
        .rsi = cpu->gpr[REG_SI],
        .rdi = cpu->gpr[REG_DI],
        .rip = cpu->eip,
        .rflags = (cpu->eflags & FLAGS) | 2,
    };
    regs->events = (struct kvm_vcpu_events){
        .interrupt.shadow = put_shadow(cpu),
        .flags = KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SHADOW | KVM_VCPUEVENT_VALID_SMM |
                 KVM_VCPUEVENT_VALID_TRIPLE_FAULT,
    };
    vm->run->kvm_dirty_regs = KVM_SYNC_X86_REGS | KVM_SYNC_X86_EVENTS;
    if (system) {
        put_system(&regs->sregs, cpu);
        vm->run->kvm_dirty_regs |= KVM_SYNC_X86_SREGS;
    }
}

void kvm_state_get(const struct kvm_vm *vm, struct cpu_state *cpu)
{
    struct kvm_sync_regs *all = &vm->run->s.regs;
    const struct kvm_regs *regs = &all->regs;
    const struct kvm_sregs *sregs = &all->sregs;

    cpu->gpr[REG_AX] = (uint32_t)regs->rax;
    cpu->gpr[REG_CX] = (uint32_t)regs->rcx;
    cpu->gpr[REG_DX] = (uint32_t)regs->rdx;
    cpu->gpr[REG_BX] = (uint32_t)regs->rbx;
    cpu->gpr[REG_SP] = (uint32_t)regs->rsp;
    cpu->gpr[REG_BP] = (uint32_t)regs->rbp;
    cpu->gpr[REG_SI] = (uint32_t)regs->rsi;
    cpu->gpr[REG_DI] = (uint32_t)regs->rdi;
    cpu->eip = (uint32_t)regs->rip;
    cpu->eflags = (uint32_t)regs->rflags;
    cpu->shadow = all->events.interrupt.shadow != 0;
    cpu->cr0 = (uint32_t)sregs->cr0;
    cpu->cr2 = (uint32_t)sregs->cr2;
    cpu->cr3 = (uint32_t)sregs->cr3;
    cpu->cr4 = (uint32_t)sregs->cr4;
    cpu->gdt = (struct cpu_table){.base = (uint32_t)sregs->gdt.base, .limit = sregs->gdt.limit};
    cpu->idt = (struct cpu_table){.base = (uint32_t)sregs->idt.base, .limit = sregs->idt.limit};
    for (unsigned i = 0; i < SEG_COUNT; i++)
        cpu->seg[i] = get_segment(segment_of(&all->sregs, i));
}

bool kvm_state_is_whole(const struct kvm_vm *vm)
{
    const struct kvm_sregs *sregs = &vm->run->s.regs.sregs;

    return vm->run->kvm_dirty_regs == 0 && sregs->cr8 == 0 && sregs->efer == 0 && sregs->apic_base == 0 &&
           sregs->interrupt_bitmap[0] == 0 && sregs->interrupt_bitmap[1] == 0 &&
           sregs->interrupt_bitmap[2] == 0 && sregs->interrupt_bitmap[3] == 0;
}

bool kvm_state_same_system(const struct cpu_state *a, const struct cpu_state *b)
{
    return a->cr0 == b->cr0 && a->cr2 == b->cr2 && a->cr3 == b->cr3 && a->cr4 == b->cr4 &&
           memcmp(a->seg, b->seg, sizeof(a->seg)) == 0 && memcmp(&a->gdt, &b->gdt, sizeof(a->gdt)) == 0 &&
           memcmp(&a->idt, &b->idt, sizeof(a->idt)) == 0;
}

int kvm_state_put_debug(struct kvm_vm *vm, const struct cpu_state *cpu)
{
    struct kvm_debugregs debug = {.dr6 = cpu->dr[6], .dr7 = cpu->dr[7]};

    for (unsigned i = 0; i < 4; i++)
        debug.db[i] = cpu->dr[i];
    return kvm_cpu_ioctl(vm, KVM_SET_DEBUGREGS, &debug);
}

int kvm_state_get_debug(struct kvm_vm *vm, struct cpu_state *cpu)
{
    struct kvm_debugregs debug;
    int error = kvm_cpu_ioctl(vm, KVM_GET_DEBUGREGS, &debug);

    if (error)
        return error;
    for (unsigned i = 0; i < 4; i++)
        cpu->dr[i] = (uint32_t)debug.db[i];
    cpu->dr[4] = cpu->dr[5] = 0;
    cpu->dr[6] = (uint32_t)debug.dr6;
    cpu->dr[7] = (uint32_t)debug.dr7;
    return 0;
}

void kvm_state_judge(struct context *context)
{
    const struct cpu_state *cpu = &context->state.cpu;

    if (cpu->cr0 & CR0_PG)
        context_stop(context, VM_STOP_UNSUPPORTED, CPU_NO_PAGING);
    else if (cpu->eflags & FLAG_VM)
        context_stop(context, VM_STOP_UNSUPPORTED, CPU_NO_V86);
    else if (cpu->cr0 & CR0_PE && (cpu->seg[SEG_SS].access >> 5 & 3) != 0)
        context_stop(context, VM_STOP_UNSUPPORTED, CPU_NO_RINGS);
}

/* What KVM gives is the area of XSAVE (Intel SDM volume 1, 13.4). In that, MXCSR_MASK is the processor's, and
 * is not there before the first save; XSTATE_BV says whether x87 and SSE are as after reset, and then their
 * values are, too. (KVM_GET_FPU would be less to copy, but has no MXCSR.) */
int kvm_state_get_coprocessor(struct kvm_vm *vm, struct kvm_xsave *ret_registers)
{
    enum { WORD = sizeof(ret_registers->region[0]), MXCSR_MASK = 28 / WORD, XSTATE_BV = 512 / WORD };
    enum { X87_AND_SSE = 3 };
    int error = kvm_cpu_ioctl(vm, KVM_GET_XSAVE, ret_registers);

    if (error)
        return error;
    ret_registers->region[MXCSR_MASK] = 0;
    ret_registers->region[XSTATE_BV] |= X87_AND_SSE;
    return 0;
}

int kvm_state_judge_coprocessor(struct kvm_vm *vm, const struct kvm_xsave *fresh, struct context *context)
{
    struct kvm_xsave registers;
    int error = kvm_state_get_coprocessor(vm, &registers);

    if (error || memcmp(&registers, fresh, sizeof(registers)) == 0)
        return error;
    context_stop(context, VM_STOP_UNKNOWN_OPCODE, 0);
    registers = *fresh;
    return kvm_cpu_ioctl(vm, KVM_SET_XSAVE, &registers);
}
