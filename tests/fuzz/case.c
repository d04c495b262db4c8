/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const case_kind_names[CASE_KINDS] = {"mutants", "bytes", "opcodes", "ports", "protected", "bios"};

void corpus_load(const char *path, struct corpus *corpus)
{
    FILE *file = fopen(path, "rb");
    uint8_t *larger = realloc(corpus->sectors, CASE_SECTOR * (corpus->count + 1));

    if (!file || !larger || fread(larger + CASE_SECTOR * corpus->count, CASE_SECTOR, 1, file) != 1) {
        fprintf(stderr, "'%s' cannot be read or is shorter than 512 bytes\n", path);
        exit(2);
    }
    fclose(file);
    corpus->sectors = larger;
    corpus->count++;
}

void corpus_release(struct corpus *corpus)
{
    free(corpus->sectors);
    *corpus = (struct corpus){0};
}

unsigned draw(struct random *random, unsigned bound)
{
    return (unsigned)random_below(random, bound);
}

uint8_t draw_byte(struct random *random)
{
    return (uint8_t)random_next(random);
}

uint32_t draw_value(struct random *random)
{
    static const uint32_t edges[] = {
        0,        1,        2,        3,          7,          0x1f,       0x20,       0x7f,      0x80,
        0xff,     0x3f8,    0x400,    0x7c00,     0x7e00,     0x7fff,     0x8000,     0xfffe,    0xffff,
        0x10000,  0x9fc00,  0xa0000,  0xb8000,    0xc0000,    0xf0000,    0xffff0,    0xfffff,   0x100000,
        0x10ffef, 0x110000, 0xffffff, 0x7fffffff, 0x80000000, 0xffefffff, 0xfffffffe, 0xffffffff};

    switch (draw(random, 4)) {
    case 0:
        return (uint32_t)random_next(random);
    case 1:
        return draw_byte(random);
    default:
        return edges[draw(random, sizeof(edges) / sizeof(edges[0]))];
    }
}

void write_byte(struct writer *writer, unsigned byte)
{
    if (writer->at < writer->end)
        writer->sector[writer->at++] = (uint8_t)byte;
}

void write_word(struct writer *writer, unsigned word)
{
    write_byte(writer, word);
    write_byte(writer, word >> 8);
}

void write_long(struct writer *writer, uint32_t value)
{
    write_word(writer, value & 0xffff);
    write_word(writer, value >> 16);
}

void write_bytes(struct writer *writer, const void *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        write_byte(writer, ((const uint8_t *)bytes)[i]);
}

/* Changes a sector in one of the ways that keep most of it. */
static void mutate(struct random *random, uint8_t *sector, const struct corpus *corpus)
{
    unsigned at = draw(random, CASE_SECTOR), to = draw(random, CASE_SECTOR), count = 1 + draw(random, 32);
    uint8_t copy[CASE_SECTOR];
    struct writer writer = {.random = random, .sector = sector, .at = at, .end = CASE_SECTOR};

    count = at + count > CASE_SECTOR ? CASE_SECTOR - at : count;
    switch (draw(random, 8)) {
    case 0:
        sector[at] ^= (uint8_t)(1u << draw(random, 8));
        break;
    case 1:
        sector[at] = draw_byte(random);
        break;
    case 2:
        sector[at] = (uint8_t)(sector[at] + (draw(random, 2) ? 1 : -1));
        break;
    case 3:
        write_instruction(&writer);
        break;
    case 4: /* some bytes move */
        count = to + count > CASE_SECTOR ? CASE_SECTOR - to : count;
        memmove(sector + to, sector + at, count);
        break;
    case 5: /* all behind it moves on or back */
        memcpy(copy, sector, sizeof(copy));
        if (draw(random, 2))
            memcpy(sector + at + count, copy + at, CASE_SECTOR - at - count);
        else
            memcpy(sector + at, copy + at + count, CASE_SECTOR - at - count);
        break;
    case 6: /* a piece of another one */
        memcpy(sector + at, corpus->sectors + CASE_SECTOR * draw(random, (unsigned)corpus->count) + at,
               count);
        break;
    default:
        write_long(&writer, draw_value(random));
    }
}

