/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Batches of servers, each one request, followed until all are ready, failed or out of time. */
#include "engine/openstack_population.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LOOK_NS   (50 * NS_PER_MILLISECOND)
#define SETTLE_NS (3 * NS_PER_SECOND)
/* How long servers may take to show up that were asked for by a request whose answer is lost. */
#define LOST_NS (10 * NS_PER_SECOND)
enum { TRIES = 3 };

struct growth {
    struct openstack *openstack;
    const struct engine_watch *watch;
    bool stopped;
};

static bool go_on(struct growth *growth)
{
    if (!growth->stopped && growth->watch)
        growth->stopped = !growth->watch->go_on(growth->watch->context, &growth->openstack->counts);
    return !growth->stopped;
}

/* Until a job that is the caller's is done. It is waited for also when growth is to stop: what it asks for
 * may come. */
static struct openstack_job *await_job(struct growth *growth)
{
    struct openstack_job *job = NULL;

    while (!job) {
        openstack_turn(growth->openstack, clock_now_ns() + LOOK_NS, &job);
        go_on(growth);
    }
    return job;
}

/* Until `servers` of the latest batch have shown up, or those that have are no more than they were for some
 * time. */
static int await_arrival(struct growth *growth, uint64_t servers, uint64_t settle_ns, struct reason *reason)
{
    struct openstack *openstack = growth->openstack;
    uint64_t arrived = 0, changed_ns = clock_now_ns(), lists = openstack->lists;

    openstack->next_list_ns = 0;
    while (openstack->arrived < servers) {
        openstack_turn(openstack, clock_now_ns() + LOOK_NS, NULL);
        if (!go_on(growth))
            return 0;
        if (openstack->lists != lists && openstack->list_error)
            return reason_set(reason, EIO, "%s", openstack->list_reason.text);
        if (openstack->arrived != arrived) {
            arrived = openstack->arrived;
            changed_ns = clock_now_ns();
        }
        /* A list that began after the request was answered has them all; two are surer. */
        if (openstack->lists >= lists + 2 && clock_now_ns() - changed_ns >= settle_ns)
            return 0;
        if (openstack->next_list_ns > clock_now_ns() + NS_PER_SECOND)
            openstack->next_list_ns = clock_now_ns() + NS_PER_SECOND;
    }
    return 0;
}

/* An error of a request as growth has it; what the kernel's own errors mean must not be taken from a cloud.
 */
static int cloud_error(int error, struct reason *reason)
{
    char text[REASON_ROOM];

    snprintf(text, sizeof(text), "%s", reason->text);
    return reason_set(reason, error == -EPERM ? EDQUOT : EIO, "no more servers are started: %s", text);
}

static int ask_for(struct growth *growth, uint64_t servers, struct reason *reason)
{
    struct openstack *openstack = growth->openstack;

    for (int turn = 0; turn < TRIES && !growth->stopped; turn++) {
        struct openstack_job *job = openstack_job(openstack, JOB_BOOT);

        if (!job)
            return reason_set(reason, ENOMEM, "no memory for a request");
        job->boot.batch = (struct nova_batch){
            .run = openstack->run,
            .process = openstack->process,
            .image_id = openstack->image_id,
            .flavor_id = openstack->flavor_id,
            .part = openstack->part,
            .number = openstack->batches++,
            .first_vm = openstack->counts.started,
            .servers = servers,
        };
        openstack->arrived = 0;
        openstack->batch_started_ns = clock_now_ns();
        openstack->batch_date = openstack->listed_date;
        openstack_job_submit(openstack, job, true);
        job = await_job(growth);
        int error = job->error;
        bool unsure = job->boot.unsure;

        *reason = job->reason;
        openstack_job_free(job);
        if (error && !unsure)
            return cloud_error(error, reason);
        char text[REASON_ROOM];

        snprintf(text, sizeof(text), "%s", reason->text);
        int lost = await_arrival(growth, servers, error ? LOST_NS : SETTLE_NS, reason);

        if (lost || openstack->arrived > 0 || !error)
            return lost;
        /* The answer was lost, and nothing came: asked for once more. */
        snprintf(reason->text, sizeof(reason->text), "%s", text);
    }
    return growth->stopped ? 0 : cloud_error(-EIO, reason);
}

/* Without serial consoles no VM could ever be shown to be alive: said at the first VM that is ready. */
static int check_consoles(struct growth *growth, struct reason *reason)
{
    struct openstack *openstack = growth->openstack;
    char words[REASON_ROOM];

    if (openstack->population.engine->capabilities & ENGINE_ASKS)
        for (uint64_t vm = 0; vm < openstack->counts.started; vm++) {
            struct openstack_job *job;

            if (openstack->servers[vm]->state != SERVER_RUNNING ||
                !(job = openstack_job(openstack, JOB_CONSOLE)))
                continue;
            memcpy(job->id, openstack->servers[vm]->id, sizeof(job->id));
            openstack_job_submit(openstack, job, true);
            job = await_job(growth);
            int error = job->error;

            snprintf(words, sizeof(words), "%s", job->reason.text);
            openstack_job_free(job);
            return error != -ENOTSUP
                       ? 0
                       : reason_set(reason, EIO,
                                    "this cloud gives no serial console (%.300s); with --serial log servers "
                                    "count by the "
                                    "readiness line in their console's log, and no proof of life is taken",
                                    words);
        }
    return 0;
}

static uint64_t lost(const struct engine_counts *counts)
{
    return counts->failed + counts->died;
}

static int grow_batch(struct growth *growth, uint64_t servers, struct reason *reason)
{
    struct openstack *openstack = growth->openstack;
    uint64_t lost_before = lost(&openstack->counts);
    bool first = openstack->counts.running == 0;
    int error = ask_for(growth, servers, reason);
    uint64_t arrived = openstack->arrived;

    if (error)
        return error;
    while (openstack->counts.booting > 0 && go_on(growth))
        openstack_turn(openstack, clock_now_ns() + LOOK_NS, NULL);
    if (growth->stopped)
        return -ECANCELED;
    if (lost(&openstack->counts) - lost_before >= arrived && arrived > 0)
        return reason_set(reason, EIO, "all of the latest %llu servers failed; %s",
                          (unsigned long long)arrived, openstack->last_failure);
    if (arrived < servers)
        return reason_set(reason, EDQUOT,
                          "the cloud made %llu servers of the %llu that were asked for, as its quota has it",
                          (unsigned long long)arrived, (unsigned long long)servers);
    return first ? check_consoles(growth, reason) : 0;
}

int openstack_grow(struct population *population, uint64_t count, const struct engine_watch *watch,
                   struct reason *reason)
{
    struct openstack *openstack = (struct openstack *)population;
    struct growth growth = {.openstack = openstack, .watch = watch};
    struct reason none;
    int error = 0;

    while (count > 0 && !error && go_on(&growth)) {
        uint64_t servers = count < openstack->options->batch ? count : openstack->options->batch;

        error = grow_batch(&growth, servers, reason ? reason : &none);
        count -= servers;
    }
    return growth.stopped ? -ECANCELED : error;
}
