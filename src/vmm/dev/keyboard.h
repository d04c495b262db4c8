/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The keyboard controller of a PC: Intel 8042 (the IBM PC/AT Technical Reference's commands) at 60h and 64h,
 * with a keyboard behind it, and the lines it drives: A20 and reset. Scan codes come as set 1, as a PC has
 * them after translation, whatever set and translation the guest chooses. There is no mouse. */
#ifndef MVM_VMM_DEV_KEYBOARD_H
#define MVM_VMM_DEV_KEYBOARD_H

#include <stdbool.h>
#include <stdint.h>

struct keyboard {
    uint8_t queue[16]; /* bytes for port 60h, oldest first; the rest is zero */
    uint8_t queue_count;
    uint8_t output, output_full;    /* the output buffer */
    uint8_t output_from_controller; /* the byte in it answers a controller command */
    uint8_t command;                /* the controller's command byte */
    uint8_t pending;                /* controller command that waits for its data byte; 0: none */
    uint8_t keyboard_pending;       /* keyboard command that waits for its data byte; 0: none */
    uint8_t output_port;            /* bit 1 is A20; bit 0 low resets */
    uint8_t leds, scanning, scan_set;
    uint8_t last_was_command;
    uint8_t reply_count; /* so many bytes at the head of the queue answer the last keyboard command */
    uint8_t reserved[3];
};

/* What a write asks of the machine. */
enum keyboard_effect { KEYBOARD_NOTHING = 0, KEYBOARD_A20 = 1, KEYBOARD_RESET = 2 };

void keyboard_reset(struct keyboard *keyboard);
uint8_t keyboard_read(struct keyboard *keyboard, uint16_t port);
/* A set of enum keyboard_effect; after KEYBOARD_A20, keyboard_a20() is the new level. */
unsigned keyboard_write(struct keyboard *keyboard, uint16_t port, uint8_t value);
bool keyboard_a20(const struct keyboard *keyboard);
/* A20 was changed by another device (port 92h). */
void keyboard_set_a20(struct keyboard *keyboard, bool a20);
/* How many scan code bytes from outside keyboard_press() takes now. */
unsigned keyboard_room(const struct keyboard *keyboard);
void keyboard_press(struct keyboard *keyboard, uint8_t scan_code);
/* The level of IRQ1. */
bool keyboard_interrupt(const struct keyboard *keyboard);
/* True when every field is within its range: what a state from outside must fulfil. */
bool keyboard_is_sane(const struct keyboard *keyboard);

#endif
