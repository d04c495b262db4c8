/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/store_slab.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define ARENA_BYTES (UINT64_C(1) << 35)

enum {
    SLABS_MOST = 1 << (35 - SLAB_SHIFT),
    POOL_LEAST = 8,      /* empty slabs that are kept */
    SMALL_RECORD = 256,  /* bytes */
    KEPT_FOR_SMALL = 32, /* one part in so many */
    POOL_MOST = 64,
    POOL_SHARE = 64, /* and one for so many in use */
    HUGE = 2 << 20,
    OCCUPANCY_STEPS = 16,
};

enum slab_state { SLAB_EMPTY = 0, SLAB_PARTIAL, SLAB_FULL, SLAB_LEAVING };

static void add_class(struct slabs *slabs, uint32_t size)
{
    slabs->sizes[slabs->classes++] = size;
}

static void make_classes(struct slabs *slabs)
{
    for (uint32_t size = 8; size <= 256; size += 8)
        add_class(slabs, size);
    /* At most a sixteenth larger than the last: what rounding up wastes stays below that. */
    for (uint32_t size = 256; size < SLAB_SMALL_MOST; size *= 2)
        for (uint32_t part = 17; part <= 32; part++)
            add_class(slabs, size / 16 * part);
    for (uint32_t size = 0, class = 0; size <= SLAB_SMALL_MOST; size += 8) {
        while (slabs->sizes[class] < size)
            class ++;
        slabs->class_of[size / 8] = (uint8_t) class;
    }
    slabs->first_chain_class = slabs->classes;
    for (uint32_t size = 32; size <= 32 * 1024; size *= 2)
        add_class(slabs, size);
}

