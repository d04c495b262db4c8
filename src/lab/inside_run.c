/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/inside.h"

#include "lab/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

struct running {
    int channel, children; /* signalfd of SIGCHLD */
    int input, output, errors;
    pid_t pid; /* 0 when it has ended */
    int status;
    bool input_ends;
    size_t waiting; /* bytes in `ahead` */
    unsigned char ahead[FRAME_INPUT_AHEAD];
    size_t heard; /* bytes in `frame` */
    unsigned char frame[FRAME_HEADER + FRAME_MOST];
};

static _Noreturn void become(const struct plan *plan, int input, int output, int errors)
{
    sigset_t none;

    setsid();
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    dup2(input, 0);
    dup2(output, 1);
    dup2(errors, 2);
    /* The host made sure that it exists. */
    if (chdir(plan->folder) < 0)
        dprintf(2, "mvm lab: cannot enter %s: %s\n", plan->folder, strerror(errno));
    else
        execve(plan->program, plan->arguments, plan->environment);
    dprintf(2, "mvm lab: cannot run %s: %s\n", plan->program, strerror(errno));
    _exit(errno == ENOENT ? 127 : 126);
}

/* Started with pipes and not on the port itself, which only one process can open, and which is none of the
 * things that programs expect their output to be. */
static bool start(struct running *running, const struct plan *plan)
{
    int input[2] = {-1, -1}, output[2] = {-1, -1}, errors[2] = {-1, -1};

    if (pipe2(output, O_CLOEXEC) < 0 || pipe2(errors, O_CLOEXEC) < 0)
        return false;
    if (plan->takes_input) {
        if (pipe2(input, O_CLOEXEC) < 0 || fcntl(input[1], F_SETFL, O_NONBLOCK) < 0)
            return false;
    } else {
        input[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    running->pid = fork();
    if (running->pid == 0)
        become(plan, input[0], output[1], errors[1]);
    close(input[0]);
    close(output[1]);
    close(errors[1]);
    running->input = input[1];
    running->output = output[0];
    running->errors = errors[0];
    return running->pid > 0;
}

static void close_once(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void carry(const struct running *running, int *fd, int type)
{
    char block[FRAME_MOST];
    ssize_t got = read(*fd, block, sizeof(block));

    if (got > 0)
        channel_send(running->channel, type, block, (size_t)got);
    else if (got == 0 || errno != EINTR)
        close_once(fd);
}

/* Hands the command what it takes of what waits for it, and tells the host that there is room again. */
static void feed(struct running *running)
{
    char text[32];

    if (running->waiting > 0) {
        ssize_t put = running->input < 0 ? (ssize_t)running->waiting
                                         : write(running->input, running->ahead, running->waiting);

        if (put < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (put < 0) { /* it reads no more */
            close_once(&running->input);
            put = (ssize_t)running->waiting;
        }
        running->waiting -= (size_t)put;
        memmove(running->ahead, running->ahead + put, running->waiting);
        snprintf(text, sizeof(text), "%zd", put);
        channel_send(running->channel, FRAME_MORE, text, strlen(text));
    }
    if (running->waiting == 0 && running->input_ends)
        close_once(&running->input);
}

static void obey(struct running *running, int type, const unsigned char *bytes, size_t length)
{
    char text[16];

    if (type == FRAME_INPUT && length == 0)
        running->input_ends = true;
    else if (type == FRAME_INPUT && length <= sizeof(running->ahead) - running->waiting) {
        memcpy(running->ahead + running->waiting, bytes, length);
        running->waiting += length;
    } else if (type == FRAME_SIGNAL && running->pid > 0) {
        snprintf(text, sizeof(text), "%.*s", (int)length, (const char *)bytes);
        kill(-running->pid, (int)strtol(text, NULL, 10));
    }
}

static void hear(struct running *running)
{
    ssize_t got =
        read(running->channel, running->frame + running->heard, sizeof(running->frame) - running->heard);

    if (got <= 0)
        return;
    running->heard += (size_t)got;
    while (running->heard >= FRAME_HEADER) {
        size_t length = frame_length(running->frame), whole = FRAME_HEADER + length;

        if (length > FRAME_MOST || running->heard < whole)
            break;
        obey(running, running->frame[0], running->frame + FRAME_HEADER, length);
        running->heard -= whole;
        memmove(running->frame, running->frame + whole, running->heard);
    }
}

/* The first process inherits all that lose their parents. */
static void reap(struct running *running)
{
    struct signalfd_siginfo signals;
    int status;
    pid_t pid;

    if (read(running->children, &signals, sizeof(signals)) < 0)
        return;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid != running->pid)
            continue;
        running->pid = 0;
        running->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        /* What it left in the background ends with it, and so its output has an end. */
        kill(-1, SIGKILL);
    }
}

int inside_run(int channel, const struct plan *plan)
{
    struct running *running = calloc(1, sizeof(*running));
    sigset_t children;

    if (!running)
        return 125;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(SIG_BLOCK, &children, NULL);
    signal(SIGPIPE, SIG_IGN);
    running->channel = channel;
    running->children = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
    running->input = running->output = running->errors = -1;
    if (running->children < 0 || !start(running, plan)) {
        channel_note(channel, "the laboratory cannot start the command: %s", strerror(errno));
        return 125;
    }
    feed(running);
    while (running->pid > 0 || running->output >= 0 || running->errors >= 0) {
        struct pollfd polled[] = {
            {.fd = running->children, .events = POLLIN},
            {.fd = running->output, .events = POLLIN},
            {.fd = running->errors, .events = POLLIN},
            {.fd = running->waiting ? running->input : -1, .events = POLLOUT},
            {.fd = channel, .events = POLLIN},
        };

        if (poll(polled, sizeof(polled) / sizeof(polled[0]), -1) < 0)
            continue;
        if (polled[0].revents)
            reap(running);
        if (polled[1].revents)
            carry(running, &running->output, FRAME_OUTPUT);
        if (polled[2].revents)
            carry(running, &running->errors, FRAME_ERRORS);
        if (polled[4].revents & POLLIN)
            hear(running);
        feed(running);
    }
    int status = running->status;

    close_once(&running->input);
    free(running);
    return status;
}
