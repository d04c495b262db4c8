/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The 16550A, alone: scripts after the datasheet (National Semiconductor PC16550D). */
#include "base/random.h"
#include "vmm/dev/uart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCRATCH, FCR = IIR };

enum op {
    END,
    WRITE, /* register, value */
    SENDS, /* byte: write it to DATA, and it goes out */
    LOOPS, /* byte: write it to DATA, and nothing goes out */
    READ,  /* register, value */
    RX,    /* byte from outside */
    ROOM,  /* how many */
    IRQ,   /* level */
    WAIT,  /* microseconds */
    DUE,   /* microseconds from now until the interrupt, -1: never */
    DIPS,  /* byte: write it to DATA; the request falls in between and comes back */
};

struct step {
    enum op op;
    int a, b;
};

struct script {
    const char *name;
    struct step steps[60];
};

/* clang-format off */
#define W(reg, value) {WRITE, reg, value}
#define R(reg, value) {READ, reg, value}
#define SEND(byte) {SENDS, byte, 0}
#define LOOP(byte) {LOOPS, byte, 0}
#define GET(byte) {RX, byte, 0}
#define FREE(count) {ROOM, count, 0}
#define REQUEST(level) {IRQ, level, 0}
#define WAIT_US(us) {WAIT, us, 0}
#define DUE_US(us) {DUE, us, 0}
#define DIP(byte) {DIPS, byte, 0}
#define GET4(byte)    GET(byte), GET((byte) + 1), GET((byte) + 2), GET((byte) + 3)
#define READ4(byte)   R(DATA, byte), R(DATA, (byte) + 1), R(DATA, (byte) + 2), R(DATA, (byte) + 3)
#define LOOP4(byte)   LOOP(byte), LOOP((byte) + 1), LOOP((byte) + 2), LOOP((byte) + 3)
#define BAUD_115200   W(LCR, 0x80), W(DATA, 1), W(IER, 0), W(LCR, 0x03)
#define FIFO(trigger) W(FCR, 0x07 | (trigger))

