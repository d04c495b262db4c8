/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Deadlines of many things that all get the same time: what was added last is due last, so a list in the
 * order in which they were added is in the order of deadlines, and nothing is ever searched or sorted.
 */
#ifndef MVM_DOOR_TIMELINE_H
#define MVM_DOOR_TIMELINE_H

#include <stddef.h>
#include <stdint.h>

struct due {
    struct due *previous, *next;
    uint64_t at_ns;            /* CLOCK_MONOTONIC */
    struct timeline *timeline; /* NULL: in none */
};

struct timeline {
    struct due *first, *last;
    uint64_t after_ns; /* what each gets */
};

/* Out of the timeline it is in, if any. */
static inline void due_clear(struct due *due)
{
    struct timeline *timeline = due->timeline;

    if (!timeline)
        return;
    *(due->previous ? &due->previous->next : &timeline->first) = due->next;
    *(due->next ? &due->next->previous : &timeline->last) = due->previous;
    due->previous = due->next = NULL;
    due->timeline = NULL;
}

/* Into this one, out of any other: due when its time from `now_ns` on has passed. */
static inline void due_set(struct due *due, struct timeline *timeline, uint64_t now_ns)
{
    due_clear(due);
    due->at_ns = now_ns + timeline->after_ns;
    due->timeline = timeline;
    due->previous = timeline->last;
    *(timeline->last ? &timeline->last->next : &timeline->first) = due;
    timeline->last = due;
}

/* The next deadline; UINT64_MAX: none. */
static inline uint64_t timeline_next(const struct timeline *timeline)
{
    return timeline->first ? timeline->first->at_ns : UINT64_MAX;
}

#endif
