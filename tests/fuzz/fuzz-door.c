/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What clients and VMs may send to each other through the door: heads of requests and answers of chance, in
 * pieces, and whole lanes between clients and VMs of which some answer late, never, or anything.
 *
 *   fuzz-door [--seed N] [--count N] [--seconds S]
 *
 * It must hold that a VM sees the end of a head exactly where the door does, that the end of an answer does
 * not depend on its pieces and is where another reading has it, and that no client gets what another one
 * asked for.
 */
#include "base/clock.h"
#include "door/lane.h"
#include "round.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    HANGS_AFTER_SECONDS = 20,
    TEXT_ROOM = 4096,
    HEADER_BYTES = 1000,
    OUTPUT_BYTES = 600,
    VMS = 3,
    CLIENTS = 5
};

/* Texts: words of HTTP, rightly put together for the most part. */
static const char *const ends[] = {"\r\n", "\r\n", "\r\n", "\n", "\r\r\n", "\r", "\n\r", "\r\n ", NULL};
static const char *const headers[] = {"Host: x",
                                      "A: b",
                                      "Connection: close",
                                      "Connection: keep-alive",
                                      "?abcd",
                                      "A : b",
                                      " folded",
                                      "Content-Length: 0",
                                      "Transfer-Encoding: chunked",
                                      "Upgrade: h2c",
                                      "Connection: upgrade",
                                      "X:",
                                      "\x7f: \xff",
                                      ": no name",
                                      "Content-Length : 3",
                                      "Content-Length: 3",
                                      "\tA: b",
                                      "Content-Length: -1",
                                      NULL};

static size_t end_line(char *text, size_t count)
{
    return append(text, TEXT_ROOM, count, draw(20) ? "\r\n" : any(ends));
}

static size_t make_request(char *text)
{
    static const char *const methods[] = {"GET",     "HEAD", "POST", "OPTIONS", "get",
                                          "CONNECT", "H",    "?",    "",        NULL};
    static const char *const targets[] = {"/", "/vm/1/", "/vm/2", "/vm/0?x", "http://h/vm/1/y", "*",
                                          "",  "/vm/",   "x",     "/\xff",   "/vm/99/a b",      NULL};
    static const char *const versions[] = {"HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/1.10",
                                           "HTTP/0.9", "",         "http/1.1", NULL};
    size_t count = 0;

    while (draw(10) == 0)
        count = append(text, TEXT_ROOM, count, any(ends));
    count = append(text, TEXT_ROOM, count, draw(4) ? "GET" : any(methods));
    count = append(text, TEXT_ROOM, count, draw(30) ? " " : "  ");
    count = append(text, TEXT_ROOM, count, draw(3) ? "/" : any(targets));
    count = append(text, TEXT_ROOM, count, draw(30) ? " " : "\t");
    count = append(text, TEXT_ROOM, count, draw(6) ? "HTTP/1.1" : any(versions));
    count = end_line(text, count);
    for (unsigned i = draw(5); i > 0; i--) {
        count = append(text, TEXT_ROOM, count, draw(3) ? headers[draw(2)] : any(headers));
        count = end_line(text, count);
    }
    return end_line(text, count);
}

static size_t make_answer(char *text)
{
    static const char *const lines[] = {"HTTP/1.1 200 OK",
                                        "HTTP/1.1 200 OK",
                                        "HTTP/1.0 200 OK",
                                        "HTTP/1.1 100 Go",
                                        "HTTP/1.1 204 No",
                                        "HTTP/1.1 304 No",
                                        "HTTP/1.1 101 Other",
                                        "HTTP/1.1 200",
                                        "HTTP/1.1 99 Low",
                                        "!abcdef",
                                        "",
                                        NULL};
    static const char *const lengths[] = {"Content-Length: 5",
                                          "Content-Length: 5",
                                          "Content-Length: 0",
                                          "Content-Length: 500",
                                          "Content-Length: 5x",
                                          "Transfer-Encoding: chunked",
                                          NULL};
    static const char *const bodies[] = {"hello",
                                         "hello",
                                         "",
                                         "hell",
                                         "hello and more",
                                         "5\r\nhello\r\n0\r\n\r\n",
                                         "5;x\nhello\r\n0\r\nA: b\r\n\r\n",
                                         "5\r\nhello\r\r0\r\n\r\n",
                                         NULL};
    size_t count = 0;

    do {
        count = append(text, TEXT_ROOM, count, any(lines));
        count = end_line(text, count);
        if (draw(8))
            count = end_line(text, append(text, TEXT_ROOM, count, any(lengths)));
        for (unsigned i = draw(3); i > 0; i--)
            count = end_line(text, append(text, TEXT_ROOM, count, draw(2) ? "A: b" : any(headers)));
        count = end_line(text, count);
        count = append(text, TEXT_ROOM, count, any(bodies));
    } while (draw(6) == 0 && count < TEXT_ROOM / 2);
    return count;
}

