/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/spawn.h"

#include "base/reason.h"
#include "host/survive.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXTRA_DESCRIPTOR = 3 };

int spawn_descriptor(int fd)
{
    if (fd < 0 || fd > EXTRA_DESCRIPTOR)
        return fd;
    int higher = fcntl(fd, F_DUPFD_CLOEXEC, EXTRA_DESCRIPTOR + 1);

    if (higher < 0)
        higher = -errno;
    close(fd);
    return higher;
}

/*
 * Runs in the child of vfork(), in the parent's memory while the parent is stopped: system calls alone, and
 * no variable of the parent is changed but *failed. Every descriptor of the parent is close-on-exec.
 */
static _Noreturn void become(const struct spawn *spawn, pid_t parent, int null, const sigset_t *no_signals,
                             volatile int *failed)
{
    const int wanted[] = {
        spawn->standard_input < 0 ? null : spawn->standard_input,
        spawn->standard_output < 0 ? null : spawn->standard_output,
        spawn->standard_error < 0 ? null : spawn->standard_error,
    };

    errno = 0;
    /* If the parent died before the death signal was asked for, nobody would send it. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent || setpgid(0, spawn->group) < 0)
        goto fail;
    for (int i = 0; i < 3; i++)
        if (dup2(wanted[i], i) < 0)
            goto fail;
    if (spawn->extra >= 0 && dup2(spawn->extra, EXTRA_DESCRIPTOR) < 0)
        goto fail;

    /* This process may have made itself the OOM killer's last choice, which a VM would inherit; but not where
     * /proc cannot be written. */
    int exposed = host_expose_process(0);

    if (exposed < 0 && exposed != -EROFS)
        goto fail;
    for (int number = 1; number < NSIG; number++) {
        const struct sigaction standard = {.sa_handler = SIG_DFL};

        sigaction(number, &standard, NULL);
    }
    sigprocmask(SIG_SETMASK, no_signals, NULL);
    execv(spawn->program, spawn->arguments);
fail:
    *failed = errno ? errno : ECHILD;
    _exit(127);
}

pid_t spawn_process(const struct spawn *spawn, struct reason *reason)
{
    volatile int failed = 0;
    int null = spawn_descriptor(open("/dev/null", O_RDWR | O_CLOEXEC));
    pid_t parent = getpid();
    sigset_t all, before, none;

    if (null < 0)
        return reason_errno(reason, errno, "cannot open /dev/null");
    /* No handler of the parent may run in the child, whose memory is the parent's. */
    sigfillset(&all);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &all, &before);

    pid_t pid = vfork();

    if (pid == 0)
        become(spawn, parent, null, &none, &failed);

    int error = errno;

    sigprocmask(SIG_SETMASK, &before, NULL);
    close(null);
    if (pid < 0)
        return spawn_refused(reason, error, "cannot start another process");
    if (failed) {
        error = failed;
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
        return reason_errno(reason, error, "cannot run %s", spawn->program);
    }
    return pid;
}

int spawn_refused(struct reason *reason, int error, const char *what)
{
    if (error != EAGAIN)
        return reason_errno(reason, error, "%s", what);
    return reason_set(reason, EAGAIN,
                      "%s: the host makes no more tasks (kernel.pid_max, kernel.threads-max, pids.max of the "
                      "cgroup, ulimit -u)",
                      what);
}

static int is_program(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

int program_find(const char *name, char **ret_path, struct reason *reason)
{
    char path[PATH_MAX];
    const char *search = getenv("PATH");

    if (!*name)
        return reason_set(reason, EINVAL, "the name of the program is empty");
    if (strchr(name, '/')) {
        if (!is_program(name))
            return reason_set(reason, ENOENT, "there is no program %s", name);
        *ret_path = realpath(name, NULL);
        return *ret_path ? 0 : reason_errno(reason, errno, "cannot use %s", name);
    }
    for (const char *part = search ? search : "/usr/bin:/bin"; part;) {
        size_t length = strcspn(part, ":");

        if ((size_t)snprintf(path, sizeof(path), "%.*s/%s", (int)length, part, name) < sizeof(path) &&
            is_program(path)) {
            *ret_path = strdup(path);
            return *ret_path ? 0 : reason_set(reason, ENOMEM, "no memory");
        }
        part = part[length] ? part + length + 1 : NULL;
    }
    return reason_set(reason, ENOENT, "the program %s is not installed (not found in PATH)", name);
}

int program_line(const char *program, const char *option, const char *start, char *ret_line, size_t room,
                 struct reason *reason)
{
    int output[2];

    if (pipe2(output, O_CLOEXEC) < 0)
        return reason_errno(reason, errno, "cannot make a pipe");
    output[1] = spawn_descriptor(output[1]);

    char *arguments[] = {(char *)program, (char *)option, NULL};
    struct spawn spawn = {
        .program = program,
        .arguments = arguments,
        .group = 0, /* a group of its own */
        .standard_input = -1,
        .standard_output = output[1],
        .standard_error = -1,
        .extra = -1,
    };
    pid_t pid = spawn_process(&spawn, reason);

    close(output[1]);
    if (pid < 0) {
        close(output[0]);
        return (int)pid;
    }

    FILE *from = fdopen(output[0], "r");
    int error = 0;

    bool found = false;

    while (from && !found && fgets(ret_line, (int)room, from))
        found = strncmp(ret_line, start, strlen(start)) == 0;
    if (found)
        ret_line[strcspn(ret_line, "\n")] = '\0';
    else
        error = reason_set(reason, EIO, "%s %s prints no line that begins with '%s'", program, option, start);
    if (from)
        fclose(from); /* a program that goes on printing ends by SIGPIPE */
    else
        close(output[0]);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return error;
}

int program_first_line(const char *program, const char *option, char *ret_line, size_t room,
                       struct reason *reason)
{
    int error = program_line(program, option, "", ret_line, room, reason);

    return error == -EIO ? reason_set(reason, EIO, "%s %s prints nothing", program, option) : error;
}
