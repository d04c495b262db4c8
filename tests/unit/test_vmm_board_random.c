/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The board under random use: it is never late and never early for nothing, counts all ticks, and nothing
 * that a guest does, nor any state that is called sane, takes it out of its ranges. */
#include "base/random.h"
#include "board_machine.h"

/* Random set-ups of all that can interrupt by time. */
static void set_up(struct random *random, struct machine *machine)
{
    static const uint16_t ports[] = {0x40,  0x40,  0x43,  0x43,  0x21,  0xa1, 0x20,
                                     0x3f9, 0x3fa, 0x3fb, 0x3fc, 0x3f8, 0x61};
    static const uint8_t rtc_registers[] = {0x0a, 0x0b, 0x0b, 0x0c, 1, 3, 5, 4};
    struct context *context = &machine->context;
    uint8_t value = (uint8_t)random_next(random);

    switch (random_below(random, 8)) {
    case 0:
        board_out(context, 0x70, 1, rtc_registers[random_below(random, sizeof(rtc_registers))]);
        if (random_below(random, 4))
            board_out(context, 0x71, 1, value & (random_below(random, 2) ? 0xff : 0x7f));
        else
            (void)board_in(context, 0x71, 1);
        break;
    case 1:
        (void)board_receive(context, &value, 1);
        break;
    case 2:
        (void)board_in(context, ports[random_below(random, 13)], 1);
        break;
    case 3:
        if (context->interrupt)
            (void)board_acknowledge(context);
        board_out(context, 0x20, 1, EOI);
        board_out(context, 0xa0, 1, EOI);
        break;
    case 4:
        board_out(context, 0x21, 1, random_below(random, 2) ? 0 : value);
        board_out(context, 0xa1, 1, random_below(random, 2) ? 0 : value);
        break;
    case 5:
        board_out(context, 0x43, 1, 0x30 | (value & 0x0f));
        board_out(context, 0x40, 1, (uint32_t)random_next(random) & 0xff);
        board_out(context, 0x40, 1, (uint32_t)random_below(random, 32));
        break;
    default:
        board_out(context, ports[random_below(random, 13)], 1, value);
    }
    machine->ns +=
        random_below(random, 4) ? random_below(random, 3000) : random_below(random, 3 * SECOND / 100);
    if (random_below(random, 2))
        pass(machine, 0);
}

/* The requests that are not masked. */
static unsigned requests(const struct context *context)
{
    const struct pic_chip *chip = context->state.pic.chip;
    unsigned slave = chip[0].imr & 4 ? 0 : (unsigned)(chip[1].irr & ~chip[1].imr) & 0xff;

    return (unsigned)(chip[0].irr & ~chip[0].imr & ~4) | slave << 8;
}

/* A machine that waits is not woken late, and never for nothing. */
static void next_events(void **state)
{
    struct random random = {.state = 2038};
    unsigned events = 0, nevers = 0;

    (void)state;
    for (unsigned round = 0; round < 3000; round++) {
        static struct machine machine, before, after;

        begin(&machine, random_next(&random) >> 16);
        for (unsigned step = 0; step < 20; step++) {
            set_up(&random, &machine);
            check(&machine);
            machine.context.state.cpu.halted = 1;
            uint64_t next = board_next_event(&machine.context);

            copy(&after, &machine);
            if (next == BOARD_NEVER) {
                unsigned had = requests(&machine.context);

                nevers++;
                for (unsigned i = 0; i < 4; i++) {
                    pass(&after, random_below(&random, 3 * SECOND));
                    assert_int_equal(requests(&after.context), had);
                }
                continue;
            }
            events++;
            if (next > machine.ns + 1) { /* a moment before, nothing has changed */
                copy(&before, &machine);
                pass(&before, next - 1 - machine.ns);
                if (requests(&before.context) != requests(&machine.context))
                    fail_msg("round %u, step %u: an event %d ns before it was told", round, step,
                             (int)(next - machine.ns));
                assert_int_equal(board_next_event(&before.context), next);
            }
            pass(&after, next > machine.ns ? next - machine.ns : 0);
            if (!(requests(&after.context) & ~requests(&machine.context)))
                fail_msg("round %u, step %u: woken for nothing", round, step);
            assert_true(board_next_event(&after.context) > after.ns);
        }
    }
    assert_true(events > 5000 && nevers > 5000);
}

