/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/cpu_x86emu_special.h"

enum { FEW_PREFIXES = 3 }; /* so many and the longest instruction are 15 bytes at most */

/* First bytes before which cpu_special() is asked: prefixes, and opcodes that have a function below. */
const uint8_t cpu_special_opcodes[256] = {
    [0x07] = 1,          [0x0f] = 1,          [0x17] = 1,          [0x1f] = 1,          [0x26] = 1,
    [0x2e ... 0x2f] = 1, [0x36] = 1,          [0x3e] = 1,          [0x60 ... 0x67] = 1, [0x69] = 1,
    [0x6b ... 0x6f] = 1, [0x86 ... 0x87] = 1, [0x8c] = 1,          [0x8e ... 0x8f] = 1, [0x9a ... 0x9e] = 1,
    [0xa0 ... 0xa7] = 1, [0xaa ... 0xaf] = 1, [0xc0 ... 0xc2] = 1, [0xc4 ... 0xc5] = 1, [0xc8 ... 0xd4] = 1,
    [0xd7 ... 0xe3] = 1, [0xe9 ... 0xea] = 1, [0xf0 ... 0xf4] = 1, [0xf6 ... 0xf7] = 1, [0xfb] = 1,
    [0xfe ... 0xff] = 1,
};

static execute *const one_byte[256] = {
    [0x07] = execute_pop_segment,
    [0x17] = execute_pop_segment,
    [0x1f] = execute_pop_segment,
    [0x2f] = execute_adjust_difference,
    [0x60] = execute_push_all,
    [0x61] = execute_pop_all,
    [0x62] = execute_bound,
    [0x63] = execute_adjust_privilege,
    [0x69] = execute_multiply,
    [0x6b] = execute_multiply,
    [0x6c ... 0x6f] = execute_string,
    [0x86 ... 0x87] = execute_exchange,
    [0x8c] = execute_move_from_segment,
    [0x8e] = execute_move_to_segment,
    [0x8f] = execute_pop_operand,
    [0x9a] = execute_far_immediate,
    [0x9b] = execute_wait,
    [0x9c] = execute_push_flags,
    [0x9d] = execute_pop_flags,
    [0x9e] = execute_sahf,
    [0xa0 ... 0xa3] = execute_move_offset,
    [0xa4 ... 0xa7] = execute_string,
    [0xaa ... 0xaf] = execute_string,
    [0xc0] = execute_shift,
    [0xc1] = execute_shift,
    [0xc2] = execute_near_return,
    [0xc4] = execute_load_pointer,
    [0xc5] = execute_load_pointer,
    [0xc8] = execute_enter,
    [0xc9] = execute_leave,
    [0xca] = execute_far_return,
    [0xcb] = execute_far_return,
    [0xcc] = execute_interrupt,
    [0xcd] = execute_interrupt,
    [0xce] = execute_interrupt,
    [0xcf] = execute_interrupt,
    [0xd0] = execute_shift,
    [0xd1] = execute_shift,
    [0xd2] = execute_shift,
    [0xd3] = execute_shift,
    [0xd4] = execute_adjust_by_base,
    [0xd7] = execute_translate,
    [0xd8] = execute_coprocessor,
    [0xd9] = execute_coprocessor,
    [0xda] = execute_coprocessor,
    [0xdb] = execute_coprocessor,
    [0xdc] = execute_coprocessor,
    [0xdd] = execute_coprocessor,
    [0xde] = execute_coprocessor,
    [0xdf] = execute_coprocessor,
    [0xe0] = execute_loop,
    [0xe1] = execute_loop,
    [0xe2] = execute_loop,
    [0xe3] = execute_loop,
    [0xe9] = execute_near_jump,
    [0xea] = execute_far_immediate,
    [0xf1] = execute_interrupt,
    [0xf4] = execute_halt,
    [0xf6 ... 0xf7] = execute_group3,
    [0xfb] = execute_set_interrupts,
    [0xfe ... 0xff] = execute_group5,
};

/* Left to the library, which does them right. */
static bool by_library(struct cpu *cpu, const struct instruction *instruction)
{
    (void)cpu;
    (void)instruction;
    return false;
}

/* After 0Fh. What is not here does not exist. */
static execute *const two_bytes[256] = {
    [0x00] = execute_group6,
    [0x01] = execute_group7,
    [0x02 ... 0x03] = execute_access_rights,
    [0x06] = by_library,
    [0x08 ... 0x09] = by_library,
    [0x18 ... 0x1f] = execute_hint,
    [0x20] = execute_move_control,
    [0x21] = execute_move_debug,
    [0x22] = execute_move_control,
    [0x23] = execute_move_debug,
    [0x30] = execute_model_specific,
    [0x31] = execute_time_stamp,
    [0x32] = execute_model_specific,
    [0x40 ... 0x4f] = execute_conditional_move,
    [0x80 ... 0x8f] = execute_near_jump,
    [0x90 ... 0x9f] = execute_set,
    [0xa0] = execute_push_segment,
    [0xa1] = execute_pop_segment,
    [0xa2] = execute_identify,
    [0xa3] = execute_bit_test,
    [0xa4 ... 0xa5] = execute_double_shift,
    [0xa8] = execute_push_segment,
    [0xa9] = execute_pop_segment,
    [0xab] = execute_bit_test,
    [0xac ... 0xad] = execute_double_shift,
    [0xaf] = execute_multiply,
    [0xb0 ... 0xb1] = execute_compare_exchange,
    [0xb2] = execute_load_pointer,
    [0xb3] = execute_bit_test,
    [0xb4 ... 0xb5] = execute_load_pointer,
    [0xb6 ... 0xb7] = execute_extend,
    [0xba ... 0xbb] = execute_bit_test,
    [0xbc ... 0xbd] = execute_bit_scan,
    [0xbe ... 0xbf] = execute_extend,
    [0xc0 ... 0xc1] = execute_exchange_add,
    [0xc7] = execute_compare_exchange8,
    [0xc8 ... 0xcf] = execute_byte_swap,
};

