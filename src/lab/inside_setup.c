/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/inside.h"

#include "base/file.h"
#include "base/reason.h"
#include "lab/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Those that a kernel does not have (debugfs=off) are left out; the command sees that they are not there. */
void inside_mount(void)
{
    static const struct {
        const char *type, *place, *options;
    } mounts[] = {
        {"devtmpfs", "/dev", "mode=0755"},
        {"proc", "/proc", ""},
        {"sysfs", "/sys", ""},
        {"tmpfs", "/dev/shm", "mode=1777"},
        {"devpts", "/dev/pts", "ptmxmode=0666"},
        {"debugfs", "/sys/kernel/debug", ""},
        {"cgroup2", "/sys/fs/cgroup", ""},
    };
    static const char *const links[][2] = {
        {"/proc/self/fd", "/dev/fd"},
        {"/proc/self/fd/0", "/dev/stdin"},
        {"/proc/self/fd/1", "/dev/stdout"},
        {"/proc/self/fd/2", "/dev/stderr"},
    };
    struct ifreq loopback = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int fd;

    umask(0);
    for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
        mkdir(mounts[i].place, 0755);
        mount(mounts[i].type, mounts[i].place, mounts[i].type, 0, mounts[i].options);
    }
    umask(022);
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
        if (symlink(links[i][0], links[i][1]) < 0)
            continue;

    /* The kernel found no console in the archive to open for its first process. */
    fd = open("/dev/console", O_RDWR);
    for (int i = 0; i < 3 && fd >= 0; i++)
        if (fd != i)
            dup2(fd, i);
    if (fd > 2)
        close(fd);
    sethostname("lab", 3);
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        ioctl(fd, SIOCSIFFLAGS, &loopback);
        close(fd);
    }
}

static void set(const char *path, const char *value)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return;
    if (write(fd, value, strlen(value)) < 0)
        (void)0; /* a kernel that allows less keeps what it has */
    close(fd);
}

/* So that memory is what gives out. */
void inside_raise_limits(void)
{
    static const struct rlimit files = {4194304, 4194304}, none = {RLIM_INFINITY, RLIM_INFINITY};

    set("/proc/sys/kernel/pid_max", "4194304"); /* PID_MAX_LIMIT of 64-bit kernels */
    set("/proc/sys/kernel/threads-max", "4000000");
    set("/proc/sys/fs/nr_open", "4194304");
    set("/proc/sys/fs/file-max", "16777216");
    set("/proc/sys/vm/max_map_count", "16777216");
    setrlimit(RLIMIT_NOFILE, &files);
    setrlimit(RLIMIT_NPROC, &none);
    setrlimit(RLIMIT_MEMLOCK, &none);
    setrlimit(RLIMIT_SIGPENDING, &none);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
}

/* "kvm_amd.npt=0 quiet kvm.tdp_mmu=0" has "npt=0" for kvm-amd. What modprobe does; the kernel itself sets
 * only what is built in. */
static void settings_of(const char *module, char *ret_settings, size_t room)
{
    size_t length = strlen(module), used = 0;
    char *line, *rest, *word;
    size_t line_length;

    ret_settings[0] = '\0';
    if (file_read("/proc/cmdline", 1 << 16, &line, &line_length, NULL) < 0)
        return;
    for (rest = line; (word = strsep(&rest, " \n"));) {
        bool same = strlen(word) > length && word[length] == '.';

        if (strcmp(word, "--") == 0)
            break;
        for (size_t i = 0; same && i < length; i++)
            same = (word[i] == '-' ? '_' : word[i]) == (module[i] == '-' ? '_' : module[i]);
        if (same && used < room)
            used += (size_t)snprintf(ret_settings + used, room - used, "%s%s", used ? " " : "",
                                     word + length + 1);
    }
    free(line);
}

int inside_load(const char *path, struct reason *reason)
{
    char name[128], settings[1024];
    const char *slash = strrchr(path, '/');
    int fd = open(path, O_RDONLY | O_CLOEXEC), error = 0;

    if (fd < 0)
        return reason_errno(reason, errno, "cannot open the module %s", path);
    snprintf(name, sizeof(name), "%s", slash ? slash + 1 : path);
    name[strcspn(name, ".")] = '\0';
    settings_of(name, settings, sizeof(settings));
    if (syscall(SYS_finit_module, fd, settings, 0) < 0 && errno != EEXIST)
        error = reason_errno(reason, errno, "the kernel does not take its module %s%s%s", name,
                             settings[0] ? " with " : "", settings);
    close(fd);
    return error;
}

int channel_open(struct reason *reason)
{
    /* The first port of the first device. It appears a moment after its driver, and the host is at its other
     * end a moment after that. */
    for (int i = 0; i < 2000; i++) {
        int fd = open("/dev/vport0p1", O_RDWR | O_CLOEXEC);
        struct pollfd polled = {.fd = fd, .events = POLLOUT};

        if (fd >= 0 && poll(&polled, 1, 1000) > 0 && (polled.revents & POLLOUT))
            return fd;
        if (fd >= 0)
            close(fd);
        usleep(5000);
    }
    return reason_set(reason, ENODEV, "the port to the host does not appear");
}