static void make_mutant(struct random *random, struct fuzz_case *fuzz, const struct corpus *corpus)
{
    unsigned changes = draw(random, 16) == 0 ? 0 : 1 + draw(random, draw(random, 4) ? 8 : 100);

    memcpy(fuzz->sector, corpus->sectors + CASE_SECTOR * draw(random, (unsigned)corpus->count), CASE_SECTOR);
    for (unsigned i = 0; i < changes; i++)
        mutate(random, fuzz->sector, corpus);
}

static void make_code(struct random *random, struct fuzz_case *fuzz)
{
    struct writer writer = {.random = random, .sector = fuzz->sector, .end = CASE_SECTOR - 2};
    unsigned other = draw(random, 5); /* how often something else is strewn in */

    if (fuzz->kind != CASE_OPCODES || draw(random, 2))
        write_handlers(&writer);
    if (fuzz->kind == CASE_PROTECTED)
        write_protected_mode(&writer);
    while (writer.at + 2 < writer.end) {
        if (fuzz->kind == CASE_PORTS && draw(random, 5) >= other)
            write_port_access(&writer);
        else if (fuzz->kind == CASE_BIOS && draw(random, 5) >= other)
            write_bios_call(&writer);
        else
            write_instruction(&writer);
    }
}

static void make_machine(struct random *random, struct fuzz_case *fuzz)
{
    static const uint64_t paces[] = {50, 100, 1000, 20000, 1000000};

    fuzz->input_count = draw(random, 2) ? draw(random, CASE_INPUT + 1) : 0;
    fuzz->key_count = draw(random, 2) ? draw(random, CASE_KEYS + 1) : 0;
    for (size_t i = 0; i < fuzz->input_count; i++)
        fuzz->input[i] = draw(random, 4) ? (uint8_t)(32 + draw(random, 95)) : draw_byte(random);
    for (size_t i = 0; i < fuzz->key_count; i++)
        fuzz->keys[i] = draw_byte(random);
    fuzz->memory_mib = draw(random, 8) ? 1 : 2;
    fuzz->drive = draw(random, 2) ? 0x80 : 0;
    fuzz->slice = draw(random, 4) ? 200 + draw(random, 3000) : 1 + draw(random, 100);
    fuzz->budget = draw(random, 32) ? 500 + draw(random, 4000) : 100000;
    if (fuzz->budget / fuzz->slice > 64)
        fuzz->budget = 64 * fuzz->slice;
    fuzz->ns_per_instruction = paces[draw(random, sizeof(paces) / sizeof(paces[0]))];
    fuzz->output_limit = draw(random, 4) ? 1 << 20 : draw(random, 3000);
}

void case_make(struct fuzz_case *fuzz, uint64_t seed, uint64_t number, const struct corpus *corpus)
{
    struct random random = {seed}, *source = &random;

    random.state = random_next(&random) + number * UINT64_C(0xd1342543de82ef95);
    *fuzz = (struct fuzz_case){.kind = draw(source, CASE_KINDS + 2) % CASE_KINDS};
    if (corpus->count == 0 && fuzz->kind == CASE_MUTANT)
        fuzz->kind = CASE_BYTES;
    switch (fuzz->kind) {
    case CASE_MUTANT:
        make_mutant(source, fuzz, corpus);
        break;
    case CASE_BYTES:
        for (size_t i = 0; i < CASE_SECTOR; i++)
            fuzz->sector[i] = draw_byte(source);
        break;
    default:
        make_code(source, fuzz);
    }
    if (draw(source, 16)) {
        fuzz->sector[510] = 0x55;
        fuzz->sector[511] = 0xaa;
    }
    make_machine(source, fuzz);
}
