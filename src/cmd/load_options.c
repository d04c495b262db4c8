/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options of `mvm load`, and what goes together. */
#include "base/option.h"
#include "base/reason.h"
#include "cmd/client.h"
#include "cmd/load.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FIELD(name) offsetof(struct load_options, name)

static const char *const arrival_names[] = {"constant", "poisson", NULL};
static const char *const by_names[] = {"address", "path", NULL};

static const struct option_spec specs[] = {
    RUN_NAME_SPEC(struct load_options, aim.run),
    {"by", OPTION_CHOICE, "HOW", "which HTTP door of the run: by address or by path (default: its first)",
     FIELD(aim.by), .fallback = NULL, .choices = by_names},
    {"engine", OPTION_TEXT, "NAME",
     "start VMs of this engine and load them straight, without a door; its own options stand below",
     FIELD(engine), .fallback = NULL},
    {"count", OPTION_COUNT, "N", "with --engine: how many VMs (default: 1)", FIELD(count), .fallback = NULL,
     .least = 1, .most = 1e12},
    IMAGE_CHOICE_SPECS(struct load_options, aim.image),
    {"vms", OPTION_COUNT, "N",
     "how many VMs there are at the URL, numbered from 0; of a run, so many of the first", FIELD(vms),
     .fallback = NULL, .least = 1, .most = 1e12},
    {"path", OPTION_TEXT, "PATH", "with a run or an engine: what to GET (default: /)", FIELD(aim.path),
     .fallback = NULL},
    {"challenges", OPTION_FLAG, NULL, "with --engine: challenges for web, too, instead of HTTP",
     FIELD(aim.challenges), .fallback = NULL},
    {"expect", OPTION_TEXT, "TEXT",
     "the right body of an answer (default: with an engine, what the image holds; else any that is whole)",
     FIELD(aim.expect), .fallback = NULL},
    {"rate", OPTION_TEXT, "RATE",
     "requests a second, or steps TIME@RATE such as 10s@1000,10s@2000, repeated (default: 1000)", FIELD(rate),
     .fallback = NULL},
    {"arrivals", OPTION_CHOICE, "KIND",
     "constant: at equal distances; poisson: by chance (default: constant)", FIELD(arrivals),
     .fallback = NULL, .choices = arrival_names},
    {"trace", OPTION_TEXT, "FILE", "when to ask whom instead: lines TIME,VM, in seconds", FIELD(trace),
     .fallback = NULL},
    {"connections", OPTION_COUNT, "N",
     "closed loop instead: so many requests under way at all times, each followed by the next",
     FIELD(connections), .fallback = NULL, .least = 1, .most = 1e6},
    {"targets", OPTION_CHOICE, "KIND", "which VMs: uniform, zipf or round-robin (default: uniform)",
     FIELD(targets), .fallback = NULL, .choices = target_names},
    {"skew", OPTION_NUMBER, "S",
     "of zipf: the VM of rank k is asked in proportion to 1 / k^S (default: 0.99)", FIELD(skew),
     .fallback = NULL, .least = 0.01, .most = 20},
    {"time", OPTION_DURATION, "TIME", "how long (default: the length of steps or trace, else 10 s)",
     FIELD(time_ns), .fallback = NULL, .least = 0.001, .most = 1e6},
    {"warm-up", OPTION_DURATION, "TIME", "load before that, which is not counted", FIELD(warm_up_ns),
     .fallback = "0", .least = 0, .most = 1e6},
    {"timeout", OPTION_DURATION, "TIME", "a request is given up so long after it was to be sent",
     FIELD(timeout_ns), .fallback = "5s", .least = 0.001, .most = 3600},
    {"find-capacity", OPTION_FLAG, NULL,
     "search for the highest rate that meets --p99, by measurements of --time (default: 5 s) each, from "
     "--rate on",
     FIELD(find_capacity), .fallback = NULL},
    {"p99", OPTION_DURATION, "TIME", "the goal: 99 % of all requests answered right within this",
     FIELD(p99_ns), .fallback = NULL, .least = 1e-6, .most = 3600},
    {"sockets", OPTION_COUNT, "N",
     "over TCP: connections open at once, at most (default: 10000, or the limit of open files)",
     FIELD(sockets), .fallback = NULL, .least = 1, .most = 1e6},
    {"keep", OPTION_TEXT, "N",
     "over TCP: idle connections kept for the next request to the same address; 0 makes one for each request "
     "(default: all, or 0 by address)",
     FIELD(keep), .fallback = NULL},
    {"threads", OPTION_COUNT, "N", "threads that send", FIELD(threads), .fallback = "1", .least = 1,
     .most = 1024},
    {"seed", OPTION_COUNT, "N", "seed of every random choice", FIELD(aim.seed), .fallback = "1"},
    {"out", OPTION_TEXT, "DIR", "write load.json and the histograms (.hgrm) there", FIELD(out),
     .fallback = NULL},
    {"overwrite", OPTION_FLAG, NULL, "replace the result that --out holds", FIELD(overwrite),
     .fallback = NULL},
    {"json", OPTION_FLAG, NULL, "print load.json instead of a table", FIELD(json), .fallback = NULL},
    {"quiet", OPTION_FLAG, NULL, "show no progress", FIELD(quiet), .fallback = NULL},
    {"help", OPTION_FLAG, NULL, "print this help", FIELD(help), .fallback = NULL},
};

