/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mvm top on a terminal: one loop over keys, the run's answers and time. */
#include "cmd/top_loop.h"

#include "base/clock.h"
#include "base/reason.h"
#include "cmd/client.h"
#include "cmd/signals.h"
#include "cmd/top_screen.h"
#include "cmd/top_terminal.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Signals that come right before a wait are noticed after it. */
#define LOOK_MOST_NS (NS_PER_SECOND / 5)

/* A process that is killed lets go of its connections, of the socket that they came to, and of the lock by
 * which it is known to be dead, one a little after the other. */
#define DYING_NS (2 * NS_PER_SECOND)
enum { DYING_LOOK_MS = 10 };

struct session {
    struct runs runs;
    struct call call;
    struct live_run run;
    struct live_figures before, now;
    struct top_rates rates;
    struct top_view view;
    struct top_grid grid;
    struct top_map map;
    uint64_t count, screens; /* to be shown, 0: any number; shown */
    uint64_t next_ns;        /* when the run is to be asked again */
    bool asked;              /* it has not answered yet */
    bool looked;             /* there are figures */
    bool quit, ended;
};

/* The names of the runs that live; NULL: there is none. *ret_count of them, to be freed. */
static struct run_entry *living(struct session *session, size_t *ret_count)
{
    struct run_entry *entries;
    size_t count, kept = 0;

    if (runs_list(&session->runs, &entries, &count, NULL) < 0)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (entries[i].lives)
            entries[kept++] = entries[i];
    *ret_count = kept;
    if (kept > 0)
        return entries;
    free(entries);
    return NULL;
}

static void forget_figures(struct session *session)
{
    session->looked = session->asked = false;
    session->next_ns = 0;
    session->view.cursor = UINT64_MAX;
    session->view.heat_most = 0;
}

/* Any of the runs will do, when none was named. */
static int choose_run(struct session *session, const char *named, char ret_name[RUN_NAME_ROOM],
                      struct reason *reason)
{
    size_t count = 0;
    struct run_entry *entries = living(session, &count);
    int error = 0;

    session->view.others = count > 1;
    if (named || !entries)
        error = client_choose_run(&session->runs, named, false, ret_name, reason);
    else
        snprintf(ret_name, RUN_NAME_ROOM, "%s", entries[0].name);
    free(entries);
    return error;
}

/* The run after this one, by name. */
static void next_run(struct session *session)
{
    size_t count = 0, at = 0;
    struct run_entry *entries = living(session, &count);
    struct call call;

    session->view.others = count > 1;
    while (at < count && strcmp(entries[at].name, session->call.run) <= 0)
        at++;
    if (at == count)
        at = 0;
    if (entries && strcmp(entries[at].name, session->call.run) != 0 &&
        call_open(&session->runs, entries[at].name, CALL_PATIENCE_NS, &call, NULL) == 0) {
        call_close(&session->call);
        session->call = call;
        forget_figures(session);
    }
    free(entries);
}

static void draw(struct session *session)
{
    unsigned columns, rows;

    if (!session->looked)
        return;
    top_terminal_size(&columns, &rows);
    top_screen(&session->view, columns, rows, &session->grid, &session->map);
    top_terminal_show(&session->grid);
}

static void take_answer(struct session *session, const json_t *answer)
{
    session->asked = false;
    if (session->view.paused)
        return;
    session->before = session->now;
    live_parse(answer, &session->now, &session->run);
    top_rates_make(session->looked ? &session->before : NULL, &session->now, &session->rates);
    session->view.heat_most = top_heat_most(session->view.heat_most, &session->now, &session->rates);
    /* The first look has nothing to be compared with: the second comes soon. */
    if (!session->looked && session->view.interval_ns > LOOK_MOST_NS)
        session->next_ns = clock_now_ns() + LOOK_MOST_NS;
    session->looked = true;
    draw(session);
    session->screens++;
    session->quit = session->quit || session->screens == session->count;
}

/* The connection has ended: after a long stop of this process the run has hung up, or it is over. */
static int connect_again(struct session *session, struct reason *reason)
{
    char name[RUN_NAME_ROOM];
    struct call call;

    snprintf(name, sizeof(name), "%s", session->call.run);
    uint64_t until = clock_now_ns() + DYING_NS;
    int error;

    do
        error = call_open(&session->runs, name, CALL_PATIENCE_NS, &call, reason);
    while ((error == -EAGAIN || error == -ECONNRESET) && clock_now_ns() < until &&
           poll(NULL, 0, DYING_LOOK_MS) == 0);
    if (error)
        return error;
    call_close(&session->call);
    session->call = call;
    session->asked = false;
    session->next_ns = 0;
    return 0;
}

/* What came from the run; 0, or why there is nothing more to look at. */
static int hear(struct session *session, struct reason *reason)
{
    json_t *answer;
    int error = call_receive(&session->call, 0, &answer, reason);

    if (!error) {
        take_answer(session, answer);
        json_decref(answer);
        return 0;
    }
    if (error == -ETIMEDOUT || error == -EINTR) /* a part of it */
        return 0;
    if (error != -ECONNRESET)
        return error;
    error = connect_again(session, reason);
    session->ended = error && error != -ECONNREFUSED;
    return error == -ECONNREFUSED ? error : 0; /* it was killed: that is no end in order */
}

