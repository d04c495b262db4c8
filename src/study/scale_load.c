/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/scale_load.h"

#include "base/clock.h"
#include "load/way_engine.h"
#include "study/scale_run.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* The first answers pay for caches and threads that have slept. */
#define WARM_UP_NS (NS_PER_SECOND)

/* A look at the progress and at the guard while the last answers are waited for. */
#define DRAIN_PIECE_NS (100 * NS_PER_MILLISECOND)

struct scale_load {
    struct load_way *way;
    struct load *load;
    struct targets targets;
    struct schedule_step step;
    struct schedule_plan schedule;
};

static void release(struct scale_load *load)
{
    load_free(load->load);
    if (load->way)
        load->way->close(load->way);
    free(load);
}

static int open_load(struct run *run, struct scale_load *load, struct reason *reason)
{
    const struct scale_load_plan *plan = &run->plan->load;
    const struct load_engine_plan way = {
        .population = run->population, .seed = random_next(&run->random), .path = plan->path};
    struct engine_counts counts;

    run->plan->engine->counts(run->population, &counts);
    uint64_t numbers = counts.numbers ? counts.numbers : counts.started;

    targets_set(&load->targets, plan->targets, numbers < TARGETS_MOST ? numbers : TARGETS_MOST, plan->skew);
    load->step = (struct schedule_step){.length_ns = UINT64_MAX, .rate = plan->rate};
    load->schedule = (struct schedule_plan){.steps = &load->step, .step_count = 1};
    int error = load_way_engine_open(&way, &load->way, reason);

    if (error)
        return error;
    const struct load_plan whole = {
        .way = load->way,
        .schedule = &load->schedule,
        .targets = &load->targets,
        .seed = random_next(&run->random),
        .timeout_ns = plan->timeout_ns,
        .warm_up_ns = WARM_UP_NS,
        .length_ns = UINT64_MAX,
    };

    return load_create(&whole, &load->load, reason);
}

int scale_load_begin(struct run *run, struct scale_load **ret_load, struct reason *reason)
{
    struct scale_load *load;

    *ret_load = NULL;
    if (run->plan->load.rate <= 0)
        return 0;
    load = calloc(1, sizeof(*load));
    if (!load)
        return reason_set(reason, ENOMEM, "no memory for a load");
    int error = open_load(run, load, reason);

    if (error) {
        release(load);
        return error;
    }
    uint64_t now = clock_now_ns();

    *ret_load = run->load = load;
    load_begin(load->load, now);
    return run_wait(run, now + WARM_UP_NS) ? 0 : -ECANCELED;
}

void scale_load_run(struct scale_load *load, uint64_t until_ns)
{
    load_run_until(load->load, until_ns);
}

double scale_load_percentile(const struct load_figures *figures, double percent, double timeout)
{
    uint64_t right = figures->outcomes[LOAD_RIGHT];
    double rank = ceil(percent / 100 * (double)figures->due);

    if (figures->due == 0)
        return 0;
    if (rank > (double)right)
        return timeout;
    return (double)histogram_percentile(&figures->corrected, 100 * (rank - 0.5) / (double)right) /
           (double)NS_PER_SECOND;
}

static double seconds_at(const struct histogram *histogram, double percent)
{
    return (double)histogram_percentile(histogram, percent) / (double)NS_PER_SECOND;
}

static void tell(const struct scale_load_plan *plan, const struct load_figures *figures,
                 struct result_interval *interval)
{
    double timeout = (double)plan->timeout_ns / (double)NS_PER_SECOND;
    double measured = (double)figures->measured_ns / (double)NS_PER_SECOND;
    const uint64_t *outcomes = figures->outcomes;
    uint64_t unsent = outcomes[LOAD_UNSENT] + outcomes[LOAD_HOST];

    interval->load_known = true;
    interval->load = (struct result_load){
        .rate = plan->rate,
        .due = figures->due,
        .sent = figures->due - unsent,
        .answered = outcomes[LOAD_RIGHT],
        .wrong = outcomes[LOAD_WRONG],
        .timeouts = outcomes[LOAD_TIMEOUT],
        .errors = load_figures_failed(figures) - unsent - outcomes[LOAD_WRONG] - outcomes[LOAD_TIMEOUT],
        .p50 = scale_load_percentile(figures, 50, timeout),
        .p90 = scale_load_percentile(figures, 90, timeout),
        .p99 = scale_load_percentile(figures, 99, timeout),
        .p999 = scale_load_percentile(figures, 99.9, timeout),
        .most = seconds_at(&figures->corrected, 100),
        .sent_p99 = seconds_at(&figures->uncorrected, 99),
        .lag_p99 = seconds_at(&figures->lag, 99),
        .throughput = measured > 0 ? (double)outcomes[LOAD_RIGHT] / measured : 0,
    };
    interval->known[RESOURCE_LATENCY] = plan->p99_ns > 0 && figures->due > 0;
    if (interval->known[RESOURCE_LATENCY])
        interval->percent[RESOURCE_LATENCY] = (struct statistic){
            .mean = 100 * interval->load.p99 * (double)NS_PER_SECOND / (double)plan->p99_ns, .n = 1};
}

void scale_load_end(struct run *run, struct scale_load *load, struct result_interval *interval)
{
    if (!load)
        return;
    run->load = NULL;
    load_stop(load->load);
    while (load_run_until(load->load, clock_now_ns() + DRAIN_PIECE_NS)) {
        struct engine_counts counts;

        run->plan->engine->counts(run->population, &counts);
        guard_go_on(&run->guard, &counts); /* what it says is heeded by who samples next */
    }
    tell(&run->plan->load, load_figures(load->load), interval);
    release(load);
}