const struct option_set load_option_set = {.specs = specs, .count = sizeof(specs) / sizeof(specs[0])};

/* Before anything is asked of a run or an engine. */
static int check_rate(const struct load_options *options, struct reason *reason)
{
    struct schedule_plan plan = {0};
    int error = schedule_parse_rate(options->rate, &plan, reason);

    if (!error && options->find_capacity && plan.step_count > 1)
        error = reason_set(reason, EINVAL, "--find-capacity begins at one --rate, without steps");
    schedule_plan_release(&plan);
    return error;
}

/* What goes together. */
int load_options_check(const struct load_options *options, struct reason *reason)
{
    bool open = options->rate || options->trace;
    uint64_t kept;

    if (options->aim.url && (options->engine || options->aim.run))
        return reason_set(reason, EINVAL, "a URL, --run and --engine each say where to; give one of them");
    if (options->engine && options->aim.run)
        return reason_set(reason, EINVAL, "--run and --engine each say where to; give one of them");
    if (options->aim.url && options->aim.by)
        return reason_set(reason, EINVAL,
                          "--by chooses a door of a run; a URL says by itself how VMs are told apart");
    if (options->aim.url && options->aim.path)
        return reason_set(reason, EINVAL, "--path is for a run or an engine; put the path into the URL");
    if (!options->engine && (options->count || options->aim.image.guest || options->aim.image.image))
        return reason_set(reason, EINVAL, "--count, --guest and --image are for VMs of --engine");
    if (!options->engine && (options->aim.settings->routes.count > 0 || options->aim.settings->work ||
                             options->aim.settings->profile || options->aim.settings->timer > 0))
        return reason_set(reason, EINVAL, "settings of guests are for VMs of --engine; others have theirs");
    if (!options->engine && options->aim.challenges)
        return reason_set(reason, EINVAL, "--challenges is for VMs of --engine; over HTTP there are none");
    if (options->engine && (options->sockets || options->vms || options->keep || options->aim.by))
        return reason_set(
            reason, EINVAL,
            "--sockets, --keep, --vms and --by are for loads over TCP; VMs of --engine are asked "
            "straight, and --count says how many");
    if (options->connections && (open || options->find_capacity))
        return reason_set(
            reason, EINVAL,
            "--connections makes a closed loop, which has no --rate, --trace or --find-capacity");
    if (options->rate && options->trace)
        return reason_set(reason, EINVAL, "--rate and --trace both say when to send; give one of them");
    if (options->arrivals && (options->trace || options->connections))
        return reason_set(
            reason, EINVAL,
            "--arrivals is for a --rate; a trace and a closed loop say by themselves when to send");
    if (options->trace && options->targets)
        return reason_set(reason, EINVAL,
                          "--trace says whom to ask, and so does --targets; give one of them");
    if (options->skew > 0 && (!options->targets || strcmp(options->targets, "zipf") != 0))
        return reason_set(reason, EINVAL, "--skew is for --targets zipf");
    if (options->keep && parse_count(options->keep, &kept) < 0)
        return reason_set(reason, EINVAL, "--keep takes a whole number, not '%.100s'", options->keep);
    if (options->find_capacity != (options->p99_ns > 0))
        return reason_set(reason, EINVAL, "--find-capacity and --p99 TIME, its goal, go together");
    if (options->find_capacity && options->trace)
        return reason_set(reason, EINVAL, "--find-capacity varies the rate, and a --trace has none");
    if (options->connections % options->threads != 0)
        return reason_set(reason, EINVAL, "--connections is to be a multiple of --threads, which share them");
    return options->rate ? check_rate(options, reason) : 0;
}

void load_options_default(struct load_options *options)
{
    if (!options->rate)
        options->rate = "1000";
    if (!options->arrivals)
        options->arrivals = arrival_names[0];
    if (!options->targets)
        options->targets = target_names[TARGETS_UNIFORM];
    if (options->skew == 0)
        options->skew = 0.99;
}
