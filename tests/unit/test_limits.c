/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rows of a matrix, their order, and the watchdog over one. */
#include "base/clock.h"
#include "base/reason.h"
#include "host/account.h"
#include "host/procfile.h"
#include "result/limits.h"
#include "study/limits_matrix.h"
#include "study/watchdog.h"

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
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const struct arguments no_words = {0};

static void make(struct limits_matrix *matrix, const struct limits_given *given, size_t given_count,
                 const char *const *vary, size_t vary_count, unsigned repeats)
{
    struct reason reason = {""};

    if (limits_matrix_make(matrix, &no_words, given, given_count, vary, vary_count, repeats, &reason) < 0)
        fail_msg("%s", reason.text);
}

static void test_rows_are_every_combination(void **state)
{
    static const struct limits_given given[] = {{.label = "one", .words = "--engine qemu", .study = "I.3"},
                                                {.words = "--engine 'v m'"}};
    static const char *const vary[] = {"guest=tick,sleep", "machine=isapc,,x=on,pc"};
    struct limits_matrix matrix;

    (void)state;
    make(&matrix, given, 2, vary, 2, 3);
    assert_int_equal(matrix.rows, 8);
    assert_int_equal(matrix.count, 24);
    const struct limits_cell *cell = &matrix.cells[3 * 6 + 2]; /* the seventh row's last repeat */

    assert_int_equal(cell->row, 6);
    assert_int_equal(cell->repeat, 2);
    assert_int_equal(cell->words.count, 4);
    assert_string_equal(cell->words.words[1], "v m");
    assert_string_equal(cell->words.words[2], "--guest=sleep");
    assert_string_equal(cell->words.words[3], "--machine=isapc,x=on");
    assert_string_equal(cell->label, "--engine 'v m', guest sleep, machine isapc,x=on");
    assert_string_equal(cell->name, "07-engine-v-m-guest-sleep-machine-isapc-x-on.3");
    assert_string_equal(matrix.cells[0].study, "I.3");
    assert_null(cell->study);
    limits_matrix_release(&matrix);
}

static void test_one_row_without_anything_given(void **state)
{
    struct limits_matrix matrix;

    (void)state;
    make(&matrix, NULL, 0, NULL, 0, 1);
    assert_int_equal(matrix.count, 1);
    assert_int_equal(matrix.cells[0].words.count, 0);
    limits_matrix_release(&matrix);
}

static void test_what_cannot_be_varied_is_refused(void **state)
{
    static const struct {
        const char *vary[2], *named;
    } cases[] = {
        {{"guest"}, "guest"},
        {{"guest="}, "guest="},
        {{"--guest=a"}, "--guest"},
        {{"guest=a,b,a"}, "'a' twice"},
        {{"guest=a", "guest=b"}, "twice"},
        {{"=a"}, "name of an option"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct limits_matrix matrix;
        struct reason reason = {""};

        assert_int_equal(limits_matrix_make(&matrix, &no_words, NULL, 0, cases[i].vary,
                                            cases[i].vary[1] ? 2 : 1, 1, &reason),
                         -EINVAL);
        if (!strstr(reason.text, cases[i].named))
            fail_msg("'%s' does not name '%s'", reason.text, cases[i].named);
    }
}

static void test_matrices_are_told_apart(void **state)
{
    static const char *const one[] = {"guest=tick,sleep"}, *const other[] = {"guest=sleep,tick"};
    char a[SHA256_TEXT_ROOM], b[SHA256_TEXT_ROOM], again[SHA256_TEXT_ROOM];
    struct limits_matrix matrix;

    (void)state;
    make(&matrix, NULL, 0, one, 1, 1);
    assert_int_equal(limits_matrix_sha256(&matrix, a), 0);
    limits_matrix_release(&matrix);
    make(&matrix, NULL, 0, other, 1, 1);
    assert_int_equal(limits_matrix_sha256(&matrix, b), 0);
    limits_matrix_release(&matrix);
    make(&matrix, NULL, 0, one, 1, 1);
    assert_int_equal(limits_matrix_sha256(&matrix, again), 0);
    limits_matrix_release(&matrix);
    assert_string_not_equal(a, b);
    assert_string_equal(a, again);
}

static void test_order_is_that_of_the_seed(void **state)
{
    size_t order[100], again[100], other[100];
    bool seen[100] = {false};

    (void)state;
    limits_order(order, 100, false, 1);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(order[i], i);
    limits_order(order, 100, true, 1);
    limits_order(again, 100, true, 1);
    limits_order(other, 100, true, 2);
    assert_memory_equal(order, again, sizeof(order));
    assert_memory_not_equal(order, other, sizeof(order));
    for (size_t i = 0; i < 100; i++)
        seen[order[i]] = true;
    for (size_t i = 0; i < 100; i++)
        assert_true(seen[i]);
}

/* A host of files in a folder of its own. */
static void make_host(char root[64], const char *available)
{
    char path[256], line[128];

    snprintf(root, 64, "/tmp/mvm-test-limits-XXXXXX");
    assert_non_null(mkdtemp(root));
    static const char *const folders[] = {"proc", "sys", "sys/kernel", "sys/kernel/mm", "sys/kernel/mm/ksm"};

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", root, folders[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    snprintf(path, sizeof(path), "%s/proc/meminfo", root);
    snprintf(line, sizeof(line), "MemTotal: 2000000 kB\nMemAvailable: %s kB\n", available);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);

    assert_int_equal(write(fd, line, strlen(line)), strlen(line));
    close(fd);
    snprintf(path, sizeof(path), "%s/sys/kernel/mm/ksm/run", root);
    fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, "0\n", 2), 2);
    close(fd);
}

