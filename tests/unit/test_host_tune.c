/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings changed and taken back, on a host of files that is made for each test. */
#include "host/procfile.h"
#include "host/tune.h"

#include "base/file.h"
#include "base/reason.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* A root and an undo file, and what the hooks were told: "+name" for a change, "!name: why" for trouble. */
static char root[256], undo_path[300], told[2048];

static void put(const char *path, const char *text)
{
    char whole[512];

    snprintf(whole, sizeof(whole), "%s%s", root, path);
    *strrchr(whole, '/') = '\0';
    assert_int_equal(directory_make(whole, NULL), 0);
    snprintf(whole, sizeof(whole), "%s%s", root, path);
    FILE *to = fopen(whole, "w");

    assert_non_null(to);
    fputs(text, to);
    fclose(to);
}

static void assert_says(const char *path, const char *value)
{
    char text[SETTING_ROOM];

    assert_int_equal(procfile_setting(root, path, text, sizeof(text)), 0);
    assert_string_equal(text, value);
}

static int make_host(void **state)
{
    (void)state;
    snprintf(root, sizeof(root), "/tmp/mvm-tune-XXXXXX");
    if (!mkdtemp(root))
        return -1;
    snprintf(undo_path, sizeof(undo_path), "%s/state/undo.json", root);
    put("/proc/sys/kernel/pid_max", "32768\n");
    put("/proc/sys/fs/nr_open", "1048576\n");
    put("/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
    told[0] = '\0';
    return 0;
}

static int remove_host(void **state)
{
    char command[512];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", root);
    return system(command);
}

static void note(char kind, const char *name, const char *why)
{
    size_t used = strlen(told);

    snprintf(told + used, sizeof(told) - used, "%c%s%s%s\n", kind, name, why ? ": " : "", why ? why : "");
}

static void before(void *context, const struct host_change *change)
{
    (void)context;
    note('+', change->name, NULL);
}

static void trouble(void *context, const struct host_change *change, const char *why)
{
    (void)context;
    note('!', change->name, why);
}

static const struct host_tune_hooks hooks = {.before = before, .trouble = trouble};

static struct host_change pid_max = {"kernel.pid_max", "/proc/sys/kernel/pid_max", "32768", "100000", ""},
                          nr_open = {"fs.nr_open", "/proc/sys/fs/nr_open", "1048576", "2000000", ""};

static int apply(const struct host_change *changes, size_t count, struct reason *reason)
{
    struct host_change copy[4];

    memcpy(copy, changes, count * sizeof(*changes));
    told[0] = '\0';
    return host_tune_apply(&(struct host_changes){copy, count}, undo_path, root, &hooks, reason);
}

static int undo(bool force, struct reason *reason)
{
    told[0] = '\0';
    return host_tune_undo(undo_path, force, false, root, &hooks, reason);
}

static void reads_numbers_and_choices(void **state)
{
    char text[SETTING_ROOM];

    (void)state;
    assert_says("/proc/sys/kernel/pid_max", "32768");
    assert_says("/sys/kernel/mm/transparent_hugepage/enabled", "madvise");
    assert_int_equal(procfile_setting(root, "/proc/sys/none", text, sizeof(text)), -ENOENT);
}

static void restores_what_was_there(void **state)
{
    const struct host_change both[] = {pid_max, nr_open};
    struct reason reason;

    (void)state;
    assert_int_equal(apply(both, 2, &reason), 0);
    assert_string_equal(told, "+kernel.pid_max\n+fs.nr_open\n");
    assert_says(pid_max.path, "100000");
    assert_says(nr_open.path, "2000000");

    /* A second tuning does not make the first one what is gone back to. */
    struct host_change more = pid_max;

    strcpy(more.before, "100000");
    strcpy(more.after, "300000");
    assert_int_equal(apply(&more, 1, &reason), 0);
    assert_says(pid_max.path, "300000");

    /* Only told. */
    assert_int_equal(host_tune_undo(undo_path, false, true, root, &hooks, &reason), 0);
    assert_says(pid_max.path, "300000");
    assert_int_equal(undo(false, &reason), 0);
    assert_string_equal(told, "+fs.nr_open\n+kernel.pid_max\n");
    assert_says(pid_max.path, "32768");
    assert_says(nr_open.path, "1048576");
    assert_int_equal(undo(false, &reason), -ENOENT);
    assert_non_null(strstr(reason.text, undo_path));
}

static void leaves_what_somebody_else_changed(void **state)
{
    const struct host_change both[] = {pid_max, nr_open};
    struct reason reason;

    (void)state;
    assert_int_equal(apply(both, 2, &reason), 0);
    put(pid_max.path, "77777\n");
    assert_int_equal(undo(false, &reason), -EEXIST);
    assert_non_null(strstr(told, "!kernel.pid_max: is 77777 now"));
    assert_says(pid_max.path, "77777");
    assert_says(nr_open.path, "1048576");
    assert_int_equal(undo(true, &reason), 0);
    assert_says(pid_max.path, "32768");
    assert_int_equal(access(undo_path, F_OK), -1);
}

/* The undo file is written first: whoever ends between the two finds a change that was never made. */
static void undoes_a_tuning_that_was_cut_off(void **state)
{
    struct reason reason;

    (void)state;
    assert_int_equal(apply(&pid_max, 1, &reason), 0);
    put(pid_max.path, "32768\n");
    assert_int_equal(undo(false, &reason), 0);
    assert_string_equal(told, "");
    assert_says(pid_max.path, "32768");
}

static void changes_nothing_without_an_undo_file(void **state)
{
    struct reason reason;

    (void)state;
    assert_int_equal(directory_make(undo_path, NULL), 0); /* in whose place no file can be put */
    assert_true(apply(&pid_max, 1, &reason) < 0);
    assert_says(pid_max.path, "32768");
}

static void refuses_as_a_whole_what_it_may_not(void **state)
{
    struct host_change both[] = {pid_max, nr_open};
    struct reason reason;

    (void)state;
    strcpy(both[1].path, "/proc/sys/fs/none");
    assert_int_equal(apply(both, 2, &reason), -EPERM);
    assert_string_equal(told, "!fs.nr_open: No such file or directory\n");
    assert_says(pid_max.path, "32768");
    assert_int_equal(access(undo_path, F_OK), -1);
}

static void keeps_the_undo_file_true_when_a_change_fails(void **state)
{
    struct host_change both[] = {pid_max, nr_open};
    char full[512], *text;
    size_t length;
    struct reason reason;

    (void)state;
    /* It can be opened, and nothing can be written to it. */
    snprintf(full, sizeof(full), "%s/proc/sys/kernel/full", root);
    assert_int_equal(symlink("/dev/full", full), 0);
    strcpy(both[0].path, "/proc/sys/kernel/full");
    strcpy(both[0].name, "kernel.full");
    assert_int_equal(apply(both, 2, &reason), -EIO);
    assert_string_equal(told, "+kernel.full\n!kernel.full: No space left on device\n+fs.nr_open\n");
    assert_says(nr_open.path, "2000000");
    assert_int_equal(file_read(undo_path, 1 << 20, &text, &length, NULL), 0);
    assert_null(strstr(text, "kernel.full"));
    assert_non_null(strstr(text, "fs.nr_open"));
    free(text);
    assert_int_equal(undo(false, &reason), 0);
    assert_says(nr_open.path, "1048576");
}

static void takes_no_file_of_others(void **state)
{
    static const char *const bad[] = {
        "not JSON",
        "{}",
        "{\"schema\": \"mvm-host-undo/2\", \"changes\": []}",
        "{\"schema\": \"mvm-host-undo/1\", \"changes\": [{\"name\": \"x\"}]}",
        "{\"schema\": \"mvm-host-undo/1\", \"changes\": [{\"name\": \"x\", \"path\": \"/etc/passwd\", "
        "\"before\": \"1\", \"after\": \"2\"}]}",
        "{\"schema\": \"mvm-host-undo/1\", \"changes\": [{\"name\": \"x\", \"path\": "
        "\"/proc/sys/../../etc/x\", "
        "\"before\": \"1\", \"after\": \"2\"}]}",
    };
    struct reason reason;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        put("/state/undo.json", bad[i]);
        assert_int_equal(undo(true, &reason), -EBADMSG);
        assert_non_null(strstr(reason.text, "no undo file"));
        assert_int_equal(apply(&pid_max, 1, &reason), -EBADMSG); /* and it is not written over */
        assert_says(pid_max.path, "32768");
    }
}

