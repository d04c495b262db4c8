/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The length of an instruction (Intel SDM volume 2, chapter 2 and appendix A), for the two cases in which it
 * must be known before: at the end of a code segment, and with many prefixes. */
#include "vmm/cpu_x86emu_special.h"

/* What follows the opcode. */
enum {
    MODRM = 1 << 0,
    BYTE = 1 << 1,
    WORD = 1 << 2,
    DATA = 1 << 3,    /* as wide as the data */
    ADDRESS = 1 << 4, /* as wide as addresses */
    TESTS = 1 << 5,   /* an immediate, if it is /0 or /1: TEST */
};

static const uint8_t one_byte[256] = {
    [0x00 ... 0x03] = MODRM,
    [0x04] = BYTE,
    [0x05] = DATA,
    [0x08 ... 0x0b] = MODRM,
    [0x0c] = BYTE,
    [0x0d] = DATA,
    [0x10 ... 0x13] = MODRM,
    [0x14] = BYTE,
    [0x15] = DATA,
    [0x18 ... 0x1b] = MODRM,
    [0x1c] = BYTE,
    [0x1d] = DATA,
    [0x20 ... 0x23] = MODRM,
    [0x24] = BYTE,
    [0x25] = DATA,
    [0x28 ... 0x2b] = MODRM,
    [0x2c] = BYTE,
    [0x2d] = DATA,
    [0x30 ... 0x33] = MODRM,
    [0x34] = BYTE,
    [0x35] = DATA,
    [0x38 ... 0x3b] = MODRM,
    [0x3c] = BYTE,
    [0x3d] = DATA,
    [0x62 ... 0x63] = MODRM,
    [0x68] = DATA,
    [0x69] = MODRM | DATA,
    [0x6a] = BYTE,
    [0x6b] = MODRM | BYTE,
    [0x70 ... 0x7f] = BYTE,
    [0x80] = MODRM | BYTE,
    [0x81] = MODRM | DATA,
    [0x82 ... 0x83] = MODRM | BYTE,
    [0x84 ... 0x8f] = MODRM,
    [0x9a] = DATA | WORD,
    [0xa0 ... 0xa3] = ADDRESS,
    [0xa8] = BYTE,
    [0xa9] = DATA,
    [0xb0 ... 0xb7] = BYTE,
    [0xb8 ... 0xbf] = DATA,
    [0xc0 ... 0xc1] = MODRM | BYTE,
    [0xc2] = WORD,
    [0xc4 ... 0xc5] = MODRM,
    [0xc6] = MODRM | BYTE,
    [0xc7] = MODRM | DATA,
    [0xc8] = WORD | BYTE,
    [0xca] = WORD,
    [0xcd] = BYTE,
    [0xd0 ... 0xd3] = MODRM,
    [0xd4 ... 0xd5] = BYTE,
    [0xd8 ... 0xdf] = MODRM,
    [0xe0 ... 0xe7] = BYTE,
    [0xe8 ... 0xe9] = DATA,
    [0xea] = DATA | WORD,
    [0xeb] = BYTE,
    [0xf6] = MODRM | TESTS | BYTE,
    [0xf7] = MODRM | TESTS | DATA,
    [0xfe ... 0xff] = MODRM,
};

/* Opcodes that do not exist are #UD before their length matters. */
static const uint8_t two_bytes[256] = {
    [0x00 ... 0x03] = MODRM, [0x18 ... 0x23] = MODRM, [0x40 ... 0x4f] = MODRM, [0x80 ... 0x8f] = DATA,
    [0x90 ... 0x9f] = MODRM, [0xa3] = MODRM,          [0xa4] = MODRM | BYTE,   [0xa5] = MODRM,
    [0xab] = MODRM,          [0xac] = MODRM | BYTE,   [0xad] = MODRM,          [0xaf ... 0xb7] = MODRM,
    [0xba] = MODRM | BYTE,   [0xbb ... 0xc1] = MODRM, [0xc7] = MODRM,
};

/* ModR/M, SIB and displacement. */
static unsigned operand_length(const struct instruction *instruction, uint8_t modrm, uint8_t sib)
{
    unsigned mod = modrm >> 6, rm = modrm & 7;

    if (mod == 3)
        return 1;
    if (!instruction->address32)
        return 1 + (mod == 0 ? (rm == 6 ? 2u : 0u) : mod);
    bool has_sib = rm == 4, is_absolute = mod == 0 && (has_sib ? sib & 7 : rm) == 5;

    return 1 + has_sib + (is_absolute || mod == 2 ? 4 : mod);
}

unsigned cpu_length(const struct instruction *instruction)
{
    unsigned at = after_opcode(instruction);
    uint8_t parts =
        instruction->opcode == 0x0f ? two_bytes[instruction->second] : one_byte[instruction->opcode];
    uint8_t modrm = instruction->bytes[at];
    unsigned length = at;

    if (parts & MODRM)
        length += operand_length(instruction, modrm, instruction->bytes[at + 1]);
    if (parts & TESTS && modrm & 0x30)
        return length;
    if (parts & BYTE)
        length += 1;
    if (parts & WORD)
        length += 2;
    if (parts & DATA)
        length += data_size(instruction);
    if (parts & ADDRESS)
        length += instruction->address32 ? 4 : 2;
    return length;
}
