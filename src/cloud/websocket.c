/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/websocket.h"

#include "base/clock.h"
#include "base/reason.h"

#include <curl/curl.h>
#include <errno.h>
#include <libwebsockets.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { REQUEST_MOST = 4096, LOOK_US = 100000, CLOSE_NS = 1000000000 };

struct websocket {
    char *ca_file;
    struct lws_context *context; /* NULL before the first connection */
    bool secure;                 /* it has TLS */
    lws_sorted_usec_list_t look; /* wakes the loop, for deadlines */
    struct lws *connection;      /* NULL: none */
    struct websocket_line *line; /* NULL: none, and whatever is connected is to close */
    size_t sent;
    bool refused, answered;
};

/* libwebsockets counts its contexts without a lock. */
static pthread_mutex_t contexts = PTHREAD_MUTEX_INITIALIZER;

static void take(struct websocket *websocket, const char *bytes, size_t length)
{
    struct websocket_line *line = websocket->line;
    const char *end = memchr(bytes, '\n', length);
    size_t room = line->answer_room - 1 - line->answer_length;
    size_t count = end ? (size_t)(end - bytes) : length;

    if (count > room)
        count = room;
    memcpy(line->answer + line->answer_length, bytes, count);
    line->answer_length += count;
    line->answer[line->answer_length] = '\0';
    websocket->answered = end != NULL;
}

/* False: the connection is lost. */
static bool send_some(struct websocket *websocket, struct lws *connection)
{
    const struct websocket_line *line = websocket->line;
    unsigned char bytes[LWS_PRE + REQUEST_MOST];
    size_t count = line->request_length - websocket->sent;

    if (count == 0)
        return true;
    if (count > REQUEST_MOST)
        count = REQUEST_MOST;
    memcpy(bytes + LWS_PRE, line->request + websocket->sent, count);
    if (lws_write(connection, bytes + LWS_PRE, count, LWS_WRITE_BINARY) < (int)count)
        return false;
    websocket->sent += count;
    if (websocket->sent < line->request_length)
        lws_callback_on_writable(connection);
    return true;
}

/* What is not 0 closes the connection. */
static int on_event(struct lws *connection, enum lws_callback_reasons event, void *user, void *in,
                    size_t length)
{
    struct websocket *websocket = lws_context_user(lws_get_context(connection));

    (void)user;
    switch (event) {
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        websocket->refused = true;
        websocket->connection = NULL;
        return 0;
    case LWS_CALLBACK_CLIENT_CLOSED:
        websocket->connection = NULL;
        return 0;
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        lws_callback_on_writable(connection);
        return websocket->line ? 0 : -1;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return websocket->line && send_some(websocket, connection) ? 0 : -1;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        if (websocket->line && !websocket->answered && websocket->sent > 0)
            take(websocket, in, length);
        return websocket->line && !websocket->answered ? 0 : -1;
    default:
        return 0;
    }
}

static const struct lws_protocols protocols[] = {
    {.name = "binary", .callback = on_event, .rx_buffer_size = 4096},
    {.name = NULL},
};

int websocket_open(const char *ca_file, struct websocket **ret_websocket, struct reason *reason)
{
    struct websocket *websocket = calloc(1, sizeof(*websocket));

    if (websocket)
        websocket->ca_file = ca_file ? strdup(ca_file) : NULL;
    if (!websocket || (ca_file && !websocket->ca_file)) {
        websocket_close(websocket);
        return reason_set(reason, ENOMEM, "no memory for a serial console");
    }
    *ret_websocket = websocket;
    return 0;
}

/* Before the first connection. Without TLS no certificates are loaded, which would take half a megabyte. */
static int make_context(struct websocket *websocket, bool secure, struct reason *reason)
{
    const struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = protocols,
        .options = secure ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0,
        .client_ssl_ca_filepath = secure ? websocket->ca_file : NULL,
        .user = websocket,
        .fd_limit_per_thread = 16,
    };

    if (websocket->context && (websocket->secure || !secure))
        return 0;
    pthread_mutex_lock(&contexts);
    lws_set_log_level(0, NULL);
    if (websocket->context)
        lws_context_destroy(websocket->context);
    websocket->context = lws_create_context(&info);
    pthread_mutex_unlock(&contexts);
    websocket->secure = secure;
    return websocket->context ? 0 : reason_set(reason, ENOMEM, "cannot make a client for serial consoles");
}

void websocket_close(struct websocket *websocket)
{
    if (!websocket)
        return;
    websocket->line = NULL;
    pthread_mutex_lock(&contexts);
    if (websocket->context)
        lws_context_destroy(websocket->context);
    pthread_mutex_unlock(&contexts);
    free(websocket->ca_file);
    free(websocket);
}

