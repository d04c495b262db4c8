/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Other hosts read beside this one: who they are, and their samples. */
#include "study/scale_nodes.h"

#include "base/clock.h"
#include "node/nodes.h"
#include "study/scale_run.h"
#include "study/stats.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Between two looks at what has come. */
#define LOOK_NS (20 * NS_PER_MILLISECOND)

#define QUIET_CPU_POINTS   2.0
#define QUIET_MEMORY_SHARE 0.001

/* A host that is read. */
struct place {
    char name[RESULT_TEXT], url[NODE_URL_ROOM];
    struct host_limits limits;
    struct host_baseline baseline;
    struct host_reading before; /* of this set of samples */
    bool before_known;
    struct host_usage *usages; /* of this set, room for plan->samples */
    unsigned count;
    uint64_t missed;
    char unknown[REASON_ROOM]; /* why the latest reading is not there; "": it is */
    bool use_known;
    struct result_use use; /* of the latest whole set */

    /* While quiet is waited for. */
    struct host_reading quiet_before;
    double quiet_cpu, quiet_memory; /* CPU negative: not known */
};

struct run_nodes {
    struct nodes *nodes;
    struct samples *file;
    struct place *places;
    size_t count;
    unsigned asked; /* questions of this set, behind the first */
    double *room;   /* for plan->samples figures */
};

/* Until all have answered or are given up. False: the guard said stop. */
static bool wait_for_all(struct run *run)
{
    while (nodes_waiting(run->nodes->nodes) > 0)
        if (!run_wait(run, clock_now_ns() + LOOK_NS))
            return false;
    return true;
}

static int add_place(struct run *run, const char *name, struct reason *reason)
{
    struct run_nodes *nodes = run->nodes;
    struct node_address address;
    int error = node_words_address(run->plan->node_words, run->plan->node_word_count, name, &address, reason);

    if (error == -ENOENT)
        return 0; /* single hosts were named, and this is none of them */
    if (!error)
        error = nodes_add(nodes->nodes, &address, reason);
    if (error < 0)
        return error;
    struct place *grown = reallocarray(nodes->places, nodes->count + 1, sizeof(*grown));
    struct place *place = grown ? &grown[nodes->count] : NULL;

    nodes->places = grown ? grown : nodes->places;
    if (!place)
        return reason_set(reason, ENOMEM, "no memory for a list of hosts");
    *place = (struct place){.usages = calloc(run->plan->samples, sizeof(*place->usages))};
    snprintf(place->name, sizeof(place->name), "%s", name);
    snprintf(place->url, sizeof(place->url), "%s", address.url);
    nodes->count++;
    return place->usages ? 0 : reason_set(reason, ENOMEM, "no memory for the samples of a host");
}

/* Every host that was named is one. */
static int check_names(const struct run *run, const struct engine_host *hosts, size_t count,
                       struct reason *reason)
{
    for (size_t w = 0; w < run->plan->node_word_count; w++) {
        char room[NODE_NAME_ROOM], told[200] = "";
        const char *name = node_word_name(run->plan->node_words[w], room);
        bool found = !name;
        size_t length = 0;

        for (size_t i = 0; name && i < count; i++) {
            found |= strcmp(hosts[i].name, name) == 0;
            if (length < sizeof(told))
                length += (size_t)snprintf(told + length, sizeof(told) - length, "%s%.60s", i ? ", " : "",
                                           hosts[i].name);
        }
        if (!found)
            return reason_set(
                reason, EINVAL,
                "--node-metrics names the host %.100s, which is not one of those that the engine "
                "tells of: %s",
                name, count ? told : "none");
    }
    return 0;
}

static int add_places(struct run *run, struct reason *reason)
{
    struct engine_host *hosts = NULL;
    size_t count = 0;
    int error = run->plan->engine->hosts(run->population, &run->watch, &hosts, &count, reason);

    if (!error)
        error = check_names(run, hosts, count, reason);
    for (size_t i = 0; !error && i < count; i++)
        error = add_place(run, hosts[i].name, reason);
    free(hosts);
    if (!error && run->nodes->count == 0)
        error = reason_set(reason, ENODATA,
                           "--node-metrics: the engine %s tells of no host before there are VMs; a cloud may "
                           "show its hosts to administrators only",
                           run->plan->engine->name);
    return error;
}

