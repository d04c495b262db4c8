/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a population asks of libvirt, and hears from it; on the population's thread. */
#include "engine/libvirt_population.h"

#include "base/reason.h"
#include "engine/libvirt_stream.h"
#include "engine/process_population.h"
#include "host/procfile.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* To a daemon that was lost, at the end; without it VMs are ended all the same. */
#define LAST_PATIENCE_NS (10 * NS_PER_SECOND)

static int make_room(struct libvirt_population *population, uint64_t vm)
{
    if (vm < population->made_room)
        return 0;
    size_t wanted = population->made_room ? population->made_room * 2 : 256;
    uint8_t *grown = realloc(population->made, wanted);

    if (!grown)
        return -ENOMEM;
    memset(grown + population->made_room, 0, wanted - population->made_room);
    population->made = grown;
    population->made_room = wanted;
    return 0;
}

static int outside_start(void *context, uint64_t vm, const char *serial_path, int serial,
                         struct reason *reason)
{
    struct libvirt_population *population = context;
    int error = 0;

    if (population->lost)
        error = reason_set(reason, ENOTCONN, "the connection to libvirt is lost: %s", population->lost_why);
    else if (make_room(population, vm) < 0)
        error = reason_set(reason, ENOMEM, "no memory to start another VM");
    if (error) {
        if (serial >= 0)
            close(serial);
        return error;
    }
    error = libvirt_work(population, LIBVIRT_MAKE, vm, serial_path, serial);
    return error ? reason_set(reason, -error, "no memory to start another VM") : 0;
}

/* Whether the process is the hypervisor of that domain, which has its name on its command line. */
static bool runs_domain(pid_t pid, const char *name)
{
    char path[64], text[8192];
    const size_t length = strlen(name);
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
    file = fopen(path, "re");
    if (!file)
        return false;
    size_t got = fread(text, 1, sizeof(text) - 1, file);

    fclose(file);
    for (const char *at = text; (at = memmem(at, (size_t)(text + got - at), name, length)); at++) {
        size_t end = (size_t)(at - text) + length;

        if (end == got || text[end] == '\0' || text[end] == ',')
            return true;
    }
    return false;
}

/* Where there is no libvirt any more, its VMs can be ended all the same: who connected to a serial port, and
 * has the domain's name, is a VM of ours. */
static bool kill_peer(struct libvirt_population *population, struct processes *processes, uint64_t vm)
{
    struct vm *machine = &processes->vms[vm];
    char name[LIBVIRT_NAME_ROOM];

    libvirt_domain_name(&population->maker, vm, name);
    return machine->peer > 1 && runs_domain(machine->peer, name) && kill(machine->peer, SIGKILL) == 0;
}

static void outside_end(void *context, struct processes *processes, uint64_t vm)
{
    struct libvirt_population *population = context;

    /* One that is only being made is ended when that is told. Without memory it is ended with the others. */
    if (population->lost)
        kill_peer(population, processes, vm);
    else if (population->made[vm])
        libvirt_work(population, LIBVIRT_END, vm, NULL, -1);
}

static int outside_descriptor(void *context)
{
    return ((struct libvirt_population *)context)->wake;
}

static struct libvirt_news *take_news(struct libvirt_population *population)
{
    uint64_t count;

    if (read(population->wake, &count, sizeof(count)) < 0)
        count = 0;
    pthread_mutex_lock(&population->lock);
    struct libvirt_news *news = population->news;

    population->news = NULL;
    population->news_end = &population->news;
    pthread_mutex_unlock(&population->lock);
    return news;
}

static void hear_made(struct libvirt_population *population, struct processes *processes, uint64_t vm)
{
    population->made[vm] = true;
    if (processes->vms[vm].state == VM_FAILED)
        outside_end(population, processes, vm);
    else if (processes->plan.door == SERIAL_NONE && processes->vms[vm].state == VM_BOOTING)
        process_ready(processes, vm);
    else
        process_outside_made(processes, vm);
}

/* A daemon that was killed while it made a domain leaves a hypervisor that nobody knows. */
static void hear_refused(struct libvirt_population *population, struct processes *processes, uint64_t vm,
                         const char *why)
{
    process_accept_waiting(processes, vm);
    /* One that was ready before the daemon could say that it was made goes on as others do. */
    if (population->lost && processes->vms[vm].state == VM_RUNNING) {
        population->made[vm] = true;
        return;
    }
    process_fail(processes, vm, why);
    kill_peer(population, processes, vm);
}

/* Serial ports go with the connection that has their streams. */
static void lose_all(struct libvirt_population *population, struct processes *processes)
{
    for (uint64_t vm = 0; vm < processes->counts.started; vm++)
        process_fail(processes, vm, "cannot be reached any more: the connection to libvirt is lost");
    snprintf(
        processes->last_failure, sizeof(processes->last_failure),
        "the connection to libvirt is lost (%.200s), and with it all VMs, whose serial ports are streams "
        "of it",
        population->lost_why);
}

