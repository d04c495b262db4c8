/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The load generator: against a way that stalls, with a clock of its own to be charged by; and against
 * engines. */
#include "base/clock.h"
#include "base/reason.h"
#include "engine/engine.h"
#include "engine_fixture.h"
#include "guest/catalog.h"
#include "guest/web.h"
#include "load/generator.h"
#include "load/question.h"
#include "load/way_engine.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A server of one thread that answers at once, but in each period stalls for a while; or that never answers.
 * It exists only as a rule for when a request that is sent at a time is answered. */
struct server {
    struct load_way way;
    uint64_t period_ns, stall_ns;
    bool silent;
    uint64_t hold_ns; /* the first submit takes so long, as when the sender has no CPU */
    uint64_t began_ns;
    struct load_request *first, *last;
    uint64_t submitted, most_at_once, at_once;
    uint64_t vms[16];
};

static void server_submit(struct load_way *way, struct load_request *const *requests, size_t count)
{
    struct server *server = (struct server *)way;

    if (server->hold_ns)
        clock_sleep_until(clock_now_ns() + server->hold_ns);
    server->hold_ns = 0;
    for (size_t i = 0; i < count; i++) {
        struct load_request *request = requests[i];
        uint64_t now = clock_now_ns(),
                 into = server->period_ns ? (now - server->began_ns) % server->period_ns : 0;

        assert_true(now >= request->intended_ns);
        if (server->submitted < 16)
            server->vms[server->submitted] = request->vm;
        server->submitted++;
        request->sent_ns = now;
        request->answered_ns = into < server->stall_ns ? now + server->stall_ns - into : now;
        request->outcome = LOAD_RIGHT;
        if (server->silent || request->answered_ns > request->deadline_ns) {
            request->answered_ns = request->deadline_ns;
            request->outcome = LOAD_TIMEOUT;
        }
        request->next = NULL;
        if (server->first)
            server->last->next = request;
        else
            server->first = request;
        server->last = request;
        if (++server->at_once > server->most_at_once)
            server->most_at_once = server->at_once;
    }
}

static size_t server_reap(struct load_way *way, struct load_request **ret_requests, size_t room,
                          uint64_t until_ns)
{
    struct server *server = (struct server *)way;
    size_t count = 0;
    uint64_t ready = server->first ? server->first->answered_ns : CLOCK_NEVER;

    if (clock_now_ns() < (ready < until_ns ? ready : until_ns))
        clock_sleep_until(ready < until_ns ? ready : until_ns);
    while (count < room && server->first && server->first->answered_ns <= clock_now_ns()) {
        ret_requests[count++] = server->first;
        server->first = server->first->next;
        server->at_once--;
    }
    return count;
}

static struct server make_server(void)
{
    return (struct server){
        .way = {.request_size = sizeof(struct load_request), .submit = server_submit, .reap = server_reap},
        .began_ns = clock_now_ns(),
    };
}

static void run_to_the_end(struct load *load)
{
    load_begin(load, clock_now_ns());
    while (load_run_until(load, clock_now_ns() + 50 * NS_PER_MILLISECOND))
        ;
}

static struct load *run_plan(const struct load_plan *plan)
{
    struct reason reason = {""};
    struct load *load;

    assert_int_equal(load_create(plan, &load, &reason), 0);
    run_to_the_end(load);
    return load;
}

static uint64_t sum_of(const uint64_t outcomes[LOAD_OUTCOMES])
{
    uint64_t sum = 0;

    for (size_t i = 0; i < LOAD_OUTCOMES; i++)
        sum += outcomes[i];
    return sum;
}

/* With one request at a time, a server that stalls for 100 ms in each 500 ms is seen by two requests or so,
 * and by all that should have been sent meanwhile when they are asked. */
