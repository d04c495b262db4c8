/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which VM a request goes to.
 *
 * uniform: each with the same chance. round-robin: one after the other. zipf: the VM of rank k with a chance
 * proportional to 1 / k^skew, by rejection-inversion (W. Hoermann, G. Derflinger, "Rejection-inversion to
 * generate variates from monotone discrete distributions", 1996), which takes no memory. Ranks are scattered
 * over the numbers, as which VMs of a cloud are asked most has nothing to do with when they were started.
 */
#ifndef MVM_LOAD_TARGETS_H
#define MVM_LOAD_TARGETS_H

#include "base/random.h"

#include <stdint.h>

#define TARGETS_MOST (UINT64_C(1) << 32) /* VMs */

enum target_kind { TARGETS_UNIFORM, TARGETS_ZIPF, TARGETS_ROUND_ROBIN };

/* The names of the kinds, in their order, as options and results have them; NULL-terminated. */
extern const char *const target_names[];

struct targets {
    enum target_kind kind;
    uint64_t vms; /* 1 to TARGETS_MOST */
    double skew;
    /* Of zipf. */
    double integral_first, integral_last, shortcut;
    uint64_t stride; /* has no divisor in common with `vms` */
};

/* `skew` is above 0 with zipf, and not looked at else. */
void targets_set(struct targets *targets, enum target_kind kind, uint64_t vms, double skew);

/* The VM of request `number`; 0 to vms - 1. */
uint64_t targets_choose(const struct targets *targets, uint64_t number, struct random *random);

/* The VM of a rank, 0 being the one that is asked most. */
uint64_t targets_ranked(const struct targets *targets, uint64_t rank);

#endif
