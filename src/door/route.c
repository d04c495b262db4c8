/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "door/route.h"

#include "base/reason.h"
#include "door/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct routes {
    pid_t keeper;
    int life; /* the keeper removes the routes when it is closed */
};

/* One request to the kernel and its answer: 0 or -errno. See rtnetlink(7). */
static int change_route(const struct place *place, bool add)
{
    struct {
        struct nlmsghdr header;
        struct rtmsg route;
        struct {
            struct rtattr head;
            uint8_t bytes[16];
        } to;
        struct {
            struct rtattr head;
            uint32_t index;
        } by;
    } request = {.header = {.nlmsg_type = add ? RTM_NEWROUTE : RTM_DELROUTE,
                            .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK |
                                                      (add ? NLM_F_CREATE | NLM_F_EXCL : 0))},
                 .route = {.rtm_family = (uint8_t)place->family,
                           .rtm_dst_len = (uint8_t)place->bits,
                           .rtm_table = RT_TABLE_LOCAL,
                           .rtm_protocol = RTPROT_STATIC,
                           .rtm_scope = RT_SCOPE_HOST,
                           .rtm_type = RTN_LOCAL}};
    unsigned size = place->family == AF_INET ? 4 : 16;
    uint8_t *end = (uint8_t *)&request.to;
    union {
        struct nlmsghdr header;
        char bytes[4096];
    } answer;
    struct rtattr attribute = {.rta_len = (uint16_t)RTA_LENGTH(size), .rta_type = RTA_DST};
    uint32_t index = if_nametoindex("lo");
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

    if (fd < 0)
        return -errno;
    memcpy(end, &attribute, sizeof(attribute));
    memcpy(end + sizeof(attribute), place->first, size);
    end += RTA_SPACE(size);
    attribute = (struct rtattr){.rta_len = (uint16_t)RTA_LENGTH(sizeof(index)), .rta_type = RTA_OIF};
    memcpy(end, &attribute, sizeof(attribute));
    memcpy(end + sizeof(attribute), &index, sizeof(index));
    end += RTA_SPACE(sizeof(index));
    request.header.nlmsg_len = (uint32_t)(end - (uint8_t *)&request);
    int error = 0;

    if (send(fd, &request, request.header.nlmsg_len, 0) < 0)
        error = -errno;
    ssize_t got = error ? 0 : recv(fd, &answer, sizeof(answer), 0);

    if (!error && got >= (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr)) &&
        answer.header.nlmsg_type == NLMSG_ERROR)
        error = ((const struct nlmsgerr *)NLMSG_DATA(&answer.header))->error;
    else if (!error)
        error = -EIO;
    close(fd);
    return error;
}

/* The keeper. Reports -errno of the first route that could not be set, or 0. */
static _Noreturn void keep_routes(const struct place *places, size_t count, int life, int report)
{
    bool set[64] = {false};
    int error = 0;
    char byte;

    prctl(PR_SET_NAME, "mvm-routes");
    setpgid(0, 0);
    for (int number = 1; number < NSIG; number++)
        if (number != SIGCHLD)
            signal(number, SIG_IGN);
    for (size_t i = 0; !error && i < count && i < 64; i++) {
        if (place_has_route(&places[i]))
            continue;
        error = change_route(&places[i], true);
        set[i] = !error;
        error = error == -EEXIST ? 0 : error;
    }
    if (write(report, &error, sizeof(error)) != (ssize_t)sizeof(error) || error)
        goto remove;
    close(report);
    while (read(life, &byte, 1) < 0 && errno == EINTR)
        ;
remove:
    for (size_t i = 0; i < count && i < 64; i++)
        if (set[i])
            change_route(&places[i], false);
    _exit(0);
}

int routes_set(const struct place *places, size_t count, struct routes **ret_routes, struct reason *reason)
{
    int life[2] = {-1, -1}, report[2] = {-1, -1}, error = 0;
    struct routes *routes;
    bool needed = false;

    *ret_routes = NULL;
    for (size_t i = 0; i < count; i++)
        needed = needed || !place_has_route(&places[i]);
    if (!needed)
        return 0;
    routes = calloc(1, sizeof(*routes));
    if (!routes)
        return reason_set(reason, ENOMEM, "no memory for routes");
    if (pipe2(life, O_CLOEXEC) < 0 || pipe2(report, O_CLOEXEC) < 0 || (routes->keeper = fork()) < 0) {
        error = reason_errno(reason, errno, "cannot start the process that keeps routes");
        if (life[0] >= 0) {
            close(life[0]);
            close(life[1]);
        }
        if (report[0] >= 0) {
            close(report[0]);
            close(report[1]);
        }
        free(routes);
        return error;
    }
    if (routes->keeper == 0) {
        /* Nothing of the run may stay open here: its lock, its sockets, the writing end of `life`. */
        int kept[2] = {fcntl(life[0], F_DUPFD, 64), fcntl(report[1], F_DUPFD, 64)};

        if (kept[0] < 0 || kept[1] != kept[0] + 1)
            _exit(1);
        close_range(0, (unsigned)kept[0] - 1, 0);
        close_range((unsigned)kept[1] + 1, ~0U, 0);
        keep_routes(places, count, kept[0], kept[1]);
    }
    close(life[0]);
    close(report[1]);
    routes->life = life[1];
    if (read(report[0], &error, sizeof(error)) != (ssize_t)sizeof(error))
        error = -ECHILD;
    close(report[0]);
    if (error) {
        routes_remove(routes);
        return reason_errno(reason, -error, "cannot set a route (`ip route add local PREFIX dev lo`)");
    }
    *ret_routes = routes;
    return 0;
}

void routes_remove(struct routes *routes)
{
    if (!routes)
        return;
    close(routes->life);
    while (waitpid(routes->keeper, NULL, 0) < 0 && errno == EINTR)
        ;
    free(routes);
}
