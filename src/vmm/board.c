/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/board.h"

#include "vmm/cpu.h"

#define NS_PER_SECOND UINT64_C(1000000000)

enum {
    IRQ_TIMER = 0,
    IRQ_KEYBOARD = 1,
    IRQ_COM1 = 4,
    IRQ_RTC = 8,
    OUTPUT_NEARLY_FULL = sizeof(((struct context *)0)->output) - 16,
    COM1 = 0x3f8,
    PORT61_WRITABLE = 0x0f,
    PORT92_A20 = 0x02,
    PORT92_RESET = 0x01,
};

/* The timer's ticks up to `ns`, and the first ns at which there are that many: each the inverse of the other.
 */
static uint64_t tick_of(uint64_t ns)
{
    return ns / NS_PER_SECOND * PIT_HZ + ns % NS_PER_SECOND * PIT_HZ / NS_PER_SECOND;
}

static uint64_t ns_of(uint64_t tick)
{
    return tick / PIT_HZ * NS_PER_SECOND + (tick % PIT_HZ * NS_PER_SECOND + PIT_HZ - 1) / PIT_HZ;
}

static int64_t wall_seconds(const struct context *context)
{
    return context->wall_offset + (int64_t)(context->now_ns / NS_PER_SECOND);
}

static void set_a20(struct context *context, bool a20)
{
    struct machine_state *state = &context->state;

    state->port92 = (uint8_t)(a20 ? state->port92 | PORT92_A20 : state->port92 & ~PORT92_A20);
    keyboard_set_a20(&state->keyboard, a20);
    context->memory.a20_mask = a20 ? UINT32_MAX : ~(uint32_t)MEMORY_MIB;
}

static void update(struct context *context)
{
    context->interrupt = pic_output(&context->state.pic);
}

static void set_line(struct context *context, unsigned irq, bool level)
{
    if (pic_line(&context->state.pic, irq) == level)
        return;
    pic_set_line(&context->state.pic, irq, level);
    update(context);
}

static void update_uart(struct context *context)
{
    set_line(context, IRQ_COM1, uart_interrupt(&context->state.uart));
}

static void update_keyboard(struct context *context)
{
    set_line(context, IRQ_KEYBOARD, keyboard_interrupt(&context->state.keyboard));
}

static void update_rtc(struct context *context)
{
    set_line(context, IRQ_RTC, rtc_interrupt(&context->state.rtc));
}

void board_reset(struct context *context, uint8_t drive)
{
    struct machine_state *state = &context->state;

    pic_reset(&state->pic);
    pit_reset(&state->pit, tick_of(context->now_ns));
    uart_reset(&state->uart);
    keyboard_reset(&state->keyboard);
    rtc_reset(&state->rtc, (context->memory.size - MEMORY_MIB) / 1024);
    vga_reset(&state->vga);
    disk_reset(&state->disk, drive);
    state->output_bytes = 0;
    state->port61 = 0;
    state->port92 = PORT92_A20;
    set_a20(context, true);
    board_resume(context);
}

void board_resume(struct context *context)
{
    context->memory.a20_mask = context->state.port92 & PORT92_A20 ? UINT32_MAX : ~(uint32_t)MEMORY_MIB;
    update(context);
}

/* While IRQ0 waits behind its mask, further rises change nothing. */
static bool timer_is_watched(const struct pic *pic)
{
    return !(pic->chip[0].irr & pic->chip[0].imr & 1u << IRQ_TIMER);
}

static void request_timer(struct context *context, uint64_t rises)
{
    struct pic *pic = &context->state.pic;
    bool waiting = pic->chip[0].irr & 1u << IRQ_TIMER;

    if (rises == 0)
        return;
    if (!(pic->chip[0].imr & 1u << IRQ_TIMER))
        context->ticks_lost += rises - !waiting;
    /* A rise is a request. That the line falls again some time later takes nothing back, so that a VM whose
     * host was late still gets its tick. */
    pic_set_line(pic, IRQ_TIMER, false);
    pic_set_line(pic, IRQ_TIMER, true);
}

/* Brings IRQ0 to `tick`. Rises while the last one still waits are lost. */
static void advance_timer(struct context *context, uint64_t tick)
{
    bool watched = timer_is_watched(&context->state.pic);
    uint64_t rises = pit_take_rises(&context->state.pit, tick);

    if (watched)
        request_timer(context, rises);
    if (!timer_is_watched(&context->state.pic))
        pit_fold(&context->state.pit);
}