/* Every host has answered once, or the first that has not is told. */
static int read_once(struct run *run, struct reason *reason)
{
    struct run_nodes *nodes = run->nodes;

    nodes_ask(nodes->nodes);
    if (!wait_for_all(run))
        return reason_set(reason, ECANCELED, "%s", run->guard.why);
    for (size_t i = 0; i < nodes->count; i++) {
        struct host_reading reading;
        struct reason why = {""};
        int got = nodes_take(nodes->nodes, i, &reading, &why);

        if (got < 0)
            return reason_set(reason, -got, "the host %.100s cannot be read: %.800s", nodes->places[i].name,
                              why.text);
        nodes_limits(nodes->nodes, i, &nodes->places[i].limits);
    }
    return 0;
}

int run_find_nodes(struct run *run, struct reason *reason)
{
    if (run->plan->node_word_count == 0 || run->nodes)
        return 0;
    run->nodes = calloc(1, sizeof(*run->nodes));
    if (!run->nodes)
        return reason_set(reason, ENOMEM, "no memory for readers of other hosts");
    run->nodes->room = calloc(run->plan->samples, sizeof(double));
    int error = run->nodes->room ? nodes_open(&run->nodes->nodes, reason)
                                 : reason_set(reason, ENOMEM, "no memory for the samples");

    if (!error)
        error = add_places(run, reason);
    if (!error)
        error = nodes_start(run->nodes->nodes, reason);
    if (!error)
        error = read_once(run, reason);
    if (!error)
        error = samples_open_hosts(&run->nodes->file, run->plan->directory, reason);
    return error;
}

void run_close_nodes(struct run *run)
{
    if (!run->nodes)
        return;
    nodes_close(run->nodes->nodes);
    samples_close(run->nodes->file);
    for (size_t i = 0; i < run->nodes->count; i++)
        free(run->nodes->places[i].usages);
    free(run->nodes->places);
    free(run->nodes->room);
    free(run->nodes);
    run->nodes = NULL;
}

int run_save_nodes(struct run *run, struct reason *reason)
{
    return run->nodes && run->nodes->file ? samples_flush(run->nodes->file, reason) : 0;
}

static void note_missing(struct place *place, const char *why)
{
    snprintf(place->unknown, sizeof(place->unknown), "%s", why);
}

static int take_reading(struct run *run, struct place *place, const struct host_reading *reading,
                        unsigned interval_index, uint64_t vms)
{
    struct host_usage usage;

    place->unknown[0] = '\0';
    if (place->before_known && place->count < run->plan->samples) {
        /* The share of a run is one of the host that it is started on. */
        host_usage(&place->before, reading, &place->limits, &place->baseline, NULL, &usage);
        place->usages[place->count++] = usage;
        if (samples_add_host(run->nodes->file, interval_index, vms, place->name, reading, &usage) < 0)
            return -ENOMEM;
    }
    place->before = *reading;
    place->before_known = true;
    return 0;
}

/* Takes what has come. */
static int collect(struct run *run, unsigned interval_index, uint64_t vms, struct reason *reason)
{
    for (size_t i = 0; i < run->nodes->count; i++) {
        struct host_reading reading;
        struct reason why = {""};
        int got = nodes_take(run->nodes->nodes, i, &reading, &why);

        if (got < 0)
            note_missing(&run->nodes->places[i], why.text);
        else if (got > 0 && take_reading(run, &run->nodes->places[i], &reading, interval_index, vms) < 0)
            return reason_set(reason, ENOMEM, "no memory for the samples");
    }
    return 0;
}

/* Of a host of which it is not known what it uses without VMs, nothing later says what these take. */
static int unread_empty(const struct place *place, struct reason *reason)
{
    return reason_set(reason, ENODATA, "the host %.100s could not be read before the first VM: %.700s",
                      place->name, place->unknown);
}

int run_nodes_begin(struct run *run, bool empty, struct reason *reason)
{
    if (!run->nodes)
        return 0;
    for (size_t i = 0; i < run->nodes->count; i++) {
        run->nodes->places[i].before_known = false;
        run->nodes->places[i].count = 0;
        run->nodes->places[i].quiet_before.at_ns = 0;
    }
    run->nodes->asked = 0;
    wait_for_all(run); /* what belongs to an earlier question is not of this set */
    nodes_ask(run->nodes->nodes);
    if (!wait_for_all(run))
        return reason_set(reason, ECANCELED, "%s", run->guard.why);
    int error = collect(run, 0, 0, reason);

    for (size_t i = 0; !error && empty && i < run->nodes->count; i++) {
        struct place *place = &run->nodes->places[i];

        if (!place->before_known)
            return unread_empty(place, reason);
        place->baseline.reading = place->before;
    }
    return error;
}

