/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a run is doing now: the figures of live views and of metrics. Counters count since the run began and
 * carry the time, so that every viewer makes its own differences and none disturbs another. What a look costs
 * does not grow with the number of VMs.
 */
#ifndef MVM_DOOR_LIVE_H
#define MVM_DOOR_LIVE_H

#include "door/tally.h"
#include "engine/engine.h"
#include "host/resource.h"

#include <jansson.h>
#include <stdbool.h>

struct door;
struct live_host;

/* What is counted in `vms`: by an engine that tells what its VMs do, their wakes; else what they were asked.
 */
enum live_events { LIVE_NOTHING, LIVE_WAKES, LIVE_ASKS };

struct live_figures {
    uint64_t at_ns;      /* CLOCK_MONOTONIC */
    double unix_seconds; /* CLOCK_REALTIME of the same moment */
    struct engine_counts counts;
    uint64_t numbers; /* VM numbers are below this */
    enum live_events events;
    /* With LIVE_ASKS only heat and busiest; with LIVE_NOTHING zeroes. */
    struct engine_live vms;
    struct tally_sum asks;
    bool has_doors;           /* there are ways in from outside */
    uint64_t connections;     /* of HTTP, open now */
    uint64_t tcp_connections; /* of plain TCP, open now */
    /* This process: the VMs are in it, or it is what keeps them. */
    uint64_t own_cpu_ns;
    uint64_t own_anonymous, own_file, own_shared, own_page_tables, own_swap; /* bytes */
    /* The whole host; and where its memory went since before the run, whoever took it. */
    bool host_known, taken_known;
    struct host_reading host;
    struct memory_accounting taken;
};

/* Fills the figures as of now. On the thread that serves the door, at any time until door_say_goodbye().
 * `watch`: heat and busiest are wanted, which an engine that tells of wakes counts only while somebody
 * watches: from the first such look on, until a minute after the last. Not for metrics, which are collected
 * for ever. */
void door_look_live(struct door *door, bool watch, struct live_figures *ret_figures);

/* The same as JSON: the answer to the command `live` (docs/control-protocol.md), without what tells of the
 * run itself. The heat map has at most `cells` cells; 0: there is none. NULL without memory. */
json_t *live_json(const struct live_figures *figures, size_t cells);

/* What a run says of itself beside its figures. */
enum { LIVE_TEXT_ROOM = 256 };

struct live_run {
    char run[LIVE_TEXT_ROOM], engine[LIVE_TEXT_ROOM], image[LIVE_TEXT_ROOM];
    char class_letter;
    bool starting; /* VMs are still being started */
    uint64_t wanted;
    double age_seconds;
    char stop_reason[LIVE_TEXT_ROOM]; /* why no more VMs were started; "" when all were */
};

/* The other way round, for who asked. What is absent, or of another kind than it should be, is 0 or not
 * known; a map with more cells than there can be is cut. */
void live_parse(const json_t *answer, struct live_figures *ret_figures, struct live_run *ret_run);

/* Readers of the host's figures, opened when they are first needed. NULL is fine. */
void live_host_close(struct live_host *host);

/* The command. */
struct peer;
void door_live(struct door *door, struct peer *peer, json_t *arguments);

#endif
