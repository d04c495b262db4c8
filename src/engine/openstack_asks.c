/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asks through Nova's serial console, each with a connection of its own: Nova has a process for every one
 * that is open. */
#include "engine/openstack_population.h"

#include "base/clock.h"

#include <errno.h>
#include <string.h>

static void finish(struct openstack *openstack, struct engine_ask *ask)
{
    openstack->asks_under_way--;
    ask->next = NULL;
    *openstack->finished_end = ask;
    openstack->finished_end = &ask->next;
}

static void refuse(struct openstack *openstack, struct engine_ask *ask, int status)
{
    ask->status = status;
    ask->answered_ns = ask->submitted_ns;
    finish(openstack, ask);
}

static void submit(struct openstack *openstack, struct engine_ask *ask)
{
    struct server *server = ask->vm < openstack->counts.started ? openstack->servers[ask->vm] : NULL;
    struct openstack_job *job;

    ask->status = 0;
    ask->answer_length = 0;
    ask->answer[0] = '\0';
    ask->late = false;
    ask->submitted_ns = clock_now_ns();
    openstack->asks_under_way++;
    if (!server || server->state != SERVER_RUNNING) {
        refuse(openstack, ask, -ECONNRESET);
    } else if (ask->is_whole) {
        refuse(openstack, ask, -ENOTSUP);
    } else if (server->ask || server->console) {
        refuse(openstack, ask, -EBUSY);
    } else if (!(job = openstack_job(openstack, JOB_ASK))) {
        refuse(openstack, ask, -ETIMEDOUT);
    } else {
        server->ask = ask;
        ask->late = server->late;
        job->vm = ask->vm;
        memcpy(job->id, server->id, sizeof(job->id));
        job->ask.ask = ask;
        openstack_job_submit(openstack, job, false);
    }
}

void openstack_submit(struct population *population, struct engine_ask *const *asks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        submit((struct openstack *)population, asks[i]);
}

void openstack_take_ask(struct openstack *openstack, struct openstack_job *job)
{
    struct server *server = openstack->servers[job->vm];

    /* The console is one line for all who connect to it: an answer may come to the next ask. */
    server->late = job->ask.ask->status != 0 || job->ask.ask->late;
    server->ask = NULL;
    if (job->error == -ENOENT)
        openstack_fail(openstack, server, "was deleted, and not by mvm");
    finish(openstack, job->ask.ask);
}

static size_t take_finished(struct openstack *openstack, struct engine_ask **ret_asks, size_t room)
{
    size_t count = 0;

    while (count < room && openstack->finished) {
        ret_asks[count++] = openstack->finished;
        openstack->finished = openstack->finished->next;
    }
    if (!openstack->finished)
        openstack->finished_end = &openstack->finished;
    return count;
}

size_t openstack_reap(struct population *population, struct engine_ask **ret_asks, size_t room,
                      uint64_t until_ns)
{
    struct openstack *openstack = (struct openstack *)population;
    size_t count = take_finished(openstack, ret_asks, room);

    while (count == 0 && openstack->asks_under_way > 0) {
        openstack_turn(openstack, until_ns, NULL);
        count = take_finished(openstack, ret_asks, room);
        if (clock_now_ns() >= until_ns)
            break;
    }
    return count;
}
