/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The store against a model: an array of copies. */
#include "base/random.h"
#include "base/reason.h"
#include "vmm/store.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RECORDS = 3000, CLASSES = 64 };

struct copy {
    uint8_t *bytes;
    size_t size;
};

static uint8_t buffer[300 << 10];

static size_t fill(struct random *random, size_t size)
{
    for (size_t i = 0; i < size; i++)
        buffer[i] = (uint8_t)random_next(random);
    return size;
}

static size_t any_size(struct random *random)
{
    uint64_t kind = random_below(random, 100);

    return 1 + (size_t)random_below(random, kind < 70 ? 200 : kind < 95 ? 5000 : 200000);
}

static void keep(struct copy *copy, size_t size)
{
    free(copy->bytes);
    copy->bytes = malloc(size);
    copy->size = size;
    memcpy(copy->bytes, buffer, size);
}

static void assert_same(struct store *store, const struct copy *copies, size_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        size_t size;
        const uint8_t *bytes = store_get(store, i, &size);

        assert_true(size >= copies[i].size);
        assert_memory_equal(bytes, copies[i].bytes, copies[i].size);
    }
}

static void keeps_what_it_is_given(void **state)
{
    struct random random = {.state = 1};
    static struct copy copies[RECORDS];
    struct reason reason;
    struct store *store;

    (void)state;
    assert_int_equal(store_create(0, &store, &reason), 0);
    for (uint32_t i = 0; i < RECORDS; i++) {
        size_t size = fill(&random, any_size(&random));

        assert_int_equal(store_add(store, buffer, size), 0);
        keep(&copies[i], size);
    }
    assert_int_equal(store_count(store), RECORDS);
    for (unsigned round = 0; round < 30000; round++) {
        uint32_t number = (uint32_t)random_below(&random, RECORDS);
        size_t size =
            fill(&random, random_below(&random, 50) ? 1 + random_below(&random, 300) : any_size(&random));

        assert_int_equal(store_put(store, number, buffer, size), 0);
        keep(&copies[number], size);
        if (round % 16 == 0)
            store_compact(store);
        if (round % 3000 == 0)
            assert_same(store, copies, RECORDS);
    }
    assert_same(store, copies, RECORDS);
    for (uint32_t i = 0; i < RECORDS; i++) {
        free(copies[i].bytes);
        copies[i] = (struct copy){0};
    }
    store_free(store);
}

static double idle_share(struct store *store)
{
    struct store_usage usage;

    store_usage(store, &usage);
    uint64_t slack = (uint64_t)CLASSES * 65536 + (4 << 20); /* a slab a class, and the pool */

    return usage.held_bytes > usage.used_bytes + slack
               ? (double)(usage.held_bytes - usage.used_bytes - slack) / (double)usage.held_bytes
               : 0;
}

/* Sizes that all change, first to larger ones, then most of them back: the worst for places of fixed sizes.
 */
static void does_not_fragment(void **state)
{
    struct random random = {.state = 2};
    struct reason reason;
    struct store *store;
    enum { MANY = 400000 };

    (void)state;
    assert_int_equal(store_create(0, &store, &reason), 0);
    for (uint32_t i = 0; i < MANY; i++)
        assert_int_equal(store_add(store, buffer, 60), 0);
    for (unsigned round = 1; round <= 6; round++) {
        for (uint32_t i = 0; i < MANY; i++) {
            uint32_t number = (uint32_t)random_below(&random, MANY);

            assert_int_equal(store_put(store, number, buffer, 20 + 40 * (number * round % 7)), 0);
            if (i % 64 == 0)
                store_compact(store);
        }
        while (store_compact(store))
            ;
        assert_true(idle_share(store) < 0.10);
    }
    store_free(store);
}

/* All slabs of a class are left half empty alike. */
static void compacts_slabs_that_are_alike(void **state)
{
    struct store_usage before, after;
    struct reason reason;
    struct store *store;
    enum { MANY = 1000000 };

    (void)state;
    assert_int_equal(store_create(0, &store, &reason), 0);
    for (uint32_t i = 0; i < MANY; i++)
        assert_int_equal(store_add(store, buffer, 32), 0);
    for (uint32_t i = 0; i < MANY; i += 2)
        assert_int_equal(store_put(store, i, buffer, 8), 0);
    store_usage(store, &before);
    while (store_compact(store))
        ;
    store_usage(store, &after);
    assert_int_equal(before.used_bytes, after.used_bytes);
    assert_true(after.held_bytes < before.held_bytes * 3 / 4);
    assert_true(idle_share(store) < 0.10);
    store_free(store);
}

