/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/session.h"

#include "base/clock.h"
#include "base/reason.h"
#include "lab/channel.h"
#include "lab/trouble.h"
#include "lab/unpack.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

/* A kernel is up in about a second on a machine that has nothing else to do. */
#define BOOT_PATIENCE (180 * NS_PER_SECOND)
/* For the command to end after a signal, and for what it left to come back. */
#define END_PATIENCE (10 * NS_PER_SECOND)
/* Signals that follow one another faster are one. */
#define REPEAT_NS (NS_PER_SECOND / 2)
/*
 * QEMU 7.2, when it emulates SVM, loses an interrupt of the timer now and then. The kernel sets its timer
 * only for the next thing that is due, from that interrupt, so that it would sleep for ever. Any other
 * interrupt wakes it, and it sees what is due.
 */
#define PULSE_NS (NS_PER_SECOND / 5)

enum { TO_LAB_MOST = FRAME_INPUT_AHEAD + 4096 };

struct session {
    const struct lab_wish *wish;
    struct machine *machine;
    const char *bring;
    struct unpacking unpacking;
    bool ready, ended, timed_out, files_failed;
    bool channel_ended, console_ended; /* QEMU closed them */
    uint64_t stopped_ns;               /* when it was first told to end; 0: it was not */
    unsigned stops;                    /* times that it was told to end */
    int last_signal;                   /* that the command was sent */
    uint64_t start, deadline;          /* of what is waited for now; CLOCK_NEVER */
    uint64_t pulse_ns;                 /* when the next pulse is due; CLOCK_NEVER until it is ready */
    int status;
    struct lab_outcome *outcome;

    size_t heard,
        taken; /* of `from`: bytes in it; those of the frame at its beginning that went where they belong */
    unsigned char from[FRAME_HEADER + FRAME_MOST];
    size_t to_send;
    unsigned char to[TO_LAB_MOST + FRAME_HEADER];
    size_t credit; /* bytes of standard input that the laboratory has room for */
    bool input_ended;
    struct console console;
};

static void queue(struct session *session, int type, const void *bytes, size_t length)
{
    if (session->to_send + FRAME_HEADER + length > sizeof(session->to))
        return; /* a laboratory that takes nothing any more ends by its deadline */
    frame_header(session->to + session->to_send, type, (uint32_t)length);
    if (length)
        memcpy(session->to + session->to_send + FRAME_HEADER, bytes, length);
    session->to_send += FRAME_HEADER + length;
}

static void queue_signal(struct session *session, int number)
{
    char text[16];

    snprintf(text, sizeof(text), "%d", number);
    queue(session, FRAME_SIGNAL, text, strlen(text));
    session->last_signal = number;
    session->deadline = clock_now_ns() + END_PATIENCE;
}

/* Where the bytes of a frame go, or -1. */
static int destination(struct session *session, int type, struct reason *reason)
{
    switch (type) {
    case FRAME_OUTPUT:
        return session->wish->output;
    case FRAME_ERRORS:
        return session->wish->errors;
    case FRAME_FILES:
        if (session->files_failed ||
            (session->unpacking.pid == 0 && unpack_begin(&session->unpacking, session->bring, reason) < 0)) {
            session->files_failed = true;
            return -1;
        }
        return session->unpacking.input;
    default:
        return -1;
    }
}

/* Writes what `fd`, which poll() says is ready, takes without waiting. */
static ssize_t put(int fd, const unsigned char *bytes, size_t length)
{
    struct stat status;

    /* A pipe that is ready has room for PIPE_BUF bytes (pipe(7)); it blocks for more. */
    if (length > PIPE_BUF && (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)))
        length = PIPE_BUF;
    return write(fd, bytes, length);
}

/* Acts on a whole frame that is not for a destination. */
static void obey(struct session *session, int type, const unsigned char *bytes, size_t length)
{
    char text[1024];

    snprintf(text, sizeof(text), "%.*s", (int)length, (const char *)bytes);
    if (type == FRAME_READY && !session->ready) {
        uint64_t now = clock_now_ns();

        session->ready = true;
        session->outcome->boot_ns = now - session->start;
        session->pulse_ns = now + PULSE_NS;
        if (session->stops == 0)
            session->deadline = session->wish->timeout_ns ? now + session->wish->timeout_ns : CLOCK_NEVER;
    } else if (type == FRAME_MORE) {
        session->credit += strtoul(text, NULL, 10);
    } else if (type == FRAME_NOTE) {
        for (char *c = text; *c; c++)
            *c = *c < ' ' ? ' ' : *c;
        session->wish->say(text);
    } else if (type == FRAME_END) {
        session->ended = true;
        session->status = (int)strtol(text, NULL, 10);
    }
}

