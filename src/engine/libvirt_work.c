/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The workers: threads that wait for libvirt, so that the population's does not. */
#include "engine/libvirt_population.h"

#include "base/clock.h"
#include "base/reason.h"
#include "base/thread.h"
#include "engine/libvirt_stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { KEEPALIVE_SECONDS = 10, KEEPALIVE_COUNT = 6 };

static void free_job(struct libvirt_job *job)
{
    if (job->serial >= 0)
        close(job->serial);
    free(job);
}

int libvirt_work(struct libvirt_population *population, enum libvirt_job_kind kind, uint64_t vm,
                 const char *serial_path, int serial)
{
    struct libvirt_job *job = calloc(1, sizeof(*job));

    if (!job) {
        if (serial >= 0)
            close(serial);
        return -ENOMEM;
    }
    job->kind = kind;
    job->vm = vm;
    job->serial = serial;
    if (serial_path)
        snprintf(job->serial_path, sizeof(job->serial_path), "%s", serial_path);
    pthread_mutex_lock(&population->lock);
    *population->jobs_end = job;
    population->jobs_end = &job->next;
    pthread_cond_broadcast(&population->changed);
    pthread_mutex_unlock(&population->lock);
    return 0;
}

void libvirt_work_drop(struct libvirt_population *population)
{
    pthread_mutex_lock(&population->lock);
    struct libvirt_job *job = population->jobs;

    population->jobs = NULL;
    population->jobs_end = &population->jobs;
    pthread_mutex_unlock(&population->lock);
    while (job) {
        struct libvirt_job *next = job->next;

        free_job(job);
        job = next;
    }
}

bool libvirt_work_wait(struct libvirt_population *population, uint64_t patience_ns)
{
    uint64_t finished, end_ns = 0;
    int waited = 0;

    pthread_mutex_lock(&population->lock);
    finished = population->finished;
    while (population->workers_running > 0 && (population->jobs || population->busy > 0) &&
           waited != ETIMEDOUT) {
        if (end_ns == 0 || population->finished != finished)
            end_ns = clock_now_ns() + patience_ns;
        finished = population->finished;
        const struct timespec end = {.tv_sec = (time_t)(end_ns / NS_PER_SECOND),
                                     .tv_nsec = (long)(end_ns % NS_PER_SECOND)};

        waited = pthread_cond_clockwait(&population->changed, &population->lock, CLOCK_MONOTONIC, &end);
    }
    bool done = waited != ETIMEDOUT || (!population->jobs && population->busy == 0);

    pthread_mutex_unlock(&population->lock);
    return done;
}

/* Transient, and gone with the connection, should this process be killed, where the driver can do that. */
static virDomainPtr create(virConnectPtr connection, const char *xml, unsigned flags)
{
    virResetLastError();
    virDomainPtr made = virDomainCreateXML(connection, xml, flags | VIR_DOMAIN_START_AUTODESTROY);
    const virError *error = made ? NULL : virGetLastError();

    if (error && error->code == VIR_ERR_INVALID_ARG)
        made = virDomainCreateXML(connection, xml, flags);
    return made;
}

/* A VM whose serial port is a stream waits for that before its first instruction, so that nothing of what it
 * says is lost. */
static int begin(struct libvirt_population *population, virDomainPtr made, struct libvirt_job *job,
                 struct reason *reason)
{
    int error =
        libvirt_streams_join(population->streams, virDomainGetName(made), job->vm, job->serial, reason);

    job->serial = -1;
    if (!error && virDomainResume(made) < 0)
        error = libvirt_reason(reason, EIO, "could not be begun");
    return error;
}

static void make_domain(struct libvirt_population *population, virConnectPtr connection,
                        struct libvirt_job *job)
{
    const struct libvirt_domain domain = {
        .image_path = population->image_path,
        .serial_path = job->serial_path,
        .maker = &population->maker,
        .vm = job->vm,
    };
    char *xml = libvirt_domain_xml(population->options, population->template, &domain);
    struct reason reason = {"no memory for a domain's XML"};

    virDomainPtr made =
        xml ? create(connection, xml, population->streams ? VIR_DOMAIN_START_PAUSED : 0) : NULL;

    if (xml && !made)
        libvirt_reason(&reason, EIO, "could not be made");
    free(xml);
    bool runs = made && (!population->streams || begin(population, made, job, &reason) == 0);

    /* Told before what it is the reason of, so that no further VM is tried. */
    if (!runs && virConnectIsAlive(connection) == 0)
        libvirt_tell(population, LIBVIRT_LOST, 0, "the daemon ended, or closed it");
    libvirt_tell(population, runs ? LIBVIRT_MADE : LIBVIRT_REFUSED, job->vm, runs ? "" : reason.text);
    /* Ended when its own reason has been told, not that it was ended. */
    if (made && !runs && virDomainDestroy(made) < 0)
        libvirt_tell(population, LIBVIRT_MADE, job->vm, ""); /* and is to be ended with the others */
    if (made)
        virDomainFree(made);
}

int libvirt_end_domain(virConnectPtr connection, const struct libvirt_maker *maker, uint64_t vm,
                       struct reason *reason)
{
    char name[LIBVIRT_NAME_ROOM];

