/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The load generator over TCP: URLs, and servers that are hostile, slow or gone. And the search for a
 * capacity, and loads in several threads. */
#include "base/clock.h"
#include "base/reason.h"
#include "load/capacity.h"
#include "load/team.h"
#include "load/url.h"
#include "load/way_http.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void urls_say_where_each_vm_is(void **state)
{
    static const struct {
        const char *url;
        uint64_t vm;
        const char *address, *request;
    } cases[] = {
        {"http://127.0.0.0/8:8080/", 66051, "127.1.2.3",
         "GET / HTTP/1.1\r\nHost: 127.1.2.3:8080\r\nConnection: close\r\n\r\n"},
        {"http://127.0.0.1/8:80", 0, "127.0.0.0",
         "GET / HTTP/1.1\r\nHost: 127.0.0.0:80\r\nConnection: close\r\n\r\n"},
        {"http://127.0.0.1:8080/vm/{}/a?b", 7, "127.0.0.1",
         "GET /vm/7/a?b HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nConnection: close\r\n\r\n"},
        {"http://[::1]/x", 0, "::1", "GET /x HTTP/1.1\r\nHost: [::1]\r\nConnection: close\r\n\r\n"},
        {"http://[fd00::]/64:81/", 0x10002, "fd00::1:2",
         "GET / HTTP/1.1\r\nHost: [fd00::1:2]:81\r\nConnection: close\r\n\r\n"},
        {"http://localhost:1/8", 0, NULL,
         "GET /8 HTTP/1.1\r\nHost: localhost:1\r\nConnection: close\r\n\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct load_url url;
        struct sockaddr_storage address;
        struct reason reason = {""};
        char name[INET6_ADDRSTRLEN];

        assert_int_equal(load_url_parse(cases[i].url, &url, &reason), 0);
        assert_true(cases[i].vm < url.most_vms);
        char *text = malloc(load_url_request_room(&url));

        assert_int_equal(load_url_request(&url, cases[i].vm, true, text), strlen(cases[i].request));
        assert_string_equal(text, cases[i].request);
        free(text);
        load_url_address(&url, cases[i].vm, &address);
        const void *bytes = address.ss_family == AF_INET6
                                ? (void *)&((struct sockaddr_in6 *)&address)->sin6_addr
                                : (void *)&((struct sockaddr_in *)&address)->sin_addr;

        inet_ntop(address.ss_family, bytes, name, sizeof(name));
        if (cases[i].address)
            assert_string_equal(name, cases[i].address);
    }
}

static void urls_that_are_none_are_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "127.0.0.1:80",
        "https://127.0.0.1/",
        "http://",
        "http://:80/",
        "http://127.0.0.1:0/",
        "http://127.0.0.1:65536/",
        "http://127.0.0.1:x/",
        "http://127.0.0.1/33:80/",
        "http://127.0.0.1/ a",
        "http://127.0.0.1/a\r\nX: y",
        "http://127.0.0.1/{}/{}",
        "http://127.0.0.0/8:80/{}",
        "http://127.0.0.1?x",
        "http://[::1/",
        "http://[::1]/129:80/",
    };
    struct load_url url;
    struct reason reason;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        reason.text[0] = '\0';
        int error = load_url_parse(wrong[i], &url, &reason);

        assert_true(error == -EINVAL || error == -ENOENT);
        assert_true(strlen(reason.text) > 10);
    }
}

/* What a server does with each request. */
enum manner {
    ANSWERS,        /* and keeps the connection */
    ANSWERS_ONCE,   /* and closes, without saying so before */
    IN_BYTES,       /* in many small pieces */
    SAYS_NOTHING,   /* ever */
    CLOSES,         /* without an answer */
    CLOSES_HALFWAY, /* through the answer */
    TALKS_NONSENSE,
    SAYS_MORE, /* than it was asked */
    DOES_NOT_END,
    IS_LONG, /* some MiB */
};

