/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What other hosts, and the cloud that names them, may say: expositions of a node_exporter and lines of `mvm
 * sample`, altered and of chance, and words in place of names.
 *
 *   fuzz-nodes [--seed N] [--count N] [--seconds S]
 *
 * It must hold that what is refused changes nothing and says why, that what is taken is within its bounds,
 * and that no name comes through that could be an option or a word of a shell.
 */
#include "base/reason.h"
#include "node/exposition.h"
#include "node/node_address.h"
#include "result/sample_json.h"
#include "round.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HANGS_AFTER_SECONDS = 20, TEXT_ROOM = 20000 };

static uint64_t taken, refused;

static const char *const names[] = {"node_cpu_seconds_total",
                                    "node_cpu_guest_seconds_total",
                                    "node_memory_MemTotal_bytes",
                                    "node_memory_MemFree_bytes",
                                    "node_memory_MemAvailable_bytes",
                                    "node_time_seconds",
                                    "node_disk_io_time_seconds_total",
                                    "node_disk_read_bytes_total",
                                    "node_network_receive_bytes_total",
                                    "node_network_speed_bytes",
                                    "node_network_address_assign_type",
                                    "node_filefd_maximum",
                                    "up",
                                    NULL};
static const char *const labels[] = {"",
                                     "{cpu=\"0\",mode=\"idle\"}",
                                     "{mode=\"user\",cpu=\"1\",}",
                                     "{device=\"vda\"}",
                                     "{device=\"a\\\"b\\\\\"}",
                                     "{device=\"eth0\" , x = \"\"}",
                                     "{}",
                                     "{device=\"",
                                     "{device=vda}",
                                     "{=\"\"}",
                                     NULL};
static const char *const values[] = {"0",    "1",   "7.25",  "1e9",  "2.5e+10", "-1", "NaN",  "+Inf", "1e400",
                                     "0x10", "1 2", "1 2 3", "1e-9", "",        "e",  "9e18", NULL};

/* What is needed, most of the time, in any order with lines of chance; then some bytes are others. */
static size_t make_exposition(char *text)
{
    static const char *const needed[] = {
        "node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} 5.5\n", "node_memory_MemTotal_bytes 1e10\n",
        "node_memory_MemFree_bytes 5e9\n", "node_memory_MemAvailable_bytes 6e9\n", "node_time_seconds 1e9\n"};
    size_t count = 0;

    for (unsigned i = 0; i < 5; i++)
        if (draw(40))
            count = append(text, TEXT_ROOM, count, needed[i]);
    for (unsigned i = draw(60); i-- > 0;) {
        char numbered[64];

        count = append(text, TEXT_ROOM, count, any(names));
        snprintf(numbered, sizeof(numbered), "{device=\"d%u\"}", draw(60));
        count = append(text, TEXT_ROOM, count, draw(2) ? any(labels) : numbered);
        count = append(text, TEXT_ROOM, count, draw(20) ? " " : "");
        count = append(text, TEXT_ROOM, count, draw(3) ? "1.5e3" : any(values));
        count = append(text, TEXT_ROOM, count, draw(20) ? "\n" : "\r\n#");
    }
    for (unsigned i = draw(4) ? 0 : draw(5); i-- > 0 && count > 0;)
        text[draw((unsigned)count)] = (char)draw(256);
    return count;
}

static void try_exposition(void)
{
    char *text = malloc(TEXT_ROOM);
    struct exposition_devices devices = {.known = false}, before;

    if (!text)
        fail("no memory", "", 0);
    /* Twice: the second has other devices, of which those of the first are known. */
    for (int turn = 0; turn < 2; turn++) {
        size_t length = make_exposition(text);
        char *exact = malloc(length ? length : 1); /* so that a byte too far is seen */
        struct host_reading reading = {.cpus = 12345};
        struct host_limits limits = {.cpus = 12345};
        struct reason reason = {""};

        if (!exact)
            fail("no memory", "", 0);
        memcpy(exact, text, length);
        before = devices;
        int error = exposition_read(exact, length, &devices, &reading, &limits, &reason);

        if (error && (reading.cpus != 12345 || limits.cpus != 12345 || !reason.text[0] ||
                      memcmp(&before, &devices, sizeof(before)) != 0))
            fail("what was refused changed something, or there is no reason:", exact, length);
        if (!error &&
            (devices.disk_count > HOST_DISKS || devices.link_count > HOST_LINKS ||
             reading.disk.disks > devices.disk_count || reading.network.link_count != devices.link_count ||
             reading.cpus == 0 || (turn > 0 && before.known && devices.disk_count != before.disk_count)))
            fail("what was taken is beyond its bounds:", exact, length);
        *(error ? &refused : &taken) += 1;
        free(exact);
    }
    free(text);
}

