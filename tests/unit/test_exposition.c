/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What other hosts say, where they are, and that nothing else is taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/reason.h"
#include "near.h"
#include "node/exposition.h"
#include "node/node_address.h"
#include "node_capture.h"
#include "result/sample_json.h"

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
    char *text = capture_with("{cpu=\"0\",mode=\"idle\"} 15471.68", "{cpu=\"0\",mode=\"idle\"} 15474.88"),
         *other;
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
        char *text = capture_with(cases[i].from, cases[i].to);
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
    char *two = capture_with(io, "node_disk_io_time_seconds_total{device=\"sda\"} 7\n"
                                 "node_disk_io_time_seconds_total{device=\"vda\"} 8"),
         *later = capture_with(io, "node_disk_io_time_seconds_total{device=\"aaa\"} 9\n"
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
    char *link = capture_with("node_network_speed_bytes{device=\"eth0\"} -125000",
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
    };
    return cmocka_run_group_tests(tests, capture_read, capture_drop);
}
