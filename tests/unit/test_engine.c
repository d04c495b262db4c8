/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine contract, kept by null and by exec with a stand-in for a VMM; and proof of life upon it. */
#include "base/clock.h"
#include "base/reason.h"
#include "engine/engine.h"
#include "engine_fixture.h"
#include "guest/catalog.h"
#include "guest/challenge.h"
#include "study/proof.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

static void open_sleep(struct fixture *fixture, int argc, char **argv)
{
    open_engine(fixture, "sleep", &(struct guest_settings){0}, argc, argv);
}

static void open_fake(struct fixture *fixture, const char *mode, const char *boot_timeout)
{
    static char command[512];
    char *argv[] = {"exec",       "--command", command, "--boot-timeout", (char *)boot_timeout,
                    "--parallel", "4",         NULL};

    snprintf(command, sizeof(command), "'%s' {image} %s", getenv("FAKE_VM"), mode);
    open_sleep(fixture, 7, argv);
}

static struct engine_counts counts_of(struct fixture *fixture)
{
    struct engine_counts counts;

    fixture->engine->counts(fixture->population, &counts);
    return counts;
}

static struct proof prove(struct fixture *fixture)
{
    struct random random = {.state = 7};
    struct proof proof;

    assert_int_equal(proof_take(fixture->population, 1000, 0, &random, NULL, &proof, &fixture->reason), 0);
    return proof;
}

/* Sends one ask and waits for its end; returns its status. */
static int ask_it(struct fixture *fixture, struct engine_ask *ask, uint64_t patience_ns)
{
    struct engine_ask *done;

    ask->deadline_ns = clock_now_ns() + patience_ns;
    fixture->engine->submit(fixture->population, &ask, 1);
    assert_int_equal(
        fixture->engine->reap(fixture->population, &done, 1, clock_now_ns() + 60 * NS_PER_SECOND), 1);
    assert_ptr_equal(done, ask);
    return ask->status;
}

/* One ask with a deadline of its own; returns its status. */
static int ask(struct fixture *fixture, uint64_t vm, char *answer, size_t room, uint64_t patience_ns)
{
    struct engine_ask one = {
        .vm = vm,
        .request = "?abc\n",
        .request_length = 5,
        .answer = answer,
        .answer_room = room,
    };

    return ask_it(fixture, &one, patience_ns);
}

static void test_null_pretends(void **state)
{
    struct fixture fixture;
    char *argv[] = {"null", NULL};

    (void)state;
    open_sleep(&fixture, 1, argv);
    grow(&fixture, 2500);
    assert_int_equal(counts_of(&fixture).running, 2500);
    assert_true(fixture.engine->is_running(fixture.population, 2499));
    assert_false(fixture.engine->is_running(fixture.population, 2500));
    struct proof proof = prove(&fixture);

    assert_int_equal(proof.asked, 1000);
    assert_int_equal(proof.alive, 1000);
    close_engine(&fixture);
}

static void test_processes_boot_and_answer(void **state)
{
    static const char *const modes[] = {"good", "bytewise", "chatty", "noisy"};

    (void)state;
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        struct fixture fixture;
        double seconds[32];

        open_fake(&fixture, modes[i], "20s");
        grow(&fixture, 12);
        assert_int_equal(counts_of(&fixture).started, 12);
        assert_int_equal(counts_of(&fixture).running, 12);
        assert_int_equal(counts_of(&fixture).booting, 0);
        assert_int_equal(fixture.engine->take_boot_times(fixture.population, seconds, 8), 8);
        assert_int_equal(fixture.engine->take_boot_times(fixture.population, seconds, 32), 4);
        assert_int_equal(fixture.engine->take_boot_times(fixture.population, seconds, 32), 0);
        struct proof proof = prove(&fixture);

        assert_int_equal(proof.asked, 12);
        assert_int_equal(proof.alive, 12);
        assert_int_equal(proof.wrong, 0);
        assert_int_equal(proof.latency.n, 12);
        close_engine(&fixture);
    }
}

static void test_failed_start_is_counted_with_its_words(void **state)
{
    struct fixture fixture;

    (void)state;
    open_fake(&fixture, "exit", "20s");
    grow(&fixture, 3);
    struct engine_counts counts = counts_of(&fixture);

    assert_int_equal(counts.started, 3);
    assert_int_equal(counts.failed, 3);
    assert_int_equal(counts.running, 0);
    assert_non_null(strstr(counts.last_failure, "exited with status 5"));
    /* Lines are joined, and what could upset a terminal is gone. */
    assert_non_null(strstr(counts.last_failure, "fake-vm: no such machine"));
    assert_null(strchr(counts.last_failure, '\033'));
    close_engine(&fixture);
}

