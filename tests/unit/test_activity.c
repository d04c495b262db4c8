/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The heat map and the busiest VMs, against a count of every event. */
#include "base/activity.h"
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WINDOW ACTIVITY_WINDOW_NS

static struct activity_map *make(uint64_t numbers)
{
    struct activity_map *map = calloc(1, sizeof(*map));

    assert_non_null(map);
    activity_fit(map, numbers);
    return map;
}

static uint64_t sum_of(const struct heat *heat)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < ACTIVITY_CELLS; i++) {
        assert_true(heat->cells[i] == 0 || i < heat->count);
        sum += heat->cells[i];
    }
    return sum;
}

static void test_few_vms_have_a_cell_each(void **state)
{
    struct activity_map *map = make(10);
    struct heat heat = {0};

    (void)state;
    for (uint64_t vm = 0; vm < 10; vm++)
        for (uint64_t i = 0; i < vm; i++)
            activity_note(map, vm, vm, WINDOW, 1);
    heat_add(&heat, map, 10);
    assert_int_equal(heat.vms_each, 1);
    assert_int_equal(heat.count, 10);
    for (uint64_t vm = 0; vm < 10; vm++)
        assert_int_equal(heat.cells[vm], vm);
    assert_int_equal(map->events, 45);
    free(map);
}

static void test_widths(void **state)
{
    static const struct {
        uint64_t numbers, each;
        size_t count;
    } cases[] = {
        {0, 1, 0},       {1, 1, 1},       {4096, 1, 4096},          {4097, 2, 2049},
        {8192, 2, 4096}, {8193, 4, 2049}, {100000000, 32768, 3052}, {UINT64_C(1) << 32, 1 << 20, 4096}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct activity_map *map = make(cases[i].numbers);
        struct heat added = {0}, shaped;

        heat_add(&added, map, cases[i].numbers);
        heat_shape(&shaped, cases[i].numbers);
        assert_int_equal(added.vms_each, cases[i].each);
        assert_int_equal(added.count, cases[i].count);
        assert_memory_equal(&added, &shaped, sizeof(added));
        free(map);
    }
}

/* A population that grows makes the cells wider; nothing that was counted is lost or changes its place. */
static void test_growth_keeps_counts(void **state)
{
    enum { NUMBERS = 50000 };
    struct activity_map *map = make(1);
    uint64_t *counts = calloc(NUMBERS, sizeof(*counts)), events = 0;
    struct random random = {7};
    struct heat heat = {0};

    (void)state;
    assert_non_null(counts);
    for (uint64_t numbers = 1; numbers <= NUMBERS; numbers += 1 + numbers / 3) {
        activity_fit(map, numbers);
        for (int i = 0; i < 5000; i++, events++) {
            uint64_t vm = random_below(&random, numbers);

            activity_note(map, vm, vm, WINDOW, 0);
            counts[vm]++;
        }
    }
    activity_fit(map, NUMBERS);
    activity_fit(map, 3); /* never narrower */
    heat_add(&heat, map, NUMBERS);
    assert_int_equal(sum_of(&heat), events);
    for (size_t i = 0; i < heat.count; i++) {
        uint64_t sum = 0;

        for (uint64_t vm = i * heat.vms_each; vm < (i + 1) * heat.vms_each && vm < NUMBERS; vm++)
            sum += counts[vm];
        assert_int_equal(heat.cells[i], sum);
    }
    /* Fewer cells: the same, in wider parts; odd numbers of cells too. */
    for (size_t most = 4000; most > 0; most = most * 2 / 3) {
        heat_narrow(&heat, most);
        assert_true(heat.count <= most && heat.count > 0);
        assert_int_equal(sum_of(&heat), events);
        assert_true(heat.count * heat.vms_each >= NUMBERS);
        uint64_t first = 0;

        for (uint64_t vm = 0; vm < heat.vms_each && vm < NUMBERS; vm++)
            first += counts[vm];
        assert_int_equal(heat.cells[0], first);
    }
    free(counts);
    free(map);
}

static void test_numbers_beyond_the_fit_stay_inside(void **state)
{
    struct activity_map *map = make(5);

    (void)state;
    activity_note(map, UINT64_MAX, UINT64_MAX, WINDOW, UINT64_MAX);
    activity_note(map, 4096, 4096, WINDOW, 0);
    assert_int_equal(map->events, 2);
    free(map);
}

static void test_spreading_is_even_and_loses_nothing(void **state)
{
    struct heat heat;

    (void)state;
    heat_shape(&heat, 40000); /* cells of 16 */
    assert_int_equal(heat.vms_each, 16);
    heat_spread(&heat, 8, 8 + 63, 640); /* half a cell, three whole ones, half a cell */
    assert_int_equal(heat.cells[0], 80);
    assert_int_equal(heat.cells[1], 160);
    assert_int_equal(heat.cells[3], 160);
    assert_int_equal(heat.cells[4], 80);
    heat_spread(&heat, 5, 5, 7);
    assert_int_equal(heat.cells[0], 87);
    heat_spread(&heat, 39990, 50000, 11); /* beyond the last VM */
    assert_int_equal(sum_of(&heat), 640 + 7 + 11);
}

