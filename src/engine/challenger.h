/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Challenges to many VMs, a bounded number of them under way at once. It does not wait: who uses it reaps
 * finished asks from the engine, hands over those that are the challenger's, and lets it send the next ones.
 *
 * A challenge that is not answered right within its patience is asked once more, with a fresh nonce. Where
 * an earlier answer did not come in time, one that is wrong may be what was left of that, sent late: the VM
 * is then one that did not answer in time.
 */
#ifndef MVM_ENGINE_CHALLENGER_H
#define MVM_ENGINE_CHALLENGER_H

#include "base/random.h"
#include "engine/engine.h"

struct challenger;

struct challenger_verdict {
    uint64_t vm;
    bool alive;     /* it gave the right answer */
    unsigned wrong; /* wrong answers among its tries, but for what may be the rest of a late one */
    bool first_try; /* alive, and the first answer was right */
    int status;     /* of the last ask, as in struct engine_ask; -ETIMEDOUT for the rest of a late answer */
    double seconds; /* from sending to answer, of the last ask */
};

struct challenger_plan {
    struct population *population;
    struct random *random;
    uint64_t patience_ns;
    size_t window;     /* how many are under way at most; 0: challenger_window() */
    void *ask_context; /* becomes engine_ask.context of every ask */
    /* The next VM to be challenged; false: none is left (and it is asked no more). */
    bool (*next)(void *context, uint64_t *ret_vm);
    void (*verdict)(void *context, const struct challenger_verdict *verdict);
    void *context;
};

int challenger_create(const struct challenger_plan *plan, struct challenger **ret_challenger,
                      struct reason *reason);

/* Sends what may be sent now: second tries, and challenges to new VMs. */
void challenger_send(struct challenger *challenger);

/* Takes a finished ask that is the challenger's. */
void challenger_take(struct challenger *challenger, struct engine_ask *ask);

/* No further VM is challenged, and none a second time. */
void challenger_stop(struct challenger *challenger);

/* How many VMs have been sent a challenge and have no verdict yet; 0 after challenger_send(): all is done. */
size_t challenger_under_way(const struct challenger *challenger);

/* How many asks the engine holds that have not come back. */
size_t challenger_asks(const struct challenger *challenger);

/* How many are under way at most. */
size_t challenger_window(const struct population *population);

/* Only when the engine holds no ask of it, or the population is closed. NULL is fine. */
void challenger_free(struct challenger *challenger);

#endif