struct server {
    enum manner manner;
    int listener;
    uint16_t port;
    pthread_t thread;
    _Atomic bool stop;
    _Atomic unsigned accepted, requests;
};

static const char right[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello";

static void say(int fd, const char *text, size_t count)
{
    if (send(fd, text, count, MSG_NOSIGNAL) < 0)
        return;
}

/* Returns whether the connection stays. */
static bool answer(struct server *server, int fd)
{
    static const char noise[1000];
    size_t length = strlen(right);

    switch (server->manner) {
    case ANSWERS:
        say(fd, right, length);
        return true;
    case ANSWERS_ONCE:
        say(fd, right, length);
        return false;
    case IN_BYTES:
        for (size_t i = 0; i < length; i++)
            say(fd, right + i, 1);
        return true;
    case SAYS_NOTHING:
        return true;
    case CLOSES:
        return false;
    case CLOSES_HALFWAY:
        say(fd, right, length / 2);
        return false;
    case TALKS_NONSENSE:
        say(fd, noise, sizeof(noise));
        return true;
    case SAYS_MORE:
        say(fd, right, length);
        say(fd, right, length);
        return true;
    case DOES_NOT_END:
        say(fd, "HTTP/1.1 200 OK\r\n\r\n", 19);
        for (int i = 0; i < 100; i++)
            say(fd, noise, sizeof(noise));
        return true;
    case IS_LONG:
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n", 44);
        for (int i = 0; i < 3000; i++)
            say(fd, noise, sizeof(noise));
        return true;
    }
    return false;
}

enum { FDS = 256 };

static void *serve(void *context)
{
    struct server *server = context;
    struct pollfd fds[FDS] = {{.fd = server->listener, .events = POLLIN}};
    nfds_t count = 1;
    char request[4096];

    while (!atomic_load(&server->stop)) {
        if (poll(fds, count, 10) <= 0)
            continue;
        for (nfds_t i = count; i-- > 1;) {
            if (!fds[i].revents)
                continue;
            ssize_t got = recv(fds[i].fd, request, sizeof(request), 0);

            if (got > 0)
                atomic_fetch_add(&server->requests, 1);
            if (got <= 0 || !answer(server, fds[i].fd)) {
                close(fds[i].fd);
                fds[i] = fds[--count];
            }
        }
        if (fds[0].revents && count < FDS) {
            fds[count] = (struct pollfd){.fd = accept(server->listener, NULL, NULL), .events = POLLIN};
            atomic_fetch_add(&server->accepted, 1);
            count++;
        }
    }
    for (nfds_t i = 0; i < count; i++)
        close(fds[i].fd);
    return NULL;
}

static void start_server(struct server *server, enum manner manner)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
    socklen_t length = sizeof(address);

    *server = (struct server){.manner = manner};
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &length), 0);
    assert_int_equal(listen(server->listener, 1024), 0);
    server->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void stop_server(struct server *server)
{
    atomic_store(&server->stop, true);
    pthread_join(server->thread, NULL);
}