static void test_never_ready_is_failed_and_killed(void **state)
{
    struct fixture fixture;

    (void)state;
    open_fake(&fixture, "mute", "0.3s");
    grow(&fixture, 2);
    assert_int_equal(counts_of(&fixture).failed, 2);
    assert_non_null(strstr(counts_of(&fixture).last_failure, "not ready in time"));
    close_engine(&fixture);
}

static void test_death_after_readiness_is_counted(void **state)
{
    struct fixture fixture;
    char answer[64];

    (void)state;
    open_fake(&fixture, "leave", "20s");
    grow(&fixture, 3);
    assert_int_equal(ask(&fixture, 1, answer, sizeof(answer), 5 * NS_PER_SECOND), -ECONNRESET);
    for (int i = 0; i < 100 && counts_of(&fixture).died == 0; i++)
        fixture.engine->wait(fixture.population, clock_now_ns() + 50 * NS_PER_MILLISECOND);
    assert_int_equal(counts_of(&fixture).died, 1);
    assert_int_equal(counts_of(&fixture).running, 2);
    assert_false(fixture.engine->is_running(fixture.population, 1));
    assert_non_null(
        strstr(counts_of(&fixture).last_failure, "VM 1 exited with status 7: fake-vm: told to leave"));
    /* Later asks to it are answered at once. */
    assert_int_equal(ask(&fixture, 1, answer, sizeof(answer), 5 * NS_PER_SECOND), -ECONNRESET);
    close_engine(&fixture);
}

static void test_liars_are_not_alive(void **state)
{
    struct fixture fixture;

    (void)state;
    open_fake(&fixture, "liar", "20s");
    grow(&fixture, 2);
    struct proof proof = prove(&fixture);

    assert_int_equal(proof.asked, 2);
    assert_int_equal(proof.alive, 0);
    assert_int_equal(proof.wrong, 4); /* each was given a second chance */
    close_engine(&fixture);
}

static void test_the_rest_of_a_late_answer_is_not_a_wrong_one(void **state)
{
    struct fixture fixture;

    (void)state;
    open_fake(&fixture, "slow", "20s");
    grow(&fixture, 1);
    struct proof proof = prove(&fixture);

    assert_int_equal(proof.alive, 0);
    assert_int_equal(proof.wrong, 0);
    proof = prove(&fixture);
    assert_int_equal(proof.alive, 1);
    close_engine(&fixture);
}

static void test_silence_times_out(void **state)
{
    struct fixture fixture;
    char answer[64];

    (void)state;
    open_fake(&fixture, "silent", "20s");
    grow(&fixture, 2);
    uint64_t before = clock_now_ns();

    assert_int_equal(ask(&fixture, 0, answer, sizeof(answer), 200 * NS_PER_MILLISECOND), -ETIMEDOUT);
    assert_true(clock_now_ns() - before >= 200 * NS_PER_MILLISECOND);
    close_engine(&fixture);
}

static void test_long_answer_is_cut(void **state)
{
    struct fixture fixture;
    char answer[16];

    (void)state;
    open_fake(&fixture, "overlong", "20s");
    grow(&fixture, 1);
    assert_int_equal(ask(&fixture, 0, answer, sizeof(answer), 5 * NS_PER_SECOND), 0);
    assert_string_equal(answer, "0123456789abcde");
    close_engine(&fixture);
}

static void test_second_ask_is_busy(void **state)
{
    struct fixture fixture;
    char answers[2][64];
    struct engine_ask pair[2], *asks[2], *done[2];

    (void)state;
    open_fake(&fixture, "silent", "20s");
    grow(&fixture, 1);
    for (int i = 0; i < 2; i++) {
        pair[i] = (struct engine_ask){.request = "?x\n",
                                      .request_length = 3,
                                      .answer = answers[i],
                                      .answer_room = 64,
                                      .deadline_ns = clock_now_ns() + 100 * NS_PER_MILLISECOND};
        asks[i] = &pair[i];
    }
    fixture.engine->submit(fixture.population, asks, 2);
    assert_int_equal(fixture.engine->reap(fixture.population, done, 2, clock_now_ns() + NS_PER_SECOND), 1);
    assert_ptr_equal(done[0], &pair[1]);
    assert_int_equal(pair[1].status, -EBUSY);
    assert_int_equal(fixture.engine->reap(fixture.population, done, 2, clock_now_ns() + 5 * NS_PER_SECOND),
                     1);
    assert_int_equal(pair[0].status, -ETIMEDOUT);
    close_engine(&fixture);
}

/* Whole with the second line feed. */
static bool two_lines(struct engine_ask *ask)
{
    const char *first = memchr(ask->answer, '\n', ask->answer_length);

    return first && memchr(first + 1, '\n', ask->answer_length - (size_t)(first + 1 - ask->answer));
}