    libvirt_domain_name(maker, vm, name);
    virResetLastError();
    virDomainPtr domain = virDomainLookupByName(connection, name);
    int result = domain ? virDomainDestroy(domain) : -1;
    const virError *why = result < 0 ? virGetLastError() : NULL;
    int error = 0;

    /* A transient domain that stopped by itself is no more: not there, or not running. */
    if (result < 0 && !(why && (why->code == VIR_ERR_NO_DOMAIN || why->code == VIR_ERR_OPERATION_INVALID)))
        error = libvirt_reason(reason, EIO, "the domain %s could not be ended", name);
    if (domain)
        virDomainFree(domain);
    return error;
}

void libvirt_remove_image(struct libvirt_population *population, virConnectPtr connection)
{
    struct reason reason = {""};

    if (!population->image_there)
        return;
    int error = libvirt_image_remove(connection, population->options->pool, population->image_name, &reason);

    pthread_mutex_lock(&population->lock);
    population->image_there = error < 0;
    population->image_reason = reason;
    pthread_mutex_unlock(&population->lock);
}

static struct libvirt_job *take_job(struct libvirt_population *population)
{
    pthread_mutex_lock(&population->lock);
    while (!population->jobs && !population->stopping)
        pthread_cond_wait(&population->changed, &population->lock);
    struct libvirt_job *job = population->jobs;

    if (job) {
        population->jobs = job->next;
        if (!population->jobs)
            population->jobs_end = &population->jobs;
        population->busy++;
    }
    pthread_mutex_unlock(&population->lock);
    return job;
}

static void do_job(struct libvirt_population *population, virConnectPtr connection, struct libvirt_job *job)
{
    switch (job->kind) {
    case LIBVIRT_MAKE:
        make_domain(population, connection, job);
        break;
    case LIBVIRT_END:
        if (libvirt_end_domain(connection, &population->maker, job->vm, NULL) == 0)
            libvirt_tell(population, LIBVIRT_STOPPED, job->vm, "was ended");
        break;
    case LIBVIRT_REMOVE_IMAGE:
        libvirt_remove_image(population, connection);
        break;
    }
}

struct worker_start {
    struct libvirt_population *population;
    virConnectPtr connection;
};

static void *work(void *context)
{
    struct worker_start start = *(struct worker_start *)context;
    struct libvirt_population *population = start.population;
    struct libvirt_job *job;

    free(context);
    while ((job = take_job(population))) {
        do_job(population, start.connection, job);
        free_job(job);
        pthread_mutex_lock(&population->lock);
        population->busy--;
        population->finished++;
        pthread_cond_broadcast(&population->changed);
        pthread_mutex_unlock(&population->lock);
    }
    return NULL;
}

static int connect_more(struct libvirt_population *population, struct reason *reason)
{
    virConnectPtr connection;
    int error = libvirt_connect(population->options->uri, &connection, reason);

    if (error)
        return error;
    population->connections[population->connection_count++] = connection;
    return 0;
}

static int start_worker(struct libvirt_population *population, struct reason *reason)
{
    struct worker_start *start = malloc(sizeof(*start));

    if (!start)
        return reason_set(reason, ENOMEM, "no memory for a population");
    *start = (struct worker_start){
        .population = population,
        .connection = population->connections[1 + population->workers_running / LIBVIRT_CONNECTION_WORKERS],
    };
    int error = thread_start(&population->workers[population->workers_running], work, start);

    if (error) {
        free(start);
        return reason_errno(reason, error, "cannot start a thread");
    }
    population->workers_running++;
    return 0;
}

int libvirt_workers_open(struct libvirt_population *population, uint64_t wanted, struct reason *reason)
{
    size_t count = wanted < LIBVIRT_WORKERS_MOST ? (size_t)wanted : LIBVIRT_WORKERS_MOST;
    size_t streams = libvirt_has_streams(population->options);
    size_t connections = 1 + (count + LIBVIRT_CONNECTION_WORKERS - 1) / LIBVIRT_CONNECTION_WORKERS + streams;
    virConnectPtr *grown = realloc(population->connections, connections * sizeof(*grown));
    int error = 0;

    population->connections = grown ? grown : population->connections;
    population->workers = calloc(count, sizeof(*population->workers));
    if (!grown || !population->workers)
        return reason_set(reason, ENOMEM, "no memory for a population");
    while (!error && population->connection_count < connections)
        error = connect_more(population, reason);
    /* Drivers without a daemon have none. */
    virConnectSetKeepAlive(population->connections[0], KEEPALIVE_SECONDS, KEEPALIVE_COUNT);
    if (!error && streams)
        error = libvirt_streams_open(population, population->connections[connections - 1],
                                     &population->streams, reason);
    while (!error && population->workers_running < count)
        error = start_worker(population, reason);
    return error;
}

void libvirt_workers_close(struct libvirt_population *population)
{
    libvirt_work_drop(population);
    pthread_mutex_lock(&population->lock);
    population->stopping = true;
    pthread_cond_broadcast(&population->changed);
    pthread_mutex_unlock(&population->lock);
    for (size_t i = 0; i < population->workers_running; i++)
        pthread_join(population->workers[i], NULL);
    population->workers_running = 0;
    free(population->workers);
    population->workers = NULL;
}
