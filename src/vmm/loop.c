/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/loop.h"

#include "base/clock.h"
#include "base/reason.h"
#include "base/thread.h"
#include "host/spawn.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum {
    BOOTS = 8,  /* between two looks at the clock */
    AHEAD = 24, /* requests whose records are fetched into the cache at once */
};

/* How long one turn works at most on each kind, so that none of them starves the others: boots, requests,
 * timers; and VMs that do not halt. */
#define TURN_NS        NS_PER_MILLISECOND
#define TURN_SLICES_NS (2 * NS_PER_MILLISECOND)

struct job {
    void (*run)(struct shard *shard, void *argument);
    void *argument;
    bool done;
};

struct worker {
    struct shard *shard;
    struct outbox *news;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake, job_done;
    /* Under the lock. */
    struct vmm_request *inbox, **inbox_end;
    struct job *job;
    bool stop, asleep, pause, paused;
    bool borrowed;         /* another thread works with the shard: this one waits */
    uint64_t sleeps_until; /* population's time; while asleep */

    _Atomic uint64_t to_boot;
    /* The thread's own. */
    struct vmm_request *requests; /* taken from the inbox */
    uint64_t overdue_at;          /* population's time */
    bool compacting;
};

static void make_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

static struct timespec timespec_of(uint64_t ns)
{
    return (struct timespec){.tv_sec = (time_t)(ns / NS_PER_SECOND), .tv_nsec = (long)(ns % NS_PER_SECOND)};
}

static void hand_over(struct worker *worker, const struct outbox *own)
{
    if (worker->shard->news) {
        worker->shard->news = false;
        outbox_signal(worker->news);
    }
    outbox_hand_over(&worker->shard->done, own);
}

static void do_boots(struct worker *worker)
{
    uint64_t until = clock_now_ns() + TURN_NS;

    for (unsigned i = 1; i % BOOTS || clock_now_ns() < until; i++) {
        uint64_t wanted = atomic_load_explicit(&worker->to_boot, memory_order_relaxed);

        if (wanted == 0 || !shard_may_boot(worker->shard))
            return;
        /* The number falls to 0 when boots are taken back. */
        while (!atomic_compare_exchange_weak(&worker->to_boot, &wanted, wanted - 1))
            if (wanted == 0)
                return;
        if (shard_boot(worker->shard) < 0) { /* no further VM can be started; the shard says so */
            shard_give_up(worker->shard, 1 + atomic_exchange(&worker->to_boot, 0));
            return;
        }
    }
}

/* Begins with the first of `list`; returns what is left of it at `until`, which is looked at after each
 * group, or after each request. */
static struct vmm_request *do_requests(struct shard *shard, struct vmm_request *list, uint64_t until,
                                       bool each)
{
    struct vmm_request *group[AHEAD];
    unsigned workers = shard->options->workers;

    while (list) {
        size_t count = 0;

        for (; list && count < AHEAD; list = list->next) {
            group[count] = list;
            store_prefetch_handle(shard->store, (uint32_t)(list->vm / workers));
            if (list->next)
                __builtin_prefetch(list->next);
            count++;
        }
        for (size_t i = 0; i < count; i++)
            store_prefetch_record(shard->store, (uint32_t)(group[i]->vm / workers));
        for (size_t i = 0; i < count; i++) {
            if (each && clock_now_ns() >= until)
                return group[i];
            shard_request(shard, group[i]);
        }
        if (list && clock_now_ns() >= until)
            break;
    }
    return list;
}

/* Under the lock. */
static void stay_paused(struct worker *worker)
{
    while (worker->pause) {
        worker->paused = true;
        pthread_cond_broadcast(&worker->job_done);
        pthread_cond_wait(&worker->wake, &worker->lock);
    }
    worker->paused = false;
}

/* Under the lock. Nothing but time can bring something to do. */
static bool is_idle(const struct worker *worker)
{
    struct shard *shard = worker->shard;

    return !worker->stop && !worker->pause && !worker->inbox && !worker->job && !worker->requests &&
           !worker->compacting && shard->queue_count == 0 && shard->due_first == shard->due_count &&
           (atomic_load_explicit(&worker->to_boot, memory_order_relaxed) == 0 || !shard_may_boot(shard));
}

