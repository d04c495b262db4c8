/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Places of fixed sizes in slabs of 64 KiB, out of one reserved stretch of 32 GiB of address space, known by
 * handles of 32 bits: units of 8 bytes from its beginning, never 0. What is known of a slab stands outside of
 * it.
 */
#ifndef MVM_VMM_STORE_SLAB_H
#define MVM_VMM_STORE_SLAB_H

#include "vmm/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SLAB_SMALL_MOST = 4096, /* above, a record is a chain of pages of this size */
    SLAB_SHIFT = 16,
    SLAB_SIZE = 1 << SLAB_SHIFT,
    SLAB_UNIT_SHIFT = 3,
    SLAB_CLASSES_MOST = 112,
};

struct slab {
    uint16_t used;  /* places in use */
    uint16_t fresh; /* places from here on were never used */
    uint16_t
        free; /* 1 + the first place of the free list; 0: none. The next one stands in the place itself */
    uint8_t class;
    uint8_t state;         /* enum slab_state */
    uint32_t next, before; /* in the list of its class, or of the pool; 0: none */
};

struct slabs {
    uint8_t *arena;
    struct slab *slabs;                  /* one for each 64 KiB of the arena; number 0 is not used */
    uint32_t top;                        /* slabs below were taken at some time */
    uint32_t pool, pool_count;           /* empty ones whose memory is held */
    uint32_t given_back;                 /* empty ones whose memory is not */
    uint32_t partial[SLAB_CLASSES_MOST]; /* with free places */
    uint64_t class_slabs[SLAB_CLASSES_MOST], class_used[SLAB_CLASSES_MOST];
    uint32_t sizes[SLAB_CLASSES_MOST], classes, first_chain_class;
    uint8_t class_of[SLAB_SMALL_MOST / 8 + 1];
    uint64_t limit_bytes, held_bytes;
    uint64_t used_bytes; /* of places in use */
    uint64_t slab_bytes; /* of slabs with a place in use */
};

/* -ENOMEM: no address space. */
int slabs_init(struct slabs *slabs, uint64_t limit_bytes);
void slabs_release(struct slabs *slabs);

/* Counts memory of the caller against the limit; false: there is no more. */
bool slabs_hold(struct slabs *slabs, uint64_t bytes);

/* A place for `size` bytes, at most SLAB_SMALL_MOST; a chain's head may have up to 32 KiB. 0: no memory. */
uint32_t slab_alloc(struct slabs *slabs, size_t size, bool chain);
void slab_free(struct slabs *slabs, uint32_t handle);

/* True when `size` bytes would get a place of the same size. */
bool slab_fits(const struct slabs *slabs, uint32_t handle, size_t size);

static inline const struct slab *slab_of(const struct slabs *slabs, uint32_t handle)
{
    return &slabs->slabs[handle >> (SLAB_SHIFT - SLAB_UNIT_SHIFT)];
}

static inline void *slab_at(const struct slabs *slabs, uint32_t handle)
{
    return slabs->arena + ((uint64_t)handle << SLAB_UNIT_SHIFT);
}

static inline bool slab_is_chain(const struct slabs *slabs, uint32_t handle)
{
    return slab_of(slabs, handle)->class >= slabs->first_chain_class;
}

static inline uint32_t slab_size(const struct slabs *slabs, uint32_t handle)
{
    return slabs->sizes[slab_of(slabs, handle)->class];
}

static inline void slab_prefetch(const struct slabs *slabs, uint32_t handle)
{
    const char *at = slab_at(slabs, handle);

    __builtin_prefetch(at);
    __builtin_prefetch(at + 63);
    __builtin_prefetch(slab_of(slabs, handle));
}

/* Bytes of slabs that lie idle because their other places are in use. */
uint64_t slabs_idle(const struct slabs *slabs);

/* Sizes of which there is a slab. */
uint64_t slabs_classes_in_use(const struct slabs *slabs);

/* Compaction: marks the sparsest slabs of each class as to be left, when more than `allowed` bytes lie idle.
 * False: it is not worth it. */
bool slabs_begin_compaction(struct slabs *slabs, uint64_t allowed);
bool slab_is_leaving(const struct slabs *slabs, uint32_t handle);
/* Moves what is at `handle` to another slab and returns its new handle; 0: no place. */
uint32_t slab_move(struct slabs *slabs, uint32_t handle);
void slabs_end_compaction(struct slabs *slabs);

#endif
