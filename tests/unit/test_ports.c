/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Several threads that ask the VMs of one population, each by a port of its own, while the thread that has
 * the population asks too, lets more VMs boot, opens consoles, and opens and closes ports. No answer may be
 * lost, go to another port, or be another VM's. scripts/check builds it with the thread sanitizer.
 */
#include "base/clock.h"
#include "base/random.h"
#include "base/reason.h"
#include "engine/engine.h"
#include "engine_fixture.h"
#include "guest/catalog.h"
#include "guest/challenge.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { VMS = 60, THREADS = 4, BATCH = 12, ROUNDS = 24 };

struct question {
    struct engine_ask ask; /* the first member */
    struct challenge challenges[2];
    char request[2 * CHALLENGE_REQUEST_ROOM], answer[64];
};

/* Two challenges at once have an answer of two lines. */
static bool two_lines(struct engine_ask *ask)
{
    const char *first = memchr(ask->answer, '\n', ask->answer_length);

    return first && memchr(first + 1, '\n', ask->answer_length - (size_t)(first + 1 - ask->answer));
}

static void make(struct question *question, struct random *random)
{
    for (size_t i = 0; i < 2; i++)
        challenge_make(&question->challenges[i], random);
    snprintf(question->request, sizeof(question->request), "%s%s", question->challenges[0].request,
             question->challenges[1].request);
    question->ask = (struct engine_ask){.vm = random_below(random, VMS),
                                        .request = question->request,
                                        .request_length = strlen(question->request),
                                        .answer = question->answer,
                                        .answer_room = sizeof(question->answer),
                                        .deadline_ns = clock_now_ns() + 120 * NS_PER_SECOND,
                                        .is_whole = two_lines};
}

/* 1: answered right; 0: busy, as another thread asks this VM or it has a console. */
static unsigned judge(const struct question *question)
{
    const char *line = question->answer;

    if (question->ask.status == -EBUSY)
        return 0;
    if (question->ask.status != 0)
        fail_msg("status %d", question->ask.status);
    for (size_t i = 0; i < 2; i++) {
        const char *end = strchr(line, '\n');

        assert_non_null(end);
        assert_true(challenge_answered(&question->challenges[i], line, (size_t)(end - line)));
        line = end + 1;
    }
    assert_int_equal(*line, '\0');
    assert_false(question->ask.late);
    return 1;
}

struct asker {
    const struct engine *engine;
    struct engine_port *port;
    uint64_t seed, answered;
    bool lends; /* its thread runs VMs too */
    pthread_t thread;
};

static uint64_t ask_rounds(const struct engine *engine, struct engine_port *port, uint64_t seed,
                           unsigned rounds, bool lends)
{
    struct question questions[BATCH];
    struct engine_ask *asks[BATCH], *done[BATCH];
    struct random random = {.state = seed};
    struct pollfd file = {.fd = engine->port_descriptor(port), .events = POLLIN};
    uint64_t answered = 0;

    assert_true(file.fd >= 0);
    if (lends)
        engine->port_lend(port);
    for (unsigned round = 0; round < rounds; round++) {
        size_t under_way = BATCH;

        for (size_t i = 0; i < BATCH; i++) {
            make(&questions[i], &random);
            asks[i] = &questions[i].ask;
        }
        engine->port_submit(port, asks, BATCH);
        /* The descriptor does not tell of what was finished within. */
        for (bool waits = !lends; under_way > 0; waits = true) {
            size_t count;

            if (waits)
                assert_int_equal(poll(&file, 1, 120000), 1);
            engine->port_clear(port);
            while ((count = engine->port_reap(port, done, BATCH / 2, 0)) > 0)
                for (size_t i = 0; i < count; i++) {
                    struct question *question = (struct question *)done[i];

                    assert_true(question >= questions && question < questions + BATCH);
                    answered += judge(question);
                    under_way--;
                }
        }
    }
    return answered;
}

static void *ask_many(void *argument)
{
    struct asker *asker = argument;

    asker->answered = ask_rounds(asker->engine, asker->port, asker->seed, ROUNDS, asker->lends);
    return NULL;
}

static void open_vmm(struct fixture *fixture, char *workers, const char *guest,
                     const struct guest_settings *settings)
{
    char *argv[] = {"vmm", "--workers", workers, NULL};

    open_engine(fixture, guest, settings, 3, argv);
    grow(fixture, VMS);
}

static struct engine_port *open_port(struct fixture *fixture)
{
    struct engine_port *port = NULL;

    if (fixture->engine->port_open(fixture->population, &port, &fixture->reason) < 0)
        fail_msg("%s", fixture->reason.text);
    assert_ptr_equal(port->engine, fixture->engine);
    return port;
}

/* What the thread that has the population does meanwhile. */
static uint64_t meddle(struct fixture *fixture, struct random *random)
{
    const struct engine *engine = fixture->engine;
    struct question question;
    struct engine_ask *ask = &question.ask, *done;
    uint64_t answered = 0, vm = random_below(random, VMS);
    struct engine_counts counts;
    uint8_t bytes[64];

    make(&question, random);
    engine->submit(fixture->population, &ask, 1);
    while (engine->reap(fixture->population, &done, 1, clock_now_ns() + NS_PER_SECOND) == 0)
        ;
    assert_ptr_equal(done, ask);
    answered = judge(&question);
    engine->counts(fixture->population, &counts);
    assert_true(counts.running >= VMS);
    if (engine->console_open(fixture->population, vm, &fixture->reason) == 0) {
        engine->console_write(fixture->population, vm, (const uint8_t *)"?x\n", 3);
        engine->console_read(fixture->population, vm, bytes, sizeof(bytes));
        engine->console_close(fixture->population, vm);
    }
    struct engine_port *port = open_port(fixture);

    answered += ask_rounds(engine, port, random_below(random, UINT32_MAX), 1, random_below(random, 2));
    engine->port_close(port);
    if (random_below(random, 4) == 0)
        assert_int_equal(engine->grow(fixture->population, 1, NULL, &fixture->reason), 0);
    return answered;
}