static void wake(lws_sorted_usec_list_t *look)
{
    (void)look;
}

/* Waits for something, for at most 0.1 s. */
static void turn(struct websocket *websocket)
{
    lws_sul_schedule(websocket->context, 0, &websocket->look, wake, LOOK_US);
    lws_service(websocket->context, 0);
    lws_sul_schedule(websocket->context, 0, &websocket->look, wake, LWS_SET_TIMER_USEC_CANCEL);
}

/* The parts of a URL as libwebsockets wants them; each is to be freed by curl_free(). */
struct address {
    char *scheme, *host, *port, *path, *query;
};

static void free_address(struct address *address)
{
    curl_free(address->scheme);
    curl_free(address->host);
    curl_free(address->port);
    curl_free(address->path);
    curl_free(address->query);
}

static int split(const struct websocket_line *line, struct address *ret_address, struct reason *reason)
{
    CURLU *url = curl_url();
    struct address address = {NULL};
    bool good = url && curl_url_set(url, CURLUPART_URL, line->url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
                curl_url_get(url, CURLUPART_SCHEME, &address.scheme, 0) == CURLUE_OK &&
                curl_url_get(url, CURLUPART_HOST, &address.host, 0) == CURLUE_OK &&
                curl_url_get(url, CURLUPART_PATH, &address.path, 0) == CURLUE_OK;

    if (good) {
        curl_url_get(url, CURLUPART_PORT, &address.port, 0);
        curl_url_get(url, CURLUPART_QUERY, &address.query, 0);
        good = strcmp(address.scheme, "wss") == 0 || (strcmp(address.scheme, "ws") == 0 && !line->secure);
    }
    curl_url_cleanup(url);
    if (good) {
        *ret_address = address;
        return 0;
    }
    free_address(&address);
    return reason_set(reason, EINVAL, "the address of a serial console is no URL of %s",
                      line->secure ? "wss, and nothing else is used with a cloud that has TLS" : "ws or wss");
}

static int begin(struct websocket *websocket, struct reason *reason)
{
    struct address address = {NULL};
    char path[2048];
    int error = split(websocket->line, &address, reason);

    if (error)
        return error;
    bool secure = strcmp(address.scheme, "wss") == 0;

    error = make_context(websocket, secure, reason);
    if (error) {
        free_address(&address);
        return error;
    }
    char *host = address.host;
    size_t length = strlen(host);

    if (host[0] == '[' && host[length - 1] == ']') {
        host[length - 1] = '\0';
        host++;
    }
    snprintf(path, sizeof(path), "%s%s%s", address.path, address.query ? "?" : "",
             address.query ? address.query : "");
    const struct lws_client_connect_info info = {
        .context = websocket->context,
        .address = host,
        .host = host,
        .port = address.port ? (int)strtol(address.port, NULL, 10)
                : secure     ? 443
                             : 80,
        .path = path,
        .protocol = "binary",
        .ssl_connection = secure ? LCCSCF_USE_SSL : 0,
        .ietf_version_or_minus_one = -1,
        .pwsi = &websocket->connection,
    };

    if (!lws_client_connect_via_info(&info))
        websocket->refused = true;
    free_address(&address);
    return 0;
}

int websocket_ask(struct websocket *websocket, struct websocket_line *line, struct reason *reason)
{
    websocket->line = line;
    websocket->connection = NULL;
    websocket->sent = 0;
    websocket->refused = websocket->answered = false;
    line->answer_length = 0;
    line->answer[0] = '\0';
    int error = begin(websocket, reason);

    while (!error && !websocket->answered) {
        if (websocket->refused || !websocket->connection)
            error = reason_set(reason, ECONNRESET, "the serial console %s",
                               websocket->refused ? "cannot be connected to" : "was closed by the cloud");
        else if (line->cancelled && atomic_load(line->cancelled))
            error = reason_set(reason, ECANCELED, "a question was called off");
        else if (clock_now_ns() >= line->deadline_ns)
            error = reason_set(reason, ETIMEDOUT, "the serial console did not answer in time");
        else
            turn(websocket);
    }
    websocket->line = NULL;
    if (websocket->connection)
        lws_callback_on_writable(websocket->connection);
    for (uint64_t end_ns = clock_now_ns() + CLOSE_NS; websocket->connection && clock_now_ns() < end_ns;)
        turn(websocket);
    if (websocket->connection)
        lws_set_timeout(websocket->connection, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    while (websocket->connection)
        turn(websocket);
    return error;
}
