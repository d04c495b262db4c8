/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The contract of a CPU: runs the machine in a context until it halts, a time slice ends, or it stops. There
 * are two: cpu_x86emu (emulated, by libx86emu) and cpu_kvm (hardware virtualization).
 *
 * run() takes the registers from context->state.cpu and leaves them there. Within it, port accesses go to
 * board_in() and board_out() (board.h), memory only through memory.h; after each instruction, when
 * context->interrupt is set, IF is set and there is no shadow, it takes a vector from board_acknowledge() and
 * delivers it. The clock is read and board_advance() called at least every 1,024 instructions (or 20 us), so
 * that a running guest gets its timer.
 */
#ifndef MVM_VMM_CPU_H
#define MVM_VMM_CPU_H

#include "vmm/context.h"

#include <stdint.h>

struct reason;

enum cpu_exit {
    CPU_HALTED, /* HLT, and no interrupt is deliverable now; state.cpu.halted is 1 (board_advance() can wake
                   it) */
    CPU_SLICE,  /* the slice's instructions are used up, or its time is over */
    CPU_LEFT,   /* context->leave was set: reset, output full. The caller looks why, clears it, and may run on
                 */
    CPU_STOPPED, /* state.stop says why */
};

/* The details of VM_STOP_UNSUPPORTED. */
enum cpu_unsupported { CPU_NO_PAGING = 1, CPU_NO_RINGS, CPU_NO_TASKS, CPU_NO_V86 };

struct cpu; /* one implementation's own */

struct cpu_kind {
    const char *name;

    /* Makes a CPU for the contexts of one thread. -errno with a sentence. */
    int (*create)(struct cpu **ret_cpu, struct reason *reason);

    /* Runs the machine in `context`, at most `slice` instructions (a KVM CPU: about as many). A REP string
     * instruction counts one for each round. Any context may be given at each call; only the same thread may
     * call. */
    enum cpu_exit (*run)(struct cpu *cpu, struct context *context, uint64_t slice);

    void (*destroy)(struct cpu *cpu); /* NULL is fine */
};

extern const struct cpu_kind cpu_x86emu;

/* The registers of an x86 after reset as they are when the CPU begins at F000:FFF0 (Intel SDM volume 3, table
 * 9-1; real mode, CS base F0000h, as the alias at FFFF0000h is not there). */
void cpu_reset(struct cpu_state *cpu);

#endif