static void a_stall_shows_in_the_corrected_latency_alone(void **state)
{
    struct server server = make_server();
    const struct targets targets = {.kind = TARGETS_ROUND_ROBIN, .vms = 10};
    struct schedule_plan schedule = {0};
    struct reason reason = {""};

    (void)state;
    server.period_ns = 500 * NS_PER_MILLISECOND;
    server.stall_ns = 100 * NS_PER_MILLISECOND;
    assert_int_equal(schedule_parse_rate("2000", &schedule, &reason), 0);
    const struct load_plan plan = {.way = &server.way,
                                   .schedule = &schedule,
                                   .targets = &targets,
                                   .timeout_ns = 10 * NS_PER_SECOND,
                                   .length_ns = NS_PER_SECOND,
                                   .under_way = 1};
    struct load *load = run_plan(&plan);
    const struct load_figures *figures = load_figures(load);

    assert_int_equal(figures->due, 2000);
    assert_int_equal(figures->outcomes[LOAD_RIGHT], 2000);
    assert_int_equal(server.most_at_once, 1);
    /* A fifth of the requests fell into a stall: the 90th percentile is half of it, or more on a busy host.
     */
    assert_true(histogram_percentile(&figures->corrected, 90) > 30 * NS_PER_MILLISECOND);
    assert_true(histogram_percentile(&figures->uncorrected, 99) < 30 * NS_PER_MILLISECOND);
    /* The rest is the lag. */
    assert_true(histogram_percentile(&figures->lag, 90) > 30 * NS_PER_MILLISECOND);
    load_free(load);
    schedule_plan_release(&schedule);
}

static void what_is_not_answered_times_out_and_what_is_not_sent_is_counted(void **state)
{
    struct server server = make_server();
    const struct targets targets = {.kind = TARGETS_ROUND_ROBIN, .vms = 10};
    struct schedule_plan schedule = {0};
    struct reason reason = {""};

    (void)state;
    server.silent = true;
    server.hold_ns = 150 * NS_PER_MILLISECOND;
    assert_int_equal(schedule_parse_rate("1000", &schedule, &reason), 0);
    const struct load_plan plan = {.way = &server.way,
                                   .schedule = &schedule,
                                   .targets = &targets,
                                   .timeout_ns = 100 * NS_PER_MILLISECOND,
                                   .length_ns = 300 * NS_PER_MILLISECOND,
                                   .under_way = 10};
    struct load *load = run_plan(&plan);
    const struct load_figures *figures = load_figures(load);

    assert_int_equal(figures->due, 300);
    assert_int_equal(sum_of(figures->outcomes), 300);
    assert_int_equal(figures->outcomes[LOAD_TIMEOUT], server.submitted);
    assert_int_equal(figures->outcomes[LOAD_UNSENT], 300 - server.submitted);
    /* Those of the first 50 ms or more, but for the one at the beginning. */
    assert_true(figures->outcomes[LOAD_UNSENT] >= 40);
    assert_true(server.submitted >= 1 && server.most_at_once <= 10);
    assert_int_equal(load_figures_failed(figures), 300);
    assert_int_equal(figures->corrected.total, 0);
    load_free(load);
    schedule_plan_release(&schedule);
}

static void warm_up_is_sent_and_not_counted(void **state)
{
    struct server server = make_server();
    const struct targets targets = {.kind = TARGETS_ROUND_ROBIN, .vms = 10};
    struct schedule_plan schedule = {0};
    struct reason reason = {""};

    (void)state;
    assert_int_equal(schedule_parse_rate("1000", &schedule, &reason), 0);
    const struct load_plan plan = {.way = &server.way,
                                   .schedule = &schedule,
                                   .targets = &targets,
                                   .timeout_ns = 10 * NS_PER_SECOND,
                                   .warm_up_ns = 100 * NS_PER_MILLISECOND,
                                   .length_ns = 200 * NS_PER_MILLISECOND};
    struct load *load = run_plan(&plan);

    assert_int_equal(server.submitted, 300);
    assert_int_equal(load_figures(load)->due, 200);
    assert_int_equal(load_progress(load).ended, 300);
    load_free(load);
    schedule_plan_release(&schedule);
}

