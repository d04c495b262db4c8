/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The contract of a CPU: runs the machine in a context until it halts, a time slice ends, or it stops. There
 * are two: cpu_x86emu (emulated, by libx86emu) and cpu_kvm (hardware virtualization).
 *
 * run() takes the registers from context->state.cpu and leaves them there. Within it, port accesses go to
 * board_in() and board_out() (board.h), memory only through memory.h; after each instruction, when
 * context->interrupt is set, IF is set and there is no shadow, it takes a vector from board_acknowledge() and
 * delivers it. An emulated CPU reads the clock and calls board_advance() at least every 1,024 instructions;
 * one that is hardware whenever it comes out of the guest, and it does so at the board's next event, so that
 * a running guest gets its timer.
 */
#ifndef MVM_VMM_CPU_H
#define MVM_VMM_CPU_H

#include "vmm/context.h"

#include <stdatomic.h>
#include <stdbool.h>
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

/* The details of VM_STOP_HOST: KVM's exit reason and, from bit 8 on, what else it said; or these. */
#define HOST_ERRNO     0x80000000u /* and the errno of a failed ioctl */
#define HOST_UNSETTLED 0x40000000u /* what the guest had begun did not come to an end */

/* EFLAGS.IF: the CPU takes interrupts (Intel SDM volume 1, 3.4.3). */
enum { FLAG_IF = 0x200 };

/* An interrupt waits, and the CPU of a machine that does not run now would take it: what ends a halt. A
 * shadow is not looked at, as none outlasts a HLT. */
static inline bool cpu_can_be_interrupted(const struct context *context)
{
    return context->interrupt && context->state.cpu.eflags & FLAG_IF;
}

/* Why a CPU that is hardware came out of the guest. */
enum cpu_exit_kind {
    CPU_EXIT_PORT,
    CPU_EXIT_MEMORY, /* an access where no memory is */
    CPU_EXIT_HALT,
    CPU_EXIT_WINDOW, /* an interrupt can be taken now */
    CPU_EXIT_KICK,   /* a signal: the time is over */
    CPU_EXIT_OTHER,
    CPU_EXITS,
};

/* What a CPU that is hardware has done; written by its thread, read by any. */
struct cpu_counts {
    _Atomic uint64_t runs, ioctls, timers, exits[CPU_EXITS];
    _Atomic uint64_t shells, shells_made;
};

struct cpu; /* one implementation's own */

struct cpu_kind {
    const char *name;

    /* Makes a CPU for the contexts of one thread. -errno with a sentence. */
    int (*create)(struct cpu **ret_cpu, struct reason *reason);

    /* Runs the machine in `context`, at most `slice` instructions (a KVM CPU: about as many). A REP string
     * instruction counts one for each round. Any context may be given at each call; only the same thread may
     * call. */
    enum cpu_exit (*run)(struct cpu *cpu, struct context *context, uint64_t slice);

    /* What it counts, while it lives; NULL: it counts nothing but context->instructions. */
    const struct cpu_counts *(*counts)(const struct cpu *cpu);

    void (*destroy)(struct cpu *cpu); /* NULL is fine */
};

extern const struct cpu_kind cpu_x86emu;
/* Its instructions cannot be counted: context->instructions stays as it is. A machine that is not resident
 * may go from one of the two to the other between any two runs. */
extern const struct cpu_kind cpu_kvm;

/* The registers of an x86 after reset as they are when the CPU begins at F000:FFF0 (Intel SDM volume 3, table
 * 9-1; real mode, CS base F0000h, as the alias at FFFF0000h is not there). */
void cpu_reset(struct cpu_state *cpu);

#endif
