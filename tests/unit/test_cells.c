/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Worker processes: their VMs as one population, and how they end. On the emulated CPU, so that it needs no
 * KVM. */
#include "engine/cells.h"

#include "base/clock.h"
#include "base/random.h"
#include "base/reason.h"
#include "guest/catalog.h"
#include "guest/challenge.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { EACH = 6 };

struct fixture {
    struct image image;
    char ready[READY_LINE_ROOM];
    struct cell_plan plan;
    struct cells *cells;
};

static void open_cells(struct fixture *fixture)
{
    struct reason reason = {""};

    memset(fixture, 0, sizeof(*fixture));
    assert_int_equal(guest_build(&fixture->image, "sleep", &(struct guest_settings){0}, &reason), 0);
    challenge_ready_line("sleep", fixture->ready);
    fixture->plan.options = (struct vmm_options){.workers = 1,
                                                 .memory_mib = 1,
                                                 .slice = 50000,
                                                 .output_limit = 1 << 20,
                                                 .boot_timeout_ns = 30 * NS_PER_SECOND,
                                                 .drive = 0x80,
                                                 .ready_line = fixture->ready};
    assert_int_equal(
        vmm_seed_create(&fixture->plan.options, fixture->image.bytes, &fixture->plan.seed, &reason), 0);
    const struct nursery_plan plan = {
        .name = "mvm-test-cell", .serve = cell_serve, .context = &fixture->plan, .files = 64};

    if (cells_open(&plan, EACH, &fixture->cells, &reason) < 0)
        fail_msg("%s", reason.text);
}

static void close_cells(struct fixture *fixture)
{
    cells_close(fixture->cells);
    vmm_seed_free(fixture->plan.seed);
}

/* Some cells with all their VMs ready. */
static void grow(struct fixture *fixture, size_t cells)
{
    struct reason reason = {""};
    uint64_t until = clock_now_ns() + 60 * NS_PER_SECOND;
    bool growing = true;

    for (size_t i = 0; i < cells; i++) {
        struct cell_link *cell;

        if (cells_add(fixture->cells, &cell, &reason) < 0)
            fail_msg("%s", reason.text);
        cells_boot(fixture->cells, cell, EACH);
    }
    while (growing && clock_now_ns() < until) {
        cells_look(fixture->cells, clock_now_ns() + NS_PER_MILLISECOND);
        growing = false;
        for (size_t i = 0; i < cells; i++)
            growing = growing || fixture->cells->list[i].growing;
    }
    assert_false(growing);
    for (size_t i = 0; i < cells; i++)
        assert_int_equal(fixture->cells->list[i].state.counts.running, EACH);
}

struct question {
    struct engine_ask ask;
    struct challenge challenge;
    char answer[CHALLENGE_ANSWER_ROOM];
};

static void ask(struct fixture *fixture, struct question *question, uint64_t vm, double seconds)
{
    struct random random = {.state = vm};

    challenge_make(&question->challenge, &random);
    question->ask =
        (struct engine_ask){.vm = vm,
                            .request = question->challenge.request,
                            .request_length = strlen(question->challenge.request),
                            .answer = question->answer,
                            .answer_room = sizeof(question->answer),
                            .deadline_ns = clock_now_ns() + (uint64_t)(seconds * (double)NS_PER_SECOND)};
    question->ask.status = 1;
    cells_ask(fixture->cells, &question->ask);
}

/* Until so many asks are finished; they are taken. */
static void wait_for(struct fixture *fixture, size_t count)
{
    uint64_t until = clock_now_ns() + 60 * NS_PER_SECOND;

    while (count > 0 && clock_now_ns() < until) {
        cells_look(fixture->cells, clock_now_ns() + 10 * NS_PER_MILLISECOND);
        for (; fixture->cells->finished; fixture->cells->finished = fixture->cells->finished->next)
            count--;
    }
    assert_int_equal(count, 0);
}

static void assert_right(const struct question *question)
{
    assert_int_equal(question->ask.status, 0);
    assert_true(challenge_answered(&question->challenge, question->answer, question->ask.answer_length));
}

