/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of a run's own HTTP service: what is asked, who may ask it, the token, the text for Prometheus.
 */
#include "base/reason.h"
#include "web/access.h"
#include "web/exposition.h"
#include "web/metrics.h"
#include "web/request.h"
#include "web/web.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static int read_request(const char *text, struct request *ret_request)
{
    struct head head;
    struct head_progress progress = {.scanned = 0};
    int status = head_parse(text, strlen(text), 8192, &progress, &head);

    return status ? status : request_read(text, &head, ret_request);
}

static struct request request_of(const char *text)
{
    struct request request;

    assert_int_equal(read_request(text, &request), 0);
    return request;
}

static void a_request_is_taken_apart(void **state)
{
    struct request request = request_of("GET /console?vm=12&screen HTTP/1.1\r\nHost: 127.0.0.1:9\r\n"
                                        "ACCEPT: text/plain\r\nX-Hosts: no\r\nHos: no\r\nx-mvm-page: 1\r\n"
                                        "Authorization: Bearer abc\r\nSec-Fetch-Site: none\r\n\r\n");
    uint64_t vm = 0;

    (void)state;
    assert_string_equal(request.path, "/console");
    assert_string_equal(request.query, "vm=12&screen");
    assert_string_equal(request.host, "127.0.0.1:9");
    assert_string_equal(request.accept, "text/plain");
    assert_string_equal(request.authorization, "Bearer abc");
    assert_string_equal(request.fetch_site, "none");
    assert_string_equal(request.page, "1");
    assert_true(request.keep_alive && !request.is_head && !request.repeated && !request.too_long);
    assert_true(request_number(&request, "vm", &vm) && vm == 12);
    assert_true(request_has(&request, "screen"));
    assert_false(request_has(&request, "scree") || request_has(&request, "v"));
    assert_true(request_of("HEAD / HTTP/1.0\r\n\r\n").is_head);
    assert_false(request_of("GET / HTTP/1.0\r\n\r\n").keep_alive);
}

static void numbers_in_a_query_are_whole_or_none(void **state)
{
    static const char *const wrong[] = {"",      "vm",     "vm=",   "vm=-1",
                                        "vm=1x", "vm=+1",  "vm= 1", "vm=1234567890123456789",
                                        "nvm=1", "vm=0x1", "a=vm=1"};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct request request = {.keep_alive = true};
        uint64_t vm = 77;

        snprintf(request.query, sizeof(request.query), "%s", wrong[i]);
        assert_false(request_number(&request, "vm", &vm));
        assert_int_equal(vm, 77);
    }
}

static void what_has_no_room_or_comes_twice_is_noted(void **state)
{
    char text[4096];
    struct request request;

    (void)state;
    assert_true(request_of("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n").repeated);
    snprintf(text, sizeof(text), "GET /%0100d HTTP/1.1\r\nHost: a\r\n\r\n", 0);
    assert_true(request_of(text).too_long);
    snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: %01000d\r\n\r\n", 0);
    assert_true(request_of(text).too_long);
    snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n%0100d: a\r\nHost: b\r\n\r\n", 0);
    request = request_of(text);
    assert_string_equal(request.host, "b");
    assert_int_equal(read_request("POST / HTTP/1.1\r\nHost: a\r\n\r\n", &request), 405);
    assert_int_equal(read_request("OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n", &request), 405);
    assert_int_equal(read_request("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", &request), 400);
    assert_int_equal(read_request("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", &request),
                     501);
}

