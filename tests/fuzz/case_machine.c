/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Code that sets up what makes a machine: vectors, ports, descriptors, calls of the firmware. */
#include "case.h"

enum { LOAD_AT = 0x7c00, GATES = 16, DESCRIPTORS = 8 };

static void write_load(struct writer *writer, unsigned reg, unsigned value)
{
    write_byte(writer, 0xb8 + reg);
    write_word(writer, value);
}

/* Code of the sector that sets a real-mode vector to code at `to`. AX must be 0. */
static void write_vector(struct writer *writer, unsigned vector, unsigned to)
{
    write_byte(writer, 0xc7); /* MOV WORD [vector * 4], to */
    write_byte(writer, 0x06);
    write_word(writer, vector * 4);
    write_word(writer, to);
    write_byte(writer, 0xa3); /* MOV [vector * 4 + 2], AX */
    write_word(writer, vector * 4 + 2);
}

/* PUSH BP; MOV BP, SP; ADD WORD [BP + 2], how many bytes; POP BP; IRET: goes on behind what faulted. */
static const uint8_t skip[] = {0x55, 0x89, 0xe5, 0x83, 0x46, 0x02, 0x01, 0x5d, 0xcf};

/* Segments and stack as most boot sectors set them, some vectors to a handler that ends the interrupt or
 * skips a byte, and interrupts on. */
void write_handlers(struct writer *writer)
{
    static const uint8_t segments[] = {0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0, 0xbc, 0x00, 0x7c};
    static const uint8_t end[] = {0x50, 0xb0, 0x20, 0xe6, 0xa0, 0xe6, 0x20, 0x58, 0xcf};
    static const uint8_t irqs[] = {0x08, 0x09, 0x0c, 0x1c, 0x70},
                         exceptions[] = {0x00, 0x01, 0x03, 0x04, 0x05, 0x06, 0x07, 0x0b, 0x0c, 0x0d};
    struct random *random = writer->random;
    unsigned vectors = draw(random, 6), at = LOAD_AT + sizeof(segments) + 2;

    write_bytes(writer, segments, sizeof(segments));
    write_byte(writer, 0xeb);
    write_byte(writer, sizeof(end) + sizeof(skip));
    write_bytes(writer, end, sizeof(end));
    write_bytes(writer, skip, sizeof(skip));
    for (unsigned i = 0; i < vectors; i++)
        write_vector(writer, draw(random, 3) ? irqs[draw(random, sizeof(irqs))] : draw_byte(random), at);
    vectors = draw(random, 2) ? (unsigned)sizeof(exceptions) : 0;
    for (unsigned i = 0; i < vectors; i++)
        write_vector(writer, exceptions[i], at + (unsigned)sizeof(end));
    if (draw(random, 4))
        write_byte(writer, 0xfb);
}

static unsigned draw_port(struct random *random)
{
    static const uint16_t ports[] = {
        0x20,  0x21,  0xa0,  0xa1,  0x4d0, 0x4d1, 0x40,  0x41,  0x42,  0x43,  0x60,
        0x61,  0x64,  0x70,  0x71,  0x92,  0x3c0, 0x3d4, 0x3d5, 0x3da, 0x3f8, 0x3f9,
        0x3fa, 0x3fb, 0x3fc, 0x3fd, 0x3fe, 0x3ff, 0xd00, 0xd04, 0xd08, 0xd0c, 0xd10,
        0xd20, 0x2f8, 0x80,  0xf4,  0x3f7, 0xcff, 0xd13, 0x1f0, 0x3f,  0x44,  0xffff,
    };

    return draw(random, 8) ? ports[draw(random, sizeof(ports) / sizeof(ports[0]))]
                           : (unsigned)draw_value(random) & 0xffff;
}

