/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/detach.h"

#include "cmd/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Who gets the signals that end the process in the foreground. */
static volatile pid_t background;

static void hand_on(int number)
{
    (void)number;
    kill(background, SIGTERM);
}

static int wait_for_report(int report, pid_t pid)
{
    const struct sigaction action = {.sa_handler = hand_on};
    const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    unsigned char status = EXIT_FAILED;
    ssize_t got;

    background = pid;
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        sigaction(signals[i], &action, NULL);
    while ((got = read(report, &status, 1)) < 0 && errno == EINTR)
        ;
    close(report);
    if (got == 1)
        return status;
    /* It ended without a word. */
    int how = 0;

    while (waitpid(pid, &how, 0) < 0 && errno == EINTR)
        ;
    if (WIFSIGNALED(how))
        fprintf(stderr, "mvm: the process in the background was killed by signal %d (%s)\n", WTERMSIG(how),
                strsignal(WTERMSIG(how)));
    return EXIT_FAILED;
}

int detach_begin(struct detach *ret_detach)
{
    int report[2];
    pid_t pid = -1;

    fflush(stdout);
    if (pipe2(report, O_CLOEXEC) == 0)
        pid = fork();
    if (pid < 0) {
        fprintf(stderr, "mvm: cannot go into the background: %s\n", strerror(errno));
        return EXIT_FAILED;
    }
    if (pid > 0) {
        close(report[1]);
        return wait_for_report(report[0], pid);
    }
    close(report[0]);
    setsid();
    ret_detach->report = report[1];
    return -1;
}

void detach_report(struct detach *detach, int status)
{
    unsigned char byte = (unsigned char)status;

    if (detach->report < 0)
        return;
    fflush(stdout);
    fflush(stderr);
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int fd = STDIN_FILENO; nothing >= 0 && fd <= STDERR_FILENO; fd++)
        dup2(nothing, fd);
    if (nothing > STDERR_FILENO)
        close(nothing);
    while (write(detach->report, &byte, 1) < 0 && errno == EINTR)
        ;
    close(detach->report);
    detach->report = -1;
}