int run_nodes_sample(struct run *run, unsigned interval_index, uint64_t vms, struct reason *reason)
{
    if (!run->nodes)
        return 0;
    int error = collect(run, interval_index, vms, reason);

    run->nodes->asked++;
    nodes_ask(run->nodes->nodes);
    return error;
}

static struct statistic column(struct run_nodes *nodes, const struct place *place, size_t offset)
{
    for (unsigned i = 0; i < place->count; i++)
        nodes->room[i] = *(const double *)(const void *)((const char *)&place->usages[i] + offset);
    return stats_mean(nodes->room, place->count);
}

static void summarize(struct run_nodes *nodes, struct place *place)
{
    place->use_known = place->count > 0;
    place->use = (struct result_use){.known = {false}};
    for (unsigned r = 0; place->use_known && r < RESOURCE_COUNT; r++) {
        place->use.known[r] = place->usages[0].known[r];
        place->use.percent[r] =
            column(nodes, place, offsetof(struct host_usage, percent) + r * sizeof(double));
    }
    place->use.cpu_steal = column(nodes, place, offsetof(struct host_usage, cpu_steal));
    place->use.memory_taken = column(nodes, place, offsetof(struct host_usage, memory_taken_bytes));
    place->use.psi_cpu_some = column(nodes, place, offsetof(struct host_usage, psi_cpu_some));
}

/* What a host has and used without VMs, into the result. */
static int note_empty(struct run *run, struct place *place)
{
    struct result_host *host = result_host(run->result, place->name);

    if (!host)
        return -ENOMEM;
    place->baseline.cpu_busy = place->use.percent[RESOURCE_CPU].mean;
    host->node_known = true;
    host->node = (struct result_node){
        .cpus = place->limits.cpus,
        .memory_bytes = place->limits.memory_total,
        .swap_bytes = place->limits.swap_total,
        .empty_cpu = place->use.percent[RESOURCE_CPU],
        .empty_memory_available = host_memory_available(&place->baseline.reading.memory),
    };
    snprintf(host->node.source, sizeof(host->node.source), "%s", place->url);
    return 0;
}

static int note_empty_hosts(struct run *run, struct reason *reason)
{
    struct result_cloud *cloud = &run->result->cloud;
    double busy = 0;

    cloud->hosts = cloud->cpus = 0;
    cloud->memory_bytes = 0;
    for (size_t i = 0; i < run->nodes->count; i++) {
        struct place *place = &run->nodes->places[i];

        if (!place->use_known)
            return unread_empty(place, reason);
        if (note_empty(run, place) < 0)
            return reason_set(reason, ENOMEM, "no memory for a list of hosts");
        cloud->hosts++;
        cloud->cpus += place->limits.cpus;
        cloud->memory_bytes += place->limits.memory_total;
        busy += place->baseline.cpu_busy * place->limits.cpus;
    }
    cloud->empty_cpu = cloud->cpus ? busy / cloud->cpus : 0;
    run->result->cloud_known = true;
    return 0;
}

int run_nodes_end(struct run *run, unsigned interval_index, uint64_t vms, bool empty, struct reason *reason)
{
    if (!run->nodes)
        return 0;
    wait_for_all(run);
    int error = collect(run, interval_index, vms, reason);

    for (size_t i = 0; i < run->nodes->count; i++) {
        struct place *place = &run->nodes->places[i];

        if (place->count < run->nodes->asked)
            place->missed += run->nodes->asked - place->count;
        summarize(run->nodes, place);
    }
    if (!error && empty)
        error = note_empty_hosts(run, reason);
    return error;
}