void write_port_access(struct writer *writer)
{
    static const uint8_t accesses[] = {0xec, 0xec, 0xed, 0xee, 0xee, 0xee, 0xef, 0x6c, 0x6d, 0x6e, 0x6f};
    unsigned access = accesses[draw(writer->random, sizeof(accesses))];

    if (draw(writer->random, 8) == 0) {
        static const uint8_t waits[] = {0xfb, 0xf4, 0xfa, 0xf4, 0xfb, 0x90};

        write_bytes(writer, waits + 2 * draw(writer->random, 3), 2);
        return;
    }
    if (draw(writer->random, 4))
        write_load(writer, 2, draw_port(writer->random)); /* else the one before again */
    if (draw(writer->random, 2))
        write_load(writer, 0, draw_value(writer->random) & 0xffff);
    if (draw(writer->random, 8) == 0)
        write_byte(writer, 0x66);
    if (draw(writer->random, 6) == 0)
        write_byte(writer, 0xf3);
    write_byte(writer, access);
}

static void write_segment(struct writer *writer, uint32_t base, uint32_t limit, uint8_t access, uint8_t flags)
{
    write_word(writer, limit & 0xffff);
    write_word(writer, base & 0xffff);
    write_byte(writer, base >> 16 & 0xff);
    write_byte(writer, access);
    write_byte(writer, (limit >> 16 & 15) | (flags & 0xf0u));
    write_byte(writer, base >> 24);
}

static void write_descriptor(struct writer *writer)
{
    static const uint8_t accesses[] = {0x9a, 0x9a, 0x9b, 0x92, 0x92, 0x93, 0x96, 0x97, 0x90, 0x98, 0x9e,
                                       0x82, 0x89, 0x8b, 0x85, 0x84, 0x8c, 0x8e, 0xfa, 0xf2, 0x1a, 0x12};
    struct random *random = writer->random;

    write_segment(writer, draw(random, 3) ? 0 : draw_value(random),
                  draw(random, 2) ? 0xfffff : draw_value(random),
                  draw(random, 6) ? accesses[draw(random, sizeof(accesses))] : draw_byte(random),
                  draw(random, 2) ? 0xc0 : draw_byte(random));
}

static void write_gate(struct writer *writer, uint32_t offset, unsigned selector, uint8_t type)
{
    write_word(writer, offset & 0xffff);
    write_word(writer, selector);
    write_byte(writer, 0);
    write_byte(writer, type);
    write_word(writer, offset >> 16);
}

static void write_random_gate(struct writer *writer)
{
    static const uint8_t types[] = {0x8e, 0x8e, 0x8f, 0x86, 0x87, 0x85, 0x8c, 0x0e, 0xee};
    struct random *random = writer->random;

    write_gate(writer, draw(random, 8) ? LOAD_AT + draw(random, CASE_SECTOR) : draw_value(random),
               8 * draw(random, DESCRIPTORS),
               draw(random, 6) ? types[draw(random, sizeof(types))] : draw_byte(random));
}

/* Half of the tables are good for their first descriptors and gates, so that what follows comes far: 8: code,
 * 10h: data; exceptions go to the handlers at `skips`, of which the second drops an error code first. */
static void write_tables(struct writer *writer, unsigned skips, bool good)
{
    static const unsigned with_error = 0x7d00; /* bit n: exception n has an error code */
    struct random *random = writer->random;
    unsigned limits[2] = {8 * DESCRIPTORS - 1, 8 * GATES - 1}, gdt = LOAD_AT + (unsigned)writer->at;

    for (unsigned i = 0; i < DESCRIPTORS; i++)
        if (good && (i == 1 || i == 2))
            write_segment(writer, 0, 0xfffff, i == 1 ? 0x9a : 0x92, writer->code32 ? 0xc0 : 0x80);
        else
            write_descriptor(writer);
    for (unsigned i = 0; i < GATES; i++)
        if (good && draw(random, 16))
            write_gate(writer, skips + (with_error >> i & 1 ? (unsigned)sizeof(skip) : 0), 8,
                       writer->code32 ? 0x8e : 0x86);
        else
            write_random_gate(writer);
    for (unsigned i = 0; i < 2; i++) {
        write_word(writer, good || draw(random, 2) ? limits[i] : draw_value(random) & 0xffff);
        write_long(writer, good || draw(random, 2) ? gdt + i * 8 * DESCRIPTORS : draw_value(random));
    }
}

