/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/dev/keyboard.h"

#include <string.h>

/* IBM PC/AT Technical Reference (6280070), "Keyboard controller" and "Keyboard". */
enum {
    DATA = 0x60,
    STATUS_OUTPUT_FULL = 0x01,
    STATUS_SYSTEM = 0x04,
    STATUS_COMMAND = 0x08,
    STATUS_UNLOCKED = 0x10,
    COMMAND_INTERRUPT = 0x01,
    COMMAND_SYSTEM = 0x04,
    COMMAND_DISABLED = 0x10,
    OUTPUT_A20 = 0x02,
    OUTPUT_RESET = 0x01,
    ACK = 0xfa,
    RESEND = 0xfe,
    SELF_TEST_PASSED = 0xaa,
};

void keyboard_reset(struct keyboard *keyboard)
{
    *keyboard = (struct keyboard){.command = 0x61, .output_port = 0xcf, .scanning = 1, .scan_set = 2};
}

bool keyboard_a20(const struct keyboard *keyboard)
{
    return keyboard->output_port & OUTPUT_A20;
}

void keyboard_set_a20(struct keyboard *keyboard, bool a20)
{
    keyboard->output_port =
        (uint8_t)(a20 ? keyboard->output_port | OUTPUT_A20 : keyboard->output_port & ~OUTPUT_A20);
}

bool keyboard_interrupt(const struct keyboard *keyboard)
{
    return keyboard->output_full && keyboard->command & COMMAND_INTERRUPT;
}

static void output(struct keyboard *keyboard, uint8_t byte, bool from_controller)
{
    keyboard->output = byte;
    keyboard->output_full = 1;
    keyboard->output_from_controller = from_controller;
}

/* The next byte from the keyboard, when the buffer is free and its clock is not held. */
static void refill(struct keyboard *keyboard)
{
    if (keyboard->output_full || keyboard->queue_count == 0 || keyboard->command & COMMAND_DISABLED)
        return;
    output(keyboard, keyboard->queue[0], false);
    keyboard->queue_count--;
    memmove(keyboard->queue, keyboard->queue + 1, keyboard->queue_count);
    keyboard->queue[keyboard->queue_count] = 0;
}

static void queue(struct keyboard *keyboard, uint8_t byte)
{
    if (keyboard->queue_count < sizeof(keyboard->queue))
        keyboard->queue[keyboard->queue_count++] = byte;
    refill(keyboard);
}

unsigned keyboard_room(const struct keyboard *keyboard)
{
    return keyboard->scanning ? (unsigned)sizeof(keyboard->queue) - keyboard->queue_count : 0;
}

void keyboard_press(struct keyboard *keyboard, uint8_t scan_code)
{
    if (keyboard->scanning)
        queue(keyboard, scan_code);
}

uint8_t keyboard_read(struct keyboard *keyboard, uint16_t port)
{
    uint8_t value = keyboard->output;

    if (port != DATA)
        return (uint8_t)((keyboard->output_full ? STATUS_OUTPUT_FULL : 0) |
                         (keyboard->command & COMMAND_SYSTEM ? STATUS_SYSTEM : 0) |
                         (keyboard->last_was_command ? STATUS_COMMAND : 0) | STATUS_UNLOCKED);
    keyboard->output_full = 0;
    keyboard->output_from_controller = 0;
    refill(keyboard);
    return value;
}

static unsigned write_output_port(struct keyboard *keyboard, uint8_t value)
{
    bool a20_changes = (keyboard->output_port ^ value) & OUTPUT_A20;

    keyboard->output_port = value;
    return (a20_changes ? KEYBOARD_A20 : 0u) | (value & OUTPUT_RESET ? 0u : KEYBOARD_RESET);
}

