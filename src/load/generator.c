/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "load/generator.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/reason.h"

#include <errno.h>
#include <stdlib.h>

enum { AT_ONCE = 256 };

struct load {
    struct load_plan plan;
    size_t under_way_most;
    struct random random;
    struct schedule schedule;
    struct arrival next; /* the next request of this share */
    bool exhausted;      /* there is none */
    uint64_t began_ns, measured_from_ns, ends_ns;
    /* Requests: in blocks that stay until the end; those without a task in a list. */
    void **blocks;
    size_t block_count, made, under_way;
    struct load_request *idle;
    struct load_figures figures;
    _Atomic uint64_t sent, ended, failed;
};

int load_figures_init(struct load_figures *figures)
{
    *figures = (struct load_figures){0};
    if (histogram_init(&figures->corrected) < 0 || histogram_init(&figures->uncorrected) < 0 ||
        histogram_init(&figures->lag) < 0) {
        load_figures_release(figures);
        return -ENOMEM;
    }
    return 0;
}

void load_figures_release(struct load_figures *figures)
{
    histogram_release(&figures->corrected);
    histogram_release(&figures->uncorrected);
    histogram_release(&figures->lag);
}

void load_figures_clear(struct load_figures *figures)
{
    histogram_clear(&figures->corrected);
    histogram_clear(&figures->uncorrected);
    histogram_clear(&figures->lag);
    *figures = (struct load_figures){
        .corrected = figures->corrected, .uncorrected = figures->uncorrected, .lag = figures->lag};
}

void load_figures_merge(struct load_figures *figures, const struct load_figures *from)
{
    figures->due += from->due;
    for (size_t i = 0; i < LOAD_OUTCOMES; i++)
        figures->outcomes[i] += from->outcomes[i];
    if (from->measured_ns > figures->measured_ns)
        figures->measured_ns = from->measured_ns;
    figures->cpu_ns += from->cpu_ns;
    histogram_merge(&figures->corrected, &from->corrected);
    histogram_merge(&figures->uncorrected, &from->uncorrected);
    histogram_merge(&figures->lag, &from->lag);
}

uint64_t load_figures_failed(const struct load_figures *figures)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < LOAD_OUTCOMES; i++)
        sum += i == LOAD_RIGHT ? 0 : figures->outcomes[i];
    return sum;
}

int load_create(const struct load_plan *plan, struct load **ret_load, struct reason *reason)
{
    struct load *load = calloc(1, sizeof(*load));
    size_t most = plan->under_way ? plan->under_way : LOAD_UNDER_WAY;

    if (load)
        load->blocks = calloc(most / AT_ONCE + 1, sizeof(*load->blocks));
    if (!load || !load->blocks || load_figures_init(&load->figures) < 0) {
        load_free(load);
        return reason_set(reason, ENOMEM, "no memory for a load with %zu requests under way", most);
    }
    load->plan = *plan;
    load->under_way_most = most;
    if (load->plan.shares == 0)
        load->plan.shares = 1;
    *ret_load = load;
    return 0;
}

void load_free(struct load *load)
{
    if (!load)
        return;
    for (size_t i = 0; i < load->block_count; i++)
        free(load->blocks[i]);
    free(load->blocks);
    load_figures_release(&load->figures);
    free(load);
}

/* A request without a task, or NULL: as many as may be are under way, or there is no memory for more. */
static struct load_request *take_idle(struct load *load)
{
    size_t size = load->plan.way->request_size;

    if (!load->idle && load->made < load->under_way_most) {
        size_t left = load->under_way_most - load->made, count = left < AT_ONCE ? left : AT_ONCE;
        char *block = calloc(count, size);

        if (!block) {
            load->under_way_most = load->made;
            return NULL;
        }
        load->blocks[load->block_count++] = block;
        load->made += count;
        for (size_t i = count; i-- > 0;) {
            struct load_request *request = (struct load_request *)(void *)(block + i * size);

            request->next = load->idle;
            load->idle = request;
        }
    }
    struct load_request *request = load->idle;

    if (request)
        load->idle = request->next;
    return request;
}

/* Every share walks the whole schedule, and takes its part of it. */
static void find_next(struct load *load)
{
    do
        load->exhausted = !schedule_next(&load->schedule, &load->next);
    while (!load->exhausted && load->next.number % load->plan.shares != load->plan.share);
}

void load_begin(struct load *load, uint64_t now_ns)
{
    const struct load_plan *plan = &load->plan;
    uint64_t length = plan->length_ns;

    load->began_ns = now_ns;
    load->measured_from_ns = now_ns + plan->warm_up_ns;
    load->ends_ns =
        length > UINT64_MAX - load->measured_from_ns ? UINT64_MAX : load->measured_from_ns + length;
    load->figures.measured_ns = length;
    /* Another stream of chances than that of the schedule, and of other shares. */
    load->random = (struct random){plan->seed};
    for (unsigned i = 0; i <= plan->share; i++)
        load->random.state = random_next(&load->random);
    if (plan->schedule) {
        schedule_begin(&load->schedule, plan->schedule, plan->seed);
        find_next(load);
    } else {
        load->next.number = plan->share;
    }
}

static bool is_measured(const struct load *load, uint64_t at_ns)
{
    return at_ns >= load->measured_from_ns && at_ns < load->ends_ns;
}