static void ask(struct session *session)
{
    uint64_t now = clock_now_ns();

    if (session->asked || now < session->next_ns)
        return;
    session->next_ns = now + session->view.interval_ns;
    session->asked = true;
    /* That it cannot be sent is seen when the answer is waited for. */
    (void)call_send(&session->call, json_pack("{s:s}", "do", "live"), NULL);
}

static void change_interval(struct session *session, int by)
{
    static const uint64_t steps_ms[] = {100, 200, 500, 1000, 2000, 5000, 10000, 30000};
    const int count = sizeof(steps_ms) / sizeof(steps_ms[0]);
    int at = 0;

    while (at + 1 < count && steps_ms[at] * NS_PER_MILLISECOND < session->view.interval_ns)
        at++;
    at += by;
    at = at < 0 ? 0 : at >= count ? count - 1 : at;
    session->view.interval_ns = steps_ms[at] * NS_PER_MILLISECOND;
    session->next_ns = 0;
}

/* Marks the cell that is so many cells further. */
static void move(struct session *session, int columns, int rows)
{
    const struct top_map *map = &session->map;
    uint64_t first, count;

    if (map->cells == 0)
        return;
    long cell = session->view.cursor == UINT64_MAX
                    ? 0
                    : (long)top_map_cell(map, &session->now, session->view.cursor) + columns +
                          rows * (long)map->columns;

    if (cell < 0 || cell >= (long)map->cells)
        return;
    top_map_vms(map, &session->now, (unsigned)cell, &first, &count);
    session->view.cursor = first;
}

static void obey(struct session *session, enum top_key key)
{
    switch (key) {
    case TOP_KEY_QUIT:
        session->quit = true;
        break;
    case TOP_KEY_PAUSE:
        session->view.paused = !session->view.paused;
        break;
    case TOP_KEY_OFTEN:
        change_interval(session, -1);
        break;
    case TOP_KEY_SELDOM:
        change_interval(session, 1);
        break;
    case TOP_KEY_HELP:
        session->view.help = !session->view.help;
        break;
    case TOP_KEY_NEXT:
        next_run(session);
        break;
    case TOP_KEY_ESCAPE:
        session->view.cursor = UINT64_MAX;
        session->view.help = false;
        break;
    case TOP_KEY_UP:
        move(session, 0, -1);
        break;
    case TOP_KEY_DOWN:
        move(session, 0, 1);
        break;
    case TOP_KEY_LEFT:
        move(session, -1, 0);
        break;
    case TOP_KEY_RIGHT:
        move(session, 1, 0);
        break;
    case TOP_KEY_NONE:
    case TOP_KEY_OTHER:
    case TOP_KEY_RESIZE:
        break;
    }
}

static void take_keys(struct session *session)
{
    enum top_key key;
    bool any = false;

    while ((key = top_terminal_key()) != TOP_KEY_NONE) {
        obey(session, key);
        any = true;
    }
    if (any)
        draw(session);
}

static int run_loop(struct session *session, struct reason *reason)
{
    int error = 0;

    while (!error && !session->quit && !session->ended && !signals_noted(NULL)) {
        struct pollfd files[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                                 {.fd = session->call.fd, .events = POLLIN}};
        uint64_t until = clock_now_ns() + LOOK_MOST_NS;

        ask(session);
        if (!session->asked && session->next_ns < until)
            until = session->next_ns;
        int ready = poll(files, 2, clock_poll_timeout_ms(until));

        if (ready > 0 && files[0].revents & (POLLHUP | POLLERR | POLLNVAL))
            return 0;       /* the terminal has gone */
        take_keys(session); /* after a signal too: the size may have changed */
        if (ready > 0 && files[1].revents && !session->quit && files[1].fd == session->call.fd)
            error = hear(session, reason);
    }
    return error;
}

int top_on_terminal(const struct top_options *options, char *ret_run, bool *ret_ended, struct reason *reason)
{
    struct session *session = calloc(1, sizeof(*session));
    char name[RUN_NAME_ROOM];
    int error;

    if (!session)
        return reason_set(reason, ENOMEM, "no memory for figures");
    session->call.fd = -1;
    session->count = options->count;
    session->view = (struct top_view){.run = &session->run,
                                      .now = &session->now,
                                      .rates = &session->rates,
                                      .interval_ns = options->interval_ns,
                                      .cursor = UINT64_MAX};
    error = runs_open(&session->runs, false, reason);
    if (error == -ENOENT)
        client_explain_no_runs(options->run, reason);
    if (error) {
        free(session);
        return error;
    }
    error = choose_run(session, options->run, name, reason);
    if (!error)
        error = call_open(&session->runs, name, CALL_PATIENCE_NS, &session->call, reason);
    if (!error) {
        signals_note();
        error = top_terminal_begin(reason);
    }
    if (!error) {
        error = run_loop(session, reason);
        top_terminal_end();
        snprintf(ret_run, RUN_NAME_ROOM, "%s", session->call.run);
        *ret_ended = session->ended;
    }
    call_close(&session->call);
    runs_close(&session->runs);
    free(session);
    return error;
}
