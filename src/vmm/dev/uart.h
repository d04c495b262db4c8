/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A serial port: National Semiconductor PC16550D (datasheet of June 1995). The transmitter is never busy: a
 * byte written is on the line at once. The receiver takes bytes while its FIFO has room, so that a sender can
 * wait. */
#ifndef MVM_VMM_DEV_UART_H
#define MVM_VMM_DEV_UART_H

#include <stdbool.h>
#include <stdint.h>

#define UART_NEVER UINT64_MAX

struct uart {
    uint64_t timeout_ns; /* when the character time-out is due; 0: not running */
    uint8_t fifo[16];    /* received bytes, oldest first; the rest is zero */
    uint8_t fifo_count;
    uint8_t ier, fcr, lcr, mcr, scratch;
    uint8_t divisor_low, divisor_high;
    uint8_t lsr_errors; /* OE, PE, FE, BI until read */
    uint8_t msr;        /* lines and deltas */
    uint8_t thre_pending, timeout_pending;
    uint8_t reserved[4];
};

void uart_reset(struct uart *uart);

/* Registers 0 to 7. */
uint8_t uart_read(struct uart *uart, unsigned reg, uint64_t now_ns);

/* What register 5, the line status, reads as while it has no errors: the transmitter is empty, and bytes wait
 * or not. Reading it changes nothing then. */
static inline uint8_t uart_status(const struct uart *uart)
{
    return (uint8_t)(0x60 | (uart->fifo_count > 0));
}

/* Returns the byte that went out on the line, 0 to 255, or -1 when none did (in loopback it comes back by
 * itself). */
int uart_write(struct uart *uart, unsigned reg, uint8_t value, uint64_t now_ns);

/* A write to register 0 puts the byte on the line, and changes nothing here. */
bool uart_only_transmits(const struct uart *uart);

/* To be called after a write to register 0, when uart_interrupt() was looked at: the write took the request
 * of the empty transmitter back, and now it is empty again. */
void uart_transmitted(struct uart *uart);

/* How many bytes from outside uart_receive() takes now: the free room of the FIFO, or 1 or 0 without FIFO;
 * none in loopback. */
unsigned uart_room(const struct uart *uart);

/* A byte from outside. Without room it is an overrun, as on hardware. */
void uart_receive(struct uart *uart, uint8_t byte, uint64_t now_ns);

/* The interrupt request as the PC's gate lets it through: only while MCR.OUT2 is set and not in loopback. */
bool uart_interrupt(const struct uart *uart);

/* Lets time reach `now_ns`: the character time-out of the FIFO (4 character times without a read or a byte).
 */
void uart_advance(struct uart *uart, uint64_t now_ns);

/* When uart_advance() will raise the interrupt request; UART_NEVER: not by time. */
uint64_t uart_next_event(const struct uart *uart);

/* True when every field is within its range: what a state from outside must fulfil. */
bool uart_is_sane(const struct uart *uart);

#endif