static unsigned open_files(void)
{
    DIR *directory = opendir("/proc/self/fd");
    unsigned count = 0;

    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

struct wish {
    const char *path; /* behind the port */
    bool by_address;
    size_t connections, kept, under_way; /* under_way: a closed loop */
    uint64_t timeout_ns;
    unsigned threads;
};

/* Loads a port for a fifth of a second at 500 requests a second. */
static void load_port(uint16_t port, const struct wish *wish, struct load_figures *figures)
{
    const struct targets targets = {.kind = TARGETS_ROUND_ROBIN, .vms = 50};
    struct schedule_plan schedule = {0};
    struct reason reason = {""};
    struct load_url url;
    struct load_way *ways[4];
    char text[256];
    unsigned threads = wish->threads ? wish->threads : 1;

    snprintf(text, sizeof(text), "http://127.0.0.%s:%u%s", wish->by_address ? "0/8" : "1", port,
             wish->path ? wish->path : "/");
    assert_int_equal(load_url_parse(text, &url, &reason), 0);
    const struct load_http_plan http = {.url = &url,
                                        .expected = {.body = "Hello", .length = 5},
                                        .connections = wish->connections ? wish->connections : 100,
                                        .kept = wish->kept};

    for (unsigned i = 0; i < threads; i++)
        assert_int_equal(load_way_http_open(&http, &ways[i], &reason), 0);
    assert_int_equal(schedule_parse_rate("500", &schedule, &reason), 0);
    const struct load_team_plan team = {
        .plan = {.schedule = wish->under_way ? NULL : &schedule,
                 .targets = &targets,
                 .timeout_ns = wish->timeout_ns ? wish->timeout_ns : 60 * NS_PER_SECOND,
                 .length_ns = NS_PER_SECOND / 5,
                 .under_way = wish->under_way},
        .ways = ways,
        .threads = threads,
    };

    assert_int_equal(load_figures_init(figures), 0);
    assert_int_equal(load_team_run(&team, figures, &reason), 0);
    for (unsigned i = 0; i < threads; i++)
        ways[i]->close(ways[i]);
    schedule_plan_release(&schedule);
    assert_true(figures->cpu_ns > 0);
    if (!wish->under_way)
        assert_int_equal(figures->due, 100);
    uint64_t sum = 0;

    for (size_t i = 0; i < LOAD_OUTCOMES; i++)
        sum += figures->outcomes[i];
    assert_int_equal(sum, figures->due);
}

/* Serves and loads; returns how many connections there were. No descriptor is left. */
static unsigned serve_and_load(enum manner manner, const struct wish *wish, struct load_figures *figures)
{
    struct server server;
    unsigned files = open_files();

    start_server(&server, manner);
    load_port(server.port, wish, figures);
    unsigned accepted = atomic_load(&server.accepted);

    stop_server(&server);
    assert_int_equal(open_files(), files);
    return accepted;
}

static void expect_all(enum manner manner, const struct wish *wish, enum load_outcome outcome)
{
    struct load_figures figures;

    serve_and_load(manner, wish, &figures);
    assert_int_equal(figures.outcomes[outcome], figures.due);
    assert_int_equal(figures.uncorrected.total, outcome == LOAD_RIGHT ? figures.due : 0);
    load_figures_release(&figures);
}

static void connections_are_kept_or_not(void **state)
{
    struct load_figures figures;

    (void)state;
    /* One connection carries all, one after the other. */
    assert_int_equal(serve_and_load(ANSWERS, &(struct wish){.kept = 1, .connections = 1}, &figures), 1);
    assert_int_equal(figures.outcomes[LOAD_RIGHT], 100);
    load_figures_release(&figures);
    /* One for each request. */
    assert_int_equal(serve_and_load(ANSWERS, &(struct wish){0}, &figures), 100);
    assert_int_equal(figures.outcomes[LOAD_RIGHT], 100);
    load_figures_release(&figures);
    /* One for each of the 50 addresses, twice. */
    assert_int_equal(serve_and_load(ANSWERS, &(struct wish){.by_address = true}, &figures), 100);
    assert_int_equal(figures.outcomes[LOAD_RIGHT], 100);
    load_figures_release(&figures);
    assert_int_equal(serve_and_load(ANSWERS, &(struct wish){.by_address = true, .kept = 100}, &figures), 50);
    assert_int_equal(figures.outcomes[LOAD_RIGHT], 100);
    load_figures_release(&figures);
    /* With room for 10 that are idle, the ones that come round are gone. */
    assert_int_equal(serve_and_load(ANSWERS, &(struct wish){.by_address = true, .kept = 10}, &figures), 100);
    assert_int_equal(figures.outcomes[LOAD_RIGHT], 100);
    load_figures_release(&figures);
}

static void servers_that_close_or_dawdle_are_coped_with(void **state)
{
    (void)state;
    expect_all(IN_BYTES, &(struct wish){.kept = 100}, LOAD_RIGHT);
    /* Kept by us, closed by the server: each request that finds such a connection is sent once more. */
    expect_all(ANSWERS_ONCE, &(struct wish){.kept = 100}, LOAD_RIGHT);
    expect_all(ANSWERS_ONCE, &(struct wish){.kept = 1, .connections = 1}, LOAD_RIGHT);
    expect_all(ANSWERS, &(struct wish){.path = "/vm/{}/", .kept = 100, .threads = 3}, LOAD_RIGHT);
    expect_all(ANSWERS, &(struct wish){.kept = 4, .connections = 4, .under_way = 4, .threads = 2},
               LOAD_RIGHT);
    expect_all(IS_LONG, &(struct wish){.kept = 4, .connections = 4}, LOAD_WRONG);
    /* What is said after the answer is nobody's. */
    expect_all(SAYS_MORE, &(struct wish){.kept = 100}, LOAD_RIGHT);
}

static void hostile_servers_are_outcomes(void **state)
{
    const struct wish hasty = {.timeout_ns = NS_PER_SECOND / 5, .kept = 100};

    (void)state;
    expect_all(CLOSES, &(struct wish){.kept = 100}, LOAD_RESET);
    expect_all(CLOSES_HALFWAY, &(struct wish){.kept = 100}, LOAD_RESET);
    expect_all(TALKS_NONSENSE, &(struct wish){.kept = 100}, LOAD_NOT_HTTP);
    expect_all(SAYS_NOTHING, &hasty, LOAD_TIMEOUT);
    expect_all(DOES_NOT_END, &hasty, LOAD_TIMEOUT);
    struct server server;
    struct load_figures figures;

    start_server(&server, ANSWERS);
    stop_server(&server);
    load_port(server.port, &hasty, &figures);
    assert_int_equal(figures.outcomes[LOAD_REFUSED], 100);
    load_figures_release(&figures);
}

/* Requests that find all connections taken wait, and are given up when their time is over. */
static void what_finds_no_connection_waits(void **state)
{
    struct load_figures figures;
    const struct wish wish = {.timeout_ns = NS_PER_SECOND / 10, .connections = 1};

    (void)state;
    serve_and_load(SAYS_NOTHING, &wish, &figures);
    assert_int_equal(figures.outcomes[LOAD_TIMEOUT] + figures.outcomes[LOAD_UNSENT], 100);
    assert_true(figures.outcomes[LOAD_TIMEOUT] >= 1);
    load_figures_release(&figures);
}

/* A server that answers up to a rate in a millisecond, and above it in a second, or not at all. */
struct fake {
    double rate;
    bool fails, lags;
    unsigned measurements;
};

static int fake_measure(void *context, double rate, struct load_figures *figures, struct reason *reason)
{
    struct fake *fake = context;
    bool over = rate > fake->rate;

    (void)reason;
    fake->measurements++;
    figures->due = 1000;
    figures->measured_ns = NS_PER_SECOND;
    figures->outcomes[LOAD_RIGHT] = over && fake->fails ? 900 : 1000;
    figures->outcomes[LOAD_TIMEOUT] = 1000 - figures->outcomes[LOAD_RIGHT];
    for (uint64_t i = 0; i < figures->outcomes[LOAD_RIGHT]; i++) {
        histogram_add(&figures->corrected, over && !fake->fails ? NS_PER_SECOND : NS_PER_MILLISECOND);
        histogram_add(&figures->lag, over && fake->lags ? NS_PER_SECOND : 1000);
    }
    return 0;
}

static struct capacity *find(struct fake *fake, double first_rate)
{
    struct capacity *capacity = malloc(sizeof(*capacity));
    struct reason reason = {""};
    const struct capacity_plan plan = {.percent = 99,
                                       .goal_ns = 2 * NS_PER_MILLISECOND,
                                       .first_rate = first_rate,
                                       .most_rate = 1e6,
                                       .precision = 0.05,
                                       .repeats = 3,
                                       .measure = fake_measure,
                                       .context = fake};

    assert_int_equal(capacity_find(&plan, capacity, &reason), 0);
    return capacity;
}

static void capacity_is_found_and_what_limits_it(void **state)
{
    static const double rates[] = {3, 70, 1000, 12345, 600000};

    (void)state;
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        for (double first = 10; first < 1e6; first *= 50) {
            struct fake fake = {.rate = rates[i], .fails = i == 1, .lags = i == 2};
            struct capacity *capacity = find(&fake, first);

            assert_true(capacity->rate <= rates[i] && capacity->rate > 0);
            assert_true(capacity->missed_rate > rates[i] && capacity->missed_rate <= capacity->rate * 1.05);
            assert_int_equal(capacity->missed.limit, i == 1   ? CAPACITY_FAILURES
                                                     : i == 2 ? CAPACITY_SENDER
                                                              : CAPACITY_ANSWERS);
            assert_int_equal(capacity->try_count, fake.measurements);
            assert_true(i != 1 || capacity->missed.worst == LOAD_TIMEOUT);
            free(capacity);
        }
    }
    /* None, and all. */
    struct fake none = {.rate = 0}, all = {.rate = 1e9};
    struct capacity *capacity = find(&none, 100);

    assert_true(capacity->rate == 0 && capacity->missed_rate == 1);
    free(capacity);
    capacity = find(&all, 100);
    assert_true(capacity->rate == 1e6 && capacity->missed_rate == 0);
    free(capacity);
}

