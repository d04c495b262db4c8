/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The least that can start VMs: forks and executes the same command COUNT times, with one end of a socket
 * pair as descriptor 3, at most PARALLEL of them booting at once (0: no bound), and waits until each one has
 * sent a line. Prints the seconds that it took. bench/start compares mvm with it.
 *
 * usage: start-loop COUNT PARALLEL COMMAND...
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static pid_t start(char **command, int *ret_serial)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
        return -1;
    pid_t pid = vfork();

    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(null, 0);
        dup2(null, 1);
        dup2(ends[1], 3);
        close_range(4, ~0U, 0);
        execv(command[0], command);
        _exit(127);
    }
    close(ends[1]);
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    *ret_serial = ends[0];
    return pid;
}

int main(int argc, char **argv)
{
    int count = argc > 3 ? atoi(argv[1]) : 0, parallel = argc > 3 ? atoi(argv[2]) : 0;
    int started = 0, ready = 0, lost = 0;

    if (count < 1) {
        fprintf(stderr, "usage: start-loop COUNT PARALLEL COMMAND...\n");
        return 2;
    }
    struct pollfd *serials = calloc((size_t)count, sizeof(*serials));
    pid_t *pids = calloc((size_t)count, sizeof(*pids));
    int *fds = calloc((size_t)count, sizeof(*fds));
    double begun = now();

    if (!serials || !pids || !fds)
        return 1;
    /* Descriptor 3 is for the VM's serial port, so nothing of this program may be there. */
    fcntl(0, F_DUPFD_CLOEXEC, 3);
    while (ready + lost < count) {
        while (started < count && (parallel == 0 || started - ready - lost < parallel)) {
            pids[started] = start(argv + 3, &fds[started]);
            if (pids[started] < 0)
                return 1;
            serials[started].fd = fds[started];
            serials[started].events = POLLIN;
            started++;
        }
        poll(serials, (nfds_t)started, -1);
        for (int i = 0; i < started; i++) {
            char bytes[256];

            if (serials[i].fd < 0 || !serials[i].revents)
                continue;
            ssize_t got = read(serials[i].fd, bytes, sizeof(bytes));

            if (got > 0 && !memchr(bytes, '\n', (size_t)got))
                continue;
            if (got > 0)
                ready++;
            else
                lost++;
            serials[i].fd = -1;
        }
    }
    printf("%.3f\n", now() - begun);
    for (int i = 0; i < started; i++)
        kill(pids[i], SIGKILL);
    for (int i = 0; i < started; i++)
        waitpid(pids[i], NULL, 0);
    return lost ? 1 : 0;
}
