/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/crew.h"

#include "base/reason.h"
#include "base/thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct queue {
    struct crew_job *first, **end;
};

struct member {
    struct crew *crew;
    pthread_t thread;
    struct http *http;
    struct websocket *websocket;
};

struct crew {
    struct cloud *cloud;
    pthread_mutex_t lock; /* of the queues and `closing` */
    pthread_cond_t work;
    struct queue waiting, done;
    bool closing;
    int event; /* an eventfd: `done` holds something */
    struct member *members;
    unsigned count; /* of threads that run */
};

static void append(struct queue *queue, struct crew_job *job)
{
    job->next = NULL;
    *queue->end = job;
    queue->end = &job->next;
}

static struct crew_job *take_first(struct queue *queue)
{
    struct crew_job *job = queue->first;

    if (job) {
        queue->first = job->next;
        if (!queue->first)
            queue->end = &queue->first;
    }
    return job;
}

static void *work(void *context)
{
    struct member *member = context;
    struct crew *crew = member->crew;

    pthread_mutex_lock(&crew->lock);
    for (;;) {
        struct crew_job *job = take_first(&crew->waiting);

        if (!job && crew->closing)
            break;
        if (!job) {
            pthread_cond_wait(&crew->work, &crew->lock);
            continue;
        }
        pthread_mutex_unlock(&crew->lock);
        job->run(job, crew->cloud, member->http, member->websocket);
        pthread_mutex_lock(&crew->lock);
        append(&crew->done, job);
        eventfd_write(crew->event, 1);
    }
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

int crew_open(struct cloud *cloud, unsigned threads, struct crew **ret_crew, struct reason *reason)
{
    struct crew *crew = calloc(1, sizeof(*crew));
    int error = 0;

    if (!crew)
        return reason_set(reason, ENOMEM, "no memory for threads");
    crew->cloud = cloud;
    crew->waiting.end = &crew->waiting.first;
    crew->done.end = &crew->done.first;
    pthread_mutex_init(&crew->lock, NULL);
    pthread_cond_init(&crew->work, NULL);
    crew->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    crew->members = calloc(threads, sizeof(*crew->members));
    if (crew->event < 0)
        error = reason_errno(reason, errno, "cannot make an event descriptor");
    else if (!crew->members)
        error = reason_set(reason, ENOMEM, "no memory for threads");
    for (unsigned i = 0; !error && i < threads; i++) {
        struct member *member = &crew->members[i];

        member->crew = crew;
        error = cloud_client(cloud, &member->http, reason);
        if (!error)
            error = websocket_open(cloud_ca_file(cloud), &member->websocket, reason);
        int failure = error ? 0 : thread_start(&member->thread, work, member);

        if (failure)
            error = reason_errno(reason, failure, "cannot start a thread");
        if (error) {
            websocket_close(member->websocket);
            http_close(member->http);
        } else {
            crew->count++;
        }
    }
    if (error)
        crew_close(crew);
    else
        *ret_crew = crew;
    return error;
}

void crew_close(struct crew *crew)
{
    if (!crew)
        return;
    pthread_mutex_lock(&crew->lock);
    crew->closing = true;
    pthread_cond_broadcast(&crew->work);
    pthread_mutex_unlock(&crew->lock);
    for (unsigned i = 0; i < crew->count; i++) {
        pthread_join(crew->members[i].thread, NULL);
        websocket_close(crew->members[i].websocket);
        http_close(crew->members[i].http);
    }
    if (crew->event >= 0)
        close(crew->event);
    pthread_cond_destroy(&crew->work);
    pthread_mutex_destroy(&crew->lock);
    free(crew->members);
    free(crew);
}

void crew_submit(struct crew *crew, struct crew_job *job, bool first)
{
    pthread_mutex_lock(&crew->lock);
    if (first && crew->waiting.first) {
        job->next = crew->waiting.first;
        crew->waiting.first = job;
    } else {
        append(&crew->waiting, job);
    }
    pthread_cond_signal(&crew->work);
    pthread_mutex_unlock(&crew->lock);
}

struct crew_job *crew_take(struct crew *crew)
{
    eventfd_t ignored;

    pthread_mutex_lock(&crew->lock);
    struct crew_job *job = take_first(&crew->done);

    if (!job)
        eventfd_read(crew->event, &ignored);
    pthread_mutex_unlock(&crew->lock);
    return job;
}

int crew_descriptor(const struct crew *crew)
{
    return crew->event;
}
