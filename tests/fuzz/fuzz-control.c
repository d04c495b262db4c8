/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What clients of a run's control socket may send (docs/control-protocol.md): commands with arguments of
 * chance, lines that were altered, bytes that are no lines, in pieces, of several clients at once of which
 * some read nothing, some go in the middle, and some have a console.
 *
 *   fuzz-control [--seed N] [--count N] [--seconds S]
 *
 * It must hold that the run says nothing but lines of JSON to who has no console, that it serves a new client
 * after each case, and that it keeps no descriptor of those that have gone.
 */
#include "base/clock.h"
#include "base/reason.h"
#include "door/door.h"
#include "engine/engine.h"
#include "guest/catalog.h"
#include "guest/challenge.h"
#include "round.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    HANGS_AFTER_SECONDS = 60,
    VMS = 5,
    CLIENTS = 5,
    STEPS = 30,
    SCRIPT_ROOM = 80 * 1024,
    HEARD_ROOM = 1 << 20
};

static uint64_t lines_heard, refusals, lives, consoles;

/* A run: a population and its door, on a thread of its own, until a client stops it. */
struct life {
    struct runs runs;
    struct run_directory directory;
    pthread_t thread;
    sem_t begun;
    _Atomic bool ended;
    size_t files; /* descriptors of this process while nobody is connected */
};

static void *live(void *argument)
{
    struct life *life = argument;
    const struct engine *engine = engine_find("vmm");
    void *options = calloc(1, engine->options_size);
    const struct option_set set = {
        .specs = engine->options, .count = engine->option_count, .values = options};
    char *words[] = {"vmm", "--workers", "1", NULL}, **operands, ready[READY_LINE_ROOM];
    struct image image;
    struct reason reason = {""};
    struct population *population;
    struct door *door;
    int operand_count;

    if (!options || options_parse(&set, 1, 3, words, &operands, &operand_count, &reason) < 0 ||
        guest_build(&image, "web", &(struct guest_settings){0}, &reason) < 0)
        fail(reason.text, "", 0);
    challenge_ready_line("web", ready);
    const struct engine_setup setup = {
        .image = &image, .image_path = "/dev/null", .ready_line = ready, .options = options, .seed = 1};
    const struct door_setup door_setup = {
        .directory = &life->directory, .engine = engine, .image = &image, .image_name = "web", .goal = VMS};

    if (engine->open(&setup, &population, &reason) < 0 || engine->grow(population, VMS, NULL, &reason) < 0 ||
        door_open(&door_setup, &door, &reason) < 0)
        fail(reason.text, "", 0);
    sem_post(&life->begun);
    door_serve(door, population);
    door_say_goodbye(door);
    engine->close(population);
    door_close(door);
    options_release(&set, 1);
    free(options);
    atomic_store(&life->ended, true);
    return NULL;
}

static void end_life(struct life *life)
{
    pthread_join(life->thread, NULL);
    run_remove(&life->runs, &life->directory);
    runs_close(&life->runs);
    sem_destroy(&life->begun);
}

/* -1: the run has ended, or serves enough clients. */
static int call(const struct life *life)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s/" RUN_CONTROL, life->directory.path);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Makes what a client says. */
struct script {
    char bytes[SCRIPT_ROOM];
    size_t count, sent;
};

static void add(struct script *script, const char *bytes, size_t count)
{
    if (count > sizeof(script->bytes) - script->count)
        count = sizeof(script->bytes) - script->count;
    memcpy(script->bytes + script->count, bytes, count);
    script->count += count;
}

static void add_text(struct script *script, const char *text)
{
    add(script, text, strlen(text));
}

static void add_value(struct script *script)
{
    static const char *const values[] = {"null",
                                         "true",
                                         "false",
                                         "0",
                                         "1",
                                         "4",
                                         "5",
                                         "-1",
                                         "7.5",
                                         "1e99",
                                         "\"\"",
                                         "[]",
                                         "{}",
                                         "[[1]]",
                                         "\"?a\"",
                                         "3600",
                                         "4294967295",
                                         "\"\\u0000\"",
                                         "\"\\ud800\"",
                                         "\"\xff\"",
                                         "9223372036854775807",
                                         "9223372036854775808",
                                         "\"GET / HTTP/1.1\\r\"",
                                         "\"\\u00ff\\u0100\"",
                                         "\"a\\nb\""};

    add_text(script, values[draw(sizeof(values) / sizeof(values[0]))]);
}

/* An argument: as it should be, or anything. */
static void add_argument(struct script *script, const char *name, const char *right, ...)
{
    char text[64];
    va_list arguments;

    if (draw(8) == 0)
        return;
    add_text(script, ",\"");
    add_text(script, name);
    add_text(script, "\":");
    va_start(arguments, right);
    vsnprintf(text, sizeof(text), right, arguments);
    va_end(arguments);
    if (draw(5))
        add_text(script, text);
    else
        add_value(script);
}