/* Sees to what was heard, as far as it can go where it belongs at once. `ready` is the destination that
 * poll() found ready, or -1. Returns the destination that is waited for, -1 for none, -errno (below -1). */
static int digest(struct session *session, int ready, struct reason *reason)
{
    while (session->heard >= FRAME_HEADER && !session->ended) {
        size_t length = frame_length(session->from), whole = FRAME_HEADER + length;
        int type = session->from[0];

        if (length > FRAME_MOST)
            return reason_set(reason, EPROTO, "the laboratory sends what cannot be understood");
        if (session->heard < whole)
            return -1;
        int fd = destination(session, type, reason);

        while (fd >= 0 && session->taken < length) {
            if (fd != ready)
                return fd;
            ssize_t done = put(fd, session->from + FRAME_HEADER + session->taken, length - session->taken);

            ready = -1; /* only once */
            if (done < 0 && errno != EINTR && errno != EAGAIN) {
                if (type != FRAME_FILES)
                    return reason_errno(reason, errno, "cannot write the command's output");
                session->files_failed = true;
                fd = -1;
            }
            session->taken += done > 0 ? (size_t)done : 0;
        }
        if (fd < 0)
            obey(session, type, session->from + FRAME_HEADER, length);
        session->heard -= whole;
        session->taken = 0;
        memmove(session->from, session->from + whole, session->heard);
    }
    return -1;
}

static bool may_read(const struct session *session)
{
    return session->wish->input >= 0 && session->ready && !session->input_ended && session->credit > 0 &&
           session->to_send < FRAME_MOST;
}

static void read_input(struct session *session)
{
    unsigned char block[FRAME_MOST / 2];
    size_t most = session->credit < sizeof(block) ? session->credit : sizeof(block);
    ssize_t got = read(session->wish->input, block, most);

    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    session->input_ended = got <= 0;
    session->credit -= got > 0 ? (size_t)got : 0;
    queue(session, FRAME_INPUT, block, got > 0 ? (size_t)got : 0);
}

static void send_queued(struct session *session)
{
    ssize_t done = write(session->machine->channel, session->to, session->to_send);

    if (done > 0) {
        session->to_send -= (size_t)done;
        memmove(session->to, session->to + done, session->to_send);
    }
}

static void hear(struct session *session)
{
    ssize_t got = read(session->machine->channel, session->from + session->heard,
                       sizeof(session->from) - session->heard);

    session->heard += got > 0 ? (size_t)got : 0;
    session->channel_ended = got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN);
}

/* The first signal is the command's; the second one ends the laboratory. */
static int take_signal(struct session *session, struct reason *reason)
{
    struct signalfd_siginfo info;

    if (read(session->wish->stop, &info, sizeof(info)) != sizeof(info))
        return 0;
    uint64_t now = clock_now_ns();

    /* timeout(1) and terminals send one signal to the process and to its group. */
    if (session->stops > 0 && now - session->stopped_ns < REPEAT_NS)
        return 0;
    session->stopped_ns = now;
    if (!session->ready || session->stops++ > 0)
        return reason_set(reason, EINTR, "interrupted; the laboratory was ended");
    queue_signal(session, (int)info.ssi_signo);
    return 0;
}

/* What was waited for did not come in time. */
static int be_late(struct session *session, struct reason *reason)
{
    if (!session->ready)
        return reason_set(reason, ETIME, "the laboratory did not come up within %llu seconds%s%s",
                          (unsigned long long)(BOOT_PATIENCE / NS_PER_SECOND),
                          session->console.line[0] ? "; its console ends with: " : "", session->console.line);
    if (session->last_signal == 0) {
        session->timed_out = session->outcome->timed_out = true;
        queue_signal(session, SIGTERM);
    } else if (session->last_signal != SIGKILL) {
        queue_signal(session, SIGKILL);
    } else {
        return session->timed_out
                   ? reason_set(reason, ETIMEDOUT, "the command's time has passed, and it would not end")
                   : reason_set(reason, EINTR, "the command would not end; the laboratory was ended");
    }
    return 0;
}