/* The time of the next request, CLOCK_NEVER when there is none. */
static uint64_t next_ns(const struct load *load)
{
    uint64_t at = load->began_ns + load->next.at_ns;

    return load->exhausted || at >= load->ends_ns ? CLOCK_NEVER : at;
}

static void count_unsent(struct load *load, uint64_t at_ns)
{
    counter_add(&load->failed, 1);
    if (!is_measured(load, at_ns))
        return;
    load->figures.due++;
    load->figures.outcomes[LOAD_UNSENT]++;
}

static void prepare(struct load *load, struct load_request *request, uint64_t at_ns)
{
    const struct load_plan *plan = &load->plan;

    request->vm = plan->schedule && !plan->schedule->steps
                      ? load->next.vm
                      : targets_choose(plan->targets, load->next.number, &load->random);
    request->intended_ns = at_ns;
    request->deadline_ns = at_ns + plan->timeout_ns;
    request->sent_ns = request->answered_ns = 0;
    load->under_way++;
}

static size_t gather_due(struct load *load, uint64_t now, struct load_request **requests)
{
    size_t count = 0;

    while (count < AT_ONCE) {
        uint64_t at = next_ns(load);

        if (at > now)
            break;
        if (now - at >= load->plan.timeout_ns) {
            count_unsent(load, at);
            find_next(load);
            continue;
        }
        struct load_request *request = take_idle(load);

        if (!request)
            break;
        prepare(load, request, at);
        requests[count++] = request;
        find_next(load);
    }
    return count;
}

static size_t gather_closed(struct load *load, uint64_t now, struct load_request **requests)
{
    size_t count = 0;
    struct load_request *request;

    while (count < AT_ONCE && now < load->ends_ns && (request = take_idle(load))) {
        prepare(load, request, now);
        load->next.number += load->plan.shares;
        requests[count++] = request;
    }
    return count;
}

/* Returns whether there may be more to send at once. */
static bool send_due(struct load *load, uint64_t now)
{
    struct load_request *requests[AT_ONCE];
    size_t count = load->plan.schedule ? gather_due(load, now, requests) : gather_closed(load, now, requests);

    if (count == 0)
        return false;
    counter_add(&load->sent, count);
    load->plan.way->submit(load->plan.way, requests, count);
    return count == AT_ONCE;
}

static uint64_t since(uint64_t from_ns, uint64_t to_ns)
{
    return to_ns > from_ns ? to_ns - from_ns : 0;
}

static void take_ended(struct load *load, struct load_request *request)
{
    struct load_figures *figures = &load->figures;

    /* Ways look at deadlines when they have the time. */
    if (request->outcome == LOAD_RIGHT && request->answered_ns > request->deadline_ns)
        request->outcome = LOAD_TIMEOUT;
    bool open = load->plan.schedule, right = request->outcome == LOAD_RIGHT;

    counter_add(&load->ended, 1);
    counter_add(&load->failed, !right);
    if (is_measured(load, open ? request->intended_ns : request->answered_ns)) {
        figures->due++;
        figures->outcomes[request->outcome]++;
        if (right)
            histogram_add(&figures->uncorrected, since(request->sent_ns, request->answered_ns));
        if (right && open)
            histogram_add(&figures->corrected, since(request->intended_ns, request->answered_ns));
        if (open && request->sent_ns)
            histogram_add(&figures->lag, since(request->intended_ns, request->sent_ns));
    }
    request->next = load->idle;
    load->idle = request;
    load->under_way--;
}

/* Whether more will be sent, now or later. */
static bool has_more(const struct load *load, uint64_t now)
{
    return load->plan.schedule ? next_ns(load) != CLOCK_NEVER : now < load->ends_ns;
}

/* Until when there is nothing to do but wait for answers. */
static uint64_t quiet_until(const struct load *load, uint64_t until_ns)
{
    uint64_t next = CLOCK_NEVER;

    if (load->plan.schedule) {
        next = next_ns(load);
        /* What is due and has to wait for others to end is looked at again when it would be given up. */
        if (load->under_way == load->under_way_most && next != CLOCK_NEVER)
            next += load->plan.timeout_ns;
    } else if (clock_now_ns() < load->ends_ns) {
        next = load->ends_ns;
    }
    return next < until_ns ? next : until_ns;
}

bool load_run_until(struct load *load, uint64_t until_ns)
{
    struct load_request *ended[AT_ONCE];

    for (;;) {
        uint64_t now = clock_now_ns();
        bool more = send_due(load, now);

        if (load->under_way == 0 && !has_more(load, now))
            return false;
        size_t count =
            load->plan.way->reap(load->plan.way, ended, AT_ONCE, more ? now : quiet_until(load, until_ns));

        for (size_t i = 0; i < count; i++)
            take_ended(load, ended[i]);
        if (now >= until_ns)
            return true;
    }
}

void load_stop(struct load *load)
{
    uint64_t now = clock_now_ns();

    if (now >= load->ends_ns)
        return;
    load->ends_ns = now;
    load->figures.measured_ns = since(load->measured_from_ns, now);
}

const struct load_figures *load_figures(const struct load *load)
{
    return &load->figures;
}

struct load_progress load_progress(const struct load *load)
{
    return (struct load_progress){
        .sent = atomic_load_explicit(&load->sent, memory_order_relaxed),
        .ended = atomic_load_explicit(&load->ended, memory_order_relaxed),
        .failed = atomic_load_explicit(&load->failed, memory_order_relaxed),
    };
}
