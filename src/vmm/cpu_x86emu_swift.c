/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The plainest code, of which guests of 512 bytes are made: real mode, 16 bits, segments of 64 KiB, no
 * prefix. There, an instruction cannot fault but at the end of a segment; so a stretch of them runs in one
 * loop, with EIP and the flags at hand, and without a look at anything but after accesses to ports. Whatever
 * is not that plain is left to the others, before it has changed anything. bench/http-asks and bench/boots
 * show what it is worth.
 *
 * What each instruction does is the same as there: tests/fuzz compares the two.
 */
#include "vmm/cpu_x86emu_swift.h"

#define ARITHMETIC_CASES(what, first)                                                                        \
    case (first):                                                                                            \
        length = arithmetic(&swift, at, what, 0, &flags);                                                    \
        break;                                                                                               \
    case (first) + 1:                                                                                        \
        length = arithmetic(&swift, at, what, 1, &flags);                                                    \
        break;                                                                                               \
    case (first) + 2:                                                                                        \
        length = arithmetic(&swift, at, what, 2, &flags);                                                    \
        break;                                                                                               \
    case (first) + 3:                                                                                        \
        length = arithmetic(&swift, at, what, 3, &flags);                                                    \
        break;                                                                                               \
    case (first) + 4:                                                                                        \
        length = arithmetic(&swift, at, what, 4, &flags);                                                    \
        break;                                                                                               \
    case (first) + 5:                                                                                        \
        length = arithmetic(&swift, at, what, 5, &flags);                                                    \
        break

/* Cases of eight registers, and of sixteen conditions, each with its number. */
#define EACH(first, does)                                                                                    \
    case (first):                                                                                            \
        does(0);                                                                                             \
        break;                                                                                               \
    case (first) + 1:                                                                                        \
        does(1);                                                                                             \
        break;                                                                                               \
    case (first) + 2:                                                                                        \
        does(2);                                                                                             \
        break;                                                                                               \
    case (first) + 3:                                                                                        \
        does(3);                                                                                             \
        break;                                                                                               \
    case (first) + 4:                                                                                        \
        does(4);                                                                                             \
        break;                                                                                               \
    case (first) + 5:                                                                                        \
        does(5);                                                                                             \
        break;                                                                                               \
    case (first) + 6:                                                                                        \
        does(6);                                                                                             \
        break;                                                                                               \
    case (first) + 7:                                                                                        \
        does(7);                                                                                             \
        break

#define INC(number)                                                                                          \
    set_register(emu, number, 2, count(get_register(emu, number, 2), false, 2, &flags));                     \
    length = 1
#define DEC(number)                                                                                          \
    set_register(emu, number, 2, count(get_register(emu, number, 2), true, 2, &flags));                      \
    length = 1
#define PUSH(number) length = push(&swift, emu, get_register(emu, number, 2))
#define POP(number)                                                                                          \
    length = pop(&swift, emu, &value);                                                                       \
    if (length)                                                                                              \
    set_register(emu, number, 2, value)
#define JUMP_IF(condition)                                                                                   \
    length = 2;                                                                                              \
    if (condition_holds(flags, condition)) {                                                                 \
        ip = (ip + 2 + extended_at(at + 1)) & 0xffff;                                                        \
        continue;                                                                                            \
    }
#define JUMP_IF_LATER(condition) JUMP_IF((condition) + 8)
#define EXCHANGE(number)                                                                                     \
    value = get_register(emu, REG_AX, 2);                                                                    \
    set_register(emu, REG_AX, 2, get_register(emu, number, 2));                                              \
    set_register(emu, number, 2, value);                                                                     \
    length = 1
#define MOVE_BYTE(number)                                                                                    \
    set_register(emu, number, 1, at[1]);                                                                     \
    length = 2
#define MOVE_WORD(number)                                                                                    \
    set_register(emu, number, 2, word_at(at + 1));                                                           \
    length = 3

