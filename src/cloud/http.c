/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/http.h"

#include "base/clock.h"
#include "base/reason.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { CONNECT_SECONDS = 10, REDIRECTS_MOST = 3 };

struct http {
    CURL *curl;
    char *ca_file;
    uint64_t deadline_ns; /* 0: none */
};

/* What the callbacks of one request know. */
struct transfer {
    struct http_answer *answer;
    size_t room;
    bool too_long, no_memory;
    const atomic_bool *cancelled;
    char host[256]; /* for reasons */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void begin_curl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

int http_open(const char *ca_file, struct http **ret_http, struct reason *reason)
{
    struct http *http = calloc(1, sizeof(*http));

    pthread_once(&once, begin_curl);
    if (http) {
        http->curl = curl_easy_init();
        http->ca_file = ca_file ? strdup(ca_file) : NULL;
    }
    if (!http || !http->curl || (ca_file && !http->ca_file)) {
        http_close(http);
        return reason_set(reason, ENOMEM, "no memory for an HTTP client");
    }
    *ret_http = http;
    return 0;
}

void http_close(struct http *http)
{
    if (!http)
        return;
    curl_easy_cleanup(http->curl);
    free(http->ca_file);
    free(http);
}

void http_set_deadline(struct http *http, uint64_t deadline_ns)
{
    http->deadline_ns = deadline_ns;
}

uint64_t http_deadline(const struct http *http)
{
    return http->deadline_ns ? http->deadline_ns : CLOCK_NEVER;
}

void http_answer_release(struct http_answer *answer)
{
    free(answer->body);
    *answer = (struct http_answer){0};
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    struct http_answer *answer = transfer->answer;

    count *= size;
    if (count > HTTP_BODY_MOST - answer->length) {
        transfer->too_long = true;
        return 0;
    }
    if (answer->length + count + 1 > transfer->room) {
        size_t wanted = 2 * (answer->length + count) + 4096;
        char *grown = realloc(answer->body, wanted);

        if (!grown) {
            transfer->no_memory = true;
            return 0;
        }
        answer->body = grown;
        transfer->room = wanted;
    }
    memcpy(answer->body + answer->length, bytes, count);
    answer->length += count;
    answer->body[answer->length] = '\0';
    return count;
}

/* The value of a header line when its name is `name`: its start, with the end cut off in `*ret_length`. */
static const char *header_value(const char *line, size_t length, const char *name, size_t *ret_length)
{
    size_t at = strlen(name);

    if (length <= at || strncasecmp(line, name, at) != 0 || line[at] != ':')
        return NULL;
    for (at++; at < length && (line[at] == ' ' || line[at] == '\t'); at++)
        ;
    while (length > at && strchr("\r\n \t", line[length - 1]))
        length--;
    *ret_length = length - at;
    return line + at;
}

static size_t take_header(char *line, size_t size, size_t count, void *context)
{
    struct http_answer *answer = ((struct transfer *)context)->answer;
    char text[64];
    size_t length, got = size * count;
    const char *value = header_value(line, got, "X-Subject-Token", &length);

    if (value && length < sizeof(answer->subject_token)) {
        memcpy(answer->subject_token, value, length);
        answer->subject_token[length] = '\0';
    }
    value = header_value(line, got, "Retry-After", &length);
    if (value && length > 0 && length < 6) {
        snprintf(text, sizeof(text), "%.*s", (int)length, value);
        if (strspn(text, "0123456789") == length)
            answer->retry_after_s = strtoul(text, NULL, 10);
    }
    value = header_value(line, got, "Date", &length);
    if (value && length < sizeof(text)) {
        snprintf(text, sizeof(text), "%.*s", (int)length, value);
        time_t date = curl_getdate(text, NULL);

        answer->date = date < 0 ? 0 : date;
    }
    return got;
}

static int look(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct transfer *transfer = context;

    (void)a, (void)b, (void)c, (void)d;
    return transfer->cancelled && atomic_load(transfer->cancelled);
}

/* A part of a URL, or "" when there is none; always NUL-terminated and cut to the room. */
static void url_part(CURLU *url, CURLUPart part, char *ret_text, size_t room)
{
    char *text = NULL;

    ret_text[0] = '\0';
    if (curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) == CURLUE_OK)
        snprintf(ret_text, room, "%s", text);
    curl_free(text);
}

bool http_url_is_good(const char *text, bool *ret_secure)
{
    CURLU *url = curl_url();
    char scheme[16], host[256], user[16];
    bool good = url && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK;

    if (good) {
        url_part(url, CURLUPART_SCHEME, scheme, sizeof(scheme));
        url_part(url, CURLUPART_HOST, host, sizeof(host));
        url_part(url, CURLUPART_USER, user, sizeof(user));
        *ret_secure = strcmp(scheme, "https") == 0;
        good = host[0] && !user[0] && (*ret_secure || strcmp(scheme, "http") == 0);
    }
    curl_url_cleanup(url);
    return good;
}

