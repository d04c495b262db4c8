/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of the way in from outside: addresses, turns, heads of requests, ends of answers. */
#include "base/reason.h"
#include "door/framing.h"
#include "door/head.h"
#include "door/place.h"
#include "door/refusal.h"
#include "door/turns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct place place_of(enum place_kind kind, const char *text)
{
    struct place place;
    struct reason reason = {""};
    int error = place_parse(kind, text, &place, &reason);

    if (error)
        fail_msg("'%s' is refused: %s", text, reason.text);
    return place;
}

static void places_are_parsed_and_printed(void **state)
{
    static const struct {
        const char *text, *prefix;
        bool by_address, loopback;
        uint64_t addresses;
    } rows[] = {
        {"127.0.0.0/8:8080", "127.0.0.0/8", true, true, 1 << 24},
        {"127.0.0.1:8080", "127.0.0.1", false, true, 1},
        {"127.4.0.0/16:1", "127.4.0.0/16", true, true, 1 << 16},
        {"126.0.0.0/7:1", "126.0.0.0/7", true, false, 1 << 25},
        {"10.1.2.0/24:65535", "10.1.2.0/24", true, false, 256},
        {"10.1.2.3/32:80", "10.1.2.3/32", true, false, 1},
        {"0.0.0.0/0:80", "0.0.0.0/0", true, false, UINT64_C(1) << 32},
        {"[::1]:8080", "::1", false, true, 1},
        {"[fd00::]/64:8080", "fd00::/64", true, false, UINT64_MAX},
        {"[fd00::]/65:8080", "fd00::/65", true, false, UINT64_C(1) << 63},
        {"[fd00::a:0]/112:8080", "fd00::a:0/112", true, false, 1 << 16},
        {"unix:/run/x", "/run/x", false, true, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct place place = place_of(PLACE_HTTP, rows[i].text);
        char text[PLACE_TEXT_ROOM];

        place_print(&place, text);
        assert_string_equal(text, rows[i].text);
        place_print_prefix(&place, text);
        assert_string_equal(text, rows[i].prefix);
        assert_int_equal(place.by_address, rows[i].by_address);
        assert_int_equal(place_is_loopback(&place), rows[i].loopback);
        if (place.family != AF_UNIX)
            assert_true(place_addresses(&place) == rows[i].addresses);
    }
    struct place one = place_of(PLACE_TCP, "127.0.0.1:9");

    assert_true(one.by_address);
}

static void what_is_no_place_is_refused_with_what_would_be_right(void **state)
{
    static const char *const rows[][2] = {
        {"", "--http takes"},
        {"8080", "--http takes"},
        {"127.0.0.1", "--http takes"},
        {"127.0.0.1:", "--http takes"},
        {"127.0.0.1:65536", "--http takes"},
        {"127.0.0.1:80x", "--http takes"},
        {"127.0.0.0/33:80", "--http takes"},
        {"127.0.0.0/:80", "--http takes"},
        {"127.0.0.0/8", "--http takes"},
        {"127.0.0.256:80", "--http takes"},
        {"localhost:80", "--http takes"},
        {"[::1:80", "--http takes"},
        {"::1:80", "--http takes"},
        {"[fd00::]/129:80", "--http takes"},
        {"[fd00::]x:80", "--http takes"},
        {"[1.2.3.4]:80", "--http takes"},
        {"127.0.0.1/8:8080", "127.0.0.0/8:8080 would be right"},
        {"[fd00::1]/64:80", "[fd00::]/64:80 would be right"},
        {"unix:", "1 to 107 bytes"},
        {"unix:"
         "012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678"
         "9"
         "01234567",
         "1 to 107 bytes"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct place place;
        struct reason reason = {""};

        assert_int_equal(place_parse(PLACE_HTTP, rows[i][0], &place, &reason), -EINVAL);
        if (!strstr(reason.text, rows[i][1]))
            fail_msg("'%s': '%s' does not say '%s'", rows[i][0], reason.text, rows[i][1]);
    }
    struct place place;

    assert_int_equal(place_parse(PLACE_TCP, "unix:/x", &place, NULL), -EINVAL);
}

static void numbers_and_addresses_are_each_others(void **state)
{
    static const struct {
        const char *place;
        uint64_t vm;
        const char *address;
    } rows[] = {
        {"127.0.0.0/8:80", 0, "127.0.0.0:80"},
        {"127.0.0.0/8:80", 66051, "127.1.2.3:80"},
        {"127.0.0.0/8:80", 0xffffff, "127.255.255.255:80"},
        {"10.128.0.0/9:80", 0x7fffff, "10.255.255.255:80"},
        {"10.1.2.4/30:80", 3, "10.1.2.7:80"},
        {"[fd00::]/64:80", 0x123456789, "[fd00::1:2345:6789]:80"},
        {"[fd00:0:0:5::]/64:80", UINT64_MAX, "[fd00::5:ffff:ffff:ffff:ffff]:80"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct place place = place_of(PLACE_HTTP, rows[i].place);
        union place_socket_address address;
        char text[PLACE_TEXT_ROOM];
        uint64_t vm = 1;

        place_address(&place, rows[i].vm, &address);
        assert_true(place_vm(&place, &address, &vm));
        assert_true(vm == rows[i].vm);
        place_print_vm(&place, rows[i].vm, text);
        assert_string_equal(text, rows[i].address);
    }
    static const char *const outside[][2] = {
        {"127.0.0.0/8:80", "126.255.255.255"}, {"127.0.0.0/8:80", "128.0.0.0"},
        {"10.1.2.4/30:80", "10.1.2.8"},        {"10.1.2.4/30:80", "10.1.2.3"},
        {"10.128.0.0/9:80", "10.127.0.1"},
    };

    for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
        struct place place = place_of(PLACE_HTTP, outside[i][0]);
        union place_socket_address address = {.v4 = {.sin_family = AF_INET}};
        uint64_t vm;

        inet_pton(AF_INET, outside[i][1], &address.v4.sin_addr);
        assert_false(place_vm(&place, &address, &vm));
    }
    /* Of the other family, and with a number that no VM has. */
    struct place v6 = place_of(PLACE_HTTP, "[::]/0:80");
    union place_socket_address address = {.v6 = {.sin6_family = AF_INET6}};
    uint64_t vm;

    inet_pton(AF_INET6, "1::", &address.v6.sin6_addr);
    assert_false(place_vm(&v6, &address, &vm));
    inet_pton(AF_INET6, "::1:2:3:4", &address.v6.sin6_addr);
    assert_true(place_vm(&v6, &address, &vm) && vm == UINT64_C(0x0001000200030004));
    address.any.sa_family = AF_INET;
    assert_false(place_vm(&v6, &address, &vm));
}

/* Turns: who was granted, in order. */
struct client {
    struct waiter waiter;
    int granted, late;
};

static int grants;

static void granted(struct waiter *waiter, bool late)
{
    struct client *client = (struct client *)waiter;

    client->granted = ++grants;
    client->late = late;
}

static struct client client_of(uint64_t vm)
{
    return (struct client){.waiter = {.vm = vm, .granted = granted}};
}

static void turns_go_to_who_came_first(void **state)
{
    struct turns *turns = turns_create(2);
    struct client first = client_of(5), second = client_of(5), third = client_of(5), fourth = client_of(5),
                  other = client_of(6);
    bool late = true;

    (void)state;
    grants = 0;
    assert_int_equal(turns_take(turns, &first.waiter, &late), TURN_TAKEN);
    assert_false(late);
    assert_false(turns_are_wanted(turns, 5));
    assert_int_equal(turns_take(turns, &other.waiter, &late), TURN_TAKEN);
    assert_int_equal(turns_take(turns, &second.waiter, &late), TURN_QUEUED);
    assert_int_equal(turns_take(turns, &third.waiter, &late), TURN_QUEUED);
    assert_int_equal(turns_take(turns, &fourth.waiter, &late), TURN_REFUSED);
    assert_true(turns_are_wanted(turns, 5));
    turns_pass(turns, 5, false);
    assert_int_equal(second.granted, 1);
    assert_false(second.late);
    assert_true(turns_leave(turns, &third.waiter));
    assert_false(turns_leave(turns, &second.waiter));
    assert_int_equal(turns_take(turns, &fourth.waiter, &late), TURN_QUEUED);
    assert_int_equal(turns_take(turns, &third.waiter, &late), TURN_QUEUED);
    turns_pass(turns, 5, true);
    assert_int_equal(fourth.granted, 2);
    assert_true(fourth.late);
    turns_pass(turns, 5, false);
    assert_int_equal(third.granted, 3);
    assert_false(third.late);
    /* Out of step it stays so until somebody says else. */
    turns_pass(turns, 5, true);
    assert_int_equal(turns_take(turns, &first.waiter, &late), TURN_TAKEN);
    assert_true(late);
    turns_pass(turns, 5, false);
    assert_int_equal(turns_take(turns, &first.waiter, &late), TURN_TAKEN);
    assert_false(late);
    assert_int_equal(grants, 3);
    turns_free(turns);
}

static void turns_of_many_vms_do_not_mix(void **state)
{
    enum { VMS = 100000 };
    struct turns *turns = turns_create(0);
    struct client client = client_of(0);
    bool late;

    (void)state;
    for (uint64_t vm = 0; vm < VMS; vm++) {
        client.waiter.vm = vm;
        assert_int_equal(turns_take(turns, &client.waiter, &late), TURN_TAKEN);
        assert_false(late);
    }
    for (uint64_t vm = 0; vm < VMS; vm++) {
        client.waiter.vm = vm;
        assert_int_equal(turns_take(turns, &client.waiter, &late), TURN_REFUSED);
        turns_pass(turns, vm, vm % 3 == 0);
    }
    for (uint64_t vm = 0; vm < VMS; vm++) {
        client.waiter.vm = vm;
        assert_int_equal(turns_take(turns, &client.waiter, &late), TURN_TAKEN);
        assert_int_equal(late, vm % 3 == 0);
    }
    turns_free(turns);
}

/* Heads: each is also given byte by byte, and is taken then if it is taken as a whole. */
static int parse(const char *text, size_t count, size_t most, struct head *head)
{
    struct head_progress progress = {0};
    struct head pieces;
    int whole = head_parse(text, count, most, &progress, head), status = HEAD_PARTIAL;

    progress = (struct head_progress){0};
    for (size_t i = 1; i <= count && status == HEAD_PARTIAL; i++)
        status = head_parse(text, i, most, &progress, &pieces);
    if (whole == 0) {
        assert_int_equal(status, 0);
        assert_memory_equal(head, &pieces, sizeof(pieces));
    } else if (status == 0 || status == 501) { /* it may be waited for, since not every piece is looked at */
        assert_int_equal(status, whole);
    } else if (whole == HEAD_PARTIAL && status != HEAD_PARTIAL) {
        fail_msg("'%s': %d as a whole, %d in pieces", text, whole, status);
    }
    return whole;
}

static void heads_are_taken_refused_or_waited_for(void **state)
{
    static const struct {
        const char *text;
        int status;
    } rows[] = {
        {"GET / HTTP/1.1\r\n\r\n", 0},
        {"GET / HTTP/1.0\n\n", 0},
        {"\r\n\r\nHEAD /x?y HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {"GET http://host/vm/3/ HTTP/1.1\r\nHost: a\r\nX:\r\n\r\n", 0},
        {"OPTIONS * HTTP/1.1\r\n\r\n", 0},
        {"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 0},
        {"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 0},
        {"", HEAD_PARTIAL},
        {"\r\n\r\n", HEAD_PARTIAL},
        {"G", HEAD_PARTIAL},
        {"GET / HTTP/1.1\r\n", HEAD_PARTIAL},
        {"GET / HTTP/1.1\r\nHost: a\r\n\r", HEAD_PARTIAL},
        {"hello world, who are you?\r\n\r\n", 400},
        {"GET /\r\n\r\n", 400},
        {"GET / HTTP/2.0\r\n\r\n", 400},
        {"GET / HTTP/0.9\r\n\r\n", 400},
        {"GET / HTTP/1.2\r\n\r\n", 400},
        {"GET  / HTTP/1.1\r\n\r\n", 400},
        {"GET /  HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/1.1 \r\n\r\n", 400},
        {"get / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n?challenge\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nA : b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nA: b\r\n\r\r", 400},
        {"GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nA: b\r\n\r\rB: c\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
        {"\x16\x03\x01\x02\x01\x01\xfc\x03\x03 a client of TLS", 400},
        {"POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\n", 501},
        {"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 501},
        {"CONNECT host:1 HTTP/1.1\r\n\r\n", 501},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct head head;
        int status = parse(rows[i].text, strlen(rows[i].text), 1000, &head);

        if (status != rows[i].status)
            fail_msg("'%s': %d, not %d", rows[i].text, status, rows[i].status);
        if (status == 0)
            assert_int_equal(head.end, strlen(rows[i].text));
    }
    struct head head;
    const char *two = "GET / HTTP/1.0\r\n\r\nGET /b HTTP/1.1\r\n\r\n";

    assert_int_equal(parse(two, strlen(two), 1000, &head), 0);
    assert_int_equal(head.end, 18);
    assert_false(head.keep_alive);
    assert_int_equal(parse(two + 18, strlen(two) - 18, 1000, &head), 0);
    assert_true(head.keep_alive);
    two = "GET / HTTP/1.1\r\nConnection: close\r\n\r\n";
    assert_int_equal(parse(two, strlen(two), 1000, &head), 0);
    assert_false(head.keep_alive);
}

static void heads_have_a_most(void **state)
{
    char text[2100];
    struct head head;
    int length = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nA: ");

    (void)state;
    memset(text + length, 'x', 2000);
    memcpy(text + length + 2000, "\r\n\r\n", 5);
    size_t count = (size_t)length + 2004;

    assert_int_equal(parse(text, count, count, &head), 0);
    assert_int_equal(parse(text, count, count - 1, &head), 431);
    assert_int_equal(parse(text, 1000, 999, &head), 431);
    memset(text, '\n', 2000);
    assert_int_equal(parse(text, 2000, 1000, &head), 400);
}

static void paths_name_vms(void **state)
{
    static const struct {
        const char *target;
        bool named;
        uint64_t vm;
        const char *becomes;
    } rows[] = {
        {"/vm/7/", true, 7, "/"},
        {"/vm/7", true, 7, "/"},
        {"/vm/7?a=/b", true, 7, "/?a=/b"},
        {"/vm/007/x/vm/8/", true, 7, "/x/vm/8/"},
        {"/vm/18446744073709551609/", true, UINT64_C(18446744073709551609), "/"},
        {"http://127.0.0.1:80/vm/12/a", true, 12, "/a"},
        {"HTTP://h/vm/0", true, 0, "/"},
        {"/", false, 0, ""},
        {"/vm/", false, 0, ""},
        {"/vm//", false, 0, ""},
        {"/vm/x", false, 0, ""},
        {"/vm/7x/", false, 0, ""},
        {"/vm/-7/", false, 0, ""},
        {"/vm/99999999999999999999/", false, 0, ""},
        {"/VM/7/", false, 0, ""},
        {"http://h", false, 0, ""},
        {"http://h/", false, 0, ""},
        {"*", false, 0, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[200], written[201], right[200];
        struct head head;
        uint64_t vm = 0;
        size_t cut = 0;
        bool slash = false;
        int length = snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: x\r\n\r\nGET", rows[i].target);

        assert_int_equal(parse(text, (size_t)length, 1000, &head), 0);
        bool named = head_vm(text, &head, &vm, &cut, &slash);

        if (named != rows[i].named)
            fail_msg("'%s' %s a VM", rows[i].target, named ? "names" : "does not name");
        if (!named)
            continue;
        assert_true(vm == rows[i].vm);
        size_t count = head_write(written, text, &head, cut, slash);

        snprintf(right, sizeof(right), "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", rows[i].becomes);
        written[count] = '\0';
        assert_string_equal(written, right);
    }
}

static void answers_end_where_they_say(void **state)
{
    static const struct {
        const char *text;
        bool is_head;
        int taken; /* -1: broken; 0: not whole */
        bool closes;
    } rows[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello", false, 43, false},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello and more", false, 43, false},
        {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nHello", false, 43, true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true, 38, false},
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", false, 45, false},
        {"HTTP/1.1 204 No\r\n\r\n", false, 19, false},
        {"HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 204 No\r\n\r\n", false, 38, false},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", false, 59, true},
        {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx", false, 58, true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHell", false, 0, false},
        {"HTTP/1.1 200 OK\r\n\r\nno end", false, 0, false},
        {"HTTP/1.1 100 Go\r\n\r\n", false, 0, false},
        {"!bkign\n", false, -1, false},
        {"hello", false, -1, false},
        {"HTTP/1.1 101 Other\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", false, -1, false},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nHello", false, -1, false},
        {"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nHello", false, -1, false},
        {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\rx", false, -1, false},
        {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", false, -1, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (size_t piece = 1; piece < 100; piece += 7) {
            size_t length = strlen(rows[i].text);
            struct framing framing;
            bool over = false;

            framing_begin(&framing, rows[i].is_head);
            for (size_t at = 0; !over && at < length;) {
                at = at + piece < length ? at + piece : length;
                over = framing_take(&framing, rows[i].text, at);
            }
            if (over != (rows[i].taken != 0) || framing.broken != (rows[i].taken < 0) ||
                framing.whole != (rows[i].taken > 0))
                fail_msg("'%s' in pieces of %zu: %s", rows[i].text, piece,
                         framing.broken  ? "broken"
                         : framing.whole ? "whole"
                                         : "not whole");
            if (framing.whole) {
                assert_int_equal(framing.taken, rows[i].taken);
                assert_int_equal(framing.closes, rows[i].closes);
            }
        }
}

static void refusals_are_answers(void **state)
{
    char text[REFUSAL_ROOM];
    struct framing framing;
    size_t count = refusal_write(text, 404, "there is no VM 5", false, false);

    (void)state;
    framing_begin(&framing, false);
    assert_true(framing_take(&framing, text, count) && framing.whole && framing.taken == count &&
                !framing.closes);
    count = refusal_write(text, 431, "too long", true, true);
    framing_begin(&framing, true);
    assert_true(framing_take(&framing, text, count) && framing.whole && framing.taken == count &&
                framing.closes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_are_parsed_and_printed),
        cmocka_unit_test(what_is_no_place_is_refused_with_what_would_be_right),
        cmocka_unit_test(numbers_and_addresses_are_each_others),
        cmocka_unit_test(turns_go_to_who_came_first),
        cmocka_unit_test(turns_of_many_vms_do_not_mix),
        cmocka_unit_test(heads_are_taken_refused_or_waited_for),
        cmocka_unit_test(heads_have_a_most),
        cmocka_unit_test(paths_name_vms),
        cmocka_unit_test(answers_end_where_they_say),
        cmocka_unit_test(refusals_are_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
