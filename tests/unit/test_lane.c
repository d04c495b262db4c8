/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connections and what VMs do to them, on an engine whose VMs do as the test says: answers that come late, in
 * pieces, too long, to nobody. */
#include "base/clock.h"
#include "door/lane.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { ASKS_MOST = 64, CLIENTS = 8 };

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"

static struct engine_ask *asks[ASKS_MOST]; /* submitted and not answered */
static size_t ask_count;

static void fake_submit(struct population *population, struct engine_ask *const *list, size_t count)
{
    (void)population;
    for (size_t i = 0; i < count; i++)
        asks[ask_count++] = list[i];
}

static const struct engine fake = {.name = "fake", .submit = fake_submit};

struct stage {
    struct place place;
    struct lanes all;
    struct door door;
    struct lane *lane;
    int clients[CLIENTS];
};

static int begin(void **state)
{
    struct stage *stage = calloc(1, sizeof(*stage));

    stage->place = (struct place){.kind = PLACE_HTTP, .family = AF_UNIX};
    stage->all = (struct lanes){.engine = &fake,
                                .limits = {.connections = 10,
                                           .header_bytes = 200,
                                           .output_bytes = 100,
                                           .waiting = 2,
                                           .idle_ns = 60 * NS_PER_SECOND,
                                           .header_ns = 60 * NS_PER_SECOND,
                                           .answer_ns = 60 * NS_PER_SECOND},
                                .places = &stage->place,
                                .place_count = 1,
                                .numbers = 10,
                                .challenges = true,
                                .turns = turns_create(2)};
    assert_int_equal(lane_create(&stage->all, &stage->lane, NULL), 0);
    stage->lane->door = &stage->door;
    for (size_t i = 0; i < CLIENTS; i++) {
        int pair[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
        connection_open(stage->lane, &stage->place, pair[0]);
        stage->clients[i] = pair[1];
    }
    ask_count = 0;
    *state = stage;
    return 0;
}

static int end(void **state)
{
    struct stage *stage = *state;

    lane_close_clients(stage->lane);
    lane_free(stage->lane);
    turns_free(stage->all.turns);
    for (size_t i = 0; i < CLIENTS; i++)
        close(stage->clients[i]);
    free(stage);
    return 0;
}

static void turn(struct stage *stage)
{
    for (int i = 0; i < 5; i++)
        lane_turn(stage->lane, 0);
}

static void say(struct stage *stage, size_t client, const char *text)
{
    assert_int_equal(send(stage->clients[client], text, strlen(text), 0), strlen(text));
    turn(stage);
}

/* All that the client has been sent since, of which the first line, or the whole, is compared. */
static void expect(struct stage *stage, size_t client, const char *right)
{
    char text[1000];
    ssize_t got = recv(stage->clients[client], text, sizeof(text) - 1, 0);

    text[got > 0 ? got : 0] = '\0';
    if (strncmp(text, right, strlen(right)) != 0 || (right[0] == '\0' && got > 0))
        fail_msg("client %zu was sent '%s', not '%s'", client, text, right);
}

/* The oldest ask that is under way. */
static struct engine_ask *asked(const char *request)
{
    if (ask_count == 0)
        fail_msg("no ask is under way; '%s' should be", request ? request : "one");
    if (request) {
        assert_int_equal(asks[0]->request_length, strlen(request));
        assert_memory_equal(asks[0]->request, request, strlen(request));
    }
    return asks[0];
}

/* Ends it with a status, after the VM has said `text` in pieces. */
static void answer(struct stage *stage, int status, const char *text, size_t piece)
{
    struct engine_ask *ask = asked(NULL);
    bool whole = false;

    ask_count--;
    memmove(asks, asks + 1, ask_count * sizeof(asks[0]));
    for (size_t at = 0, length = strlen(text); at < length && !whole;) {
        size_t count = length - at < piece ? length - at : piece;

        assert_true(at + count < ask->answer_room);
        memcpy(ask->answer + at, text + at, count);
        at += count;
        ask->answer[at] = '\0';
        ask->answer_length = at;
        whole = ask->is_whole(ask);
    }
    ask->status = status;
    if (status == 0)
        assert_true(whole);
    struct asker *asker = ask->context;

    asker->answered(&stage->door, asker, ask);
    turn(stage);
}

/* The VM is asked to come into step; it first says what it still owes. */
static void answer_challenge(struct stage *stage, const char *before, size_t piece)
{
    const struct engine_ask *ask = asked(NULL);
    char text[200], right[CHALLENGE_ANSWER_ROOM];

    assert_int_equal(ask->request_length, CHALLENGE_REQUEST_ROOM);
    assert_memory_equal(ask->request, "\n?", 2);
    challenge_solve(ask->request + 2, CHALLENGE_NONCE, right);
    snprintf(text, sizeof(text), "%s%s\n", before, right);
    answer(stage, 0, text, piece);
}

static void answers_reach_their_clients(void **state)
{
    struct stage *stage = *state;

    say(stage, 0, "GET /vm/3/a HTTP/1.1\r\nHost: x\r\n\r\nGET /vm/4");
    assert_int_equal(asked("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")->vm, 3);
    say(stage, 0, "/b HTTP/1.1\r\n\r\n");
    assert_int_equal(ask_count, 1); /* one request of a connection at a time */
    expect(stage, 0, "");
    answer(stage, 0, OK, 1);
    expect(stage, 0, OK);
    assert_int_equal(asked("GET /b HTTP/1.1\r\n\r\n")->vm, 4);
    answer(stage, 0, OK, 1000);
    expect(stage, 0, OK);
    say(stage, 0, "GET /vm/10/ HTTP/1.1\r\n\r\n");
    expect(stage, 0, "HTTP/1.1 404");
    assert_int_equal(ask_count, 0);
}

static void requests_of_a_vm_are_served_in_turn(void **state)
{
    struct stage *stage = *state;

    say(stage, 0, "GET /vm/3/0 HTTP/1.1\r\n\r\n");
    say(stage, 1, "GET /vm/3/1 HTTP/1.1\r\n\r\n");
    say(stage, 2, "GET /vm/3/2 HTTP/1.1\r\n\r\n");
    say(stage, 3, "GET /vm/3/3 HTTP/1.1\r\n\r\n");
    expect(stage, 3, "HTTP/1.1 503"); /* two may wait */
    say(stage, 4, "GET /vm/4/4 HTTP/1.1\r\n\r\n");
    assert_int_equal(ask_count, 2);
    close(stage->clients[1]); /* it waits no more */
    stage->clients[1] = -1;
    turn(stage);
    answer(stage, 0, OK, 7);
    expect(stage, 0, OK);
    answer(stage, 0, OK, 7);
    expect(stage, 4, OK);
    asked("GET /2 HTTP/1.1\r\n\r\n");
    /* The client goes: its request runs to its end, and then it is the next one's turn. */
    say(stage, 5, "GET /vm/3/5 HTTP/1.1\r\n\r\n");
    close(stage->clients[2]);
    stage->clients[2] = -1;
    turn(stage);
    assert_int_equal(ask_count, 1);
    answer(stage, 0, OK, 7);
    asked("GET /5 HTTP/1.1\r\n\r\n");
    answer(stage, 0, OK, 7);
    expect(stage, 5, OK);
}

static void a_late_answer_is_nobody_elses(void **state)
{
    struct stage *stage = *state;

    say(stage, 0, "GET /vm/3/0 HTTP/1.1\r\n\r\n");
    answer(stage, -ETIMEDOUT, "HTTP/1.1 200 OK\r\nCont", 1000);
    expect(stage, 0, "HTTP/1.1 504");
    say(stage, 1, "GET /vm/3/1 HTTP/1.1\r\n\r\n");
    answer_challenge(stage, "ent-Length: 5\r\n\r\nhello\r\n", 3);
    asked("GET /1 HTTP/1.1\r\n\r\n");
    answer(stage, 0, OK, 1000);
    expect(stage, 1, OK);
    /* In step again. */
    say(stage, 1, "GET /vm/3/2 HTTP/1.1\r\n\r\n");
    asked("GET /2 HTTP/1.1\r\n\r\n");
    /* What comes behind an answer is as good as late. */
    answer(stage, 0, OK "HTTP/1.1 200", 1000);
    expect(stage, 1, OK);
    say(stage, 1, "GET /vm/3/3 HTTP/1.1\r\n\r\n");
    /* Not in time: it stays out of step. */
    answer(stage, -ETIMEDOUT, "!wrongwrongwrongw\n", 1000);
    expect(stage, 1, "HTTP/1.1 504");
    say(stage, 1, "GET /vm/3/4 HTTP/1.1\r\n\r\n");
    /* Others of its kind are not. */
    say(stage, 2, "GET /vm/5/5 HTTP/1.1\r\n\r\n");
    assert_int_equal(ask_count, 2);
    answer_challenge(stage, "!wrongwrongwrongw\n", 1);
    assert_memory_equal(asks[0]->request, "GET /5", 6);
    answer(stage, 0, OK, 1000);
    expect(stage, 2, OK);
    asked("GET /4 HTTP/1.1\r\n\r\n");
    answer(stage, 0, OK, 1000);
    expect(stage, 1, OK);
}

/* Of a question that did not come from here, as the engine tells. */
static void the_rest_of_somebody_elses_answer_is_dropped(void **state)
{
    struct stage *stage = *state;

    say(stage, 0, "GET /vm/3/0 HTTP/1.1\r\n\r\n");
    asks[0]->late = true;
    answer(stage, 0, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 1000);
    expect(stage, 0, "");
    answer_challenge(stage, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK", 1000);
    asked("GET /0 HTTP/1.1\r\n\r\n");
    answer(stage, 0, OK, 1000);
    expect(stage, 0, OK);
}

static void vms_that_know_no_challenges_have_to_be_silent(void **state)
{
    struct stage *stage = *state;

    stage->all.challenges = false;
    say(stage, 0, "GET /vm/3/0 HTTP/1.1\r\n\r\n");
    answer(stage, -ETIMEDOUT, "", 1);
    expect(stage, 0, "HTTP/1.1 504");
    say(stage, 0, "GET /vm/3/1 HTTP/1.1\r\n\r\n");
    asked("\n");
    answer(stage, -ETIMEDOUT, "not silent", 1);
    asked("\n");
    asks[0]->answer_length = 0;
    answer(stage, -ETIMEDOUT, "", 1);
    asked("GET /1 HTTP/1.1\r\n\r\n");
    answer(stage, 0, OK, 1);
    expect(stage, 0, OK);
}

static void what_goes_wrong_has_its_status(void **state)
{
    static const struct {
        int status;
        const char *text, *right;
        bool late;
    } rows[] = {
        {0, "!bkign\n", "HTTP/1.1 502", true},
        {-EMSGSIZE, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nx", "HTTP/1.1 502", true},
        {-ECONNRESET, "", "HTTP/1.1 502", false},
        {-ENOMEM, "", "HTTP/1.1 503", false},
        {-ETIMEDOUT, "", "HTTP/1.1 504", true},
    };
    struct stage *stage = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        say(stage, 0, "GET /vm/3/ HTTP/1.1\r\n\r\n");
        answer(stage, rows[i].status, rows[i].text, 3);
        expect(stage, 0, rows[i].right);
        say(stage, 0, "GET /vm/3/ HTTP/1.1\r\n\r\n");
        if (rows[i].late)
            answer_challenge(stage, "", 3);
        answer(stage, 0, OK, 3);
        expect(stage, 0, OK);
    }
}

static void a_busy_vm_is_asked_again(void **state)
{
    struct stage *stage = *state;
    uint64_t until = clock_now_ns() + 20 * NS_PER_SECOND;

    say(stage, 0, "GET /vm/3/ HTTP/1.1\r\n\r\n");
    answer(stage, -EBUSY, "", 1);
    expect(stage, 0, "");
    while (ask_count == 0 && clock_now_ns() < until)
        lane_turn(stage->lane, until);
    asked("GET / HTTP/1.1\r\n\r\n");
    answer(stage, 0, OK, 100);
    expect(stage, 0, OK);
    say(stage, 0, "GET /vm/3/ HTTP/1.1\r\n\r\n");
    while (stage->lane->live > 0 && clock_now_ns() < until) {
        if (ask_count > 0)
            answer(stage, -EBUSY, "", 1); /* after the last of these nothing is due any more */
        else
            lane_turn(stage->lane, until);
    }
    expect(stage, 0, "HTTP/1.1 503");
}

static void who_is_idle_for_longest_makes_room(void **state)
{
    struct stage *stage = *state;
    int pair[2];
    char byte;

    say(stage, 0, "GET /vm/3/ HTTP/1.1\r\n\r\n");
    answer(stage, 0, OK, 100);
    expect(stage, 0, OK);
    /* lane.c has no listener here; what it does at the limit is to close the first that is idle. */
    stage->all.limits.connections = CLIENTS;
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address.sun_family)), 0);
    assert_int_equal(lane_listen(stage->lane, 0, listener, NULL), 0);
    socklen_t size = sizeof(address);

    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    pair[0] = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(pair[0], (struct sockaddr *)&address, size), 0);
    turn(stage);
    assert_int_equal(recv(stage->clients[1], &byte, 1, 0), 0); /* client 0 was active after it */
    assert_int_equal(recv(stage->clients[0], &byte, 1, 0), -1);
    assert_int_equal(atomic_load(&stage->all.connections), CLIENTS);
    close(pair[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(answers_reach_their_clients, begin, end),
        cmocka_unit_test_setup_teardown(requests_of_a_vm_are_served_in_turn, begin, end),
        cmocka_unit_test_setup_teardown(a_late_answer_is_nobody_elses, begin, end),
        cmocka_unit_test_setup_teardown(the_rest_of_somebody_elses_answer_is_dropped, begin, end),
        cmocka_unit_test_setup_teardown(vms_that_know_no_challenges_have_to_be_silent, begin, end),
        cmocka_unit_test_setup_teardown(what_goes_wrong_has_its_status, begin, end),
        cmocka_unit_test_setup_teardown(a_busy_vm_is_asked_again, begin, end),
        cmocka_unit_test_setup_teardown(who_is_idle_for_longest_makes_room, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