static void test_few_vms_are_all_ranked(void **state)
{
    struct activity_map *map = make(200);
    struct activity_busiest busiest = {.count = 0};

    (void)state;
    for (uint64_t round = 0; round < 3; round++) /* in three windows, the last one being under way */
        for (uint64_t vm = 0; vm < 200; vm++)
            for (uint64_t i = 0; i <= vm % 50; i++)
                activity_note(map, vm, vm, (5 + round) * WINDOW + i, 10 * vm);
    busiest_add(&busiest, map, 7 * WINDOW + 100);
    assert_int_equal(busiest.count, ACTIVITY_BUSIEST);
    assert_int_equal(busiest.list[0].vm, 199);
    assert_int_equal(busiest.list[0].events, 50);
    assert_int_equal(busiest.list[0].work, 50 * 1990);
    for (size_t i = 1; i < busiest.count; i++)
        assert_true(busiest.list[i].work <= busiest.list[i - 1].work);
    /* One window on, the last one is what counts; two on, nothing happened. */
    busiest.count = 0;
    busiest_add(&busiest, map, 8 * WINDOW);
    assert_int_equal(busiest.count, ACTIVITY_BUSIEST);
    assert_int_equal(busiest.list[0].events, 50);
    busiest.count = 0;
    busiest_add(&busiest, map, 9 * WINDOW);
    assert_int_equal(busiest.count, 0);
    free(map);
}

/* Among a million VMs that are all woken, the few that do most are found, with all that they did. */
static void test_those_that_stand_out_are_found(void **state)
{
    enum { NUMBERS = 1000000, EVENTS = 200000 };
    static const uint64_t busy[] = {4711, 123456, 999999};
    struct activity_map *map = make(NUMBERS);
    struct activity_busiest busiest = {.count = 0};
    struct random random = {3};

    (void)state;
    for (uint64_t i = 0; i < 2 * EVENTS; i++) {
        uint64_t now = (9 + i / EVENTS) * WINDOW + i, vm = random_below(&random, NUMBERS);

        activity_note(map, vm, vm, now, 100);
        if (i % 50 == 0) /* a slot has 781 others' events in a window: more than they do together */
            for (size_t k = 0; k < 3; k++)
                activity_note(map, busy[k], busy[k], now, 100 + k);
    }
    busiest_add(&busiest, map, 10 * WINDOW + 2 * EVENTS);
    assert_true(busiest.count >= 3);
    for (size_t k = 0; k < 3; k++) {
        assert_int_equal(busiest.list[k].vm, busy[2 - k]);
        /* But for what came before it had the slot. */
        assert_in_range(busiest.list[k].events, EVENTS / 50 - 50, EVENTS / 50 + 5);
    }
    free(map);
}

/* A VM that was busy for long and has fallen silent makes way for another one soon. */
static void test_the_busy_of_yesterday_makes_way(void **state)
{
    struct activity_map *map = make(ACTIVITY_SLOTS * 2);
    struct activity_busiest busiest = {.count = 0};
    unsigned taken = 0;

    (void)state;
    for (uint64_t i = 0; i < 5000000; i++)
        activity_note(map, 1, 1, WINDOW, 100000);
    while (map->slots[1].vm == 1 && taken < 1000000) {
        activity_note(map, 1 + ACTIVITY_SLOTS, 1 + ACTIVITY_SLOTS, 2 * WINDOW, 100000);
        taken++;
    }
    assert_true(taken < 1000);
    activity_note(map, 1 + ACTIVITY_SLOTS, 1 + ACTIVITY_SLOTS, 2 * WINDOW, 3);
    busiest_add(&busiest, map, 3 * WINDOW);
    assert_int_equal(busiest.count, 1);
    assert_int_equal(busiest.list[0].vm, 1 + ACTIVITY_SLOTS);
    assert_int_equal(busiest.list[0].events, 2);
    free(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_few_vms_have_a_cell_each),
        cmocka_unit_test(test_widths),
        cmocka_unit_test(test_growth_keeps_counts),
        cmocka_unit_test(test_numbers_beyond_the_fit_stay_inside),
        cmocka_unit_test(test_spreading_is_even_and_loses_nothing),
        cmocka_unit_test(test_few_vms_are_all_ranked),
        cmocka_unit_test(test_those_that_stand_out_are_found),
        cmocka_unit_test(test_the_busy_of_yesterday_makes_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
