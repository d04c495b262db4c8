/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One case of the fuzzers: a boot sector and what its machine is like and is sent. */
#ifndef MVM_TESTS_FUZZ_CASE_H
#define MVM_TESTS_FUZZ_CASE_H

#include "base/random.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CASE_SECTOR = 512, CASE_INPUT = 64, CASE_KEYS = 32 };

/* How a sector is made. */
enum case_kind {
    CASE_MUTANT,    /* a guest of the corpus, with some bytes changed, moved, or taken from another one */
    CASE_BYTES,     /* random bytes */
    CASE_OPCODES,   /* random instructions, with prefixes and operands that look right */
    CASE_PORTS,     /* accesses to the ports of all devices, with interrupts on */
    CASE_PROTECTED, /* protected mode, with random descriptors and gates */
    CASE_BIOS,      /* calls of the firmware with random registers */
    CASE_KINDS,
};

extern const char *const case_kind_names[CASE_KINDS];

struct fuzz_case {
    uint8_t sector[CASE_SECTOR];
    uint8_t input[CASE_INPUT], keys[CASE_KEYS]; /* for COM1 and the keyboard */
    size_t input_count, key_count;
    enum case_kind kind;
    uint32_t memory_mib;
    uint8_t drive;
    uint32_t slice;              /* instructions */
    uint64_t budget;             /* instructions; then the case ends */
    uint64_t ns_per_instruction; /* of the guest's clock */
    uint32_t output_limit;
};

/* The guests that mutants are made of: `count` sectors, one after the other. Zeroed memory is an empty one.
 */
struct corpus {
    uint8_t *sectors;
    size_t count;
};

/* Adds the first 512 bytes of a file, or ends the process with a sentence and status 2. */
void corpus_load(const char *path, struct corpus *corpus);
void corpus_release(struct corpus *corpus);

/* Case number `number` of the sequence that begins with `seed`: the same everywhere. */
void case_make(struct fuzz_case *fuzz, uint64_t seed, uint64_t number, const struct corpus *corpus);

/* For case.c and its parts: code is written at `at` as long as there is room. */
struct writer {
    struct random *random;
    uint8_t *sector;
    size_t at, end;
    bool code32; /* the code is for a 32-bit segment */
};

void write_bytes(struct writer *writer, const void *bytes, size_t count);
void write_byte(struct writer *writer, unsigned byte);
void write_word(struct writer *writer, unsigned word);
void write_long(struct writer *writer, uint32_t value);
unsigned draw(struct random *random, unsigned bound);
uint8_t draw_byte(struct random *random);
/* A number in which edges are likely: 0, 1, all ones, signs, powers of two, segment ends, ports. */
uint32_t draw_value(struct random *random);

/* case_code.c: a random instruction. */
void write_instruction(struct writer *writer);
/* case_machine.c: what the kinds PORTS, PROTECTED and BIOS put into a sector. */
void write_port_access(struct writer *writer);
void write_handlers(struct writer *writer);
/* Sets code32 when the code that follows runs in a 32-bit segment. */
void write_protected_mode(struct writer *writer);
void write_bios_call(struct writer *writer);

#endif