static void one_at_a_time(void **state)
{
    char directory[300];
    struct reason reason;

    (void)state;
    snprintf(directory, sizeof(directory), "%s/state", root);
    assert_int_equal(directory_make(directory, NULL), 0);
    int fd = open(directory, O_RDONLY | O_DIRECTORY);

    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(apply(&pid_max, 1, &reason), -EBUSY);
    assert_says(pid_max.path, "32768");
    close(fd);
    assert_int_equal(apply(&pid_max, 1, &reason), 0);
}

/* On a canned host whose group may have 500 tasks. */
static void plans_what_can_be_raised_and_names_the_rest(void **state)
{
    const struct host_needs needs = {.tasks = {.once = 3, .each = 1},
                                     .own_files = {.once = 7, .each = 1},
                                     .files = {.each = 1},
                                     .memory = {.each = 1 << 20},
                                     .memory_source = "a guess"};
    const char *data = getenv("MVM_TEST_DATA");
    struct host_ceilings *ceilings;
    struct host_tune_plan plan;
    char canned[512], command[CHANGE_COMMAND_ROOM];
    bool memory = false, group = false;

    (void)state;
    snprintf(canned, sizeof(canned), "%s/host-cgroup-v1", data ? data : "tests/unit/data");
    assert_int_equal(host_ceilings_read(&ceilings, &needs, 50000, 0, canned, NULL), 0);
    assert_int_equal(host_tune_plan(ceilings, canned, &plan), 0);
    assert_int_equal(plan.changes.count, 1); /* 60,000 threads are enough */
    /* 50,003 tasks, 320 others, 299 numbers that are not given out again; a quarter more, and 0. */
    uint64_t numbers = 50003 + 320 + 299;
    char expected[CHANGE_COMMAND_ROOM];

    snprintf(expected, sizeof(expected), "sysctl -w kernel.pid_max=%llu",
             (unsigned long long)(numbers + numbers / 4 + 1));
    assert_string_equal(host_change_command(&plan.changes.items[0], command), expected);
    assert_string_equal(plan.changes.items[0].before, "32768");
    for (size_t i = 0; i < plan.obstacle_count; i++) {
        assert_true(plan.obstacles[i].in_the_way);
        memory |= strcmp(plan.obstacles[i].name, "memory") == 0;
        group |= strcmp(plan.obstacles[i].name, "pids.max of /") == 0 &&
                 strstr(plan.obstacles[i].why, "/pids.max") != NULL;
    }
    assert_true(memory && group);
    host_tune_plan_release(&plan);
    free(ceilings);

    /* More than the kernel has numbers for. */
    assert_int_equal(host_ceilings_read(&ceilings, &needs, 10000000, 0, canned, NULL), 0);
    assert_int_equal(host_tune_plan(ceilings, canned, &plan), 0);
    assert_string_equal(plan.changes.items[0].after, "4194304");
    bool numbers_end = false;

    for (size_t i = 0; i < plan.obstacle_count; i++)
        numbers_end |= strcmp(plan.obstacles[i].name, "kernel.pid_max") == 0 &&
                       strstr(plan.obstacles[i].why, "no more than 4194304") != NULL;
    assert_true(numbers_end);
    host_tune_plan_release(&plan);
    free(ceilings);
}

#define ON_A_HOST(test) cmocka_unit_test_setup_teardown(test, make_host, remove_host)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_HOST(reads_numbers_and_choices),
        ON_A_HOST(restores_what_was_there),
        ON_A_HOST(leaves_what_somebody_else_changed),
        ON_A_HOST(undoes_a_tuning_that_was_cut_off),
        ON_A_HOST(changes_nothing_without_an_undo_file),
        ON_A_HOST(refuses_as_a_whole_what_it_may_not),
        ON_A_HOST(keeps_the_undo_file_true_when_a_change_fails),
        ON_A_HOST(takes_no_file_of_others),
        ON_A_HOST(one_at_a_time),
        cmocka_unit_test(plans_what_can_be_raised_and_names_the_rest),
    };

    return cmocka_run_group_tests_name("host_tune", tests, NULL, NULL);
}
