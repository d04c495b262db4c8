/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/dev/uart.h"

#include <string.h>

/* PC16550D datasheet, table II. */
enum {
    IER_RDA = 0x01,
    IER_THRE = 0x02,
    IER_RLS = 0x04,
    IER_MS = 0x08,
    IIR_NONE = 0x01,
    IIR_MS = 0x00,
    IIR_THRE = 0x02,
    IIR_RDA = 0x04,
    IIR_RLS = 0x06,
    IIR_TIMEOUT = 0x0c,
    IIR_FIFOS = 0xc0,
    FCR_ENABLE = 0x01,
    FCR_CLEAR_RX = 0x02,
    FCR_DMA = 0x08,
    FCR_TRIGGER = 0xc0,
    LCR_DLAB = 0x80,
    MCR_OUT1 = 0x04,
    MCR_OUT2 = 0x08,
    MCR_LOOP = 0x10,
    LSR_DR = 0x01,
    LSR_OE = 0x02,
    LSR_ERRORS = 0x1e,
    LSR_THRE = 0x20,
    LSR_TEMT = 0x40,
    MSR_TERI = 0x04,
    MSR_LINES = 0xf0,
    MSR_CONNECTED = 0xb0, /* CTS, DSR, DCD: somebody is there and ready */
};

static bool has_fifo(const struct uart *uart)
{
    return uart->fcr & FCR_ENABLE;
}

static unsigned room_of(const struct uart *uart)
{
    return has_fifo(uart) ? (unsigned)sizeof(uart->fifo) : 1;
}

static unsigned trigger(const struct uart *uart)
{
    static const uint8_t levels[] = {1, 4, 8, 14};

    return has_fifo(uart) ? levels[uart->fcr >> 6] : 1;
}

void uart_reset(struct uart *uart)
{
    /* As a BIOS leaves it after its look for serial ports. */
    *uart = (struct uart){.divisor_low = 0x0c, .lcr = 0x03, .mcr = 0x08, .msr = MSR_CONNECTED};
}

/* Four characters of start, data, parity and stop bits at 1.8432 MHz / 16 / divisor. */
static uint64_t four_characters(const struct uart *uart)
{
    unsigned divisor = (unsigned)(uart->divisor_high << 8 | uart->divisor_low);
    unsigned bits = 7u + (uart->lcr & 3u) + (uart->lcr >> 3 & 1u) + (uart->lcr >> 2 & 1u);

    return 4 * UINT64_C(1000000000) * bits * (divisor ? divisor : 1) / 115200;
}

/* The time-out runs while bytes wait in the FIFO; each byte that comes or is read begins it anew. */
static void restart_timeout(struct uart *uart, uint64_t now_ns)
{
    bool runs = has_fifo(uart) && uart->fifo_count > 0 && !uart->timeout_pending;

    uart->timeout_ns = runs ? now_ns + four_characters(uart) : 0;
}

unsigned uart_room(const struct uart *uart)
{
    return uart->mcr & MCR_LOOP || uart->fifo_count > room_of(uart) ? 0 : room_of(uart) - uart->fifo_count;
}

static void put(struct uart *uart, uint8_t byte, uint64_t now_ns)
{
    if (uart->fifo_count >= room_of(uart)) {
        uart->lsr_errors |= LSR_OE;
        if (!has_fifo(uart))
            uart->fifo[0] = byte; /* the character in the register is overwritten */
        return;
    }
    uart->fifo[uart->fifo_count++] = byte;
    restart_timeout(uart, now_ns);
}

void uart_receive(struct uart *uart, uint8_t byte, uint64_t now_ns)
{
    if (!(uart->mcr & MCR_LOOP))
        put(uart, byte, now_ns);
}

static uint8_t take(struct uart *uart, uint64_t now_ns)
{
    uint8_t byte = uart->fifo[0];
    uint64_t words[2];

    _Static_assert(sizeof(words) == sizeof(uart->fifo), "the FIFO is two words");
    if (uart->fifo_count == 0)
        return 0;
    uart->fifo_count--;
    memcpy(words, uart->fifo, sizeof(words)); /* little-endian, and zero behind the last one */
    words[0] = words[0] >> 8 | words[1] << 56;
    words[1] >>= 8;
    memcpy(uart->fifo, words, sizeof(words));
    uart->timeout_pending = 0;
    restart_timeout(uart, now_ns);
    return byte;
}

/* The pending interrupt of highest priority (datasheet, table IV). */
static uint8_t cause(const struct uart *uart)
{
    if (uart->ier & IER_RLS && uart->lsr_errors)
        return IIR_RLS;
    if (uart->ier & IER_RDA && uart->fifo_count >= trigger(uart))
        return IIR_RDA;
    if (uart->ier & IER_RDA && uart->timeout_pending)
        return IIR_TIMEOUT;
    if (uart->ier & IER_THRE && uart->thre_pending)
        return IIR_THRE;
    if (uart->ier & IER_MS && uart->msr & ~MSR_LINES)
        return IIR_MS;
    return IIR_NONE;
}

/* The line to the interrupt controller of a PC goes through a gate that OUT2 opens, and in loopback OUT2's
 * pin is inactive (datasheet, "Modem Control Register", bit 4). */
static bool is_gated_through(const struct uart *uart)
{
    return (uart->mcr & (MCR_OUT2 | MCR_LOOP)) == MCR_OUT2;
}

bool uart_interrupt(const struct uart *uart)
{
    return is_gated_through(uart) && cause(uart) != IIR_NONE;
}