static void scatter(char *text, size_t count)
{
    if (draw(4) == 0)
        for (unsigned i = 1 + draw(3); i > 0 && count > 0; i--)
            text[draw((unsigned)count)] = (char)draw(256);
}

/* Exactly as large, so that reading past the end is seen. */
static char *exact(const char *text, size_t count)
{
    char *copy = malloc(count ? count : 1);

    memcpy(copy, text, count);
    return copy;
}

/* The guest's own reading of what it is sent, as web.asm has it: CR is no byte at all, a line that begins
 * with '?' is a challenge, and an empty line ends a request. It is to end once, with the last byte. */
static void check_for_guest(const char *bytes, size_t count)
{
    size_t column = 0, line = 0;

    for (size_t i = 0; i < count; i++) {
        if (bytes[i] == '\r')
            continue;
        if (column == 0 && bytes[i] == '?')
            fail("a client's challenge reaches the VM", bytes, count);
        if (bytes[i] != '\n') {
            column++;
            continue;
        }
        if (column == 0 && line == 0)
            fail("an empty line reaches the VM before the request", bytes, count);
        if (column == 0 && i + 1 < count)
            fail("the VM sees the end before the door does", bytes, count);
        if (column == 0)
            return;
        line++;
        column = 0;
    }
    fail("the VM does not see the end", bytes, count);
}

static uint64_t taken_heads, refused_heads, whole_answers, broken_answers, right_contents, late_vms;

static void try_head(void)
{
    char text[TEXT_ROOM];
    size_t count = make_request(text);
    struct head_progress progress = {0};
    struct head head, pieces;

    scatter(text, count);
    char *all = exact(text, count);
    int status = head_parse(all, count, HEADER_BYTES, &progress, &head), other = HEAD_PARTIAL;

    progress = (struct head_progress){0};
    for (size_t at = 0; at < count && other == HEAD_PARTIAL;) {
        at += 1 + draw(draw(2) ? 3 : 40);
        at = at < count ? at : count;
        char *piece = exact(text, at);

        other = head_parse(piece, at, HEADER_BYTES, &progress, &pieces);
        free(piece);
    }
    if ((status == 0) != (other == 0) && !(other == 400 || other == 501))
        fail("taken as a whole and not in pieces, or the other way round", text, count);
    if (status == 0) {
        uint64_t vm;
        size_t cut = 0;
        bool slash = false;
        char *written;

        taken_heads++;
        if (head.end > count || head.start > head.target || head.target + head.target_length >= head.end)
            fail("a head that is not within its bytes", text, count);
        check_for_guest(all + head.start, head.end - head.start);
        if (!head_vm(all, &head, &vm, &cut, &slash))
            cut = slash = 0;
        written = malloc(head.end - head.start + 1);
        size_t length = head_write(written, all, &head, cut, slash);

        check_for_guest(written, length);
        if (length != head.end - head.start - cut + slash)
            fail("a head that was written longer or shorter", text, count);
        free(written);
    } else {
        refused_heads++;
    }
    free(all);
}

/* Another reading of an answer that is kept open for more: its end, by its Content-Length. 0: there is none.
 */
static size_t end_of(const char *text, size_t count, bool is_head)
{
    size_t at = 0, length = 0, line = 0;
    int status = 0;

    for (;;) {
        const char *feed = memchr(text + at, '\n', count - at);
        size_t end = feed ? (size_t)(feed - text) : 0, stop = end;

        if (!feed)
            return 0;
        if (stop > at && text[stop - 1] == '\r')
            stop--;
        if (line == 0)
            status = atoi(text + at + 9);
        if (line > 0 && stop == at) {
            bool none = is_head || status == 204 || status == 304 || (status >= 100 && status < 200);

            if (status >= 100 && status < 200) {
                size_t rest = end_of(text + end + 1, count - end - 1, is_head);

                return rest ? end + 1 + rest : 0;
            }
            return end + 1 + (none ? 0 : length);
        }
        if (stop - at > 15 && strncasecmp(text + at, "Content-Length:", 15) == 0)
            length = strtoul(text + at + 15, NULL, 10);
        line++;
        at = end + 1;
    }
}

