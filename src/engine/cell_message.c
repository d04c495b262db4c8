/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/cell.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

int cell_send(int socket, const struct cell_message *message, const void *bytes, size_t count)
{
    struct iovec vectors[] = {{.iov_base = (void *)(uintptr_t)message, .iov_len = sizeof(*message)},
                              {.iov_base = (void *)(uintptr_t)bytes, .iov_len = count}};
    const struct msghdr header = {.msg_iov = vectors, .msg_iovlen = count ? 2 : 1};
    ssize_t sent;

    if (count > CELL_BYTES)
        return -EMSGSIZE;
    do
        sent = sendmsg(socket, &header, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}

ssize_t cell_receive(int socket, struct cell_message *ret_message, void *ret_bytes, int flags)
{
    struct iovec vectors[] = {{.iov_base = ret_message, .iov_len = sizeof(*ret_message)},
                              {.iov_base = ret_bytes, .iov_len = CELL_BYTES}};
    struct msghdr header = {.msg_iov = vectors, .msg_iovlen = 2};
    ssize_t got;

    do
        got = recvmsg(socket, &header, flags);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return errno == EWOULDBLOCK ? -EAGAIN : errno == ECONNRESET ? -EPIPE : -errno;
    if (got == 0)
        return -EPIPE;
    if (header.msg_flags & MSG_TRUNC || got < (ssize_t)sizeof(*ret_message))
        return -EBADMSG;
    return got - (ssize_t)sizeof(*ret_message);
}
