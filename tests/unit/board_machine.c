/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "board_machine.h"

static const uint8_t sectors[1024] = {0xeb, 0xfe, 0x90};

static uint64_t read_clock(void *machine)
{
    return ((struct machine *)machine)->ns;
}

void begin(struct machine *machine, uint64_t ns)
{
    static const struct machine nothing;

    *machine = nothing;
    machine->ns = ns;
    machine->context.clock = read_clock;
    machine->context.clock_context = machine;
    machine->context.wall_offset = 1386160496;
    machine->context.memory.size = MEMORY_MIB;
    machine->context.disk = (struct disk_content){.bytes = sectors, .size = sizeof(sectors)};
    machine->context.state.cpu.eflags = IF | 2;
    context_now(&machine->context);
    board_reset(&machine->context, 0x80);
}

void copy(struct machine *to, const struct machine *from)
{
    *to = *from;
    to->context.clock_context = to;
}

void pass(struct machine *machine, uint64_t ns)
{
    machine->ns += ns;
    context_now(&machine->context);
    board_advance(&machine->context);
}

void check(const struct machine *machine)
{
    static struct machine resumed;
    const struct context *context = &machine->context;

    /* What is not state follows from it. */
    copy(&resumed, machine);
    resumed.context.interrupt = !context->interrupt;
    resumed.context.memory.a20_mask = 0;
    board_resume(&resumed.context);
    assert_int_equal(resumed.context.interrupt, context->interrupt);
    assert_int_equal(resumed.context.memory.a20_mask, context->memory.a20_mask);
    assert_true(machine_state_is_sane(&context->state));
    assert_int_equal(context->interrupt, pic_output(&context->state.pic));
    assert_int_equal(context->memory.a20_mask, context->state.port92 & 2 ? 0xffffffff : 0xffefffff);
}
