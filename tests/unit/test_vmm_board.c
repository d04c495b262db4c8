/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The board: who sits at which port, and whose line goes where. */
#include "base/random.h"
#include "board_machine.h"

enum op { END, OUT, IN, PASS, RX, KEY, QUIET, ACK, LOST, GATE, RESETS, STOPS, SENT };

struct step {
    enum op op;
    long a, b;
    unsigned width; /* of a port access: 0 is 1 byte */
};

struct script {
    const char *name;
    struct step steps[48];
};

/* clang-format off */
#define O(port, value)       {OUT, port, value, 1}
#define I(port, value)       {IN, port, value, 1}
#define OW(port, value)      {OUT, port, value, 2}
#define IW(port, value)      {IN, port, value, 2}
#define OD(port, value)      {OUT, port, value, 4}
#define ID(port, value)      {IN, port, value, 4}
#define MS(ms)               {PASS, (ms) * 1000000L, 0, 0}
#define NS(ns)               {PASS, ns, 0, 0}
#define GET(byte)            {RX, byte, 1, 0}
#define FULL(byte)           {RX, byte, 0, 0}
#define PRESS(code)          {KEY, code, 1, 0}
#define NO_INT               {QUIET, 0, 0, 0}
#define TAKE(vector)         {ACK, vector, 0, 0}
#define TICKS_LOST(count)    {LOST, count, 0, 0}
#define A20(level)           {GATE, level, 0, 0}
#define RESET(level)         {RESETS, level, 0, 0}
#define STOPPED(stop)        {STOPS, stop, 0, 0}
#define OUTPUT(byte)         {SENT, byte, 0, 0}
#define UART_INTERRUPTS(ier) O(0x3fb, 3), O(0x3fc, 0x0b), O(0x3f9, ier), O(0x21, 0)
#define NO_TIMER             O(0x43, 0x30)
#define RTC(reg, value)      O(0x70, reg), O(0x71, value)

