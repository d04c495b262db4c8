/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Clients on many threads, by sockets, to few VMs of one population by way of several lanes, so that turns go
 * from lane to lane, while others come by plain TCP. Every answer must be that of the VM that was asked; the
 * end comes while requests are under way. scripts/check builds it with the thread sanitizer.
 */
#include "base/clock.h"
#include "base/reason.h"
#include "door/gate.h"
#include "door/server.h"
#include "engine_fixture.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { VMS = 5, LANES = 3, THREADS = 6, REQUESTS = 60, CALLERS = 2 };

#define PAGE "Hello from 512 bytes"

static struct place places[2]; /* HTTP and TCP, with the ports that the kernel chose */
static atomic_int clients;     /* threads that still have something to do */
static atomic_uint right;

static int connect_to(const struct place *place, uint64_t vm)
{
    union place_socket_address address;
    socklen_t size = place_address(place, vm, &address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || connect(fd, &address.any, size) < 0)
        abort();
    return fd;
}

/* The number of times that `text` came before the connection ended, or `most`. */
static unsigned receive(int fd, const char *text, unsigned most)
{
    static _Thread_local char bytes[64 * 1024];
    size_t count = 0;
    unsigned found = 0;

    while (found < most && count < sizeof(bytes)) {
        ssize_t got = recv(fd, bytes + count, sizeof(bytes) - count, 0);
        char *at = bytes;

        if (got <= 0)
            break;
        count += (size_t)got;
        for (found = 0; (at = memmem(at, count - (size_t)(at - bytes), text, strlen(text))); at++)
            found++;
    }
    return found;
}

/* Requests on a connection that is kept, on new ones, and several at once. */
static void *browse(void *argument)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    uint64_t number = *(const uint64_t *)argument;
    int fd = connect_to(&places[0], number % VMS);

    for (unsigned i = 0; i < REQUESTS; i++) {
        if (i % 10 == 9) {
            close(fd);
            fd = connect_to(&places[0], (number + i) % VMS);
        }
        if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) < 0)
            abort();
        atomic_fetch_add(&right, receive(fd, PAGE, 1));
    }
    /* Nobody waits for these. */
    for (unsigned i = 0; i < 5; i++)
        (void)!send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL);
    close(fd);
    atomic_fetch_sub(&clients, 1);
    return NULL;
}

static void *call(void *argument)
{
    uint64_t number = *(const uint64_t *)argument;
    int fd = connect_to(&places[1], number % VMS);

    if (send(fd, "?Hello\n", 7, MSG_NOSIGNAL) < 0)
        abort();
    atomic_fetch_add(&right, receive(fd, "!bkign\n", 1));
    close(fd);
    atomic_fetch_sub(&clients, 1);
    return NULL;
}

static void lanes_share_vms(void **state)
{
    char *argv[] = {"vmm", "--workers", "2", NULL};
    struct fixture fixture;
    struct reason reason = {""};
    struct door door = {0};
    struct gate *gate = NULL;
    pthread_t threads[THREADS + CALLERS];
    uint64_t numbers[THREADS + CALLERS];
    const struct place *bound;

    (void)state;
    open_engine(&fixture, "web", &(struct guest_settings){0}, 3, argv);
    grow(&fixture, VMS);
    const struct engine *engine = fixture.engine;
    struct population *population = fixture.population;

    static struct live_figures figures;

    door.population = population;
    door.setup.engine = engine;
    if (place_parse(PLACE_HTTP, "127.0.0.0/8:0", &places[0], &reason) < 0 ||
        place_parse(PLACE_TCP, "127.0.0.0/8:0", &places[1], &reason) < 0)
        fail_msg("%s", reason.text);
    const struct gate_setup setup = {.engine = engine,
                                     .challenges = true,
                                     .places = places,
                                     .place_count = 2,
                                     .limits = {.connections = 100,
                                                .header_bytes = 8192,
                                                .output_bytes = 65536,
                                                .waiting = 1000,
                                                .idle_ns = 120 * NS_PER_SECOND,
                                                .header_ns = 120 * NS_PER_SECOND,
                                                .answer_ns = 120 * NS_PER_SECOND,
                                                .lanes = LANES}};

    if (gate_open(&setup, &gate, &reason) < 0 || gate_serve(gate, &door, population, VMS, &reason) < 0)
        fail_msg("%s", reason.text);
    door.gate = gate;
    assert_int_equal(gate_places(gate, &bound), 2);
    memcpy(places, bound, sizeof(places));
    atomic_store(&clients, THREADS + CALLERS);
    for (uint64_t i = 0; i < THREADS + CALLERS; i++) {
        numbers[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, i < THREADS ? browse : call, &numbers[i]), 0);
    }
    /* The loop of the door, as far as it is the gate's. */
    while (atomic_load(&clients) > 0) {
        int files[GATE_DESCRIPTORS];
        struct pollfd polled[GATE_DESCRIPTORS + 1] = {
            {.fd = engine->descriptor(population), .events = POLLIN}};

        gate_descriptors(gate, files);
        for (size_t i = 0; i < GATE_DESCRIPTORS; i++)
            polled[i + 1] = (struct pollfd){.fd = files[i], .events = POLLIN};
        poll(polled, GATE_DESCRIPTORS + 1, 10);
        engine->wait(population, 0);
        gate_turn(gate, true);
        /* Somebody looks meanwhile. */
        uint64_t before = figures.asks.requests;

        door_look_live(&door, true, &figures);
        assert_true(figures.asks.requests >= before && figures.connections <= 100);
    }
    door_look_live(&door, true, &figures);
    assert_true(figures.asks.requests - figures.asks.refused >= THREADS * REQUESTS);
    assert_true(figures.asks.asks[TALLY_ANSWERED] >= THREADS * REQUESTS && figures.vms.wakes > 0);
    assert_int_equal(figures.vms.heat.count, VMS);
    live_host_close(door.live_host);
    gate_stop(gate);
    close_engine(&fixture);
    gate_close(gate);
    for (size_t i = 0; i < THREADS + CALLERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&right), THREADS * REQUESTS + CALLERS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lanes_share_vms)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
