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

/* Where the byte after the opcode is. */
static inline unsigned after_opcode(const struct instruction *instruction)
{
    return instruction->prefixes + (instruction->opcode == 0x0f ? 2u : 1u);
}

/* cpu_x86emu_arithmetic.c */
execute execute_shift, execute_divide, execute_adjust_by_base, execute_sahf;
/* cpu_x86emu_bits.c */
execute execute_bit_test, execute_bit_scan, execute_double_shift, execute_exchange_add,
    execute_compare_exchange, execute_compare_exchange8, execute_byte_swap;
/* cpu_x86emu_stack.c */
execute execute_push_all, execute_pop_all, execute_pop_operand, execute_enter, execute_push_flags,
    execute_pop_flags;
/* cpu_x86emu_transfer.c */
execute execute_far_immediate, execute_far_return, execute_near_return, execute_group5, execute_interrupt,
    execute_loop, execute_translate, execute_halt, execute_set_interrupts, execute_bound;
/* cpu_x86emu_system.c */
execute execute_move_to_segment, execute_pop_segment, execute_load_pointer, execute_group6, execute_group7,
    execute_access_rights, execute_move_control, execute_move_debug, execute_time_stamp, execute_identify,
    execute_model_specific, execute_adjust_privilege, execute_coprocessor;

#endif