static void who_cannot_be_woken_is_not(void **state)
{
    static struct machine machine;
    struct context *context = &machine.context;

    (void)state;
    begin(&machine, 1000);
    context->state.cpu.halted = 1;
    assert_int_equal(board_next_event(context), 54926240); /* tick 1 + 65536 */
    context->state.cpu.eflags = 2;
    assert_true(board_next_event(context) == BOARD_NEVER);
    context->state.cpu.halted = 0;
    assert_true(board_next_event(context) != BOARD_NEVER);
}

/* Ticks delivered and lost add up to the time, however late a machine is woken. */
static void all_ticks_are_counted(void **state)
{
    struct random random = {.state = 1193182};

    (void)state;
    for (unsigned round = 0; round < 300; round++) {
        static struct machine machine;
        struct context *context = &machine.context;
        unsigned count = (unsigned)random_below(&random, 60000) + 100;
        uint64_t taken = 0;

        begin(&machine, random_next(&random) >> 20);
        uint64_t ticks = machine.ns / SECOND * PIT_HZ + machine.ns % SECOND * PIT_HZ / SECOND;

        board_out(context, 0x21, 1, 0xfe);
        board_out(context, 0x43, 1, round % 2 ? 0x36 : 0x34);
        board_out(context, 0x40, 1, count & 0xff);
        board_out(context, 0x40, 1, count >> 8);
        for (unsigned i = 0; i < 50; i++) {
            pass(&machine, random_below(&random, 3) ? random_below(&random, 300000000) : 20000);
            if (!context->interrupt)
                continue;
            assert_int_equal(board_acknowledge(context), VECTOR_TIMER);
            board_out(context, 0x20, 1, EOI);
            taken++;
        }
        ticks = machine.ns / SECOND * PIT_HZ + machine.ns % SECOND * PIT_HZ / SECOND - ticks - 1;
        assert_int_equal(taken + context->ticks_lost, ticks / count);
    }
}

/* Any use of any port, with bytes coming in and interrupts taken: nothing breaks, everything stays in its
 * range. */
static void any_use(void **state)
{
    static const uint16_t near[] = {0x20,  0x40,  0x60,  0x70,  0x90,  0xa0,
                                    0x3c0, 0x3d4, 0x3f8, 0x4d0, 0xd00, 0xd10};
    struct random random = {.state = 65536};
    static struct machine machine;
    struct context *context = &machine.context;

    (void)state;
    begin(&machine, 1);
    context->output_limit = 1000;
    for (unsigned i = 0; i < 400000; i++) {
        uint8_t bytes[24];
        uint16_t port =
            (uint16_t)(random_below(&random, 8) ? near[random_below(&random, 12)] + random_below(&random, 8)
                                                : random_next(&random));
        unsigned width = 1u << random_below(&random, 3);

        for (size_t j = 0; j < sizeof(bytes); j++)
            bytes[j] = (uint8_t)random_next(&random);
        switch (random_below(&random, 8)) {
        case 0:
        case 1:
        case 2:
            board_out(context, port, width, (uint32_t)random_next(&random));
            break;
        case 3:
        case 4:
            assert_true(board_in(context, port, width) <= UINT32_MAX >> (32 - 8 * width));
            break;
        case 5:
            assert_true(board_receive(context, bytes, random_below(&random, 24)) <= 16);
            break;
        case 6:
            assert_true(board_press(context, bytes, random_below(&random, 24)) <= 16);
            break;
        default:
            if (context->interrupt)
                (void)board_acknowledge(context);
        }
        assert_true(context->output_count <= sizeof(context->output));
        context->output_count = 0;
        context->leave = context->reset = false;
        context->state.stop = 0;
        check(&machine);
        uint64_t next = board_next_event(context);

        pass(&machine,
             random_below(&random, 4) ? random_below(&random, 5000) : random_below(&random, SECOND));
        check(&machine);
        assert_true(next == BOARD_NEVER || board_next_event(context) != next || next > machine.ns);
    }
}

