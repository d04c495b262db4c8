/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "door/listen.h"

#include "base/reason.h"

#include <errno.h>
#include <linux/filter.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What may wait in the kernel for a client that does not read; else it grows to megabytes. */
enum { SEND_BUFFER = 64 * 1024 };

/* Connections inherit these. */
static int set(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value));
}

/* A socket in the file system that nobody listens on any more was left by a run that was killed. */
static void remove_dead(const union place_socket_address *address, socklen_t size)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct stat status;

    if (fd >= 0 && lstat(address->local.sun_path, &status) == 0 && S_ISSOCK(status.st_mode) &&
        connect(fd, &address->any, size) < 0 && errno == ECONNREFUSED)
        unlink(address->local.sun_path);
    if (fd >= 0)
        close(fd);
}

static int bind_unix(int fd, const struct place *place, bool public)
{
    union place_socket_address address;
    socklen_t size = place_address(place, 0, &address);

    remove_dead(&address, size);
    if (bind(fd, &address.any, size) < 0)
        return -1;
    return chmod(place->path, public ? 0666 : 0600);
}

/* Drops what did not come over lo. Classic BPF; SKF_AD_IFINDEX is the interface that a packet came over
 * (Linux, Documentation/networking/filter.rst). Connections inherit it. */
static int keep_private(int fd)
{
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_IFINDEX)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, if_nametoindex("lo"), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    const struct sock_fprog filter = {.len = sizeof(steps) / sizeof(steps[0]), .filter = steps};

    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter));
}

static int bind_internet(int fd, struct place *place, bool public, bool alone)
{
    union place_socket_address address;
    socklen_t size = place_address(place, 0, &address);
    bool prefix = place_addresses(place) > 1;

    if (prefix && place->family == AF_INET)
        address.v4.sin_addr.s_addr = htonl(INADDR_ANY);
    else if (prefix)
        address.v6.sin6_addr = in6addr_any;
    if (set(fd, SOL_SOCKET, SO_REUSEADDR, 1) < 0 || set(fd, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER) < 0 ||
        set(fd, IPPROTO_TCP, TCP_NODELAY, 1) < 0 ||
        (place->family == AF_INET6 && set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) < 0))
        return -1;
    if (prefix && !public && keep_private(fd) < 0)
        return -1;
    if (!alone && set(fd, SOL_SOCKET, SO_REUSEPORT, 1) < 0)
        return -1;
    if (bind(fd, &address.any, size) < 0 || getsockname(fd, &address.any, &size) < 0)
        return -1;
    place->port = ntohs(place->family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
    return 0;
}

static int make(struct place *place, bool public, bool alone)
{
    int fd = socket(place->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int done = fd < 0                     ? -1
               : place->family == AF_UNIX ? bind_unix(fd, place, public)
                                          : bind_internet(fd, place, public, alone);

    if (done < 0) {
        int error = errno;

        if (fd >= 0)
            close(fd);
        return -error;
    }
    return fd;
}

int place_bind(struct place *place, bool public, bool alone, struct reason *reason)
{
    char text[PLACE_TEXT_ROOM];
    int fd;

    place_print(place, text);
    if (!public && !place_is_loopback(place) && place_addresses(place) == 1)
        return reason_set(
            reason, EINVAL,
            "%s is not a loopback address; --public lets other hosts in, 127.0.0.1 is for this one", text);
    /* SO_REUSEPORT would let two programs of one user share a port, each with some of the connections. The
     * first socket is therefore tried without it. */
    if (alone && place->family != AF_UNIX) {
        fd = make(place, public, true);
        if (fd < 0)
            goto failed;
        close(fd);
    }
    fd = make(place, public, false);
    if (fd >= 0)
        return fd;
failed:
    if (fd == -EADDRINUSE)
        return reason_set(reason, EINVAL, "%s is taken by another program", text);
    if (fd == -EADDRNOTAVAIL)
        return reason_set(reason, EINVAL, "%s is not an address of this host", text);
    return reason_errno(reason, -fd, "cannot listen at %s", text);
}

bool place_has_route(const struct place *place)
{
    union place_socket_address address;
    uint64_t last = place_addresses(place) - 1;
    socklen_t size = place_address(place, last < 2 ? last : 2, &address);
    int fd;
    bool has;

    if (place_needs_no_route(place))
        return true;
    if (place->family == AF_INET)
        address.v4.sin_port = 0;
    else
        address.v6.sin6_port = 0;
    fd = socket(place->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    has = fd >= 0 && bind(fd, &address.any, size) == 0;
    if (fd >= 0)
        close(fd);
    return has;
}
