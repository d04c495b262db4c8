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
    COMMAND_NO_MOUSE = 0x20,
    COMMAND_TRANSLATE = 0x40,
    OUTPUT_A20 = 0x02,
    OUTPUT_RESET = 0x01,
    ACK = 0xfa,
    RESEND = 0xfe,
    SELF_TEST_PASSED = 0xaa,
    HEADROOM = 4, /* of the queue, for replies: scan codes leave it free */
};

void keyboard_reset(struct keyboard *keyboard)
{
    *keyboard = (struct keyboard){
        .command = COMMAND_INTERRUPT | COMMAND_SYSTEM | COMMAND_NO_MOUSE | COMMAND_TRANSLATE,
        .output_port = 0xcf,
        .scanning = 1,
        .scan_set = 2,
    };
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

/* Who has disabled the keyboard polls for what he asks the controller: then it does not interrupt. */
bool keyboard_interrupt(const struct keyboard *keyboard)
{
    return keyboard->output_full &&
           (keyboard->command & (COMMAND_INTERRUPT | COMMAND_DISABLED)) == COMMAND_INTERRUPT;
}

/* The newest byte is lost when the queue is full. */
static void insert(struct keyboard *keyboard, unsigned at, uint8_t byte)
{
    if (keyboard->queue_count == sizeof(keyboard->queue))
        keyboard->queue_count--;
    memmove(keyboard->queue + at + 1, keyboard->queue + at, keyboard->queue_count - at);
    keyboard->queue[at] = byte;
    keyboard->queue_count++;
}

static void drop(struct keyboard *keyboard, unsigned count)
{
    keyboard->queue_count = (uint8_t)(keyboard->queue_count - count);
    memmove(keyboard->queue, keyboard->queue + count, keyboard->queue_count);
    memset(keyboard->queue + keyboard->queue_count, 0, count);
}

/* The next byte from the keyboard, when the buffer is free and its clock is not held. */
static void refill(struct keyboard *keyboard)
{
    if (keyboard->output_full || keyboard->queue_count == 0 || keyboard->command & COMMAND_DISABLED)
        return;
    keyboard->output = keyboard->queue[0];
    keyboard->output_full = 1;
    keyboard->output_from_controller = 0;
    drop(keyboard, 1);
    if (keyboard->reply_count)
        keyboard->reply_count--;
}

/* The controller's own answer is the next byte read; one from the keyboard that nobody has read yet comes
 * after it. */
static void answer(struct keyboard *keyboard, uint8_t byte)
{
    if (keyboard->output_full && !keyboard->output_from_controller) {
        insert(keyboard, 0, keyboard->output);
        if (keyboard->reply_count && keyboard->reply_count < keyboard->queue_count)
            keyboard->reply_count++;
    }
    keyboard->output = byte;
    keyboard->output_full = 1;
    keyboard->output_from_controller = 1;
}

/* What the keyboard says to a command goes before the keys that were pressed. */
static void reply(struct keyboard *keyboard, uint8_t byte)
{
    insert(keyboard, keyboard->reply_count, byte); /* there are fewer replies than the queue has room for */
    keyboard->reply_count++;
    refill(keyboard);
}

unsigned keyboard_room(const struct keyboard *keyboard)
{
    unsigned most = sizeof(keyboard->queue) - HEADROOM;

    return keyboard->scanning && keyboard->queue_count < most ? most - keyboard->queue_count : 0;
}

void keyboard_press(struct keyboard *keyboard, uint8_t scan_code)
{
    if (keyboard_room(keyboard) == 0)
        return;
    insert(keyboard, keyboard->queue_count, scan_code);
    refill(keyboard);
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
        answer(keyboard, value);
        keyboard->output_from_controller = 0;
        break;
    default: /* to the mouse, which is not there */
        break;
    }
    return KEYBOARD_NOTHING;
}

