/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/wheel.h"

#include "base/reason.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

enum {
    SLOT_SHIFT = 17, /* inner slots of 2^17 ns */
    INNER_SHIFT = 13,
    INNER = 1 << INNER_SHIFT, /* of them: 1.07 s */
    OUTER = 1 << 12,          /* slots of 1.07 s: 73 minutes */
    CHUNK = 30,
    STAMP_SHIFT = 16,
};

/* Entries of one slot: a list of chunks, the first of which may be part full. */
struct chunk {
    struct chunk *next;
    uint32_t count;
    struct wheel_entry entries[CHUNK];
};

struct outer_entry {
    struct wheel_entry entry;
    uint64_t deadline_ns;
};

struct outer_chunk {
    struct outer_chunk *next;
    uint32_t count;
    struct outer_entry entries[CHUNK];
};

struct wheel {
    struct chunk *inner[INNER];
    struct outer_chunk *outer[OUTER];
    uint64_t inner_bits[INNER / 64]; /* slots that are not empty */
    uint64_t slot;                   /* the next inner slot to expire, counted from time 0 */
    uint64_t count, inner_count;
    struct chunk *free;
};

int wheel_create(uint64_t now_ns, struct wheel **ret_wheel, struct reason *reason)
{
    struct wheel *wheel = calloc(1, sizeof(*wheel));

    if (!wheel)
        return reason_set(reason, ENOMEM, "no memory for timers");
    wheel->slot = now_ns >> SLOT_SHIFT;
    *ret_wheel = wheel;
    return 0;
}