static bool is_quiet(struct place *place, const struct host_reading *reading)
{
    struct host_usage usage;
    bool quiet = false;

    if (place->quiet_before.at_ns > 0) {
        host_usage(&place->quiet_before, reading, &place->limits, &place->baseline, NULL, &usage);
        quiet = place->quiet_cpu >= 0 && fabs(usage.cpu_busy - place->quiet_cpu) <= QUIET_CPU_POINTS &&
                fabs(usage.memory_taken_bytes - place->quiet_memory) <=
                    QUIET_MEMORY_SHARE * (double)place->limits.memory_total;
        place->quiet_cpu = usage.cpu_busy;
        place->quiet_memory = usage.memory_taken_bytes;
    } else {
        place->quiet_cpu = -1;
    }
    place->quiet_before = *reading;
    return quiet;
}

bool run_nodes_quiet(struct run *run)
{
    bool quiet = true;

    for (size_t i = 0; run->nodes && i < run->nodes->count; i++) {
        struct host_reading reading;
        struct reason why;
        int got = nodes_take(run->nodes->nodes, i, &reading, &why);

        /* One that is not heard of is not waited for: it will have no samples. */
        if (got > 0)
            quiet &= is_quiet(&run->nodes->places[i], &reading);
        else if (got < 0)
            note_missing(&run->nodes->places[i], why.text);
    }
    if (run->nodes)
        nodes_ask(run->nodes->nodes);
    return quiet;
}

static struct place *find(const struct run *run, const char *name)
{
    for (size_t i = 0; run->nodes && i < run->nodes->count; i++)
        if (strcmp(run->nodes->places[i].name, name) == 0)
            return &run->nodes->places[i];
    return NULL;
}

static void note_first_used(struct run *run, const struct result_host *host,
                            const struct result_host_point *point)
{
    for (unsigned r = 0; r < RESOURCE_COUNT; r++) {
        double percent = point->use.percent[r].mean;

        if (point->use.known[r] && percent > run->plan->threshold_percent)
            run_note_first(&run->result->first_host_used, host, point, r, percent);
    }
}

void run_note_use(struct run *run, struct result_host *host, struct result_host_point *point)
{
    const struct place *place = find(run, host->name);

    if (!place) {
        if (run->nodes)
            snprintf(host->unknown, sizeof(host->unknown), "%s",
                     "--node-metrics does not name it, or it was not there before the first VM");
        return;
    }
    snprintf(host->unknown, sizeof(host->unknown), "%s", place->unknown);
    host->node.missed = place->missed;
    point->use_known = place->use_known;
    point->use = place->use;
    if (point->use_known)
        note_first_used(run, host, point);
}

/* Sums of the latest set of samples. */
static struct result_cloud_point sum_up(const struct run *run)
{
    struct result_cloud_point point = {.hosts = 0};
    double used[CLOUD_SHARES] = {0}, whole[CLOUD_SHARES] = {0};
    static const enum resource resources[CLOUD_SHARES] = {
        [CLOUD_CPU] = RESOURCE_CPU, [CLOUD_MEMORY] = RESOURCE_MEMORY, [CLOUD_SWAP] = RESOURCE_SWAP};

    for (size_t i = 0; i < run->nodes->count; i++) {
        const struct place *place = &run->nodes->places[i];
        const double has[CLOUD_SHARES] = {[CLOUD_CPU] = place->limits.cpus,
                                          [CLOUD_MEMORY] = (double)place->limits.memory_total,
                                          [CLOUD_SWAP] = (double)place->limits.swap_total};

        if (!place->use_known)
            continue;
        point.hosts++;
        point.memory_taken += place->use.memory_taken.mean;
        for (unsigned s = 0; s < CLOUD_SHARES; s++) {
            used[s] += place->use.percent[resources[s]].mean * has[s];
            whole[s] += has[s];
        }
    }
    for (unsigned s = 0; s < CLOUD_SHARES; s++)
        point.percent[s] = whole[s] > 0 ? used[s] / whole[s] : NAN;
    if (point.hosts == 0)
        point.memory_taken = NAN;
    return point;
}

bool run_nodes_over(const struct run *run)
{
    if (!run->nodes)
        return false;
    const struct result_cloud_point point = sum_up(run);

    return cloud_point_over(&point, run->plan->threshold_percent) >= 0;
}

int run_note_cloud(struct run *run, uint64_t vms)
{
    struct result_cloud_point *point = run->nodes ? result_add_cloud_point(&run->result->cloud) : NULL;

    if (!run->nodes)
        return 0;
    if (!point)
        return -ENOMEM;
    *point = sum_up(run);
    point->vms = vms;
    return 0;
}