static const struct script scripts[] = {
    {"as the firmware leaves it", {R(IER, 0), R(IIR, 0x01), R(LCR, 0x03), R(MCR, 0x08), R(LSR, 0x60),
      R(MSR, 0xb0), R(SCRATCH, 0), REQUEST(0), FREE(1)}},
    {"scratch", {W(SCRATCH, 0x5a), R(SCRATCH, 0x5a), W(SCRATCH, 0xa5), R(SCRATCH, 0xa5)}},
    {"the divisor is where data and IER are while DLAB is set", {W(LCR, 0x83), R(DATA, 0x0c), R(IER, 0),
      W(DATA, 0x34), W(IER, 0x12), R(DATA, 0x34), R(IER, 0x12), W(LCR, 3), R(IER, 0), R(DATA, 0),
      W(LCR, 0x80), R(DATA, 0x34), R(IER, 0x12)}},
    {"bits that are not there read as zero", {W(IER, 0xff), R(IER, 0x0f), W(MCR, 0xff), R(MCR, 0x1f),
      W(LCR, 0xff), R(LCR, 0xff)}},
    {"LSR and MSR are not written", {W(LSR, 0x1f), R(LSR, 0x60), W(MSR, 0x0f), R(MSR, 0xb0)}},
    {"sends", {SEND(0x41), R(LSR, 0x60), SEND(0xff), REQUEST(0)}},
    {"receives one byte without FIFO", {GET(0x41), FREE(0), R(LSR, 0x61), R(DATA, 0x41), R(LSR, 0x60),
      FREE(1), R(DATA, 0)}},
    {"an overrun without FIFO loses the first byte", {GET(0x41), GET(0x42), R(LSR, 0x63), R(LSR, 0x61),
      R(DATA, 0x42), R(LSR, 0x60)}},
    {"received data interrupt without FIFO", {W(IER, 1), GET(0x41), REQUEST(1), R(IIR, 0x04), R(IIR, 0x04),
      R(DATA, 0x41), R(IIR, 0x01), REQUEST(0)}},
    {"FIFO: IIR says so", {FIFO(0), R(IIR, 0xc1), W(FCR, 0), R(IIR, 0x01)}},
    {"FIFO: sixteen bytes, in order", {FIFO(0), FREE(16), GET4(0x10), GET4(0x20), GET4(0x30), FREE(4),
      GET4(0x40), FREE(0), READ4(0x10), READ4(0x20), FREE(8), READ4(0x30), READ4(0x40), R(LSR, 0x60),
      R(DATA, 0)}},
    {"FIFO: an overrun loses the last byte", {FIFO(0), GET4(0x10), GET4(0x20), GET4(0x30), GET4(0x40),
      GET(0x50), R(LSR, 0x63), R(LSR, 0x61), READ4(0x10), READ4(0x20), READ4(0x30), READ4(0x40),
      R(LSR, 0x60)}},
    {"FIFO: trigger at 1", {BAUD_115200, FIFO(0x00), W(IER, 1), GET(1), REQUEST(1), R(IIR, 0xc4), R(DATA, 1),
      REQUEST(0)}},
    {"FIFO: trigger at 4", {BAUD_115200, FIFO(0x40), W(IER, 1), GET(1), GET(2), GET(3), REQUEST(0), GET(4),
      REQUEST(1), R(IIR, 0xc4), R(DATA, 1), REQUEST(0), R(IIR, 0xc1)}},
    {"FIFO: trigger at 8", {BAUD_115200, FIFO(0x80), W(IER, 1), GET4(1), GET(5), GET(6), GET(7), REQUEST(0),
      GET(8), REQUEST(1)}},
    {"FIFO: trigger at 14", {BAUD_115200, FIFO(0xc0), W(IER, 1), GET4(1), GET4(5), GET4(9), GET(13),
      REQUEST(0), GET(14), REQUEST(1)}},
    {"FIFO: the trigger can be moved under the bytes that wait", {BAUD_115200, FIFO(0x80), W(IER, 1),
      GET4(1), REQUEST(0), W(FCR, 0x41), REQUEST(1), W(FCR, 0x81), REQUEST(0), READ4(1)}},
    {"FIFO: reset of the receiver", {FIFO(0), GET4(1), W(FCR, 0x03), R(LSR, 0x60), FREE(16), GET(7),
      R(DATA, 7)}},
    {"FIFO: reset of the transmitter leaves the receiver", {FIFO(0), GET(1), W(FCR, 0x05), R(LSR, 0x61),
      R(DATA, 1)}},
    {"FIFO: switching it empties it", {FIFO(0), GET4(1), W(FCR, 0x00), R(LSR, 0x60), GET(9), W(FCR, 0x01),
      R(LSR, 0x60), FREE(16)}},
    {"FIFO: without its enabling bit nothing of FCR is written", {W(FCR, 0xc6), R(IIR, 0x01), GET(1),
      W(FCR, 0x02), R(LSR, 0x61), W(IER, 1), REQUEST(1)}},
    {"time-out: four characters of ten bits at 115200", {BAUD_115200, FIFO(0x40), W(IER, 1), GET(1),
      DUE_US(347), WAIT_US(346), REQUEST(0), R(IIR, 0xc1), WAIT_US(2), REQUEST(1), R(IIR, 0xcc),
      R(IIR, 0xcc), DUE_US(-1), R(DATA, 1), REQUEST(0), R(IIR, 0xc1), DUE_US(-1)}},
    {"time-out: at 9600, with eight bits, parity and two stop bits", {FIFO(0x40), W(LCR, 0x0f), W(IER, 1),
      GET(1), DUE_US(5000), WAIT_US(4998), REQUEST(0), WAIT_US(2), REQUEST(1)}},
    {"time-out: five bits, divisor 0 as 1", {W(LCR, 0x80), W(DATA, 0), W(IER, 0), W(LCR, 0), FIFO(0x40),
      W(IER, 1), GET(1), DUE_US(243)}},
    {"time-out: begins anew with each byte, come or read", {BAUD_115200, FIFO(0x80), W(IER, 1), GET(1),
      WAIT_US(200), GET(2), DUE_US(347), WAIT_US(200), REQUEST(0), R(DATA, 1), DUE_US(347), WAIT_US(200),
      REQUEST(0), WAIT_US(150), REQUEST(1), R(DATA, 2), REQUEST(0)}},
    {"time-out: a further byte does not take it back, reading does", {BAUD_115200, FIFO(0x80), W(IER, 1),
      GET(1), WAIT_US(400), REQUEST(1), GET(2), REQUEST(1), R(IIR, 0xcc), R(DATA, 1), REQUEST(0),
      DUE_US(347), WAIT_US(400), R(IIR, 0xcc), R(DATA, 2), DUE_US(-1)}},
    {"time-out: at the trigger it is a data interrupt; what is left below it times out", {BAUD_115200,
      FIFO(0x40), W(IER, 1), GET4(1), REQUEST(1), DUE_US(-1), R(IIR, 0xc4), R(DATA, 1), R(DATA, 2),
      REQUEST(0), DUE_US(347), WAIT_US(400), R(IIR, 0xcc)}},
    {"time-out: needs the data interrupt, and the gate", {BAUD_115200, FIFO(0x40), GET(1), DUE_US(-1),
      WAIT_US(400), R(IIR, 0xc1), W(IER, 1), R(IIR, 0xcc), W(MCR, 0), REQUEST(0), R(DATA, 1), GET(2),
      DUE_US(-1)}},
    {"time-out: not without FIFO", {BAUD_115200, W(IER, 1), GET(1), WAIT_US(1000), R(IIR, 0x04), R(DATA, 1),
      DUE_US(-1)}},
    {"THRE: allowing it asks at once, IIR takes it back", {W(IER, 2), REQUEST(1), R(IIR, 0x02), REQUEST(0),
      R(IIR, 0x01)}},
    {"THRE: each byte asks again, with an edge", {W(IER, 2), R(IIR, 2), SEND(1), REQUEST(1), DIP(2),
      R(IIR, 2), R(IIR, 1)}},
    {"THRE: allowing it again asks again, writing the same does not", {W(IER, 2), R(IIR, 2), W(IER, 2),
      R(IIR, 1), W(IER, 0), W(IER, 2), R(IIR, 2)}},
    {"THRE: forbidding it takes it back", {W(IER, 2), W(IER, 1), REQUEST(0), R(IIR, 1)}},
    {"THRE: an IIR that tells of another one leaves it", {W(IER, 3), GET(1), R(IIR, 4), R(DATA, 1),
      R(IIR, 2), R(IIR, 1)}},
    {"THRE: the divisor is no byte to send", {W(IER, 2), R(IIR, 2), W(LCR, 0x83), W(DATA, 1), W(LCR, 3),
      R(IIR, 1)}},
    {"line status interrupt: LSR takes it back", {W(IER, 4), GET(1), GET(2), REQUEST(1), R(IIR, 6),
      R(IIR, 6), R(LSR, 0x63), R(IIR, 1), REQUEST(0)}},
    {"priorities: line status, data, transmitter, modem", {W(MCR, 0x18), W(MCR, 0x1a), W(MCR, 0x0b),
      W(IER, 0x0f), GET(1), GET(2), R(IIR, 0x06), R(LSR, 0x63), R(IIR, 0x04), R(DATA, 2), R(IIR, 0x02),
      R(IIR, 0x00), R(MSR, 0xb3), R(IIR, 0x01), REQUEST(0)}},
    {"OUT2 is the gate of the request", {W(MCR, 0), W(IER, 1), GET(1), REQUEST(0), R(IIR, 4), W(MCR, 8),
      REQUEST(1), W(MCR, 7), REQUEST(0)}},
    {"loopback: bytes come back, none goes out, none comes in", {W(MCR, 0x10), FREE(0), LOOP(0x55),
      R(LSR, 0x61), R(DATA, 0x55), GET(0x66), R(LSR, 0x60), W(MCR, 0x08), FREE(1), SEND(0x55),
      R(LSR, 0x60)}},
    {"loopback: with FIFO, trigger and overrun", {BAUD_115200, FIFO(0x40), W(MCR, 0x10), W(IER, 5), LOOP(1),
      R(IIR, 0xc1), LOOP(2), LOOP(3), LOOP(4), R(IIR, 0xc4), LOOP4(5), LOOP4(9), LOOP4(13), R(LSR, 0x61),
      LOOP(17), R(IIR, 0xc6), R(LSR, 0x63), READ4(1), READ4(5), READ4(9), READ4(13), R(LSR, 0x60)}},
    {"loopback: a character has as many bits as it has", {W(MCR, 0x10), W(LCR, 0x00), LOOP(0xff),
      R(DATA, 0x1f), W(LCR, 0x01), LOOP(0xff), R(DATA, 0x3f), W(LCR, 0x02), LOOP(0xff), R(DATA, 0x7f),
      W(LCR, 0x03), LOOP(0xff), R(DATA, 0xff)}},
    {"loopback: the request does not leave the chip", {W(MCR, 0x18), W(IER, 1), LOOP(1), R(IIR, 4),
      REQUEST(0)}},
    {"loopback: RTS is CTS, DTR is DSR, OUT1 is RI, OUT2 is DCD", {W(MCR, 0x10), R(MSR, 0x0b), R(MSR, 0x00),
      W(MCR, 0x12), R(MSR, 0x11), W(MCR, 0x13), R(MSR, 0x32), W(MCR, 0x1b), R(MSR, 0xb8), W(MCR, 0x1f),
      R(MSR, 0xf0), W(MCR, 0x1b), R(MSR, 0xb4), W(MCR, 0x10), R(MSR, 0x0b)}},
    {"loopback: deltas add up until MSR is read, and interrupt", {W(MCR, 0x10), R(MSR, 0x0b), W(IER, 8),
      R(IIR, 1), W(MCR, 0x12), R(IIR, 0), W(MCR, 0x11), R(MSR, 0x23), R(IIR, 1)}},
    {"loopback: left, the lines are back", {W(MCR, 0x10), R(MSR, 0x0b), W(MCR, 0x08), R(MSR, 0xbb),
      R(MSR, 0xb0)}},
};
/* clang-format on */