static void remove_host(const char *root)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -r %s", root);
    assert_int_equal(system(command), 0);
}

static char ksm_of(const char *root)
{
    char text[8] = "";

    procfile_text(root, "/sys/kernel/mm/ksm/run", text, sizeof(text));
    return text[0];
}

static int hang(void *context)
{
    (void)context;
    sleep(60);
    return 0;
}

static int beat_and_end(void *context)
{
    struct watchdog *watchdog = context;

    watchdog_beat(watchdog->board, 42, 60 * NS_PER_SECOND);
    clock_sleep_until(clock_now_ns() + 300 * NS_PER_MILLISECOND);
    return 7;
}

static bool no(void *context)
{
    (void)context;
    return false;
}

static struct watchdog begin(const char *root)
{
    struct watchdog watchdog = {.pid = -1};
    struct reason reason = {""};
    const struct watchdog_settings settings = {.memory_floor_bytes = 100 << 20, .root = root};

    if (watchdog_start(&watchdog, &settings, &reason) < 0)
        fail_msg("%s", reason.text);
    assert_true(watchdog.board->ready);
    return watchdog;
}

static void test_a_run_that_lives_is_left_alone(void **state)
{
    char root[64];

    (void)state;
    make_host(root, "1000000");
    struct watchdog watchdog = begin(root);

    assert_int_equal(watchdog_run(&watchdog, beat_and_end, no, &watchdog, 10 * NS_PER_SECOND, NULL), 7);
    assert_false(watchdog.board->killed);
    assert_int_equal(watchdog.board->vms, 42);
    watchdog_stop(&watchdog);
    remove_host(root);
}

static void test_a_run_without_a_sign_of_life_is_ended(void **state)
{
    char root[64];

    (void)state;
    make_host(root, "1000000");
    struct watchdog watchdog = begin(root);

    assert_int_equal(watchdog_run(&watchdog, hang, no, &watchdog, NS_PER_SECOND / 2, NULL), 128 + SIGKILL);
    assert_true(watchdog.board->killed);
    assert_false(watchdog.board->for_memory);
    assert_non_null(strstr(watchdog.board->verdict, "sign of life"));
    /* The next one is not judged by what was. */
    assert_int_equal(watchdog_run(&watchdog, beat_and_end, no, &watchdog, 10 * NS_PER_SECOND, NULL), 7);
    assert_false(watchdog.board->killed);
    watchdog_stop(&watchdog);
    remove_host(root);
}

static void test_a_run_is_ended_before_memory_is(void **state)
{
    char root[64];

    (void)state;
    make_host(root, "90000");
    struct watchdog watchdog = begin(root);

    assert_int_equal(watchdog_run(&watchdog, hang, no, &watchdog, 60 * NS_PER_SECOND, NULL), 128 + SIGKILL);
    assert_true(watchdog.board->killed);
    assert_true(watchdog.board->for_memory);
    assert_non_null(strstr(watchdog.board->verdict, "87 MiB"));
    watchdog_stop(&watchdog);
    remove_host(root);
}

static void test_settings_come_back_when_their_changer_is_killed(void **state)
{
    char root[64];
    int told[2];
    pid_t guarded = 0;

    (void)state;
    make_host(root, "1000000");
    assert_int_equal(pipe(told), 0);
    pid_t changer = fork();

    if (changer == 0) {
        struct watchdog watchdog = begin(root);
        pid_t run;

        if (knob_set(&watchdog.board->journal, root, "ksm", "on", NULL) < 0)
            _exit(1);
        run = fork();
        if (run == 0) {
            close(watchdog.life);
            _exit(hang(NULL));
        }
        atomic_store(&watchdog.board->run, run);
        watchdog_beat(watchdog.board, 1, 60 * NS_PER_SECOND);
        if (write(told[1], &run, sizeof(run)) != (ssize_t)sizeof(run))
            _exit(1);
        pause();
    }
    close(told[1]);
    assert_int_equal(read(told[0], &guarded, sizeof(guarded)), sizeof(guarded));
    assert_int_equal(ksm_of(root), '1');
    kill(changer, SIGKILL);
    waitpid(changer, NULL, 0);
    for (int i = 0; i < 100 && (ksm_of(root) != '0' || kill(guarded, 0) == 0); i++)
        clock_sleep_until(clock_now_ns() + 50 * NS_PER_MILLISECOND);
    assert_int_equal(ksm_of(root), '0');
    /* Whoever reaps orphans here may not have done so yet; a process that was killed sleeps no more. */
    char path[64], text[512] = "";

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)guarded);
    procfile_text("", path, text, sizeof(text));
    assert_null(strstr(text, ") S"));
    close(told[0]);
    remove_host(root);
}