static void openmetrics_is_for_who_takes_it(void **state)
{
    static const struct {
        const char *accept;
        bool takes;
    } rows[] = {
        {"", false},
        {"*/*", false},
        {"text/html,application/xhtml+xml,*/*;q=0.8", false},
        {"application/openmetrics-text", true},
        /* Prometheus 2.42 */
        {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
         "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
         true},
        {"text/plain;version=0.0.4,application/openmetrics-text;q=0.5", false},
        {"text/plain;q=0.3, application/openmetrics-text; q=0.5", true},
        {"application/openmetrics-text;q=0", false},
        {"application/openmetrics-text;q=0.0,text/plain;q=0", false},
        {"application/openmetrics-textual", false},
        {",,;;q=,application/openmetrics-text;q=9", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct request request = {.keep_alive = true};

        snprintf(request.accept, sizeof(request.accept), "%s", rows[i].accept);
        assert_int_equal(request_takes_openmetrics(&request), rows[i].takes);
    }
}

static void names_of_others_are_not_trusted(void **state)
{
    static const struct {
        const char *host;
        int status;
    } rows[] = {
        {"127.0.0.1:9000", 0},
        {"127.0.0.1", 0},
        {"localhost:1", 0},
        {"LOCALHOST", 0},
        {"[::1]:9000", 0},
        {"[::1]", 0},
        {"192.0.2.7:80", 0},
        {"", 421},
        {"evil.example", 421},
        {"evil.example:9000", 421},
        {"localhost.evil", 421},
        {"127.0.0.1.evil:9", 421},
        {"127.0.0.1:9000x", 421},
        {"127.0.0.1@evil", 421},
        {"[::1", 421},
        {"::1", 421},
        {"[::1]x", 421},
        {":9000", 421},
        {"[]:9", 421},
        {"2130706433", 421},
    };
    const char *token = "0123456789abcdef";

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct request request = {.keep_alive = true};
        struct reason reason = {""};

        snprintf(request.host, sizeof(request.host), "%s", rows[i].host);
        assert_int_equal(access_check(&request, ACCESS_OPEN, NULL, &reason), rows[i].status);
        assert_int_equal(access_check(&request, ACCESS_LOOK, NULL, &reason), rows[i].status);
        assert_int_equal(reason.text[0] != '\0', rows[i].status != 0);
        /* Who has the token may come by any name; the page's own files tell nothing. */
        assert_int_equal(access_check(&request, ACCESS_OPEN, token, &reason), 0);
        assert_int_equal(access_check(&request, ACCESS_LOOK, token, &reason), 401);
        snprintf(request.authorization, sizeof(request.authorization), "Bearer %s", token);
        assert_int_equal(access_check(&request, ACCESS_LOOK, token, &reason), 0);
    }
}

static void a_token_is_right_as_a_whole_only(void **state)
{
    static const char *const wrong[] = {"",
                                        "Bearer ",
                                        "Bearer 0123456789abcde",
                                        "Bearer 0123456789abcdef0",
                                        "Bearer 0123456789abcdeF",
                                        "Basic 0123456789abcdef",
                                        "0123456789abcdef",
                                        "Bearer  0123456789abcdef"};
    struct request request = {.host = "127.0.0.1"};
    struct reason reason = {""};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        snprintf(request.authorization, sizeof(request.authorization), "%s", wrong[i]);
        assert_int_equal(access_check(&request, ACCESS_LOOK, "0123456789abcdef", &reason), 401);
    }
}

static void pages_of_other_sites_get_nothing(void **state)
{
    static const struct {
        const char *origin, *site;
        int status;
    } rows[] = {
        {"", "", 0},
        {"", "same-origin", 0},
        {"", "none", 0},
        {"", "cross-site", 403},
        {"", "same-site", 403},
        {"http://127.0.0.1:9000", "", 0},
        {"http://127.0.0.1:9001", "", 403},
        {"https://127.0.0.1:9000", "", 403},
        {"http://evil.example", "", 403},
        {"null", "", 403},
    };
    struct reason reason = {""};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct request request = {.host = "127.0.0.1:9000", .page = "1"};

        snprintf(request.origin, sizeof(request.origin), "%s", rows[i].origin);
        snprintf(request.fetch_site, sizeof(request.fetch_site), "%s", rows[i].site);
        assert_int_equal(access_check(&request, ACCESS_LOOK, NULL, &reason), rows[i].status);
        assert_int_equal(access_check(&request, ACCESS_TOUCH, NULL, &reason), rows[i].status);
        request.page[0] = '\0';
        assert_int_equal(access_check(&request, ACCESS_TOUCH, NULL, &reason), 403);
    }
}

static void write_token(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
}

