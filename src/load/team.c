/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "load/team.h"

#include "base/clock.h"
#include "base/reason.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/prctl.h>

#define LOOK_EVERY_NS (50 * NS_PER_MILLISECOND)
/* Threads begin to send together, when all of them are there. */
#define BEGIN_NS (2 * NS_PER_MILLISECOND)

struct member {
    struct load *load;
    struct team *team;
    pthread_t thread;
    bool running;    /* in a thread of its own */
    uint64_t cpu_ns; /* that its thread took */
};

struct team {
    struct member *members;
    unsigned count;
    _Atomic bool stop;
    _Atomic unsigned at_work;
};

/* Sleeps of this thread end when they should, and not up to 50 us later. Returns what it was. */
static int set_timer_slack(int slack_ns)
{
    int before = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);

    prctl(PR_SET_TIMERSLACK, (unsigned long)slack_ns, 0, 0, 0);
    return before;
}

static void *work(void *context)
{
    struct member *member = context;

    uint64_t cpu = clock_thread_cpu_ns();

    set_timer_slack(1);
    while (load_run_until(member->load, clock_now_ns() + LOOK_EVERY_NS))
        if (atomic_load(&member->team->stop))
            load_stop(member->load);
    member->cpu_ns = clock_thread_cpu_ns() - cpu;
    atomic_fetch_sub(&member->team->at_work, 1);
    return NULL;
}

static int create(struct team *team, const struct load_team_plan *plan, struct reason *reason)
{
    team->members = calloc(plan->threads, sizeof(*team->members));
    if (!team->members)
        return reason_set(reason, ENOMEM, "no memory for a load of %u threads", plan->threads);
    for (unsigned i = 0; i < plan->threads; i++) {
        struct load_plan share = plan->plan;

        share.way = plan->ways[i];
        share.share = i;
        share.shares = plan->threads;
        team->members[i].team = team;
        int error = load_create(&share, &team->members[i].load, reason);

        if (error)
            return error;
        team->count++;
    }
    return 0;
}

static bool look(struct team *team, const struct load_team_plan *plan)
{
    struct load_progress sum = {0};

    for (unsigned i = 0; i < team->count; i++) {
        struct load_progress progress = load_progress(team->members[i].load);

        sum.sent += progress.sent;
        sum.ended += progress.ended;
        sum.failed += progress.failed;
    }
    return !plan->go_on || plan->go_on(plan->context, &sum);
}

/* All begin at the same time, those of other threads before this one's. */
static int begin(struct team *team, struct reason *reason)
{
    uint64_t at = clock_now_ns() + BEGIN_NS;

    for (unsigned i = 0; i < team->count; i++)
        load_begin(team->members[i].load, at);
    for (unsigned i = 1; i < team->count; i++) {
        struct member *member = &team->members[i];
        int error = pthread_create(&member->thread, NULL, work, member);

        if (error) {
            atomic_store(&team->stop, true);
            return reason_errno(reason, error, "cannot start thread %u of a load", i + 1);
        }
        member->running = true;
        atomic_fetch_add(&team->at_work, 1);
    }
    return 0;
}

static int run(struct team *team, const struct load_team_plan *plan)
{
    struct load *own = team->members[0].load;
    bool stopped = false, busy = true;
    uint64_t cpu = clock_thread_cpu_ns();

    while (busy || atomic_load(&team->at_work) > 0) {
        if (busy)
            busy = load_run_until(own, clock_now_ns() + LOOK_EVERY_NS);
        else
            clock_sleep_until(clock_now_ns() + LOOK_EVERY_NS / 5);
        if (!stopped && !look(team, plan)) {
            stopped = true;
            atomic_store(&team->stop, true);
            load_stop(own);
        }
    }
    team->members[0].cpu_ns = clock_thread_cpu_ns() - cpu;
    return stopped ? -ECANCELED : 0;
}

int load_team_run(const struct load_team_plan *plan, struct load_figures *figures, struct reason *reason)
{
    struct team team = {0};
    int slack = set_timer_slack(1);
    int error = create(&team, plan, reason);

    if (!error) {
        error = begin(&team, reason);
        if (!error)
            error = run(&team, plan);
    }
    for (unsigned i = 0; i < team.count; i++)
        if (team.members[i].running)
            pthread_join(team.members[i].thread, NULL);
    for (unsigned i = 0; i < team.count; i++) {
        if (!error || error == -ECANCELED) {
            load_figures_merge(figures, load_figures(team.members[i].load));
            figures->cpu_ns += team.members[i].cpu_ns;
        }
        load_free(team.members[i].load);
    }
    free(team.members);
    set_timer_slack(slack);
    return error;
}