static void add_command(struct script *script)
{
    static const char *const names[] = {"status", "ask",  "ask",  "ask", "challenge", "console",
                                        "trace",  "save", "live", "vm",  "Status",    ""};
    const char *name = names[draw(sizeof(names) / sizeof(names[0]))];
    bool saves = strcmp(name, "save") == 0;
    size_t begin = script->count;

    if (draw(150) == 0)
        name = "stop";
    add_text(script, "{\"do\":\"");
    add_text(script, name);
    add_text(script, "\"");
    if (saves) {
        /* Of paths only such as lead nowhere. */
        add_text(script, draw(2) ? ",\"path\":\"/nonexistent/fuzz\"" : ",\"path\":\"fuzz\"");
    } else {
        add_argument(script, "vm", "%u", draw(VMS + 1));
        add_argument(script, "timeout_ms", "%u", 1 + draw(30));
        if (name[0] == 'a')
            add_argument(script, "text", draw(2) ? "\"?fuzz\"" : "\"GET / HTTP/1.1\\r\\r\"");
        if (name[0] == 'c')
            add_argument(script, "screen", draw(2) ? "true" : "false");
        if (name[0] == 'c') {
            add_argument(script, "first", "%u", draw(VMS + 1));
            add_argument(script, "last", "%u", draw(VMS + 2));
        }
        if (name[0] == 'l')
            add_argument(script, "cells", "%u", draw(5000));
        if (name[0] == 't')
            add_argument(script, "lines", "%u", draw(200));
    }
    add_text(script, draw(20) ? "}\n" : "}");
    if (saves || script->count == begin || draw(4))
        return;
    for (unsigned i = 1 + draw(4); i-- > 0;) /* some bytes are others */
        script->bytes[begin + draw((unsigned)(script->count - begin))] = (char)draw(256);
}

static void add_garbage(struct script *script)
{
    unsigned kind = draw(4), count = kind ? draw(300) : draw(70000);

    for (unsigned i = 0; i < count; i++) {
        static const char likely[] = "[{\"\\:,\n}]";
        char byte = kind == 2 ? '[' : kind == 1 ? likely[draw(sizeof(likely) - 1)] : (char)draw(256);

        add(script, &byte, 1);
    }
    if (draw(2))
        add_text(script, "\n");
}

static bool has(const struct script *script, const char *text)
{
    return memmem(script->bytes, script->count, text, strlen(text)) != NULL;
}

struct client {
    int fd; /* -1: none */
    bool reads;
    struct script script;
    char *heard;
    size_t heard_count;
};

static void meet(const struct life *life, struct client *client)
{
    client->fd = call(life);
    client->reads = draw(4) > 0;
    client->script.count = client->script.sent = client->heard_count = 0;
    for (unsigned i = 1 + draw(6); i-- > 0;)
        if (draw(5))
            add_command(&client->script);
        else
            add_garbage(&client->script);
}

static void listen_to(struct client *client)
{
    char rest[4096];
    ssize_t got;

    do {
        bool full = client->heard_count == HEARD_ROOM;

        got = recv(client->fd, full ? rest : client->heard + client->heard_count,
                   full ? sizeof(rest) : HEARD_ROOM - client->heard_count, MSG_DONTWAIT);
        if (got > 0 && !full)
            client->heard_count += (size_t)got;
    } while (got > 0);
}

/* Whole lines are JSON objects, but for consoles. */
static void judge(const struct client *client)
{
    const char *line = client->heard, *end = line + client->heard_count, *feed;

    if (has(&client->script, "console")) {
        consoles++;
        return;
    }
    for (; (feed = memchr(line, '\n', (size_t)(end - line))); line = feed + 1) {
        json_t *object = json_loadb(line, (size_t)(feed - line), 0, NULL);

        if (!json_is_object(object))
            fail("it said what is no JSON object:", line, (size_t)(feed - line));
        refusals += json_is_false(json_object_get(object, "ok"));
        json_decref(object);
        lines_heard++;
    }
}

static void part(struct client *client)
{
    if (client->fd < 0)
        return;
    if (client->reads)
        listen_to(client);
    judge(client);
    close(client->fd);
    client->fd = -1;
}

static size_t descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    size_t count = 0;

    while (directory && readdir(directory))
        count++;
    if (directory)
        closedir(directory);
    return count;
}

