/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/nursery.h"

#include "base/clock.h"
#include "base/reason.h"
#include "engine/hand.h"
#include "host/spawn.h"
#include "host/survive.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ENDS_IN_NS (10 * NS_PER_SECOND)

struct nursery {
    pid_t pid;
    int socket;
};

/* What a forked child has to say: a PID, or -errno. */
struct birth {
    int64_t pid;
};

static int compare_descriptors(const void *a, const void *b)
{
    int left = *(const int *)a, right = *(const int *)b;

    return (left > right) - (left < right);
}

/* Closes all but 0, 1, 2 and these. */
static void close_others(const int *keep, size_t count, int also)
{
    int *sorted = calloc(count + 1, sizeof(*sorted));
    unsigned from = 3;

    if (!sorted)
        _exit(1);
    if (count)
        memcpy(sorted, keep, count * sizeof(*keep));
    sorted[count] = also;
    qsort(sorted, count + 1, sizeof(*sorted), compare_descriptors);
    for (size_t i = 0; i <= count; i++) {
        if (sorted[i] < (int)from)
            continue;
        if (sorted[i] > (int)from)
            close_range(from, (unsigned)sorted[i] - 1, 0);
        from = (unsigned)sorted[i] + 1;
    }
    close_range(from, ~0U, 0);
    free(sorted);
}

static void silence(void)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int fd = 0; nothing >= 0 && fd < 3; fd++)
        dup2(nothing, fd);
    if (nothing > 2)
        close(nothing);
}

/* The terminal's keys are for the program; it ends its children itself. */
static void reset_signals(void)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN}, usual = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (int number = 1; number < NSIG; number++)
        sigaction(number,
                  number == SIGINT || number == SIGHUP || number == SIGQUIT || number == SIGPIPE ? &ignore
                                                                                                 : &usual,
                  NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Dies with its parent, also when that has died already. */
static void follow(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
}

/* The socket that came with the one byte of a wish; -1: the program is gone. */
static int receive_socket(int from)
{
    char byte, room[CMSG_SPACE(sizeof(int))];
    struct iovec vector = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room)};
    ssize_t got;
    int socket;

    do
        got = recvmsg(from, &message, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    const struct cmsghdr *control = got == 1 ? CMSG_FIRSTHDR(&message) : NULL;

    if (!control || control->cmsg_type != SCM_RIGHTS)
        return -1;
    memcpy(&socket, CMSG_DATA(control), sizeof(socket));
    return socket;
}

static _Noreturn void be_child(const struct nursery_plan *plan, pid_t parent, int nursery, int socket)
{
    follow(parent);
    close(nursery);
    plan->serve(socket, plan->context);
    _exit(0);
}

/* Its children have read the end of their files as well. What does not end by itself goes with the nursery,
 * whose death they follow. */
static _Noreturn void end(void)
{
    uint64_t give_up = clock_now_ns() + ENDS_IN_NS;

    for (;;) {
        pid_t pid = waitpid(-1, NULL, WNOHANG);

        if ((pid < 0 && errno == ECHILD) || clock_now_ns() > give_up)
            _exit(0);
        if (pid == 0)
            clock_sleep_until(clock_now_ns() + NS_PER_MILLISECOND);
    }
}

static void reap_children(void)
{
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
}

static _Noreturn void be_nursery(const struct nursery_plan *plan, pid_t parent, int from)
{
    pid_t self = getpid();

    follow(parent);
    prctl(PR_SET_NAME, plan->name);
    silence();
    reset_signals();
    close_others(plan->keep, plan->keep_count, from);
    host_expose_process(0);
    /* Their heaps, stacks and stores are small and many: a huge page of 2 MiB for each would be most of them.
     */
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    for (;;) {
        int socket = receive_socket(from);

        if (socket < 0)
            end();
        reap_children();
        struct birth birth = {.pid = fork()};

        if (birth.pid == 0)
            be_child(plan, self, from, socket);
        if (birth.pid < 0)
            birth.pid = -errno;
        close(socket);
        if (send(from, &birth, sizeof(birth), MSG_NOSIGNAL) < 0)
            end();
    }
}

int nursery_open(const struct nursery_plan *plan, struct nursery **ret_nursery, struct reason *reason)
{
    struct nursery *nursery = malloc(sizeof(*nursery));
    pid_t parent = getpid();
    uint64_t files;
    int pair[2];
    int error = host_raise_file_limit(plan->files, &files, reason);

    if (error || !nursery) {
        free(nursery);
        return error ? error : reason_set(reason, ENOMEM, "no memory for worker processes");
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
        free(nursery);
        return reason_errno(reason, errno, "cannot make a socket for worker processes");
    }
    nursery->pid = fork();
    if (nursery->pid == 0)
        be_nursery(plan, parent, pair[1]);
    error = errno;
    close(pair[1]);
    nursery->socket = pair[0];
    if (nursery->pid < 0) {
        close(pair[0]);
        free(nursery);
        return spawn_refused(reason, error, "cannot start worker processes");
    }
    *ret_nursery = nursery;
    return 0;
}

int nursery_spawn(struct nursery *nursery, pid_t *ret_pid, int *ret_socket, struct reason *reason)
{
    struct birth birth = {.pid = -EPIPE};
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return reason_errno(reason, errno, "cannot make a socket for another worker process");
    int error = hand_descriptor(nursery->socket, pair[1]);

    close(pair[1]);
    while (!error && recv(nursery->socket, &birth, sizeof(birth), 0) < 0)
        if (errno != EINTR)
            error = -errno;
    if (!error && birth.pid < 0)
        error = (int)birth.pid;
    if (!error && fcntl(pair[0], F_SETFL, O_NONBLOCK) < 0)
        error = -errno;
    if (error) {
        close(pair[0]);
        return spawn_refused(reason, -error, "cannot start another worker process");
    }
    *ret_pid = (pid_t)birth.pid;
    *ret_socket = pair[0];
    return 0;
}

void nursery_close(struct nursery *nursery)
{
    uint64_t give_up = clock_now_ns() + ENDS_IN_NS + 5 * NS_PER_SECOND;
    bool killed = false;

    if (!nursery)
        return;
    close(nursery->socket);
    while (waitpid(nursery->pid, NULL, WNOHANG) == 0) {
        if (!killed && clock_now_ns() > give_up) {
            kill(nursery->pid, SIGKILL);
            killed = true;
        }
        clock_sleep_until(clock_now_ns() + NS_PER_MILLISECOND);
    }
    free(nursery);
}