static void a_tokens_file_is_its_owners_and_long_enough(void **state)
{
    static const struct {
        const char *text, *token, *says;
    } rows[] = {
        {"0123456789abcdef", "0123456789abcdef", NULL},
        {"0123456789abcdef\nmore\n", "0123456789abcdef", NULL},
        {"short\n", NULL, "5 characters"},
        {"", NULL, "0 characters"},
        {"0123456789 abcdef\n", NULL, "visible"},
        {"0123456789abcdef\r\n", NULL, "visible"},
    };
    char path[] = "/tmp/mvm-test-XXXXXX", token[TOKEN_ROOM], other[TOKEN_ROOM], large[600];
    struct reason reason = {""};
    int fd = mkstemp(path);

    (void)state;
    close(fd);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        write_token(path, rows[i].text, 0600);
        int error = token_read(path, token, &reason);

        assert_int_equal(error, rows[i].token ? 0 : -EINVAL);
        if (rows[i].token)
            assert_string_equal(token, rows[i].token);
        else
            assert_non_null(strstr(reason.text, rows[i].says));
    }
    memset(large, 'x', sizeof(large) - 1);
    large[sizeof(large) - 1] = '\0';
    write_token(path, large, 0600);
    assert_int_equal(token_read(path, token, &reason), -EINVAL);
    assert_null(strstr(reason.text, "xxx"));
    write_token(path, "0123456789abcdef", 0640);
    assert_int_equal(token_read(path, token, &reason), -EINVAL);
    assert_non_null(strstr(reason.text, "chmod 600"));
    unlink(path);
    assert_int_equal(token_read(path, token, &reason), -ENOENT);
    assert_int_equal(token_read("/", token, &reason), -EINVAL);
    assert_int_equal(token_make(token, &reason), 0);
    assert_int_equal(token_make(other, &reason), 0);
    assert_int_equal(strlen(token), 64);
    assert_string_not_equal(token, other);
}

static void places_are_single_addresses(void **state)
{
    static const char *const wrong[] = {
        "9000", "localhost:9000", "127.0.0.0/8:9000", "unix:/tmp/x", "127.0.0.1:", "127.0.0.1:70000",
        "",     "::1:9000"};
    struct reason reason = {""};
    struct place place;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(web_parse_place("metrics", wrong[i], &place, &reason), -EINVAL);
        assert_non_null(strstr(reason.text, "--metrics takes ADDRESS:PORT"));
    }
    assert_int_equal(web_parse_place("web", "[::1]:9000", &place, &reason), 0);
    assert_int_equal(place.port, 9000);
}

static char *expose(bool openmetrics)
{
    static const struct family gauge = {"a_bytes", GAUGE, "bytes", "A."},
                               counter = {"b", COUNTER, NULL, "B."}, info = {"c", INFO, NULL, "C."},
                               histogram = {"d_seconds", HISTOGRAM, "seconds", "D."};
    static const char *const names[] = {"x", "y", "z"}, *const values[] = {"1\"\\\n", NULL, "é"};
    static const double bounds[] = {0.001, 0.01}, counts[] = {2, 3};
    struct exposition text;
    char *written;
    size_t length;

    exposition_begin(&text, openmetrics);
    exposition_sample(&text, &gauge, "k=\"1\"", 1.5);
    exposition_sample(&text, &gauge, "k=\"2\"", 1234567890123456.0);
    exposition_sample_named(&text, &counter, "why", "\"q\"", 7);
    exposition_info(&text, &info, names, values, 3);
    exposition_histogram(&text, &histogram, bounds, counts, 2, 1, 0.25);
    assert_int_equal(exposition_end(&text, &written, &length), 0);
    assert_int_equal(strlen(written), length);
    return written;
}

static void both_formats_are_written(void **state)
{
    static const char rest[] = "d_seconds_bucket{le=\"0.001\"} 2\nd_seconds_bucket{le=\"0.01\"} 5\n"
                               "d_seconds_bucket{le=\"+Inf\"} 6\nd_seconds_sum 0.25\nd_seconds_count 6\n";
    char expected[2048], *text = expose(true);

    (void)state;
    snprintf(
        expected, sizeof(expected),
        "# HELP a_bytes A.\n# TYPE a_bytes gauge\n# UNIT a_bytes bytes\na_bytes{k=\"1\"} 1.5\n"
        "a_bytes{k=\"2\"} 1234567890123456\n# HELP b B.\n# TYPE b counter\nb_total{why=\"\\\"q\\\"\"} 7\n"
        "# HELP c C.\n# TYPE c info\nc_info{x=\"1\\\"\\\\\\n\",z=\"é\"} 1\n"
        "# HELP d_seconds D.\n# TYPE d_seconds histogram\n# UNIT d_seconds seconds\n%s# EOF\n",
        rest);
    assert_string_equal(text, expected);
    free(text);
    text = expose(false);
    snprintf(expected, sizeof(expected),
             "# HELP a_bytes A.\n# TYPE a_bytes gauge\na_bytes{k=\"1\"} 1.5\n"
             "a_bytes{k=\"2\"} 1234567890123456\n# HELP b_total B.\n# TYPE b_total counter\n"
             "b_total{why=\"\\\"q\\\"\"} 7\n# HELP c_info C.\n# TYPE c_info gauge\n"
             "c_info{x=\"1\\\"\\\\\\n\",z=\"é\"} 1\n# HELP d_seconds D.\n# TYPE d_seconds histogram\n%s",
             rest);
    assert_string_equal(text, expected);
    free(text);
}

