/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How many VMs a limit holds, on canned hosts. */
#include "host/bounds.h"
#include "host/ceilings.h"

#include "base/reason.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *canned(const char *host)
{
    static char root[4096];
    const char *data = getenv("MVM_TEST_DATA");

    snprintf(root, sizeof(root), "%s/host-%s", data ? data : "tests/unit/data", host);
    return root;
}

static const struct host_ceiling *find(const struct host_ceilings *ceilings, const char *name)
{
    for (size_t i = 0; i < ceilings->count; i++)
        if (strcmp(ceilings->list[i].name, name) == 0)
            return &ceilings->list[i];
    return NULL;
}

static void counts_what_vms_need(void **state)
{
    const struct host_needs plain = {0}, cells = {.group_vms = 100};
    const struct host_need tasks = {.once = 2, .each = 1, .group = 2}, nothing = {.once = 7};

    (void)state;
    assert_int_equal(host_need_of(&plain, &tasks, 100), 102);
    assert_int_equal(host_need_of(&cells, &tasks, 0), 2);
    assert_int_equal(host_need_of(&cells, &tasks, 1), 5);
    assert_int_equal(host_need_of(&cells, &tasks, 100), 104);
    assert_int_equal(host_need_of(&cells, &tasks, 101), 107);
    /* The 50 that were started last have one more. */
    const struct host_needs boots = {.young_vms = 50};
    const struct host_need threads = {.once = 3, .each = 3, .young = 1};

    assert_int_equal(host_need_of(&boots, &threads, 10), 43);
    assert_int_equal(host_need_of(&boots, &threads, 100), 353);
    assert_int_equal(host_need_fits(&boots, &threads, 99), 24);
    assert_int_equal(host_need_of(&cells, &(struct host_need){.each = UINT64_MAX / 2}, 3), UINT64_MAX);
    /* The most that fits, and one more does not. */
    for (uint64_t room = 0; room < 400; room++) {
        uint64_t most = host_need_fits(&cells, &tasks, room);

        assert_true(most == 0 || host_need_of(&cells, &tasks, most) <= room);
        assert_true(host_need_of(&cells, &tasks, most + 1) > room);
    }
    assert_int_equal(host_need_fits(&plain, &nothing, 7), UINT64_MAX);
    assert_int_equal(host_need_fits(&plain, &nothing, 6), 0);
}

static void finds_the_first_ceiling(void **state)
{
    /* As of an engine of processes. */
    const struct host_needs needs = {.tasks = {.once = 3, .each = 1},
                                     .own_files = {.once = 7, .each = 1},
                                     .files = {.once = 10, .each = 1},
                                     .memory = {.each = 1 << 20},
                                     .memory_source = "a guess"};
    struct host_ceilings *ceilings;
    struct reason reason;

    (void)state;
    assert_int_equal(host_ceilings_read(&ceilings, &needs, 1000, 0, canned("cgroup-v1"), &reason), 0);
    const struct host_ceiling *first = &ceilings->list[ceilings->first];

    /* 500 that the group may have, 41 others in it, 3 of mvm. */
    assert_string_equal(first->name, "pids.max of /");
    assert_int_equal(first->resource, RESOURCE_PIDS);
    assert_int_equal(first->holds, 500 - 41 - 3);
    assert_non_null(strstr(first->command, "/sys/fs/cgroup/pids/pids.max"));
    assert_int_equal(host_ceiling_wanted(ceilings, first, 1000), (1003 + 41) + (1003 + 41) / 4);
    assert_int_equal(host_ceiling_wanted(ceilings, first, 456), 0); /* as it is */

    const struct host_ceiling *memory = find(ceilings, "memory.limit_in_bytes of /box");

    assert_int_equal(memory->limit, 1 << 30);
    assert_int_equal(memory->holds, 1024);
    assert_string_equal(memory->command, "");

    /* 321 tasks, this one not counted; none of them has a number below 300 on this canned host. */
    const struct host_ceiling *numbers = find(ceilings, "kernel.pid_max");

    assert_int_equal(numbers->limit, 32767);
    assert_int_equal(numbers->used, 320 + 299);
    assert_int_equal(numbers->holds, 32767 - 320 - 299 - 3);
    assert_int_equal(find(ceilings, "kernel.threads-max")->holds, 60000 - 320 - 3);
    assert_int_equal(find(ceilings, "ulimit -n")->limit, 1048576); /* mvm raises the soft limit */
    assert_int_equal(find(ceilings, "fs.file-max")->used, 1234);
    assert_int_equal(find(ceilings, "vm.max_map_count")->holds, UINT64_MAX);
    free(ceilings);
}

static void holds_a_share_and_a_store(void **state)
{
    const struct host_needs needs = {.memory = {.each = 100},
                                     .memory_source = "a guess",
                                     .store_option = "--store-limit",
                                     .store_bytes = 1 << 20};
    struct host_ceilings *ceilings;

    (void)state;
    assert_int_equal(host_ceilings_read(&ceilings, &needs, 0, 512 << 10, canned("cgroup-v2"), NULL), 0);
    assert_string_equal(ceilings->list[ceilings->first].name, "--memory-limit");
    assert_int_equal(ceilings->list[ceilings->first].holds, (512 << 10) / 100);
    assert_int_equal(find(ceilings, "--store-limit")->holds, (1 << 20) / 100);
    assert_int_equal(find(ceilings, "memory.max of /user.slice/session.scope")->limit, UINT64_C(2) << 30);
    assert_int_equal(find(ceilings, "memory.max of /user.slice")->limit, UINT64_C(4) << 30);
    assert_int_equal(find(ceilings, "pids.max of /user.slice")->used, 249);
    assert_null(find(ceilings, "pids.max of /user.slice/session.scope"));
    free(ceilings);

    /* A host that tells nothing. */
    struct reason reason;

    assert_true(host_ceilings_read(&ceilings, &needs, 1, 0, canned("empty"), &reason) < 0);
    assert_non_null(strstr(reason.text, "/proc/"));
}

static void knows_what_a_process_can_open(void **state)
{
    struct host_bounds bounds = {.files_soft = 1024, .files_hard = 4096, .nr_open = 1 << 20};

    (void)state;
    assert_int_equal(host_bounds_own_files(&bounds), 4096);
    bounds.may_raise_files = true;
    assert_int_equal(host_bounds_own_files(&bounds), 1 << 20);
    bounds.nr_open = 2048; /* below the hard limit: setrlimit() refuses all */
    assert_int_equal(host_bounds_own_files(&bounds), 1024);
    bounds = (struct host_bounds){.files_soft = 10, .files_hard = UINT64_MAX};
    assert_int_equal(host_bounds_own_files(&bounds), UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_what_vms_need),
        cmocka_unit_test(finds_the_first_ceiling),
        cmocka_unit_test(holds_a_share_and_a_store),
        cmocka_unit_test(knows_what_a_process_can_open),
    };

    return cmocka_run_group_tests_name("host_ceilings", tests, NULL, NULL);
}
