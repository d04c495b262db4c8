/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Engine `openstack`: one server of an OpenStack cloud a VM. Scheduling is Nova's. What a run makes carries
 * its name: servers, image and flavor go with the population, and openstack_sweep.c removes what a killed one
 * left.
 */
#include "engine/openstack_population.h"

#include "base/clock.h"
#include "cloud/sweep.h"
#include "engine/engines.h"
#include "engine/openstack_sweep.h"

#include <errno.h>
#include <poll.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(name) offsetof(struct openstack_options, name)

static const char *const serials[] = {"console", "log", NULL};

static const struct option_spec openstack_option_specs[] = {
    {"cloud", OPTION_TEXT, "NAME", "an entry of clouds.yaml (default: $OS_CLOUD, or the variables OS_*)",
     FIELD(cloud), .fallback = NULL},
    {"flavor", OPTION_TEXT, "NAME",
     "the flavor of the servers (default: one of 1 vCPU, 1 MB and no disk, made for the run, which takes an "
     "administrator)",
     FIELD(flavor), .fallback = NULL},
    {"serial", OPTION_CHOICE, "HOW",
     "VMs are asked through Nova's serial console, or only their console's log is looked at for the "
     "readiness line",
     FIELD(serial), .fallback = "console", .choices = serials},
    {"batch", OPTION_COUNT, "N", "servers of one request to Nova, which boot at the same time", FIELD(batch),
     .fallback = "20", .least = 1, .most = 1000},
    {"parallel", OPTION_COUNT, "N", "requests under way at the same time", FIELD(parallel), .fallback = "4",
     .least = 1, .most = 64},
    {"boot-timeout", OPTION_DURATION, "TIME", "a server that is not ready by then has failed",
     FIELD(boot_timeout_ns), .fallback = "5m", .least = 0.1, .most = 86400},
    {"api-patience", OPTION_DURATION, "TIME",
     "how long a service that does not answer, or is overloaded, is tried again", FIELD(patience_ns),
     .fallback = "60s", .least = 0.1, .most = 86400},
};

static const struct engine *openstack_variant(const void *values)
{
    const struct openstack_options *options = values;

    return strcmp(options->serial, "log") == 0 ? &engine_openstack_log : &engine_openstack;
}

static int openstack_probe(const void *values, struct reason *reason)
{
    struct cloud *cloud = NULL;
    int error = openstack_login(values, &cloud, reason);

    cloud_close(cloud);
    return error;
}

static void openstack_needs(const void *values, struct host_needs *ret_needs)
{
    const struct openstack_options *options = values;

    /* Each thread has a connection to an API, one to a console, and the descriptors of its two clients. */
    *ret_needs = (struct host_needs){
        .tasks = {.once = 1 + options->parallel},
        .own_files = {.once = 4 + 8 * options->parallel},
        .files = {.once = 4 + 8 * options->parallel},
        .remark = "the servers are on the cloud's hosts: mvm scale tells how full they are",
    };
}

static int openstack_describe(const struct engine_setup *setup, struct result *result, struct reason *reason)
{
    const struct openstack_options *options = setup->options;
    char number[32];
    int error = result_facts_add(&result->engine.options, "serial", options->serial);

    (void)reason;
    if (!error)
        error = result_facts_add(&result->engine.options, "flavor",
                                 options->flavor ? options->flavor : "1 vCPU, 1 MB, no disk");
    snprintf(number, sizeof(number), "%llu", (unsigned long long)options->batch);
    if (!error)
        error = result_facts_add(&result->engine.options, "batch", number);
    snprintf(number, sizeof(number), "%llu", (unsigned long long)options->parallel);
    if (!error)
        error = result_facts_add(&result->engine.options, "parallel", number);
    return error;
}

/* Uploads the image, and finds or makes the flavor. A run of that name must not be there: its servers would
 * be taken for ours. */
