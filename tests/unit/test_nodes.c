/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Readings of many hosts at a time, of which some lie, are slow, or go away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/reason.h"
#include "node/nodes.h"
#include "node_capture.h"

/* A node_exporter that misbehaves as the path of a request says. */
struct exporter {
    int fd;
    char port[8];
    pthread_t thread;
    double seconds; /* what the next answer's clock tells */
};

static void say(int fd, const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t put = send(fd, bytes, count, MSG_NOSIGNAL);

        if (put <= 0)
            return;
        bytes += put;
        count -= (size_t)put;
    }
}

static void answer(struct exporter *exporter, int fd, const char *request)
{
    static char zeros[65536];
    char *text = capture_with("node_time_seconds 1.7958896657870991e+09\n", ""), head[128], stamp[64];

    snprintf(stamp, sizeof(stamp), "node_time_seconds %.3f\n", exporter->seconds);
    if (!strstr(request, "/stopped"))
        exporter->seconds += 1;
    snprintf(head, sizeof(head), "HTTP/1.1 %s\r\nConnection: close\r\n\r\n",
             strstr(request, "/secret") ? "401 Unauthorized" : "200 OK");
    say(fd, head, strlen(head));
    if (strstr(request, "/huge"))
        for (int i = 0; i < 100; i++)
            say(fd, zeros, sizeof(zeros));
    say(fd, text, strlen(text) / (strstr(request, "/cut") ? 3 : 1));
    say(fd, stamp, strlen(stamp));
    free(text);
}

static void *serve(void *argument)
{
    struct exporter *exporter = argument;
    int silent = -1, fd;

    while ((fd = accept(exporter->fd, NULL, NULL)) >= 0) {
        char request[2048];
        ssize_t got = recv(fd, request, sizeof(request) - 1, 0);

        request[got > 0 ? got : 0] = '\0';
        if (strstr(request, "/silent") && silent < 0) {
            silent = fd;
            continue;
        }
        answer(exporter, fd, request);
        close(fd);
    }
    close(silent);
    return NULL;
}

static void begin_exporter(struct exporter *exporter)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);

    exporter->seconds = 1000;
    exporter->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(exporter->fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(exporter->fd, 100), 0);
    getsockname(exporter->fd, (struct sockaddr *)&address, &length);
    snprintf(exporter->port, sizeof(exporter->port), "%d", ntohs(address.sin_port));
    assert_int_equal(pthread_create(&exporter->thread, NULL, serve, exporter), 0);
}

static void end_exporter(struct exporter *exporter)
{
    shutdown(exporter->fd, SHUT_RDWR);
    pthread_join(exporter->thread, NULL);
    close(exporter->fd);
}

/* Begun; patience in milliseconds. */
static struct nodes *open_nodes(const char *const *urls, size_t count, unsigned begin_ms, unsigned answer_ms,
                                unsigned again_ms)
{
    struct nodes *nodes;
    struct reason reason;

    assert_int_equal(nodes_open(&nodes, &reason), 0);
    for (size_t i = 0; i < count; i++) {
        struct node_address address;

        assert_int_equal(node_address_parse(urls[i], &address, &reason), 0);
        assert_int_equal(nodes_add(nodes, &address, &reason), (int)i);
    }
    nodes_set_patience(nodes, begin_ms * NS_PER_MILLISECOND, answer_ms * NS_PER_MILLISECOND,
                       again_ms * NS_PER_MILLISECOND);
    assert_int_equal(nodes_start(nodes, &reason), 0);
    return nodes;
}

/* Longer than any machine takes, and shorter than anybody waits. */
enum { LONG_MS = 100000, SHORT_MS = 200 };

static void ask_all(struct nodes *nodes)
{
    nodes_ask(nodes);
    while (nodes_waiting(nodes) > 0)
        clock_sleep_until(clock_now_ns() + NS_PER_MILLISECOND);
}

/* That no reading of `index` came, and why. */
static void assert_unread(struct nodes *nodes, size_t index, const char *words)
{
    struct host_reading reading;
    struct reason reason = {""};

    assert_true(nodes_take(nodes, index, &reading, &reason) < 0);
    if (!strstr(reason.text, words))
        fail_msg("'%s' does not say '%s'", reason.text, words);
    assert_int_equal(nodes_take(nodes, index, &reading, &reason), 0);
}

