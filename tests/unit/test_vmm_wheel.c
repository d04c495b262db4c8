/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Timers and the table of attached things, each against a plain model. */
#include "base/random.h"
#include "base/reason.h"
#include "vmm/vmtable.h"
#include "vmm/wheel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TIMERS = 20000 };

/* Deadlines from microseconds to hours ahead; each comes out after its time, and within 131 us and a look's
 * distance of it; those beyond the wheel's reach come out early, and are put back. */
static void expires_in_time(void **state)
{
    static uint64_t deadlines[TIMERS];
    static const uint64_t spans[] = {100000, 50000000, 3000000000, 300000000000, 9000000000000};
    struct random random = {.state = 3};
    struct wheel_entry entries[64];
    struct reason reason;
    struct wheel *wheel;
    uint64_t now = 123456789, step = 40000, left = TIMERS;

    (void)state;
    assert_int_equal(wheel_create(now, &wheel, &reason), 0);
    for (uint32_t i = 0; i < TIMERS; i++) {
        deadlines[i] = now + random_below(&random, spans[i % 5]);
        assert_int_equal(wheel_add(wheel, i, deadlines[i]), 0);
    }
    assert_int_equal(wheel_count(wheel), TIMERS);
    while (left > 0) {
        uint64_t next = wheel_next(wheel);

        assert_true(next != WHEEL_NEVER);
        now = next > now ? next + random_below(&random, step) : now + step;
        for (size_t count; (count = wheel_expire(wheel, now, entries, 64)) > 0;)
            for (size_t i = 0; i < count; i++) {
                uint64_t deadline = deadlines[entries[i].number];

                assert_int_equal(entries[i].stamp, wheel_stamp(deadline));
                if (deadline > now) { /* only those too far ahead for the wheel */
                    assert_true(deadline - 123456789 > UINT64_C(4000000000000));
                    assert_int_equal(wheel_add(wheel, entries[i].number, deadline), 0);
                    continue;
                }
                assert_true(now - deadline <= (1 << 17) + step);
                deadlines[entries[i].number] = UINT64_MAX;
                left--;
            }
    }
    assert_int_equal(wheel_count(wheel), 0);
    assert_true(wheel_next(wheel) == WHEEL_NEVER);
    wheel_free(wheel);
}

/* Far jumps of time lose nothing. */
static void survives_jumps(void **state)
{
    struct wheel_entry entries[8];
    struct reason reason;
    struct wheel *wheel;

    (void)state;
    assert_int_equal(wheel_create(0, &wheel, &reason), 0);
    for (uint32_t i = 1; i <= 6; i++)
        assert_int_equal(wheel_add(wheel, i, i * UINT64_C(1500000000)), 0);
    assert_int_equal(wheel_expire(wheel, UINT64_C(100000000000), entries, 8), 6);
    assert_int_equal(wheel_expire(wheel, UINT64_C(900000000000), entries, 8), 0);
    assert_int_equal(wheel_add(wheel, 9, 5), 0); /* long past */
    assert_int_equal(wheel_expire(wheel, UINT64_C(900000000001), entries, 8), 1);
    assert_int_equal(entries[0].number, 9);
    wheel_free(wheel);
}

static void table_keeps_and_forgets(void **state)
{
    static uint8_t model[5000];
    struct vmtable table = {0};
    struct random random = {.state = 4};
    size_t count = 0;

    (void)state;
    assert_null(vmtable_get(&table, 1));
    assert_null(vmtable_take(&table, 1));
    for (unsigned i = 0; i < 200000; i++) {
        uint32_t number = (uint32_t)random_below(&random, sizeof(model));

        if (model[number]) {
            assert_ptr_equal(vmtable_get(&table, number), &model[number]);
            if (random_below(&random, 3)) {
                assert_ptr_equal(vmtable_take(&table, number), &model[number]);
                model[number] = 0;
                count--;
            }
        } else {
            assert_null(vmtable_get(&table, number));
            assert_int_equal(vmtable_add(&table, number, &model[number]), 0);
            model[number] = 1;
            count++;
        }
        assert_int_equal(table.count, count);
    }
    vmtable_release(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expires_in_time),
        cmocka_unit_test(survives_jumps),
        cmocka_unit_test(table_keeps_and_forgets),
    };

    return cmocka_run_group_tests_name("vmm_wheel", tests, NULL, NULL);
}
