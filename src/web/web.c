/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The thread and its loop. */
#include "web/service.h"

#include "base/thread.h"
#include "door/listen.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 64, ACCEPTS_A_TURN = 16, LISTENERS_MOST = 2 };

#define DEAF_NS (200 * NS_PER_MILLISECOND)

int web_parse_place(const char *option, const char *text, struct place *ret_place, struct reason *reason)
{
    struct place place;
    struct reason ignored;

    if (place_parse(PLACE_HTTP, text, &place, &ignored) < 0 || place.by_address || place.family == AF_UNIX)
        return reason_set(reason, EINVAL,
                          "--%s takes ADDRESS:PORT, such as 127.0.0.1:9000 or [::1]:9000, not '%s'", option,
                          text);
    *ret_place = place;
    return 0;
}

const struct place *web_page(const struct web *web)
{
    return web && web->has_page ? &web->page : NULL;
}

const struct place *web_metrics(const struct web *web)
{
    return web && web->has_metrics ? &web->metrics : NULL;
}

static void drop_client(struct web *web, size_t index)
{
    struct client *client = web->clients[index];

    web->clients[index] = web->clients[--web->client_count];
    client_free(client);
}

/* Who has nothing to do here, and has been so for longest, makes room for who comes; else who does not read.
 */
static void make_room(struct web *web)
{
    size_t chosen = CLIENTS_MOST;

    for (size_t i = 0; i < web->client_count; i++) {
        const struct client *client = web->clients[i];
        const struct client *best = chosen < CLIENTS_MOST ? web->clients[chosen] : NULL;
        bool idle = client->out_count == 0, best_idle = best && best->out_count == 0;

        if (client->state != CLIENT_HEAD && client->state != CLIENT_LEAVING)
            continue;
        if (!best || (idle && !best_idle) || (idle == best_idle && client->active_ns < best->active_ns))
            chosen = i;
    }
    if (chosen < CLIENTS_MOST)
        drop_client(web, chosen);
}

static void accept_clients(struct web *web, struct listener *listener, uint64_t now_ns)
{
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd < 0) {
            if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
                listener->deaf_until_ns = now_ns + DEAF_NS;
            return;
        }
        if (web->client_count == CLIENTS_MOST)
            make_room(web);
        if (web->client_count == CLIENTS_MOST) {
            close(fd);
            continue;
        }
        struct client *client = client_create(fd, listener);

        if (client)
            web->clients[web->client_count++] = client;
    }
}

/* One turn for every client; returns when the next is due if nothing happens before. */
static uint64_t serve_clients(struct web *web)
{
    uint64_t now = clock_now_ns(), next = CLOCK_NEVER;

    for (int kind = 0; kind < FEED_KINDS; kind++) {
        uint64_t due = feed_turn(web, (enum feed_kind)kind, now);

        next = due < next ? due : next;
    }

    for (size_t i = web->client_count; i-- > 0;) {
        struct client *client = web->clients[i];

        if (now >= client->due_ns)
            client_expired(client);
        client_work(web, client);
        if (client->gone) {
            drop_client(web, i);
            continue;
        }
        /* A request that waits behind the one that was answered just now. */
        if (client->state == CLIENT_HEAD && client->out_count == 0 &&
            client->progress.scanned < client->in_count)
            next = 0;
        if (client->wants_feed)
            next = 0;
        client->wants_feed = false;
        if (client->due_ns < next)
            next = client->due_ns;
    }
    return next;
}

static short client_events(const struct client *client)
{
    bool reads = client->state != CLIENT_HEAD || client->in_count < HEAD_MOST;

    return (short)((reads ? POLLIN : 0) | (client->out_count > 0 ? POLLOUT : 0));
}