static void metrics_tell_what_the_run_tells(void **state)
{
    static const char *const lines[] = {
        "{\"ok\":true,\"run\":\"r\",\"engine\":\"vmm\",\"class\":\"T\",\"image\":\"a\\\"b\",\"version\":"
        "\"1\","
        "\"vms\":{\"started\":5,\"booting\":0,\"running\":3,\"failed\":1,\"stopped\":1},\"memory_bytes\":"
        "null,"
        "\"counted\":{\"kvm_exits_halt\":9},\"ends\":[{\"why\":\"triple \\\"fault\\\"\\n\",\"vms\":2}]}",
        "{\"ok\":true,\"wakes\":8,\"asks\":{\"answered\":4,\"latency_sum_ns\":500000000,"
        "\"latency_bounds_ns\":[100000000,200000000,300000000],\"latency_counts\":[1,2,3,4]},\"doors\":"
        "null}"};
    static const char *const missing[] = {"mvm_vms_memory_bytes", "mvm_http_requests", "mvm_host",
                                          "process_"};
    static const char *const there[] = {
        "mvm_run_info{run=\"r\",engine=\"vmm\",class=\"T\",image=\"a\\\"b\",version=\"1\"} 1\n",
        "# TYPE mvm_vms gauge\nmvm_vms{state=\"booting\"} 0\nmvm_vms{state=\"running\"} 3\n",
        "mvm_kvm_exits_total{reason=\"halt\"} 9\n",
        "mvm_vm_wakes_total 8\n",
        "mvm_vm_ends_total{why=\"triple \\\"fault\\\"\\n\"} 2\n",
        "mvm_ask_latency_seconds_bucket{le=\"0.1\"} 1\nmvm_ask_latency_seconds_bucket{le=\"0.3\"} 6\n"
        "mvm_ask_latency_seconds_bucket{le=\"+Inf\"} 10\nmvm_ask_latency_seconds_sum 0.5\n"
        "mvm_ask_latency_seconds_count 10\n",
    };
    char *text;
    size_t length;

    (void)state;
    assert_int_equal(metrics_write(lines, true, &text, &length), 0);
    for (size_t i = 0; i < sizeof(there) / sizeof(there[0]); i++)
        if (!strstr(text, there[i]))
            fail_msg("'%s' is not in:\n%s", there[i], text);
    for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++)
        assert_null(strstr(text, missing[i]));
    assert_string_equal(text + length - 6, "# EOF\n");
    free(text);
}

static void answers_that_are_none_give_no_metrics(void **state)
{
    static const char *const wrong[][2] = {
        {"", "{\"ok\":true}"},
        {"{\"ok\":true}", "[]"},
        {"{\"ok\":false,\"error\":\"x\"}", "{\"ok\":true}"},
        {"{\"ok\":true}", "{\"ok\":tr"},
    };
    char *text = NULL;
    size_t length;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(metrics_write(wrong[i], true, &text, &length), -EPROTO);
    assert_null(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_taken_apart),
        cmocka_unit_test(numbers_in_a_query_are_whole_or_none),
        cmocka_unit_test(what_has_no_room_or_comes_twice_is_noted),
        cmocka_unit_test(openmetrics_is_for_who_takes_it),
        cmocka_unit_test(names_of_others_are_not_trusted),
        cmocka_unit_test(a_token_is_right_as_a_whole_only),
        cmocka_unit_test(pages_of_other_sites_get_nothing),
        cmocka_unit_test(a_tokens_file_is_its_owners_and_long_enough),
        cmocka_unit_test(places_are_single_addresses),
        cmocka_unit_test(both_formats_are_written),
        cmocka_unit_test(metrics_tell_what_the_run_tells),
        cmocka_unit_test(answers_that_are_none_give_no_metrics),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