/* A store near its limit lets records grow into what others have left, however it lies. */
static void grows_into_what_lies_idle(void **state)
{
    struct reason reason;
    struct store *store;
    uint32_t count = 2000000; /* times 20 bytes, then 28 */

    (void)state;
    assert_int_equal(store_create(64 << 20, &store, &reason), 0);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(store_add(store, buffer, 16), 0);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(store_put(store, (uint32_t)(i * UINT64_C(7919) % count), buffer, 24), 0);
    store_free(store);
}

static void respects_its_limit(void **state)
{
    struct store_usage usage;
    struct reason reason;
    struct store *store;
    uint32_t count = 0;
    int error;

    (void)state;
    assert_int_equal(store_create(1 << 20, &store, &reason), 0);
    memset(buffer, 7, 100);
    while ((error = store_add(store, buffer, 100)) == 0)
        count++;
    assert_int_equal(error, -ENOMEM);
    assert_in_range(count, 8000, 10500);
    store_usage(store, &usage);
    assert_true(usage.held_bytes <= 1 << 20);
    assert_int_equal(store_count(store), count);
    assert_int_equal(store_put(store, 5, buffer, 150000), -ENOMEM);
    for (uint32_t i = 0; i < count; i++) {
        size_t size;

        assert_memory_equal(store_get(store, i, &size), buffer, 100);
    }
    assert_int_equal(store_put(store, 5, buffer, 8), 0);
    store_free(store);
}

/* At the limit a record may not grow, but it always may shrink, and it stays what it was when it may not. */
static void gives_way_at_its_limit(void **state)
{
    enum { FEW = 300 };
    struct random random = {.state = 3};
    static struct copy copies[FEW];
    unsigned refused = 0;
    struct reason reason;
    struct store *store;
    struct store_usage usage;

    (void)state;
    assert_int_equal(store_create(2 << 20, &store, &reason), 0);
    for (uint32_t i = 0; i < FEW; i++) {
        assert_int_equal(store_add(store, buffer, 100), 0);
        keep(&copies[i], 100);
    }
    for (unsigned round = 0; round < 20000; round++) {
        uint32_t number = (uint32_t)random_below(&random, FEW);
        size_t size = fill(&random, any_size(&random)), held;
        int error = store_put(store, number, buffer, size);

        store_get(store, number, &held);
        if (error == 0) {
            keep(&copies[number], size);
        } else {
            assert_int_equal(error, -ENOMEM);
            assert_true(size > held);
            refused++;
        }
        if (round % 16 == 0)
            store_compact(store);
        if (round % 1000 == 0)
            assert_same(store, copies, FEW);
        store_usage(store, &usage);
        assert_true(usage.held_bytes <= 2 << 20);
        assert_true(usage.record_bytes <= usage.used_bytes && usage.used_bytes <= usage.held_bytes);
    }
    assert_true(refused > 100);
    assert_same(store, copies, FEW);
    for (uint32_t i = 0; i < FEW; i++) {
        size_t size;
        const uint8_t *bytes;

        assert_int_equal(store_put(store, i, (const uint8_t *)"short", 6), 0);
        bytes = store_get(store, i, &size);
        assert_memory_equal(bytes, "short", 6);
        while (size-- > 6) /* nothing is left behind it */
            assert_int_equal(bytes[size], 0);
        free(copies[i].bytes);
        copies[i] = (struct copy){0};
    }
    store_free(store);
}

/* When large records have taken what they can get, small ones still find room to change. */
static void keeps_room_for_small_records(void **state)
{
    enum { SMALL = 2000, LARGE = 500 };
    struct reason reason;
    struct store *store;
    unsigned refused = 0;

    (void)state;
    memset(buffer, 9, sizeof(buffer));
    assert_int_equal(store_create(16 << 20, &store, &reason), 0);
    for (uint32_t i = 0; i < SMALL + LARGE; i++)
        assert_int_equal(store_add(store, buffer, 20), 0);
    for (size_t size = 300; size < 100000; size += 1000)
        for (uint32_t i = 0; i < LARGE; i++)
            refused += store_put(store, SMALL + i, buffer, size) == -ENOMEM;
    assert_true(refused > LARGE);
    for (size_t size = 21; size <= 70; size++)
        for (uint32_t i = 0; i < SMALL; i++)
            assert_int_equal(store_put(store, i, buffer, size), 0);
    store_free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_what_it_is_given),
        cmocka_unit_test(does_not_fragment),
        cmocka_unit_test(compacts_slabs_that_are_alike),
        cmocka_unit_test(grows_into_what_lies_idle),
        cmocka_unit_test(respects_its_limit),
        cmocka_unit_test(gives_way_at_its_limit),
        cmocka_unit_test(keeps_room_for_small_records),
    };

    return cmocka_run_group_tests_name("vmm_store", tests, NULL, NULL);
}