bool execute_undefined(struct cpu *cpu)
{
    cpu_fault(cpu, VECTOR_UD, false, 0);
    return true;
}

bool execute_ends(struct cpu *cpu, unsigned end)
{
    if (end > INSTRUCTION_MOST)
        cpu_fault(cpu, VECTOR_GP, true, 0);
    else
        cpu_skip(cpu->emu, end);
    return true;
}

void cpu_fetch_slowly(struct cpu *cpu, struct instruction *instruction)
{
    const x86emu_t *emu = cpu->emu;
    uint32_t ip = get_ip(emu);

    for (unsigned i = 0; i < INSTRUCTION_FETCH; i++)
        instruction->bytes[i] = memory_read8(
            &cpu->context->memory, emu->x86.R_CS_BASE + (is_code32(emu) ? ip + i : (ip + i) & 0xffff));
}

/* What the library would toggle once more than once: it takes each size prefix for the contrary of the last.
 */
static void note_repeated_prefixes(struct cpu *cpu, unsigned data_prefixes, unsigned address_prefixes)
{
    cpu->toggled = (data_prefixes && data_prefixes % 2 == 0 ? _MODE_DATA32 : 0u) |
                   (address_prefixes && address_prefixes % 2 == 0 ? _MODE_ADDR32 : 0u);
}

/* Reads the prefixes and the opcode. False: there are more bytes than an instruction may have. */
static bool decode(struct cpu *cpu, struct instruction *instruction)
{
    x86emu_t *emu = cpu->emu;
    memset(instruction->bytes + INSTRUCTION_FETCH, 0, INSTRUCTION_ROOM - INSTRUCTION_FETCH);
    instruction->segment = NULL;
    instruction->rep = instruction->repne = instruction->lock = false;
    bool code32 = is_code32(emu);
    unsigned at = 0, data_prefixes = 0, address_prefixes = 0;

    for (;; at++) {
        if (at >= INSTRUCTION_MOST)
            return false;
        switch (instruction->bytes[at]) {
        case 0x26:
        case 0x2e:
        case 0x36:
        case 0x3e:
            instruction->segment = &emu->x86.seg[instruction->bytes[at] >> 3 & 3];
            continue;
        case 0x64:
        case 0x65:
            instruction->segment = &emu->x86.seg[instruction->bytes[at] & 7];
            continue;
        case 0x66:
            data_prefixes++;
            continue;
        case 0x67:
            address_prefixes++;
            continue;
        case 0xf0:
            instruction->lock = true;
            continue;
        case 0xf2:
            instruction->repne = true;
            instruction->rep = false;
            continue;
        case 0xf3:
            instruction->rep = true;
            instruction->repne = false;
            continue;
        default:
            break;
        }
        break;
    }
    if (instruction->bytes[at] == 0x0f && at + 1 >= INSTRUCTION_MOST)
        return false;
    instruction->data32 = code32 != (data_prefixes > 0);
    instruction->address32 = code32 != (address_prefixes > 0);
    note_repeated_prefixes(cpu, data_prefixes, address_prefixes);
    instruction->prefixes = at;
    instruction->opcode = instruction->bytes[at];
    instruction->second = instruction->bytes[at + 1];
    return true;
}

/* LOCK goes before few instructions, and only when they write memory (Intel SDM volume 2, LOCK). */
static bool may_lock(const struct instruction *instruction)
{
    uint8_t opcode = instruction->opcode, modrm = instruction->bytes[after_opcode(instruction)];
    unsigned what = modrm >> 3 & 7;

    if (modrm >= 0xc0)
        return false;
    if (opcode == 0x0f)
        switch (instruction->second) {
        case 0xab:
        case 0xb0:
        case 0xb1:
        case 0xb3:
        case 0xbb:
        case 0xc0:
        case 0xc1:
            return true;
        case 0xba:
            return what >= 5;
        case 0xc7:
            return what == 1;
        default:
            return false;
        }
    if (opcode < 0x38)
        return (opcode & 7) < 2;
    if (opcode >= 0x80 && opcode <= 0x83)
        return what != 7;
    if (opcode == 0x86 || opcode == 0x87)
        return true;
    if (opcode == 0xf6 || opcode == 0xf7)
        return what == 2 || what == 3;
    return (opcode == 0xfe || opcode == 0xff) && what < 2;
}

bool cpu_fits(struct cpu *cpu, uint64_t bytes)
{
    struct instruction instruction;

    cpu_fetch(cpu, &instruction);
    return decode(cpu, &instruction) && cpu_length(&instruction) <= bytes;
}

bool cpu_special(struct cpu *cpu, struct instruction *instruction)
{
    if (!decode(cpu, instruction) ||
        (instruction->prefixes > FEW_PREFIXES && cpu_length(instruction) > INSTRUCTION_MOST)) {
        cpu_fault(cpu, VECTOR_GP, true, 0);
        return true;
    }
    if (instruction->lock && !may_lock(instruction))
        return execute_undefined(cpu);
    if (cpu_quick[instruction->opcode] && cpu_quick[instruction->opcode](cpu, instruction))
        return true;
    execute *special =
        instruction->opcode == 0x0f ? two_bytes[instruction->second] : one_byte[instruction->opcode];

    if (instruction->opcode == 0x0f && !special)
        return execute_undefined(cpu);
    return special && special(cpu, instruction);
}
