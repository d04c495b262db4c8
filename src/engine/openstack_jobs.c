/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Jobs for the crew, and what comes of them. */
#include "engine/openstack_population.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* Lists while servers boot, and while nothing is expected to happen. */
#define LIST_PAUSE_NS  (1 * NS_PER_SECOND)
#define QUIET_PAUSE_NS (15 * NS_PER_SECOND)
#define LOOK_MOST_NS   (5 * NS_PER_SECOND)
/* Nova writes whole seconds, and its hosts' clocks are not quite the same. A change that a busy Nova shows
 * later than that would be missed for good: so now and then a list goes back to before the latest batch. */
enum { OVERLAP_S = 10, FAR_BACK_EACH = 8 };

/* Asks Nova for the address of the console, connects to it, asks. The ask is the job's until it is taken. */
static void run_ask(struct openstack_job *job, struct cloud *cloud, struct http *http,
                    struct websocket *websocket)
{
    struct engine_ask *ask = job->ask.ask;
    char url[NOVA_URL_ROOM];
    struct websocket_line line = {
        .url = url,
        .secure = cloud_is_secure(cloud),
        .request = ask->request,
        .request_length = ask->request_length,
        .answer = ask->answer,
        .answer_room = ask->answer_room,
        .deadline_ns = ask->deadline_ns,
        .cancelled = cloud_cancelled(cloud),
    };

    if (clock_now_ns() >= ask->deadline_ns) {
        job->error = -ETIMEDOUT;
    } else {
        http_set_deadline(http, ask->deadline_ns);
        job->error = nova_serial_console(cloud, http, job->id, url, &job->reason);
        http_set_deadline(http, 0);
        if (!job->error)
            job->error = websocket_ask(websocket, &line, &job->reason) == 0 ? 0 : -ETIMEDOUT;
    }
    explicit_bzero(url, sizeof(url));
    job->ask.no_consoles = job->error == -ENOTSUP;
    ask->answer_length = line.answer_length;
    /* A server that is no more has ended; anything else may be better at the next try. */
    ask->status = job->error == 0                                 ? 0
                  : job->error == -ENOENT || job->ask.no_consoles ? -ECONNRESET
                                                                  : -ETIMEDOUT;
    ask->answered_ns = clock_now_ns();
}

static void run_job(struct crew_job *base, struct cloud *cloud, struct http *http,
                    struct websocket *websocket)
{
    struct openstack_job *job = (struct openstack_job *)base;
    char url[NOVA_URL_ROOM];

    switch (job->kind) {
    case JOB_BOOT:
        job->error = nova_boot(cloud, http, &job->boot.batch, &job->boot.unsure, &job->reason);
        break;
    case JOB_LIST:
        job->error = nova_list(cloud, http, job->run, job->list.since, &job->list.servers, &job->list.count,
                               &job->list.date, &job->reason);
        break;
    case JOB_LOG:
        job->error = nova_log_has_line(cloud, http, job->id, job->log.line, &job->log.has, &job->reason);
        break;
    case JOB_CONSOLE:
        job->error = nova_serial_console(cloud, http, job->id, url, &job->reason);
        explicit_bzero(url, sizeof(url));
        break;
    case JOB_ADDRESS:
        http_set_deadline(http, job->address.deadline_ns);
        job->error = nova_serial_console(cloud, http, job->id, job->address.url, &job->reason);
        http_set_deadline(http, 0);
        break;
    case JOB_HOSTS:
        job->error = cloud_hosts(cloud, http, &job->hosts.list, &job->hosts.count, &job->reason);
        break;
    case JOB_ASK:
        run_ask(job, cloud, http, websocket);
        break;
    }
}

struct openstack_job *openstack_job(struct openstack *openstack, enum openstack_job_kind kind)
{
    struct openstack_job *job = calloc(1, sizeof(*job));

    if (job) {
        job->base.run = run_job;
        job->kind = kind;
        snprintf(job->run, sizeof(job->run), "%s", openstack->run);
    }
    return job;
}

void openstack_job_submit(struct openstack *openstack, struct openstack_job *job, bool first)
{
    openstack->jobs++;
    crew_submit(openstack->crew, &job->base, first);
}

void openstack_job_free(struct openstack_job *job)
{
    if (job && job->kind == JOB_LIST)
        free(job->list.servers);
    if (job && job->kind == JOB_HOSTS)
        free(job->hosts.list);
    if (job && job->kind == JOB_ADDRESS)
        explicit_bzero(job->address.url, sizeof(job->address.url));
    free(job);
}