static void write_pit(struct context *context, uint16_t port, uint8_t value)
{
    struct pit *pit = &context->state.pit;
    uint64_t tick = tick_of(context_now(context));

    advance_timer(context, tick);
    bool before = pit_output(pit, 0, tick);

    pit_write(pit, port, value, tick);
    /* A control word puts OUT to where its mode begins. */
    request_timer(context, !before && pit_output(pit, 0, tick));
    update(context);
}

static uint8_t read_pit(struct context *context, uint16_t port)
{
    uint64_t tick = tick_of(context_now(context));

    advance_timer(context, tick);
    update(context);
    return pit_read(&context->state.pit, port, tick);
}

/* An access to the PIC may make rises matter that did not before: from now on. */
static void rewatch_timer(struct context *context, bool watched)
{
    if (watched == timer_is_watched(&context->state.pic))
        return;
    if (!watched)
        (void)pit_take_rises(&context->state.pit, tick_of(context->now_ns));
    else
        pit_fold(&context->state.pit);
}

void board_advance(struct context *context)
{
    struct machine_state *state = &context->state;

    if (!pit_is_quiet(&state->pit))
        advance_timer(context, tick_of(context->now_ns));
    if (state->uart.timeout_ns) {
        uart_advance(&state->uart, context->now_ns);
        update_uart(context);
    }
    if (rtc_is_enabled(&state->rtc)) {
        rtc_advance(&state->rtc, context->now_ns, wall_seconds(context));
        update_rtc(context);
    }
    update(context);
}

uint64_t board_next_event(const struct context *context)
{
    const struct machine_state *state = &context->state;
    const struct pic_chip *master = &state->pic.chip[0], *slave = &state->pic.chip[1];
    uint64_t next = BOARD_NEVER;

    if (state->cpu.halted && !(state->cpu.eflags & FLAG_IF))
        return BOARD_NEVER; /* nothing can wake it */
    if (!pit_is_quiet(&state->pit) && !((master->imr | master->irr) & 1u << IRQ_TIMER)) {
        uint64_t rise = pit_next_untaken(&state->pit);

        if (rise != PIT_NEVER)
            next = ns_of(rise);
    }
    if (!(master->imr & 1u << IRQ_COM1) && uart_next_event(&state->uart) < next)
        next = uart_next_event(&state->uart);
    if (rtc_is_enabled(&state->rtc) && !(slave->imr & 1) && !(master->imr & 4)) {
        uint64_t event = rtc_next_event(&state->rtc, context->now_ns, wall_seconds(context));

        if (event < next)
            next = event;
    }
    return next;
}

uint8_t board_acknowledge(struct context *context)
{
    uint8_t vector = pic_acknowledge(&context->state.pic);

    update(context);
    return vector;
}

size_t board_receive(struct context *context, const uint8_t *bytes, size_t count)
{
    size_t taken = 0;

    for (; taken < count && uart_room(&context->state.uart) > 0; taken++)
        uart_receive(&context->state.uart, bytes[taken], context->now_ns);
    if (taken) {
        context->state.output_bytes = 0;
        update_uart(context);
    }
    return taken;
}

size_t board_press(struct context *context, const uint8_t *codes, size_t count)
{
    size_t taken = 0;

    for (; taken < count && keyboard_room(&context->state.keyboard) > 0; taken++)
        keyboard_press(&context->state.keyboard, codes[taken]);
    if (taken) {
        context->state.output_bytes = 0;
        update_keyboard(context);
    }
    return taken;
}

static void transmit(struct context *context, uint8_t byte)
{
    if (context->output_count < sizeof(context->output))
        context->output[context->output_count++] = byte;
    if (context->output_count >= OUTPUT_NEARLY_FULL)
        context->leave = true;
    if (++context->state.output_bytes > context->output_limit && context->output_limit)
        context_stop(context, VM_STOP_OUTPUT, 0);
}

static uint8_t read_port61(struct context *context)
{
    uint64_t now = context_now(context);

    /* Bit 4 changes at every refresh of memory, 15.085 us (IBM PC/AT Technical Reference). */
    return (uint8_t)(context->state.port61 | (now / 15085 & 1 ? 0x10 : 0) |
                     (pit_seen_output(&context->state.pit, 2, tick_of(now)) ? 0x20 : 0));
}

