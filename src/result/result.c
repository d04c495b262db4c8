/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "result/result.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void result_init(struct result *result)
{
    memset(result, 0, sizeof(*result));
}

void result_counters_release(struct result_counters *counters)
{
    for (size_t i = 0; i < counters->count; i++)
        free(counters->items[i].name);
    free(counters->items);
    *counters = (struct result_counters){0};
}

static void facts_release(struct result_facts *facts)
{
    for (size_t i = 0; i < facts->count; i++) {
        free(facts->items[i].name);
        free(facts->items[i].value);
    }
    free(facts->items);
}

void result_release(struct result *result)
{
    result_counters_release(&result->engine.counters);
    facts_release(&result->engine.versions);
    facts_release(&result->engine.options);
    facts_release(&result->engine.binaries);
    free(result->intervals);
    free(result->image.parts);
    for (size_t i = 0; i < result->host_count; i++)
        free(result->hosts[i].points);
    free(result->hosts);
    free(result->cloud.points);
    result_init(result);
}

/* Room for one more in an array of `count`: capacities are powers of two, so that none has to be stored. */
static int make_room(void **array, size_t count, size_t element_size)
{
    if (count & (count - 1))
        return 0;
    size_t capacity = count ? count * 2 : 1;
    void *moved = reallocarray(*array, capacity, element_size);
    if (!moved)
        return -ENOMEM;
    *array = moved;
    return 0;
}

struct result_interval *result_add_interval(struct result *result)
{
    void *intervals = result->intervals;
    if (make_room(&intervals, result->interval_count, sizeof(result->intervals[0])) < 0)
        return NULL;
    result->intervals = intervals;
    struct result_interval *interval = &result->intervals[result->interval_count++];
    memset(interval, 0, sizeof(*interval));
    return interval;
}

struct result_part *result_add_part(struct result *result)
{
    void *parts = result->image.parts;
    if (make_room(&parts, result->image.part_count, sizeof(result->image.parts[0])) < 0)
        return NULL;
    result->image.parts = parts;
    struct result_part *part = &result->image.parts[result->image.part_count++];
    memset(part, 0, sizeof(*part));
    return part;
}

struct result_host *result_add_host(struct result *result)
{
    void *hosts = result->hosts;
    if (make_room(&hosts, result->host_count, sizeof(result->hosts[0])) < 0)
        return NULL;
    result->hosts = hosts;
    struct result_host *host = &result->hosts[result->host_count++];
    *host = (struct result_host){.vcpus = NAN, .memory_bytes = NAN, .disk_bytes = NAN};
    return host;
}

struct result_host *result_host(struct result *result, const char *name)
{
    for (size_t i = 0; i < result->host_count; i++)
        if (strcmp(result->hosts[i].name, name) == 0)
            return &result->hosts[i];
    struct result_host *host = result_add_host(result);
    if (host)
        snprintf(host->name, sizeof(host->name), "%s", name);
    return host;
}

struct result_host_point *result_add_host_point(struct result_host *host)
{
    void *points = host->points;
    if (make_room(&points, host->point_count, sizeof(host->points[0])) < 0)
        return NULL;
    host->points = points;
    struct result_host_point *point = &host->points[host->point_count++];
    memset(point, 0, sizeof(*point));
    return point;
}

struct result_cloud_point *result_add_cloud_point(struct result_cloud *cloud)
{
    void *points = cloud->points;
    if (make_room(&points, cloud->point_count, sizeof(cloud->points[0])) < 0)
        return NULL;
    cloud->points = points;
    struct result_cloud_point *point = &cloud->points[cloud->point_count++];
    memset(point, 0, sizeof(*point));
    return point;
}

int result_facts_add(struct result_facts *facts, const char *name, const char *value)
{
    struct result_fact fact = {.name = strdup(name), .value = strdup(value)};
    if (!fact.name || !fact.value)
        goto no_memory;

    /* In the file a name stands once. */
    for (size_t i = 0; i < facts->count; i++) {
        if (strcmp(facts->items[i].name, name) == 0) {
            free(facts->items[i].name);
            free(facts->items[i].value);
            facts->items[i] = fact;
            return 0;
        }
    }
    void *items = facts->items;
    if (make_room(&items, facts->count, sizeof(facts->items[0])) < 0)
        goto no_memory;
    facts->items = items;
    facts->items[facts->count++] = fact;
    return 0;

no_memory:
    free(fact.name);
    free(fact.value);
    return -ENOMEM;
}

int result_counter_set(struct result_counters *counters, const char *name, double value)
{
    for (size_t i = 0; i < counters->count; i++) {
        if (strcmp(counters->items[i].name, name) == 0) {
            counters->items[i].value = value;
            return 0;
        }
    }
    struct result_counter counter = {.name = strdup(name), .value = value};
    void *items = counters->items;
    if (!counter.name || make_room(&items, counters->count, sizeof(counters->items[0])) < 0) {
        free(counter.name);
        return -ENOMEM;
    }
    counters->items = items;
    counters->items[counters->count++] = counter;
    return 0;
}

enum stop stop_of_resource(enum resource resource)
{
    static const enum stop stops[RESOURCE_COUNT] = {
        [RESOURCE_CPU] = STOP_CPU,         [RESOURCE_MEMORY] = STOP_MEMORY,
        [RESOURCE_SWAP] = STOP_SWAP,       [RESOURCE_PRESSURE] = STOP_PRESSURE,
        [RESOURCE_PIDS] = STOP_PIDS,       [RESOURCE_FILES] = STOP_FILES,
        [RESOURCE_MAPS] = STOP_MAPS,       [RESOURCE_DISK] = STOP_DISK,
        [RESOURCE_NETWORK] = STOP_NETWORK, [RESOURCE_SOCKETS] = STOP_SOCKETS,
        [RESOURCE_LATENCY] = STOP_LATENCY,
    };
    return stops[resource];
}
