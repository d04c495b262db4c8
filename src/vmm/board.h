/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The board of the machine: which port is which device, whose line goes where, and what time does to them. */
#ifndef MVM_VMM_BOARD_H
#define MVM_VMM_BOARD_H

#include "vmm/context.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOARD_NEVER UINT64_MAX

/* Port by which the firmware says that an exception came which nobody handles: a byte, the vector. */
enum { BOARD_FAULT_PORT = 0x0d20 };

/* Devices as the firmware's POST leaves them, at context->now_ns; `drive` is 00h or 80h. Not the CPU and not
 * the memory. */
void board_reset(struct context *context, uint8_t drive);

/* A port access of 1, 2 or 4 bytes. Wide accesses to byte-wide devices are split, low port first. Unassigned
 * ports read as ones. Keep context->interrupt true. */
uint32_t board_in(struct context *context, uint16_t port, unsigned bytes);
void board_out(struct context *context, uint16_t port, unsigned bytes, uint32_t value);

/* The port is COM1's line status, and nothing comes of reading it but uart_status(): what guests do most. */
static inline bool board_reads_status_only(const struct context *context, uint16_t port, unsigned bytes)
{
    const struct uart *uart = &context->state.uart;

    return port == 0x3fd && bytes == 1 && !uart->lsr_errors &&
           !(uart->timeout_ns && uart->timeout_ns <= context->now_ns) && !context->trace_port;
}

/* Lets the devices reach context->now_ns and updates context->interrupt. Rises of the timer's OUT that find
 * the last one still waiting are lost, as in hardware, and counted in ticks_lost. */
void board_advance(struct context *context);

/* When board_advance() will next change something that can interrupt the guest, in ns of the population's
 * clock; BOARD_NEVER: not by time. Masked interrupts do not count (IMR, OUT2, register B). */
uint64_t board_next_event(const struct context *context);

/* The CPU's acknowledge cycle; updates context->interrupt. */
uint8_t board_acknowledge(struct context *context);

/* Bytes to COM1: takes as many as its receiver has room for now and returns how many. */
size_t board_receive(struct context *context, const uint8_t *bytes, size_t count);

/* Scan codes (set 1) from the console's keyboard: returns how many were taken. */
size_t board_press(struct context *context, const uint8_t *codes, size_t count);

/* After a machine was laid into the context: sets interrupt, and the memory's A20 mask, from its state. */
void board_resume(struct context *context);

#endif
