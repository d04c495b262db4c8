/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A machine of the vmm on which cases run one after the other, with everything that could be left behind by
 * one and seen by the next: bases, contexts, a CPU. The clock counts instructions, so that runs repeat.
 */
#ifndef MVM_TESTS_FUZZ_STAGE_H
#define MVM_TESTS_FUZZ_STAGE_H

#include "case.h"
#include "vmm/cpu_x86emu.h"
#include "vmm/machine.h"

#include <stdbool.h>

enum { NEIGHBOURS = 3, STAGE_OUTPUT = 1 << 16 };

/* Another VM, packed: painted all over with one byte. */
struct neighbour {
    uint8_t *packed, paint;
    size_t size;
    struct machine_state state;
    uint32_t seed; /* which lines of its memory are painted */
};

struct stage {
    struct machine_bases *bases;
    struct machine_bench *bench;
    struct cpu *cpu;
    struct context *context; /* NULL between two cases */
    struct neighbour neighbours[NEIGHBOURS];
    uint8_t paint;
    uint8_t disk[CASE_SECTOR];

    const struct fuzz_case *fuzz; /* the present or last one: `kept`, or NULL */
    struct fuzz_case kept;
    uint64_t executed_before,
        executed_base; /* instructions of contexts that were laid before; at the last lay */
    uint64_t skipped_ns;
    bool running;
    size_t input_sent, keys_sent;
    uint64_t output_bytes, output_hash;
    uint64_t resets, sleeps, idle_wakes;
};

/* What ended a slice. */
enum stage_end { STAGE_GOES_ON, STAGE_STOPPED, STAGE_HALTED };

/* `paint` colours the neighbours and what the CPU has of registers that no guest should see. */
void stage_open(struct stage *stage, uint32_t memory_mib, uint8_t drive, uint8_t paint);
void stage_close(struct stage *stage);

/* Lays the machine of a case, from reset. */
void stage_begin(struct stage *stage, const struct fuzz_case *fuzz);
/* Goes on with a machine that was laid from a record, as the next part of the present case. */
void stage_adopt(struct stage *stage, struct context *context);
/* Feeds it, runs it for a slice, and lets it sleep when it halted. */
enum stage_end stage_slice(struct stage *stage);
uint64_t stage_instructions(const struct stage *stage);
/* Packs it, lays a neighbour meanwhile, and lays it again. Returns the packed size. */
size_t stage_repack(struct stage *stage, bool learn);
/* Takes it off, and looks for what it left. */
void stage_end(struct stage *stage);

/* Lets a neighbour run for some instructions and looks whether all of it is as it was. */
void stage_visit_neighbour(struct stage *stage, unsigned number);
/* Paints what the CPU has beside the state that is loaded for each machine. */
void stage_paint_cpu(struct stage *stage);

/* Ends the process with a message about the present case; set by whoever runs the cases. */
_Noreturn void stage_fail(const struct stage *stage, const char *what);

#endif
