/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/fork_server.h"

#include "base/clock.h"
#include "base/reason.h"
#include "engine/hand.h"
#include "host/spawn.h"
#include "host/survive.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* A pair of sockets: [0] is ours, [1] is for the program. */
static int make_pair(int type, int pair[2])
{
    if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    pair[1] = spawn_descriptor(pair[1]);
    if (pair[1] >= 0)
        return 0;
    close(pair[0]);
    return pair[1];
}

int fork_server_start(struct fork_server *server, const char *program, char *const *arguments, pid_t group,
                      int words, uint64_t wait_ns, struct reason *reason)
{
    int control[2], stand_in[2];
    int error = make_pair(SOCK_SEQPACKET, control);

    if (error)
        return reason_errno(reason, -error, "cannot make a socket for the fork server");
    error = make_pair(SOCK_STREAM, stand_in);
    if (error) {
        close(control[0]);
        close(control[1]);
        return reason_errno(reason, -error, "cannot make a socket for the fork server");
    }
    struct spawn spawn = {
        .program = program,
        .arguments = arguments,
        .group = group,
        .standard_input = control[1],
        .standard_output = -1,
        .standard_error = words,
        .extra = stand_in[1],
    };

    *server = (struct fork_server){.control = control[0], .stand_in = stand_in[0], .wait_ns = wait_ns};
    prctl(PR_GET_CHILD_SUBREAPER, &server->was_reaper);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    server->pid = spawn_process(&spawn, reason);
    close(control[1]);
    close(stand_in[1]);
    if (server->pid < 0) {
        error = (int)server->pid;
        server->pid = 0;
        fork_server_stop(server);
    }
    return error;
}

/* What it has to say: a PID, zero, or -errno. 0, or -errno of this side with a sentence. */
static int receive(struct fork_server *server, int64_t *ret_value, struct reason *reason)
{
    struct pollfd wait = {.fd = server->control, .events = POLLIN};
    uint64_t until = clock_now_ns() + server->wait_ns;
    int64_t value;
    ssize_t got;

    while (poll(&wait, 1, clock_poll_timeout_ms(until)) <= 0)
        if (clock_now_ns() >= until)
            return reason_set(reason, ETIMEDOUT, "the fork server does not answer");
    do
        got = recv(server->control, &value, sizeof(value), MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof(value))
        return reason_set(reason, EPIPE, "the fork server has ended");
    *ret_value = value;
    return 0;
}

int fork_server_ready(struct fork_server *server, struct reason *reason)
{
    int64_t zero;

    return receive(server, &zero, reason);
}

pid_t fork_server_fork(struct fork_server *server, int descriptor, struct reason *reason)
{
    int64_t pid;

    if (hand_descriptor(server->control, descriptor) < 0)
        return reason_set(reason, EPIPE, "the fork server has ended");
    int error = receive(server, &pid, reason);

    if (error)
        return error;
    if (pid < 0)
        return spawn_refused(reason, (int)-pid, "cannot fork another VM");
    host_expose_process((pid_t)pid);
    return (pid_t)pid;
}

void fork_server_stop(struct fork_server *server)
{
    if (server->control < 0)
        return;
    close(server->control);
    close(server->stand_in);
    if (server->pid > 0) {
        kill(server->pid, SIGKILL);
        while (waitpid(server->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    prctl(PR_SET_CHILD_SUBREAPER, server->was_reaper);
    *server = (struct fork_server)FORK_SERVER_NONE;
}
