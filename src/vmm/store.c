/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/store_slab.h"

#include "base/reason.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    CHAIN_PAGE = 4096,
    HANDLES_MOST_SHIFT = 32,
    MEMORY_PAGE = 4096,
};

/* The first bytes of a record above SLAB_SMALL_MOST: its size, then the handles of its pages; the last one
 * may be of a small class. */
struct chain {
    uint32_t size;
    uint32_t handles[];
};

struct store {
    struct slabs slabs;
    uint32_t *handles; /* address space for 2^32 of them */
    uint64_t count;
    uint64_t record_bytes; /* as asked for; of chains exact, of others rounded to the class */
    uint8_t *gathered;     /* of the last chain that was read */
    size_t gathered_room;
    uint64_t urgent_left; /* idle bytes that the last urgent compaction could not help */
    uint64_t sweep;       /* the next handle to look at in a compaction */
    bool sweeping;
};

int store_create(uint64_t limit_bytes, struct store **ret_store, struct reason *reason)
{
    struct store *store = calloc(1, sizeof(*store));

    if (!store)
        return reason_set(reason, ENOMEM, "no memory for a store");
    store->handles = mmap(NULL, sizeof(uint32_t) << HANDLES_MOST_SHIFT, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (store->handles == MAP_FAILED)
        store->handles = NULL;
    if (!store->handles || slabs_init(&store->slabs, limit_bytes) < 0) {
        store_free(store);
        return reason_set(
            reason, ENOMEM,
            "no address space for a store; vm.overcommit_memory=2 or a limit (ulimit -v) forbids it");
    }
    *ret_store = store;
    return 0;
}

void store_free(struct store *store)
{
    if (!store)
        return;
    slabs_release(&store->slabs);
    if (store->handles)
        munmap(store->handles, sizeof(uint32_t) << HANDLES_MOST_SHIFT);
    free(store->gathered);
    free(store);
}

/* What a place is larger is filled up: nothing of the record that was there before is left. */
static void fill(struct store *store, uint32_t handle, const uint8_t *bytes, size_t size)
{
    uint8_t *place = slab_at(&store->slabs, handle);

    memcpy(place, bytes, size);
    memset(place + size, 0, slab_size(&store->slabs, handle) - size);
}

static size_t chain_parts(size_t size)
{
    return (size + CHAIN_PAGE - 1) / CHAIN_PAGE;
}

static size_t part_size(size_t size, size_t part)
{
    size_t left = size - part * CHAIN_PAGE;

    return left < CHAIN_PAGE ? left : CHAIN_PAGE;
}

static void drop(struct store *store, uint32_t handle)
{
    if (slab_is_chain(&store->slabs, handle)) {
        const struct chain *chain = slab_at(&store->slabs, handle);
        size_t parts = chain_parts(chain->size);

        for (size_t i = 0; i < parts; i++)
            slab_free(&store->slabs, chain->handles[i]);
    }
    slab_free(&store->slabs, handle);
}

/* Reading must not fail for want of memory, so its room is made before a chain is written. */
static bool make_room_to_gather(struct store *store, size_t size)
{
    if (size <= store->gathered_room)
        return true;
    uint8_t *larger = realloc(store->gathered, size);

    if (!larger)
        return false;
    store->gathered = larger;
    store->gathered_room = size;
    return true;
}

static size_t head_size(size_t parts)
{
    return sizeof(struct chain) + parts * sizeof(uint32_t);
}

/* Writes bytes to a new place. 0: no memory. */
static uint32_t write_chain(struct store *store, const uint8_t *bytes, size_t size)
{
    size_t parts = chain_parts(size);

    if (!make_room_to_gather(store, size))
        return 0;
    uint32_t head = slab_alloc(&store->slabs, head_size(parts), true);

    if (!head)
        return 0;
    for (size_t i = 0; i < parts; i++) {
        size_t length = part_size(size, i);
        uint32_t handle = slab_alloc(&store->slabs, length, false);
        struct chain *chain = slab_at(&store->slabs, head);

        if (!handle) {
            chain->size = (uint32_t)(i * CHAIN_PAGE); /* what is there so far */
            drop(store, head);
            return 0;
        }
        chain->handles[i] = handle;
        memcpy(slab_at(&store->slabs, handle), bytes + i * CHAIN_PAGE, length);
    }
    ((struct chain *)slab_at(&store->slabs, head))->size = (uint32_t)size;
    return head;
}

/* Writes other bytes to a chain: its pages are used again, so that a record that is large already is put back
 * without a second copy of it. False: no memory; nothing changed. */
static bool rewrite_chain(struct store *store, uint32_t head, const uint8_t *bytes, size_t size)
{
    struct chain *chain = slab_at(&store->slabs, head);
    size_t before = chain_parts(chain->size), after = chain_parts(size),
           keep = before < after ? before : after;

    if (head_size(after) > slab_size(&store->slabs, head) || !make_room_to_gather(store, size))
        return false;
    /* Only the last page of each may be of another size. */
    uint32_t last = chain->handles[keep - 1];
    size_t length = part_size(size, keep - 1);

    if (!slab_fits(&store->slabs, last, length)) {
        uint32_t fitting = slab_alloc(&store->slabs, length, false);

        if (!fitting && slab_size(&store->slabs, last) < length)
            return false;
        if (fitting)
            chain->handles[keep - 1] = fitting;
    }
    for (size_t i = keep; i < after; i++) {
        chain->handles[i] = slab_alloc(&store->slabs, part_size(size, i), false);
        if (chain->handles[i])
            continue;
        while (i-- > keep)
            slab_free(&store->slabs, chain->handles[i]);
        if (chain->handles[keep - 1] != last)
            slab_free(&store->slabs, chain->handles[keep - 1]);
        chain->handles[keep - 1] = last;
        return false;
    }
    for (size_t i = keep; i < before; i++)
        slab_free(&store->slabs, chain->handles[i]);
    if (chain->handles[keep - 1] != last)
        slab_free(&store->slabs, last);
    for (size_t i = 0; i < after; i++)
        memcpy(slab_at(&store->slabs, chain->handles[i]), bytes + i * CHAIN_PAGE, part_size(size, i));
    chain->size = (uint32_t)size;
    return true;
}

/* Leaves of a chain nothing but its first page, which is not of a small class, and returns that. */
static uint32_t keep_first_page(struct store *store, uint32_t head)
{
    struct chain *chain = slab_at(&store->slabs, head);
    uint32_t first = chain->handles[0];

    for (size_t i = chain_parts(chain->size); i-- > 1;)
        slab_free(&store->slabs, chain->handles[i]);
    slab_free(&store->slabs, head);
    return first;
}

static uint32_t write_new(struct store *store, const uint8_t *bytes, size_t size)
{
    if (size > SLAB_SMALL_MOST)
        return write_chain(store, bytes, size);
    uint32_t handle = slab_alloc(&store->slabs, size, false);

    if (handle)
        fill(store, handle, bytes, size);
    return handle;
}

static uint64_t size_of(const struct store *store, uint32_t handle)
{
    if (slab_is_chain(&store->slabs, handle))
        return ((const struct chain *)slab_at(&store->slabs, handle))->size;
    return slab_size(&store->slabs, handle);
}

/* There is no memory for a record: makes some by a whole compaction, if enough lies idle. What the last one
 * could not help is not tried again, so that a store that is full in earnest is not swept for each record. */
static bool make_room(struct store *store)
{
    uint64_t allowed = store->urgent_left + store->slabs.used_bytes / 256 + 8 * SLAB_SIZE;

    if (!store->sweeping) {
        if (!slabs_begin_compaction(&store->slabs, allowed))
            return false;
        store->sweeping = true;
        store->sweep = 0;
    }
    while (store->sweeping)
        store_compact(store);
    store->urgent_left = slabs_idle(&store->slabs);
    return true;
}

/* The same as write_new(), harder. */
static uint32_t write_somewhere(struct store *store, const uint8_t *bytes, size_t size)
{
    uint32_t handle = write_new(store, bytes, size);

    return handle || !make_room(store) ? handle : write_new(store, bytes, size);
}

int store_add(struct store *store, const uint8_t *bytes, size_t size)
{
    /* The handles' own memory, a page at a time. */
    bool page = store->count * sizeof(uint32_t) % MEMORY_PAGE == 0;

    if (store->count >= UINT32_MAX || (page && !slabs_hold(&store->slabs, MEMORY_PAGE)))
        return -ENOMEM;
    uint32_t handle = write_somewhere(store, bytes, size);

    if (!handle) {
        if (page)
            store->slabs.held_bytes -= MEMORY_PAGE;
        return -ENOMEM;
    }
    store->handles[store->count++] = handle;
    store->record_bytes += size_of(store, handle);
    return 0;
}

int store_put(struct store *store, uint32_t number, const uint8_t *bytes, size_t size)
{
    uint32_t old = store->handles[number], handle;
    bool was_chain = slab_is_chain(&store->slabs, old);
    uint64_t size_before = size_of(store, old);

    if (size <= SLAB_SMALL_MOST && slab_fits(&store->slabs, old, size)) {
        fill(store, old, bytes, size);
        return 0;
    }
    if (was_chain && size > SLAB_SMALL_MOST && rewrite_chain(store, old, bytes, size)) {
        store->record_bytes += size - size_before;
        return 0;
    }
    handle = write_somewhere(store, bytes, size);
    old = store->handles[number]; /* it may have been moved */
    if (handle) {
        drop(store, old);
    } else if (size > size_before) {
        return -ENOMEM;
    } else { /* smaller, in a place that is too large */
        handle = was_chain ? keep_first_page(store, old) : old;
        fill(store, handle, bytes, size);
    }
    store->handles[number] = handle;
    store->record_bytes += size_of(store, handle) - size_before;
    return 0;
}

const uint8_t *store_get(struct store *store, uint32_t number, size_t *ret_size)
{
    uint32_t handle = store->handles[number];

    if (!slab_is_chain(&store->slabs, handle)) {
        *ret_size = slab_size(&store->slabs, handle);
        return slab_at(&store->slabs, handle);
    }
    const struct chain *chain = slab_at(&store->slabs, handle);

    for (size_t i = 0; i < chain_parts(chain->size); i++)
        memcpy(store->gathered + i * CHAIN_PAGE, slab_at(&store->slabs, chain->handles[i]),
               part_size(chain->size, i));
    *ret_size = chain->size;
    return store->gathered;
}

void store_prefetch_handle(const struct store *store, uint32_t number)
{
    __builtin_prefetch(&store->handles[number]);
}

void store_prefetch_record(const struct store *store, uint32_t number)
{
    if (number >= store->count)
        return;
    slab_prefetch(&store->slabs, store->handles[number]);
}

uint64_t store_count(const struct store *store)
{
    return store->count;
}

void store_usage(const struct store *store, struct store_usage *ret_usage)
{
    *ret_usage = (struct store_usage){
        .records = store->count,
        .record_bytes = store->record_bytes,
        .used_bytes = store->slabs.used_bytes + store->count * sizeof(uint32_t),
        .held_bytes = store->slabs.held_bytes,
    };
}

void store_usage_add(struct store_usage *sum, const struct store_usage *more)
{
    sum->records += more->records;
    sum->record_bytes += more->record_bytes;
    sum->used_bytes += more->used_bytes;
    sum->held_bytes += more->held_bytes;
}

enum { SWEEP_STEP = 4096 };

static void move(struct store *store, uint32_t *handle)
{
    uint32_t fresh;

    if (!slab_is_leaving(&store->slabs, *handle))
        return;
    fresh = slab_move(&store->slabs, *handle);
    if (fresh)
        *handle = fresh;
}

bool store_compact(struct store *store)
{
    if (!store->sweeping) {
        uint64_t allowed = store->slabs.used_bytes / 16;

        /* The last slab of each class may be as good as empty. */
        if (slabs_idle(&store->slabs) <= allowed ||
            !slabs_begin_compaction(&store->slabs, allowed + slabs_classes_in_use(&store->slabs) * SLAB_SIZE))
            return false;
        store->sweeping = true;
        store->sweep = 0;
    }
    for (unsigned i = 0; i < SWEEP_STEP && store->sweep < store->count; i++) {
        uint32_t *handle = &store->handles[store->sweep++];

        move(store, handle);
        if (slab_is_chain(&store->slabs, *handle)) {
            struct chain *chain = slab_at(&store->slabs, *handle);

            for (size_t part = 0; part < chain_parts(chain->size); part++)
                move(store, &chain->handles[part]);
        }
    }
    if (store->sweep < store->count)
        return true;
    store->sweeping = false;
    slabs_end_compaction(&store->slabs);
    return false;
}
