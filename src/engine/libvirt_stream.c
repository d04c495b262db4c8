/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/libvirt_stream.h"

#include "base/clock.h"
#include "base/reason.h"
#include "base/thread.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* A VM whose stream ends has ended, most likely, which libvirt tells with the reason; so long is waited for
 * that. */
#define GRACE_NS (2 * NS_PER_SECOND)

/* Where libvirt says that a stream takes nothing now, which it does not do for daemons. */
#define AGAIN_NS (10 * NS_PER_MILLISECOND)

/* For how long a console is tried that another VM may still have, and how often. */
#define TAKEN_NS       (10 * NS_PER_SECOND)
#define TAKEN_AGAIN_NS (100 * NS_PER_MILLISECOND)

enum { EVENTS_AT_ONCE = 64, PIECE = 1024, TAKEN_AT_ONCE = 16384, SERIAL_ROOM = 1 << 20 };

/*
 * Made by a worker. From then on its callback is the loop's alone, which takes it out, and then gives the
 * stream to the sender by `leaving`; all else is the sender's, which ends and frees it.
 */
struct stream {
    struct libvirt_streams *streams;
    struct stream *next, *previous; /* of all */
    struct stream *next_leaving;
    virStreamPtr stream;
    uint64_t vm;
    int serial;
    bool deaf; /* the loop's: the callback is out */
    /* Under the lock. */
    size_t unheard; /* bytes sent since the VM said something */
    bool held;      /* the socket is not read, because of that */
    bool asked;     /* the sender has asked the loop to take the callback out */
    bool left;      /* it is in `leaving` */
    bool ended;     /* by the daemon's side */
    bool broken;    /* ... as sending found out */
    char why[200];
};

struct cut {
    struct cut *next;
    uint64_t vm, due_ns;
    char why[200];
};

struct libvirt_streams {
    struct libvirt_population *population;
    virConnectPtr connection;
    pthread_t sender;
    int epoll, wake;
    struct cut *cuts, **cuts_end; /* the sender's; the oldest first */

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    struct stream *first, *leaving;
    bool stopping, done;
};

static void wake(struct libvirt_streams *streams)
{
    const uint64_t one = 1;

    if (write(streams->wake, &one, sizeof(one)) < 0)
        return; /* it is readable already */
}

/* With the lock. */
static void leave(struct stream *stream)
{
    stream->left = true;
    stream->next_leaving = stream->streams->leaving;
    stream->streams->leaving = stream;
    wake(stream->streams);
}

/* On the loop's thread: the daemon's side has ended. */
static void end(struct stream *stream, const char *why)
{
    virStreamEventRemoveCallback(stream->stream);
    stream->deaf = true;
    pthread_mutex_lock(&stream->streams->lock);
    stream->ended = true;
    snprintf(stream->why, sizeof(stream->why), "%s", why);
    if (!stream->asked)
        leave(stream);
    pthread_mutex_unlock(&stream->streams->lock);
}

static void hear(struct stream *stream)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = stream};

    pthread_mutex_lock(&stream->streams->lock);
    stream->unheard = 0;
    if (stream->held)
        epoll_ctl(stream->streams->epoll, EPOLL_CTL_MOD, stream->serial, &event);
    stream->held = false;
    pthread_mutex_unlock(&stream->streams->lock);
}

