/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The store under churn: records of all sizes, what they cost, and the end of the address space. */
#include "base/random.h"
#include "base/reason.h"
#include "vmm/store_slab.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RECORDS = 200000, ROUNDS = 8, LARGEST = 100000 };

/* Idle memory that does not grow with the store: a slab of each class, and the empty ones that are kept. */
#define CONSTANT_BYTES ((uint64_t)(SLAB_CLASSES_MOST + 64) * SLAB_SIZE)

static uint8_t buffer[LARGEST];
static uint32_t sizes[RECORDS];
static uint32_t versions[RECORDS];

/* Bytes that tell which record and which writing of it they are, at both ends and all over. */
static void fill(uint32_t number)
{
    uint32_t mark = number * 2654435761u + versions[number] * 40503u, size = sizes[number];

    memset(buffer, (int)(mark >> 24), size);
    memcpy(buffer, &mark, sizeof(mark));
    memcpy(buffer + size - sizeof(mark), &mark, sizeof(mark));
}

/* Most are small; a few are large; each round has its own mixture, so that all classes grow and shrink. */
static uint32_t any_size(struct random *random, unsigned round)
{
    uint64_t kind = random_below(random, 1000);

    if (kind < 3)
        return 4096 + (uint32_t)random_below(random, LARGEST - 4096);
    if (kind < 30 + 100 * (round % 3))
        return 200 + (uint32_t)random_below(random, 4000);
    return 20 + (uint32_t)random_below(random, 20 + 60 * (round % 4));
}

static void assert_whole(struct store *store)
{
    for (uint32_t i = 0; i < RECORDS; i++) {
        size_t size;
        const uint8_t *bytes = store_get(store, i, &size);

        fill(i);
        assert_true(size >= sizes[i]);
        assert_memory_equal(bytes, buffer, sizes[i]);
    }
}

static void holds_little_more_than_it_uses(void **state)
{
    struct random random = {.state = 5};
    struct store_usage usage;
    struct reason reason;
    struct store *store;

    (void)state;
    assert_int_equal(store_create(0, &store, &reason), 0);
    for (uint32_t i = 0; i < RECORDS; i++) {
        sizes[i] = any_size(&random, 0);
        fill(i);
        assert_int_equal(store_add(store, buffer, sizes[i]), 0);
    }
    for (unsigned round = 1; round <= ROUNDS; round++) {
        for (uint32_t i = 0; i < RECORDS; i++) {
            uint32_t number = (uint32_t)random_below(&random, RECORDS);

            sizes[number] = any_size(&random, round);
            versions[number]++;
            fill(number);
            assert_int_equal(store_put(store, number, buffer, sizes[number]), 0);
            if (i % 256 == 0)
                store_compact(store);
        }
        while (store_compact(store))
            ;
        store_usage(store, &usage);
        assert_int_equal(usage.records, RECORDS);
        assert_true(usage.used_bytes <= usage.held_bytes);
        if (usage.held_bytes > usage.used_bytes / 10 * 11 + CONSTANT_BYTES)
            fail_msg("round %u: %llu bytes are held for %llu that are used", round,
                     (unsigned long long)usage.held_bytes, (unsigned long long)usage.used_bytes);
        assert_whole(store);
    }
    store_free(store);
}

/* The promise of a record of any size: at most 15 % or 64 bytes more than its own. */
static void costs_little_more_than_the_record(void **state)
{
    (void)state;
    for (size_t size = 1; size <= LARGEST; size += 1 + size / 7) {
        const uint64_t count = size < 2000 ? 20000 : 40000000 / size;
        struct store_usage usage;
        struct reason reason;
        struct store *store;

        assert_int_equal(store_create(0, &store, &reason), 0);
        for (uint64_t i = 0; i < count; i++)
            assert_int_equal(store_add(store, buffer, size), 0);
        store_usage(store, &usage);
        double above = (double)usage.used_bytes / (double)count - (double)size;

        if (above > 0.15 * (double)size && above > 64)
            fail_msg("records of %zu bytes take %.1f more", size, above);
        /* Slabs have a rest; and the last ones are not full: of pages, of a chain's heads and of its last
         * piece. */
        assert_true(usage.held_bytes <= usage.used_bytes / 100 * 105 + 4 * SLAB_SIZE);
        store_free(store);
    }
}

/* Handles are 32 bits: the last place of the last slab has one, and then there is none. Places are not
 * touched before they are written, so this takes address space and no memory. */
static void ends_at_the_last_handle(void **state)
{
    static struct slabs slabs;
    uint32_t last = 0, count = 0, handle;
    const uint64_t arena = UINT64_C(1) << 35;

    (void)state;
    assert_int_equal(slabs_init(&slabs, 0), 0);
    while ((handle = slab_alloc(&slabs, SLAB_SMALL_MOST, false)) != 0) {
        assert_true(handle > last);
        last = handle;
        count++;
    }
    assert_int_equal(count, arena / SLAB_SMALL_MOST - SLAB_SIZE / SLAB_SMALL_MOST); /* slab 0 is not used */
    uint8_t *place = slab_at(&slabs, last);

    assert_true(place + SLAB_SMALL_MOST == slabs.arena + arena);
    memset(place, 0xa5, SLAB_SMALL_MOST);
    slab_free(&slabs, last);
    assert_int_equal(slab_alloc(&slabs, 8, false), 0); /* of another class: no slab is left for it */
    assert_int_equal(slab_alloc(&slabs, SLAB_SMALL_MOST - 1, false), last);
    slabs_release(&slabs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_little_more_than_it_uses),
        cmocka_unit_test(costs_little_more_than_the_record),
        cmocka_unit_test(ends_at_the_last_handle),
    };

    return cmocka_run_group_tests_name("vmm_churn", tests, NULL, NULL);
}