void wheel_free(struct wheel *wheel)
{
    if (!wheel)
        return;
    for (size_t i = 0; i < INNER; i++)
        for (struct chunk *chunk = wheel->inner[i], *next; chunk; chunk = next) {
            next = chunk->next;
            free(chunk);
        }
    for (size_t i = 0; i < OUTER; i++)
        for (struct outer_chunk *chunk = wheel->outer[i], *next; chunk; chunk = next) {
            next = chunk->next;
            free(chunk);
        }
    for (struct chunk *chunk = wheel->free, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    free(wheel);
}

uint32_t wheel_stamp(uint64_t deadline_ns)
{
    uint32_t stamp = (uint32_t)(deadline_ns >> STAMP_SHIFT);

    return stamp ? stamp : 1;
}

static int add_inner(struct wheel *wheel, struct wheel_entry entry, uint64_t slot)
{
    size_t at = slot & (INNER - 1);
    struct chunk *chunk = wheel->inner[at];

    if (!chunk || chunk->count == CHUNK) {
        struct chunk *fresh = wheel->free;

        if (fresh)
            wheel->free = fresh->next;
        else if (!(fresh = malloc(sizeof(*fresh))))
            return -ENOMEM;
        fresh->next = chunk;
        fresh->count = 0;
        wheel->inner[at] = chunk = fresh;
        wheel->inner_bits[at / 64] |= UINT64_C(1) << (at % 64);
    }
    chunk->entries[chunk->count++] = entry;
    wheel->inner_count++;
    return 0;
}

static int add_outer(struct wheel *wheel, struct wheel_entry entry, uint64_t deadline_ns, uint64_t slot)
{
    size_t at = (slot >> INNER_SHIFT) & (OUTER - 1);
    struct outer_chunk *chunk = wheel->outer[at];

    if (!chunk || chunk->count == CHUNK) {
        struct outer_chunk *fresh = malloc(sizeof(*fresh));

        if (!fresh)
            return -ENOMEM;
        fresh->next = chunk;
        fresh->count = 0;
        wheel->outer[at] = chunk = fresh;
    }
    chunk->entries[chunk->count++] = (struct outer_entry){entry, deadline_ns};
    return 0;
}

/* The slot in which a deadline expires: the first that begins at or after it. */
static uint64_t slot_of(uint64_t deadline_ns)
{
    return (deadline_ns >> SLOT_SHIFT) + ((deadline_ns & ((1u << SLOT_SHIFT) - 1)) != 0);
}

static int place(struct wheel *wheel, struct wheel_entry entry, uint64_t deadline_ns)
{
    uint64_t slot = slot_of(deadline_ns), epoch = wheel->slot >> INNER_SHIFT;
    uint64_t last = ((epoch + OUTER - 1) << INNER_SHIFT);

    if (slot < wheel->slot)
        slot = wheel->slot;
    if (slot >> INNER_SHIFT == epoch)
        return add_inner(wheel, entry, slot);
    return add_outer(wheel, entry, deadline_ns, slot < last ? slot : last);
}

int wheel_add(struct wheel *wheel, uint32_t number, uint64_t deadline_ns)
{
    int error = place(wheel, (struct wheel_entry){number, wheel_stamp(deadline_ns)}, deadline_ns);

    if (!error)
        wheel->count++;
    return error;
}

/* The wheel came to the beginning of an outer slot: its entries go to the inner slots. What finds no memory
 * there stays in a list that is tried again a turn of the inner wheel later. */
static void cascade(struct wheel *wheel)
{
    size_t at = (wheel->slot >> INNER_SHIFT) & (OUTER - 1);
    struct outer_chunk *chunk = wheel->outer[at], *next;

    wheel->outer[at] = NULL;
    for (; chunk; chunk = next) {
        next = chunk->next;
        for (uint32_t i = 0; i < chunk->count; i++)
            if (place(wheel, chunk->entries[i].entry, chunk->entries[i].deadline_ns) < 0)
                wheel->count--;
        free(chunk);
    }
}

/* The first slot from `slot` on, within the present turn of the inner wheel, that is not empty; its end if
 * none is. */
static uint64_t next_full(const struct wheel *wheel, uint64_t slot)
{
    uint64_t end = ((slot >> INNER_SHIFT) + 1) << INNER_SHIFT;

    while (slot < end) {
        size_t at = slot & (INNER - 1);
        uint64_t bits = wheel->inner_bits[at / 64] >> (at % 64);

        if (bits) {
            slot += (unsigned)__builtin_ctzll(bits);
            return slot < end ? slot : end;
        }
        slot += 64 - at % 64;
    }
    return end;
}

size_t wheel_expire(struct wheel *wheel, uint64_t now_ns, struct wheel_entry *ret_entries, size_t room)
{
    uint64_t now = now_ns >> SLOT_SHIFT;
    size_t got = 0;

    if (wheel->count == 0) {
        if (now > wheel->slot)
            wheel->slot = now;
        return 0;
    }
    while (wheel->slot <= now && got < room) {
        size_t at = wheel->slot & (INNER - 1);
        struct chunk *chunk = wheel->inner[at];

        if (chunk) {
            while (chunk->count > 0 && got < room)
                ret_entries[got++] = chunk->entries[--chunk->count];
            if (chunk->count == 0) {
                wheel->inner[at] = chunk->next;
                chunk->next = wheel->free;
                wheel->free = chunk;
                if (!wheel->inner[at])
                    wheel->inner_bits[at / 64] &= ~(UINT64_C(1) << (at % 64));
            }
            continue;
        }
        if (wheel->slot == now)
            break; /* entries for this slot may still be added */
        uint64_t full =
            next_full(wheel, wheel->slot); /* at most the end of the turn, where an outer slot begins */

        wheel->slot = full < now ? full : now;
        if (wheel->slot % INNER == 0)
            cascade(wheel);
    }
    wheel->count -= got;
    wheel->inner_count -= got;
    return got;
}

uint64_t wheel_next(const struct wheel *wheel)
{
    if (wheel->count == 0)
        return WHEEL_NEVER;
    uint64_t full = next_full(wheel, wheel->slot);

    return full << SLOT_SHIFT;
}

uint64_t wheel_count(const struct wheel *wheel)
{
    return wheel->count;
}