int slabs_init(struct slabs *slabs, uint64_t limit_bytes)
{
    void *arena = mmap(NULL, ARENA_BYTES + HUGE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    void *table = mmap(NULL, SLABS_MOST * sizeof(struct slab), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    slabs->arena = arena == MAP_FAILED ? NULL : arena;
    slabs->slabs = table == MAP_FAILED ? NULL : table;
    if (!slabs->arena || !slabs->slabs)
        return -ENOMEM;
    make_classes(slabs);
    slabs->limit_bytes = limit_bytes;
    slabs->top = 1;
    return 0;
}

void slabs_release(struct slabs *slabs)
{
    if (slabs->arena)
        munmap(slabs->arena, ARENA_BYTES + HUGE);
    if (slabs->slabs)
        munmap(slabs->slabs, SLABS_MOST * sizeof(struct slab));
}

bool slabs_hold(struct slabs *slabs, uint64_t bytes)
{
    if (slabs->limit_bytes && slabs->held_bytes + bytes > slabs->limit_bytes)
        return false;
    slabs->held_bytes += bytes;
    return true;
}

static uint32_t number_of(uint32_t handle)
{
    return handle >> (SLAB_SHIFT - SLAB_UNIT_SHIFT);
}

static uint32_t places(const struct slabs *slabs, uint32_t class)
{
    return SLAB_SIZE / slabs->sizes[class];
}

static void link_to(struct slabs *slabs, uint32_t *list, uint32_t number)
{
    slabs->slabs[number].before = 0;
    slabs->slabs[number].next = *list;
    if (*list)
        slabs->slabs[*list].before = number;
    *list = number;
}

static void unlink_from(struct slabs *slabs, uint32_t *list, uint32_t number)
{
    struct slab *slab = &slabs->slabs[number];

    if (slab->before)
        slabs->slabs[slab->before].next = slab->next;
    else
        *list = slab->next;
    if (slab->next)
        slabs->slabs[slab->next].before = slab->before;
}

/* The last part of the limit is for small records: who has much and wants more does not end those who have
 * little and need some bytes now and then. */
static bool is_kept_for_small(const struct slabs *slabs, uint32_t class)
{
    return slabs->limit_bytes && slabs->sizes[class] > SMALL_RECORD &&
           slabs->held_bytes - slabs->pool_count * (SLAB_SIZE + sizeof(struct slab)) + SLAB_SIZE >
               slabs->limit_bytes - slabs->limit_bytes / KEPT_FOR_SMALL;
}

static uint32_t take_slab(struct slabs *slabs, uint32_t class)
{
    uint32_t number;

    if (is_kept_for_small(slabs, class))
        return 0;
    if (slabs->pool) {
        number = slabs->pool;
        unlink_from(slabs, &slabs->pool, number);
        slabs->pool_count--;
        return number;
    }
    if (!slabs->given_back && slabs->top == SLABS_MOST)
        return 0;
    if (!slabs_hold(slabs, SLAB_SIZE + sizeof(struct slab)))
        return 0;
    if (slabs->given_back) {
        number = slabs->given_back;
        unlink_from(slabs, &slabs->given_back, number);
    } else {
        number = slabs->top++;
    }
    return number;
}

/* Empty slabs are kept in proportion to those in use. */
static uint32_t pool_room(const struct slabs *slabs)
{
    uint64_t room = POOL_LEAST + (slabs->slab_bytes >> SLAB_SHIFT) / POOL_SHARE;

    return room < POOL_MOST ? (uint32_t)room : POOL_MOST;
}

static void give_slab(struct slabs *slabs, uint32_t number)
{
    slabs->slabs[number].state = SLAB_EMPTY;
    if (slabs->pool_count < pool_room(slabs)) {
        link_to(slabs, &slabs->pool, number);
        slabs->pool_count++;
        return;
    }
    madvise(slabs->arena + ((uint64_t)number << SLAB_SHIFT), SLAB_SIZE, MADV_DONTNEED);
    slabs->held_bytes -= SLAB_SIZE + sizeof(struct slab);
    link_to(slabs, &slabs->given_back, number);
}

static uint32_t class_for(const struct slabs *slabs, size_t size, bool chain)
{
    if (!chain)
        return slabs->class_of[(size + 7) / 8];
    uint32_t class = slabs->first_chain_class;

    while (class < slabs->classes && slabs->sizes[class] < size)
        class ++;
    return class;
}

static uint32_t alloc_in(struct slabs *slabs, uint32_t class)
{
    uint32_t number = slabs->partial[class], place;

    if (!number) {
        number = take_slab(slabs, class);
        if (!number)
            return 0;
        slabs->slabs[number] = (struct slab){.class = (uint8_t) class, .state = SLAB_PARTIAL};
        link_to(slabs, &slabs->partial[class], number);
        slabs->class_slabs[class]++;
        slabs->slab_bytes += SLAB_SIZE;
    }
    struct slab *slab = &slabs->slabs[number];
    uint8_t *base = slabs->arena + ((uint64_t)number << SLAB_SHIFT);

    if (slab->free) {
        place = slab->free - 1u;
        memcpy(&slab->free, base + place * slabs->sizes[class], sizeof(slab->free));
    } else {
        place = slab->fresh++;
    }
    slab->used++;
    slabs->class_used[class]++;
    slabs->used_bytes += slabs->sizes[class];
    if (slab->used == places(slabs, class)) {
        unlink_from(slabs, &slabs->partial[class], number);
        slab->state = SLAB_FULL;
    }
    return (uint32_t)((((uint64_t)number << SLAB_SHIFT) + place * slabs->sizes[class]) >> SLAB_UNIT_SHIFT);
}

uint32_t slab_alloc(struct slabs *slabs, size_t size, bool chain)
{
    uint32_t class = class_for(slabs, size, chain);

    return class < slabs->classes ? alloc_in(slabs, class) : 0;
}

void slab_free(struct slabs *slabs, uint32_t handle)
{
    uint32_t number = number_of(handle);
    struct slab *slab = &slabs->slabs[number];
    uint32_t size = slabs->sizes[slab->class], units = SLAB_SIZE >> SLAB_UNIT_SHIFT;
    uint32_t place = (handle & (units - 1)) / (size >> SLAB_UNIT_SHIFT);

    memcpy(slab_at(slabs, handle), &slab->free, sizeof(slab->free));
    slab->free = (uint16_t)(place + 1);
    slab->used--;
    slabs->class_used[slab->class]--;
    slabs->used_bytes -= size;
    if (slab->state == SLAB_FULL) {
        slab->state = SLAB_PARTIAL;
        link_to(slabs, &slabs->partial[slab->class], number);
    }
    if (slab->used == 0) {
        if (slab->state == SLAB_PARTIAL)
            unlink_from(slabs, &slabs->partial[slab->class], number);
        slabs->class_slabs[slab->class]--;
        slabs->slab_bytes -= SLAB_SIZE;
        give_slab(slabs, number);
    }
}

bool slab_fits(const struct slabs *slabs, uint32_t handle, size_t size)
{
    return slab_of(slabs, handle)->class == class_for(slabs, size, false);
}

/* How many slabs of a class are to be emptied, from the sparsest on: as many as its places in use do without.
 * Given as the occupancy, in sixteenths, below which they are; and how many of exactly that occupancy, for
 * when many slabs are alike. */
static unsigned leave_below(const struct slabs *slabs, uint32_t class, const uint32_t steps[OCCUPANCY_STEPS],
                            uint64_t *ret_more)
{
    uint64_t needed = slabs->class_used[class] / places(slabs, class) + 1;
    uint64_t spare = slabs->class_slabs[class] > needed ? slabs->class_slabs[class] - needed : 0;
    unsigned below = 0;

    while (below < OCCUPANCY_STEPS && steps[below] <= spare)
        spare -= steps[below++];
    *ret_more = spare;
    return below;
}

uint64_t slabs_idle(const struct slabs *slabs)
{
    return slabs->slab_bytes - slabs->used_bytes;
}

uint64_t slabs_classes_in_use(const struct slabs *slabs)
{
    uint64_t count = 0;

    for (uint32_t class = 0; class < slabs->classes; class ++)
        count += slabs->class_slabs[class] > 0;
    return count;
}

bool slabs_begin_compaction(struct slabs *slabs, uint64_t allowed)
{
    static const uint32_t none[OCCUPANCY_STEPS];
    uint32_t steps[SLAB_CLASSES_MOST][OCCUPANCY_STEPS];
    unsigned below[SLAB_CLASSES_MOST];
    uint64_t more[SLAB_CLASSES_MOST];

    if (slabs_idle(slabs) <= allowed)
        return false;
    for (uint32_t class = 0; class < slabs->classes; class ++)
        memcpy(steps[class], none, sizeof(none));
    for (uint32_t number = 1; number < slabs->top; number++) {
        const struct slab *slab = &slabs->slabs[number];

        if (slab->state == SLAB_PARTIAL)
            steps[slab->class][slab->used * OCCUPANCY_STEPS / places(slabs, slab->class) % OCCUPANCY_STEPS]++;
    }
    for (uint32_t class = 0; class < slabs->classes; class ++)
        below[class] = leave_below(slabs, class, steps[class], &more[class]);
    for (uint32_t number = 1; number < slabs->top; number++) {
        struct slab *slab = &slabs->slabs[number];

        if (slab->state != SLAB_PARTIAL)
            continue;
        unsigned step = slab->used * OCCUPANCY_STEPS / places(slabs, slab->class);

        bool alike = step == below[slab->class] && more[slab->class] > 0;

        if (step >= below[slab->class] && !alike)
            continue;
        more[slab->class] -= alike;
        unlink_from(slabs, &slabs->partial[slab->class], number);
        slab->state = SLAB_LEAVING;
    }
    return true;
}

bool slab_is_leaving(const struct slabs *slabs, uint32_t handle)
{
    return slab_of(slabs, handle)->state == SLAB_LEAVING;
}

uint32_t slab_move(struct slabs *slabs, uint32_t handle)
{
    uint32_t class = slab_of(slabs, handle)->class, fresh = alloc_in(slabs, class);

    if (!fresh)
        return 0;
    memcpy(slab_at(slabs, fresh), slab_at(slabs, handle), slabs->sizes[class]);
    slab_free(slabs, handle);
    return fresh;
}

void slabs_end_compaction(struct slabs *slabs)
{
    for (uint32_t number = 1; number < slabs->top; number++) {
        struct slab *slab = &slabs->slabs[number];

        if (slab->state != SLAB_LEAVING)
            continue;
        slab->state = SLAB_PARTIAL;
        link_to(slabs, &slabs->partial[slab->class], number);
    }
}