static void shares_send_all_of_it_together(void **state)
{
    const struct targets targets = {.kind = TARGETS_ROUND_ROBIN, .vms = 1000};
    struct schedule_plan schedule = {.poisson = true};
    struct reason reason = {""};
    struct load_figures sum;
    uint64_t due[4] = {0};

    (void)state;
    assert_int_equal(load_figures_init(&sum), 0);
    assert_int_equal(schedule_parse_rate("2000", &schedule, &reason), 0);
    for (unsigned shares = 1; shares <= 3; shares += 2) {
        for (unsigned share = 0; share < shares; share++) {
            struct server server = make_server();
            const struct load_plan plan = {.way = &server.way,
                                           .schedule = &schedule,
                                           .targets = &targets,
                                           .seed = 5,
                                           .timeout_ns = 10 * NS_PER_SECOND,
                                           .length_ns = 100 * NS_PER_MILLISECOND,
                                           .share = share,
                                           .shares = shares};
            struct load *load = run_plan(&plan);

            due[shares] += load_figures(load)->due;
            if (shares == 3)
                load_figures_merge(&sum, load_figures(load));
            for (unsigned i = 0; i < 16; i++)
                assert_int_equal(server.vms[i], share + i * shares);
            load_free(load);
        }
    }
    assert_true(due[1] > 100);
    assert_int_equal(due[1], due[3]);
    assert_int_equal(sum.due, due[3]);
    assert_int_equal(sum.corrected.total, due[3]);
    load_figures_release(&sum);
    schedule_plan_release(&schedule);
}

static void a_closed_loop_keeps_so_many_under_way(void **state)
{
    struct server server = make_server();
    const struct targets targets = {.kind = TARGETS_UNIFORM, .vms = 10};

    (void)state;
    server.period_ns = server.stall_ns = 10 * NS_PER_MILLISECOND;
    const struct load_plan plan = {.way = &server.way,
                                   .targets = &targets,
                                   .timeout_ns = 10 * NS_PER_SECOND,
                                   .length_ns = 200 * NS_PER_MILLISECOND,
                                   .under_way = 7};
    struct load *load = run_plan(&plan);
    const struct load_figures *figures = load_figures(load);

    assert_int_equal(server.most_at_once, 7);
    assert_true(figures->due > 7 && figures->due <= server.submitted);
    assert_int_equal(figures->outcomes[LOAD_RIGHT], figures->due);
    assert_int_equal(figures->uncorrected.total, figures->due);
    assert_int_equal(figures->corrected.total, 0);
    load_free(load);
}

static void a_load_that_is_stopped_keeps_what_it_measured(void **state)
{
    struct server server = make_server();
    const struct targets targets = {.kind = TARGETS_UNIFORM, .vms = 10};
    struct schedule_plan schedule = {0};
    struct reason reason = {""};
    struct load *load;

    (void)state;
    assert_int_equal(schedule_parse_rate("1000", &schedule, &reason), 0);
    const struct load_plan plan = {.way = &server.way,
                                   .schedule = &schedule,
                                   .targets = &targets,
                                   .timeout_ns = NS_PER_SECOND,
                                   .length_ns = UINT64_MAX};

    assert_int_equal(load_create(&plan, &load, &reason), 0);
    load_begin(load, clock_now_ns());
    assert_true(load_run_until(load, clock_now_ns() + 100 * NS_PER_MILLISECOND));
    load_stop(load);
    while (load_run_until(load, clock_now_ns() + NS_PER_SECOND))
        ;
    assert_true(load_figures(load)->due >= 90);
    assert_true(load_figures(load)->measured_ns >= 100 * NS_PER_MILLISECOND);
    assert_true(load_figures(load)->measured_ns < 3600 * NS_PER_SECOND);
    load_free(load);
    schedule_plan_release(&schedule);
}