uint8_t uart_read(struct uart *uart, unsigned reg, uint64_t now_ns)
{
    uint8_t value;

    switch (reg & 7) {
    case 0:
        return uart->lcr & LCR_DLAB ? uart->divisor_low : take(uart, now_ns);
    case 1:
        return uart->lcr & LCR_DLAB ? uart->divisor_high : uart->ier;
    case 2:
        value = cause(uart);
        if (value == IIR_THRE)
            uart->thre_pending = 0;
        return (uint8_t)(value | (has_fifo(uart) ? IIR_FIFOS : 0));
    case 3:
        return uart->lcr;
    case 4:
        return uart->mcr;
    case 5:
        value = (uint8_t)(uart->lsr_errors | LSR_THRE | LSR_TEMT | (uart->fifo_count ? LSR_DR : 0));
        uart->lsr_errors = 0;
        return value;
    case 6:
        value = uart->msr;
        uart->msr &= MSR_LINES;
        return value;
    default:
        return uart->scratch;
    }
}

/* New levels of the modem lines, with what changed (TERI: only when RI falls). */
static void set_lines(struct uart *uart, uint8_t lines)
{
    uint8_t changed = (uint8_t)((uart->msr ^ lines) >> 4),
            falling_ring = MSR_TERI & (uart->msr & ~lines) >> 4;

    uart->msr = (uint8_t)(lines | (uart->msr & ~MSR_LINES) | (changed & ~MSR_TERI) | falling_ring);
}

static void write_mcr(struct uart *uart, uint8_t value)
{
    uart->mcr = value & 0x1f;
    if (uart->mcr & MCR_LOOP) /* RTS to CTS, DTR to DSR, OUT1 to RI, OUT2 to DCD */
        set_lines(uart, (uint8_t)((value & 0x02) << 3 | (value & 0x01) << 5 | (value & 0x0c) << 4));
    else
        set_lines(uart, MSR_CONNECTED);
}

static void write_fcr(struct uart *uart, uint8_t value)
{
    bool enabled = value & FCR_ENABLE, switched = enabled != has_fifo(uart);

    /* The other bits are programmed only together with this one. */
    uart->fcr = enabled ? value & (FCR_ENABLE | FCR_DMA | FCR_TRIGGER) : 0;
    if (!switched && !(enabled && value & FCR_CLEAR_RX))
        return;
    memset(uart->fifo, 0, sizeof(uart->fifo));
    uart->fifo_count = 0;
    uart->timeout_pending = 0;
    uart->timeout_ns = 0;
}

static void write_ier(struct uart *uart, uint8_t value)
{
    /* The empty transmitter interrupts as soon as it is allowed to. */
    if (value & IER_THRE && !(uart->ier & IER_THRE))
        uart->thre_pending = 1;
    if (!(value & IER_THRE))
        uart->thre_pending = 0;
    uart->ier = value & 0x0f;
}

static int transmit(struct uart *uart, uint8_t value, uint64_t now_ns)
{
    uart->thre_pending = 0;
    if (!(uart->mcr & MCR_LOOP))
        return value;
    put(uart, value & (uint8_t)(0xff >> (3 - (uart->lcr & 3))), now_ns); /* as many bits as a character has */
    return -1;
}

bool uart_only_transmits(const struct uart *uart)
{
    return !(uart->lcr & LCR_DLAB) && !(uart->mcr & MCR_LOOP) && !(uart->ier & IER_THRE) &&
           !uart->thre_pending;
}

void uart_transmitted(struct uart *uart)
{
    if (!(uart->lcr & LCR_DLAB) && uart->ier & IER_THRE)
        uart->thre_pending = 1;
}

int uart_write(struct uart *uart, unsigned reg, uint8_t value, uint64_t now_ns)
{
    switch (reg & 7) {
    case 0:
        if (!(uart->lcr & LCR_DLAB))
            return transmit(uart, value, now_ns);
        uart->divisor_low = value;
        break;
    case 1:
        if (uart->lcr & LCR_DLAB)
            uart->divisor_high = value;
        else
            write_ier(uart, value);
        break;
    case 2:
        write_fcr(uart, value);
        break;
    case 3:
        uart->lcr = value;
        break;
    case 4:
        write_mcr(uart, value);
        break;
    case 7:
        uart->scratch = value;
        break;
    default: /* LSR and MSR are not written */
        break;
    }
    return -1;
}

void uart_advance(struct uart *uart, uint64_t now_ns)
{
    if (uart->timeout_ns && uart->timeout_ns <= now_ns) {
        uart->timeout_ns = 0;
        uart->timeout_pending = 1;
    }
}

uint64_t uart_next_event(const struct uart *uart)
{
    if (uart->timeout_ns && uart->ier & IER_RDA && is_gated_through(uart) && cause(uart) == IIR_NONE)
        return uart->timeout_ns;
    return UART_NEVER;
}

bool uart_is_sane(const struct uart *uart)
{
    static const uint8_t zeros[sizeof(uart->fifo)];
    uint8_t count = uart->fifo_count;

    return count <= room_of(uart) && memcmp(uart->fifo + count, zeros, sizeof(zeros) - count) == 0 &&
           uart->ier <= 0x0f && uart->mcr <= 0x1f && (has_fifo(uart) ? !(uart->fcr & 0x36) : !uart->fcr) &&
           !(uart->lsr_errors & ~LSR_ERRORS) && (uart->thre_pending | uart->timeout_pending) <= 1 &&
           !(uart->thre_pending && !(uart->ier & IER_THRE)) &&
           !((uart->timeout_ns || uart->timeout_pending) && !(has_fifo(uart) && count > 0)) &&
           !(uart->timeout_ns && uart->timeout_pending);
}