static int write_data(struct uart *uart, uint8_t value, uint64_t now, bool *ret_dipped)
{
    int sent = uart_write(uart, DATA, value, now);

    *ret_dipped = !uart_interrupt(uart);
    uart_transmitted(uart);
    return sent;
}

static void play(const struct script *script)
{
    uint64_t now = 1000000;
    struct uart uart;
    bool dipped;

    uart_reset(&uart);
    for (const struct step *step = script->steps; step->op != END; step++) {
        int got = step->b, want = step->b;

        switch (step->op) {
        case WRITE:
            if (step->a == DATA)
                got = write_data(&uart, (uint8_t)step->b, now, &dipped), want = -1;
            else
                got = uart_write(&uart, (unsigned)step->a, (uint8_t)step->b, now), want = -1;
            break;
        case SENDS:
        case LOOPS:
            got = write_data(&uart, (uint8_t)step->a, now, &dipped);
            want = step->op == SENDS ? step->a : -1;
            break;
        case DIPS:
            assert_true(uart_interrupt(&uart));
            (void)write_data(&uart, (uint8_t)step->a, now, &dipped);
            got = dipped && uart_interrupt(&uart), want = 1;
            break;
        case READ:
            got = uart_read(&uart, (unsigned)step->a, now);
            break;
        case RX:
            uart_receive(&uart, (uint8_t)step->a, now);
            break;
        case ROOM:
            got = (int)uart_room(&uart), want = step->a;
            break;
        case IRQ:
            got = uart_interrupt(&uart), want = step->a;
            break;
        case WAIT:
            now += (uint64_t)step->a * 1000;
            uart_advance(&uart, now);
            break;
        default:
            got = uart_next_event(&uart) == UART_NEVER ? -1 : (int)((uart_next_event(&uart) - now) / 1000);
            want = step->a;
        }
        if (got != want)
            fail_msg("%s: step %d: %#x, not %#x", script->name, (int)(step - script->steps), (unsigned)got,
                     (unsigned)want);
        if (!uart_is_sane(&uart))
            fail_msg("%s: step %d: not sane", script->name, (int)(step - script->steps));
    }
}