static bool same_place(const char *one, const char *other)
{
    static const CURLUPart parts[] = {CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT};
    CURLU *a = curl_url(), *b = curl_url();
    bool same = a && b && curl_url_set(a, CURLUPART_URL, one, 0) == CURLUE_OK &&
                curl_url_set(b, CURLUPART_URL, other, 0) == CURLUE_OK;

    for (size_t i = 0; same && i < sizeof(parts) / sizeof(parts[0]); i++) {
        char of_a[256], of_b[256];

        url_part(a, parts[i], of_a, sizeof(of_a));
        url_part(b, parts[i], of_b, sizeof(of_b));
        same = strcasecmp(of_a, of_b) == 0;
    }
    curl_url_cleanup(a);
    curl_url_cleanup(b);
    return same;
}

static int explain(const struct transfer *transfer, CURLcode code, struct reason *reason)
{
    const char *host = transfer->host, *words = curl_easy_strerror(code);

    if (transfer->too_long)
        return reason_set(reason, EMSGSIZE, "%s sent an answer of more than %d MiB, which is refused", host,
                          HTTP_BODY_MOST >> 20);
    if (transfer->no_memory)
        return reason_set(reason, ENOMEM, "no memory for the answer of %s", host);
    switch (code) {
    case CURLE_ABORTED_BY_CALLBACK:
        return reason_set(reason, ECANCELED, "a request to %s was called off", host);
    case CURLE_OPERATION_TIMEDOUT:
        return reason_set(reason, ETIMEDOUT, "%s did not answer in time", host);
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return reason_set(reason, ECONNREFUSED, "%s cannot be reached: %s", host, words);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
        return reason_set(reason, EPERM, "the certificate of %s is not to be trusted: %s", host, words);
    case CURLE_SSL_CONNECT_ERROR:
        return reason_set(reason, EPERM, "there is no TLS connection with %s: %s", host, words);
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return reason_set(reason, EINVAL, "an address of the cloud is no URL of http or https");
    case CURLE_OUT_OF_MEMORY:
        return reason_set(reason, ENOMEM, "no memory for a request to %s", host);
    default:
        return reason_set(reason, EIO, "the answer of %s is lost: %s", host, words);
    }
}

static void set_options(CURL *curl, const struct http *http, const struct http_request *request,
                        const char *url, struct curl_slist *headers, struct transfer *transfer)
{
    uint64_t now = clock_now_ns();
    uint64_t left_ms = request->deadline_ns > now ? (request->deadline_ns - now) / NS_PER_MILLISECOND + 1 : 1;

    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, left_ms < 3600000 ? (long)left_ms : 3600000L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "mvm/" MVM_VERSION);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    if (request->body) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_length);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
    }
    if (http->ca_file)
        curl_easy_setopt(curl, CURLOPT_CAINFO, http->ca_file);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transfer);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
}

/* One exchange. `*ret_next` is set to a malloc'd address that the answer leads to, or NULL. */
static int exchange(struct http *http, const struct http_request *request, const char *url,
                    struct curl_slist *headers, struct http_answer *answer, char **ret_next,
                    struct reason *reason)
{
    struct transfer transfer = {.answer = answer, .cancelled = request->cancelled, .host = "the cloud"};
    CURLU *parts = curl_url();
    long status = 0;
    char *next = NULL;

    if (parts && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK) {
        char host[200], port[16];

        url_part(parts, CURLUPART_HOST, host, sizeof(host));
        url_part(parts, CURLUPART_PORT, port, sizeof(port));
        snprintf(transfer.host, sizeof(transfer.host), "%s:%s", host, port);
    }
    curl_url_cleanup(parts);
    set_options(http->curl, http, request, url, headers, &transfer);
    CURLcode code = curl_easy_perform(http->curl);

    if (code != CURLE_OK)
        return explain(&transfer, code, reason);
    curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
    answer->status = (int)status;
    if (!answer->body && !(answer->body = calloc(1, 1)))
        return reason_set(reason, ENOMEM, "no memory for the answer of %s", transfer.host);
    curl_easy_getinfo(http->curl, CURLINFO_REDIRECT_URL, &next);
    if (!next || status < 300 || status > 399)
        return 0;
    if (!same_place(url, next) || strcmp(request->method, "GET") != 0)
        return reason_set(reason, EXDEV, "%s sends a request elsewhere, which is not followed",
                          transfer.host);
    *ret_next = strdup(next);
    return *ret_next ? 0 : reason_set(reason, ENOMEM, "no memory for an address");
}

int http_do(struct http *http, const struct http_request *request, struct http_answer *ret_answer,
            struct reason *reason)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    struct http_answer answer = {0};
    char *url = NULL;
    int error = 0;

    for (size_t i = 0; i < HTTP_HEADERS_MOST && request->headers[i]; i++) {
        struct curl_slist *longer = headers ? curl_slist_append(headers, request->headers[i]) : NULL;

        if (!longer)
            error = reason_set(reason, ENOMEM, "no memory for a request");
        else
            headers = longer;
    }
    for (int turn = 0; !error; turn++) {
        char *next = NULL;

        http_answer_release(&answer);
        error = exchange(http, request, url ? url : request->url, headers, &answer, &next, reason);
        free(url);
        url = next;
        if (!error && next && turn == REDIRECTS_MOST)
            error = reason_set(reason, EXDEV, "an address of the cloud leads in a circle");
        if (!next)
            break;
    }
    free(url);
    curl_slist_free_all(headers);
    if (error)
        http_answer_release(&answer);
    else
        *ret_answer = answer;
    return error;
}