static int prepare(struct openstack *openstack, struct http *http, struct reason *reason)
{
    const struct openstack_options *options = openstack->options;
    struct nova_server *servers;
    size_t count;
    int64_t date;
    int error = nova_list(openstack->cloud, http, openstack->run, 0, &servers, &count, &date, reason);

    if (error)
        return error;
    free(servers);
    if (count > 0)
        return reason_set(
            reason, EEXIST,
            "the cloud has %zu servers of a run named %s already; 'mvm stop --engine openstack --run %s' "
            "removes what a dead run has left",
            count, openstack->run, openstack->run);
    openstack->begun = true;
    error = glance_image(openstack->cloud, http, openstack->run, openstack->setup->image->bytes, IMAGE_SIZE,
                         openstack->image_id, reason);
    if (error)
        return error;
    if (options->flavor)
        return nova_flavor_find(openstack->cloud, http, options->flavor, openstack->flavor_id, reason);
    error = nova_flavor_make(openstack->cloud, http, openstack->run, openstack->flavor_id, reason);
    if (error == -EPERM)
        return reason_set(
            reason, EPERM,
            "only an administrator may make a flavor in this cloud; --flavor NAME takes one that is there");
    return error;
}

static int openstack_open(const struct engine_setup *setup, struct population **ret_population,
                          struct reason *reason)
{
    struct openstack *openstack = calloc(1, sizeof(*openstack));
    struct http *http = NULL;
    struct cloud_swept swept;
    struct process_mark maker;

    if (!openstack)
        return reason_set(reason, ENOMEM, "no memory for a population");
    openstack->timer = openstack->events = -1;
    openstack->options = setup->options;
    openstack->population.engine = openstack_variant(setup->options);
    openstack->setup = setup;
    openstack->finished_end = &openstack->finished;
    process_mark_self(&maker);
    process_mark_write(&maker, openstack->process);
    openstack->part = setup->one_of_several ? setup->seed : 0;
    snprintf(openstack->run, sizeof(openstack->run), "%s", setup->run_name ? setup->run_name : "");
    int error = openstack->run[0] ? 0
                                  : reason_set(reason, EINVAL,
                                               "a run on a cloud has to have a name, by which what it makes "
                                               "there is found again");

    if (!error)
        error = openstack_login(openstack->options, &openstack->cloud, reason);

    if (!error)
        error = cloud_client(openstack->cloud, &http, reason);
    if (!error) {
        error = prepare(openstack, http, reason);
        if (!error)
            error =
                crew_open(openstack->cloud, (unsigned)openstack->options->parallel, &openstack->crew, reason);
        if (!error)
            error = openstack_events_open(openstack, reason);
        if (error && openstack->begun)
            cloud_sweep(openstack->cloud, http, openstack->run, openstack->options->patience_ns, &swept,
                        NULL);
    }
    http_close(http);
    if (error) {
        openstack_events_close(openstack);
        crew_close(openstack->crew);
        cloud_close(openstack->cloud);
        free(openstack);
        return error;
    }
    *ret_population = &openstack->population;
    return 0;
}

static void openstack_counts(struct population *population, struct engine_counts *ret_counts)
{
    const struct openstack *openstack = (struct openstack *)population;

    *ret_counts = openstack->counts;
    ret_counts->last_failure = openstack->last_failure;
}

static bool openstack_is_running(struct population *population, uint64_t vm)
{
    const struct openstack *openstack = (struct openstack *)population;

    return vm < openstack->counts.started && openstack->servers[vm]->state == SERVER_RUNNING;
}

static size_t openstack_take_boot_times(struct population *population, double *ret_seconds, size_t room)
{
    struct openstack *openstack = (struct openstack *)population;
    size_t count = openstack->boot_count - openstack->boot_taken;

    if (count > room)
        count = room;
    if (count > 0)
        memcpy(ret_seconds, openstack->boot_seconds + openstack->boot_taken, count * sizeof(*ret_seconds));
    openstack->boot_taken += count;
    if (openstack->boot_taken == openstack->boot_count)
        openstack->boot_taken = openstack->boot_count = 0;
    return count;
}

static int openstack_descriptor(struct population *population)
{
    return ((struct openstack *)population)->events;
}

static void openstack_explain(struct population *population, uint64_t vm, char *ret_text, size_t room)
{
    const struct openstack *openstack = (struct openstack *)population;
    const char *why = vm < openstack->counts.started ? openstack->servers[vm]->why : NULL;

    snprintf(ret_text, room, "%s", why ? why : "");
}

static void openstack_ends(struct population *population, struct engine_ends *ret_ends)
{
    const struct openstack *openstack = (struct openstack *)population;

    for (uint64_t vm = 0; vm < openstack->counts.started; vm++)
        if (openstack->servers[vm]->why)
            engine_ends_add(ret_ends, openstack->servers[vm]->why, 1);
}

static uint64_t openstack_memory(struct population *population)
{
    (void)population;
    return 0;
}

