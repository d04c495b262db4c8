/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/websocket.h"

#include "base/clock.h"
#include "base/reason.h"
#include "cloud/websocket_address.h"

#include <errno.h>
#include <libwebsockets.h>
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
    /* Of one that is cut off while it closes nothing else is told. */
    case LWS_CALLBACK_WSI_DESTROY:
        if (websocket->connection == connection)
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

/* Before the first connection, and before the first one by TLS. */
static int make_context(struct websocket *websocket, bool secure, struct reason *reason)
{
    if (websocket->context && (websocket->secure || !secure))
        return 0;
    websocket_context_free(websocket->context);
    websocket->context = websocket_context(protocols, secure, websocket->ca_file, 1, websocket);
    websocket->secure = secure;
    return websocket->context ? 0 : reason_set(reason, ENOMEM, "cannot make a client for serial consoles");
}

void websocket_close(struct websocket *websocket)
{
    if (!websocket)
        return;
    websocket->line = NULL;
    websocket_context_free(websocket->context);
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

static int begin(struct websocket *websocket, struct reason *reason)
{
    struct websocket_address address;
    int error = websocket_address_parse(websocket->line->url, websocket->line->secure, &address, reason);

    if (error)
        return error;
    error = make_context(websocket, address.secure, reason);
    if (!error && !websocket_address_connect(&address, websocket->context, websocket, &websocket->connection))
        websocket->refused = true;
    websocket_address_release(&address);
    return error;
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