static void try_line(void)
{
    struct host_reading reading = {.at_ns = 5, .cpus = 2, .disk = {.disks = draw(4)}};
    struct sample_host host = {.ticks_per_second = 100};
    json_t *json = draw(3) ? sample_reading_json(&reading) : sample_host_json(&host);
    char *line = json_dumps(json, JSON_COMPACT);
    size_t length = strlen(line);
    struct reason reason = {""};

    json_decref(json);
    for (unsigned i = draw(5); i-- > 0;)
        line[draw((unsigned)length)] = draw(2) ? (char)draw(256) : "0123456789-{}[]\",:enul"[draw(22)];
    char *exact = malloc(length);

    if (!exact)
        fail("no memory", "", 0);
    memcpy(exact, line, length);
    if (sample_reading_read(&reading, exact, length, &reason) == 0) {
        if (reading.disk.disks > HOST_DISKS || reading.network.link_count > HOST_LINKS)
            fail("what was taken is beyond its bounds:", exact, length);
        taken++;
    } else if (!reason.text[0]) {
        fail("there is no reason:", exact, length);
    }
    refused += sample_host_read(&host, exact, length, &reason) < 0;
    free(exact);
    free(line);
}

static void check_word(const char *word, const char *letters)
{
    if (word[0] == '-' || strspn(word, letters) != strlen(word))
        fail("this came through:", word, strlen(word));
}

static void try_address(void)
{
    static const char *const parts[] = {"ssh://",   "http://", "root@", "{host}", "node", ":22",
                                        "/metrics", "-o",      "a=",    ":",      "@",    "[::1]",
                                        " ",        ";",       "\n",    "$(x)",   "%n",   "/bin/x",
                                        "?a=b",     "..",      "\x80",  "'",      "\\",   NULL};
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-";
    char word[TEXT_ROOM + 1], name[64];
    struct node_address address;
    size_t count = append(word, TEXT_ROOM, 0, draw(4) ? "ssh://" : ""), length = draw(8);

    for (unsigned i = draw(5); i-- > 0;)
        count = append(word, TEXT_ROOM, count, any(parts));
    word[count] = '\0';
    for (size_t i = 0; i < length; i++)
        name[i] = draw(3) ? "abz09._-"[draw(8)] : (char)(1 + draw(255));
    name[length] = '\0';
    const char *words[] = {word};

    if (node_words_check(words, 1, NULL) < 0 || node_words_address(words, 1, name, &address, NULL) < 0) {
        refused++;
        return;
    }
    taken++;
    check_word(address.host, safe);
    check_word(address.user, safe);
    check_word(address.port, "0123456789");
    if (address.scheme == NODE_SSH && address.path[0] != '/' && address.path[0])
        fail("a program came through:", address.path, strlen(address.path));
    if (strpbrk(address.url, " ;$'\\\n\"`|&<>") && address.scheme == NODE_SSH)
        fail("this came through:", address.url, strlen(address.url));
}

int main(int argc, char **argv)
{
    if (!round_begin("fuzz-nodes", 10000, HANGS_AFTER_SECONDS, argc, argv))
        return 2;
    while (round_next()) {
        try_exposition();
        try_line();
        try_address();
    }
    alarm(0);
    printf("%llu cases: %llu taken, %llu refused\n", (unsigned long long)round_number(),
           (unsigned long long)taken, (unsigned long long)refused);
    return taken && refused ? 0 : 1;
}
