/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/hand.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

int hand_descriptor(int to, int descriptor)
{
    char byte = 0;
    union {
        char room[CMSG_SPACE(sizeof(int))];
        struct cmsghdr aligned;
    } control = {.room = {0}};
    struct iovec vector = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &vector,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = sizeof(control.room)};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);

    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(head), &descriptor, sizeof(descriptor));
    return sendmsg(to, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}
