/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One VM as data, and the only code that packs and unpacks it.
 *
 * A packed machine is the list of bytes in which it differs from a base: a whole machine, state and memory,
 * that all VMs of a population share. Base 0 is the machine at reset. More bases are learned from machines
 * that were packed: sleepers of one kind differ from each other in a few bytes only. Packing and unpacking is
 * exact, whatever the base.
 *
 *   1 byte: number of the base
 *   state:  runs of bytes that differ from the base's state
 *   memory: the same, over addresses
 *
 * A run is a head and its bytes. The head is one byte, gap * 8 + length - 1, for a gap of 0 to 30 bytes since
 * the end of the run before and a length of 1 to 8; or FFh and then gap and length as varints (7 bits a byte,
 * low first, bit 7 set on all but the last). F8h ends a list; F9h in its place ends the machine, the memory
 * of which is the base's. Runs that are at most two bytes apart are one.
 */
#ifndef MVM_VMM_MACHINE_H
#define MVM_VMM_MACHINE_H

#include "vmm/context.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reason;

enum { MACHINE_BASES_MOST = 16 };

struct machine_base {
    struct machine_state state;
    uint8_t *memory;
    int file; /* that `memory` is a mapping of; -1: of none */
    uint32_t memory_size;
    uint8_t parent;  /* the base from which it was learned; base 0 is its own */
    uint32_t *lines; /* lines in which its memory differs from its parent's */
    uint32_t line_count;
};

/* True when every count, index and choice in `state` is within its range, and what two devices both know is
 * the same in both: what a state from outside must fulfil before anything runs on it. */
bool machine_state_is_sane(const struct machine_state *state);

/* The bases of a population. One writer at a time (a lock within); readers need no lock: a base never changes
 * or moves once `count` (release/acquire) covers it. */
struct machine_bases;

/* Makes the list with base 0: memory_size bytes (multiple of 1 MiB) of `memory` and `state` are copied. */
int machine_bases_create(const struct machine_state *state, const uint8_t *memory, uint32_t memory_size,
                         struct machine_bases **ret_bases, struct reason *reason);
/* Makes the memory of base 0 a file in memory, of which others may have private mappings. -errno. Before
 * anybody else has these bases. */
int machine_bases_share(struct machine_bases *bases);
/* Adds a learned base. -ENOMEM; -ENOSPC: there are MACHINE_BASES_MOST. */
int machine_bases_add(struct machine_bases *bases, uint8_t parent, const struct machine_state *state,
                      const uint8_t *memory);
void machine_bases_free(struct machine_bases *bases);
const struct machine_base *machine_base_get(const struct machine_bases *bases,
                                            unsigned number); /* NULL: none */
unsigned machine_base_count(const struct machine_bases *bases);

/* The contexts of one worker: one memory for each base, so that a machine is laid over the base that it is a
 * difference to, and no byte of another machine is left: after unlaying, context memory equals its base. */
struct machine_bench;

int machine_bench_create(struct machine_bases *bases, struct machine_bench **ret_bench,
                         struct reason *reason);
void machine_bench_free(struct machine_bench *bench);

/* Lays the machine at reset (base 0) or a packed machine into a context of the bench and returns it; the
 * context's caller-owned fields (clock, disk, limits, trace) are the bench's template: see
 * machine_bench_template(). Board not yet resumed. NULL with -EBADMSG in *ret_error when `packed` is not a
 * packed machine of these bases (never for what machine_pack() made; a restored file may hold anything: then
 * look whether machine_state_is_sane() before anything else). */
struct context *machine_lay(struct machine_bench *bench, const uint8_t *packed, size_t size, int *ret_error);
struct context *machine_lay_reset(struct machine_bench *bench);

/* A context whose clock, clock_context, wall_offset, disk, output_limit and trace fields all contexts of this
 * bench take. */
struct context *machine_bench_template(struct machine_bench *bench);

/* Packs the machine of `context` into `room` bytes at `packed` and returns the size (also when it is larger
 * than `room`: then nothing useful was written and the caller calls again with more). Tries the children of
 * its base. Does not change the context. Never fails. */
size_t machine_pack(struct machine_bench *bench, const struct context *context, uint8_t *packed, size_t room);

/* The same for a machine whose memory lies elsewhere: its state alone, as a difference to a base's. */
size_t machine_pack_state(const struct machine_base *base, const struct machine_state *state, uint8_t *packed,
                          size_t room);
int machine_lay_state(const struct machine_base *base, const uint8_t *packed, size_t size,
                      struct machine_state *ret_state);

/* How many of the `size` bytes at `packed` are the packed machine; 0 when it is none. */
size_t machine_packed_size(const uint8_t *packed, size_t size);

/* Takes the machine off: the context's memory is its base again. */
void machine_unlay(struct machine_bench *bench, struct context *context);

/* After machine_pack() gave `size` and the VM was put away: is it worth to learn a base from it? Yes when the
 * last packed machines were larger than a sleeper needs to be, and bases learned before were of use; so
 * populations of distinct data learn a few in vain and then no more. */
bool machine_worth_learning(struct machine_bench *bench, size_t size);

/* Learns a new base from the machine in `context`, if there is room for one. True when it did. */
bool machine_learn(struct machine_bench *bench, const struct context *context);

#endif