static unsigned controller_data(struct keyboard *keyboard, uint8_t command, uint8_t value)
{
    switch (command) {
    case 0x60:
        keyboard->command = value;
        refill(keyboard);
        break;
    case 0xd1:
        return write_output_port(keyboard, value);
    case 0xd2: /* as if the keyboard had sent it */
        output(keyboard, value, false);
        break;
    default: /* to the mouse, which is not there */
        break;
    }
    return KEYBOARD_NOTHING;
}

/* A byte for the keyboard itself. */
static void keyboard_data(struct keyboard *keyboard, uint8_t value)
{
    uint8_t pending = keyboard->keyboard_pending;

    keyboard->keyboard_pending = 0;
    if (pending && value < 0x80) {
        if (pending == 0xed)
            keyboard->leds = value & 7;
        else if (pending == 0xf0 && value >= 1 && value <= 3)
            keyboard->scan_set = value;
        queue(keyboard, ACK);
        if (pending == 0xf0 && value == 0)
            queue(keyboard, keyboard->scan_set);
        return;
    }
    switch (value) {
    case 0xed:
    case 0xf0:
    case 0xf3:
        keyboard->keyboard_pending = value;
        queue(keyboard, ACK);
        break;
    case 0xee:
        queue(keyboard, 0xee);
        break;
    case 0xf2:
        queue(keyboard, ACK);
        queue(keyboard, 0xab);
        queue(keyboard, keyboard->command & 0x40 ? 0x41 : 0x83);
        break;
    case 0xf4:
    case 0xf5:
    case 0xf6:
        keyboard->scanning = value != 0xf5;
        queue(keyboard, ACK);
        break;
    case 0xff:
        keyboard->scanning = 1;
        keyboard->scan_set = 2;
        keyboard->leds = 0;
        queue(keyboard, ACK);
        queue(keyboard, SELF_TEST_PASSED);
        break;
    default:
        queue(keyboard, RESEND);
    }
}

static unsigned controller_command(struct keyboard *keyboard, uint8_t value)
{
    keyboard->pending = 0;
    switch (value) {
    case 0x20:
        output(keyboard, keyboard->command, true);
        break;
    case 0x60:
    case 0xd1:
    case 0xd2:
    case 0xd3:
    case 0xd4:
        keyboard->pending = value;
        break;
    case 0xa7:
        keyboard->command |= 0x20;
        break;
    case 0xa8:
        keyboard->command &= (uint8_t)~0x20;
        break;
    case 0xa9:
    case 0xab:
        output(keyboard, 0x00, true); /* the lines are good */
        break;
    case 0xaa:
        keyboard->command |= COMMAND_SYSTEM;
        output(keyboard, 0x55, true);
        break;
    case 0xad:
        keyboard->command |= COMMAND_DISABLED;
        break;
    case 0xae:
        keyboard->command &= (uint8_t)~COMMAND_DISABLED;
        refill(keyboard);
        break;
    case 0xc0:
        output(keyboard, 0x80, true);
        break;
    case 0xd0:
        output(keyboard, keyboard->output_port, true);
        break;
    case 0xdd:
        return write_output_port(keyboard, keyboard->output_port & (uint8_t)~OUTPUT_A20);
    case 0xdf:
        return write_output_port(keyboard, keyboard->output_port | OUTPUT_A20);
    default:
        if (value >= 0xf0 && !(value & 1))
            return KEYBOARD_RESET; /* pulses the reset line */
    }
    return KEYBOARD_NOTHING;
}

unsigned keyboard_write(struct keyboard *keyboard, uint16_t port, uint8_t value)
{
    uint8_t pending = keyboard->pending;

    keyboard->last_was_command = port != DATA;
    if (port != DATA)
        return controller_command(keyboard, value);
    keyboard->pending = 0;
    if (pending)
        return controller_data(keyboard, pending, value);
    keyboard->command &= (uint8_t)~COMMAND_DISABLED; /* talking to the keyboard releases its clock */
    keyboard_data(keyboard, value);
    return KEYBOARD_NOTHING;
}
