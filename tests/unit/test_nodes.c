/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Readings of other hosts: what they say, where they are, and many of them at a time. */
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
#include "near.h"
#include "node/exposition.h"
#include "node/node_address.h"
#include "node/nodes.h"
#include "result/sample_json.h"

static char *capture;
static size_t capture_length;

static int read_capture(void **state)
{
    char path[4096];
    struct reason reason;

    (void)state;
    snprintf(path, sizeof(path), "%s/node/metrics", getenv("MVM_TEST_DATA"));
    return file_read(path, 1 << 20, &capture, &capture_length, &reason);
}

static int drop_capture(void **state)
{
    (void)state;
    free(capture);
    return 0;
}

/* The capture, with the first `from` replaced. malloc'd. */
static char *with(const char *from, const char *to)
{
    const char *at = strstr(capture, from);
    char *text = NULL;

    assert_non_null(at);
    assert_true(asprintf(&text, "%.*s%s%s", (int)(at - capture), capture, to, at + strlen(from)) > 0);
    return text;
}

static void test_exposition(void **state)
{
    struct exposition_devices devices = {.known = false};
    struct host_reading reading;
    struct host_limits limits;
    struct reason reason;

    (void)state;
    assert_int_equal(exposition_read(capture, capture_length, &devices, &reading, &limits, &reason), 0);
    assert_int_equal(reading.cpus, 2);
    /* Guests' time is in user and nice, too. */
    assert_int_equal(reading.cpu.user, 2136624 + 2135877 - 718 - 684);
    assert_int_equal(reading.cpu.nice, 777763 + 792347 - 2);
    assert_int_equal(reading.cpu.guest, 718 + 684 + 2);
    assert_int_equal(reading.cpu.idle, 1547168 + 1546207);
    assert_int_equal(reading.cpu.steal, 70860 + 73559);
    assert_int_equal(reading.memory.total, UINT64_C(25276510208));
    assert_int_equal(reading.memory.available, UINT64_C(21517144064));
    assert_int_equal(reading.memory.file_cache, 2390724608 + 137125888 - 79900672);
    assert_true(reading.pressure.known);
    assert_true(reading.sockets.known);
    assert_int_equal(reading.tasks, 447);
    assert_int_equal(reading.files_open, 4013);
    assert_int_equal(reading.oom_kills, 55);
    assert_int_equal(limits.tasks, 32768);
    assert_int_equal(limits.files, 2466177);
    /* zram0 is no disk; eth0's speed is unknown (negative). */
    assert_int_equal(devices.disk_count, 1);
    assert_string_equal(devices.disks[0], "vda");
    assert_int_equal(reading.disk.read_bytes, UINT64_C(17932998656));
    assert_int_equal(reading.disk.busy_ms[0], 683264);
    assert_int_equal(reading.network.link_count, 0);
    assert_near(reading.unix_seconds, 1795889665.787, 0.001);
    assert_int_equal(reading.at_ns / NS_PER_SECOND, 1795889665);
}

static void test_exposition_usage(void **state)
{
    /* Two seconds of two CPUs later, 0.8 of them not idle. */
    char *text = with("{cpu=\"0\",mode=\"idle\"} 15471.68", "{cpu=\"0\",mode=\"idle\"} 15474.88"), *other;
    struct exposition_devices devices = {.known = false};
    struct host_reading before, after;
    struct host_limits limits;
    struct host_usage usage;
    struct reason reason;

    (void)state;
    assert_int_equal(exposition_read(capture, capture_length, &devices, &before, &limits, &reason), 0);
    other = strstr(text, "node_time_seconds 1.7958896657870991e+09");
    memcpy(other, "node_time_seconds 1.7958896677870991e+09", 40);
    assert_int_equal(exposition_read(text, strlen(text), &devices, &after, &limits, &reason), 0);
    host_usage(&before, &after, &limits, NULL, NULL, &usage);
    assert_near(usage.percent[RESOURCE_CPU], 20, 0.01);
    assert_near(usage.percent[RESOURCE_MEMORY], 100 * (1 - 21517144064.0 / 25276510208.0), 1e-6);
    assert_true(usage.known[RESOURCE_PIDS]);
    assert_false(usage.known[RESOURCE_SWAP]);
    free(text);
}