/* Another client gets its answer. False: the run has ended. */
static bool still_serves(struct life *life)
{
    /* At the first time it opens what it reads the host's figures from. */
    static const char question[] = "{\"do\":\"live\",\"cells\":0}\n";
    char text[16384];
    size_t count = 0;
    int fd;

    while ((fd = call(life)) < 0)
        if (atomic_load(&life->ended))
            return false;
    (void)!send(fd, question, sizeof(question) - 1, MSG_NOSIGNAL);
    for (;;) {
        struct pollfd file = {.fd = fd, .events = POLLIN};

        poll(&file, 1, -1); /* hangs() ends what does not end */
        ssize_t got = recv(fd, text + count, sizeof(text) - 1 - count, MSG_DONTWAIT);

        if (got <= 0)
            break;
        count += (size_t)got;
        text[count] = '\0';
        if (strstr(text, "\"ok\": true") || strstr(text, "\"ok\":true"))
            break;
    }
    bool answered = count > 0 && memmem(text, count, "\"ok\"", 4);

    close(fd);
    /* A run that was told to stop says goodbye. */
    while (!answered && !atomic_load(&life->ended))
        clock_sleep_until(clock_now_ns() + NS_PER_MILLISECOND);
    return answered;
}

static void begin_life(struct life *life)
{
    struct reason reason = {""};

    memset(life, 0, sizeof(*life));
    sem_init(&life->begun, 0, 0);
    if (runs_open(&life->runs, true, &reason) < 0 ||
        run_create(&life->runs, NULL, "fuzz", &life->directory, &reason) < 0)
        fail(reason.text, "", 0);
    if (pthread_create(&life->thread, NULL, live, life) != 0)
        fail("no thread", "", 0);
    sem_wait(&life->begun);
    lives++;
    if (!still_serves(life)) /* once it has, it has all that it will have */
        fail("a new run does not serve", "", 0);
    clock_sleep_until(clock_now_ns() + 5 * NS_PER_MILLISECOND);
    life->files = descriptors();
}

static void begin_again(struct life *life)
{
    end_life(life);
    begin_life(life);
}

static void try_clients(struct life *life, struct client *clients)
{
    for (unsigned step = 0; step < STEPS; step++) {
        struct client *client = &clients[draw(CLIENTS)];
        struct script *script = &client->script;

        if (client->fd < 0) {
            meet(life, client);
        } else if (draw(12) == 0) {
            part(client);
        } else if (draw(20) == 0) {
            shutdown(client->fd, SHUT_WR);
            script->sent = script->count;
        } else {
            size_t left = script->count - script->sent, piece = draw(3) ? left : draw((unsigned)left + 1);
            ssize_t put = piece ? send(client->fd, script->bytes + script->sent, piece, MSG_NOSIGNAL) : 0;

            script->sent += put > 0 ? (size_t)put : 0;
            if (client->reads)
                listen_to(client);
        }
    }
    for (unsigned i = 0; i < CLIENTS; i++)
        part(&clients[i]);
    do
        if (!still_serves(life)) {
            begin_again(life);
            return;
        }
    while (descriptors() > life->files); /* until it has seen that they have gone */
}

int main(int argc, char **argv)
{
    char folder[] = "/tmp/fuzz-control-XXXXXX", path[64];
    struct client clients[CLIENTS];
    struct life life;

    if (!round_begin("fuzz-control", 10000, HANGS_AFTER_SECONDS, argc, argv))
        return 2;
    if (!mkdtemp(folder) || setenv("XDG_RUNTIME_DIR", folder, 1) < 0 || chdir(folder) < 0)
        fail("no folder", "", 0);
    for (unsigned i = 0; i < CLIENTS; i++) {
        clients[i].fd = -1;
        clients[i].heard = malloc(HEARD_ROOM);
        if (!clients[i].heard)
            fail("no memory", "", 0);
    }
    begin_life(&life);
    while (round_next())
        try_clients(&life, clients);
    int fd = call(&life);

    (void)!send(fd, "{\"do\":\"stop\"}\n", 14, MSG_NOSIGNAL);
    end_life(&life);
    close(fd);
    alarm(0);
    for (unsigned i = 0; i < CLIENTS; i++)
        free(clients[i].heard);
    snprintf(path, sizeof(path), "%s/mvm/.lock", folder); /* which all runs share */
    unlink(path);
    snprintf(path, sizeof(path), "%s/mvm", folder);
    rmdir(path);
    if (chdir("/") < 0 || rmdir(folder) < 0)
        fail("something is left in", folder, strlen(folder));
    printf("%llu cases: %llu lines heard, %llu refusals among them, %llu clients with a console, %llu runs\n",
           (unsigned long long)round_number(), (unsigned long long)lines_heard, (unsigned long long)refusals,
           (unsigned long long)consoles, (unsigned long long)lives);
    return lines_heard && refusals ? 0 : 1;
}
