/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/ring.h"

#include <string.h>

size_t ring_put(struct ring *ring, const uint8_t *bytes, size_t count)
{
    size_t put = 0;

    while (put < count && ring->count < ring->room) {
        size_t end = (ring->start + ring->count) % ring->room;
        size_t piece = (end < ring->start ? ring->start : ring->room) - end;

        if (piece > count - put)
            piece = count - put;
        memcpy(ring->bytes + end, bytes + put, piece);
        ring->count += piece;
        put += piece;
    }
    return put;
}

size_t ring_take(struct ring *ring, uint8_t *ret_bytes, size_t room)
{
    size_t taken = 0;

    while (taken < room && ring->count > 0) {
        size_t piece = ring->room - ring->start;

        if (piece > ring->count)
            piece = ring->count;
        if (piece > room - taken)
            piece = room - taken;
        memcpy(ret_bytes + taken, ring->bytes + ring->start, piece);
        ring->start = (ring->start + piece) % ring->room;
        ring->count -= piece;
        taken += piece;
    }
    return taken;
}
