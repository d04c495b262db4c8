/* SPDX-License-Identifier: GPL-3.0-or-later */
/* VMs on several hosts: how they are spread, and which host gives out first. */
#include "study/scale_run.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void run_note_first(struct result_first_host *first, const struct result_host *host,
                    const struct result_host_point *point, unsigned resource, double percent)
{
    if (first->known && !(first->vms_of_all == point->vms_of_all && percent > first->percent))
        return;
    first->known = true;
    snprintf(first->name, sizeof(first->name), "%s", host->name);
    first->resource = resource;
    first->percent = percent;
    first->vms = point->vms;
    first->vms_of_all = point->vms_of_all;
}

static int note(struct run *run, const struct engine_host *from, uint64_t vms_of_all)
{
    struct result_host *host = result_host(run->result, from->name);
    struct result_host_point *point = host ? result_add_host_point(host) : NULL;

    if (!point)
        return -ENOMEM;
    host->vcpus = from->vcpus;
    host->memory_bytes = from->memory_bytes;
    host->disk_bytes = from->disk_bytes;
    *point = (struct result_host_point){
        .vms_of_all = vms_of_all,
        .vms = from->vms,
        .percent = {[ALLOTMENT_CPU] = from->cpu_percent,
                    [ALLOTMENT_MEMORY] = from->memory_percent,
                    [ALLOTMENT_DISK] = from->disk_percent},
    };
    for (unsigned a = 0; a < ALLOTMENT_COUNT; a++)
        if (point->percent[a] >= run->plan->threshold_percent)
            run_note_first(&run->result->first_host, host, point, a, point->percent[a]);
    run_note_use(run, host, point);
    return 0;
}

void run_note_hosts(struct run *run, const struct result_interval *interval)
{
    const struct engine *engine = run->plan->engine;
    struct engine_host *hosts = NULL;
    struct reason reason = {""};
    size_t count = 0;

    if (!engine->hosts)
        return;
    int unnoted = run_note_cloud(run, interval->vms);
    int error = unnoted ? reason_set(&reason, -unnoted, "no memory for a list of hosts")
                        : engine->hosts(run->population, &run->watch, &hosts, &count, &reason);

    for (size_t i = 0; !error && i < count; i++)
        if (note(run, &hosts[i], interval->vms) < 0)
            error = reason_set(&reason, ENOMEM, "no memory for a list of hosts");
    free(hosts);
    snprintf(run->result->hosts_unknown, sizeof(run->result->hosts_unknown), "%s", error ? reason.text : "");
}

static double whole_of(const struct result_host *host, unsigned allotment)
{
    return allotment == ALLOTMENT_CPU      ? host->vcpus
           : allotment == ALLOTMENT_MEMORY ? host->memory_bytes
                                           : host->disk_bytes;
}

/* Percent of what all hosts have; NAN when no host tells. */
static double given_away(const struct result *result, unsigned allotment)
{
    double used = 0, whole = 0;

    for (size_t i = 0; i < result->host_count; i++) {
        const struct result_host *host = &result->hosts[i];
        const struct result_host_point *point = host->points ? &host->points[host->point_count - 1] : NULL;
        double most = whole_of(host, allotment);

        if (!point || !isfinite(most) || !isfinite(point->percent[allotment]))
            continue;
        used += most * point->percent[allotment] / 100;
        whole += most;
    }
    return whole > 0 ? 100 * used / whole : NAN;
}

/* What the hosts use themselves, where they are read. */
static void judge_use(struct run *run)
{
    static const char *const words[CLOUD_SHARES] = {
        [CLOUD_CPU] = "CPU time", [CLOUD_MEMORY] = "memory", [CLOUD_SWAP] = "swap"};
    int over = run_cloud_over(run);
    char sentence[256];

    if (over < 0)
        return;
    const struct result_cloud *cloud = &run->result->cloud;
    const struct result_cloud_point *point = &cloud->points[cloud->point_count - 1];

    snprintf(sentence, sizeof(sentence),
             "the %u hosts that are read use %.1f %% of their %s, past the threshold of %g %%", point->hosts,
             point->percent[over], words[over], run->plan->threshold_percent);
    run_stop(run, STOP_HOSTS, sentence);
}

void run_judge_hosts(struct run *run)
{
    char sentence[256];

    for (unsigned a = 0; a < ALLOTMENT_COUNT; a++) {
        double percent = given_away(run->result, a);

        if (!(percent >= run->plan->threshold_percent))
            continue;
        snprintf(
            sentence, sizeof(sentence),
            "%.1f %% of the %s that the hosts of the cloud may give away %s given away, at the threshold "
            "of %g %%",
            percent, allotment_name((enum host_allotment)a), a == ALLOTMENT_CPU ? "are" : "is",
            run->plan->threshold_percent);
        run_stop(run, STOP_HOSTS, sentence);
        return;
    }
    judge_use(run);
}
