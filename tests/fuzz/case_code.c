/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random instructions of the 386 (Intel SDM volume 2, appendix A): mostly well-formed, so that the sequence
 * goes on to the next one. */
#include "case.h"

/* What follows an opcode. */
enum form { PLAIN, MODRM, MODRM_IMM8, MODRM_IMM, IMM8, IMM16, IMM, REL8, REL, MOFFS, FAR_POINTER, ENTER_IMM };

struct row {
    uint8_t first, last;
    enum form form;
};

static const struct row one_byte[] = {
    {0x00, 0x03, MODRM},      {0x04, 0x04, IMM8},      {0x05, 0x05, IMM},        {0x06, 0x07, PLAIN},
    {0x08, 0x0b, MODRM},      {0x0e, 0x0e, PLAIN},     {0x10, 0x13, MODRM},      {0x14, 0x14, IMM8},
    {0x15, 0x15, IMM},        {0x16, 0x17, PLAIN},     {0x18, 0x1b, MODRM},      {0x1e, 0x1f, PLAIN},
    {0x20, 0x23, MODRM},      {0x27, 0x27, PLAIN},     {0x28, 0x2b, MODRM},      {0x2f, 0x2f, PLAIN},
    {0x30, 0x33, MODRM},      {0x37, 0x37, PLAIN},     {0x38, 0x3b, MODRM},      {0x3c, 0x3c, IMM8},
    {0x3d, 0x3d, IMM},        {0x3f, 0x3f, PLAIN},     {0x40, 0x61, PLAIN},      {0x62, 0x63, MODRM},
    {0x68, 0x68, IMM},        {0x69, 0x69, MODRM_IMM}, {0x6a, 0x6a, IMM8},       {0x6b, 0x6b, MODRM_IMM8},
    {0x6c, 0x6f, PLAIN},      {0x70, 0x7f, REL8},      {0x80, 0x80, MODRM_IMM8}, {0x81, 0x81, MODRM_IMM},
    {0x82, 0x83, MODRM_IMM8}, {0x84, 0x8f, MODRM},     {0x90, 0x99, PLAIN},      {0x9a, 0x9a, FAR_POINTER},
    {0x9b, 0x9f, PLAIN},      {0xa0, 0xa3, MOFFS},     {0xa4, 0xa7, PLAIN},      {0xa8, 0xa8, IMM8},
    {0xa9, 0xa9, IMM},        {0xaa, 0xaf, PLAIN},     {0xb0, 0xb7, IMM8},       {0xb8, 0xbf, IMM},
    {0xc0, 0xc1, MODRM_IMM8}, {0xc2, 0xc2, IMM16},     {0xc3, 0xc3, PLAIN},      {0xc4, 0xc5, MODRM},
    {0xc6, 0xc6, MODRM_IMM8}, {0xc7, 0xc7, MODRM_IMM}, {0xc8, 0xc8, ENTER_IMM},  {0xc9, 0xc9, PLAIN},
    {0xca, 0xca, IMM16},      {0xcb, 0xcc, PLAIN},     {0xcd, 0xcd, IMM8},       {0xce, 0xcf, PLAIN},
    {0xd0, 0xd3, MODRM},      {0xd4, 0xd5, IMM8},      {0xd6, 0xd7, PLAIN},      {0xd8, 0xdf, MODRM},
    {0xe0, 0xe3, REL8},       {0xe4, 0xe7, IMM8},      {0xe8, 0xe9, REL},        {0xea, 0xea, FAR_POINTER},
    {0xeb, 0xeb, REL8},       {0xec, 0xef, PLAIN},     {0xf1, 0xf1, PLAIN},      {0xf5, 0xf5, PLAIN},
    {0xf6, 0xf7, MODRM_IMM},  {0xf8, 0xfd, PLAIN},     {0xfe, 0xff, MODRM},
};