static void test_exposition_refused(void **state)
{
    static const struct {
        const char *from, *to, *words;
    } cases[] = {
        {"node_time_seconds 1.7958896657870991e+09", "", "node_time_seconds"},
        {"node_memory_MemAvailable_bytes 2", "node_memory_MemAvailable_pages 2",
         "node_memory_MemAvailable_bytes"},
        {"node_memory_MemTotal_bytes 2", "node_memory_MemTotal_bytes -2", "node_memory_MemTotal_bytes"},
        {"node_memory_MemTotal_bytes 2", "node_memory_MemTotal_bytes NaN #", "text format"},
        {"node_memory_MemFree_bytes 1", "node_memory_MemFree_bytes +Inf\n# ", "node_memory_MemFree_bytes"},
        {"node_filefd_maximum 2.466177e+06", "node_filefd_maximum 0x10", "text format"},
        {"node_filefd_maximum 2.466177e+06", "node_filefd_maximum 1e99", "node_filefd_maximum"},
        {"node_filefd_maximum 2.466177e+06", "node_filefd_maximum 1 2 3", "text format"},
        {"mode=\"idle\"}", "mode=\"idle}", "text format"},
        {"mode=\"idle\"}", "mode=\"idle\\\"}", "text format"},
        {"mode=\"idle\"}", "mode=idle}", "text format"},
        {"node_filefd_allocated 4", "<html>", "text format"},
    };
    struct host_reading reading;
    struct host_limits limits;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *text = with(cases[i].from, cases[i].to);
        struct exposition_devices devices = {.known = false};
        struct reason reason = {""};

        assert_int_equal(exposition_read(text, strlen(text), &devices, &reading, &limits, &reason), -EINVAL);
        assert_non_null(strstr(reason.text, cases[i].words));
        assert_false(devices.known);
        free(text);
    }
    struct exposition_devices devices = {.known = false};
    assert_int_equal(exposition_read("", 0, &devices, &reading, &limits, NULL), -EINVAL);
}

/* Every beginning of it is read or refused; each is a block of its own, so that a byte too far is seen. */
static void test_exposition_cut(void **state)
{
    unsigned refused = 0;

    (void)state;
    for (size_t length = 0; length < capture_length; length += 1 + length / 97) {
        struct exposition_devices devices = {.known = false};
        struct host_reading reading;
        struct host_limits limits;
        char *text = malloc(length + 1);

        memcpy(text, capture, length);
        char *exact = realloc(text, length ? length : 1);
        refused += exposition_read(exact, length, &devices, &reading, &limits, NULL) < 0;
        free(exact);
    }
    assert_true(refused > 100);
}

/* Disks keep their place when one goes away and another comes. */
static void test_exposition_devices(void **state)
{
    static const char *const io = "node_disk_io_time_seconds_total{device=\"vda\"} 683.264";
    char *two = with(io, "node_disk_io_time_seconds_total{device=\"sda\"} 7\n"
                         "node_disk_io_time_seconds_total{device=\"vda\"} 8"),
         *later = with(io, "node_disk_io_time_seconds_total{device=\"aaa\"} 9\n"
                           "node_disk_io_time_seconds_total{device=\"vda\"} 10");
    struct exposition_devices devices = {.known = false};
    struct host_reading reading;
    struct host_limits limits;

    (void)state;
    assert_int_equal(exposition_read(two, strlen(two), &devices, &reading, &limits, NULL), 0);
    assert_int_equal(reading.disk.disks, 2);
    assert_int_equal(reading.disk.busy_ms[1], 8000);
    assert_int_equal(exposition_read(later, strlen(later), &devices, &reading, &limits, NULL), 0);
    assert_int_equal(reading.disk.disks, 2);
    assert_int_equal(reading.disk.busy_ms[0], 0);
    assert_int_equal(reading.disk.busy_ms[1], 10000);
    free(two);
    free(later);

    /* A link with an address of its own and a speed; a tap has the latter alone. */
    char *link = with("node_network_speed_bytes{device=\"eth0\"} -125000",
                      "node_network_speed_bytes{device=\"tap0\"} 1.25e+06\n"
                      "node_network_speed_bytes{device=\"eth0\"} 1.25e+08");
    memset(&devices, 0, sizeof(devices));
    assert_int_equal(exposition_read(link, strlen(link), &devices, &reading, &limits, NULL), 0);
    assert_int_equal(reading.network.link_count, 1);
    assert_int_equal(limits.link_bits, 1000000000);
    assert_true(reading.network.links[0].received_bytes > 0);
    assert_int_equal(exposition_read(link, strlen(link), &devices, &reading, &limits, NULL), 0);
    assert_int_equal(reading.network.links[0].bits_per_second, 1000000000);
    free(link);
}

