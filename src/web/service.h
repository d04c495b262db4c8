/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inside of web.h: the loop, its clients and what they wait for. All of it is the thread's alone, but for
 * `stop`. */
#ifndef MVM_WEB_SERVICE_H
#define MVM_WEB_SERVICE_H

#include "base/clock.h"
#include "base/reason.h"
#include "web/access.h"
#include "web/link.h"
#include "web/request.h"
#include "web/web.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    CLIENTS_MOST = 64,
    STREAMS_MOST = 16, /* pages that are live at once */
    LINKS_MOST = 8, /* consoles and questions at once: each is a client of the control socket, which has 64 */
    HEAD_MOST = 8 * 1024,
    OUT_MOST = 2 * 1024 * 1024,
    OUT_FULL = 64 * 1024, /* above this a console pauses */
    FEED_LINES = 2,       /* answers that a picture is made from, at most */
};

/* A connection without a request; a head from its first byte to its last; a client that does not read; one
 * that was told all, until it leaves; an answer of the run. */
#define IDLE_NS    (60 * NS_PER_SECOND)
#define HEAD_NS    (10 * NS_PER_SECOND)
#define UNREAD_NS  (30 * NS_PER_SECOND)
#define LEAVING_NS (2 * NS_PER_SECOND)
#define ANSWER_NS  (10 * NS_PER_SECOND)
/* Between two pictures of the figures, and between two questions to the run whoever asks. */
#define PICTURE_NS (1000 * NS_PER_MILLISECOND)
#define REST_NS    (100 * NS_PER_MILLISECOND)

enum client_state {
    CLIENT_HEAD,    /* its next request is to come */
    CLIENT_METRICS, /* waits for figures, as text for Prometheus */
    CLIENT_STREAM,  /* gets figures for as long as it stays */
    CLIENT_ASKING,  /* waits for the answer on its link */
    CLIENT_CONSOLE, /* gets what comes over its link */
    CLIENT_LEAVING, /* all is said: what it still sends is thrown away, so that it reads the answer */
};

struct client {
    int fd;
    bool page, metrics; /* what is served where it came */
    enum client_state state;
    char *in; /* HEAD_MOST */
    size_t in_count;
    struct head_progress progress;
    char *out; /* what waits for it to read */
    size_t out_count, out_room;
    struct request request; /* the present one */
    struct link link;       /* of CLIENT_ASKING and CLIENT_CONSOLE */
    bool opened;            /* the console is */
    bool screen;            /* it is a text screen */
    bool closes;            /* after this answer */
    bool gone;              /* to be closed now */
    bool wants_feed;        /* it has just begun to wait for figures */
    uint64_t active_ns;     /* when something last went either way */
    uint64_t due_ns;        /* when it loses its connection, if nothing happens */
    uint64_t next_ns;       /* of CLIENT_STREAM: the next picture */
};

/* The run's figures, for pages and for Prometheus: asked for when somebody waits for them, once for all who
 * do. */
enum feed_kind { FEED_PAGES, FEED_METRICS, FEED_KINDS };

struct feed {
    struct link link;
    bool asked;
    bool reused; /* by a connection that the run may have ended meanwhile */
    uint64_t asked_ns, not_before_ns;
    size_t count; /* lines that came, of FEED_LINES */
    char *lines[FEED_LINES];
};

struct listener {
    int fd;
    bool page, metrics;
    uint64_t deaf_until_ns; /* no descriptor was left for a client */
};

struct web {
    struct place page, metrics;
    bool has_page, has_metrics, needs_token, has_thread;
    char token[TOKEN_ROOM];
    int directory, event;
    pthread_t thread;
    struct listener listeners[2];
    size_t listener_count;
    struct client *clients[CLIENTS_MOST];
    size_t client_count;
    struct feed feeds[FEED_KINDS];
    _Atomic bool stop;
};

/* client.c */
struct client *client_create(int fd, const struct listener *listener);
void client_free(struct client *client);
void client_put(struct client *client, const void *bytes, size_t count);
void client_receive(struct client *client);
void client_flush(struct client *client);
/* Looks at what came, and does what can be done now. */
void client_work(struct web *web, struct client *client);
/* Its time is over. */
void client_expired(struct client *client);
/* A whole answer; its content is copied. */
void client_answer(struct client *client, int status, const char *type, const void *content, size_t length);
/* A sentence. */
void client_refuse(struct client *client, int status, const char *sentence);
/* The head of a stream of server-sent events, and one of them: `data` has no line feed. */
void client_begin_stream(struct client *client);
void client_put_event(struct client *client, const char *event, const char *data, size_t length);

/* routes.c: the request in client->request. */
void web_route(struct web *web, struct client *client);
/* What came over its link. */
void client_link_came(struct client *client);

/* feed.c: one turn; returns when the next is due. */
uint64_t feed_turn(struct web *web, enum feed_kind kind, uint64_t now_ns);
void feed_close(struct feed *feed);

#endif
