/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What libvirt tells of domains, and of itself. */
#include "engine/libvirt_population.h"

#include "base/reason.h"
#include "base/thread.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* How often the loop is woken until a thread of it has ended. */
enum { WAKE_MS = 10 };

/* The populations of this process that are to be told of something. libvirt has one event loop, which the
 * threads of all of them want to run and one at a time does: what it calls of a population may be under way
 * on another's thread when that ends, or begin after it. */
static pthread_mutex_t listening = PTHREAD_MUTEX_INITIALIZER;
static struct libvirt_population *listeners;

static void listen_to(struct libvirt_population *population)
{
    pthread_mutex_lock(&listening);
    population->next_listener = listeners;
    listeners = population;
    pthread_mutex_unlock(&listening);
}

static void listen_no_more(struct libvirt_population *population)
{
    pthread_mutex_lock(&listening);
    for (struct libvirt_population **at = &listeners; *at; at = &(*at)->next_listener) {
        if (*at == population) {
            *at = population->next_listener;
            break;
        }
    }
    pthread_mutex_unlock(&listening);
}

/* With the lock. */
static bool listens(const struct libvirt_population *population)
{
    const struct libvirt_population *at = listeners;

    while (at && at != population)
        at = at->next_listener;
    return at != NULL;
}

void libvirt_tell(struct libvirt_population *population, enum libvirt_news_kind kind, uint64_t vm,
                  const char *why)
{
    struct libvirt_news *news = calloc(1, sizeof(*news));
    const uint64_t one = 1;

    if (!news)
        return; /* the VM is found out by its time, or its serial port */
    news->kind = kind;
    news->vm = vm;
    snprintf(news->why, sizeof(news->why), "%s", why);
    pthread_mutex_lock(&population->lock);
    *population->news_end = news;
    population->news_end = &news->next;
    pthread_mutex_unlock(&population->lock);
    if (write(population->wake, &one, sizeof(one)) < 0)
        return; /* it is readable already */
}

/* The VM of this run that has the name; false for what is another's. */
static bool vm_of_name(const struct libvirt_population *population, const char *name, uint64_t *ret_vm)
{
    char expected[LIBVIRT_NAME_ROOM];
    const char *number = strrchr(name, '-');

    if (!number || parse_count(number + 1, ret_vm) < 0)
        return false;
    libvirt_domain_name(&population->maker, *ret_vm, expected);
    return strcmp(expected, name) == 0;
}

static const char *stop_words(int detail)
{
    static const char *const words[] = {
        [VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN] = "shut itself down",
        [VIR_DOMAIN_EVENT_STOPPED_DESTROYED] = "was destroyed",
        [VIR_DOMAIN_EVENT_STOPPED_CRASHED] = "crashed",
        [VIR_DOMAIN_EVENT_STOPPED_MIGRATED] = "was migrated away",
        [VIR_DOMAIN_EVENT_STOPPED_SAVED] = "was saved",
        [VIR_DOMAIN_EVENT_STOPPED_FAILED] = "ended: its hypervisor failed or was killed",
    };

    return detail >= 0 && (size_t)detail < sizeof(words) / sizeof(words[0]) && words[detail] ? words[detail]
                                                                                             : "stopped";
}

static int on_lifecycle(virConnectPtr connection, virDomainPtr domain, int event, int detail, void *context)
{
    struct libvirt_population *population = context;
    uint64_t vm;

    (void)connection;
    if (event != VIR_DOMAIN_EVENT_STOPPED)
        return 0;
    pthread_mutex_lock(&listening);
    if (listens(population) && vm_of_name(population, virDomainGetName(domain), &vm))
        libvirt_tell(population, LIBVIRT_STOPPED, vm, stop_words(detail));
    pthread_mutex_unlock(&listening);
    return 0;
}

static void on_close(virConnectPtr connection, int reason, void *context)
{
    static const char *const words[] = {
        [VIR_CONNECT_CLOSE_REASON_ERROR] = "it failed",
        [VIR_CONNECT_CLOSE_REASON_EOF] = "the daemon ended, or closed it",
        [VIR_CONNECT_CLOSE_REASON_KEEPALIVE] = "the daemon did not answer for a minute",
    };

    (void)connection;
    if (reason < 0 || (size_t)reason >= sizeof(words) / sizeof(words[0]) || !words[reason])
        return;
    pthread_mutex_lock(&listening);
    if (listens(context))
        libvirt_tell(context, LIBVIRT_LOST, 0, words[reason]);
    pthread_mutex_unlock(&listening);
}

static bool loop_ends(struct libvirt_population *population)
{
    pthread_mutex_lock(&population->lock);
    bool ends = population->loop_ends;

    pthread_mutex_unlock(&population->lock);
    return ends;
}

static void *run_loop(void *context)
{
    while (!loop_ends(context))
        if (virEventRunDefaultImpl() < 0)
            break;
    return NULL;
}

/* A timer that has run out ends the loop's wait. */
static void on_timer(int timer, void *context)
{
    (void)timer;
    (void)context;
}

int libvirt_events_open(struct libvirt_population *population, struct reason *reason)
{
    virConnectPtr connection = population->connections[0];

    /* Another population's loop may run already, and hand on what comes from here on. */
    listen_to(population);
    population->callback =
        virConnectDomainEventRegisterAny(connection, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                         VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle), population, NULL);
    if (population->callback < 0) {
        libvirt_reason(reason, EIO, "libvirt does not tell of domains that end");
        listen_no_more(population);
        return -EIO;
    }
    /* Of drivers without a daemon there is nothing to tell, and some refuse. */
    virConnectRegisterCloseCallback(connection, on_close, population, NULL);
    if (population->streams)
        virConnectRegisterCloseCallback(population->connections[population->connection_count - 1], on_close,
                                        population, NULL);
    int error = thread_start(&population->loop, run_loop, population);

    if (error) {
        listen_no_more(population);
        return reason_errno(reason, error, "cannot start a thread");
    }
    population->loop_runs = true;
    return 0;
}

void libvirt_events_close(struct libvirt_population *population)
{
    virConnectPtr connection = population->connection_count > 0 ? population->connections[0] : NULL;

    listen_no_more(population);
    if (connection && population->callback >= 0) {
        virConnectDomainEventDeregisterAny(connection, population->callback);
        virConnectUnregisterCloseCallback(connection, on_close);
        if (libvirt_has_streams(population->options))
            virConnectUnregisterCloseCallback(population->connections[population->connection_count - 1],
                                              on_close);
    }
    /* Before the loop ends, which has a part in closing them. */
    for (size_t i = 0; i < population->connection_count; i++)
        virConnectClose(population->connections[i]);
    population->connection_count = 0;
    if (!population->loop_runs)
        return;
    pthread_mutex_lock(&population->lock);
    population->loop_ends = true;
    pthread_mutex_unlock(&population->lock);
    /* The thread that runs the loop hands it on after each round. One may be over before this one has come to
     * want it, and only another one hands it on: hence again and again. */
    int timer = virEventAddTimeout(WAKE_MS, on_timer, NULL, NULL);

    pthread_join(population->loop, NULL);
    if (timer >= 0)
        virEventRemoveTimeout(timer);
    population->loop_runs = false;
}
