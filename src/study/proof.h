/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Proof of life: challenges to a population, and who answered. */
#ifndef MVM_STUDY_PROOF_H
#define MVM_STUDY_PROOF_H

#include "base/random.h"
#include "engine/engine.h"
#include "result/result.h"

/* A challenge not answered right within this time is asked once more, with a fresh nonce; then the VM does
 * not count as alive. */
#define PROOF_PATIENCE_NS (10 * NS_PER_SECOND)

struct proof {
    uint64_t of, done;     /* VM numbers to be looked at, and those that were: how far it is */
    uint64_t asked;        /* VMs */
    uint64_t alive;        /* of them, answered right */
    uint64_t wrong;        /* wrong answers seen, also where the second try was right */
    struct spread latency; /* seconds from sending to answer, of right answers at the first try */
};

/*
 * Challenges every running VM when there are at most `sample` of them, else `sample` of them: one chosen at
 * random from each of `sample` equal stretches of the numbers, so that all ages are in it. `window` are under
 * way at once; 0: as many as the engine takes. Ends early, with what was proven until then, when `go_on` says
 * false; at each call of it `ret_proof` holds what is known so far. -ENOMEM with a reason, or 0.
 */
int proof_take(struct population *population, uint64_t sample, size_t window, struct random *random,
               const struct engine_watch *watch, struct proof *ret_proof, struct reason *reason);

#endif