static void test_addresses(void **state)
{
    static const struct {
        const char *url, *user, *host, *port, *path, *shown;
    } good[] = {
        {"ssh://root@compute-1.example", "root", "compute-1.example", "", "", NULL},
        {"ssh://node:2222/usr/local/bin/mvm", "", "node", "2222", "/usr/local/bin/mvm", NULL},
        {"ssh://[fe80::1]:22", "", "fe80::1", "22", "", NULL},
        {"http://node:9100", "", "node", "9100", "", "http://node:9100/metrics"},
        {"https://10.0.0.7/a/metrics?x=1", "", "10.0.0.7", "", "", NULL},
    };
    static const char *const bad[] = {
        "",
        "node",
        "ftp://node",
        "ssh://",
        "ssh://-oProxyCommand=x",
        "ssh://-x@node",
        "ssh://root@-x",
        "ssh://a b",
        "ssh://node;reboot",
        "ssh://$(reboot)",
        "ssh://node/mvm;reboot",
        "ssh://node/bin/mvm --x",
        "ssh://root:secret@node",
        "http://user@node:9100/metrics",
        "http://user:secret@node:9100/metrics",
        "http://node:0/metrics",
        "http://node:65536/metrics",
        "http://node:9100x/metrics",
        "http://node:/metrics",
        "http://[node]/metrics",
        "http://node/metrics#x",
        "http://node/\x01",
        "http://no\nde/",
    };
    struct node_address address;
    struct reason reason;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(node_address_parse(good[i].url, &address, &reason), 0);
        assert_string_equal(address.user, good[i].user);
        assert_string_equal(address.host, good[i].host);
        assert_string_equal(address.port, good[i].port);
        assert_string_equal(address.path, good[i].path);
        assert_string_equal(address.url, good[i].shown ? good[i].shown : good[i].url);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(node_address_parse(bad[i], &address, &reason), -EINVAL);
        assert_null(strstr(reason.text, "secret"));
    }
}

static void test_words(void **state)
{
    static const char *const words[] = {"one=http://a:1/x?y=1", "ssh://root@{host}",
                                        "two=ssh://b/bin/{host}"};
    static const struct {
        const char *words[2];
        const char *sentence;
    } bad[] = {
        {{"ssh://node"}, "NAME=URL"},
        {{"ssh://{host}", "http://{host}"}, "one URL for all"},
        {{"a=ssh://x", "a=ssh://y"}, "twice"},
        {{"a;b=ssh://x"}, "NAME=URL"},
        {{"=ssh://x"}, "NAME=URL"},
        {{"a=node"}, "takes a URL"},
        {{"ssh://root:secret@{host}"}, "password"},
    };
    struct node_address address;
    struct reason reason;
    char name[NODE_NAME_ROOM];

    (void)state;
    assert_int_equal(node_words_check(words, 3, &reason), 0);
    assert_int_equal(node_words_address(words, 3, "one", &address, &reason), 0);
    assert_string_equal(address.url, "http://a:1/x?y=1");
    assert_int_equal(node_words_address(words, 3, "two", &address, &reason), 0);
    assert_string_equal(address.path, "/bin/two");
    assert_int_equal(node_words_address(words, 3, "three", &address, &reason), 0);
    assert_string_equal(address.url, "ssh://root@three");
    assert_int_equal(node_words_address(words, 1, "three", &address, &reason), -ENOENT);
    assert_int_equal(node_words_address(words, 3, "x -oProxyCommand=y", &address, &reason), -EINVAL);
    assert_int_equal(node_words_address(words, 3, "-oProxyCommand=y", &address, &reason), -EINVAL);
    assert_string_equal(node_word_name(words[0], name), "one");
    assert_null(node_word_name(words[1], name));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(node_words_check(bad[i].words, bad[i].words[1] ? 2 : 1, &reason), -EINVAL);
        assert_non_null(strstr(reason.text, bad[i].sentence));
    }
}