static const struct script scripts[] = {
    {"the timer is IRQ0: 54.925 ms", {NS(54924400), NO_INT, NS(1000), TAKE(VECTOR_TIMER), O(0x20, EOI),
      NO_INT, MS(54), NO_INT, MS(1), TAKE(VECTOR_TIMER), TICKS_LOST(0)}},
    {"overdue ticks are one, the others are lost", {MS(550), TAKE(VECTOR_TIMER), O(0x20, EOI), NO_INT,
      TICKS_LOST(9), MS(55), TAKE(VECTOR_TIMER), TICKS_LOST(9)}},
    {"ticks that find one waiting are lost", {MS(55), MS(55), MS(55), TICKS_LOST(2), TAKE(VECTOR_TIMER),
      NO_INT, MS(55), TICKS_LOST(2), MS(55), TICKS_LOST(3), O(0x20, EOI), TAKE(VECTOR_TIMER)}},
    {"masked ticks are not lost, and one waits", {O(0x21, 0xff), MS(1000), NO_INT, TICKS_LOST(0),
      O(0x21, 0xfe), TAKE(VECTOR_TIMER), O(0x20, EOI), NO_INT, MS(60), TAKE(VECTOR_TIMER), TICKS_LOST(0)}},
    {"a fast timer", {O(0x43, 0x34), O(0x40, 0xa9), O(0x40, 0x04), NS(999000), NO_INT, NS(2000),
      TAKE(VECTOR_TIMER), O(0x20, EOI), MS(1), TAKE(VECTOR_TIMER), O(0x20, EOI), MS(10), TAKE(VECTOR_TIMER),
      TICKS_LOST(9)}},
    {"a one-shot timer", {O(0x43, 0x30), O(0x40, 0x00), O(0x40, 0x10), MS(3), NO_INT, MS(1),
      TAKE(VECTOR_TIMER), O(0x20, EOI), MS(1000), NO_INT}},
    {"a stopped timer", {NO_TIMER, MS(1000), NO_INT}},
    {"reading the timer and its interrupt agree", {O(0x43, 0x34), O(0x40, 0x00), O(0x40, 0x10), NS(3430000),
      O(0x43, 0), I(0x40, 0x04), I(0x40, 0x00), NO_INT, NS(8000), O(0x43, 0), I(0x40, 0xfa), I(0x40, 0x0f),
      TAKE(VECTOR_TIMER)}},
    {"a mode's first level can be an edge", {O(0x21, 0xfe), O(0x43, 0x30), NO_INT, O(0x43, 0x34),
      TAKE(VECTOR_TIMER), O(0x20, EOI), NO_INT, O(0x43, 0x34), NO_INT}},
    {"the PIC set up anew counts from then", {O(0x21, 0xff), MS(1000), O(0x20, 0x11), O(0x21, 0x20),
      O(0x21, 4), O(0x21, 1), O(0x21, 0xfe), NO_INT, MS(60), TAKE(0x20), TICKS_LOST(0)}},
    {"the keyboard is IRQ1", {PRESS(0x1e), PRESS(0x9e), TAKE(VECTOR_KEYBOARD), I(0x60, 0x1e), O(0x20, EOI),
      TAKE(VECTOR_KEYBOARD), I(0x60, 0x9e), O(0x20, EOI), NO_INT}},
    {"a key that is not fetched is not asked for again", {PRESS(0x1e), TAKE(VECTOR_KEYBOARD), O(0x20, EOI),
      NO_INT, I(0x64, 0x15), PRESS(0x9e), NO_INT, I(0x60, 0x1e), TAKE(VECTOR_KEYBOARD)}},
    {"a key polled away", {O(0x21, 0x02), PRESS(0x1e), I(0x60, 0x1e), O(0x21, 0), NO_INT}},
    {"COM1 is IRQ4", {UART_INTERRUPTS(1), GET('a'), TAKE(VECTOR_COM1), FULL('b'), I(0x3f8, 'a'),
      O(0x20, EOI), NO_INT, GET('b'), TAKE(VECTOR_COM1)}},
    {"COM1: bytes that stay hold the line up", {UART_INTERRUPTS(1), O(0x3fa, 1), GET('a'), GET('b'),
      TAKE(VECTOR_COM1), I(0x3f8, 'a'), O(0x20, EOI), NO_INT, GET('c'), NO_INT, I(0x3f8, 'b'), I(0x3f8, 'c'),
      NO_INT, GET('d'), TAKE(VECTOR_COM1)}},
    {"COM1: the transmitter asks again for each byte", {UART_INTERRUPTS(2), TAKE(VECTOR_COM1), O(0x3f8, 'x'),
      OUTPUT('x'), O(0x20, EOI), TAKE(VECTOR_COM1), I(0x3fa, 2), O(0x20, EOI), NO_INT, O(0x3f8, 'y'),
      TAKE(VECTOR_COM1)}},
    {"COM1: time-out", {UART_INTERRUPTS(1), O(0x3fa, 0x41), GET('a'), NO_INT, MS(4), NO_INT, MS(1),
      TAKE(VECTOR_COM1), I(0x3fa, 0xcc)}},
    {"the clock is IRQ8", {O(0xa1, 0xfe), O(0x21, 0xfb), O(0x70, 0x0c), I(0x71, 0x00), RTC(0x0b, 0x42),
      MS(1), TAKE(VECTOR_RTC), MS(5), O(0xa0, EOI), O(0x20, EOI), NO_INT, O(0x70, 0x0c), I(0x71, 0xc0),
      NO_INT, MS(1), TAKE(VECTOR_RTC)}},
    {"two byte-wide ports are one word", {IW(0x20, 0xb800), OW(0x20, 0x5a0b), I(0x21, 0x5a), OD(0x3f8, 0x41),
      OUTPUT('A'), IW(0x3fa, 0x0001), OW(0x70, 0x070e), I(0x71, 0x07), IW(0x70, 0x07ff)}},
    {"a double word is four", {OD(0x3fc, 0x12000000), I(0x3fc, 0x00), I(0x3ff, 0x12),
      ID(0x3fc, 0x12b06000)}},
    {"at the end of the ports it goes on at their beginning", {IW(0xffff, 0xffff), OW(0xffff, 0),
      ID(0xfffe, -1)}},
    {"nothing there", {I(0x80, 0xff), IW(0x1f0, 0xffff), ID(0xcf8, -1), O(0x80, 1), OD(0xcfc, 1),
      I(0x2f8, 0xff)}},
    {"the disk", {OD(0xd00, 0), I(0xd04, 0), I(0xd08, 0xeb), IW(0xd08, 0x90fe), I(0xd0c, 0x80), ID(0xd10, 2),
      IW(0xd10, 2), OD(0xd00, 2), I(0xd04, 1), ID(0xd08, -1), I(0xd01, 0xff)}},
    {"the screen's registers", {O(0x3d4, 0x0e), O(0x3d5, 0x12), I(0x3d5, 0x12), IW(0x3d4, 0x120e),
      OW(0x3d4, 0x340f), I(0x3d5, 0x34)}},
    {"A20 by port 92h", {A20(1), I(0x92, 2), O(0x92, 0), A20(0), I(0x92, 0), O(0x64, 0xd0), I(0x60, 0xcd),
      O(0x92, 2), A20(1), O(0x64, 0xd0), I(0x60, 0xcf), RESET(0)}},
    {"A20 by the keyboard controller's output port", {O(0x64, 0xd1), O(0x60, 0xdd), A20(0), I(0x92, 0),
      O(0x64, 0xd1), O(0x60, 0xdf), A20(1), I(0x92, 2), RESET(0)}},
    {"A20 by the keyboard controller's commands", {O(0x64, 0xdd), A20(0), I(0x92, 0), O(0x92, 2), A20(1),
      O(0x64, 0xdd), A20(0), O(0x64, 0xdf), A20(1), I(0x92, 2), RESET(0)}},
    {"reset by port 92h", {O(0x92, 3), RESET(1)}},
    {"reset by the keyboard controller", {O(0x64, 0xfe), RESET(1)}},
    {"reset by the keyboard controller's output port", {O(0x64, 0xd1), O(0x60, 0xfe), RESET(1)}},
    {"port 61h: channel 2's gate and OUT", {I(0x61, 0x30), O(0x43, 0xb0), I(0x61, 0x10), O(0x61, 0x0d),
      O(0x42, 0xa9), O(0x42, 0x04), NS(980000), I(0x61, 0x1d), NS(30000), I(0x61, 0x3d), O(0x61, 0xfc),
      I(0x61, 0x3c)}},
    {"port 61h: bit 4 with the refresh", {I(0x61, 0x30), NS(15085), I(0x61, 0x20), NS(15085),
      I(0x61, 0x30)}},
    {"an exception that nobody handles", {O(0xd20, 0x0d), STOPPED(VM_STOP_EXCEPTION)}},
};
/* clang-format on */