static uint8_t in8(struct context *context, uint16_t port)
{
    struct machine_state *state = &context->state;
    uint8_t value;
    bool watched;

    if (port >= 0x3f8 && port <= 0x3ff) {
        uart_advance(&state->uart, context->now_ns);
        value = uart_read(&state->uart, port & 7u, context->now_ns);
        update_uart(context);
        return value;
    }
    switch (port) {
    case 0x20:
    case 0x21:
    case 0xa0:
    case 0xa1:
    case 0x4d0:
    case 0x4d1:
        watched = timer_is_watched(&state->pic);
        value = pic_read(&state->pic, port);
        rewatch_timer(context, watched);
        update(context);
        return value;
    case 0x40:
    case 0x41:
    case 0x42:
    case 0x43:
        return read_pit(context, port);
    case 0x60:
    case 0x64:
        value = keyboard_read(&state->keyboard, port);
        /* The line falls with the byte, and rises again with the next. */
        if (port == 0x60)
            set_line(context, IRQ_KEYBOARD, false);
        update_keyboard(context);
        return value;
    case 0x61:
        return read_port61(context);
    case 0x70:
    case 0x71:
        context_now(context);
        value = rtc_read(&state->rtc, port, context->now_ns, wall_seconds(context));
        update_rtc(context);
        return value;
    case 0x92:
        return state->port92;
    case 0x3d4:
    case 0x3d5:
        return vga_read(&state->vga, port, 0);
    case 0x3da:
        return vga_read(&state->vga, port, context_now(context));
    default:
        return 0xff;
    }
}

static void out8(struct context *context, uint16_t port, uint8_t value)
{
    struct machine_state *state = &context->state;
    unsigned effect;
    bool watched;

    if (port >= 0x3f8 && port <= 0x3ff) {
        int sent = uart_write(&state->uart, port & 7u, value, context->now_ns);

        if (sent >= 0)
            transmit(context, (uint8_t)sent);
        update_uart(context);
        if (port == 0x3f8) {
            uart_transmitted(&state->uart);
            update_uart(context);
        }
        return;
    }
    switch (port) {
    case 0x20:
    case 0x21:
    case 0xa0:
    case 0xa1:
    case 0x4d0:
    case 0x4d1:
        watched = timer_is_watched(&state->pic);
        pic_write(&state->pic, port, value);
        rewatch_timer(context, watched);
        update(context);
        break;
    case 0x40:
    case 0x41:
    case 0x42:
    case 0x43:
        write_pit(context, port, value);
        break;
    case 0x60:
    case 0x64:
        effect = keyboard_write(&state->keyboard, port, value);
        if (effect & KEYBOARD_A20)
            set_a20(context, keyboard_a20(&state->keyboard));
        if (effect & KEYBOARD_RESET)
            context->reset = context->leave = true;
        update_keyboard(context);
        break;
    case 0x61:
        pit_set_gate(&state->pit, 2, value & 1, tick_of(context_now(context)));
        state->port61 = value & PORT61_WRITABLE;
        break;
    case 0x70:
    case 0x71:
        context_now(context);
        rtc_write(&state->rtc, port, value, context->now_ns, wall_seconds(context));
        update_rtc(context);
        break;
    case 0x92:
        set_a20(context, value & PORT92_A20);
        if (value & PORT92_RESET)
            context->reset = context->leave = true;
        break;
    case 0x3c0:
    case 0x3d4:
    case 0x3d5:
        vga_write(&state->vga, port, value);
        break;
    case BOARD_FAULT_PORT:
        context_stop(context, VM_STOP_EXCEPTION, value);
        break;
    default:
        break;
    }
}

/* COM1's transmitter when nothing else comes of the access. */
static bool transmits_only(const struct context *context, uint16_t port, unsigned bytes)
{
    return port == COM1 && bytes == 1 && uart_only_transmits(&context->state.uart) && !context->trace_port;
}

static bool is_disk(uint16_t port)
{
    return port >= 0x0d00 && port <= 0x0d13;
}

uint32_t board_in(struct context *context, uint16_t port, unsigned bytes)
{
    uint32_t value = 0;

    if (board_reads_status_only(context, port, bytes))
        return uart_status(&context->state.uart);
    if (is_disk(port))
        value = disk_read(&context->state.disk, &context->disk, port, bytes);
    else
        for (unsigned i = 0; i < bytes; i++)
            value |= (uint32_t)in8(context, (uint16_t)(port + i)) << (8 * i);
    if (bytes < 4)
        value &= (UINT32_C(1) << (8 * bytes)) - 1;
    if (context->trace_port)
        context->trace_port(context->trace_context, 'i', port, bytes, value);
    return value;
}

void board_out(struct context *context, uint16_t port, unsigned bytes, uint32_t value)
{
    if (transmits_only(context, port, bytes)) {
        transmit(context, (uint8_t)value);
        return;
    }
    if (context->trace_port)
        context->trace_port(context->trace_context, 'o', port, bytes, value);
    if (is_disk(port))
        disk_write(&context->state.disk, &context->disk, port, bytes, value);
    else
        for (unsigned i = 0; i < bytes; i++)
            out8(context, (uint16_t)(port + i), (uint8_t)(value >> (8 * i)));
}
