/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes that wait, first in, first out, in a room that does not grow. */
#ifndef MVM_BASE_RING_H
#define MVM_BASE_RING_H

#include <stddef.h>
#include <stdint.h>

struct ring {
    uint8_t *bytes; /* the owner's */
    size_t room, start, count;
};

/* Both return how many bytes they took. */
size_t ring_put(struct ring *ring, const uint8_t *bytes, size_t count);
size_t ring_take(struct ring *ring, uint8_t *ret_bytes, size_t room);

#endif
