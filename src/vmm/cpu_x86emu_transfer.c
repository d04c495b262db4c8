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
        const sel_t before = *(cpu->emu->x86.R_CS_SEL);
        struct fault fault = code_load(cpu, selector, entry);

        if (fault.vector != NO_FAULT) {
            cpu_fault(cpu, (uint8_t)fault.vector, true, fault.error);
            return false;
        }
        if (cpu->context->state.stop)
            return false;
        if (eip > cpu->emu->x86.R_CS_LIMIT) {
            *(cpu->emu->x86.R_CS_SEL) = before;
            cpu_fault(cpu, VECTOR_GP, true, 0);
            return false;
        }
    }
    cpu->emu->x86.R_EIP = eip;
    return true;
}

struct far_pointer {
    uint16_t selector;
    uint32_t eip;
    unsigned size; /* of what a CALL pushes */
};

/* Where a selector is that of a call gate, the pointer becomes what the gate says (Intel SDM volume
 * 3, 5.8.3). Code of privilege 0 can go by all of them, and stays on its stack. False: a fault was delivered.
 */
static bool pass_gate(struct cpu *cpu, struct far_pointer *pointer)
{
    enum { CALL_GATE = 4, CALL_GATE_TYPES = 7, WIDE = 8 };
    struct descriptor gate;

    if (!is_protected(cpu->emu) || !descriptor_read(cpu, pointer->selector, &gate) || ACC_S(gate.access) ||
        (ACC_TYPE(gate.access) & CALL_GATE_TYPES) != CALL_GATE)
        return true;
    if ((pointer->selector & 3u) > ACC_DPL(gate.access) || !ACC_P(gate.access)) {
        cpu_fault(cpu, ACC_P(gate.access) ? VECTOR_GP : VECTOR_NP, true, pointer->selector & 0xfffc);
        return false;
    }
    bool wide = ACC_TYPE(gate.access) & WIDE;

    *pointer = (struct far_pointer){.selector = gate.selector & 0xfffc,
                                    .eip = wide ? gate.offset : gate.offset & 0xffff,
                                    .size = wide ? 4 : 2};
    return true;
}

static void far_jump(struct cpu *cpu, struct far_pointer pointer)
{
    if (pass_gate(cpu, &pointer))
        (void)go_far(cpu, pointer.selector, pointer.eip, ENTRY_JUMP);
}

static void far_call(struct cpu *cpu, struct far_pointer pointer, unsigned end)
{
    const sel_t before = *(cpu->emu->x86.R_CS_SEL);
    uint32_t back = get_ip(cpu->emu) + end;

    if (!pass_gate(cpu, &pointer) || !go_far(cpu, pointer.selector, pointer.eip, ENTRY_JUMP))
        return;
    const sel_t target = *(cpu->emu->x86.R_CS_SEL);

    /* A fault of the stack is one of the caller. */
    *(cpu->emu->x86.R_CS_SEL) = before;
    if (stack_push(cpu, before.sel, pointer.size) && stack_push(cpu, back, pointer.size))
        *(cpu->emu->x86.R_CS_SEL) = target;
}

/* CALL and JMP ptr16:16 and ptr16:32. */
bool execute_far_immediate(struct cpu *cpu, const struct instruction *instruction)
{
    unsigned size = data_size(instruction), at = after_opcode(instruction);
    struct far_pointer pointer = {.selector = (uint16_t)immediate(instruction, at + size, 2),
                                  .eip = immediate(instruction, at, size),
                                  .size = size};

    if (instruction->opcode == 0xea)
        far_jump(cpu, pointer);
    else
        far_call(cpu, pointer, at + size + 2);
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
    unsigned size = data_size(instruction);
    uint32_t eip, more = immediate(instruction, after_opcode(instruction), 2);

    if (stack_peek(cpu, 0, size, &eip) && near_jump(cpu, eip, true))
        stack_pointer_set(cpu, stack_pointer(cpu) + size + more);
    return true;
}

/* The library's CALL by SP takes the pointer after its push. */
static bool group5_near(struct cpu *cpu, const struct instruction *instruction, const struct operand *operand)
{
    unsigned size = data_size(instruction);
    uint32_t value;

    if (!operand_get(cpu, operand, size, &value))
        return true;
    if (operand->reg == 6)
        return !stack_push(cpu, value, size) || execute_ends(cpu, operand->end);
    if (operand->reg == 2)
        near_call(cpu, value, instruction->data32, operand->end);
    else
        (void)near_jump(cpu, value, true);
    return true;
}

/* CALL, JMP and PUSH of opcode FFh; INC and DEC are quick. */
bool execute_group5(struct cpu *cpu, const struct instruction *instruction)
{
    struct operand operand = operand_decode(cpu, instruction, after_opcode(instruction));
    bool is_far = operand.reg == 3 || operand.reg == 5;
    unsigned size = data_size(instruction);
    uint32_t eip, selector;

    if (instruction->opcode == 0xfe || operand.reg == 7 || (is_far && operand.is_register))
        return execute_undefined(cpu);
    if (!is_far)
        return group5_near(cpu, instruction, &operand);
    if (!segment_read(cpu, operand.segment, operand.offset, size, &eip) ||
        !segment_read(cpu, operand.segment, operand.offset + size, 2, &selector))
        return true;
    struct far_pointer pointer = {.selector = (uint16_t)selector, .eip = eip, .size = size};

    if (operand.reg == 5)
        far_jump(cpu, pointer);
    else
        far_call(cpu, pointer, operand.end);
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
        cpu_software_interrupt(cpu, VECTOR_BP, at);
        return true;
    case 0xcd:
        cpu_software_interrupt(cpu, (uint8_t)immediate(instruction, at, 1), at + 1);
        return true;
    case 0xce:
        if (!(cpu->emu->x86.R_FLG & F_OF))
            return execute_ends(cpu, at);
        cpu_software_interrupt(cpu, VECTOR_OF, at);
        return true;
    default:
        cpu_skip(cpu->emu, at);
        cpu_deliver(cpu, VECTOR_DB, false, 0);
        return true;
    }
}

/* LOOPNE, LOOPE, LOOP and JCXZ: the counter is as wide as addresses are. */
bool execute_loop(struct cpu *cpu, const struct instruction *instruction)
{
    unsigned at = after_opcode(instruction), size = instruction->address32 ? 4 : 2;
    bool zero = cpu->emu->x86.R_FLG & F_ZF, counts = instruction->opcode != 0xe3, taken;
    uint32_t count = register_get(cpu, REG_CX, size), by = (uint32_t)(int8_t)instruction->bytes[at];

    if (counts) {
        count = (count - 1) & width_mask(size);
        taken = count != 0 && (instruction->opcode == 0xe2 || zero == (instruction->opcode == 0xe1));
    } else {
        taken = count == 0;
    }
    if (!taken)
        execute_ends(cpu, at + 1);
    else if (!near_jump(cpu, cpu->emu->x86.R_EIP + at + 1 + by, instruction->data32))
        return true;
    if (counts)
        register_set(cpu, REG_CX, size, count);
    return true;
}

/* JMP and Jcc with a displacement as wide as the data. */
bool execute_near_jump(struct cpu *cpu, const struct instruction *instruction)
{
    unsigned at = after_opcode(instruction), size = data_size(instruction);

    if (instruction->opcode == 0x0f && !condition_holds(cpu->emu->x86.R_FLG, instruction->second & 15))
        return execute_ends(cpu, at + size);
    (void)near_jump(cpu, cpu->emu->x86.R_EIP + at + size + immediate(instruction, at, size),
                    instruction->data32);
    return true;
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
        hold_interrupts(cpu);
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
