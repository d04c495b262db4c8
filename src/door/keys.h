/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a terminal sends when keys are pressed, as scan codes of a PC's keyboard (set 1, US layout). */
#ifndef MVM_DOOR_KEYS_H
#define MVM_DOOR_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KEYS_SEQUENCE_MOST = 16, KEYS_CODES_MOST = 16 };

/* A sequence that is not complete. Zeroed to begin with. */
struct keys {
    uint8_t sequence[KEYS_SEQUENCE_MOST];
    size_t count;
};

/* Takes one byte from the terminal; returns how many scan codes were written to `ret_codes` (make and break
 * codes, each key released again). What is no key of a PC is dropped. */
size_t keys_take(struct keys *keys, uint8_t byte, uint8_t ret_codes[KEYS_CODES_MOST]);

/* True when the bytes until now begin a sequence: if none follows within a moment, the user pressed the
 * Escape key, and keys_end() gives its codes. */
bool keys_are_open(const struct keys *keys);
size_t keys_end(struct keys *keys, uint8_t ret_codes[KEYS_CODES_MOST]);

#endif