/* Every byte of the state that a check could let through and that is out of range must be harmless. */
static void any_sane_state(void **state)
{
    struct random random = {.state = 99};
    static struct machine machine;
    struct context *context = &machine.context;
    unsigned accepted = 0;

    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t *bytes = (uint8_t *)&context->state;

        begin(&machine, random_next(&random) >> 16);
        for (uint64_t changes = random_below(&random, 4) + 1; changes > 0; changes--) {
            size_t at = random_below(&random, sizeof(context->state) - sizeof(struct cpu_state));

            if (at >= offsetof(struct machine_state, cpu))
                at += sizeof(struct cpu_state);
            bytes[at] = (uint8_t)(random_below(&random, 2) ? random_next(&random) : random_below(&random, 4));
        }
        if (!machine_state_is_sane(&context->state))
            continue;
        accepted++;
        board_resume(context);
        for (unsigned i = 0; i < 20; i++) {
            set_up(&random, &machine);
            check(&machine);
            pass(&machine, random_below(&random, SECOND));
            uint64_t next = board_next_event(context);

            assert_true(next == BOARD_NEVER || next > machine.ns);
        }
    }
    assert_true(accepted > 2000);
}

/* What is out of range in the machine as a whole, and what two devices must agree on, is seen. */
static void insane_ones_are_known(void **state)
{
    static struct machine machine;
    struct machine_state *now = &machine.context.state, good;

    (void)state;
    begin(&machine, 1000);
    good = *now;
    assert_true(machine_state_is_sane(now));
    /* clang-format off */
#define INSANE(change) do { *now = good; change; assert_false(machine_state_is_sane(now)); } while (0)
    /* clang-format on */
    INSANE(now->cpu.halted = 2);
    INSANE(now->cpu.shadow = 2);
    INSANE(now->cpu.cr0 |= 0x80000000);
    INSANE(now->stop = VM_STOP_COUNT);
    INSANE(now->port61 = 0x10);
    INSANE(now->port61 = 0x01); /* but the gate is low */
    INSANE(now->pit.channel[2].gate = 1);
    INSANE(now->port92 = 0x03);
    INSANE(now->port92 = 0x00); /* but the keyboard controller says that A20 is on */
    INSANE(now->keyboard.output_port = 0xcd);
    INSANE(now->pic.chip[1].lowest = 8);
    INSANE(now->pit.channel[0].count = 0);
    INSANE(now->pit.channel[0].gate = 0);
    INSANE(now->pit.channel[1].running = PIT_DONE);
    INSANE(now->uart.fifo_count = 17);
    INSANE(now->keyboard.queue_count = 17);
    INSANE(now->rtc.ram[0] = 1);
    INSANE(now->vga.attribute_flip = 2);
    INSANE(now->disk.offset = 512);
#undef INSANE
    now->port61 = 0x01;
    now->disk.offset = 0;
    now->pit.channel[2].gate = 1;
    assert_true(machine_state_is_sane(now));
}

/* What a guest leaves that stops its timer, masks all but COM1 and sleeps: few bytes, and no time once the
 * one-shot is through. */
static void sleepers_are_small(void **state)
{
    static struct machine machine, other;

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct machine *sleeper = i ? &other : &machine;
        struct context *context = &sleeper->context;

        begin(sleeper, i ? 987654321987 : 123456789);
        board_out(context, 0x43, 1, 0x30);
        board_out(context, 0x40, 1, 0x30);
        board_out(context, 0x40, 1, 0x30);
        board_out(context, 0x21, 1, 0xef);
        board_out(context, 0xa1, 1, 0xff);
        board_out(context, 0x3fa, 1, 0x07);
        board_out(context, 0x3fc, 1, 0x0b);
        board_out(context, 0x3f9, 1, 0x01);
        pass(sleeper, 20000000);
        assert_true(board_next_event(context) == BOARD_NEVER);
        /* It stays as it is. */
        struct machine_state before = context->state;

        pass(sleeper, 10 * SECOND);
        assert_memory_equal(&context->state, &before, sizeof(before));
    }
    const uint8_t *a = (const uint8_t *)&machine.context.state, *b = (const uint8_t *)&other.context.state;
    unsigned differ = 0;

    for (size_t i = 0; i < sizeof(machine.context.state); i++)
        differ += a[i] != b[i];
    assert_in_range(differ, 0, 2); /* the phase of the counter, modulo its 16 bits */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(next_events),           cmocka_unit_test(who_cannot_be_woken_is_not),
        cmocka_unit_test(all_ticks_are_counted), cmocka_unit_test(any_use),
        cmocka_unit_test(any_sane_state),        cmocka_unit_test(insane_ones_are_known),
        cmocka_unit_test(sleepers_are_small),
    };

    return cmocka_run_group_tests_name("vmm_board_random", tests, NULL, NULL);
}
