/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is served where. */
#include "web/service.h"

#include "page_embedded.h"

#include <jansson.h>
#include <nettle/base64.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of a console in one event; of a picture of a text screen (docs/control-protocol.md). */
enum { PIECE = 3 * 1024, PICTURE = 2 + 4000 };

static void serve_metrics(struct web *web, struct client *client)
{
    (void)web;
    client->state = CLIENT_METRICS;
    client->wants_feed = true;
}

static size_t count_in(const struct web *web, enum client_state first, enum client_state second)
{
    size_t count = 0;

    for (size_t i = 0; i < web->client_count; i++)
        count += web->clients[i]->state == first || web->clients[i]->state == second;
    return count;
}

static void serve_figures(struct web *web, struct client *client)
{
    if (client->request.is_head) {
        client_answer(client, 200, "text/event-stream", "", 0);
    } else if (count_in(web, CLIENT_STREAM, CLIENT_STREAM) >= STREAMS_MOST) {
        client_refuse(client, 503, "too many pages are open already");
    } else {
        client_begin_stream(client);
        client->state = CLIENT_STREAM;
        client->next_ns = 0;
        client->wants_feed = true;
    }
}

static bool take_vm(struct client *client, unsigned long long *ret_vm)
{
    uint64_t number;

    if (request_number(&client->request, "vm", &number)) {
        *ret_vm = number;
        return true;
    }
    client_refuse(client, 400, "?vm=NUMBER says which VM is meant");
    return false;
}

static bool open_link(struct web *web, struct client *client, const char *command)
{
    if (count_in(web, CLIENT_ASKING, CLIENT_CONSOLE) >= LINKS_MOST)
        client_refuse(client, 503, "too many consoles are open already");
    else if (link_open(&client->link, web->directory, command))
        return true;
    else
        client_refuse(client, 503, "the run does not answer at present");
    return false;
}

static void serve_challenge(struct web *web, struct client *client)
{
    unsigned long long vm;
    char command[128];

    if (!take_vm(client, &vm))
        return;
    snprintf(command, sizeof(command),
             "{\"do\":\"challenge\",\"first\":%llu,\"last\":%llu,\"timeout_ms\":3000}\n", vm, vm);
    if (!open_link(web, client, command))
        return;
    client->state = CLIENT_ASKING;
    client->due_ns = clock_now_ns() + ANSWER_NS;
}

static void serve_console(struct web *web, struct client *client)
{
    unsigned long long vm;
    char command[128];

    if (!take_vm(client, &vm))
        return;
    if (client->request.is_head) {
        client_answer(client, 200, "text/event-stream", "", 0);
        return;
    }
    client->screen = request_has(&client->request, "screen");
    snprintf(command, sizeof(command), "{\"do\":\"console\",\"vm\":%llu,\"screen\":%s}\n", vm,
             client->screen ? "true" : "false");
    if (!open_link(web, client, command))
        return;
    client_begin_stream(client);
    client->state = CLIENT_CONSOLE;
    client->opened = false;
}

static const struct route {
    const char *path;
    void (*serve)(struct web *web, struct client *client);
    enum access access;
    bool of_page, of_metrics;
} routes[] = {
    {"/metrics", serve_metrics, ACCESS_LOOK, false, true},
    {"/figures", serve_figures, ACCESS_LOOK, true, false},
    {"/challenge", serve_challenge, ACCESS_TOUCH, true, false},
    {"/console", serve_console, ACCESS_TOUCH, true, false},
};

static const struct route *find_route(const struct client *client)
{
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
        if (strcmp(client->request.path, routes[i].path) == 0 &&
            ((client->page && routes[i].of_page) || (client->metrics && routes[i].of_metrics)))
            return &routes[i];
    return NULL;
}

static const struct embedded_page_file *find_file(const struct client *client)
{
    for (size_t i = 0; client->page && i < embedded_page_file_count; i++)
        if (strcmp(client->request.path, embedded_page_files[i].path) == 0)
            return &embedded_page_files[i];
    return NULL;
}

void web_route(struct web *web, struct client *client)
{
    const struct route *route = find_route(client);
    const struct embedded_page_file *file = find_file(client);
    struct reason reason = {""};
    int status = access_check(&client->request, route ? route->access : ACCESS_OPEN,
                              web->needs_token ? web->token : NULL, &reason);

    if (status) {
        client->closes = true;
        client_refuse(client, status, reason.text);
    } else if (route) {
        route->serve(web, client);
    } else if (file) {
        client_answer(client, 200, file->type, file->bytes, file->length);
    } else {
        client_refuse(client, 404,
                      client->page      ? "there is nothing of that name; the page is at /"
                      : client->metrics ? "there is nothing of that name; the metrics are at /metrics"
                                        : "there is nothing of that name");
    }
}

/* The answer to a question: the last line, whatever came before of how far it is. */
static void answer_came(struct client *client)
{
    char *line;
    size_t length;

    while ((line = link_line(&client->link, &length))) {
        if (strncmp(line, "{\"progress\"", 11) != 0) {
            client_answer(client, 200, "application/json", line, length);
            link_close(&client->link);
            return;
        }
        link_drop(&client->link, length + 1);
    }
    if (client->link.ended) {
        link_close(&client->link);
        client_refuse(client, 503, "the run has too many clients, or ends");
    }
}

static void put_base64(struct client *client, const char *event, const char *bytes, size_t count)
{
    char text[BASE64_ENCODE_RAW_LENGTH(PICTURE)];

    base64_encode_raw(text, count, (const uint8_t *)bytes);
    client_put_event(client, event, text, BASE64_ENCODE_RAW_LENGTH(count));
}

static void put_serial(struct client *client)
{
    struct link *link = &client->link;
    size_t taken = 0;

    while (taken < link->in_count && client->out_count < OUT_FULL) {
        size_t piece = link->in_count - taken < PIECE ? link->in_count - taken : PIECE;

        put_base64(client, "bytes", link->in + taken, piece);
        taken += piece;
    }
    link_drop(link, taken);
}

/* Only the last picture is worth showing. */
static void put_screen(struct client *client)
{
    struct link *link = &client->link;
    size_t whole = link->in_count / PICTURE * PICTURE;

    if (whole == 0 || client->out_count >= OUT_FULL)
        return;
    put_base64(client, "screen", link->in + whole - PICTURE, PICTURE);
    link_drop(link, whole);
}

static void end_console(struct client *client)
{
    client_put_event(client, "end", "{}", 2);
    client->state = CLIENT_LEAVING;
    link_close(&client->link);
}

/* The answer to the command, after which the connection is the VM's. */
static void open_console(struct client *client)
{
    size_t length;
    char *line = link_line(&client->link, &length);
    json_t *answer = line ? json_loadb(line, length, 0, NULL) : NULL;

    if (line) {
        client->opened = json_is_true(json_object_get(answer, "ok"));
        client_put_event(client, client->opened ? "open" : "refused", line, length);
        link_drop(&client->link, length + 1);
    }
    json_decref(answer);
    if (!client->opened && (line || client->link.ended))
        end_console(client);
}

static void console_came(struct client *client)
{
    if (!client->opened)
        open_console(client);
    if (!client->opened)
        return;
    if (client->screen)
        put_screen(client);
    else
        put_serial(client);
    if (client->link.ended && (client->screen || client->link.in_count == 0))
        end_console(client);
}

void client_link_came(struct client *client)
{
    if (client->out_count < OUT_FULL && link_has_room(&client->link))
        link_receive(&client->link);
    if (client->state == CLIENT_ASKING)
        answer_came(client);
    else if (client->state == CLIENT_CONSOLE)
        console_came(client);
}
