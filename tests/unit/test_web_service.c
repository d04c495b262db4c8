/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A run's page and metrics beside its VMs: threads of clients, right ones and wrong ones, and the end of it.
 */
#include "base/random.h"
#include "base/reason.h"
#include "door/call.h"
#include "door/door.h"
#include "engine_fixture.h"
#include "web/web.h"

#include <dirent.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { CLIENTS = 4, REQUESTS = 60, VMS = 50, ANSWER_ROOM = 256 * 1024 };

#define LOCAL "Host: 127.0.0.1\r\n"
#define PAGE  "X-Mvm-Page: 1\r\n"

struct run {
    struct runs runs;
    struct run_directory directory;
    struct place place;
    _Atomic int failures;
};

struct browser {
    struct run *run;
    pthread_t thread;
    uint64_t seed;
};

static int connect_to(const struct place *place)
{
    const struct timeval patience = {.tv_sec = 120};
    union place_socket_address address;
    socklen_t size = place_address(place, 0, &address);
    int fd = socket(place->family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
                    connect(fd, &address.any, size) < 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Reads until `wanted` came, or the end when it is NULL. False: it never came. */
static bool read_until(int fd, const char *wanted)
{
    char *answer = calloc(1, ANSWER_ROOM);
    size_t count = 0;
    bool found = false, ended = false;

    while (answer && !found && !ended && count < ANSWER_ROOM - 1) {
        ssize_t got = recv(fd, answer + count, ANSWER_ROOM - 1 - count, 0);

        ended = got <= 0;
        count += got > 0 ? (size_t)got : 0;
        found = wanted && memmem(answer, count, wanted, strlen(wanted));
    }
    free(answer);
    return wanted ? found : ended;
}

static const struct {
    const char *request, *answer;
} rows[] = {
    {"GET / HTTP/1.1\r\n" LOCAL "\r\n", "<title>mvm</title>"},
    {"GET /metrics HTTP/1.1\r\n" LOCAL "\r\n", "mvm_vms{state=\"running\"} 50\n"},
    {"GET /metrics HTTP/1.1\r\n" LOCAL "Accept: application/openmetrics-text\r\n\r\n", "# EOF\n"},
    {"GET /figures HTTP/1.1\r\n" LOCAL "\r\n", "event: figures\ndata: {"},
    /* Two at once of one VM: one of them is told that it is busy. */
    {"GET /challenge?vm=3 HTTP/1.1\r\n" LOCAL PAGE "\r\n", "\"asked\":1"},
    {"GET /console?vm=4 HTTP/1.1\r\n" LOCAL PAGE "\r\n", "event: "},
    {"GET /console?vm=5&screen HTTP/1.1\r\n" LOCAL PAGE "\r\n", "event: "},
    {"GET /console?vm=50 HTTP/1.1\r\n" LOCAL PAGE "\r\n", "there is no VM 50"},
    {"GET /nothing HTTP/1.1\r\n" LOCAL "\r\n", " 404 "},
    {"GET / HTTP/1.1\r\nHost: other.example\r\n\r\n", " 421 "},
};

/* Changes some bytes: what comes of it is not looked at. */
static void spoil(char *text, size_t length, struct random *random)
{
    for (int i = 0; i < 3; i++)
        text[random_below(random, length)] = (char)random_below(random, 256);
}

static void *browse(void *argument)
{
    struct browser *browser = argument;
    struct random random = {.state = browser->seed};

    for (int i = 0; i < REQUESTS; i++) {
        size_t row = random_below(&random, sizeof(rows) / sizeof(rows[0]));
        bool wrong = random_below(&random, 3) == 0;
        char text[512];
        int fd = connect_to(&browser->run->place),
            length = snprintf(text, sizeof(text), "%s", rows[row].request);

        if (wrong)
            spoil(text, (size_t)length, &random);
        bool sent = fd >= 0 && send(fd, text, (size_t)length, MSG_NOSIGNAL) == length;

        if (!wrong && (!sent || !read_until(fd, rows[row].answer))) {
            print_message("no answer to: %s", rows[row].request);
            browser->run->failures++;
        }
        if (fd >= 0)
            close(fd);
    }
    return NULL;
}

static void stop_run(struct run *run)
{
    struct reason reason = {""};
    struct call call;
    json_t *answer = NULL;

    if (call_open(&run->runs, run->directory.name, CALL_PATIENCE_NS * 12, &call, &reason) < 0 ||
        call_do(&call, json_pack("{s:s}", "do", "stop"), CALL_PATIENCE_NS * 12, &answer, &reason) < 0) {
        print_message("%s\n", reason.text);
        abort(); /* the door would be served for ever */
    }
    json_decref(answer);
    call_close(&call);
}

static void *use(void *argument)
{
    struct run *run = argument;
    struct browser browsers[CLIENTS];

    for (size_t i = 0; i < CLIENTS; i++) {
        browsers[i] = (struct browser){.run = run, .seed = i + 1};
        assert_int_equal(pthread_create(&browsers[i].thread, NULL, browse, &browsers[i]), 0);
    }
    for (size_t i = 0; i < CLIENTS; i++)
        pthread_join(browsers[i].thread, NULL);
    stop_run(run);
    return NULL;
}

static size_t count_files(void)
{
    DIR *files = opendir("/proc/self/fd");
    size_t count = 0;

    while (readdir(files))
        count++;
    closedir(files);
    return count;
}

static void clients_of_all_kinds_are_served_beside_the_vms(void **state)
{
    char folder[] = "/tmp/mvm-test-XXXXXX", *words[] = {"vmm", "--workers", "2", NULL};
    struct fixture fixture;
    struct reason reason = {""};
    struct run run = {.failures = 0};
    struct door *door;
    struct web *web;
    pthread_t user;

    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(setenv("XDG_RUNTIME_DIR", folder, 1), 0);
    assert_int_equal(runs_open(&run.runs, true, &reason), 0);
    assert_int_equal(run_create(&run.runs, "web", NULL, &run.directory, &reason), 0);
    size_t files = count_files();

    open_engine(&fixture, "sleep", &(struct guest_settings){0}, 3, words);
    grow(&fixture, VMS);
    const struct door_setup door_setup = {.directory = &run.directory,
                                          .engine = fixture.engine,
                                          .image = &fixture.image,
                                          .image_name = "sleep",
                                          .goal = VMS};

    assert_int_equal(door_open(&door_setup, &door, &reason), 0);
    assert_int_equal(web_parse_place("web", "127.0.0.1:0", &run.place, &reason), 0);
    const struct web_setup web_setup = {
        .directory = &run.directory, .page = &run.place, .metrics = &run.place};

    assert_int_equal(web_start(&web_setup, &web, &reason), 0);
    run.place = *web_page(web);
    assert_int_not_equal(run.place.port, 0);
    assert_int_equal(pthread_create(&user, NULL, use, &run), 0);
    assert_int_equal(door_serve(door, fixture.population), DOOR_STOPPED);
    pthread_join(user, NULL);
    assert_int_equal(run.failures, 0);

    /* Nobody serves the door any more: an open page is told of the end all the same, who waits for metrics is
     * let go. */
    int page = connect_to(&run.place), metrics = connect_to(&run.place);

    assert_true(page >= 0 && metrics >= 0);
    assert_true(send(metrics, rows[1].request, strlen(rows[1].request), 0) > 0);
    assert_true(send(page, rows[3].request, strlen(rows[3].request), 0) > 0);
    assert_true(read_until(page, "\r\n\r\n"));
    web_stop(web);
    assert_true(read_until(page, "event: end"));
    assert_true(read_until(metrics, NULL));
    close(page);
    close(metrics);
    door_say_goodbye(door);
    door_close(door);
    close_engine(&fixture);
    assert_int_equal(count_files(), files);
    run_remove(&run.runs, &run.directory);
    /* What is there once there are runs, whichever. */
    assert_int_equal(unlinkat(run.runs.fd, ".lock", 0), 0);
    runs_close(&run.runs);
    assert_int_equal(rmdir(run.runs.path), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(clients_of_all_kinds_are_served_beside_the_vms)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