static void openstack_wait(struct population *population, uint64_t until_ns)
{
    openstack_turn((struct openstack *)population, until_ns, NULL);
}

/* Calls off what is under way. */
static void drain(struct openstack *openstack)
{
    struct pollfd event = {.fd = crew_descriptor(openstack->crew), .events = POLLIN};
    struct crew_job *job;

    cloud_cancel(openstack->cloud, true);
    consoles_close(openstack->consoles);
    openstack->consoles = NULL;
    for (uint64_t vm = 0; vm < openstack->counts.started; vm++)
        openstack->servers[vm]->console = NULL;
    while (openstack->jobs > 0) {
        poll(&event, 1, -1);
        while ((job = crew_take(openstack->crew))) {
            openstack->jobs--;
            openstack_job_free((struct openstack_job *)job);
        }
    }
    openstack_events_close(openstack);
    crew_close(openstack->crew);
    openstack->crew = NULL;
    cloud_cancel(openstack->cloud, false);
}

static int openstack_clear(struct population *population, struct reason *reason)
{
    struct openstack *openstack = (struct openstack *)population;
    struct cloud_swept swept;
    struct reason words = {""};
    struct http *http = NULL;

    if (!openstack->crew)
        return 0;
    drain(openstack);
    int error = cloud_client(openstack->cloud, &http, &words);

    if (!error)
        error = cloud_sweep(openstack->cloud, http, openstack->run,
                            OPENSTACK_SWEEP_PATIENCES * openstack->options->patience_ns, &swept, &words);
    http_close(http);
    if (error == -EHOSTDOWN)
        reason_set(reason, EHOSTDOWN, "%s", words.text);
    else if (error)
        reason_set(reason, -error,
                   "the cloud may still have servers of the run %s (%.600s); 'mvm stop --engine openstack "
                   "--run %s' removes "
                   "them",
                   openstack->run, words.text, openstack->run);
    return error;
}

static void keep_node(void *node)
{
    (void)node;
}

static void openstack_close(struct population *population)
{
    struct openstack *openstack = (struct openstack *)population;

    if (!openstack)
        return;
    openstack_clear(population, NULL);
    tdestroy(openstack->by_id, keep_node);
    for (uint64_t vm = 0; vm < openstack->counts.started; vm++) {
        free(openstack->servers[vm]->why);
        free(openstack->servers[vm]);
    }
    free(openstack->servers);
    free(openstack->booting);
    free(openstack->boot_seconds);
    free(openstack->hosts);
    cloud_close(openstack->cloud);
    free(openstack);
}

#define COMMON                                                                                               \
    .name = "openstack", .summary = "one server of an OpenStack cloud a VM", .class_letter = 'A',            \
    .asks_at_once = 4, .options = openstack_option_specs,                                                    \
    .option_count = sizeof(openstack_option_specs) / sizeof(openstack_option_specs[0]),                      \
    .options_size = sizeof(struct openstack_options), .variant = openstack_variant,                          \
    .probe = openstack_probe, .needs = openstack_needs, .describe = openstack_describe,                      \
    .open = openstack_open, .grow = openstack_grow, .counts = openstack_counts,                              \
    .is_running = openstack_is_running, .take_boot_times = openstack_take_boot_times,                        \
    .descriptor = openstack_descriptor, .explain = openstack_explain, .ends = openstack_ends,                \
    .account = openstack_account, .hosts = openstack_hosts, .memory = openstack_memory,                      \
    .wait = openstack_wait, .sweep = openstack_sweep, .clear = openstack_clear, .close = openstack_close

const struct engine engine_openstack = {
    COMMON,
    .capabilities =
        ENGINE_BOOTS_IMAGES | ENGINE_ASKS | ENGINE_ANNOUNCES | ENGINE_HAS_PROCESSES | ENGINE_CONSOLES,
    .submit = openstack_submit,
    .reap = openstack_reap,
    .console_open = openstack_console_open,
    .console_state = openstack_console_state,
    .console_close = openstack_console_close,
    .console_read = openstack_console_read,
    .console_write = openstack_console_write,
};

const struct engine engine_openstack_log = {
    COMMON, .capabilities = ENGINE_BOOTS_IMAGES | ENGINE_ANNOUNCES | ENGINE_HAS_PROCESSES,
    .reap = openstack_reap, /* nothing, ever; who waits calls it all the same */
};
