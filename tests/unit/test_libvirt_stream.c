/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Serial ports by stream, on a libvirt of the test's own: a daemon that answers, floods, ends, and stands
 * still. */
#define LIBVIRT_LIBRARY_LOADS /* names are those of the struct's members here */
#include "engine/libvirt_stream.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { CONSOLES_MOST = 4, SENT_ROOM = 1 << 20, TIMEOUTS_MOST = 16 };

/* One VM's console, as the daemon has it. */
struct console {
    virStreamEventCallback callback;
    void *context;
    size_t says; /* bytes that it has still to say */
    bool ended, aborted, freed;
    char sent[SENT_ROOM]; /* what it was sent */
    size_t sent_count;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct console consoles[CONSOLES_MOST];
static size_t console_count;
static bool failed;    /* the last call, as libvirt keeps it */
static unsigned taken; /* how many times more a console is another VM's */
static bool stands_still, waited_for, loop_ends, takes_nothing;
static struct timeout {
    virEventTimeoutCallback callback;
    void *context;
} timeouts[TIMEOUTS_MOST];
static size_t timeout_count;

static void change(void)
{
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static struct console *ready_console(void)
{
    for (size_t i = 0; i < console_count; i++)
        if (consoles[i].callback && (consoles[i].says > 0 || consoles[i].ended))
            return &consoles[i];
    return NULL;
}

static void *loop(void *unused)
{
    pthread_mutex_lock(&lock);
    while (!loop_ends) {
        struct console *console = ready_console();

        if (timeout_count > 0) {
            struct timeout timeout = timeouts[--timeout_count];

            pthread_mutex_unlock(&lock);
            timeout.callback(1, timeout.context);
            pthread_mutex_lock(&lock);
        } else if (console) {
            virStreamEventCallback callback = console->callback;
            void *context = console->context;

            pthread_mutex_unlock(&lock);
            callback((virStreamPtr)console, VIR_STREAM_EVENT_READABLE, context);
            pthread_mutex_lock(&lock);
        } else {
            pthread_cond_wait(&changed, &lock);
        }
    }
    pthread_mutex_unlock(&lock);
    return unused;
}

static virDomainPtr fake_lookup(virConnectPtr connection, const char *name)
{
    (void)connection;
    return strcmp(name, "none") == 0 ? NULL : (virDomainPtr)&consoles;
}

static int fake_domain_free(virDomainPtr domain)
{
    (void)domain;
    return 0;
}

static virStreamPtr fake_new(virConnectPtr connection, unsigned flags)
{
    (void)connection;
    assert_int_equal(flags, VIR_STREAM_NONBLOCK);
    pthread_mutex_lock(&lock);
    struct console *console = &consoles[console_count++];

    change();
    return (virStreamPtr)console;
}

static int fake_open(virDomainPtr domain, const char *device, virStreamPtr stream, unsigned flags)
{
    (void)domain;
    (void)stream;
    (void)flags;
    assert_null(device);
    if (taken == 0)
        return 0;
    taken--;
    failed = true;
    return -1;
}

static int fake_add_callback(virStreamPtr stream, int events, virStreamEventCallback callback, void *context,
                             virFreeCallback free_context)
{
    struct console *console = (struct console *)stream;

    assert_int_equal(events, VIR_STREAM_EVENT_READABLE);
    assert_null(free_context);
    pthread_mutex_lock(&lock);
    console->callback = callback;
    console->context = context;
    change();
    return 0;
}

static int fake_remove_callback(virStreamPtr stream)
{
    struct console *console = (struct console *)stream;

    pthread_mutex_lock(&lock);
    assert_non_null(console->callback);
    console->callback = NULL;
    change();
    return 0;
}

static int fake_receive(virStreamPtr stream, char *bytes, size_t room)
{
    struct console *console = (struct console *)stream;

    pthread_mutex_lock(&lock);
    size_t count = console->says < room ? console->says : room;
    int got = count > 0 ? (int)count : console->ended ? 0 : -2;

    memset(bytes, 'v', count);
    console->says -= count;
    change();
    return got;
}

static int fake_send(virStreamPtr stream, const char *bytes, size_t count)
{
    struct console *console = (struct console *)stream;

    pthread_mutex_lock(&lock);
    while (stands_still) {
        waited_for = true;
        pthread_cond_broadcast(&changed);
        pthread_cond_wait(&changed, &lock);
    }
    if (takes_nothing) {
        change();
        return -1;
    }
    assert_true(console->sent_count + count <= SENT_ROOM);
    memcpy(console->sent + console->sent_count, bytes, count);
    console->sent_count += count;
    change();
    return (int)count;
}

static int fake_abort(virStreamPtr stream)
{
    struct console *console = (struct console *)stream;

    pthread_mutex_lock(&lock);
    assert_null(console->callback);
    console->aborted = true;
    change();
    return 0;
}

static int fake_free(virStreamPtr stream)
{
    struct console *console = (struct console *)stream;

    pthread_mutex_lock(&lock);
    assert_true(console->aborted || !console->context); /* one that was never open is only freed */
    console->freed = true;
    change();
    failed = false;
    return 0;
}

static int fake_add_timeout(int frequency, virEventTimeoutCallback callback, void *context,
                            virFreeCallback free_context)
{
    assert_int_equal(frequency, 0);
    assert_null(free_context);
    pthread_mutex_lock(&lock);
    assert_true(timeout_count < TIMEOUTS_MOST);
    timeouts[timeout_count++] = (struct timeout){callback, context};
    change();
    return 1;
}

static int fake_remove_timeout(int timer)
{
    assert_int_equal(timer, 1);
    return 0;
}

static virErrorPtr fake_error(void)
{
    static virError error = {.code = VIR_ERR_OPERATION_FAILED};

    return failed ? &error : NULL;
}

static const char *fake_message(void)
{
    return "the fake's words";
}

struct fixture {
    struct libvirt_population population;
    struct libvirt_streams *streams;
    pthread_t loop;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    libvirt_library = (struct libvirt_library){
        .virDomainLookupByName = fake_lookup,
        .virDomainFree = fake_domain_free,
        .virDomainOpenConsole = fake_open,
        .virStreamNew = fake_new,
        .virStreamEventAddCallback = fake_add_callback,
        .virStreamEventRemoveCallback = fake_remove_callback,
        .virStreamRecv = fake_receive,
        .virStreamSend = fake_send,
        .virStreamAbort = fake_abort,
        .virStreamFree = fake_free,
        .virEventAddTimeout = fake_add_timeout,
        .virEventRemoveTimeout = fake_remove_timeout,
        .virGetLastErrorMessage = fake_message,
        .virGetLastError = fake_error,
    };
    memset(consoles, 0, sizeof(consoles));
    console_count = timeout_count = 0;
    stands_still = waited_for = loop_ends = takes_nothing = false;
    fixture->population = (struct libvirt_population){.lock = PTHREAD_MUTEX_INITIALIZER,
                                                      .wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    fixture->population.news_end = &fixture->population.news;
    assert_int_equal(pthread_create(&fixture->loop, NULL, loop, NULL), 0);
    assert_int_equal(libvirt_streams_open(&fixture->population, NULL, &fixture->streams, NULL), 0);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    assert_true(libvirt_streams_close(fixture->streams, 60 * NS_PER_SECOND));
    for (size_t i = 0; i < console_count; i++)
        assert_true(consoles[i].freed);
    pthread_mutex_lock(&lock);
    loop_ends = true;
    change();
    pthread_join(fixture->loop, NULL);
    while (fixture->population.news) {
        struct libvirt_news *next = fixture->population.news->next;

        free(fixture->population.news);
        fixture->population.news = next;
    }
    close(fixture->population.wake);
    free(fixture);
    return 0;
}

/* The population's end of the VM's serial port. */
static int join(struct fixture *fixture, uint64_t vm)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(libvirt_streams_join(fixture->streams, "one", vm, ends[1], NULL), 0);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return ends[0];
}

static void says(struct console *console, size_t bytes)
{
    pthread_mutex_lock(&lock);
    console->says += bytes;
    change();
}

/* Returns with the lock when a minute is over or `value` is at least that. */
static size_t sent_count_at_least(struct console *console, size_t least)
{
    uint64_t end_ns = clock_now_ns() + 60 * NS_PER_SECOND;
    const struct timespec end = {.tv_sec = (time_t)(end_ns / NS_PER_SECOND)};

    pthread_mutex_lock(&lock);
    while (console->sent_count < least &&
           pthread_cond_clockwait(&changed, &lock, CLOCK_MONOTONIC, &end) != ETIMEDOUT)
        continue;
    size_t count = console->sent_count;

    pthread_mutex_unlock(&lock);
    return count;
}

static void wait_until_freed(struct console *console)
{
    pthread_mutex_lock(&lock);
    while (!console->freed)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

static size_t read_some(int fd, size_t least)
{
    static char bytes[65536];
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    size_t count = 0;

    while (count < least && poll(&ready, 1, 60000) > 0) {
        ssize_t got = read(fd, bytes, sizeof(bytes));

        if (got <= 0)
            break;
        for (ssize_t i = 0; i < got; i++)
            assert_int_equal(bytes[i], 'v');
        count += (size_t)got;
    }
    return count;
}

static void bytes_go_both_ways_and_each_vm_has_its_own(void **state)
{
    int one = join(*state, 0), other = join(*state, 1);

    assert_int_equal(write(one, "?a\n", 3), 3);
    assert_int_equal(write(other, "?bc\n", 4), 4);
    assert_int_equal(sent_count_at_least(&consoles[0], 3), 3);
    assert_int_equal(sent_count_at_least(&consoles[1], 4), 4);
    assert_memory_equal(consoles[0].sent, "?a\n", 3);
    assert_memory_equal(consoles[1].sent, "?bc\n", 4);
    says(&consoles[1], 5);
    assert_int_equal(read_some(other, 5), 5);
    close(one);
    wait_until_freed(&consoles[0]);
    /* The other one goes on. */
    says(&consoles[1], 2);
    assert_int_equal(read_some(other, 2), 2);
    close(other);
}

static void a_domain_without_a_console_is_refused_in_libvirt_s_words(void **state)
{
    struct fixture *fixture = *state;
    struct reason reason = {""};
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(libvirt_streams_join(fixture->streams, "none", 0, ends[1], &reason), -EIO);
    assert_non_null(strstr(reason.text, "the fake's words"));
    assert_int_equal(read_some(ends[0], 1), 0); /* the other end was taken over */
    close(ends[0]);
}

static void a_console_that_is_taken_is_tried_again(void **state)
{
    taken = 2;
    int fd = join(*state, 0);

    assert_int_equal(console_count, 3);
    assert_int_equal(write(fd, "x", 1), 1);
    assert_int_equal(sent_count_at_least(&consoles[2], 1), 1);
    close(fd);
}

static void a_silent_vm_is_sent_only_so_much_until_it_speaks(void **state)
{
    static char bytes[LIBVIRT_UNHEARD_MOST + 5000];
    int fd = join(*state, 0), other = join(*state, 1);

    memset(bytes, 'm', sizeof(bytes));
    fcntl(fd, F_SETFL, 0);
    assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
    assert_int_equal(sent_count_at_least(&consoles[0], LIBVIRT_UNHEARD_MOST), LIBVIRT_UNHEARD_MOST);
    /* What comes later to another one has come when more would have come to this one. */
    assert_int_equal(write(other, "x", 1), 1);
    assert_int_equal(sent_count_at_least(&consoles[1], 1), 1);
    assert_int_equal(sent_count_at_least(&consoles[0], 0), LIBVIRT_UNHEARD_MOST);
    says(&consoles[0], 1);
    assert_int_equal(sent_count_at_least(&consoles[0], sizeof(bytes)), sizeof(bytes));
    close(fd);
    close(other);
}

static void what_nobody_reads_is_taken_from_the_daemon_all_the_same(void **state)
{
    int fd = join(*state, 0);

    says(&consoles[0], 64 << 20);
    pthread_mutex_lock(&lock);
    while (consoles[0].says > 0)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    /* What there was room for is there. */
    assert_true(read_some(fd, 1000) >= 1000);
    close(fd);
}

static void a_stream_that_ends_is_told_when_nobody_else_does(void **state)
{
    struct fixture *fixture = *state;
    struct pollfd told = {.fd = fixture->population.wake, .events = POLLIN};
    int fd = join(fixture, 7);

    says(&consoles[0], 3);
    pthread_mutex_lock(&lock);
    consoles[0].ended = true;
    change();
    assert_int_equal(read_some(fd, 1000), 3); /* and its end */
    wait_until_freed(&consoles[0]);
    assert_int_equal(poll(&told, 1, 60000), 1);
    pthread_mutex_lock(&fixture->population.lock);
    assert_int_equal(fixture->population.news->kind, LIBVIRT_CUT);
    assert_int_equal(fixture->population.news->vm, 7);
    assert_non_null(strstr(fixture->population.news->why, "lost its console's stream"));
    pthread_mutex_unlock(&fixture->population.lock);
    close(fd);
}

static void a_stream_that_takes_nothing_any_more_is_told(void **state)
{
    struct fixture *fixture = *state;
    struct pollfd told = {.fd = fixture->population.wake, .events = POLLIN};
    char nothing;
    int fd = join(fixture, 7);

    pthread_mutex_lock(&lock);
    takes_nothing = true;
    pthread_mutex_unlock(&lock);
    assert_int_equal(write(fd, "?", 1), 1);
    wait_until_freed(&consoles[0]);
    assert_int_equal(read(fd, &nothing, 1), 0);
    assert_int_equal(poll(&told, 1, 60000), 1);
    pthread_mutex_lock(&fixture->population.lock);
    assert_int_equal(fixture->population.news->kind, LIBVIRT_CUT);
    assert_int_equal(fixture->population.news->vm, 7);
    assert_non_null(strstr(fixture->population.news->why, "lost its console's stream: the fake's words"));
    pthread_mutex_unlock(&fixture->population.lock);
    close(fd);
}

static void a_daemon_that_stands_still_is_given_up(void **state)
{
    struct fixture *fixture = *state;
    int fd = join(fixture, 0);

    pthread_mutex_lock(&lock);
    stands_still = true;
    change();
    assert_int_equal(write(fd, "x", 1), 1);
    pthread_mutex_lock(&lock);
    while (!waited_for)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    assert_false(libvirt_streams_close(fixture->streams, NS_PER_SECOND / 10));
    /* It takes something after all: what is left is ended in order. */
    pthread_mutex_lock(&lock);
    stands_still = false;
    change();
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bytes_go_both_ways_and_each_vm_has_its_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_domain_without_a_console_is_refused_in_libvirt_s_words, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_console_that_is_taken_is_tried_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_silent_vm_is_sent_only_so_much_until_it_speaks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_nobody_reads_is_taken_from_the_daemon_all_the_same, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_stream_that_ends_is_told_when_nobody_else_does, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stream_that_takes_nothing_any_more_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_daemon_that_stands_still_is_given_up, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