static char *dump(json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);

    json_decref(json);
    return text;
}

static void test_sample_json(void **state)
{
    const struct sample_host host = {.tool_version = "1",
                                     .name = "a\x1b",
                                     .ticks_per_second = 100,
                                     .limits = {.cpus = 3, .files = UINT64_MAX}};
    struct sample_host host_again;
    struct host_reading reading, again;
    struct reason reason;

    (void)state;
    memset(&reading, 0, sizeof(reading));
    reading = (struct host_reading){.at_ns = UINT64_MAX,
                                    .unix_seconds = 1.5,
                                    .cpus = 3,
                                    .cpu = {.user = 7, .iowait = 9},
                                    .memory = {.total = 5, .swap_free = 6},
                                    .pressure = {.known = true, .memory_full = 12},
                                    .disk = {.reads = 1, .busy_ms = {4, 5}, .disks = 2},
                                    .network = {.links = {{1, 2, 3}}, .link_count = 1, .loopback_packets = 8},
                                    .oom_kills = 2};
    char *line = dump(sample_host_json(&host));
    assert_int_equal(sample_host_read(&host_again, line, strlen(line), &reason), 0);
    assert_int_equal(host_again.limits.cpus, 3);
    assert_int_equal(host_again.limits.files, UINT64_MAX);
    assert_int_equal(sample_reading_read(&again, line, strlen(line), &reason), -EINVAL);
    free(line);
    line = dump(sample_reading_json(&reading));
    assert_int_equal(sample_reading_read(&again, line, strlen(line), &reason), 0);
    assert_memory_equal(&again.memory, &reading.memory, sizeof(reading.memory));
    assert_memory_equal(&again.cpu, &reading.cpu, sizeof(reading.cpu));
    assert_int_equal(again.at_ns, UINT64_MAX);
    assert_int_equal(again.disk.disks, 2);
    assert_int_equal(again.disk.busy_ms[1], 5);
    assert_int_equal(again.network.link_count, 1);
    assert_int_equal(again.network.links[0].bits_per_second, 3);
    assert_true(again.pressure.known);
    assert_false(again.sockets.known);
    assert_int_equal(again.oom_kills, 2);
    /* Cut, or with more disks than there is room for. */
    for (size_t length = 0; length < strlen(line); length++)
        assert_int_equal(sample_reading_read(&again, line, length, &reason), -EINVAL);
    free(line);
    json_t *json = sample_reading_json(&reading), *disks = json_array();
    for (int i = 0; i <= HOST_DISKS; i++)
        json_array_append_new(disks, json_pack("{s:i}", "busy_ms", i));
    json_object_set_new(json_object_get(json, "disk"), "disks", disks);
    line = dump(json);
    assert_int_equal(sample_reading_read(&again, line, strlen(line), &reason), -EINVAL);
    assert_non_null(strstr(reason.text, ".disk.disks has too many elements"));
    free(line);
}

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
    char *text = with("node_time_seconds 1.7958896657870991e+09\n", ""), head[128], stamp[64];

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
    "*) echo \"$host\" ;;\n"
    "esac\n"
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
                                       "ssh://wrong", "ssh://large",   "ssh://short"};
    static const char *const mute[] = {"ssh://mute"}, *const late[] = {"ssh://late"},
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
    ask_all(nodes);
    assert_int_equal(nodes_take(nodes, 0, &reading, &reason), 1);
    assert_unread(nodes, 1, "Permission denied");
    assert_unread(nodes, 6, "the connection has ended");
    nodes_close(nodes);
    /* What reads to the end of its input has come to it. */
    assert_int_equal(file_read("ended", 4096, &ended, &length, &reason), 0);
    assert_non_null(strstr(ended, "good\n"));
    free(ended);

    nodes = open_nodes(mute, 1, SHORT_MS, LONG_MS, LONG_MS);
    ask_all(nodes);
    assert_unread(nodes, 0, "no answer of ssh in time");
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
        cmocka_unit_test(test_exposition),
        cmocka_unit_test(test_exposition_usage),
        cmocka_unit_test(test_exposition_refused),
        cmocka_unit_test(test_exposition_cut),
        cmocka_unit_test(test_exposition_devices),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_sample_json),
        cmocka_unit_test(test_http),
        cmocka_unit_test(test_ssh),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, read_capture, drop_capture);
}