static void scripts_play(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++)
        play(&scripts[i]);
}

/* Any use: it stays sane, loses no byte that it had room for, and knows when it will ask. */
static void any_use(void **state)
{
    struct random random = {.state = 16550};
    uint64_t now = 1;
    struct uart uart;

    (void)state;
    uart_reset(&uart);
    for (unsigned i = 0; i < 500000; i++) {
        unsigned reg = (unsigned)random_below(&random, 8), room, before;
        uint64_t due;

        switch (random_below(&random, 4)) {
        case 0:
            (void)uart_write(&uart, reg, (uint8_t)random_next(&random), now);
            uart_transmitted(&uart);
            break;
        case 1:
            (void)uart_read(&uart, reg, now);
            break;
        case 2:
            room = uart_room(&uart), before = uart.fifo_count;
            if (room == 0)
                break;
            uart_receive(&uart, (uint8_t)random_next(&random), now);
            assert_int_equal(uart.fifo_count, before + 1);
            assert_int_equal(uart_room(&uart), room - 1);
            break;
        default:
            due = uart_next_event(&uart);
            if (due != UART_NEVER && due > now) {
                assert_false(uart_interrupt(&uart));
                uart_advance(&uart, due - 1);
                assert_false(uart_interrupt(&uart));
                now = due;
                uart_advance(&uart, now);
                assert_true(uart_interrupt(&uart));
            }
            assert_true(uart_next_event(&uart) > now);
        }
        assert_true(uart_is_sane(&uart));
        now += random_below(&random, 100000);
        uart_advance(&uart, now);
    }
}

static void insane_ones_are_known(void **state)
{
    static const size_t bytes[] = {offsetof(struct uart, fifo_count),
                                   offsetof(struct uart, ier),
                                   offsetof(struct uart, fcr),
                                   offsetof(struct uart, mcr),
                                   offsetof(struct uart, lsr_errors),
                                   offsetof(struct uart, thre_pending),
                                   offsetof(struct uart, timeout_pending),
                                   offsetof(struct uart, fifo) + 3,
                                   offsetof(struct uart, timeout_ns)};
    struct uart uart;

    (void)state;
    for (size_t i = 0; i < sizeof(bytes) / sizeof(*bytes); i++) {
        uart_reset(&uart);
        ((uint8_t *)&uart)[bytes[i]] = 0xff;
        assert_false(uart_is_sane(&uart));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scripts_play),
        cmocka_unit_test(any_use),
        cmocka_unit_test(insane_ones_are_known),
    };

    return cmocka_run_group_tests_name("vmm_uart", tests, NULL, NULL);
}