static long run_step(struct machine *machine, const struct step *step, long *ret_want)
{
    struct context *context = &machine->context;
    uint8_t byte = (uint8_t)step->a;

    *ret_want = step->a;
    switch (step->op) {
    case OUT:
        board_out(context, (uint16_t)step->a, step->width, (uint32_t)step->b);
        return step->a;
    case IN:
        *ret_want = (long)(uint32_t)step->b;
        return (long)board_in(context, (uint16_t)step->a, step->width);
    case PASS:
        pass(machine, (uint64_t)step->a);
        return step->a;
    case RX:
        *ret_want = step->b;
        return (long)board_receive(context, &byte, 1);
    case KEY:
        *ret_want = step->b;
        return (long)board_press(context, &byte, 1);
    case QUIET:
        return context->interrupt;
    case ACK:
        return context->interrupt ? (long)board_acknowledge(context) : -1;
    case LOST:
        return (long)context->ticks_lost;
    case GATE:
        return context->memory.a20_mask == UINT32_MAX;
    case RESETS:
        return context->reset && context->leave;
    case STOPS:
        return context->state.stop;
    default:
        return context->output_count ? context->output[--context->output_count] : -1;
    }
}

static void scripts_play(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++) {
        static struct machine machine;

        /* An instant at which the refresh bit is up and the clock's second is young. */
        begin(&machine, 15085);
        for (const struct step *step = scripts[i].steps; step->op != END; step++) {
            long want, got = run_step(&machine, step, &want);

            if (got != want)
                fail_msg("%s: step %d: %#lx, not %#lx", scripts[i].name, (int)(step - scripts[i].steps),
                         (unsigned long)got, (unsigned long)want);
            check(&machine);
        }
    }
}

