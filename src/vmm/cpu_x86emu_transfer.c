/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Transfers of control. The library's far ones know no descriptor but the plainest, its LOOP and JCXZ take
 * the size of the data for that of the address, and it delivers interrupts its own way.
 */
#include "vmm/cpu_x86emu_segment.h"
#include "vmm/cpu_x86emu_special.h"

/* Goes to another code segment. True: done; false: a fault was delivered or the VM stopped. */
static bool go_far(struct cpu *cpu, uint16_t selector, uint32_t eip, enum code_entry entry)
{
    if (!is_protected(cpu->emu)) {
        if (eip > cpu->emu->x86.R_CS_LIMIT) {
            cpu_fault(cpu, VECTOR_GP, true, 0);
            return false;
        }
        code_load_real(cpu->emu, selector);
    } else {
        struct fault fault = code_load(cpu, selector, entry);

        if (fault.vector != NO_FAULT) {
            cpu_fault(cpu, (uint8_t)fault.vector, true, fault.error);
            return false;
        }
        if (cpu->context->state.stop)
            return false;
    }
    cpu->emu->x86.R_EIP = eip;
    return true;
}

static void far_call(struct cpu *cpu, uint16_t selector, uint32_t eip, unsigned size, unsigned end)
{
    const sel_t before = *(cpu->emu->x86.R_CS_SEL);
    uint32_t back = get_ip(cpu->emu) + end;

    if (!go_far(cpu, selector, eip, ENTRY_JUMP))
        return;
    const sel_t target = *(cpu->emu->x86.R_CS_SEL);

    /* A fault of the stack is one of the caller. */
    *(cpu->emu->x86.R_CS_SEL) = before;
    if (stack_push(cpu, before.sel, size) && stack_push(cpu, back, size))
        *(cpu->emu->x86.R_CS_SEL) = target;
}

/* CALL and JMP ptr16:16 and ptr16:32. */
bool execute_far_immediate(struct cpu *cpu, const struct instruction *instruction)
{
    unsigned size = data_size(instruction), at = after_opcode(instruction);
    uint32_t eip = immediate(instruction, at, size);
    uint16_t selector = (uint16_t)immediate(instruction, at + size, 2);

    if (instruction->opcode == 0xea)
        (void)go_far(cpu, selector, eip, ENTRY_JUMP);
    else
        far_call(cpu, selector, eip, size, at + size + 2);
    return true;
}

bool execute_far_return(struct cpu *cpu, const struct instruction *instruction)
{
    unsigned size = data_size(instruction);
    uint32_t eip, selector;
    uint32_t more = instruction->opcode == 0xca ? immediate(instruction, after_opcode(instruction), 2) : 0;

    if (!stack_pop(cpu, size, &eip) || !stack_pop(cpu, size, &selector))
        return true;
    if (go_far(cpu, (uint16_t)selector, eip, ENTRY_RETURN))
        stack_pointer_set(cpu, stack_pointer(cpu) + more);
    return true;
}

/* RET imm16. */
bool execute_near_return(struct cpu *cpu, const struct instruction *instruction)
{
    uint32_t eip;

    if (!stack_pop(cpu, data_size(instruction), &eip))
        return true;
    stack_pointer_set(cpu, stack_pointer(cpu) + immediate(instruction, after_opcode(instruction), 2));
    cpu->emu->x86.R_EIP = eip;
    return true;
}

/* The far CALL and JMP by memory, and PUSH, of opcode FFh. */
bool execute_group5(struct cpu *cpu, const struct instruction *instruction)
{
    unsigned what = instruction->second >> 3 & 7, size = data_size(instruction);
    uint32_t eip, selector;

    if (what != 3 && what != 5)
        return false;
    struct operand operand = operand_decode(cpu, instruction, after_opcode(instruction));

    if (operand.is_register)
        return execute_undefined(cpu);
    if (!segment_read(cpu, operand.segment, operand.offset, size, &eip) ||
        !segment_read(cpu, operand.segment, operand.offset + size, 2, &selector))
        return true;
    if (what == 5)
        (void)go_far(cpu, (uint16_t)selector, eip, ENTRY_JUMP);
    else
        far_call(cpu, (uint16_t)selector, eip, size, operand.end);
    return true;
}