static void pulse(struct session *session)
{
    if (clock_now_ns() < session->pulse_ns)
        return;
    session->pulse_ns = clock_now_ns() + PULSE_NS;
    if (session->to_send == 0)
        queue(session, FRAME_PULSE, NULL, 0);
}

static int step(struct session *session, int *waits_for, struct reason *reason)
{
    uint64_t until = session->pulse_ns < session->deadline ? session->pulse_ns : session->deadline;
    struct machine *machine = session->machine;
    enum { STOP, CHANNEL, CONSOLE, QEMU, OUTPUT, INPUT, COUNT };
    struct pollfd polled[COUNT] = {
        [STOP] = {.fd = session->wish->stop, .events = POLLIN},
        [CHANNEL] = {.fd = machine->channel, .events = 0},
        [CONSOLE] = {.fd = session->console_ended ? -1 : machine->console, .events = POLLIN},
        [QEMU] = {.fd = machine->pidfd, .events = POLLIN},
        [OUTPUT] = {.fd = *waits_for, .events = POLLOUT},
        [INPUT] = {.fd = may_read(session) ? session->wish->input : -1, .events = POLLIN},
    };
    int error = 0;

    pulse(session);
    if (*waits_for < 0)
        polled[CHANNEL].events |= POLLIN;
    if (session->to_send > 0)
        polled[CHANNEL].events |= POLLOUT;
    if (!polled[CHANNEL].events || session->channel_ended)
        polled[CHANNEL].fd = -1;
    int ready = poll(polled, COUNT, clock_poll_timeout_ms(until));

    if (ready < 0 && errno != EINTR)
        return reason_errno(reason, errno, "cannot wait for the laboratory");
    if (ready <= 0)
        return ready == 0 && clock_now_ns() >= session->deadline ? be_late(session, reason) : 0;
    if (polled[CONSOLE].revents)
        session->console_ended = !console_hear(&session->console, machine->console);
    if (polled[STOP].revents)
        error = take_signal(session, reason);
    if (polled[INPUT].revents)
        read_input(session);
    if (polled[CHANNEL].revents & POLLOUT)
        send_queued(session);
    if (polled[CHANNEL].revents & (POLLIN | POLLHUP | POLLERR))
        hear(session);
    if (!error) {
        int next = digest(session, polled[OUTPUT].revents ? *waits_for : -1, reason);

        *waits_for = next >= 0 ? next : -1;
        error = next < -1 ? next : 0;
    }
    /* All that it said is heard before its end is told. */
    if (!error && !session->ended && (polled[QEMU].revents & POLLIN) && session->channel_ended &&
        session->console_ended && *waits_for < 0)
        return trouble_reason(machine, &session->console, session->ready, reason);
    if (!error && clock_now_ns() >= session->deadline)
        return be_late(session, reason);
    return error;
}

int session_run(const struct lab_wish *wish, struct machine *machine, const char *bring,
                struct lab_outcome *ret_outcome, struct reason *reason)
{
    struct session *session = calloc(1, sizeof(*session));
    struct reason unpacked = {""};
    int waits_for = -1, error = 0;

    if (!session)
        return reason_set(reason, ENOMEM, "no memory");
    session->wish = wish;
    session->machine = machine;
    session->bring = bring;
    session->unpacking = (struct unpacking){.input = -1, .complaint = -1};
    session->outcome = ret_outcome;
    session->start = clock_now_ns();
    session->deadline = session->start + BOOT_PATIENCE;
    session->pulse_ns = CLOCK_NEVER;
    session->credit = FRAME_INPUT_AHEAD;
    while (!error && !session->ended)
        error = step(session, &waits_for, reason);

    int files = unpack_end(&session->unpacking, bring, &unpacked);

    if (!error) {
        ret_outcome->status = session->status;
        if (files < 0)
            error = reason_set(reason, EIO, "%s", unpacked.text);
        else if (session->files_failed)
            error =
                reason->text[0] ? -EIO : reason_set(reason, EIO, "cannot bring files back into %s", bring);
    }
    free(session);
    return error;
}