static void on_stream(virStreamPtr from, int events, void *context)
{
    struct stream *stream = context;
    struct reason why = {"lost its console's stream: the daemon ended it"};
    char bytes[TAKEN_AT_ONCE];

    (void)events;
    int got = stream->deaf ? -2 : virStreamRecv(from, bytes, sizeof(bytes));

    if (got == -2)
        return;
    if (got <= 0) {
        if (got < 0)
            libvirt_reason(&why, EIO, "lost its console's stream");
        end(stream, why.text);
        return;
    }
    hear(stream);
    /* What there is no room for is lost. */
    for (int put = 0; put < got;) {
        ssize_t sent = send(stream->serial, bytes + put, (size_t)(got - put), MSG_DONTWAIT | MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return;
        put += (int)sent;
    }
}

/* On the loop's thread, asked for by the sender. */
static void on_leave(int timer, void *context)
{
    struct stream *stream = context;

    virEventRemoveTimeout(timer);
    if (!stream->deaf)
        virStreamEventRemoveCallback(stream->stream);
    stream->deaf = true;
    pthread_mutex_lock(&stream->streams->lock);
    leave(stream);
    pthread_mutex_unlock(&stream->streams->lock);
}

static void ask_to_leave(struct stream *stream)
{
    pthread_mutex_lock(&stream->streams->lock);
    bool first = !stream->asked && !stream->left;

    stream->asked = stream->asked || first;
    pthread_mutex_unlock(&stream->streams->lock);
    if (!first)
        return;
    epoll_ctl(stream->streams->epoll, EPOLL_CTL_DEL, stream->serial, NULL);
    virEventAddTimeout(0, on_leave, stream, NULL);
}

/* It is told when the grace is over; without memory the VM is found out by its serial port. */
static void note_cut(struct libvirt_streams *streams, const struct stream *stream)
{
    struct cut *cut = calloc(1, sizeof(*cut));

    if (!cut)
        return;
    cut->vm = stream->vm;
    cut->due_ns = clock_now_ns() + GRACE_NS;
    snprintf(cut->why, sizeof(cut->why), "%s", stream->why);
    *streams->cuts_end = cut;
    streams->cuts_end = &cut->next;
}

/* Returns when the next one is to be told. */
static uint64_t tell_cuts(struct libvirt_streams *streams, uint64_t now_ns)
{
    while (streams->cuts && streams->cuts->due_ns <= now_ns) {
        struct cut *cut = streams->cuts;

        libvirt_tell(streams->population, LIBVIRT_CUT, cut->vm, cut->why);
        streams->cuts = cut->next;
        free(cut);
    }
    if (!streams->cuts)
        streams->cuts_end = &streams->cuts;
    return streams->cuts ? streams->cuts->due_ns : CLOCK_NEVER;
}

/* Waits for the daemon, which learns by it that the stream is not wanted any more. */
static void finish(struct libvirt_streams *streams, struct stream *stream)
{
    pthread_mutex_lock(&streams->lock);
    if (stream->previous)
        stream->previous->next = stream->next;
    else
        streams->first = stream->next;
    if (stream->next)
        stream->next->previous = stream->previous;
    bool cut = ((stream->ended && !stream->asked) || stream->broken) && !streams->stopping;

    pthread_mutex_unlock(&streams->lock);
    if (cut)
        note_cut(streams, stream);
    /* Its file may still be open in a process that has just been forked. */
    epoll_ctl(streams->epoll, EPOLL_CTL_DEL, stream->serial, NULL);
    close(stream->serial);
    virStreamAbort(stream->stream);
    virStreamFree(stream->stream);
    free(stream);
}

static void finish_leaving(struct libvirt_streams *streams)
{
    for (;;) {
        pthread_mutex_lock(&streams->lock);
        struct stream *stream = streams->leaving;

        if (stream)
            streams->leaving = stream->next_leaving;
        pthread_mutex_unlock(&streams->lock);
        if (!stream)
            return;
        finish(streams, stream);
    }
}

static bool is_stopping(struct libvirt_streams *streams)
{
    pthread_mutex_lock(&streams->lock);
    bool stopping = streams->stopping;

    pthread_mutex_unlock(&streams->lock);
    return stopping;
}

/* False: the stream is no more. */
static bool send_all(struct stream *stream, const char *bytes, size_t count)
{
    size_t sent = 0;

    while (sent < count) {
        int put = virStreamSend(stream->stream, bytes + sent, count - sent);

        if (put == -2 && !is_stopping(stream->streams))
            clock_sleep_until(clock_now_ns() + AGAIN_NS);
        else if (put < 0)
            return false;
        else
            sent += (size_t)put;
    }
    return true;
}

/* The daemon's side is no more, and sending has found it out first. */
static void ask_broken_to_leave(struct stream *stream)
{
    const char *why = virGetLastErrorMessage();

    pthread_mutex_lock(&stream->streams->lock);
    if (!stream->ended)
        snprintf(stream->why, sizeof(stream->why), "lost its console's stream: %.150s", why);
    stream->broken = true;
    pthread_mutex_unlock(&stream->streams->lock);
    ask_to_leave(stream);
}

/* What is said to the VM. */
static void pass_on(struct stream *stream)
{
    struct epoll_event event = {.events = 0, .data.ptr = stream};
    char bytes[PIECE];

    pthread_mutex_lock(&stream->streams->lock);
    size_t room = stream->unheard < LIBVIRT_UNHEARD_MOST ? LIBVIRT_UNHEARD_MOST - stream->unheard : 0;

    if (room == 0) {
        epoll_ctl(stream->streams->epoll, EPOLL_CTL_MOD, stream->serial, &event);
        stream->held = true;
    }
    pthread_mutex_unlock(&stream->streams->lock);
    if (room == 0)
        return;
    ssize_t got = recv(stream->serial, bytes, room < PIECE ? room : PIECE, MSG_DONTWAIT);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got > 0) {
        pthread_mutex_lock(&stream->streams->lock);
        stream->unheard += (size_t)got;
        pthread_mutex_unlock(&stream->streams->lock);
    }
    if (got <= 0)
        ask_to_leave(stream);
    else if (!send_all(stream, bytes, (size_t)got))
        ask_broken_to_leave(stream);
}

