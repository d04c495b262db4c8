/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/keeper.h"

#include "base/clock.h"
#include "base/reason.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void remove_directory(const char *path)
{
    DIR *directory = opendir(path);
    struct dirent *entry;

    if (!directory)
        return;
    while ((entry = readdir(directory)))
        unlinkat(dirfd(directory), entry->d_name, 0);
    closedir(directory);
    rmdir(path);
}

/* A process group lives as long as it has a member; the anchor is the one that is always there, so that VMs
 * can come and go, and so that the keeper itself is not in the group that it kills. */
static _Noreturn void be_anchor(void)
{
    prctl(PR_SET_NAME, "mvm-anchor");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;)
        pause();
}

static void kill_group(pid_t anchor)
{
    uint64_t give_up = clock_now_ns() + 5 * NS_PER_SECOND;

    /* More than once: a process that was just being started may have joined the group after the first kill.
     * Dead members that nobody has reaped yet still count, so there is a bound. */
    while (kill(-anchor, SIGKILL) == 0 && clock_now_ns() < give_up) {
        while (waitpid(anchor, NULL, WNOHANG) > 0)
            ;
        clock_sleep_until(clock_now_ns() + 5 * NS_PER_MILLISECOND);
    }
}

static _Noreturn void be_keeper(int life, int report, const char *directory)
{
    prctl(PR_SET_NAME, "mvm-keeper");
    setpgid(0, 0);
    for (int number = 1; number < NSIG; number++)
        if (number != SIGCHLD)
            signal(number, SIG_IGN);
    signal(SIGCHLD, SIG_DFL);

    pid_t anchor = fork();

    if (anchor == 0) {
        close(life);
        close(report);
        signal(SIGTERM, SIG_DFL);
        be_anchor();
    }
    if (anchor > 0)
        setpgid(anchor, anchor);
    if (write(report, &anchor, sizeof(anchor)) != (ssize_t)sizeof(anchor) || anchor < 0)
        _exit(1);
    close(report);

    char byte;

    while (read(life, &byte, 1) < 0 && errno == EINTR)
        ;
    kill(-anchor, SIGKILL);
    remove_directory(directory);
    kill_group(anchor);
    remove_directory(directory); /* of what a process just being started may have made in between */
    _exit(0);
}

/* The keeper inherits everything this process has open; it must hold none of it but its two pipes: who waits
 * for the end of what this process prints must not wait for the keeper, which outlives a process that went
 * into the background. */
static void close_all_but(int first, int second)
{
    unsigned low = (unsigned)(first < second ? first : second),
             high = (unsigned)(first < second ? second : first);

    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int fd = STDIN_FILENO; nothing >= 0 && fd <= STDERR_FILENO; fd++)
        dup2(nothing, fd);
    if (low > 3)
        close_range(3, low - 1, 0);
    if (high > low + 1)
        close_range(low + 1, high - 1, 0);
    close_range(high + 1, UINT_MAX, 0);
}

static int make_directory(char **ret_path, struct reason *reason)
{
    const char *parent = getenv("TMPDIR");
    char path[PATH_MAX];

    if (!parent || !*parent)
        parent = "/tmp";
    if ((size_t)snprintf(path, sizeof(path), "%s/mvm-XXXXXX", parent) >= sizeof(path))
        return reason_set(reason, ENAMETOOLONG, "the path in TMPDIR is too long");
    if (!mkdtemp(path))
        return reason_errno(reason, errno, "cannot make a directory in %s", parent);
    *ret_path = strdup(path);
    if (!*ret_path) {
        rmdir(path);
        return reason_set(reason, ENOMEM, "no memory");
    }
    return 0;
}

int keeper_start(struct keeper *ret_keeper, struct reason *reason)
{
    struct keeper keeper = {.pid = -1, .group = -1, .life = -1};
    int life[2] = {-1, -1}, report[2] = {-1, -1};
    int error = make_directory(&keeper.directory, reason);

    if (error)
        return error;
    if (pipe2(life, O_CLOEXEC) < 0 || pipe2(report, O_CLOEXEC) < 0) {
        error = reason_errno(reason, errno, "cannot make a pipe");
        goto fail;
    }
    keeper.pid = fork();
    if (keeper.pid < 0) {
        error = reason_errno(reason, errno, "cannot start a process");
        goto fail;
    }
    if (keeper.pid == 0) {
        close_all_but(life[0], report[1]);
        be_keeper(life[0], report[1], keeper.directory);
    }
    close(life[0]);
    life[0] = -1;
    close(report[1]);
    report[1] = -1;
    if (read(report[0], &keeper.group, sizeof(keeper.group)) != (ssize_t)sizeof(keeper.group) ||
        keeper.group < 0) {
        error = reason_set(reason, EAGAIN, "cannot start a process for the group of the VMs");
        goto fail;
    }
    close(report[0]);
    keeper.life = life[1];
    *ret_keeper = keeper;
    return 0;

fail:
    for (int i = 0; i < 2; i++) {
        if (life[i] >= 0)
            close(life[i]);
        if (report[i] >= 0)
            close(report[i]);
    }
    if (keeper.pid > 0)
        waitpid(keeper.pid, NULL, 0);
    rmdir(keeper.directory);
    free(keeper.directory);
    return error;
}

void keeper_stop(struct keeper *keeper)
{
    close(keeper->life);
    while (waitpid(keeper->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    free(keeper->directory);
    *keeper = (struct keeper){.pid = -1, .group = -1, .life = -1};
}