/* INT n, INT3, INTO, INT1 and IRET. */
bool execute_interrupt(struct cpu *cpu, const struct instruction *instruction)
{
    unsigned at = after_opcode(instruction);

    switch (instruction->opcode) {
    case 0xcf:
        cpu_iret(cpu, instruction->data32);
        return true;
    case 0xcc:
        cpu_skip(cpu->emu, at);
        cpu_deliver(cpu, VECTOR_BP, false, 0);
        return true;
    case 0xcd:
        cpu_skip(cpu->emu, at + 1);
        cpu_deliver(cpu, (uint8_t)immediate(instruction, at, 1), false, 0);
        return true;
    case 0xce:
        cpu_skip(cpu->emu, at);
        if (cpu->emu->x86.R_FLG & F_OF)
            cpu_deliver(cpu, VECTOR_OF, false, 0);
        return true;
    default:
        cpu_skip(cpu->emu, at);
        cpu_deliver(cpu, VECTOR_DB, false, 0);
        return true;
    }
}

/* LOOPNE, LOOPE, LOOP and JCXZ. */
bool execute_loop(struct cpu *cpu, const struct instruction *instruction)
{
    unsigned at = after_opcode(instruction), size = instruction->address32 ? 4 : 2;
    bool zero = cpu->emu->x86.R_FLG & F_ZF, taken;

    if (instruction->data32 == instruction->address32)
        return false;
    uint32_t count = register_get(cpu, REG_CX, size);

    if (instruction->opcode == 0xe3) {
        taken = count == 0;
    } else {
        count = (count - 1) & width_mask(size);
        register_set(cpu, REG_CX, size, count);
        taken = count != 0 && (instruction->opcode == 0xe2 || zero == (instruction->opcode == 0xe1));
    }
    execute_ends(cpu, at + 1);
    if (taken) {
        int32_t by = (int8_t)immediate(instruction, at, 1);
        uint32_t eip = cpu->emu->x86.R_EIP + (uint32_t)by;

        cpu->emu->x86.R_EIP = instruction->data32 ? eip : eip & 0xffff;
    }
    return true;
}

/* XLAT. */
bool execute_translate(struct cpu *cpu, const struct instruction *instruction)
{
    const sel_t *segment = instruction->segment ? instruction->segment : cpu->emu->x86.R_DS_SEL;
    uint32_t offset, value;

    if (instruction->data32 == instruction->address32)
        return false;
    offset = register_get(cpu, REG_BX, instruction->address32 ? 4 : 2) + register_get(cpu, REG_AX, 1);
    if (!instruction->address32)
        offset &= 0xffff;
    if (!segment_read(cpu, segment, offset, 1, &value))
        return true;
    cpu->emu->x86.R_AL = (u8)value;
    return execute_ends(cpu, after_opcode(instruction));
}

bool execute_halt(struct cpu *cpu, const struct instruction *instruction)
{
    cpu->context->state.cpu.halted = 1;
    return execute_ends(cpu, after_opcode(instruction));
}

/* STI: interrupts wait for one more instruction when they were off. */
bool execute_set_interrupts(struct cpu *cpu, const struct instruction *instruction)
{
    if (!(cpu->emu->x86.R_FLG & FLAG_IF))
        cpu->shadow_at = cpu->executed + 1;
    cpu->emu->x86.R_FLG |= FLAG_IF;
    return execute_ends(cpu, after_opcode(instruction));
}

bool execute_bound(struct cpu *cpu, const struct instruction *instruction)
{
    struct operand operand = operand_decode(cpu, instruction, after_opcode(instruction));
    unsigned size = data_size(instruction);
    uint32_t lower, upper, index = register_get(cpu, operand.reg, size);

    if (operand.is_register)
        return execute_undefined(cpu);
    if (!segment_read(cpu, operand.segment, operand.offset, size, &lower) ||
        !segment_read(cpu, operand.segment, operand.offset + size, size, &upper))
        return true;
    bool inside = size == 2 ? (int16_t)index >= (int16_t)lower && (int16_t)index <= (int16_t)upper
                            : (int32_t)index >= (int32_t)lower && (int32_t)index <= (int32_t)upper;

    if (inside)
        return execute_ends(cpu, operand.end);
    cpu_fault(cpu, VECTOR_BR, false, 0);
    return true;
}