bool cpu_run_swiftly(struct cpu *cpu)
{
    x86emu_t *emu = cpu->emu;
    struct context *context = cpu->context;

    if (!can_be_swift(cpu))
        return false;
    const struct swift swift = {
        .cpu = cpu, .memory = &context->memory, .stack = context->memory.bytes + emu->x86.R_SS_BASE};
    const uint8_t *code = context->memory.bytes + emu->x86.R_CS_BASE;
    uint64_t executed = cpu->executed, end = cpu->next_look < cpu->slice ? cpu->next_look : cpu->slice;
    uint32_t ip = emu->x86.R_EIP, flags = emu->x86.R_FLG, value;

    for (; executed < end && ip <= LAST_IP; executed++) {
        const uint8_t *at = code + ip;
        uint8_t opcode = at[0];
        unsigned length; /* 0: it is not for here */

        switch (opcode) {
            ARITHMETIC_CASES(ADD, 0x00);
            ARITHMETIC_CASES(OR, 0x08);
            ARITHMETIC_CASES(ADC, 0x10);
            ARITHMETIC_CASES(SBB, 0x18);
            ARITHMETIC_CASES(AND, 0x20);
            ARITHMETIC_CASES(SUB, 0x28);
            ARITHMETIC_CASES(XOR, 0x30);
            ARITHMETIC_CASES(CMP, 0x38);
            EACH(0x40, INC);
            EACH(0x48, DEC);
            EACH(0x50, PUSH);
            EACH(0x58, POP);
            EACH(0x70, JUMP_IF);
            EACH(0x78, JUMP_IF_LATER);
        case 0x80 ... 0x83:
            length = arithmetic_immediate(&swift, at, &flags);
            break;
        case 0x84 ... 0x85:
            length = test_place(&swift, at, &flags);
            break;
        case 0x86 ... 0x8b:
            length = move(&swift, at);
            break;
            EACH(0x90, EXCHANGE);
        case 0x98:
            set_register(emu, REG_AX, 2, (uint32_t)(int8_t)emu->x86.R_AL);
            length = 1;
            break;
        case 0xa0 ... 0xa3:
            length = move_offset(&swift, at);
            break;
        case 0xa8:
            compute(AND, emu->x86.R_AL, at[1], 1, &flags);
            length = 2;
            break;
        case 0xa9:
            compute(AND, emu->x86.R_AX, word_at(at + 1), 2, &flags);
            length = 3;
            break;
        case 0xaa ... 0xad:
            length = string(&swift, opcode, flags);
            break;
            EACH(0xb0, MOVE_BYTE);
            EACH(0xb8, MOVE_WORD);
        case 0xc3:
            length = pop(&swift, emu, &value);
            if (length) {
                ip = value;
                continue;
            }
            break;
        case 0xc6 ... 0xc7:
            length = move_immediate(&swift, at);
            break;
        case 0xe0 ... 0xe3:
            length = 2;
            if (loop(emu, opcode, flags)) {
                ip = (ip + 2 + extended_at(at + 1)) & 0xffff;
                continue;
            }
            break;
        case 0xec:
            if (board_reads_status_only(context, emu->x86.R_DX, 1)) {
                set_register(emu, REG_AX, 1, uart_status(&context->state.uart));
                length = 1;
                break;
            }
            /* fall through */
        case 0xe4 ... 0xe7:
        case 0xed ... 0xef:
            cpu->executed = executed;
            length = access_port(&swift, at);
            if (context->leave || (context->interrupt && flags & FLAG_IF))
                end = executed; /* this is the last one */
            break;
        case 0xe8:
            value = (ip + 3 + word_at(at + 1)) & 0xffff; /* the push may write over the instruction */
            length = push(&swift, emu, ip + 3);
            if (length) {
                ip = value;
                continue;
            }
            break;
        case 0xe9:
            ip = (ip + 3 + word_at(at + 1)) & 0xffff;
            continue;
        case 0xeb:
            ip = (ip + 2 + extended_at(at + 1)) & 0xffff;
            continue;
        case 0xf8:
        case 0xf9:
            flags = (flags & ~(uint32_t)F_CF) | (opcode & 1);
            length = 1;
            break;
        case 0xfa:
            flags &= ~(uint32_t)FLAG_IF;
            length = 1;
            break;
        case 0xfc:
        case 0xfd:
            flags = (flags & ~(uint32_t)FLAG_DF) | (opcode & 1 ? FLAG_DF : 0u);
            length = 1;
            break;
        case 0xfe ... 0xff:
            length = count_place(&swift, at, &flags);
            break;
        default:
            length = 0;
        }
        if (length == 0)
            break;
        ip += length;
    }
    emu->x86.R_EIP = ip;
    emu->x86.R_FLG = flags;
    cpu->executed = executed;
    return executed >= end;
}