static const struct row two_bytes[] = {
    {0x00, 0x03, MODRM}, {0x06, 0x06, PLAIN}, {0x08, 0x09, PLAIN},      {0x0b, 0x0b, PLAIN},
    {0x20, 0x23, MODRM}, {0x30, 0x32, PLAIN}, {0x40, 0x4f, MODRM},      {0x80, 0x8f, REL},
    {0x90, 0x9f, MODRM}, {0xa0, 0xa2, PLAIN}, {0xa3, 0xa3, MODRM},      {0xa4, 0xa4, MODRM_IMM8},
    {0xa5, 0xa5, MODRM}, {0xa8, 0xa9, PLAIN}, {0xab, 0xab, MODRM},      {0xac, 0xac, MODRM_IMM8},
    {0xad, 0xaf, MODRM}, {0xb0, 0xb7, MODRM}, {0xba, 0xba, MODRM_IMM8}, {0xbb, 0xbf, MODRM},
    {0xc0, 0xc1, MODRM}, {0xc7, 0xc7, MODRM}, {0xc8, 0xcf, PLAIN},      {0x10, 0x1f, MODRM},
    {0x50, 0x7f, MODRM}, {0xd0, 0xff, MODRM},
};

static void write_operand(struct writer *writer, bool address32)
{
    unsigned modrm = draw_byte(writer->random), mod = modrm >> 6, rm = modrm & 7;

    write_byte(writer, modrm);
    if (mod == 3)
        return;
    if (address32 && rm == 4) {
        unsigned sib = draw_byte(writer->random);

        write_byte(writer, sib);
        rm = sib & 7;
    }
    if (mod == 1)
        write_byte(writer, draw_byte(writer->random));
    else if (address32 && (mod == 2 || rm == 5))
        write_long(writer, draw_value(writer->random));
    else if (!address32 && (mod == 2 || rm == 6))
        write_word(writer, draw_value(writer->random) & 0xffff);
}

static void write_immediate(struct writer *writer, unsigned size)
{
    uint32_t value = draw_value(writer->random);

    for (unsigned i = 0; i < size; i++)
        write_byte(writer, value >> 8 * i & 0xff);
}

/* Most jumps are short and go forward, so that the sector does not end at once. */
static void write_distance(struct writer *writer, unsigned size)
{
    uint32_t value = draw(writer->random, 4) ? draw(writer->random, 12) : draw_value(writer->random);

    for (unsigned i = 0; i < size; i++)
        write_byte(writer, value >> 8 * i & 0xff);
}

void write_instruction(struct writer *writer)
{
    static const uint8_t prefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66,
                                       0x66, 0x66, 0x67, 0x67, 0xf0, 0xf2, 0xf3};
    struct random *random = writer->random;
    bool data32 = writer->code32, address32 = writer->code32, wide = draw(random, 4) == 0;
    unsigned count = draw(random, 3) ? 0 : draw(random, 20) ? 1 + draw(random, 2) : draw(random, 16);
    const struct row *row;
    unsigned opcode;

    for (unsigned i = 0; i < count; i++) {
        uint8_t prefix = prefixes[draw(random, sizeof(prefixes))];

        data32 = prefix == 0x66 ? !writer->code32 : data32;
        address32 = prefix == 0x67 ? !writer->code32 : address32;
        write_byte(writer, prefix);
    }
    if (wide) {
        row = &two_bytes[draw(random, sizeof(two_bytes) / sizeof(two_bytes[0]))];
        write_byte(writer, 0x0f);
    } else {
        row = &one_byte[draw(random, sizeof(one_byte) / sizeof(one_byte[0]))];
    }
    opcode = row->first + draw(random, row->last - row->first + 1u);
    write_byte(writer, opcode);
    if (row->form == MODRM || row->form == MODRM_IMM8 || row->form == MODRM_IMM)
        write_operand(writer, address32);
    switch (row->form) {
    case PLAIN:
    case MODRM:
        break;
    case MODRM_IMM8:
    case IMM8:
        write_immediate(writer, 1);
        break;
    case IMM16:
        write_immediate(writer, 2);
        break;
    case MODRM_IMM:
    case IMM:
        write_immediate(writer, opcode == 0xf6 ? 1 : data32 ? 4 : 2);
        break;
    case REL8:
        write_distance(writer, 1);
        break;
    case REL:
        write_distance(writer, data32 ? 4 : 2);
        break;
    case MOFFS:
        write_immediate(writer, address32 ? 4 : 2);
        break;
    case FAR_POINTER:
        write_immediate(writer, data32 ? 4 : 2);
        write_word(writer, draw(random, 2) ? 8 * draw(random, 8) : draw_value(random) & 0xffff);
        break;
    case ENTER_IMM:
        write_immediate(writer, 2);
        write_byte(writer, draw(random, 40));
        break;
    }
}
