/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stands before the first request: when it is to be sent, whom to, and how. */
#include "base/clock.h"
#include "base/reason.h"
#include "cmd/load.h"
#include "host/survive.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SOCKETS = 10000, OWN_FILES = 64 };

/* Connections of each thread, as the limit of open files allows. */
static int share_connections(struct load_run *run, struct reason *reason)
{
    const struct load_options *options = run->options;
    uint64_t wanted = options->connections ? options->connections
                      : options->sockets   ? options->sockets
                                           : 10000;
    uint64_t files, most;

    host_raise_file_limit(wanted + OWN_FILES, &files, NULL);
    most = files > OWN_FILES ? files - OWN_FILES : 1;
    if (most < wanted && (options->connections || options->sockets))
        return reason_set(reason, EINVAL,
                          "%llu connections need more open files than the limit of %llu; 'ulimit -n' "
                          "raises it as far as it may be",
                          (unsigned long long)wanted, (unsigned long long)files);
    run->aim.connections = (size_t)(wanted < most ? wanted : most) / run->threads;
    if (run->aim.connections == 0)
        return reason_set(reason, EINVAL, "there are more threads than connections");
    uint64_t kept = run->aim.url.by_address ? 0 : UINT64_MAX;

    if (options->keep && parse_count(options->keep, &kept) == 0)
        kept /= run->threads;
    run->aim.kept = kept < run->aim.connections ? (size_t)kept : run->aim.connections;
    return 0;
}

static int make_schedule(struct load_run *run, struct reason *reason)
{
    const struct load_options *options = run->options;
    uint64_t length = UINT64_MAX;
    int error = 0;

    if (options->trace)
        error = schedule_read_trace(options->trace, run->aim.vms, &run->schedule, reason);
    else if (options->connections == 0)
        error = schedule_parse_rate(options->rate, &run->schedule, reason);
    if (error)
        return error;
    run->schedule.poisson = strcmp(options->arrivals, "poisson") == 0;
    if (options->connections == 0)
        length = schedule_length_ns(&run->schedule);
    /* The last line of a trace counts as well. */
    if (options->trace)
        length++;
    if (options->time_ns > 0)
        length = options->time_ns;
    else if (length == UINT64_MAX)
        length = (options->find_capacity ? 5 : 10) * NS_PER_SECOND;
    run->plan.schedule = options->connections ? NULL : &run->schedule;
    run->plan.length_ns = length;
    return 0;
}

int load_prepare(struct load_run *run, struct reason *reason)
{
    const struct load_options *options = run->options;
    enum target_kind kind = TARGETS_UNIFORM;

    while (strcmp(target_names[kind], options->targets) != 0)
        kind++;
    targets_set(&run->targets, kind, run->aim.vms, options->skew);
    run->threads = (unsigned)options->threads;
    run->plan.targets = &run->targets;
    run->plan.seed = options->aim.seed;
    run->plan.timeout_ns = options->timeout_ns;
    run->plan.warm_up_ns = options->warm_up_ns;
    run->plan.under_way = (size_t)options->connections / run->threads;
    int error = make_schedule(run, reason);

    if (!error && run->aim.engine && run->threads > 1 && !run->aim.engine->port_open)
        error = reason_set(reason, EINVAL, "the engine %s is asked from one thread; leave --threads out",
                           run->aim.engine->name);
    if (!error && !run->aim.engine)
        error = share_connections(run, reason);
    if (error)
        return error;
    run->ways = calloc(run->threads, sizeof(*run->ways));
    if (!run->ways || load_figures_init(&run->figures) < 0)
        return reason_set(reason, ENOMEM, "no memory for a load");
    for (unsigned i = 0; !error && i < run->threads; i++)
        error = load_aim_open_way(&run->aim, i, &run->ways[i], reason);
    return error == -ENOTSUP ? -EINVAL : error;
}