static void test_settings_of_the_host(void **state)
{
    struct knob_journal *journal = calloc(1, sizeof(*journal));
    struct reason reason = {""};
    char root[64];

    (void)state;
    make_host(root, "1000000");
    assert_int_equal(knob_set(journal, root, "ksm", "off", &reason), 0);
    assert_int_equal(journal->count, 0); /* it was off */
    assert_int_equal(knob_probe(root, "ksm", "on", &reason), 0);
    assert_int_equal(ksm_of(root), '0');
    assert_int_equal(knob_set(journal, root, "ksm", "on", &reason), 0);
    assert_int_equal(ksm_of(root), '1');
    assert_int_equal(knob_set(journal, root, "ksm", "perhaps", &reason), -EINVAL);
    assert_non_null(strstr(reason.text, "perhaps"));
    assert_int_equal(knob_set(journal, root, "thp", "never", &reason), -ENODEV);
    assert_int_equal(knob_set(journal, root, "governor", "performance", &reason), -ENODEV);
    assert_non_null(strstr(reason.text, "cpufreq"));
    assert_int_equal(knob_set(journal, root, "zram", "off", &reason), 0);
    assert_int_equal(knob_set(journal, root, "zram", "much", &reason), -EINVAL);
    assert_int_equal(knob_set(journal, root, "zram", "64M", &reason), -ENODEV);
    assert_non_null(strstr(reason.text, "zram"));
    assert_int_equal(knob_journal_undo(journal, root), 0);
    assert_int_equal(journal->count, 0);
    assert_int_equal(ksm_of(root), '0');
    free(journal);
    remove_host(root);
}

/* In a child, since the group is entered by the whole process: 32 MiB are taken, and the account tells. */
static int take_and_tell(struct knob_journal *journal)
{
    enum { TAKEN = 32 << 20, SLACK = 4 << 20 };
    struct host_account account;
    uint64_t memory, more, cpu, later;

    if (host_account_enter(&account, journal, NULL) < 0)
        return 77;
    bool known = host_account_read(&account, &memory, &cpu);
    char *bytes = malloc(TAKEN);

    if (!known || !bytes)
        return 1;
    for (size_t i = 0; i < TAKEN; i += 512)
        ((volatile char *)bytes)[i] = 1;
    known = host_account_read(&account, &more, &later);
    free(bytes);
    host_account_close(&account);
    /* The kernel charges in lots of some tens of pages a CPU. */
    if (!known || later <= cpu)
        return 2;
    return more + SLACK >= memory + TAKEN && more <= memory + TAKEN + SLACK ? 0 : 3;
}

static void test_a_group_is_an_account_and_goes(void **state)
{
    struct knob_journal *journal =
        mmap(NULL, sizeof(*journal), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char path[KNOB_PATH];
    int status;

    (void)state;
    assert_true(journal != MAP_FAILED);
    pid_t child = fork();

    if (child == 0)
        _exit(take_and_tell(journal));
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status));
    snprintf(path, sizeof(path), "%s", journal->changes[0].path);
    assert_int_equal(knob_journal_undo(journal, ""), 0);
    munmap(journal, sizeof(*journal));
    if (WEXITSTATUS(status) == 77) {
        print_message("no control group that counts memory and CPU can be made here\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(access(path, F_OK), -1);
}

static void test_the_study_is_what_the_data_say(void **state)
{
    size_t count;
    const struct limits_study *rows = limits_study_rows(&count);

    (void)state;
    assert_int_equal(count, 16);
    assert_string_equal(rows[15].name, "II.8");
    const struct limits_study *row = limits_study_find("I.6");

    assert_non_null(row);
    assert_true(row->sleep && row->kvm && !row->power_saving);
    assert_int_equal((int)row->vms, 87202);
    assert_null(limits_study_find("III.1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_every_combination),
        cmocka_unit_test(test_one_row_without_anything_given),
        cmocka_unit_test(test_what_cannot_be_varied_is_refused),
        cmocka_unit_test(test_matrices_are_told_apart),
        cmocka_unit_test(test_order_is_that_of_the_seed),
        cmocka_unit_test(test_a_run_that_lives_is_left_alone),
        cmocka_unit_test(test_a_run_without_a_sign_of_life_is_ended),
        cmocka_unit_test(test_a_run_is_ended_before_memory_is),
        cmocka_unit_test(test_settings_come_back_when_their_changer_is_killed),
        cmocka_unit_test(test_settings_of_the_host),
        cmocka_unit_test(test_a_group_is_an_account_and_goes),
        cmocka_unit_test(test_the_study_is_what_the_data_say),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