static void test_all_answer(void **state)
{
    struct fixture fixture;
    struct question questions[3 * EACH], again;

    (void)state;
    open_cells(&fixture);
    grow(&fixture, 3);
    for (uint64_t vm = 0; vm < 3 * EACH; vm++)
        ask(&fixture, &questions[vm], vm, 30);
    ask(&fixture, &again, 4, 30);
    wait_for(&fixture, 3 * EACH + 1);
    for (size_t i = 0; i < 3 * EACH; i++)
        assert_right(&questions[i]);
    assert_int_equal(again.ask.status, -EBUSY);
    ask(&fixture, &again, 3 * EACH, 30); /* there is no such VM */
    wait_for(&fixture, 1);
    assert_int_equal(again.ask.status, -ECONNRESET);
    ask(&fixture, &again, 4, 30);
    wait_for(&fixture, 1);
    assert_right(&again);
    assert_false(again.ask.late);
    close_cells(&fixture);
}

static bool never_whole(struct engine_ask *ask)
{
    (void)ask;
    return false;
}

static void test_lines_only(void **state)
{
    struct fixture fixture;
    char answer[8];
    struct engine_ask one = {.request = "?\n",
                             .request_length = 2,
                             .answer = answer,
                             .answer_room = sizeof(answer),
                             .deadline_ns = CLOCK_NEVER,
                             .is_whole = never_whole};

    (void)state;
    open_cells(&fixture);
    grow(&fixture, 1);
    cells_ask(fixture.cells, &one);
    wait_for(&fixture, 1);
    assert_int_equal(one.status, -ENOTSUP);
    /* Half a question, and the rest when it was given up. */
    one.is_whole = NULL;
    one.request_length = 1;
    one.deadline_ns = clock_now_ns() + 20 * NS_PER_MILLISECOND;
    cells_ask(fixture.cells, &one);
    wait_for(&fixture, 1);
    assert_int_equal(one.status, -ETIMEDOUT);
    one.request = "\n";
    one.deadline_ns = CLOCK_NEVER;
    cells_ask(fixture.cells, &one);
    wait_for(&fixture, 1);
    assert_int_equal(one.status, 0);
    assert_true(one.late);
    close_cells(&fixture);
}

static void test_a_cell_dies(void **state)
{
    struct fixture fixture;
    struct question questions[2 * EACH];
    uint32_t number;

    (void)state;
    open_cells(&fixture);
    grow(&fixture, 2);
    kill(fixture.cells->list[0].pid, SIGKILL);
    for (uint64_t vm = 0; vm < 2 * EACH; vm++)
        ask(&fixture, &questions[vm], vm, 30);
    wait_for(&fixture, 2 * EACH);
    for (size_t i = 0; i < EACH; i++)
        assert_int_equal(questions[i].ask.status, -ECONNRESET);
    for (size_t i = EACH; i < 2 * EACH; i++)
        assert_right(&questions[i]);
    assert_int_equal(fixture.cells->died, 1);
    const struct vmm_counts *counts = &cells_find(fixture.cells, 0, &number)->state.counts;

    assert_int_equal(counts->started, EACH);
    assert_int_equal(counts->stopped, EACH);
    assert_int_equal(counts->running, 0);
    close_cells(&fixture);
}

/* A cell that does not answer is waited for no longer than its asks may take and some seconds. */
static void test_a_cell_hangs(void **state)
{
    struct fixture fixture;
    struct question question, other;

    (void)state;
    open_cells(&fixture);
    grow(&fixture, 2);
    kill(fixture.cells->list[0].pid, SIGSTOP);
    ask(&fixture, &question, 0, 0.1);
    ask(&fixture, &other, EACH, 30);
    wait_for(&fixture, 2);
    assert_int_equal(question.ask.status, -ETIMEDOUT);
    assert_right(&other);
    /* The answer that comes after all is nobody's. */
    kill(fixture.cells->list[0].pid, SIGCONT);
    ask(&fixture, &question, 0, 30);
    wait_for(&fixture, 1);
    assert_right(&question);
    close_cells(&fixture);
}

static bool is_there(pid_t pid)
{
    char path[64], text[512] = "";
    int file;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    file = open(path, O_RDONLY);
    if (file < 0)
        return false;
    ssize_t got = read(file, text, sizeof(text) - 1);

    close(file);
    return got > 0 && !strstr(text, ") Z "); /* where nobody reaps, the dead stay */
}