static void requests_for_one_vm_wait_for_each_other(void **state)
{
    struct vm_queue queue;
    struct load_request requests[3] = {{.vm = 7}, {.vm = 7}, {.vm = 7}}, others[5000];
    struct queued_vm *vm, *other, *vms[5000];

    (void)state;
    assert_int_equal(vm_queue_init(&queue), 0);
    assert_int_equal(vm_queue_enter(&queue, &requests[0], &vm), 0);
    assert_non_null(vm);
    for (size_t i = 1; i < 3; i++) {
        assert_int_equal(vm_queue_enter(&queue, &requests[i], &other), 0);
        assert_null(other);
    }
    for (size_t i = 0; i < 5000; i++) {
        others[i] = (struct load_request){.vm = 1000 + i * 1024};
        assert_int_equal(vm_queue_enter(&queue, &others[i], &vms[i]), 0);
        assert_non_null(vms[i]);
    }
    assert_ptr_equal(vm_queue_leave(&queue, vm), &requests[1]);
    assert_ptr_equal(vm_queue_leave(&queue, vm), &requests[2]);
    assert_null(vm_queue_leave(&queue, vm));
    assert_int_equal(queue.count, 5000);
    for (size_t i = 0; i < 5000; i++)
        assert_null(vm_queue_leave(&queue, vms[i]));
    assert_int_equal(queue.count, 0);
    /* One that is late is not forgotten. */
    assert_int_equal(vm_queue_enter(&queue, &requests[0], &vm), 0);
    vm->late = true;
    assert_null(vm_queue_leave(&queue, vm));
    assert_int_equal(vm_queue_enter(&queue, &requests[0], &other), 0);
    assert_true(other == vm && other->late);
    vm_queue_release(&queue);
}

/* Loads an engine for a quarter of a second, and returns how many requests had which outcome. */
static void load_engine(const char *name, const char *guest, uint64_t vms, size_t under_way, const char *path,
                        const char *body, uint64_t ret_outcomes[LOAD_OUTCOMES])
{
    char *argv[] = {(char *)(uintptr_t)name, NULL};
    struct fixture fixture;
    struct reason reason = {""};
    struct load_way *way;
    const struct targets targets = {.kind = TARGETS_UNIFORM, .vms = vms};
    struct schedule_plan schedule = {.poisson = true};

    open_engine(&fixture, guest, &(struct guest_settings){0}, 1, argv);
    grow(&fixture, vms);
    const struct load_engine_plan way_plan = {
        .population = fixture.population,
        .seed = 2,
        .path = path,
        .expected = {.body = body, .length = body ? strlen(body) : 0},
    };

    assert_int_equal(load_way_engine_open(&way_plan, &way, &reason), 0);
    assert_int_equal(schedule_parse_rate("2000", &schedule, &reason), 0);
    const struct load_plan plan = {.way = way,
                                   .schedule = under_way ? NULL : &schedule,
                                   .targets = &targets,
                                   .timeout_ns = 60 * NS_PER_SECOND,
                                   .length_ns = NS_PER_SECOND / 4,
                                   .under_way = under_way};
    struct load *load = run_plan(&plan);
    const struct load_figures *figures = load_figures(load);

    assert_true(figures->due > 100);
    assert_int_equal(figures->uncorrected.total, figures->outcomes[LOAD_RIGHT]);
    memcpy(ret_outcomes, figures->outcomes, sizeof(figures->outcomes));
    load_free(load);
    way->close(way);
    close_engine(&fixture);
    schedule_plan_release(&schedule);
}

static void challenge_engine(const char *name, uint64_t vms, size_t under_way)
{
    uint64_t outcomes[LOAD_OUTCOMES];

    load_engine(name, "sleep", vms, under_way, NULL, NULL, outcomes);
    assert_true(outcomes[LOAD_RIGHT] > 0);
    assert_int_equal(sum_of(outcomes), outcomes[LOAD_RIGHT]);
}

static void engines_are_challenged(void **state)
{
    (void)state;
    challenge_engine("null", 100, 0);
    challenge_engine("vmm", 1000, 0);
    /* More requests than VMs: they wait for each other, and none is refused. */
    challenge_engine("vmm", 3, 16);
}