static void test_http(void **state)
{
    static const char *const paths[] = {"metrics", "secret", "huge", "cut", "stopped"};
    enum { COUNT = sizeof(paths) / sizeof(paths[0]) };
    struct exporter exporter;
    char urls[COUNT + 1][64], silent[64];
    const char *list[COUNT + 1], *silent_list[] = {silent};
    struct host_reading reading;
    struct host_limits limits;
    struct reason reason;

    (void)state;
    struct node_address address;
    struct nodes *nodes;
    assert_int_equal(nodes_open(&nodes, &reason), 0);
    assert_int_equal(node_address_parse("http://node", &address, &reason), 0);
    int added = nodes_add(nodes, &address, &reason);
    nodes_close(nodes);
    if (added == -ENOTSUP)
        skip(); /* a build without libcurl */
    assert_int_equal(added, 0);
    begin_exporter(&exporter);
    for (size_t i = 0; i <= COUNT; i++) {
        snprintf(urls[i], sizeof(urls[i]), "http://127.0.0.1:%s/%s", i < COUNT ? exporter.port : "1",
                 i < COUNT ? paths[i] : "");
        list[i] = urls[i];
    }
    snprintf(silent, sizeof(silent), "http://127.0.0.1:%s/silent", exporter.port);
    nodes = open_nodes(list, COUNT + 1, LONG_MS, LONG_MS, LONG_MS);
    ask_all(nodes);
    assert_int_equal(nodes_take(nodes, 0, &reading, &reason), 1);
    assert_int_equal(reading.cpus, 2);
    assert_int_equal(nodes_take(nodes, 0, &reading, &reason), 0);
    nodes_limits(nodes, 0, &limits);
    assert_int_equal(limits.memory_total, UINT64_C(25276510208));
    assert_unread(nodes, 1, "401");
    assert_unread(nodes, 2, "4 MiB");
    assert_unread(nodes, 3, "text format");
    assert_int_equal(nodes_take(nodes, 4, &reading, &reason), 1);
    assert_unread(nodes, 5, "http://127.0.0.1:1/metrics: ");
    /* And again; a clock that goes back is noticed. */
    ask_all(nodes);
    assert_int_equal(nodes_take(nodes, 0, &reading, &reason), 1);
    exporter.seconds = 1;
    ask_all(nodes);
    assert_unread(nodes, 0, "clock");
    nodes_ask(nodes); /* what is under way ends with it */
    nodes_close(nodes);

    nodes = open_nodes(silent_list, 1, SHORT_MS, LONG_MS, LONG_MS);
    ask_all(nodes);
    assert_unread(nodes, 0, "no answer within 0.2 seconds");
    nodes_close(nodes);
    end_exporter(&exporter);
}

static const char fake_ssh[] =
    "#!/bin/sh\n"
    "while [ \"$1\" != -- ]; do shift; done\n"
    "host='{\"schema\":\"mvm-sample/1\",\"kind\":\"host\",\"tool_version\":\"1\",\"ticks_per_second\":100,"
    "\"limits\":{\"cpus\":2}}'\n"
    "case $2 in\n"
    "refused) echo banner >&2; printf 'Permission denied\\033 (publickey).' >&2; exit 255 ;;\n"
    "noisy) echo Welcome; cat >/dev/null ;;\n"
    "endless) cat /dev/zero ;;\n"
    "mute) cat >/dev/null ;;\n"
    "flood) exec yes >&2 ;;\n"
    "*) echo \"$host\" ;;\n"
    "esac\n"
    "[ $2 != chatty ] || exec yes "
    "'{\"schema\":\"mvm-sample/1\",\"kind\":\"reading\",\"at_ns\":1,\"unix_seconds\":1,\"cpus\":2,"
    "\"cpu_ticks\":{},\"memory_bytes\":{\"total\":7}}'\n"
    "n=0\n"
    "[ $2 != short ] || n=$(date +%s%N)\n"
    "while read -r _; do\n"
    "  n=$((n + 1))\n"
    "  [ $2 != wrong ] || { echo '{\"schema\":\"mvm-sample/1\",\"kind\":\"reading\"}'; continue; }\n"
    "  [ $2 != large ] || total=99999999999999999\n"
    "  [ $2 != late ] || [ $n != 2 ] || read -r _\n"
    "  echo '{\"schema\":\"mvm-sample/1\",\"kind\":\"reading\",\"at_ns\":'$n',\"unix_seconds\":1,\"cpus\":2,"
    "\"cpu_ticks\":{},\"memory_bytes\":{\"total\":'${total:-7}'}}'\n"
    "  [ $2 != short ] || exit 0\n"
    "done\n"
    "echo $2 >>ended\n";

