/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The instructions that are executed here: each has a function, found by its opcode in the tables of
 * cpu_x86emu_special.c. A function executes the instruction, with EIP moved behind it, and returns true; or
 * it leaves all as it is and returns false: the library does this form right.
 */
#ifndef MVM_VMM_CPU_X86EMU_SPECIAL_H
#define MVM_VMM_CPU_X86EMU_SPECIAL_H

#include "vmm/cpu_x86emu_operand.h"

typedef bool execute(struct cpu *cpu, const struct instruction *instruction);

/* Raises #UD. Always true. */
bool execute_undefined(struct cpu *cpu);

/* Moves EIP behind the instruction, whose last byte is before `end`. Always true. */
bool execute_ends(struct cpu *cpu, unsigned end);

/* Jumps within the code segment; `eip` is cut to 16 bits unless `data32`. False: it is beyond the limit, and
 * #GP was delivered, as a fault of this instruction: nothing may have been changed before. */
static inline bool near_jump(struct cpu *cpu, uint32_t eip, bool data32)
{
    if (!data32)
        eip &= 0xffff;
    if (__builtin_expect(eip > cpu->emu->x86.R_CS_LIMIT, 0)) {
        cpu_fault(cpu, VECTOR_GP, true, 0);
        return false;
    }
    cpu->emu->x86.R_EIP = eip;
    return true;
}

/* The same with a return address, that of `end` bytes from here, as wide as the data. */
static inline void near_call(struct cpu *cpu, uint32_t eip, bool data32, unsigned end)
{
    uint32_t here = cpu->emu->x86.R_EIP, back = get_ip(cpu->emu) + end;

    if (near_jump(cpu, eip, data32)) {
        eip = cpu->emu->x86.R_EIP;
        cpu->emu->x86.R_EIP = here; /* a fault of the stack is one of this instruction */
        if (stack_push(cpu, back, data32 ? 4 : 2))
            cpu->emu->x86.R_EIP = eip;
    }
}

/* Interrupts wait for one more instruction; but not for another when several in a row say so (Intel SDM
 * volume 3, 6.8.3: only the first one is guaranteed to hold them). */
static inline void hold_interrupts(struct cpu *cpu)
{
    if (cpu->shadow_at != cpu->executed)
        cpu->shadow_at = cpu->executed + 1;
}

/* Where the byte after the opcode is. */
static inline unsigned after_opcode(const struct instruction *instruction)
{
    return instruction->prefixes + (instruction->opcode == 0x0f ? 2u : 1u);
}

/* cpu_x86emu_arithmetic.c */
execute execute_shift, execute_group3, execute_multiply, execute_adjust_by_base, execute_adjust_difference,
    execute_sahf;
/* cpu_x86emu_bits.c */
execute execute_bit_test, execute_bit_scan, execute_double_shift, execute_exchange_add,
    execute_compare_exchange, execute_compare_exchange8, execute_byte_swap;
/* cpu_x86emu_data.c */
execute execute_move_offset, execute_exchange, execute_move_from_segment, execute_translate, execute_extend,
    execute_conditional_move, execute_set, execute_hint;
/* cpu_x86emu_string.c: those with REP do a bounded number of rounds and leave EIP as it is while there are
 * more */
execute execute_string;
/* cpu_x86emu_stack.c */
execute execute_push_all, execute_pop_all, execute_pop_operand, execute_enter, execute_push_flags,
    execute_pop_flags, execute_leave, execute_push_segment;
/* cpu_x86emu_transfer.c */
execute execute_far_immediate, execute_far_return, execute_near_return, execute_near_jump, execute_group5,
    execute_interrupt, execute_loop, execute_halt, execute_set_interrupts, execute_bound;
/* cpu_x86emu_system.c */
execute execute_move_to_segment, execute_pop_segment, execute_load_pointer, execute_group6, execute_group7,
    execute_access_rights, execute_move_control, execute_move_debug, execute_time_stamp, execute_identify,
    execute_model_specific, execute_adjust_privilege, execute_coprocessor, execute_wait;

#endif