static void try_answer(void)
{
    char text[TEXT_ROOM];
    size_t count = make_answer(text);
    bool is_head = draw(5) == 0, over = false;
    struct framing whole, pieces;

    scatter(text, count);
    char *all = exact(text, count);

    framing_begin(&whole, is_head);
    framing_take(&whole, all, count);
    framing_begin(&pieces, is_head);
    for (size_t at = 0; at < count && !over;) {
        at += 1 + draw(draw(2) ? 3 : 40);
        at = at < count ? at : count;
        char *piece = exact(text, at);

        over = framing_take(&pieces, piece, at);
        free(piece);
    }
    if (whole.whole != pieces.whole || whole.broken != pieces.broken || whole.closes != pieces.closes ||
        (whole.whole && whole.taken != pieces.taken))
        fail("an answer that is another in pieces", text, count);
    if (whole.taken > count)
        fail("more taken than there is", text, count);
    if (whole.whole && !whole.closes && end_of(text, count, is_head) != whole.taken)
        fail("an answer whose end another reader sees elsewhere", text, count);
    whole_answers += whole.whole;
    broken_answers += whole.broken;
    free(all);
}

/* Whole lanes. A request is marked with its client, and an answer of a VM with the mark of its request. */
struct vm {
    char owes[TEXT_ROOM]; /* what it has to say before it answers anything else */
    size_t count;
};

static struct engine_ask *asks[64];
static size_t ask_count;

static void fake_submit(struct population *population, struct engine_ask *const *list, size_t count)
{
    (void)population;
    for (size_t i = 0; i < count; i++)
        asks[ask_count++] = list[i];
}

static const struct engine fake = {.name = "fake", .submit = fake_submit};

/* One letter for each client, that nothing else holds: bytes that are sent in parts may be put together to
 * anything. */
static const char marks[CLIENTS + 1] = "JKQVZ";

/* What the VM says to this, behind what it owes. */
static void make_vm_say(struct vm *vm, const struct engine_ask *ask)
{
    char request[TEXT_ROOM], right[CHALLENGE_ANSWER_ROOM];
    const char *question = memchr(ask->request, '?', ask->request_length);

    snprintf(request, sizeof(request), "%.*s", (int)ask->request_length, ask->request);
    if (ask->request[0] == '\n' && question) {
        challenge_solve(question + 1, CHALLENGE_NONCE, right);
        vm->count = append(vm->owes, TEXT_ROOM, vm->count, right);
        vm->count = append(vm->owes, TEXT_ROOM, vm->count, "\n");
        return;
    }
    /* The last: what clients send in parts may make others by chance. */
    const char *mark = NULL;

    for (const char *at = request; (at = strstr(at, "/mark")); at++)
        mark = at;

    if (mark && draw(20)) {
        char answer[200];

        snprintf(answer, sizeof(answer), "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n%.6s", mark);
        vm->count = append(vm->owes, TEXT_ROOM, vm->count,
                           request[0] == 'H' ? "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n" : answer);
    } else {
        char text[TEXT_ROOM + 1];
        size_t count = make_answer(text);

        text[count] = '\0';
        vm->count = append(vm->owes, TEXT_ROOM, vm->count, text);
    }
}

static void answer(struct lane *lane, struct vm *vms, size_t which)
{
    struct engine_ask *ask = asks[which];
    struct vm *vm = &vms[ask->vm];
    bool whole = false, full = false;
    size_t patience = draw(4) ? TEXT_ROOM : draw(60), said = 0;

    asks[which] = asks[--ask_count];
    ask->late = vm->count > 0;
    if (draw(30) == 0) {
        ask->status = draw(2) ? -ECONNRESET : -ENOMEM;
    } else {
        make_vm_say(vm, ask);
        while (!whole && !full && said < vm->count && said < patience) {
            size_t piece = 1 + draw(draw(2) ? 5 : 300);

            piece = piece < vm->count - said ? piece : vm->count - said;
            if (piece > ask->answer_room - 1 - ask->answer_length)
                piece = ask->answer_room - 1 - ask->answer_length;
            full = piece == 0;
            memcpy(ask->answer + ask->answer_length, vm->owes + said, piece);
            ask->answer_length += piece;
            ask->answer[ask->answer_length] = '\0';
            said += piece;
            whole = piece > 0 && ask->is_whole(ask);
        }
        vm->count -= said;
        memmove(vm->owes, vm->owes + said, vm->count);
        ask->status = whole ? 0 : full ? -EMSGSIZE : -ETIMEDOUT;
        late_vms += ask->status != 0;
        /* What it still owes it says some time: now, to nobody, or before its next answer. */
        if (draw(2) && whole)
            vm->count = 0;
    }
    struct asker *asker = ask->context;

    asker->answered(lane->door, asker, ask);
}

