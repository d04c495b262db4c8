/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An execution context: the one place in which a machine is whole and runs. It belongs to one thread. A
 * machine is laid into it (machine.h), a CPU (cpu.h) runs it against the devices on its board (board.h), and
 * it is taken out again.
 */
#ifndef MVM_VMM_CONTEXT_H
#define MVM_VMM_CONTEXT_H

#include "vmm/memory.h"
#include "vmm/state.h"

#include <stdbool.h>
#include <stdint.h>

struct context {
    struct machine_state state; /* while a CPU runs, state.cpu is the CPU's to fill when it returns */
    struct memory memory;

    bool interrupt; /* the PIC's INT output: the board keeps it true to state.pic */
    bool leave;     /* the board asks the CPU to return after this instruction: a reset, a full outbox */
    bool reset;     /* the guest asked for a reset */

    /* Time: nanoseconds of the population's clock. `clock` reads it; the CPU and the board call context_now()
     * where time matters, and `now_ns` is the last reading. */
    uint64_t now_ns;
    uint64_t (*clock)(void *clock_context);
    void *clock_context;
    int64_t wall_offset; /* time of day in seconds since 1970 = wall_offset + now_ns / 10^9 */

    uint64_t slice_ends_ns; /* the CPU returns soon after `now_ns` has come here; 0: it does not */

    struct disk_content disk; /* what the disk port reads */
    uint32_t output_limit;    /* bytes; machine_state.output_bytes beyond it stops the VM */

    /* What the guest sent on COM1 since the context was last emptied. */
    uint8_t output[4096];
    uint32_t output_count;

    /* Counters since the context was made. */
    uint64_t instructions; /* executed */
    uint64_t ticks_lost;   /* rises of the timer's OUT that came while the last one was still waiting */

    /* Tracing, or NULL: called for port accesses (`direction` 'i' or 'o') of 1, 2 or 4 bytes. */
    void (*trace_port)(void *trace_context, char direction, uint16_t port, unsigned bytes, uint32_t value);
    /* Called before each instruction with its place and the bytes there, more of them than it may have. */
    void (*trace_code)(void *trace_context, uint16_t cs, uint32_t eip, bool code32, const uint8_t *bytes,
                       unsigned count);
    /* Called when an interrupt or exception is delivered. */
    void (*trace_interrupt)(void *trace_context, uint8_t vector);
    void *trace_context;
};

static inline uint64_t context_now(struct context *context)
{
    context->now_ns = context->clock(context->clock_context);
    return context->now_ns;
}

/* Stops the VM for good: the CPU returns after this instruction with CPU_STOPPED. The first reason is kept.
 */
static inline void context_stop(struct context *context, enum vm_stop stop, uint32_t detail)
{
    if (context->state.stop == VM_RUNS) {
        context->state.stop = (uint8_t)stop;
        context->state.stop_detail = detail;
    }
    context->leave = true;
}

#endif
