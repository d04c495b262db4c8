/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "web/service.h"

#include "web/metrics.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *commands;
    size_t answers;
    enum client_state waits; /* who gets what comes */
} kinds[FEED_KINDS] = {
    [FEED_PAGES] = {"{\"do\":\"live\"}\n", 1, CLIENT_STREAM},
    [FEED_METRICS] = {"{\"do\":\"status\"}\n{\"do\":\"live\",\"cells\":0}\n", METRICS_ANSWERS,
                      CLIENT_METRICS},
};

static void drop_lines(struct feed *feed)
{
    for (size_t i = 0; i < feed->count; i++)
        free(feed->lines[i]);
    feed->count = 0;
}

void feed_close(struct feed *feed)
{
    link_close(&feed->link);
    drop_lines(feed);
    feed->asked = false;
}

static void answer_metrics(struct client *client, const struct feed *feed)
{
    bool openmetrics = request_takes_openmetrics(&client->request);
    char *text;
    size_t length;

    if (metrics_write((const char *const *)feed->lines, openmetrics, &text, &length) < 0) {
        client_refuse(client, 503, "the run does not tell its figures at present");
        return;
    }
    client_answer(client, 200,
                  openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                              : "text/plain; version=0.0.4; charset=utf-8",
                  text, length);
    free(text);
}

static void deliver(struct web *web, enum feed_kind kind, uint64_t now_ns)
{
    struct feed *feed = &web->feeds[kind];

    for (size_t i = 0; i < web->client_count; i++) {
        struct client *client = web->clients[i];

        if (client->state != kinds[kind].waits || client->gone)
            continue;
        if (kind == FEED_METRICS)
            answer_metrics(client, feed);
        /* Who has not read the last picture is spared this one. */
        else if (client->out_count == 0)
            client_put_event(client, "figures", feed->lines[0], strlen(feed->lines[0]));
        client->next_ns = now_ns + PICTURE_NS;
    }
    feed->asked = false;
    feed->not_before_ns = now_ns + REST_NS;
    drop_lines(feed);
}

static void fail(struct web *web, enum feed_kind kind, uint64_t now_ns)
{
    for (size_t i = 0; i < web->client_count; i++)
        if (kind == FEED_METRICS && web->clients[i]->state == CLIENT_METRICS)
            client_refuse(web->clients[i], 503, "the run does not answer at present");
    feed_close(&web->feeds[kind]);
    web->feeds[kind].not_before_ns = now_ns + PICTURE_NS;
}

static void receive(struct web *web, enum feed_kind kind, uint64_t now_ns)
{
    struct feed *feed = &web->feeds[kind];
    char *line;
    size_t length;

    link_receive(&feed->link);
    while (feed->asked && (line = link_line(&feed->link, &length))) {
        char *copy = strndup(line, length);

        link_drop(&feed->link, length + 1);
        if (copy)
            feed->lines[feed->count++] = copy;
        else
            feed->link.ended = true;
        if (feed->count == kinds[kind].answers)
            deliver(web, kind, now_ns);
    }
    /* Nobody asked for a while, and the run let go of it. */
    if (!feed->asked && feed->link.ended)
        feed_close(feed);
}

/* When somebody wants a picture; CLOCK_NEVER: nobody does. */
static uint64_t wanted_at(const struct web *web, enum feed_kind kind)
{
    uint64_t at = CLOCK_NEVER;

    for (size_t i = 0; i < web->client_count; i++) {
        const struct client *client = web->clients[i];
        uint64_t wants = kind == FEED_METRICS ? 0 : client->next_ns;

        if (client->state == kinds[kind].waits && wants < at)
            at = wants;
    }
    return at;
}

static void ask(struct web *web, enum feed_kind kind, uint64_t now_ns)
{
    struct feed *feed = &web->feeds[kind];

    feed->asked_ns = now_ns;
    feed->reused = feed->link.fd >= 0;
    if (feed->reused && link_say(&feed->link, kinds[kind].commands)) {
        feed->asked = true;
        return;
    }
    feed->reused = false;
    feed->asked = link_open(&feed->link, web->directory, kinds[kind].commands);
    if (!feed->asked)
        fail(web, kind, now_ns);
}

uint64_t feed_turn(struct web *web, enum feed_kind kind, uint64_t now_ns)
{
    struct feed *feed = &web->feeds[kind];

    if (feed->link.fd >= 0)
        receive(web, kind, now_ns);
    if (feed->asked && feed->link.ended && feed->reused) {
        /* The run lets go of who has been silent for a while, which may have been at this very moment. */
        feed_close(feed);
        ask(web, kind, now_ns);
    }
    if (feed->asked && (feed->link.ended || now_ns >= feed->asked_ns + ANSWER_NS))
        fail(web, kind, now_ns);
    if (!feed->asked) {
        uint64_t at = wanted_at(web, kind);

        if (at == CLOCK_NEVER)
            return CLOCK_NEVER;
        at = at < feed->not_before_ns ? feed->not_before_ns : at;
        if (at > now_ns)
            return at;
        ask(web, kind, now_ns);
    }
    return feed->asked ? feed->asked_ns + ANSWER_NS : feed->not_before_ns;
}