static void many_threads_ask(char *workers, bool lend)
{
    struct fixture fixture;
    struct asker askers[THREADS];
    struct random random = {.state = 99};
    uint64_t answered = 0;

    open_vmm(&fixture, workers, "sleep", &(struct guest_settings){0});
    for (size_t i = 0; i < THREADS; i++) {
        askers[i] = (struct asker){
            .engine = fixture.engine, .port = open_port(&fixture), .seed = i + 1, .lends = lend && i > 0};
        assert_int_equal(pthread_create(&askers[i].thread, NULL, ask_many, &askers[i]), 0);
    }
    for (unsigned i = 0; i < ROUNDS / 2; i++)
        answered += meddle(&fixture, &random);
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(askers[i].thread, NULL);
        fixture.engine->port_close(askers[i].port);
        print_message("# port %zu: %llu answers\n", i, (unsigned long long)askers[i].answered);
        assert_in_range(askers[i].answered, 1, ROUNDS * BATCH);
    }
    assert_true(answered > 0);
    close_engine(&fixture);
}

static void test_one_worker(void **state)
{
    (void)state;
    many_threads_ask("1", false);
}

static void test_one_worker_and_lent_threads(void **state)
{
    (void)state;
    many_threads_ask("1", true);
}

static void test_several_workers(void **state)
{
    (void)state;
    many_threads_ask("3", false);
}

static void test_several_workers_and_lent_threads(void **state)
{
    (void)state;
    many_threads_ask("3", true);
}

static void deadlines_come_back(bool lend)
{
    struct fixture fixture;
    struct engine_port *ports[2];
    struct question questions[2];
    struct random random = {.state = 5};

    open_vmm(&fixture, "2", "sleep", &(struct guest_settings){0});
    for (size_t i = 0; i < 2; i++) {
        struct engine_ask *ask = &questions[i].ask;

        ports[i] = open_port(&fixture);
        if (lend)
            fixture.engine->port_lend(ports[i]);
        make(&questions[i], &random);
        questions[i].ask.vm = i;
        questions[i].ask.request_length--; /* without its line feed */
        questions[i].ask.deadline_ns = clock_now_ns() + 20 * NS_PER_MILLISECOND;
        fixture.engine->port_submit(ports[i], &ask, 1);
    }
    for (size_t i = 2; i-- > 0;) {
        struct engine_ask *done = NULL;

        while (fixture.engine->port_reap(ports[i], &done, 1, clock_now_ns() + NS_PER_SECOND) == 0)
            ;
        assert_ptr_equal(done, &questions[i].ask);
        assert_int_equal(done->status, -ETIMEDOUT);
        assert_int_equal(fixture.engine->port_reap(ports[i], &done, 1, 0), 0);
        fixture.engine->port_close(ports[i]);
    }
    fixture.engine->port_close(NULL);
    close_engine(&fixture);
}

static void test_deadlines_come_back_by_their_port(void **state)
{
    (void)state;
    deadlines_come_back(false);
    deadlines_come_back(true);
}

static bool has_page(struct engine_ask *ask)
{
    static const char end[] = "Hello from 512 bytes";

    return memmem(ask->answer, ask->answer_length, end, sizeof(end) - 1);
}

/* VMs that compute for longer than their turn on a lent thread: a worker goes on with them. */
static void test_long_work_on_a_lent_thread(void **state)
{
    static const char get[] = "GET / HTTP/1.1\r\n\r\n";
    struct fixture fixture;
    struct engine_ask asks[8], *list[8], *done;
    char answers[8][256];

    (void)state;
    open_vmm(&fixture, "2", "web", &(struct guest_settings){.work = "5"});
    struct engine_port *port = open_port(&fixture);

    fixture.engine->port_lend(port);
    for (size_t i = 0; i < 8; i++) {
        asks[i] = (struct engine_ask){.vm = i,
                                      .request = get,
                                      .request_length = sizeof(get) - 1,
                                      .answer = answers[i],
                                      .answer_room = sizeof(answers[i]),
                                      .deadline_ns = clock_now_ns() + 120 * NS_PER_SECOND,
                                      .is_whole = has_page};
        list[i] = &asks[i];
    }
    fixture.engine->port_submit(port, list, 8);
    for (size_t i = 0; i < 8; i++) {
        while (fixture.engine->port_reap(port, &done, 1, clock_now_ns() + NS_PER_SECOND) == 0)
            ;
        assert_int_equal(done->status, 0);
    }
    fixture.engine->port_close(port);
    close_engine(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_worker),
        cmocka_unit_test(test_one_worker_and_lent_threads),
        cmocka_unit_test(test_several_workers),
        cmocka_unit_test(test_several_workers_and_lent_threads),
        cmocka_unit_test(test_deadlines_come_back_by_their_port),
        cmocka_unit_test(test_long_work_on_a_lent_thread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