static void turn(struct libvirt_streams *streams, uint64_t until_ns)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    uint64_t count;
    int ready = epoll_wait(streams->epoll, events, EVENTS_AT_ONCE, clock_poll_timeout_ms(until_ns));

    for (int i = 0; i < ready; i++) {
        struct stream *stream = events[i].data.ptr;

        if (!stream && read(streams->wake, &count, sizeof(count)) < 0)
            continue;
        if (stream && (events[i].events & EPOLLIN))
            pass_on(stream);
        else if (stream)
            ask_to_leave(stream); /* the population has closed its end */
    }
    finish_leaving(streams);
}

static bool ask_all_to_leave(struct libvirt_streams *streams)
{
    /* None is added any more, and only this thread takes one out. */
    for (struct stream *stream = streams->first; stream; stream = stream->next)
        ask_to_leave(stream);
    return streams->first != NULL;
}

static void *run(void *context)
{
    struct libvirt_streams *streams = context;

    while (!is_stopping(streams))
        turn(streams, tell_cuts(streams, clock_now_ns()));
    while (ask_all_to_leave(streams))
        turn(streams, CLOCK_NEVER);
    pthread_mutex_lock(&streams->lock);
    streams->done = true;
    pthread_cond_broadcast(&streams->changed);
    pthread_mutex_unlock(&streams->lock);
    return NULL;
}

static void free_streams(struct libvirt_streams *streams)
{
    while (streams->cuts) {
        struct cut *next = streams->cuts->next;

        free(streams->cuts);
        streams->cuts = next;
    }
    if (streams->epoll >= 0)
        close(streams->epoll);
    if (streams->wake >= 0)
        close(streams->wake);
    pthread_cond_destroy(&streams->changed);
    pthread_mutex_destroy(&streams->lock);
    free(streams);
}

int libvirt_streams_open(struct libvirt_population *population, virConnectPtr connection,
                         struct libvirt_streams **ret_streams, struct reason *reason)
{
    struct libvirt_streams *streams = calloc(1, sizeof(*streams));
    struct epoll_event event = {.events = EPOLLIN};

    if (!streams)
        return reason_set(reason, ENOMEM, "no memory for VMs' consoles");
    *streams = (struct libvirt_streams){
        .population = population,
        .connection = connection,
        .epoll = epoll_create1(EPOLL_CLOEXEC),
        .wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .changed = PTHREAD_COND_INITIALIZER,
    };
    streams->cuts_end = &streams->cuts;
    int error = streams->epoll < 0 || streams->wake < 0 ||
                        epoll_ctl(streams->epoll, EPOLL_CTL_ADD, streams->wake, &event) < 0
                    ? errno
                    : 0;

    if (!error)
        error = thread_start(&streams->sender, run, streams);
    if (error) {
        free_streams(streams);
        return reason_errno(reason, error, "cannot watch VMs' consoles");
    }
    *ret_streams = streams;
    return 0;
}

