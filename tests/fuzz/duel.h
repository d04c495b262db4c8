/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs each case on two stages at once: on one it is packed after each slice and neighbours run in between,
 * on the other it stays where it is, and in half of the cases executes no instruction swiftly. The stages are
 * painted in different colours before. Both must do the same, so nothing that is not the case's own can have
 * had an effect on it, and swift stretches do what single instructions do.
 */
#ifndef MVM_TESTS_FUZZ_DUEL_H
#define MVM_TESTS_FUZZ_DUEL_H

#include "stage.h"

enum { DUEL_ENDS = VM_STOP_COUNT + 2, DUEL_HALTED = VM_STOP_COUNT, DUEL_BUDGET = VM_RUNS };

/* What cases came to: by kind, how many ended in which way (a reason of enum vm_stop; DUEL_HALTED: nothing
 * will wake it; DUEL_BUDGET: its instructions were used up). */
struct duel_counts {
    uint64_t cases, ends[CASE_KINDS][DUEL_ENDS];
    uint64_t instructions; /* of both stages */
    uint64_t slices, resets, sleeps, idle_wakes, packs, packed_bytes, output_bytes, learned, traced;
    uint64_t slowest_ns, slowest_case; /* the slice that took longest */
};

struct duel;

struct duel *duel_open(void);
void duel_close(struct duel *duel);
/* The number decides what is done with the case (learning, tracing), and names it in the counts. */
void duel_run(struct duel *duel, const struct fuzz_case *fuzz, uint64_t number, struct duel_counts *counts);

#endif
