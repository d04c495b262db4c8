/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a node_exporter of Prometheus tells of a Linux host, as a reading: its text in Prometheus' exposition
 * format, version 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats). Names are those of
 * node_exporter 1.x with its collectors cpu, diskstats, filefd, meminfo, netclass, netdev, pressure,
 * sockstat, stat, time and vmstat, which are on by default; processes, which is off, tells the tasks. It does
 * not tell the pages of the CPUs' free lists.
 */
#ifndef MVM_NODE_EXPOSITION_H
#define MVM_NODE_EXPOSITION_H

#include "host/reading.h"
#include "host/resource.h"

#include <stdbool.h>
#include <stddef.h>

struct reason;

/* Longer texts are not read. */
enum { EXPOSITION_MOST = 4 << 20, EXPOSITION_LABEL_ROOM = 64 };

/* The devices of a host that are told apart, by the names that they had at the first reading, so that those
 * of two readings are the same. Zeroed before the first. */
struct exposition_devices {
    bool known;
    unsigned disk_count, link_count;
    char disks[HOST_DISKS][EXPOSITION_LABEL_ROOM]; /* but partitions and what lies upon other disks */
    char links[HOST_LINKS][EXPOSITION_LABEL_ROOM]; /* with an address of their own and a known speed */
};

/*
 * Reads a text of `length` bytes, which need not end with a NUL. What it does not tell is 0 or not known; CPU
 * times, MemTotal, MemFree, MemAvailable and the time are needed. On failure -EINVAL with a sentence, and
 * nothing is changed.
 */
int exposition_read(const char *text, size_t length, struct exposition_devices *devices,
                    struct host_reading *ret_reading, struct host_limits *ret_limits, struct reason *reason);

#endif