static void web_is_asked_by_http_and_its_content_is_checked(void **state)
{
    static const struct {
        const char *path, *body;
        enum load_outcome outcome;
    } cases[] = {
        {"/", NULL, LOAD_RIGHT},
        {"/?query", "*", LOAD_RIGHT}, /* stands for what the image has */
        {"/", "no such content", LOAD_WRONG},
        {"/none", NULL, LOAD_STATUS},
    };
    struct image image;
    struct reason reason = {""};
    const char *content;
    char body[IMAGE_SIZE] = "";
    size_t length;

    (void)state;
    assert_int_equal(guest_build(&image, "web", &(struct guest_settings){0}, &reason), 0);
    assert_false(web_content(&image, "/none", &content, &length));
    assert_true(web_content(&image, "/", &content, &length));
    assert_true(length > 0);
    memcpy(body, content, length);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *expected = cases[i].body && cases[i].body[0] == '*' ? body : cases[i].body;
        uint64_t outcomes[LOAD_OUTCOMES];

        load_engine("vmm", "web", 100, i % 2 ? 16 : 0, cases[i].path, expected, outcomes);
        assert_int_equal(sum_of(outcomes), outcomes[cases[i].outcome]);
    }
}

/* What a VM says, in pieces of one byte; returns whether it was whole at the end, and not before. */
static bool says(struct question *question, const char *text)
{
    struct engine_ask *ask = &question->ask;

    for (size_t i = 0; text[i]; i++) {
        ask->answer[ask->answer_length++] = text[i];
        if (ask->is_whole(ask))
            return text[i + 1] == '\0';
    }
    return false;
}

static void a_vm_that_was_late_is_brought_into_step(void **state)
{
    static const char http[] = "GET / HTTP/1.1\r\n\r\n", rest[] = "\r\nContent-Length: 2\r\n\r\nhi",
                      whole[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    struct question_form form = {.whole = true, .answer_room = 1024, .random = {1}};
    struct queued_vm vm = {.vm = 7};
    char right[CHALLENGE_ANSWER_ROOM + 1];

    (void)state;
    for (int by_http = 0; by_http < 2; by_http++) {
        form.http = by_http ? http : NULL;
        form.http_length = by_http ? strlen(http) : 0;
        struct question *question = calloc(1, question_size(&form));

        vm.late = false;
        question_ask(question, &form, &vm);
        assert_true(by_http == (question->ask.is_whole != NULL));
        question->ask.status = -ETIMEDOUT;
        assert_int_equal(question_judge(question), LOAD_TIMEOUT);
        assert_true(vm.late);

        question_ask(question, &form, &vm);
        assert_non_null(memmem(question->ask.request, question->ask.request_length,
                               question->challenge.request, CHALLENGE_REQUEST_ROOM - 1));
        assert_true(!by_http || memcmp(question->ask.request + question->ask.request_length - strlen(http),
                                       http, strlen(http)) == 0);
        question->ask.late = true;
        assert_false(says(question, by_http ? rest : "lmnop\n!wronganswer\n"));
        snprintf(right, sizeof(right), "%s\n", question->challenge.answer);
        assert_true(says(question, right) == !by_http);
        assert_true(!by_http || says(question, whole));
        assert_false(question->ask.late);
        question->ask.status = 0;
        assert_int_equal(question_judge(question), LOAD_RIGHT);
        assert_false(vm.late);

        /* Who never gets into step has not answered in time. */
        vm.late = true;
        question_ask(question, &form, &vm);
        assert_false(says(question, by_http ? whole : "!wronganswer\n"));
        question->ask.status = -ETIMEDOUT;
        assert_int_equal(question_judge(question), LOAD_TIMEOUT);
        assert_true(vm.late);
        free(question);
    }
}

static enum load_outcome judge_http(const char *text, const char *body, size_t piece, bool closed)
{
    const struct http_expected expected = {.body = body, .length = body ? strlen(body) : 0};
    struct http_answer answer;
    size_t length = strlen(text);

    http_answer_begin(&answer, &expected);
    for (size_t i = 0; i < length; i += piece)
        http_answer_take(&answer, text + i, length - i < piece ? length - i : piece);
    if (closed)
        http_answer_close(&answer);
    return http_answer_judge(&answer);
}

static void http_answers_are_judged_in_any_pieces(void **state)
{
    static const struct {
        const char *text, *body;
        enum load_outcome outcome;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello", NULL, LOAD_RIGHT},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello", "Hello", LOAD_RIGHT},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello", "Hallo", LOAD_WRONG},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello", "Hell", LOAD_WRONG},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello", "Hello!", LOAD_WRONG},
        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", LOAD_RIGHT},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", "x", LOAD_RIGHT},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nHe\r\n3\r\nllo\r\n0\r\n\r\n", "Hello",
         LOAD_RIGHT},
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", NULL, LOAD_STATUS},
        {"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nHello", NULL, LOAD_RESET},
        {"SSH-2.0-OpenSSH_9.2\r\n", NULL, LOAD_NOT_HTTP},
        {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n", NULL, LOAD_NOT_HTTP},
        {"", NULL, LOAD_RESET},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (size_t piece = 1; piece < 100; piece += 7)
            assert_int_equal(judge_http(cases[i].text, cases[i].body, piece, false), cases[i].outcome);
    /* Without a length an answer ends with the connection. */
    assert_int_equal(judge_http("HTTP/1.0 200 OK\r\n\r\nHello", "Hello", 1, false), LOAD_RESET);
    assert_int_equal(judge_http("HTTP/1.0 200 OK\r\n\r\nHello", "Hello", 1, true), LOAD_RIGHT);
    assert_int_equal(judge_http("HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\nHello", "Hello", 1, true),
                     LOAD_RESET);
}

