/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Millions of small records by number, in one thread: a record is a string of bytes that changes its size
 * whenever it is written. No header a record; 4 bytes for its handle; size classes 8 bytes apart, from 256
 * bytes on an eighth; records above 4 KiB are chains of 4 KiB pages. Sparse slabs are emptied into others, so
 * that at most a tenth of the store's memory lies idle (plus one slab a class).
 */
#ifndef MVM_VMM_STORE_H
#define MVM_VMM_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reason;
struct store;

struct store_usage {
    uint64_t records;
    uint64_t record_bytes; /* sum of the sizes that were asked for */
    uint64_t used_bytes;   /* of slabs and handles, with what size classes round up */
    uint64_t held_bytes;   /* memory taken from the host and not given back */
};

/* `limit_bytes` bounds held_bytes, and for records above 256 bytes a little less does; 0: no bound. Address
 * space is reserved, memory is not. */
int store_create(uint64_t limit_bytes, struct store **ret_store, struct reason *reason);
void store_free(struct store *store);

/* Adds record number store_count() with these bytes. -ENOMEM: the limit or the host's memory is reached;
 * nothing changed. */
int store_add(struct store *store, const uint8_t *bytes, size_t size);

/* Replaces a record. In place when its class stays. -ENOMEM: the old bytes are kept. Never fails when `size`
 * is not above the size that store_get() gives. */
int store_put(struct store *store, uint32_t number, const uint8_t *bytes, size_t size);

/* The record's bytes: a pointer into the store when they lie in one piece (valid until the next call that
 * changes the store), else copied to the store's own buffer (valid until the next call). *ret_size may be
 * more than was put, by zeros: records end by themselves. */
const uint8_t *store_get(struct store *store, uint32_t number, size_t *ret_size);

/* Hints that this record is wanted soon: first the handle, then (a second call, some records later) the
 * record. */
void store_prefetch_handle(const struct store *store, uint32_t number);
void store_prefetch_record(const struct store *store, uint32_t number);

uint64_t store_count(const struct store *store);
void store_usage(const struct store *store, struct store_usage *ret_usage);
/* Adds `more` to `sum`. */
void store_usage_add(struct store_usage *sum, const struct store_usage *more);

/* Does a bounded piece (about 50 us) of compaction when some is due; true when there is more to do. */
bool store_compact(struct store *store);

#endif