/* The handlers, LGDT, LIDT, PE, a far jump to what follows, and loads of segment registers. */
void write_protected_mode(struct writer *writer)
{
    static const uint8_t enter[] = {0x0f, 0x20, 0xc0, 0x0c, 0x01, 0x0f, 0x22, 0xc0};
    /* The same for 32 bits, and ADD SP, 2 or ADD ESP, 4 before it. */
    static const uint8_t skip32[] = {0x55, 0x89, 0xe5, 0x83, 0x45, 0x04, 0x01, 0x5d, 0xcf};
    static const uint8_t drop[2][3] = {{0x83, 0xc4, 0x02}, {0x83, 0xc4, 0x04}};
    struct random *random = writer->random;
    bool good = draw(random, 2), code32 = draw(random, 2);
    struct writer tables = *writer;

    write_byte(writer, 0xeb);
    write_byte(writer, 2 * sizeof(skip) + sizeof(drop[0]));
    unsigned skips = LOAD_AT + (unsigned)writer->at;

    write_bytes(writer, code32 ? skip32 : skip, sizeof(skip));
    write_bytes(writer, drop[code32], sizeof(drop[0]));
    write_bytes(writer, code32 ? skip32 : skip, sizeof(skip));
    tables.code32 = code32;
    tables.at = CASE_SECTOR - 2 - 12 - 8 * (GATES + DESCRIPTORS);
    writer->end = tables.at;
    unsigned pointers = LOAD_AT + (unsigned)tables.at + 8 * (GATES + DESCRIPTORS);

    write_tables(&tables, skips, good);
    write_byte(writer, 0xfa);
    for (unsigned i = 0; i < 2; i++) { /* LGDT, LIDT */
        write_word(writer, 0x010f);
        write_byte(writer, i ? 0x1e : 0x16);
        write_word(writer, pointers + 6 * i);
    }
    write_bytes(writer, enter, sizeof(enter));
    if (good || draw(random, 8)) {
        unsigned next = LOAD_AT + (unsigned)writer->at + 5;

        write_byte(writer, 0xea);
        write_word(writer, next);
        write_word(writer, good ? 8 : 8 * (1 + draw(random, 3)));
        writer->code32 = code32;
    }
    for (unsigned i = good ? 4 : draw(random, 4); i > 0; i--) {
        unsigned selector =
            good && i > 1 ? 16 : 8 * draw(random, DESCRIPTORS) + (draw(random, 6) ? 0 : draw(random, 8));

        if (writer->code32)
            write_byte(writer, 0x66);
        write_load(writer, 0, selector);
        write_byte(writer, 0x8e);
        write_byte(writer, 0xc0 | (good && i > 1 ? (i == 4 ? 2u : i == 3 ? 3u : 0u) : draw(random, 6)) << 3);
    }
}

void write_bios_call(struct writer *writer)
{
    static const uint8_t calls[] = {0x10, 0x10, 0x11, 0x12, 0x13, 0x13, 0x14, 0x15,
                                    0x16, 0x16, 0x19, 0x1a, 0x08, 0x1c, 0x18};
    struct random *random = writer->random;
    unsigned functions = draw(random, 4) ? 0x30 : 0x100;

    for (unsigned i = draw(random, 4); i > 0; i--)
        write_load(writer, 1 + 2 * draw(random, 4), draw_value(random) & 0xffff);
    if (draw(random, 4) == 0) {
        static const uint8_t es_bx[] = {0x8e, 0xc3}, ds_bx[] = {0x8e, 0xdb};

        write_bytes(writer, draw(random, 2) ? es_bx : ds_bx, 2);
    }
    write_load(writer, 2, draw(random, 2) ? 0x80 * draw(random, 2) : draw_value(random) & 0xffff);
    write_load(writer, 0,
               draw(random, functions) << 8 | (draw(random, 2) ? draw(random, 20) : draw_byte(random)));
    write_byte(writer, 0xcd);
    write_byte(writer, calls[draw(random, sizeof(calls))]);
}