static void output_limits(void **state)
{
    static struct machine machine;
    struct context *context = &machine.context;

    (void)state;
    begin(&machine, 0);
    context->output_limit = 10000;
    for (unsigned i = 0; i < 10000; i++) {
        assert_true(context->output_count + 16 <= sizeof(context->output));
        board_out(context, 0x3f8, 1, 'x');
        if (context->leave) {
            context->leave = false;
            context->output_count = 0;
        }
    }
    assert_int_equal(context->state.stop, VM_RUNS);
    board_receive(context, (const uint8_t *)"?", 1);
    for (unsigned i = 0; i < 10000;
         i++) { /* who is sent something may go on; and nothing is written too far */
        board_out(context, 0x3f8, 1, 'x');
        assert_true(context->output_count <= sizeof(context->output));
    }
    assert_int_equal(context->state.stop, VM_RUNS);
    assert_true(context->leave);
    board_press(context, (const uint8_t *)"\x1e", 1);
    for (unsigned i = 0; i < 10000; i++)
        board_out(context, 0x3f8, 1, 'x');
    assert_int_equal(context->state.stop, VM_RUNS);
    board_out(context, 0x3f8, 1, 'x');
    assert_int_equal(context->state.stop, VM_STOP_OUTPUT);
}

/* A wide access is what byte accesses in order are. */
static void wide_accesses(void **state)
{
    struct random random = {.state = 32};
    static struct machine wide, narrow;

    (void)state;
    begin(&wide, 123456789);
    copy(&narrow, &wide);
    for (unsigned i = 0; i < 100000; i++) {
        static const uint16_t near[] = {0x20, 0x40, 0x60, 0x70, 0x90, 0xa0, 0x3d0, 0x3f8, 0x4d0, 0xffff};
        unsigned width = 1u << random_below(&random, 3);
        uint16_t port = (uint16_t)(near[random_below(&random, 10)] + random_below(&random, 8) - 1);
        uint32_t value = (uint32_t)random_next(&random), bytes = 0;

        if (random_below(&random, 2)) {
            board_out(&wide.context, port, width, value);
            for (unsigned j = 0; j < width; j++)
                board_out(&narrow.context, (uint16_t)(port + j), 1, value >> (8 * j) & 0xff);
        } else {
            value = board_in(&wide.context, port, width);
            for (unsigned j = 0; j < width; j++)
                bytes |= board_in(&narrow.context, (uint16_t)(port + j), 1) << (8 * j);
            assert_int_equal(value, bytes);
        }
        assert_memory_equal(&wide.context.state, &narrow.context.state, sizeof(wide.context.state));
        wide.context.output_count = narrow.context.output_count = 0;
        wide.ns = narrow.ns += random_below(&random, 2000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scripts_play),
        cmocka_unit_test(output_limits),
        cmocka_unit_test(wide_accesses),
    };

    return cmocka_run_group_tests_name("vmm_board", tests, NULL, NULL);
}