/* Whole with the answer to "?abc", which then is all that was owed. */
static bool ends_right(struct engine_ask *ask)
{
    static const char right[] = "!khp\n";
    const size_t length = sizeof(right) - 1;

    if (ask->answer_length < length || memcmp(ask->answer + ask->answer_length - length, right, length) != 0)
        return false;
    ask->late = false;
    return true;
}

static bool never_whole(struct engine_ask *ask)
{
    (void)ask;
    return false;
}

static void open_vmm(struct fixture *fixture)
{
    char *argv[] = {"vmm", "--workers", "2", NULL};

    open_sleep(fixture, 3, argv);
}

static void open_bytewise(struct fixture *fixture)
{
    open_fake(fixture, "bytewise", "20s");
}

static void open_null(struct fixture *fixture)
{
    char *argv[] = {"null", NULL};

    open_sleep(fixture, 1, argv);
}

static void test_the_caller_knows_the_end(void **state)
{
    static void (*const open[])(struct fixture *) = {open_vmm, open_bytewise, open_null};

    (void)state;
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
        struct fixture fixture;
        char answer[64];
        struct engine_ask one = {.request = "?abc\n?Hello\n",
                                 .request_length = 12,
                                 .answer = answer,
                                 .answer_room = sizeof(answer),
                                 .is_whole = two_lines};
        const char *ends = open[i] == open_bytewise ? "\r\n" : "\n";
        char right[64];

        open[i](&fixture);
        grow(&fixture, 2);
        assert_true(fixture.engine->capabilities & ENGINE_ASKS_WHOLE);
        assert_int_equal(ask_it(&fixture, &one, 60 * NS_PER_SECOND), 0);
        snprintf(right, sizeof(right), "!khp%s!bkign%s", ends, ends);
        assert_string_equal(answer, right);
        assert_int_equal(one.answer_length, strlen(right));
        assert_false(one.late);
        /* The room of the answer includes its NUL. */
        one.answer_room = strlen(right) + 1;
        assert_int_equal(ask_it(&fixture, &one, 60 * NS_PER_SECOND), 0);
        assert_string_equal(answer, right);
        one.answer_room = strlen(right);
        assert_int_equal(ask_it(&fixture, &one, 60 * NS_PER_SECOND), -EMSGSIZE);
        assert_int_equal(one.answer_length, strlen(right) - 1);
        assert_int_equal(strncmp(answer, right, strlen(right) - 1), 0);
        close_engine(&fixture);
    }
}

static void test_null_is_a_page(void **state)
{
    struct fixture fixture;
    char answer[256];
    struct engine_ask one = {.request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                             .request_length = 27,
                             .answer = answer,
                             .answer_room = sizeof(answer),
                             .is_whole = never_whole};

    (void)state;
    open_null(&fixture);
    grow(&fixture, 1);
    assert_int_equal(ask_it(&fixture, &one, 3600 * NS_PER_SECOND), -ETIMEDOUT); /* at once */
    assert_string_equal(answer, "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nHello from 512 bytes");
    close_engine(&fixture);
}

/* A VM that owes the first answer still when the second ask comes. */
static void test_a_late_answer_is_told(void **state)
{
    struct fixture fixture;
    char answer[64];
    struct engine_ask one = {
        .request = "?Hello\n", .request_length = 7, .answer = answer, .answer_room = sizeof(answer)};

    (void)state;
    open_fake(&fixture, "later", "20s");
    grow(&fixture, 1);
    assert_int_equal(ask_it(&fixture, &one, 50 * NS_PER_MILLISECOND), -ETIMEDOUT);
    assert_false(one.late);
    one.request = "?abc\n";
    one.request_length = 5;
    one.is_whole = ends_right;
    assert_int_equal(ask_it(&fixture, &one, 60 * NS_PER_SECOND), 0);
    assert_string_equal(answer, "!bkign\n!khp\n");
    assert_false(one.late); /* ends_right() knew better */
    one.is_whole = NULL;
    assert_int_equal(ask_it(&fixture, &one, 60 * NS_PER_SECOND), 0);
    assert_string_equal(answer, "!khp");
    assert_false(one.late);
    close_engine(&fixture);
}