static void take_list(struct openstack *openstack, struct openstack_job *job)
{
    openstack->listing = false;
    openstack->lists++;
    openstack->list_error = job->error;
    openstack->list_reason = job->reason;
    if (!openstack->list_again)
        openstack->next_list_ns =
            clock_now_ns() + (openstack->counts.booting > 0 ? LIST_PAUSE_NS : QUIET_PAUSE_NS);
    openstack->list_again = false;
    if (job->error)
        return;
    if (job->list.date > 0)
        openstack->listed_date = job->list.date;
    openstack_take_list(openstack, job->list.servers, job->list.count);
}

static void take_log(struct openstack *openstack, const struct openstack_job *job)
{
    struct server *server = openstack->servers[job->vm];

    server->looking = false;
    if (server->state != SERVER_BOOTING)
        return;
    if (!job->error && job->log.has) {
        openstack_ready(openstack, server);
        return;
    }
    server->look_ns = clock_now_ns() + server->look_pause_ns;
    server->look_pause_ns = server->look_pause_ns * 3 / 2;
    if (server->look_pause_ns > LOOK_MOST_NS)
        server->look_pause_ns = LOOK_MOST_NS;
}

/* Asks for a list when it is time for one, and for the logs of those that may have announced themselves. */
static void submit_due(struct openstack *openstack)
{
    uint64_t now = clock_now_ns();

    if (!openstack->listing && now >= openstack->next_list_ns && openstack->batches > 0) {
        struct openstack_job *job = openstack_job(openstack, JOB_LIST);

        if (job) {
            bool far = openstack->lists % FAR_BACK_EACH == FAR_BACK_EACH - 1;
            int64_t date = far ? openstack->batch_date : openstack->listed_date;

            openstack->listing = true;
            job->list.since = date ? date - OVERLAP_S : 0;
            openstack_job_submit(openstack, job, true);
        }
    }
    for (uint64_t i = 0; i < openstack->counts.booting; i++) {
        struct server *server = openstack->booting[i];
        struct openstack_job *job;

        if (!server->active || server->looking || now < server->look_ns ||
            !(job = openstack_job(openstack, JOB_LOG)))
            continue;
        server->looking = true;
        job->vm = server->vm;
        memcpy(job->id, server->id, sizeof(job->id));
        snprintf(job->log.line, sizeof(job->log.line), "%s", openstack->setup->ready_line);
        openstack_job_submit(openstack, job, false);
    }
}

int openstack_events_open(struct openstack *openstack, struct reason *reason)
{
    struct epoll_event event = {.events = EPOLLIN};

    openstack->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    openstack->events = epoll_create1(EPOLL_CLOEXEC);
    if (openstack->timer < 0 || openstack->events < 0 ||
        epoll_ctl(openstack->events, EPOLL_CTL_ADD, openstack->timer, &event) < 0 ||
        epoll_ctl(openstack->events, EPOLL_CTL_ADD, crew_descriptor(openstack->crew), &event) < 0)
        return reason_errno(reason, errno, "cannot make an event descriptor");
    return 0;
}

void openstack_events_close(struct openstack *openstack)
{
    if (openstack->timer >= 0)
        close(openstack->timer);
    if (openstack->events >= 0)
        close(openstack->events);
    openstack->timer = openstack->events = -1;
}

/* So that who waits for the descriptor alone comes back for the next list. */
static void set_timer(const struct openstack *openstack)
{
    uint64_t at_ns = openstack->listing || openstack->batches == 0 ? 0 : openstack->next_list_ns;
    const struct itimerspec when = {
        .it_value = {.tv_sec = (time_t)(at_ns / NS_PER_SECOND), .tv_nsec = (long)(at_ns % NS_PER_SECOND)}};

    timerfd_settime(openstack->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

void openstack_turn(struct openstack *openstack, uint64_t until_ns, struct openstack_job **ret_job)
{
    struct pollfd event = {.fd = openstack->events, .events = POLLIN};
    struct openstack_job *job;

    submit_due(openstack);
    set_timer(openstack);
    poll(&event, 1, clock_poll_timeout_ms(until_ns));
    openstack_look_at_consoles(openstack);
    while ((job = (struct openstack_job *)crew_take(openstack->crew))) {
        openstack->jobs--;
        if (job->kind == JOB_LIST)
            take_list(openstack, job);
        else if (job->kind == JOB_LOG)
            take_log(openstack, job);
        else if (job->kind == JOB_HOSTS)
            openstack_take_hosts(openstack, job);
        else if (job->kind == JOB_ASK)
            openstack_take_ask(openstack, job);
        else if (job->kind == JOB_ADDRESS)
            openstack_take_address(openstack, job);
        else if (ret_job) {
            *ret_job = job;
            continue;
        }
        openstack_job_free(job);
    }
    openstack_expire(openstack);
    submit_due(openstack);
    set_timer(openstack);
}