/* Waits until `until_ns` for something to happen, and receives what did. */
static void wait_for_events(struct web *web, uint64_t until_ns)
{
    struct pollfd files[1 + FEED_KINDS + LISTENERS_MOST + 2 * CLIENTS_MOST];
    size_t count = 0, clients = web->client_count;
    uint64_t now = clock_now_ns();

    for (size_t i = 0; i < clients; i++)
        files[count++] = (struct pollfd){.fd = web->clients[i]->fd, .events = client_events(web->clients[i])};
    for (size_t i = 0; i < clients; i++) {
        const struct client *client = web->clients[i];
        bool reads = client->out_count < OUT_FULL && link_has_room(&client->link);

        files[count++] = (struct pollfd){.fd = reads ? client->link.fd : -1, .events = POLLIN};
    }
    for (size_t i = 0; i < web->listener_count; i++) {
        const struct listener *listener = &web->listeners[i];
        bool deaf = now < listener->deaf_until_ns;

        if (deaf && listener->deaf_until_ns < until_ns)
            until_ns = listener->deaf_until_ns;
        files[count++] = (struct pollfd){.fd = deaf ? -1 : listener->fd, .events = POLLIN};
    }
    for (int kind = 0; kind < FEED_KINDS; kind++)
        files[count++] = (struct pollfd){.fd = web->feeds[kind].link.fd, .events = POLLIN};
    files[count++] = (struct pollfd){.fd = web->event, .events = POLLIN};
    if (poll(files, count, clock_poll_timeout_ms(until_ns)) <= 0)
        return;
    for (size_t i = 0; i < clients; i++) {
        if (files[i].revents & POLLIN)
            client_receive(web->clients[i]);
        else if (files[i].revents & (POLLHUP | POLLERR | POLLNVAL))
            web->clients[i]->gone = true;
    }
    now = clock_now_ns();
    for (size_t i = 0; i < web->listener_count; i++)
        if (files[2 * clients + i].revents)
            accept_clients(web, &web->listeners[i], now);
}

static void say_goodbye(struct web *web)
{
    for (size_t i = 0; i < web->client_count; i++) {
        struct client *client = web->clients[i];

        if (client->state == CLIENT_STREAM && client->out_count == 0)
            client_put_event(client, "end", "{}", 2);
        client_flush(client);
    }
}

static void *serve(void *context)
{
    struct web *web = context;

    pthread_setname_np(pthread_self(), "mvm-web");
    while (!atomic_load(&web->stop))
        wait_for_events(web, serve_clients(web));
    say_goodbye(web);
    return NULL;
}

static bool is_same(const struct place *one, const struct place *other)
{
    return one->family == other->family && one->port == other->port &&
           memcmp(one->first, other->first, sizeof(one->first)) == 0;
}

static int listen_at(struct web *web, struct place *place, bool page, bool metrics, struct reason *reason)
{
    int fd = place_bind(place, web->needs_token, true, reason);

    if (fd < 0)
        return fd;
    if (listen(fd, BACKLOG) < 0) {
        int error = errno;

        close(fd);
        return reason_errno(reason, error, "cannot listen for the run's page or metrics");
    }
    web->listeners[web->listener_count++] = (struct listener){.fd = fd, .page = page, .metrics = metrics};
    return 0;
}

static int take_addresses(struct web *web, struct reason *reason)
{
    bool together = web->has_page && web->has_metrics && is_same(&web->page, &web->metrics);
    int error = 0;

    if (web->has_page)
        error = listen_at(web, &web->page, true, together, reason);
    if (together)
        web->metrics = web->page;
    else if (!error && web->has_metrics)
        error = listen_at(web, &web->metrics, false, true, reason);
    return error;
}

static int start_thread(struct web *web, struct reason *reason)
{
    int error = thread_start(&web->thread, serve, web);

    web->has_thread = error == 0;
    return error ? reason_errno(reason, error, "cannot start the thread of the run's page") : 0;
}

int web_start(const struct web_setup *setup, struct web **ret_web, struct reason *reason)
{
    struct web *web = calloc(1, sizeof(*web));
    int error = 0;

    if (!web)
        return reason_set(reason, ENOMEM, "no memory for the run's page");
    for (int kind = 0; kind < FEED_KINDS; kind++)
        web->feeds[kind].link.fd = -1;
    web->directory = setup->directory->fd;
    web->has_page = setup->page;
    web->has_metrics = setup->metrics;
    if (setup->page)
        web->page = *setup->page;
    if (setup->metrics)
        web->metrics = *setup->metrics;
    if (setup->token) {
        snprintf(web->token, sizeof(web->token), "%s", setup->token);
        web->needs_token = true;
    }
    web->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (web->event < 0)
        error = reason_errno(reason, errno, "cannot start the run's page");
    if (!error)
        error = take_addresses(web, reason);
    if (!error)
        error = start_thread(web, reason);
    if (error) {
        web_stop(web);
        return error;
    }
    *ret_web = web;
    return 0;
}

void web_stop(struct web *web)
{
    if (!web)
        return;
    atomic_store(&web->stop, true);
    if (web->has_thread) {
        eventfd_write(web->event, 1);
        pthread_join(web->thread, NULL);
    }
    while (web->client_count > 0)
        drop_client(web, web->client_count - 1);
    for (int kind = 0; kind < FEED_KINDS; kind++)
        feed_close(&web->feeds[kind]);
    for (size_t i = 0; i < web->listener_count; i++)
        close(web->listeners[i].fd);
    if (web->event >= 0)
        close(web->event);
    explicit_bzero(web->token, sizeof(web->token));
    free(web);
}