/* Puts the fake ssh before others; what is to be undone is in `folder` and returned. */
static char *place_ssh(char *folder)
{
    char path[64], *before = strdup(getenv("PATH")), *value;
    FILE *to;

    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    snprintf(path, sizeof(path), "%s/ssh", folder);
    to = fopen(path, "w");
    fputs(fake_ssh, to);
    fclose(to);
    chmod(path, 0755);
    assert_true(asprintf(&value, "%s:%s", folder, before) > 0);
    setenv("PATH", value, 1);
    free(value);
    return before;
}

static void test_ssh(void **state)
{
    static const char *const urls[] = {"ssh://good",  "ssh://refused", "ssh://noisy", "ssh://endless",
                                       "ssh://wrong", "ssh://large",   "ssh://short", "ssh://chatty"};
    static const char *const mute[] = {"ssh://mute", "ssh://flood"}, *const late[] = {"ssh://late"},
                             *const shortly[] = {"ssh://short"};
    char folder[] = "/tmp/test-nodes-XXXXXX", *before = place_ssh(folder), *ended;
    struct host_reading reading;
    struct reason reason;
    size_t length;

    (void)state;
    struct nodes *nodes = open_nodes(urls, sizeof(urls) / sizeof(urls[0]), LONG_MS, LONG_MS, LONG_MS);
    ask_all(nodes);
    assert_int_equal(nodes_take(nodes, 0, &reading, &reason), 1);
    assert_int_equal(reading.memory.total, 7);
    assert_unread(nodes, 1, "ssh://refused: Permission denied? (publickey).");
    assert_unread(nodes, 2, "does a file of its shell print something?");
    assert_unread(nodes, 3, "without an end");
    assert_unread(nodes, 4, "missing");
    assert_unread(nodes, 5, "amount of memory");
    assert_int_equal(nodes_take(nodes, 6, &reading, &reason), 1);
    assert_int_equal(nodes_take(nodes, 7, &reading, &reason), 1);
    ask_all(nodes);
    assert_int_equal(nodes_take(nodes, 0, &reading, &reason), 1);
    assert_unread(nodes, 1, "Permission denied");
    assert_unread(nodes, 6, "the connection has ended");
    assert_unread(nodes, 7, "it says what was not asked");
    nodes_close(nodes);
    /* What reads to the end of its input has come to it. */
    assert_int_equal(file_read("ended", 4096, &ended, &length, &reason), 0);
    assert_non_null(strstr(ended, "good\n"));
    free(ended);

    nodes = open_nodes(mute, 2, SHORT_MS, LONG_MS, LONG_MS);
    ask_all(nodes);
    assert_unread(nodes, 0, "no answer of ssh in time");
    assert_unread(nodes, 1, "ssh://flood: "); /* its words, or that it had none in time */
    nodes_close(nodes);

    /* A connection that has ended is made again. */
    nodes = open_nodes(shortly, 1, LONG_MS, LONG_MS, 0);
    for (int answers = 0; answers < 3;) {
        ask_all(nodes);
        int got = nodes_take(nodes, 0, &reading, &reason);

        assert_true(got > 0 || strstr(reason.text, "the connection has ended"));
        answers += got > 0;
    }
    nodes_close(nodes);

    /* The answer to what was given up is not taken for another's. */
    nodes = open_nodes(late, 1, LONG_MS, SHORT_MS, LONG_MS);
    for (int turn = 0; turn < 3; turn++) {
        ask_all(nodes);
        if (turn == 0)
            assert_int_equal(nodes_take(nodes, 0, &reading, &reason), 1);
        else
            assert_unread(nodes, 0, "no answer within 0.2 seconds");
    }
    nodes_close(nodes);
    setenv("PATH", before, 1);
    free(before);
    unlink("ended");
    unlink("ssh");
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http),
        cmocka_unit_test(test_ssh),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, capture_read, capture_drop);
}
