/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/activity.h"

#include <string.h>

/* Joins pairs of neighbours. */
static void fold(uint64_t *cells, size_t count)
{
    for (size_t i = 0; i < count / 2; i++)
        cells[i] = cells[2 * i] + cells[2 * i + 1];
    if (count % 2)
        cells[count / 2] = cells[count - 1];
    memset(cells + (count + 1) / 2, 0, count / 2 * sizeof(cells[0]));
}

static unsigned shift_for(uint64_t numbers)
{
    unsigned shift = 0;

    while (numbers > 0 && (numbers - 1) >> shift >= ACTIVITY_CELLS)
        shift++;
    return shift;
}

void activity_fit(struct activity_map *activity, uint64_t numbers)
{
    for (unsigned shift = shift_for(numbers); activity->shift < shift; activity->shift++)
        fold(activity->cells, ACTIVITY_CELLS);
}

void activity_take_slot(struct activity_map *activity, uint64_t slot, uint64_t vm, uint32_t window,
                        uint64_t work, uint32_t weight)
{
    struct activity_slot *own = &activity->slots[slot % ACTIVITY_SLOTS];

    if (own->vm == vm && own->credit > 0) { /* another window has begun */
        own->events_before = window == own->window + 1 ? own->events : 0;
        own->work_before = window == own->window + 1 ? own->work : 0;
        own->window = window;
        own->events = 1;
        own->work = work;
        own->credit += weight;
    } else if (own->credit > weight) {
        own->credit -= weight;
    } else {
        *own =
            (struct activity_slot){.vm = vm, .credit = weight, .window = window, .events = 1, .work = work};
    }
}

void heat_shape(struct heat *heat, uint64_t numbers)
{
    unsigned shift = shift_for(numbers);

    memset(heat, 0, sizeof(*heat));
    heat->vms_each = UINT64_C(1) << shift;
    heat->count = numbers ? (size_t)(((numbers - 1) >> shift) + 1) : 0;
}

void heat_add(struct heat *heat, const struct activity_map *activity, uint64_t numbers)
{
    size_t count = numbers ? (size_t)(((numbers - 1) >> activity->shift) + 1) : 0;

    heat->vms_each = UINT64_C(1) << activity->shift;
    if (count > ACTIVITY_CELLS)
        count = ACTIVITY_CELLS;
    if (heat->count < count)
        heat->count = count;
    for (size_t i = 0; i < count; i++)
        heat->cells[i] += activity->cells[i];
}

void heat_spread(struct heat *heat, uint64_t first, uint64_t last, uint64_t count)
{
    size_t from = (size_t)(first / heat->vms_each), to = (size_t)(last / heat->vms_each);
    uint64_t given = 0;

    if (to >= heat->count) {
        to = heat->count - 1;
        last = heat->count * heat->vms_each - 1;
    }
    for (size_t i = from; i <= to; i++) {
        uint64_t end = (i + 1) * heat->vms_each - 1;
        double part = (double)((end < last ? end : last) - first + 1) / (double)(last - first + 1);
        uint64_t up_to = i == to ? count : (uint64_t)((double)count * part);

        heat->cells[i] += up_to - given;
        given = up_to;
    }
}

void heat_narrow(struct heat *heat, size_t most)
{
    while (heat->count > most && heat->count > 1) {
        fold(heat->cells, heat->count);
        heat->count = (heat->count + 1) / 2;
        heat->vms_each *= 2;
    }
}

static int is_busier(const struct activity_busy *a, const struct activity_busy *b)
{
    if (a->work != b->work)
        return a->work > b->work;
    if (a->events != b->events)
        return a->events > b->events;
    return a->vm < b->vm;
}

void busiest_add_one(struct activity_busiest *busiest, const struct activity_busy *busy)
{
    size_t at = busiest->count;

    while (at > 0 && is_busier(busy, &busiest->list[at - 1]))
        at--;
    if (at == ACTIVITY_BUSIEST)
        return;
    if (busiest->count < ACTIVITY_BUSIEST)
        busiest->count++;
    memmove(&busiest->list[at + 1], &busiest->list[at], (busiest->count - at - 1) * sizeof(busiest->list[0]));
    busiest->list[at] = *busy;
}

void busiest_add(struct activity_busiest *busiest, const struct activity_map *activity, uint64_t now_ns)
{
    uint32_t window = (uint32_t)(now_ns >> ACTIVITY_WINDOW_SHIFT);

    for (size_t i = 0; i < ACTIVITY_SLOTS; i++) {
        const struct activity_slot *slot = &activity->slots[i];
        struct activity_busy busy = {.vm = slot->vm};

        if (slot->window == window) {
            busy.events = slot->events_before;
            busy.work = slot->work_before;
        } else if (slot->window + 1 == window) {
            busy.events = slot->events;
            busy.work = slot->work;
        }
        if (busy.events > 0)
            busiest_add_one(busiest, &busy);
    }
}