/* A VM that is not there is an outcome, not an end. */
static void a_vm_that_is_not_there_is_counted(void **state)
{
    const struct engine *engine = engine_find("null");
    const struct targets targets = {.kind = TARGETS_ROUND_ROBIN, .vms = 2};
    struct reason reason = {""};
    struct population *population;
    struct load_way *way;
    struct schedule_plan schedule = {0};

    (void)state;
    assert_int_equal(engine->open(&(struct engine_setup){0}, &population, &reason), 0);
    assert_int_equal(engine->grow(population, 1, NULL, &reason), 0);
    assert_int_equal(
        load_way_engine_open(&(struct load_engine_plan){.population = population}, &way, &reason), 0);
    assert_int_equal(schedule_parse_rate("1000", &schedule, &reason), 0);
    const struct load_plan plan = {.way = way,
                                   .schedule = &schedule,
                                   .targets = &targets,
                                   .timeout_ns = 60 * NS_PER_SECOND,
                                   .length_ns = NS_PER_SECOND / 10};
    struct load *load = run_plan(&plan);

    assert_int_equal(load_figures(load)->outcomes[LOAD_RIGHT], 50);
    assert_int_equal(load_figures(load)->outcomes[LOAD_RESET], 50);
    load_free(load);
    way->close(way);
    engine->close(population);
    schedule_plan_release(&schedule);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stall_shows_in_the_corrected_latency_alone),
        cmocka_unit_test(what_is_not_answered_times_out_and_what_is_not_sent_is_counted),
        cmocka_unit_test(warm_up_is_sent_and_not_counted),
        cmocka_unit_test(shares_send_all_of_it_together),
        cmocka_unit_test(a_closed_loop_keeps_so_many_under_way),
        cmocka_unit_test(a_load_that_is_stopped_keeps_what_it_measured),
        cmocka_unit_test(requests_for_one_vm_wait_for_each_other),
        cmocka_unit_test(engines_are_challenged),
        cmocka_unit_test(web_is_asked_by_http_and_its_content_is_checked),
        cmocka_unit_test(a_vm_that_was_late_is_brought_into_step),
        cmocka_unit_test(http_answers_are_judged_in_any_pieces),
        cmocka_unit_test(a_vm_that_is_not_there_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
