/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What mvm itself does not use up, but programs around VMs do. Sources: inotify(7), ip(7), Linux
 * Documentation/networking/ip-sysctl.rst, RFC 6890 (127.0.0.0/8). */
#include "host/check.h"

#include "host/bounds.h"
#include "host/procfile.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *limit_text(uint64_t limit, char text[32])
{
    if (limit == UINT64_MAX)
        return "unlimited";
    snprintf(text, 32, "%llu", (unsigned long long)limit);
    return text;
}

static int check_files(struct host_findings *findings, const char *root)
{
    struct host_finding finding = {
        .name = "ulimit -n",
        .meaning = "open files of a process: what it begins with, and how far it may raise "
                   "that itself, as mvm does"};
    struct host_bounds bounds;
    char soft[32], hard[32];

    host_bounds_read(&bounds, root);
    if (bounds.files_soft == 0)
        return 0;
    snprintf(finding.value, sizeof(finding.value), "%s, at most %s", limit_text(bounds.files_soft, soft),
             limit_text(bounds.files_hard, hard));
    return host_findings_add(findings, &finding);
}

static int check_inotify(struct host_findings *findings, const char *root)
{
    static const struct {
        const char *name, *path, *meaning;
    } limits[] = {
        {"inotify instances", "/proc/sys/fs/inotify/max_user_instances",
         "how often programs of one user may begin to watch files (fs.inotify.max_user_instances); mvm does "
         "not, but "
         "a manager that does so for each VM comes to its end here"},
        {"inotify watches", "/proc/sys/fs/inotify/max_user_watches",
         "how many files programs of one user may watch (fs.inotify.max_user_watches); mvm watches none"},
    };
    int error = 0;

    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]) && !error; i++) {
        struct host_finding finding = {.meaning = limits[i].meaning};
        uint64_t number;

        if (procfile_number(root, limits[i].path, &number) < 0)
            continue;
        text_copy(finding.name, sizeof(finding.name), limits[i].name);
        snprintf(finding.value, sizeof(finding.value), "%llu", (unsigned long long)number);
        error = host_findings_add(findings, &finding);
    }
    return error;
}

static int check_ports(struct host_findings *findings, const char *root)
{
    struct host_finding finding = {.name = "local ports",
                                   .meaning =
                                       "for connections from one address to one service "
                                       "(net.ipv4.ip_local_port_range); mvm's own ways to its VMs take none"};
    char text[64];
    const char *at = text;
    uint64_t first, last;

    if (procfile_text(root, "/proc/sys/net/ipv4/ip_local_port_range", text, sizeof(text)) < 0 ||
        !text_number(&at, &first) || !text_number(&at, &last) || last < first)
        return 0;
    snprintf(finding.value, sizeof(finding.value), "%llu to %llu: %llu", (unsigned long long)first,
             (unsigned long long)last, (unsigned long long)(last - first + 1));
    return host_findings_add(findings, &finding);
}

static int check_loopback(struct host_findings *findings, const char *root)
{
    struct host_finding finding = {.name = "loopback addresses",
                                   .value = "127.0.0.1 to 127.255.255.254",
                                   .meaning =
                                       "on each of which a program can have all ports, for a VM of its own"};
    char text[64];

    if (procfile_text(root, "/sys/class/net/lo/flags", text, sizeof(text)) < 0)
        return 0;
    if (!(strtoul(text, NULL, 16) & IFF_UP)) {
        text_copy(finding.value, sizeof(finding.value), "down");
        finding.verdict = FINDING_BETTER;
        finding.advice = "without it programs on this host cannot reach each other by address";
        text_copy(finding.command, sizeof(finding.command), "ip link set lo up");
    }
    return host_findings_add(findings, &finding);
}

int host_check_programs(struct host_findings *findings, const char *root)
{
    int error = check_files(findings, root);

    if (!error)
        error = check_inotify(findings, root);
    if (!error)
        error = check_ports(findings, root);
    return error ? error : check_loopback(findings, root);
}
