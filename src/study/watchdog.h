/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The watchdog: a small process beside the one that runs an experiment, which outlives a host that is out of
 * memory and an experiment that hangs. It holds its memory locked and is no choice of the OOM killer's, where
 * both are permitted; it allocates nothing and needs nobody's answer.
 *
 * A guarded run is a child process of the caller's. The watchdog kills it, and with it all its VMs (the
 * keeper of a population, engine/keeper.h, ends those), when it gives no sign of life for too long, when the
 * memory that the host has available falls below a floor, or when the caller itself is gone. Then it also
 * puts back what the caller had changed on the host.
 */
#ifndef MVM_STUDY_WATCHDOG_H
#define MVM_STUDY_WATCHDOG_H

#include "base/reason.h"
#include "host/knob.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { WATCHDOG_WORDS = 256 };

/* In memory that the caller, the watchdog and the guarded run share. */
struct watchdog_board {
    _Atomic pid_t run;            /* the process that is guarded; 0: none */
    _Atomic uint64_t beat_ns;     /* CLOCK_MONOTONIC; its last sign of life */
    _Atomic uint64_t patience_ns; /* how old that may be */
    _Atomic uint64_t vms;         /* that it has, for the verdict */
    atomic_bool killed;           /* by the watchdog; then `verdict` says why, and `for_memory` which way */
    atomic_bool for_memory;
    char verdict[WATCHDOG_WORDS];

    /* What the run leaves for the caller when it has ended. */
    int error;
    struct reason reason;

    struct knob_journal journal;

    /* What could be had. */
    atomic_bool ready, locked;
    _Atomic int oom_score_adj;
};

struct watchdog_settings {
    uint64_t memory_floor_bytes; /* less available: the run is killed */
    const char *root;            /* put before /proc and /sys; "" */
};

struct watchdog {
    struct watchdog_board *board;
    pid_t pid;
    int life; /* a pipe: when it closes, the caller is gone */
};

/* Starts a watchdog. The caller should be out of the OOM killer's reach already (host_protect_self()), which
 * children inherit. */
int watchdog_start(struct watchdog *ret_watchdog, const struct watchdog_settings *settings,
                   struct reason *reason);

/* Ends it; changes in the journal that were not taken back stay the caller's matter. */
void watchdog_stop(struct watchdog *watchdog);

/*
 * Runs `work` in a child process under the watchdog and waits for its end. Signals that end this process in
 * order (SIGINT, SIGTERM, SIGHUP) are handed on to the child when `interrupted` says so. Returns the exit
 * status of the child (what `work` returned, 0 to 127), 128 + N when signal N ended it, or -errno when it
 * could not be started. Before it counts as alive the child has `patience_ns`.
 */
int watchdog_run(struct watchdog *watchdog, int (*work)(void *context), bool (*interrupted)(void *context),
                 void *context, uint64_t patience_ns, struct reason *reason);

/* The guarded run's sign of life, and how long the next one may take. */
void watchdog_beat(struct watchdog_board *board, uint64_t vms, uint64_t patience_ns);

#endif
