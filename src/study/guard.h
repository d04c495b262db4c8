/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The guard: watches the host while VMs are started and measured, and says stop before the host is lost. It
 * looks at the whole host and, where a run has a share, at the share.
 */
#ifndef MVM_STUDY_GUARD_H
#define MVM_STUDY_GUARD_H

#include "engine/engine.h"
#include "host/resource.h"
#include "result/result.h"

struct guard {
    struct sampler *sampler;
    const struct host_limits *limits;
    const struct host_baseline *baseline;
    const struct host_share *share;
    uint64_t memory_floor_bytes;        /* less than this available: stop */
    bool swap_counts;                   /* free swap is available, too */
    bool (*interrupted)(void *context); /* the user wants an end */
    void *interrupted_context;
    uint64_t beat_most_ns; /* this program held up for longer between two looks: the host no longer responds;
                              0: not looked at */
    void (*look)(void *context,
                 const struct engine_counts *counts); /* called at each look, for progress; may be NULL */
    void *look_context;

    bool resting; /* nothing is being started: only the user can end what is under way */
    uint64_t next_look_ns;
    uint64_t last_call_ns;    /* 0: the next call is the first of a stretch */
    struct host_reading last; /* for the rates; zeroed before the first look */
    enum stop stop;           /* STOP_NOT_YET while all is well */
    char why[512];
};

/* What a guard of VMs that are kept, not measured, looks at. */
struct guard_host {
    struct sampler *sampler; /* to be closed by the caller in every case; NULL is fine */
    struct host_limits limits;
    struct host_baseline baseline;
};

/*
 * Makes a guard of VMs that `engine` is about to start: raises the limit of open files as far as it goes,
 * makes this program the last that the kernel would kill, and reads the host as it is now. Fills what `guard`
 * looks at; who is asked and told (interrupted, look) is the caller's to set. `share` outlives the guard.
 * -errno with a sentence.
 */
int guard_open(struct guard *guard, struct guard_host *host, const struct engine *engine,
               const struct host_share *share, struct reason *reason);

/* The go_on() of an engine_watch whose context is a guard. Looks at the host at most ten times a second. */
bool guard_go_on(void *guard, const struct engine_counts *counts);

/* What is done next is not looked at as often as growth and waiting are: no heartbeat is expected of it. */
void guard_breathe(struct guard *guard);

/* True when more VMs of `counts` are lost than a measurement can stand (more than 5 % and at least 4): failed
 * starts are the engine's matter, later deaths one of liveness. Fills stop and why. */
bool guard_too_many_lost(struct guard *guard, const struct engine_counts *counts);

/* What gave out when growth failed with this negative errno; STOP_ENGINE: the engine itself. */
enum stop guard_stop_of_error(int error);

#endif
