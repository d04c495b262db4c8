/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connecting. virConnectOpen() waits without an end for a daemon that has stopped answering, and cannot be
 * called off, so a thread of its own does it. */
#include "engine/libvirt_host.h"

#include "base/clock.h"
#include "base/reason.h"
#include "base/thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Shared by the caller and the thread; the last of them frees it. */
struct attempt {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char *uri;
    bool done, abandoned;
    virConnectPtr connection;
    int error;
    struct reason reason;
};

/* What libvirt has to say is returned to the caller; by itself it would print it. */
static void say_nothing(void *context, virErrorPtr error)
{
    (void)context;
    (void)error;
}

void libvirt_be_quiet(void)
{
    virSetErrorFunc(NULL, say_nothing);
}

static void attempt_free(struct attempt *attempt)
{
    pthread_cond_destroy(&attempt->changed);
    pthread_mutex_destroy(&attempt->lock);
    free(attempt->uri);
    free(attempt);
}

static int open_connection(const char *uri, virConnectPtr *ret_connection, struct reason *reason)
{
    char *unasking = libvirt_uri_unasking(uri);
    virConnectPtr connection = unasking ? virConnectOpen(unasking) : NULL;

    free(unasking);
    if (!connection && libvirt_uri_is_ssh(uri))
        return libvirt_reason(reason, ENOTCONN,
                              "--uri %.200s cannot be connected to (ssh asks nothing here: it needs a key, "
                              "and the host's in known_hosts)",
                              uri);
    if (!connection) {
        const virError *error = virGetLastError();
        bool unknown = error && (error->code == VIR_ERR_NO_CONNECT || error->code == VIR_ERR_INVALID_ARG ||
                                 error->code == VIR_ERR_CONFIG_UNSUPPORTED);

        return libvirt_reason(reason, unknown ? EINVAL : ENOTCONN, "--uri %.100s cannot be connected to",
                              uri);
    }
    *ret_connection = connection;
    return 0;
}

static void *run_attempt(void *context)
{
    struct attempt *attempt = context;
    virConnectPtr connection = NULL;
    struct reason reason = {""};
    int error = open_connection(attempt->uri, &connection, &reason);

    pthread_mutex_lock(&attempt->lock);
    bool abandoned = attempt->abandoned;

    attempt->connection = connection;
    attempt->error = error;
    attempt->reason = reason;
    attempt->done = true;
    pthread_cond_signal(&attempt->changed);
    pthread_mutex_unlock(&attempt->lock);
    if (abandoned) {
        if (connection)
            virConnectClose(connection);
        attempt_free(attempt);
    }
    return NULL;
}

static struct attempt *attempt_new(const char *uri)
{
    struct attempt *attempt = calloc(1, sizeof(*attempt));
    pthread_condattr_t monotonic;

    if (!attempt)
        return NULL;
    pthread_mutex_init(&attempt->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&attempt->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    attempt->uri = strdup(uri);
    if (attempt->uri)
        return attempt;
    attempt_free(attempt);
    return NULL;
}

int libvirt_connect_within(const char *uri, uint64_t patience_ns, virConnectPtr *ret_connection,
                           struct reason *reason)
{
    int error = libvirt_library_load(reason);

    if (error)
        return error;
    libvirt_be_quiet();
    if (virInitialize() < 0)
        return libvirt_reason(reason, EIO, "libvirt does not start");
    const uint64_t end_ns = clock_now_ns() + patience_ns;
    const struct timespec end = {.tv_sec = (time_t)(end_ns / NS_PER_SECOND),
                                 .tv_nsec = (long)(end_ns % NS_PER_SECOND)};
    struct attempt *attempt = attempt_new(uri);
    pthread_t thread;
    int waited = 0;

    error = attempt ? thread_start(&thread, run_attempt, attempt) : ENOMEM;

    if (error) {
        if (attempt)
            attempt_free(attempt);
        return reason_errno(reason, error, "cannot start a thread to connect to libvirt");
    }
    pthread_mutex_lock(&attempt->lock);
    while (!attempt->done && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&attempt->changed, &attempt->lock, &end);
    bool done = attempt->done;

    attempt->abandoned = !done;
    pthread_mutex_unlock(&attempt->lock);
    /* It is gone when this returns: a process that forks then has no thread that may have held a lock of
     * GLib's. */
    if (done)
        pthread_join(thread, NULL);
    else
        pthread_detach(thread);
    if (!done)
        return reason_set(reason, ETIMEDOUT,
                          "--uri %.100s cannot be connected to: the daemon does not answer within %.0f s",
                          uri, (double)patience_ns / (double)NS_PER_SECOND);
    error = attempt->error;
    if (error && reason)
        *reason = attempt->reason;
    if (!error)
        *ret_connection = attempt->connection;
    attempt_free(attempt);
    return error;
}

int libvirt_connect(const char *uri, virConnectPtr *ret_connection, struct reason *reason)
{
    return libvirt_connect_within(uri, LIBVIRT_PATIENCE_NS, ret_connection, reason);
}