static void hear_lost(struct libvirt_population *population, struct processes *processes, const char *why)
{
    if (population->lost)
        return;
    population->lost = true;
    processes->outside_is_deaf = true;
    snprintf(population->lost_why, sizeof(population->lost_why), "%s", why);
    if (population->streams) {
        lose_all(population, processes);
        return;
    }
    snprintf(processes->last_failure, sizeof(processes->last_failure),
             "the connection to libvirt is lost (%.200s); VMs that run go on, and no more can be started",
             why);
}

static void outside_events(void *context, struct processes *processes)
{
    struct libvirt_population *population = context;
    struct libvirt_news *news = take_news(population);

    while (news) {
        struct libvirt_news *next = news->next;
        bool known = news->vm < processes->counts.started;

        switch (news->kind) {
        case LIBVIRT_MADE:
            if (known)
                hear_made(population, processes, news->vm);
            break;
        case LIBVIRT_REFUSED:
            if (known)
                hear_refused(population, processes, news->vm, news->why);
            break;
        case LIBVIRT_STOPPED:
            if (known) {
                population->made[news->vm] = false;
                process_fail(processes, news->vm, news->why);
            }
            break;
        case LIBVIRT_CUT:
            if (known)
                process_fail(processes, news->vm, news->why);
            break;
        case LIBVIRT_LOST:
            hear_lost(population, processes, news->why);
            break;
        }
        free(news);
        news = next;
    }
}

/* Of those that there are, tells why the first one could not be ended. The image goes last. */
static void end_without_workers(struct libvirt_population *population, struct processes *processes,
                                struct reason *reason)
{
    virConnectPtr connection = NULL;
    uint64_t first = 0;

    while (first < processes->counts.started && !population->made[first])
        first++;
    if (first == processes->counts.started && !population->image_there)
        return;

    /* A daemon may be back, or is started by being wanted, and has taken up its domains again. */
    if (libvirt_connect_within(population->options->uri, LAST_PATIENCE_NS, &connection, reason) < 0)
        connection = NULL;
    for (uint64_t vm = first; vm < processes->counts.started; vm++) {
        struct reason *why = connection && reason && !reason->text[0] ? reason : NULL;

        if (population->made[vm] &&
            ((connection && libvirt_end_domain(connection, &population->maker, vm, why) == 0) ||
             kill_peer(population, processes, vm)))
            population->made[vm] = false;
    }
    if (connection) {
        libvirt_remove_image(population, connection);
        virConnectClose(connection);
    } else if (population->image_there) {
        population->image_reason = reason ? *reason : population->image_reason;
    }
}

/* All that there are, by the workers. */
static bool end_with_workers(struct libvirt_population *population, struct processes *processes)
{
    uint64_t patience_ns = population->lost ? LAST_PATIENCE_NS : LIBVIRT_PATIENCE_NS;

    libvirt_work_drop(population);
    if (!libvirt_work_wait(population, patience_ns))
        return false;
    outside_events(population, processes);
    for (uint64_t vm = 0; !population->lost && vm < processes->counts.started; vm++)
        if (population->made[vm])
            libvirt_work(population, LIBVIRT_END, vm, NULL, -1);
    bool done = libvirt_work_wait(population, patience_ns);

    /* When no VM has it any more. */
    if (done && !population->lost && population->image_there) {
        libvirt_work(population, LIBVIRT_REMOVE_IMAGE, 0, NULL, -1);
        done = libvirt_work_wait(population, patience_ns);
    }
    outside_events(population, processes);
    return done;
}

static void end_all(struct libvirt_population *population, struct processes *processes, struct reason *reason)
{
    population->stuck = population->workers_running > 0 && !end_with_workers(population, processes);
    end_without_workers(population, processes, reason);
    population->ended = true;
    if (population->stuck)
        return;
    libvirt_workers_close(population);
    /* A thread that waits in vain for a daemon keeps all that it may still use. */
    population->stuck = population->streams && !libvirt_streams_close(population->streams, LAST_PATIENCE_NS);
    if (population->stuck)
        return;
    population->streams = NULL;
    libvirt_events_close(population);
}

static void outside_close(void *context, struct processes *processes)
{
    struct libvirt_population *population = context;

    if (!population->ended)
        end_all(population, processes, NULL);
}

int libvirt_clear(struct population *values, struct reason *reason)
{
    struct processes *processes = (struct processes *)values;
    struct libvirt_population *population = processes->plan.context;
    struct reason why = {""};
    char what[64] = "the image";
    uint64_t left = 0;

    end_all(population, processes, &why);
    for (uint64_t vm = 0; vm < processes->counts.started; vm++)
        left += population->made[vm];
    if (left == 0 && !population->image_there)
        return 0;
    if (left > 0)
        snprintf(what, sizeof(what), "%llu domain%s%s", (unsigned long long)left, left == 1 ? "" : "s",
                 population->image_there ? " and the image" : "");
    return reason_set(reason, EIO,
                      "%s of the run %s may be left at %.200s (%.400s); 'mvm stop --engine libvirt "
                      "--uri %.200s --run %s' ends them",
                      what, population->maker.run, population->options->uri,
                      left > 0 ? why.text : population->image_reason.text, population->options->uri,
                      population->maker.run);
}

const struct process_outside libvirt_outside = {
    .start = outside_start,
    .end = outside_end,
    .descriptor = outside_descriptor,
    .events = outside_events,
    .close = outside_close,
};
