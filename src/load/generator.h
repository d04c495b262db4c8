/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The load generator.
 *
 * Open loop: each request has a time at which it is to be sent, which does not depend on how the ones before
 * it fare. Its latency counts from that time ("corrected"), so that a server that stalls is charged for all
 * who would have come meanwhile; the latency from when it was really sent stands beside it ("uncorrected"),
 * and the difference, the send lag, apart. A request is given up `timeout_ns` after its time, whether it was
 * sent or not. Only right answers have a latency; all else is counted by its outcome.
 *
 * Closed loop: a number of requests is under way at all times, each followed by the next: for throughput.
 * Their latency is the uncorrected one alone.
 *
 * A load belongs to one thread, which may do other things as well: load_run_until() returns in time.
 */
#ifndef MVM_LOAD_GENERATOR_H
#define MVM_LOAD_GENERATOR_H

#include "load/histogram.h"
#include "load/schedule.h"
#include "load/targets.h"
#include "load/way.h"

#include <stdbool.h>

struct reason;

/* Under way at once in an open loop, when nothing else is said; what is due then waits. */
enum { LOAD_UNDER_WAY = 65536 };

/* What is pointed at outlives the load. */
struct load_plan {
    struct load_way *way;
    const struct schedule_plan *schedule; /* NULL: closed loop */
    const struct targets *targets;        /* not looked at with a trace, which says whom to ask */
    uint64_t seed;
    uint64_t timeout_ns;
    uint64_t warm_up_ns; /* at the beginning; requests of this time are sent and not counted */
    uint64_t length_ns;  /* what follows, and is; UINT64_MAX: until load_stop() */
    size_t under_way;    /* closed loop: so many; open loop: at most; 0: LOAD_UNDER_WAY */
    /* Of `shares` loads with the same plan, each in a thread, this is number `share` and sends its part of
     * the requests. 0 shares: it is the only one. In a closed loop each has `under_way` of its own. */
    unsigned share, shares;
};

/* What was measured: of an open loop all requests whose time fell into the measured one, of a closed loop
 * those that ended in it. */
struct load_figures {
    uint64_t due; /* requests that have ended; the sum of all outcomes */
    uint64_t outcomes[LOAD_OUTCOMES];
    uint64_t measured_ns; /* the length of the measured time; shorter than planned after load_stop() */
    uint64_t cpu_ns; /* of the threads that sent, from the beginning to the end; set by load_team_run() */
    struct histogram corrected, uncorrected; /* right answers, in ns; corrected is empty in a closed loop */
    struct histogram lag;                    /* of all that were sent, in an open loop */
};

/* -ENOMEM or 0. */
int load_figures_init(struct load_figures *figures);
void load_figures_release(struct load_figures *figures);
/* As after load_figures_init(). */
void load_figures_clear(struct load_figures *figures);
/* Adds the figures of another share of the same load. */
void load_figures_merge(struct load_figures *figures, const struct load_figures *from);
/* Requests that were not answered right. */
uint64_t load_figures_failed(const struct load_figures *figures);

/* Where a load is, for people; may be read by any thread. */
struct load_progress {
    uint64_t sent, ended, failed;
};

struct load;

int load_create(const struct load_plan *plan, struct load **ret_load, struct reason *reason);

/* The load begins at `now_ns`. */
void load_begin(struct load *load, uint64_t now_ns);

/* Sends what is due and takes what has ended, until `until_ns`; between these it sleeps. Returns false when
 * the load is over: nothing more is to be sent, and nothing is under way. */
bool load_run_until(struct load *load, uint64_t until_ns);

/* Nothing more is sent. What is under way ends by its deadline: call load_run_until() until it returns false.
 */
void load_stop(struct load *load);

/* Valid until load_free(). */
const struct load_figures *load_figures(const struct load *load);

struct load_progress load_progress(const struct load *load);

/* When it is over. The way is its owner's to close. NULL is fine. */
void load_free(struct load *load);

#endif