static void read_client(int fd, unsigned client)
{
    char text[TEXT_ROOM], mine[8];
    ssize_t got = recv(fd, text, sizeof(text), MSG_DONTWAIT);
    const char *at = text;

    snprintf(mine, sizeof(mine), "/mark%c", marks[client]);
    while (got > 0 && (at = memmem(at, (size_t)(text + got - at), "/mark", 5)) && at + 6 <= text + got) {
        if (at[5] != '\0' && strchr(marks, at[5]) && memcmp(at, mine, 6) != 0)
            fail("a client got what another one asked for", text, (size_t)got);
        right_contents++;
        at += 6;
    }
}

static void try_lane(void)
{
    struct place place = {.kind = PLACE_HTTP, .family = AF_UNIX};
    struct lanes all = {.engine = &fake,
                        .limits = {.connections = 10,
                                   .header_bytes = HEADER_BYTES,
                                   .output_bytes = OUTPUT_BYTES,
                                   .waiting = 2,
                                   .idle_ns = 60 * NS_PER_SECOND,
                                   .header_ns = 60 * NS_PER_SECOND,
                                   .answer_ns = 60 * NS_PER_SECOND},
                        .places = &place,
                        .place_count = 1,
                        .numbers = VMS,
                        .challenges = true,
                        .turns = turns_create(2)};
    static struct vm vms[VMS];
    static struct door door;
    struct lane *lane;
    int clients[CLIENTS];

    memset(vms, 0, sizeof(vms));
    ask_count = 0;
    if (!all.turns || lane_create(&all, &lane, NULL) < 0)
        fail("no memory, or no descriptors", "", 0);
    lane->door = &door;
    for (unsigned i = 0; i < CLIENTS; i++)
        clients[i] = -1;
    for (unsigned step = 0; step < 200; step++) {
        unsigned client = draw(CLIENTS);
        char text[TEXT_ROOM];
        int pair[2];

        switch (draw(8)) {
        case 0:
            if (clients[client] >= 0 && draw(4) == 0) {
                close(clients[client]);
                clients[client] = -1;
            }
            break;
        case 1:
        case 2:
        case 3:
            if (clients[client] < 0) {
                if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) < 0)
                    fail("no descriptors", "", 0);
                connection_open(lane, &place, pair[0]);
                clients[client] = pair[1];
            }
            size_t count = draw(10)
                               ? (size_t)snprintf(text, sizeof(text), "%s /vm/%u/mark%c HTTP/1.1\r\n\r\n",
                                                  draw(8) ? "GET" : "HEAD", draw(VMS + 1), marks[client])
                               : make_request(text);
            size_t at = draw(3) ? 0 : draw((unsigned)count); /* a part of it now and then */

            (void)!send(clients[client], text + (draw(2) ? 0 : at), count - at, MSG_NOSIGNAL | MSG_DONTWAIT);
            break;
        case 4:
            if (clients[client] >= 0)
                read_client(clients[client], client);
            break;
        default:
            if (ask_count > 0)
                answer(lane, vms, draw((unsigned)ask_count));
        }
        lane_turn(lane, 0);
    }
    for (unsigned i = 0; i < CLIENTS; i++)
        if (clients[i] >= 0) {
            read_client(clients[i], i);
            close(clients[i]);
        }
    lane_close_clients(lane);
    lane_free(lane);
    turns_free(all.turns);
}

int main(int argc, char **argv)
{
    if (!round_begin("fuzz-door", 100000, HANGS_AFTER_SECONDS, argc, argv))
        return 2;
    while (round_next()) {
        try_head();
        try_answer();
        if (round_number() % 10 == 0)
            try_lane();
    }
    printf("%llu cases: heads %llu taken and %llu not, answers %llu whole and %llu broken, %llu contents of "
           "the right "
           "client, %llu asks without an end\n",
           (unsigned long long)round_number(), (unsigned long long)taken_heads,
           (unsigned long long)refused_heads, (unsigned long long)whole_answers,
           (unsigned long long)broken_answers, (unsigned long long)right_contents,
           (unsigned long long)late_vms);
    return taken_heads && whole_answers && right_contents && late_vms ? 0 : 1;
}
