/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "door/address.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* By way of the open directory: the path may be longer than the 107 bytes that a socket's address has, and
 * what is at the path may have changed since the directory was looked at. */
static int fill_address(struct sockaddr_un *address, int directory, const char *name)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    int length =
        snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d/%s", directory, name);

    return length < (int)sizeof(address->sun_path) ? 0 : -ENAMETOOLONG;
}

int door_listen(int directory, const char *name, int backlog)
{
    struct sockaddr_un address;
    int error = fill_address(&address, directory, name);
    int fd = error ? error : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return error ? error : -errno;
    unlinkat(directory, name, 0);
    /* Nobody can connect before listen(). */
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        fchmodat(directory, name, 0600, 0) < 0 || listen(fd, backlog) < 0) {
        error = -errno;
        close(fd);
        return error;
    }
    return fd;
}

static int connect_to(int directory, const char *name, int flags)
{
    struct sockaddr_un address;
    int error = fill_address(&address, directory, name);
    int fd = error ? error : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

    if (fd < 0)
        return error ? error : -errno;
    while (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        if (errno == EINTR)
            continue;
        error = -errno;
        close(fd);
        return error;
    }
    return fd;
}

int door_connect(int directory, const char *name)
{
    return connect_to(directory, name, 0);
}

int door_connect_at_once(int directory, const char *name)
{
    return connect_to(directory, name, SOCK_NONBLOCK);
}