/* Waits until there is work, and takes what came in. False: the worker is to end. */
static bool take_work(struct worker *worker)
{
    struct shard *shard = worker->shard;

    pthread_mutex_lock(&worker->lock);
    while (worker->borrowed || is_idle(worker)) {
        /* Who has borrowed the shard wakes this thread when there is something to do. */
        uint64_t next = worker->borrowed ? WHEEL_NEVER : wheel_next(shard->wheel);

        if (worker->overdue_at < next && !worker->borrowed)
            next = worker->overdue_at;
        if (next <= shard_now(shard))
            break;
        worker->asleep = true;
        worker->sleeps_until = next;
        if (next == WHEEL_NEVER) {
            pthread_cond_wait(&worker->wake, &worker->lock);
        } else {
            struct timespec until = timespec_of(next + shard->epoch_ns);

            if (pthread_cond_timedwait(&worker->wake, &worker->lock, &until) == ETIMEDOUT &&
                !worker->borrowed) {
                worker->asleep = false;
                break;
            }
        }
        worker->asleep = false;
    }
    stay_paused(worker);
    if (!worker->requests) {
        worker->requests = worker->inbox;
        worker->inbox = NULL;
        worker->inbox_end = &worker->inbox;
    }
    struct job *job = worker->job;

    if (job) {
        job->run(shard, job->argument);
        job->done = true;
        worker->job = NULL;
        pthread_cond_broadcast(&worker->job_done);
    }
    bool go_on = !worker->stop;

    pthread_mutex_unlock(&worker->lock);
    return go_on;
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct shard *shard = worker->shard;

    while (take_work(worker)) {
        if (atomic_load_explicit(&worker->to_boot, memory_order_relaxed) > 0) {
            do_boots(worker);
            if (atomic_load_explicit(&worker->to_boot, memory_order_relaxed) == 0)
                shard_rest(shard);
        }
        if (worker->requests)
            worker->requests = do_requests(shard, worker->requests, clock_now_ns() + TURN_NS, false);
        shard_timers(shard, TURN_NS);
        hand_over(worker, NULL);
        shard_slices(shard, TURN_SLICES_NS);
        if (shard->requests.count || shard->oldest_boot) {
            if (worker->overdue_at == WHEEL_NEVER || shard_now(shard) >= worker->overdue_at)
                worker->overdue_at = shard_overdue(shard);
        } else {
            worker->overdue_at = WHEEL_NEVER;
        }
        worker->compacting = store_compact(shard->store);
        hand_over(worker, NULL);
    }
    return NULL;
}

int worker_start(struct shard *shard, struct outbox *news, struct worker **ret_worker, struct reason *reason)
{
    struct worker *worker = calloc(1, sizeof(*worker));
    int error;

    if (!worker)
        return reason_set(reason, ENOMEM, "no memory for a worker");
    worker->shard = shard;
    worker->news = news;
    worker->inbox_end = &worker->inbox;
    worker->overdue_at = WHEEL_NEVER;
    pthread_mutex_init(&worker->lock, NULL);
    make_condition(&worker->wake);
    make_condition(&worker->job_done);
    error = thread_start(&worker->thread, work, worker);
    if (error) {
        pthread_cond_destroy(&worker->job_done);
        pthread_cond_destroy(&worker->wake);
        pthread_mutex_destroy(&worker->lock);
        free(worker);
        return spawn_refused(reason, error, "cannot start a worker thread");
    }
    *ret_worker = worker;
    return 0;
}

static void unlock_and_wake(struct worker *worker)
{
    bool asleep = worker->asleep && !worker->borrowed; /* who has borrowed it looks when it gives it back */

    pthread_mutex_unlock(&worker->lock);
    if (asleep)
        pthread_cond_signal(&worker->wake);
}

