/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/survive.h"

#include "base/reason.h"
#include "host/procfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define MIB (UINT64_C(1) << 20)

static int write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return -errno;

    int error = write(fd, text, strlen(text)) < 0 ? -errno : 0;

    close(fd);
    return error;
}

int host_protect_self(int *ret_oom_score_adj, struct reason *reason)
{
    int error = write_text("/proc/self/oom_score_adj", "-1000");
    char text[32] = "0";
    int unread = procfile_text("", "/proc/self/oom_score_adj", text, sizeof(text));
    int adjustment = (int)strtol(text, NULL, 10);

    *ret_oom_score_adj = adjustment;
    if (error == -EACCES || error == -EPERM)
        return reason_set(
            reason, EPERM,
            "the OOM killer may take this program (its oom_score_adj stays %d): lowering it needs "
            "CAP_SYS_RESOURCE",
            adjustment);
    if (error || unread)
        return reason_errno(reason, error ? -error : -unread, "cannot set /proc/self/oom_score_adj");
    return 0;
}

int host_expose_process(pid_t pid)
{
    /* No snprintf(): it is not async-signal-safe. */
    static const char before[] = "/proc/", behind[] = "/oom_score_adj";
    char path[64], digits[16];
    size_t length = sizeof(before) - 1, count = 0;

    if (pid < 0)
        return -EINVAL;
    if (pid == 0)
        return write_text("/proc/self/oom_score_adj", "1000");
    for (; pid > 0; pid /= 10)
        digits[count++] = (char)('0' + pid % 10);
    memcpy(path, before, length);
    while (count > 0)
        path[length++] = digits[--count];
    memcpy(path + length, behind, sizeof(behind));
    return write_text(path, "1000");
}

uint64_t host_memory_floor(const struct host_limits *limits)
{
    uint64_t floor = limits->memory_total / 50, most = limits->memory_total / 4;

    if (floor < 256 * MIB)
        floor = 256 * MIB;
    return floor < most ? floor : most;
}

int host_raise_file_limit(uint64_t wanted, uint64_t *ret_limit, struct reason *reason)
{
    struct rlimit limit;
    uint64_t most = wanted;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) {
        *ret_limit = 0;
        return reason_errno(reason, errno, "cannot read the limit of open files");
    }
    *ret_limit = limit.rlim_cur;
    if (limit.rlim_cur >= wanted)
        return 0;
    if (procfile_number("", "/proc/sys/fs/nr_open", &most) == 0 && most > wanted)
        most = wanted;

    struct rlimit raised = {.rlim_cur = most, .rlim_max = most > limit.rlim_max ? most : limit.rlim_max};

    if (most <= limit.rlim_cur) {
        raised = limit; /* fs.nr_open was lowered below what this process has */
    } else if (setrlimit(RLIMIT_NOFILE, &raised) < 0) {
        /* Only root may raise the hard limit. */
        raised = (struct rlimit){.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
        if (limit.rlim_cur >= limit.rlim_max || setrlimit(RLIMIT_NOFILE, &raised) < 0)
            raised = limit;
    }
    *ret_limit = raised.rlim_cur;
    if (raised.rlim_cur >= wanted)
        return 0;
    if (raised.rlim_cur >= most)
        return reason_set(reason, EPERM,
                          "this process may open %llu files, not %llu: the host's bound is lifted by "
                          "'sysctl fs.nr_open=%llu'",
                          (unsigned long long)raised.rlim_cur, (unsigned long long)wanted,
                          (unsigned long long)wanted);
    return reason_set(
        reason, EPERM,
        "this process may open %llu files, not %llu: the hard limit (ulimit -Hn) needs to be raised by root",
        (unsigned long long)raised.rlim_cur, (unsigned long long)wanted);
}