static void test_a_late_answer_is_told_by_the_vmm(void **state)
{
    struct fixture fixture;
    char answer[64];
    struct engine_ask one = {.request = "?Hel",
                             .request_length = 4,
                             .answer = answer,
                             .answer_room = sizeof(answer),
                             .is_whole = two_lines};

    (void)state;
    open_vmm(&fixture);
    grow(&fixture, 3);
    assert_int_equal(ask_it(&fixture, &one, 50 * NS_PER_MILLISECOND), -ETIMEDOUT);
    assert_string_equal(answer, "!bki");
    assert_false(one.late);
    one = (struct engine_ask){
        .request = "lo\n", .request_length = 3, .answer = answer, .answer_room = sizeof(answer)};
    assert_int_equal(ask_it(&fixture, &one, 60 * NS_PER_SECOND), 0);
    assert_string_equal(answer, "gn");
    assert_true(one.late);
    /* A line says nothing of what may be behind it. */
    one.request = "?abc\n";
    one.request_length = 5;
    assert_int_equal(ask_it(&fixture, &one, 60 * NS_PER_SECOND), 0);
    assert_true(one.late);
    one.is_whole = ends_right;
    assert_int_equal(ask_it(&fixture, &one, 60 * NS_PER_SECOND), 0);
    one.is_whole = NULL;
    assert_int_equal(ask_it(&fixture, &one, 60 * NS_PER_SECOND), 0);
    assert_false(one.late);
    /* Nor does it say anything of others. */
    one.vm = 1;
    assert_int_equal(ask_it(&fixture, &one, 60 * NS_PER_SECOND), 0);
    assert_false(one.late);
    close_engine(&fixture);
}

static bool stop_at_five(void *context, const struct engine_counts *counts)
{
    (void)context;
    return counts->started < 5;
}

static void test_watch_ends_growth(void **state)
{
    struct fixture fixture;
    const struct engine_watch watch = {.go_on = stop_at_five};

    (void)state;
    open_fake(&fixture, "good", "20s");
    assert_int_equal(fixture.engine->grow(fixture.population, 100, &watch, &fixture.reason), -ECANCELED);
    assert_int_equal(counts_of(&fixture).started, 5);
    close_engine(&fixture);
}

static void test_running_out_of_files_keeps_the_population(void **state)
{
    struct fixture fixture;
    struct rlimit before, few;

    (void)state;
    getrlimit(RLIMIT_NOFILE, &before);
    few = before;
    few.rlim_cur = 40;
    open_fake(&fixture, "good", "20s");
    setrlimit(RLIMIT_NOFILE, &few);
    assert_int_equal(fixture.engine->grow(fixture.population, 100, NULL, &fixture.reason), -EMFILE);
    setrlimit(RLIMIT_NOFILE, &before);
    assert_non_null(strstr(fixture.reason.text, "Too many open files"));
    struct engine_counts counts = counts_of(&fixture);

    assert_in_range(counts.started, 5, 40);
    while (counts_of(&fixture).booting > 0)
        fixture.engine->wait(fixture.population, clock_now_ns() + 20 * NS_PER_MILLISECOND);
    assert_int_equal(prove(&fixture).alive, counts.started);
    close_engine(&fixture);
}

static void test_bad_programs_are_refused(void **state)
{
    struct fixture fixture;
    char *argv[] = {"exec", "--command", "/dev/null {image}", NULL};
    char **operands;
    int operand_count;

    (void)state;
    memset(&fixture, 0, sizeof(fixture));
    fixture.engine = engine_find("exec");
    fixture.options = calloc(1, fixture.engine->options_size);
    fixture.set = (struct option_set){
        .specs = fixture.engine->options, .count = fixture.engine->option_count, .values = fixture.options};
    assert_int_equal(options_parse(&fixture.set, 1, 3, argv, &operands, &operand_count, &fixture.reason), 0);
    assert_int_equal(fixture.engine->probe(fixture.options, &fixture.reason), -ENOENT);
    options_release(&fixture.set, 1);
    free(fixture.options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_null_pretends),
        cmocka_unit_test(test_processes_boot_and_answer),
        cmocka_unit_test(test_failed_start_is_counted_with_its_words),
        cmocka_unit_test(test_never_ready_is_failed_and_killed),
        cmocka_unit_test(test_death_after_readiness_is_counted),
        cmocka_unit_test(test_liars_are_not_alive),
        cmocka_unit_test(test_the_rest_of_a_late_answer_is_not_a_wrong_one),
        cmocka_unit_test(test_silence_times_out),
        cmocka_unit_test(test_long_answer_is_cut),
        cmocka_unit_test(test_second_ask_is_busy),
        cmocka_unit_test(test_the_caller_knows_the_end),
        cmocka_unit_test(test_null_is_a_page),
        cmocka_unit_test(test_a_late_answer_is_told),
        cmocka_unit_test(test_a_late_answer_is_told_by_the_vmm),
        cmocka_unit_test(test_watch_ends_growth),
        cmocka_unit_test(test_running_out_of_files_keeps_the_population),
        cmocka_unit_test(test_bad_programs_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
