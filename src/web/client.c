/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One connection: requests in, answers out. */
#include "web/service.h"

#include "door/refusal.h"

#include <errno.h>
#include <http_parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* For every answer. Nothing of it is to be kept, shown inside of other pages, or read by them. */
static const char security_headers[] =
    "Cache-Control: no-store\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n";

struct client *client_create(int fd, const struct listener *listener)
{
    struct client *client = calloc(1, sizeof(*client));
    char *in = malloc(HEAD_MOST);

    if (!client || !in) {
        free(client);
        free(in);
        close(fd);
        return NULL;
    }
    client->fd = fd;
    client->in = in;
    client->page = listener->page;
    client->metrics = listener->metrics;
    client->link.fd = -1;
    client->active_ns = clock_now_ns();
    client->due_ns = client->active_ns + HEAD_NS;
    return client;
}

void client_free(struct client *client)
{
    link_close(&client->link);
    close(client->fd);
    free(client->in);
    free(client->out);
    free(client);
}

void client_put(struct client *client, const void *bytes, size_t count)
{
    if (client->gone)
        return;
    if (client->out_count + count > client->out_room) {
        size_t room = client->out_room ? client->out_room : 4096;

        while (room < client->out_count + count)
            room *= 2;
        char *grown = room <= OUT_MOST ? realloc(client->out, room) : NULL;

        if (!grown) {
            client->gone = true;
            return;
        }
        client->out = grown;
        client->out_room = room;
    }
    /* Only now does it begin to owe its reading. */
    if (client->out_count == 0)
        client->due_ns = clock_now_ns() + UNREAD_NS;
    memcpy(client->out + client->out_count, bytes, count);
    client->out_count += count;
}

void client_answer(struct client *client, int status, const char *type, const void *content, size_t length)
{
    char head[1536];
    bool closes = client->closes || !client->request.keep_alive;
    int written = snprintf(head, sizeof(head),
                           "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s%s%s%s\r\n",
                           status, http_status_str((enum http_status)status), type, length,
                           closes ? "Connection: close\r\n" : "",
                           status == 401 ? "WWW-Authenticate: Bearer realm=\"mvm\"\r\n" : "",
                           status == 405 ? "Allow: GET, HEAD\r\n" : "", security_headers);

    client->closes = closes;
    client->state = closes ? CLIENT_LEAVING : CLIENT_HEAD;
    client_put(client, head, (size_t)written);
    if (!client->request.is_head)
        client_put(client, content, length);
}

void client_refuse(struct client *client, int status, const char *sentence)
{
    char text[REASON_ROOM + 1];
    int length = snprintf(text, sizeof(text), "%s\n", sentence);

    client_answer(client, status, "text/plain; charset=utf-8", text,
                  length < (int)sizeof(text) ? (size_t)length : sizeof(text) - 1);
}

void client_begin_stream(struct client *client)
{
    char head[1536];
    int written =
        snprintf(head, sizeof(head),
                 "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n%s\r\n",
                 security_headers);

    client->closes = true;
    client_put(client, head, (size_t)written);
}

void client_put_event(struct client *client, const char *event, const char *data, size_t length)
{
    client_put(client, "event: ", 7);
    client_put(client, event, strlen(event));
    client_put(client, "\ndata: ", 7);
    client_put(client, data, length);
    client_put(client, "\n\n", 2);
}

/* What a client sends that is to get no more of an answer is dropped, so that closing does not reset the
 * connection before it has read what it was told. */
static bool is_deaf(const struct client *client)
{
    return client->state != CLIENT_HEAD;
}

void client_receive(struct client *client)
{
    char dropped[4096];
    bool deaf = is_deaf(client);
    char *to = deaf ? dropped : client->in + client->in_count;
    size_t room = deaf ? sizeof(dropped) : HEAD_MOST - client->in_count;
    ssize_t got;

    if (room == 0)
        return;
    do
        got = recv(client->fd, to, room, MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return;
    if (got <= 0) {
        client->gone = true;
        return;
    }
    if (deaf)
        return;
    client->active_ns = clock_now_ns();
    if (client->in_count == 0)
        client->due_ns = client->active_ns + HEAD_NS;
    client->in_count += (size_t)got;
}

void client_flush(struct client *client)
{
    size_t sent = 0;

    while (!client->gone && sent < client->out_count) {
        ssize_t put =
            send(client->fd, client->out + sent, client->out_count - sent, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0) {
            client->gone = errno != EAGAIN && errno != EWOULDBLOCK;
            break;
        }
        sent += (size_t)put;
    }
    if (sent == 0)
        return;
    client->out_count -= sent;
    memmove(client->out, client->out + sent, client->out_count);
    uint64_t now = clock_now_ns();

    client->active_ns = now;
    if (client->out_count > 0) {
        client->due_ns = now + UNREAD_NS;
    } else if (client->state == CLIENT_LEAVING) {
        shutdown(client->fd, SHUT_WR);
        client->due_ns = now + LEAVING_NS;
    } else {
        client->due_ns = client->state == CLIENT_HEAD ? now + IDLE_NS : CLOCK_NEVER;
    }
}

void client_expired(struct client *client)
{
    if (client->state == CLIENT_HEAD && client->in_count > 0 && client->out_count == 0) {
        client->closes = true;
        client_refuse(client, 408, "the head of the request did not come in time");
    } else if (client->state == CLIENT_ASKING) {
        link_close(&client->link);
        client_refuse(client, 503, "the run did not answer in time");
    } else {
        client->gone = true;
    }
}

static void refuse_head(struct client *client, int status)
{
    static const struct {
        int status;
        const char *sentence;
    } sentences[] = {
        {400, "that is no request of HTTP/1.0 or 1.1 for a path"},
        {405, "only GET and HEAD are served"},
        {431, "the head of the request is too long"},
        {501, "only GET and HEAD without a body are served"},
    };

    client->closes = true;
    for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++)
        if (sentences[i].status == status)
            client_refuse(client, status, sentences[i].sentence);
}

static void take_request(struct web *web, struct client *client)
{
    struct head head;
    int status = head_parse(client->in, client->in_count, HEAD_MOST - 1, &client->progress, &head);

    if (status == HEAD_PARTIAL)
        return;
    client->request = (struct request){.keep_alive = false};
    if (status == 0)
        status = request_read(client->in, &head, &client->request);
    client->progress = (struct head_progress){.scanned = 0};
    client->due_ns = CLOCK_NEVER;
    if (status) {
        client->in_count = 0;
        refuse_head(client, status);
        return;
    }
    client->in_count -= head.end;
    memmove(client->in, client->in + head.end, client->in_count);
    web_route(web, client);
}

void client_work(struct web *web, struct client *client)
{
    if (client->link.fd >= 0)
        client_link_came(client);
    /* One request a turn, and only when the last one's answer is with the kernel. */
    if (!client->gone && client->state == CLIENT_HEAD && client->out_count == 0 && client->in_count > 0)
        take_request(web, client);
    client_flush(client);
}
