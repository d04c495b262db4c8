/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hosts that are read from a node_exporter, over libcurl: all requests at a time, in the thread that waits
 * for everything else too. Certificates are verified, and no redirect is followed. */
#include "node/exposition.h"
#include "node/node_private.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Connections stay from one request to the next, of as many hosts as there may be. */
#define CONNECTIONS_KEPT 10000L

struct http_nodes {
    CURLM *multi;
    struct curl_waitfd *files; /* room for `room` of them */
    size_t room;
};

struct node_http {
    CURL *easy;
    bool under_way, too_long;
    char *text;
    size_t length, room;
    struct exposition_devices devices;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void begin_curl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

int http_nodes_open(struct http_nodes **ret_http, struct reason *reason)
{
    struct http_nodes *http = calloc(1, sizeof(*http));

    pthread_once(&once, begin_curl);
    if (http)
        http->multi = curl_multi_init();
    if (!http || !http->multi) {
        free(http);
        return reason_set(reason, ENOMEM, "no memory for an HTTP client");
    }
    curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT);
    *ret_http = http;
    return 0;
}

void http_nodes_close(struct http_nodes *http)
{
    if (!http)
        return;
    curl_multi_cleanup(http->multi);
    free(http->files);
    free(http);
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    struct node_http *http = ((struct node *)context)->http;

    count *= size;
    if (count > EXPOSITION_MOST - http->length) {
        http->too_long = true;
        return 0;
    }
    if (http->length + count > http->room) {
        size_t room = 2 * (http->length + count) + 65536;
        char *grown = realloc(http->text, room);

        if (!grown)
            return 0;
        http->text = grown;
        http->room = room;
    }
    memcpy(http->text + http->length, bytes, count);
    http->length += count;
    return count;
}

int node_http_open(struct node *node, struct reason *reason)
{
    struct node_http *http = calloc(1, sizeof(*http));

    if (http)
        http->easy = curl_easy_init();
    if (!http || !http->easy) {
        free(http);
        return reason_set(reason, ENOMEM, "no memory for an HTTP client");
    }
    curl_easy_setopt(http->easy, CURLOPT_URL, node->address.url);
    curl_easy_setopt(http->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(http->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(http->easy, CURLOPT_USERAGENT, "mvm/" MVM_VERSION);
    curl_easy_setopt(http->easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(http->easy, CURLOPT_WRITEDATA, node);
    curl_easy_setopt(http->easy, CURLOPT_PRIVATE, node);
    curl_easy_setopt(http->easy, CURLOPT_DNS_CACHE_TIMEOUT, 3600L);
#if LIBCURL_VERSION_NUM >= 0x075700
    /* A name that is being looked up when its host is given up does not hold up the others. */
    curl_easy_setopt(http->easy, CURLOPT_QUICK_EXIT, 1L);
#endif
    node->http = http;
    return 0;
}

void node_http_ask(struct http_nodes *http, struct node *node)
{
    struct reason reason;

    node->http->length = 0;
    node->http->too_long = false;
    node->http->under_way = curl_multi_add_handle(http->multi, node->http->easy) == CURLM_OK;
    if (!node->http->under_way) {
        reason_set(&reason, ENOMEM, "no memory for a request");
        node_fail(node, -ENOMEM, &reason);
    }
}

void node_http_give_up(struct http_nodes *http, struct node *node)
{
    if (node->http->under_way)
        curl_multi_remove_handle(http->multi, node->http->easy);
    node->http->under_way = false;
}

void node_http_close(struct http_nodes *http, struct node *node)
{
    if (!node->http)
        return;
    node_http_give_up(http, node);
    curl_easy_cleanup(node->http->easy);
    free(node->http->text);
    free(node->http);
    node->http = NULL;
}

static void take_answer(struct node *node, CURLcode code)
{
    struct node_http *http = node->http;
    struct host_reading reading;
    struct host_limits limits;
    struct reason reason = {""};
    long status = 0;
    int error;

    curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &status);
    if (http->too_long)
        error = reason_set(&reason, EMSGSIZE, "its answer is longer than %d MiB", EXPOSITION_MOST >> 20);
    else if (code != CURLE_OK)
        error = reason_set(&reason, EIO, "%s", curl_easy_strerror(code));
    else if (status != 200)
        error = reason_set(&reason, EBADMSG, "it answers with the HTTP status %ld%s", status,
                           status == 401 || status == 403  ? ": it wants a password, which mvm does not send"
                           : status >= 300 && status < 400 ? ": it leads elsewhere, which is not followed"
                                                           : "");
    else
        error = exposition_read(http->text ? http->text : "", http->length, &http->devices, &reading, &limits,
                                &reason);
    if (error)
        node_fail(node, error == -EINVAL ? -EBADMSG : error, &reason);
    else
        node_answer(node, &reading, &limits);
}

static void take_answers(struct http_nodes *http)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(http->multi, &left))) {
        char *node = NULL;

        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;

        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &node);
        node_http_give_up(http, (struct node *)(void *)node);
        take_answer((struct node *)(void *)node, code);
    }
}

void http_nodes_wait(struct http_nodes *http, struct pollfd *files, size_t count, int timeout_ms)
{
    int running;

    if (!http) {
        poll(files, (nfds_t)count, timeout_ms);
        return;
    }
    if (count > http->room) {
        struct curl_waitfd *grown = reallocarray(http->files, count, sizeof(*grown));

        if (grown) {
            http->files = grown;
            http->room = count;
        }
    }
    count = count < http->room ? count : http->room;
    for (size_t i = 0; i < count; i++)
        http->files[i] = (struct curl_waitfd){.fd = files[i].fd, .events = CURL_WAIT_POLLIN};
    curl_multi_perform(http->multi, &running);
    take_answers(http);
    /* Without an end it would wait for a thousand seconds. */
    curl_multi_poll(http->multi, http->files, (unsigned)count, timeout_ms < 0 ? 3600000 : timeout_ms, NULL);
    curl_multi_perform(http->multi, &running);
    take_answers(http);
}
