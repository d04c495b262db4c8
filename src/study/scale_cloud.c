/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Other hosts as they were read: slopes of each and of all together, and whether these are at the threshold.
 */
#include "study/scale_nodes.h"

#include "study/scale_run.h"
#include "study/stats.h"

#include <stdlib.h>

int cloud_point_over(const struct result_cloud_point *point, double threshold_percent)
{
    int worst = -1;

    for (int s = 0; s < CLOUD_SHARES; s++)
        if (point->percent[s] > threshold_percent && (worst < 0 || point->percent[s] > point->percent[worst]))
            worst = s;
    return worst;
}

int run_cloud_over(const struct run *run)
{
    const struct result_cloud *cloud = &run->result->cloud;

    return cloud->point_count > 0
               ? cloud_point_over(&cloud->points[cloud->point_count - 1], run->plan->threshold_percent)
               : -1;
}

/* The points of the lines of one host, or of all: the empty host is the first. */
struct points {
    size_t count;
    double *vms, *memory, *cpu;
};

/* In rising order of VMs, as sums are fitted; VMs may also have ended. */
static void add_point(struct points *points, double vms, double memory, double cpu)
{
    size_t at = points->count++;

    for (; at > 0 && points->vms[at - 1] > vms; at--) {
        points->vms[at] = points->vms[at - 1];
        points->memory[at] = points->memory[at - 1];
        points->cpu[at] = points->cpu[at - 1];
    }
    points->vms[at] = vms;
    points->memory[at] = memory;
    points->cpu[at] = cpu;
}

static void fit(const struct points *points, struct slope *ret_memory, struct slope *ret_cpu)
{
    *ret_memory = stats_slope_of_sum(points->vms, points->memory, points->count);
    *ret_cpu = stats_slope(points->vms, points->cpu, points->count);
}

static void fit_host(struct result_host *host, struct points *points)
{
    points->count = 0;
    add_point(points, 0, 0, host->node.empty_cpu.mean);
    for (size_t i = 0; i < host->point_count; i++) {
        const struct result_host_point *point = &host->points[i];

        if (point->use_known)
            add_point(points, (double)point->vms, point->use.memory_taken.mean,
                      point->use.percent[RESOURCE_CPU].mean);
    }
    fit(points, &host->per_vm.memory_bytes, &host->per_vm.cpu_percent_of_host);
}

static void fit_cloud(struct result_cloud *cloud, struct points *points)
{
    points->count = 0;
    add_point(points, 0, 0, cloud->empty_cpu);
    for (size_t i = 0; i < cloud->point_count; i++) {
        const struct result_cloud_point *point = &cloud->points[i];

        /* Sums of fewer hosts are on another line. */
        if (point->hosts == cloud->hosts)
            add_point(points, (double)point->vms, point->memory_taken, point->percent[CLOUD_CPU]);
    }
    fit(points, &cloud->per_vm.memory_bytes, &cloud->per_vm.cpu_percent_of_cloud);
}

void run_fit_hosts(struct run *run)
{
    struct result *result = run->result;
    size_t room = result->cloud.point_count;

    if (!result->cloud_known)
        return;
    for (size_t i = 0; i < result->host_count; i++)
        if (result->hosts[i].point_count > room)
            room = result->hosts[i].point_count;
    double *numbers = calloc(3 * (room + 1), sizeof(*numbers));
    struct points points = {.vms = numbers, .memory = numbers + room + 1, .cpu = numbers + 2 * (room + 1)};

    if (!numbers)
        return;
    for (size_t i = 0; i < result->host_count; i++)
        if (result->hosts[i].node_known)
            fit_host(&result->hosts[i], &points);
    fit_cloud(&result->cloud, &points);
    free(numbers);
}
