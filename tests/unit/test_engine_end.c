/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An engine whose VMs do not end with this process (struct engine's sweep and clear), made of the engine
 * null: the run's name reaches it, populations are cleared before they are closed, what it could not remove
 * is told.
 */
#include "base/file.h"
#include "base/reason.h"
#include "engine/engines.h"
#include "engine/mix.h"
#include "guest/catalog.h"
#include "study/limits_row.h"
#include "study/scale_run.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct engine elsewhere;

static struct {
    char run_name[ENGINE_RUN_NAME_ROOM], swept[ENGINE_RUN_NAME_ROOM];
    unsigned opened, cleared, closed;
    const void *sweep_options;
    bool fails;
} seen;

static int note_open(const struct engine_setup *setup, struct population **ret_population,
                     struct reason *reason)
{
    int error = engine_null.open(setup, ret_population, reason);

    assert_int_equal(error, 0);
    (*ret_population)->engine = &elsewhere;
    snprintf(seen.run_name, sizeof(seen.run_name), "%s", setup->run_name);
    seen.opened++;
    return 0;
}

static int note_clear(struct population *population, struct reason *reason)
{
    assert_ptr_equal(population->engine, &elsewhere);
    assert_int_equal(seen.closed, 0); /* before close() */
    seen.cleared++;
    return seen.fails ? reason_set(reason, EIO, "the cloud has 3 servers still") : 0;
}

static void note_close(struct population *population)
{
    seen.closed++;
    engine_null.close(population);
}

static int note_sweep(const void *options, const char *run_name, char *ret_words, size_t room,
                      struct reason *reason)
{
    snprintf(seen.swept, sizeof(seen.swept), "%s", run_name);
    seen.sweep_options = options;
    snprintf(ret_words, room, "%s", "2 servers");
    return seen.fails ? reason_set(reason, EIO, "the cloud does not answer") : 0;
}

static int begin(void **state)
{
    char *directory = strdup("/tmp/mvm-test-end-XXXXXX");

    memset(&seen, 0, sizeof(seen));
    elsewhere = engine_null;
    elsewhere.open = note_open;
    elsewhere.clear = note_clear;
    elsewhere.close = note_close;
    elsewhere.sweep = note_sweep;
    *state = directory;
    return directory && mkdtemp(directory) ? 0 : -1;
}

static int end(void **state)
{
    char command[256];

    snprintf(command, sizeof(command), "rm -r '%s'", (char *)*state);
    free(*state);
    return system(command);
}

/* The whole of an experiment that opens a population and closes it. */
static int open_and_close(struct run *run, struct reason *reason)
{
    int error = run_open_population(run, reason);

    run_close_population(run);
    run->guard.stop = STOP_INTERRUPT;
    return error ? error : -ECANCELED;
}

static void run(const char *directory, struct result *result)
{
    const struct scale_hooks hooks = {0};
    struct image image;
    struct reason reason = {""};

    assert_int_equal(guest_build(&image, "sleep", &(struct guest_settings){0}, &reason), 0);
    const struct scale_plan plan = {
        .engine = &elsewhere,
        .image = &image,
        .image_name = "sleep",
        .directory = directory,
        .command_line = "mvm scale",
        .max_vms = 20,
    };
    struct run *run = calloc(1, sizeof(*run));

    assert_non_null(run);
    result_init(result);
    *run = (struct run){
        .plan = &plan, .hooks = &hooks, .result = result, .method = "none", .begin = open_and_close};
    if (run_whole(run, &reason) < 0)
        fail_msg("%s", reason.text);
    free(run);
}

static void a_run_is_named_after_its_directory_and_cleared(void **state)
{
    char directory[256];
    struct result result;

    snprintf(directory, sizeof(directory), "%s/June, 1st.d", (char *)*state);
    run(directory, &result);
    assert_string_equal(seen.run_name, "June--1st.d");
    assert_int_equal(seen.opened, 1);
    assert_int_equal(seen.cleared, 1);
    assert_int_equal(seen.closed, 1);
    assert_string_equal(result.teardown.left, "");
    result_release(&result);
}

static void what_is_left_stands_in_the_result(void **state)
{
    char directory[256];
    struct result result;
    struct reason reason;

    snprintf(directory, sizeof(directory), "%s/run", (char *)*state);
    seen.fails = true;
    run(directory, &result);
    assert_string_equal(result.teardown.left, "the cloud has 3 servers still");
    result_release(&result);
    assert_int_equal(result_read(&result, directory, &reason), 0);
    assert_string_equal(result.teardown.left, "the cloud has 3 servers still");
    assert_int_equal(seen.closed, 1);
    result_release(&result);
}

/* A row's process was killed: its VMs are removed by its name. */
static void a_row_that_was_killed_is_swept(void **state)
{
    char directory[256];
    const int options = 0;
    struct scale_plan plan = {.engine = &elsewhere, .engine_options = &options, .directory = directory};
    struct result *result = calloc(1, sizeof(*result));

    assert_non_null(result);
    snprintf(directory, sizeof(directory), "%s/01-guest=tick", (char *)*state);
    assert_int_equal(mkdir(directory, 0700), 0);
    limits_row_sweep(&plan, result);
    assert_string_equal(seen.swept, "01-guest-tick");
    assert_ptr_equal(seen.sweep_options, &options);
    assert_string_equal(result->teardown.left, "");
    seen.fails = true;
    limits_row_sweep(&plan, result);
    assert_string_equal(result->teardown.left, "the cloud does not answer");
    plan.engine = &engine_null; /* which has nothing to sweep */
    limits_row_sweep(&plan, result);
    free(result);
}

static void each_population_of_a_mix_is_cleared(void **state)
{
    struct guest_mix guests;
    struct mix *mix;
    struct population *population;
    struct reason reason = {""};

    (void)state;
    assert_int_equal(guest_mix_parse(&guests, "sleep=0.5,tick=0.5", &reason), 0);
    assert_int_equal(mix_create(&elsewhere, NULL, &guests, &mix, &reason), 0);
    const struct engine_setup setup = {.image = &guests.parts[0].image, .options = mix, .run_name = "mixed"};

    assert_int_equal(mix_engine(mix)->open(&setup, &population, &reason), 0);
    assert_string_equal(seen.run_name, "mixed");
    seen.fails = true;
    assert_int_equal(engine_end(population, &reason), -EIO);
    assert_string_equal(reason.text, "the cloud has 3 servers still");
    assert_int_equal(seen.cleared, 2);
    assert_int_equal(seen.closed, 2);
    mix_free(mix);
}

static void names_of_directories_become_names_of_runs(void **state)
{
    static const struct {
        const char *directory, *name;
    } cases[] = {
        {"A", "A"},
        {"2026-11-28T10:00", "2026-11-28T10-00"},
        {".hidden", "xhidden"},
        {"-x", "xx"},
        {"a_b.c", "a_b.c"},
        {"0123456789012345678901234567890123456789", "01234567890123456789012345678901"},
        {"\xc3\xa5", "x-"},
    };
    char path[512], name[ENGINE_RUN_NAME_ROOM];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", (char *)*state, cases[i].directory);
        assert_int_equal(mkdir(path, 0700), 0);
        run_name_after(path, name);
        assert_string_equal(name, cases[i].name);
        strcat(path, "/.");
        run_name_after(path, name);
        assert_string_equal(name, cases[i].name);
    }
    run_name_after("/", name);
    assert_string_equal(name, "");
    run_name_after("/there/is/none", name);
    assert_string_equal(name, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_run_is_named_after_its_directory_and_cleared, begin, end),
        cmocka_unit_test_setup_teardown(what_is_left_stands_in_the_result, begin, end),
        cmocka_unit_test_setup_teardown(a_row_that_was_killed_is_swept, begin, end),
        cmocka_unit_test_setup_teardown(each_population_of_a_mix_is_cleared, begin, end),
        cmocka_unit_test_setup_teardown(names_of_directories_become_names_of_runs, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
