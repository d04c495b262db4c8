/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The guard: what makes it say stop, on a host of canned files. */
#include "study/guard.h"

#include "base/reason.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct host {
    struct sampler *sampler;
    struct host_limits limits;
    struct host_baseline baseline;
    struct host_share share;
    struct guard guard;
};

static const struct engine_counts fine = {.started = 100, .running = 100, .last_failure = ""};

static void open_host(struct host *host)
{
    const char *data = getenv("MVM_TEST_DATA");
    struct reason reason;
    char root[512];

    memset(host, 0, sizeof(*host));
    snprintf(root, sizeof(root), "%s/host-swap-psi", data ? data : "tests/unit/data");
    if (sampler_open(&host->sampler, root, &reason) < 0 ||
        host_limits_read(&host->limits, root, &reason) < 0 ||
        sampler_read(host->sampler, &host->baseline.reading, &reason) < 0)
        fail_msg("%s", reason.text);
    host->guard = (struct guard){
        .sampler = host->sampler,
        .limits = &host->limits,
        .baseline = &host->baseline,
        .share = &host->share,
    };
}

static bool yes(void *context)
{
    (void)context;
    return true;
}

static void test_quiet_host_goes_on(void **state)
{
    struct host host;

    (void)state;
    open_host(&host);
    assert_true(guard_go_on(&host.guard, &fine));
    assert_int_equal(host.guard.stop, STOP_NOT_YET);
    sampler_close(host.sampler);
}

static void test_memory_floor_stops(void **state)
{
    struct host host;

    (void)state;
    open_host(&host);
    host.guard.memory_floor_bytes = host.baseline.reading.memory.available + 1;
    assert_false(guard_go_on(&host.guard, &fine));
    assert_int_equal(host.guard.stop, STOP_MEMORY);
    assert_non_null(strstr(host.guard.why, "memory available"));
    sampler_close(host.sampler);
}

static void test_share_used_up_stops(void **state)
{
    struct host host;

    (void)state;
    open_host(&host);
    host.share.memory_bytes = UINT64_C(1) << 30;
    host.baseline.reading.memory.available += host.share.memory_bytes - 4096;
    assert_true(guard_go_on(&host.guard, &fine));
    host.baseline.reading.memory.available += 4096;
    host.guard.next_look_ns = 0;
    assert_false(guard_go_on(&host.guard, &fine));
    assert_int_equal(host.guard.stop, STOP_MEMORY);
    sampler_close(host.sampler);
}

static void test_oom_kill_stops(void **state)
{
    struct host host;

    (void)state;
    open_host(&host);
    assert_true(host.baseline.reading.oom_kills > 0);
    host.baseline.reading.oom_kills--;
    /* In somebody else's group: this host has memory. */
    assert_true(guard_go_on(&host.guard, &fine));
    host.guard.next_look_ns = 0;
    host.limits.cgroup_memory = 1 << 30;
    assert_false(guard_go_on(&host.guard, &fine));
    assert_int_equal(host.guard.stop, STOP_MEMORY);
    sampler_close(host.sampler);
}

static void test_tasks_run_out(void **state)
{
    struct host host;

    (void)state;
    open_host(&host);
    host.limits.tasks = host.baseline.reading.tasks + 1;
    assert_false(guard_go_on(&host.guard, &fine));
    assert_int_equal(host.guard.stop, STOP_PIDS);
    sampler_close(host.sampler);
}

static void test_interrupt_stops_even_at_rest(void **state)
{
    struct host host;

    (void)state;
    open_host(&host);
    host.guard.memory_floor_bytes = UINT64_MAX;
    host.guard.resting = true;
    assert_true(guard_go_on(&host.guard, &fine));
    host.guard.interrupted = yes;
    assert_false(guard_go_on(&host.guard, &fine));
    assert_int_equal(host.guard.stop, STOP_INTERRUPT);
    sampler_close(host.sampler);
}

static void test_lost_vms(void **state)
{
    static const struct {
        uint64_t started, failed, died;
        enum stop stop;
    } cases[] = {
        {100, 5, 0, STOP_NOT_YET}, /* 5 % is not more than 5 % */
        {100, 6, 0, STOP_ENGINE},  {100, 0, 6, STOP_ALIVE},
        {100, 2, 4, STOP_ALIVE},   {4, 3, 0, STOP_NOT_YET}, /* three are too few to tell */
        {4, 4, 0, STOP_ENGINE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct guard guard = {.stop = STOP_NOT_YET};
        const struct engine_counts counts = {
            .started = cases[i].started,
            .failed = cases[i].failed,
            .died = cases[i].died,
            .last_failure = "VM 7 exited with status 1",
        };

        assert_int_equal(guard_too_many_lost(&guard, &counts), cases[i].stop != STOP_NOT_YET);
        assert_int_equal(guard.stop, cases[i].stop);
        if (guard.stop != STOP_NOT_YET)
            assert_non_null(strstr(guard.why, "VM 7 exited"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quiet_host_goes_on),
        cmocka_unit_test(test_memory_floor_stops),
        cmocka_unit_test(test_share_used_up_stops),
        cmocka_unit_test(test_oom_kill_stops),
        cmocka_unit_test(test_tasks_run_out),
        cmocka_unit_test(test_interrupt_stops_even_at_rest),
        cmocka_unit_test(test_lost_vms),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