static void assert_gone(const pid_t *pids, size_t count)
{
    uint64_t until = clock_now_ns() + 20 * NS_PER_SECOND;

    for (size_t i = 0; i < count; i++) {
        while (is_there(pids[i]) && clock_now_ns() < until)
            clock_sleep_until(clock_now_ns() + 10 * NS_PER_MILLISECOND);
        assert_false(is_there(pids[i]));
    }
}

static void test_closing_ends_them(void **state)
{
    struct fixture fixture;
    pid_t pids[2];

    (void)state;
    open_cells(&fixture);
    grow(&fixture, 2);
    for (size_t i = 0; i < 2; i++)
        pids[i] = fixture.cells->list[i].pid;
    close_cells(&fixture);
    for (size_t i = 0; i < 2; i++)
        assert_false(is_there(pids[i]));
}

static void test_they_die_with_the_program(void **state)
{
    int ends[2];
    pid_t pids[2], program;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    program = fork();
    assert_true(program >= 0);
    if (program == 0) {
        struct fixture fixture;

        open_cells(&fixture);
        grow(&fixture, 2);
        for (size_t i = 0; i < 2; i++)
            pids[i] = fixture.cells->list[i].pid;
        if (write(ends[1], pids, sizeof(pids)) != (ssize_t)sizeof(pids))
            _exit(1);
        for (;;)
            pause();
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], pids, sizeof(pids)), sizeof(pids));
    close(ends[0]);
    for (size_t i = 0; i < 2; i++)
        assert_true(is_there(pids[i]));
    kill(program, SIGKILL);
    waitpid(program, NULL, 0);
    assert_gone(pids, 2);
}

static void inherit_nothing(int socket, void *context)
{
    const struct cell_message message = {.kind = CELL_REPLY};
    char list[1024] = "";
    DIR *directory = opendir("/proc/self/fd");
    struct dirent *entry;

    (void)context;
    while (directory && (entry = readdir(directory))) {
        char path[300], target[256];
        ssize_t length;

        snprintf(path, sizeof(path), "/proc/self/fd/%s", entry->d_name);
        length = readlink(path, target, sizeof(target) - 1);
        if (length > 0) {
            target[length] = '\0';
            strncat(list, target, sizeof(list) - strlen(list) - 2);
            strcat(list, "\n");
        }
    }
    (void)cell_send(socket, &message, list, strlen(list) + 1);
}

static void test_children_hold_nothing_of_the_program(void **state)
{
    const struct nursery_plan plan = {.name = "mvm-test-cell", .serve = inherit_nothing, .files = 64};
    struct nursery *nursery;
    struct reason reason = {""};
    struct cell_message message;
    static char bytes[CELL_BYTES];
    int socket, secret = open("/etc/passwd", O_RDONLY); /* without O_CLOEXEC */
    pid_t pid;

    (void)state;
    assert_true(secret >= 0);
    assert_int_equal(nursery_open(&plan, &nursery, &reason), 0);
    assert_int_equal(nursery_spawn(nursery, &pid, &socket, &reason), 0);
    ssize_t length;

    while ((length = cell_receive(socket, &message, bytes, 0)) == -EAGAIN)
        clock_sleep_until(clock_now_ns() + NS_PER_MILLISECOND);
    assert_true(length > 0);
    assert_null(strstr(bytes, "passwd"));
    assert_non_null(strstr(bytes, "/dev/null"));
    close(socket);
    close(secret);
    nursery_close(nursery);
}

static void test_too_many_files(void **state)
{
    const struct nursery_plan plan = {
        .name = "mvm-test-cell", .serve = inherit_nothing, .files = UINT64_MAX / 2};
    struct nursery *nursery;
    struct reason reason = {""};

    (void)state;
    assert_int_equal(nursery_open(&plan, &nursery, &reason), -EPERM);
    assert_non_null(strstr(reason.text, "open"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_answer),
        cmocka_unit_test(test_lines_only),
        cmocka_unit_test(test_a_cell_dies),
        cmocka_unit_test(test_a_cell_hangs),
        cmocka_unit_test(test_closing_ends_them),
        cmocka_unit_test(test_they_die_with_the_program),
        cmocka_unit_test(test_children_hold_nothing_of_the_program),
        cmocka_unit_test(test_too_many_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