/* *ret_taken: somebody has it. A daemon keeps a file that says whose a terminal is; of a VM that has just
 * ended it may still be there when the kernel has given the same terminal to this one. */
static virStreamPtr try_console(virConnectPtr connection, virDomainPtr domain, bool *ret_taken,
                                struct reason *reason)
{
    virStreamPtr stream = virStreamNew(connection, VIR_STREAM_NONBLOCK);

    if (stream && virDomainOpenConsole(domain, NULL, stream, 0) == 0)
        return stream;
    /* Before the next call into libvirt, which forgets it. */
    const virError *error = virGetLastError();

    *ret_taken = error && error->code == VIR_ERR_OPERATION_FAILED;
    libvirt_reason(reason, EIO, "has no console that can be opened");
    if (stream)
        virStreamFree(stream);
    return NULL;
}

static virStreamPtr open_console(virConnectPtr connection, const char *name, struct reason *reason)
{
    const uint64_t end_ns = clock_now_ns() + TAKEN_NS;
    virDomainPtr domain = virDomainLookupByName(connection, name);
    bool taken = false;

    if (!domain) {
        libvirt_reason(reason, EIO, "has no console that can be opened");
        return NULL;
    }
    virStreamPtr stream = try_console(connection, domain, &taken, reason);

    while (!stream && taken && clock_now_ns() < end_ns) {
        clock_sleep_until(clock_now_ns() + TAKEN_AGAIN_NS);
        stream = try_console(connection, domain, &taken, reason);
    }
    virDomainFree(domain);
    return stream;
}

/* Makes it one of all; from here on both threads may have it. */
static int enter(struct libvirt_streams *streams, struct stream *stream, struct reason *reason)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = stream};
    int error = 0;

    pthread_mutex_lock(&streams->lock);
    if (virStreamEventAddCallback(stream->stream, VIR_STREAM_EVENT_READABLE, on_stream, stream, NULL) < 0)
        error = libvirt_reason(reason, EIO, "has a console that cannot be watched");
    if (!error) {
        stream->next = streams->first;
        if (streams->first)
            streams->first->previous = stream;
        streams->first = stream;
        if (epoll_ctl(streams->epoll, EPOLL_CTL_ADD, stream->serial, &event) < 0)
            shutdown(stream->serial, SHUT_RDWR); /* the population sees it as closed */
    }
    pthread_mutex_unlock(&streams->lock);
    return error;
}

int libvirt_streams_join(struct libvirt_streams *streams, const char *domain, uint64_t vm, int serial,
                         struct reason *reason)
{
    struct stream *stream = calloc(1, sizeof(*stream));
    const int room = SERIAL_ROOM;
    int error = stream ? 0 : reason_set(reason, ENOMEM, "no memory for a VM's console");

    if (!error) {
        *stream = (struct stream){.streams = streams, .vm = vm, .serial = serial};
        stream->stream = open_console(streams->connection, domain, reason);
        error = stream->stream ? 0 : -EIO;
    }
    if (!error) {
        /* As much as the host lets it be. */
        setsockopt(serial, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
        error = enter(streams, stream, reason);
        if (error) {
            virStreamAbort(stream->stream);
            virStreamFree(stream->stream);
        }
    }
    if (error) {
        close(serial);
        free(stream);
    }
    return error;
}

bool libvirt_streams_close(struct libvirt_streams *streams, uint64_t patience_ns)
{
    const uint64_t end_ns = clock_now_ns() + patience_ns;
    const struct timespec end = {.tv_sec = (time_t)(end_ns / NS_PER_SECOND),
                                 .tv_nsec = (long)(end_ns % NS_PER_SECOND)};
    int waited = 0;

    pthread_mutex_lock(&streams->lock);
    streams->stopping = true;
    wake(streams);
    while (!streams->done && waited != ETIMEDOUT)
        waited = pthread_cond_clockwait(&streams->changed, &streams->lock, CLOCK_MONOTONIC, &end);
    bool done = streams->done;

    pthread_mutex_unlock(&streams->lock);
    if (!done)
        return false;
    pthread_join(streams->sender, NULL);
    free_streams(streams);
    return true;
}