static bool not_for_long(void *context, const struct load_progress *progress)
{
    unsigned *calls = context;

    (void)progress;
    return ++*calls < 3;
}

static void a_team_that_is_stopped_keeps_what_it_measured(void **state)
{
    const struct targets targets = {.kind = TARGETS_UNIFORM, .vms = 50};
    struct schedule_plan schedule = {0};
    struct reason reason = {""};
    struct load_figures figures;
    struct load_way *ways[3];
    struct load_url url;
    struct server server;
    char text[64];
    unsigned calls = 0;

    (void)state;
    start_server(&server, ANSWERS);
    snprintf(text, sizeof(text), "http://127.0.0.1:%u/", server.port);
    assert_int_equal(load_url_parse(text, &url, &reason), 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(
            load_way_http_open(&(struct load_http_plan){.url = &url, .connections = 10, .kept = 10}, &ways[i],
                               &reason),
            0);
    assert_int_equal(schedule_parse_rate("500", &schedule, &reason), 0);
    const struct load_team_plan plan = {
        .plan = {.schedule = &schedule,
                 .targets = &targets,
                 .timeout_ns = 60 * NS_PER_SECOND,
                 .length_ns = UINT64_MAX},
        .ways = ways,
        .threads = 3,
        .go_on = not_for_long,
        .context = &calls,
    };

    assert_int_equal(load_figures_init(&figures), 0);
    assert_int_equal(load_team_run(&plan, &figures, &reason), -ECANCELED);
    assert_int_equal(calls, 3);
    assert_true(figures.due > 0);
    assert_int_equal(figures.outcomes[LOAD_RIGHT], figures.due);
    assert_true(figures.measured_ns > 0 && figures.measured_ns < 3600 * NS_PER_SECOND);
    for (unsigned i = 0; i < 3; i++)
        ways[i]->close(ways[i]);
    load_figures_release(&figures);
    schedule_plan_release(&schedule);
    stop_server(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_say_where_each_vm_is),
        cmocka_unit_test(urls_that_are_none_are_refused),
        cmocka_unit_test(connections_are_kept_or_not),
        cmocka_unit_test(servers_that_close_or_dawdle_are_coped_with),
        cmocka_unit_test(hostile_servers_are_outcomes),
        cmocka_unit_test(what_finds_no_connection_waits),
        cmocka_unit_test(capacity_is_found_and_what_limits_it),
        cmocka_unit_test(a_team_that_is_stopped_keeps_what_it_measured),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
