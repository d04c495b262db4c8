/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What VMs have been doing, in little memory for any number of them: a heat map, whose cells count for ranges
 * of VM numbers, and the busiest VMs. One event costs a few instructions, a VM without events nothing, and a
 * look at all of it depends on the number of cells alone.
 *
 * One thread at a time: who owns it notes, and whoever reads does so on its behalf.
 */
#ifndef MVM_BASE_ACTIVITY_H
#define MVM_BASE_ACTIVITY_H

#include <stddef.h>
#include <stdint.h>

enum {
    ACTIVITY_CELLS = 4096,
    ACTIVITY_SLOTS = 256, /* a power of two */
    ACTIVITY_BUSIEST = 16,
};

/* A window, over which the busiest VMs are counted, lasts 2^30 ns. */
enum { ACTIVITY_WINDOW_SHIFT = 30 };
#define ACTIVITY_WINDOW_NS (UINT64_C(1) << ACTIVITY_WINDOW_SHIFT)

/*
 * The busiest: each VM number falls on one slot, which belongs to one VM at a time. Events of the owner pay
 * into its credit, up to a bound, and those of others take from it; who finds none left becomes the owner. So
 * a VM that does more than all others of its slot together keeps it (a majority vote after Boyer and Moore),
 * and with no more VMs than slots all are counted.
 */
struct activity_slot {
    uint64_t vm;
    uint32_t credit;
    uint32_t
        window; /* the number of the window that `events` and `work` are of; the others: the one before */
    uint32_t events, events_before;
    uint64_t work, work_before;
};

struct activity_map {
    unsigned shift; /* VM n counts in cell n >> shift */
    uint64_t events;
    uint64_t cells[ACTIVITY_CELLS]; /* events since the beginning */
    struct activity_slot slots[ACTIVITY_SLOTS];
};

/* One of the busiest VMs: what it did in the last whole window. */
struct activity_busy {
    uint64_t vm, events, work;
};

/* A heat map alone: what all who count together have counted. */
struct heat {
    uint64_t vms_each;              /* VMs of a cell: cell i is of those from i * vms_each; a power of two */
    size_t count;                   /* cells that VMs have been in; none behind them */
    uint64_t cells[ACTIVITY_CELLS]; /* events since the beginning */
};

struct activity_busiest {
    struct activity_busy list[ACTIVITY_BUSIEST]; /* by work, then events, most first */
    size_t count;
};

/* Makes cells wide enough for VM numbers below `numbers`; never narrower again. Counts are kept. */
void activity_fit(struct activity_map *activity, uint64_t numbers);

void activity_take_slot(struct activity_map *activity, uint64_t slot, uint64_t vm, uint32_t window,
                        uint64_t work, uint32_t weight);

/* An event of VM `vm`, for which activity_fit() was called, and how much work it was, in a unit of the
 * caller's. Neighbours in `slot` fall on different slots; `now_ns` never goes back. */
static inline void activity_note(struct activity_map *activity, uint64_t vm, uint64_t slot, uint64_t now_ns,
                                 uint64_t work)
{
    enum { CREDIT_MOST = 1 << 16 };
    struct activity_slot *own = &activity->slots[slot % ACTIVITY_SLOTS];
    uint32_t window = (uint32_t)(now_ns >> ACTIVITY_WINDOW_SHIFT);
    uint32_t weight = work < 64 * 1024 ? 1 + (uint32_t)(work / 64) : 1024;

    activity->events++;
    activity->cells[(vm >> activity->shift) % ACTIVITY_CELLS]++;
    if (own->vm != vm || own->window != window) {
        activity_take_slot(activity, slot, vm, window, work, weight);
        return;
    }
    own->events++;
    own->work += work;
    if (own->credit < CREDIT_MOST)
        own->credit += weight;
}

/* Adds the cells of `activity`, whose VM numbers are below `numbers`, to a map that is zeroed at first. All
 * that are added have the same width. */
void heat_add(struct heat *heat, const struct activity_map *activity, uint64_t numbers);

/* Adds what of `activity` belongs among the busiest in the window before the one of `now_ns`. */
void busiest_add(struct activity_busiest *busiest, const struct activity_map *activity, uint64_t now_ns);
void busiest_add_one(struct activity_busiest *busiest, const struct activity_busy *busy);

/* Adds `count` events to the cells of VMs `first` to `last`, evenly; in a map made by heat_shape(). Of counts
 * that grow, a cell's share may fall by 1. */
void heat_spread(struct heat *heat, uint64_t first, uint64_t last, uint64_t count);
/* An empty map for VM numbers below `numbers`. */
void heat_shape(struct heat *heat, uint64_t numbers);

/* Joins neighbours until there are at most `most` (1 and more) cells. */
void heat_narrow(struct heat *heat, size_t most);

#endif