void worker_stop(struct worker *worker)
{
    if (!worker)
        return;
    pthread_mutex_lock(&worker->lock);
    worker->stop = true;
    unlock_and_wake(worker);
    pthread_join(worker->thread, NULL);
    pthread_cond_destroy(&worker->job_done);
    pthread_cond_destroy(&worker->wake);
    pthread_mutex_destroy(&worker->lock);
    free(worker);
}

void worker_post(struct worker *worker, struct vmm_request *first, struct vmm_request *last)
{
    last->next = NULL;
    pthread_mutex_lock(&worker->lock);
    *worker->inbox_end = first;
    worker->inbox_end = &last->next;
    unlock_and_wake(worker);
}

/* Under the lock: the shard is the calling thread's, until give_back(). */
static bool borrow(struct worker *worker)
{
    if (!worker->asleep || worker->borrowed || !is_idle(worker))
        return false;
    worker->borrowed = true;
    return true;
}

/* Under the lock, with requests that are left. True: the worker is to be woken for what there is to do now.
 */
static bool give_back(struct worker *worker, struct vmm_request *first, struct vmm_request **end)
{
    struct shard *shard = worker->shard;
    uint64_t next;

    worker->borrowed = false;
    if (first) {
        *end = worker->inbox;
        if (!worker->inbox)
            worker->inbox_end = end;
        worker->inbox = first;
    }
    if (shard->requests.count > 0 && worker->overdue_at == WHEEL_NEVER)
        worker->overdue_at = 0; /* their deadlines are the worker's to see to */
    next = wheel_next(shard->wheel);
    if (worker->overdue_at < next)
        next = worker->overdue_at;
    return !is_idle(worker) || next < worker->sleeps_until;
}

bool worker_borrow(struct worker *worker, struct vmm_request *first, struct vmm_request *last,
                   const struct outbox *own)
{
    struct shard *shard = worker->shard;
    struct vmm_request **end = &last->next;
    uint64_t until = clock_now_ns() + TURN_NS;

    last->next = NULL;
    pthread_mutex_lock(&worker->lock);
    if (!borrow(worker)) {
        pthread_mutex_unlock(&worker->lock);
        return false;
    }
    for (;;) {
        pthread_mutex_unlock(&worker->lock);
        first = do_requests(shard, first, until, true);
        hand_over(worker, own);
        bool compacting = store_compact(shard->store);

        pthread_mutex_lock(&worker->lock);
        worker->compacting = compacting;
        if (first || !worker->inbox || clock_now_ns() >= until)
            break;
        /* What others have posted meanwhile would have to wait for the worker to wake. */
        first = worker->inbox;
        end = worker->inbox_end;
        worker->inbox = NULL;
        worker->inbox_end = &worker->inbox;
    }
    bool wake = give_back(worker, first, end);

    pthread_mutex_unlock(&worker->lock);
    if (wake)
        pthread_cond_signal(&worker->wake);
    return true;
}

void worker_boot(struct worker *worker, uint64_t count)
{
    pthread_mutex_lock(&worker->lock);
    atomic_fetch_add(&worker->to_boot, count);
    unlock_and_wake(worker);
}

uint64_t worker_boot_cancel(struct worker *worker)
{
    return atomic_exchange(&worker->to_boot, 0);
}

void worker_pause(struct worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    worker->pause = true;
    if (worker->asleep)
        pthread_cond_signal(&worker->wake);
    while (!worker->paused)
        pthread_cond_wait(&worker->job_done, &worker->lock);
    pthread_mutex_unlock(&worker->lock);
}

void worker_resume(struct worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    worker->pause = false;
    pthread_cond_signal(&worker->wake);
    pthread_mutex_unlock(&worker->lock);
}

void worker_call(struct worker *worker, void (*run)(struct shard *shard, void *argument), void *argument)
{
    struct job job = {.run = run, .argument = argument};

    pthread_mutex_lock(&worker->lock);
    while (worker->job) /* another thread's */
        pthread_cond_wait(&worker->job_done, &worker->lock);
    worker->job = &job;
    if (worker->asleep)
        pthread_cond_signal(&worker->wake);
    while (!job.done)
        pthread_cond_wait(&worker->job_done, &worker->lock);
    pthread_mutex_unlock(&worker->lock);
}