/* A byte for the keyboard itself. */
static void keyboard_data(struct keyboard *keyboard, uint8_t value)
{
    static const uint8_t translated_sets[] = {0x43, 0x41, 0x3f};
    uint8_t pending = keyboard->keyboard_pending;
    bool translates = keyboard->command & COMMAND_TRANSLATE;

    /* A new command ends what was left to say of the last one. */
    drop(keyboard, keyboard->reply_count);
    keyboard->reply_count = 0;
    keyboard->keyboard_pending = 0;
    if (pending && value < 0x80) {
        if (pending == 0xed)
            keyboard->leds = value & 7;
        else if (pending == 0xf0 && value >= 1 && value <= 3)
            keyboard->scan_set = value;
        reply(keyboard, ACK);
        if (pending == 0xf0 && value == 0)
            reply(keyboard, translates ? translated_sets[keyboard->scan_set - 1] : keyboard->scan_set);
        return;
    }
    switch (value) {
    case 0xed:
    case 0xf0:
    case 0xf3:
        keyboard->keyboard_pending = value;
        reply(keyboard, ACK);
        break;
    case 0xee:
        reply(keyboard, 0xee);
        break;
    case 0xf2:
        reply(keyboard, ACK);
        reply(keyboard, 0xab);
        reply(keyboard, translates ? 0x41 : 0x83);
        break;
    case 0xf4:
    case 0xf5:
    case 0xf6:
        drop(keyboard, keyboard->queue_count);
        keyboard->scanning = value != 0xf5;
        reply(keyboard, ACK);
        break;
    case 0xff:
        drop(keyboard, keyboard->queue_count);
        keyboard->scanning = 1;
        keyboard->scan_set = 2;
        keyboard->leds = 0;
        reply(keyboard, ACK);
        reply(keyboard, SELF_TEST_PASSED);
        break;
    default:
        reply(keyboard, RESEND);
    }
}

static unsigned controller_command(struct keyboard *keyboard, uint8_t value)
{
    keyboard->pending = 0;
    switch (value) {
    case 0x20:
        answer(keyboard, keyboard->command);
        break;
    case 0x60:
    case 0xd1:
    case 0xd2:
    case 0xd3:
    case 0xd4:
        keyboard->pending = value;
        break;
    case 0xa7:
        keyboard->command |= COMMAND_NO_MOUSE;
        break;
    case 0xa8:
        keyboard->command &= (uint8_t)~COMMAND_NO_MOUSE;
        break;
    case 0xa9:
    case 0xab:
        answer(keyboard, 0x00); /* the lines are good */
        break;
    case 0xaa:
        keyboard->command |= COMMAND_SYSTEM;
        answer(keyboard, 0x55);
        break;
    case 0xad:
        keyboard->command |= COMMAND_DISABLED;
        break;
    case 0xae:
        keyboard->command &= (uint8_t)~COMMAND_DISABLED;
        refill(keyboard);
        break;
    case 0xc0:
        answer(keyboard, 0x80);
        break;
    case 0xd0:
        answer(keyboard, keyboard->output_port);
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

bool keyboard_is_sane(const struct keyboard *keyboard)
{
    static const uint8_t zeros[sizeof(keyboard->queue)];
    uint8_t count = keyboard->queue_count, pending = keyboard->pending, asked = keyboard->keyboard_pending;

    return count <= sizeof(zeros) && memcmp(keyboard->queue + count, zeros, sizeof(zeros) - count) == 0 &&
           keyboard->reply_count <= count &&
           (keyboard->output_full | keyboard->output_from_controller) <= 1 &&
           (pending == 0 || pending == 0x60 || (pending >= 0xd1 && pending <= 0xd4)) &&
           (asked == 0 || asked == 0xed || asked == 0xf0 || asked == 0xf3) && keyboard->leds <= 7 &&
           (keyboard->scanning | keyboard->last_was_command) <= 1 && keyboard->scan_set >= 1 &&
           keyboard->scan_set <= 3;
}
