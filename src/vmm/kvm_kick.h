/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Ends KVM_RUN of this thread when a time has come: a timer whose signal sets kvm_run.immediate_exit, so that
 * it is not lost when it comes just before the ioctl. The timer fires once, and is set again only when it is
 * wanted and not set for that time or earlier; a thread that runs no guest has none before long.
 */
#ifndef MVM_VMM_KVM_KICK_H
#define MVM_VMM_KVM_KICK_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct kvm_kick {
    timer_t timer;
    bool made;
    uint64_t armed_ns; /* CLOCK_MONOTONIC; 0: it is not set */
    uint64_t settings; /* how often it was set */
};

/* Before KVM_RUN: it ends about at `at_ns` (CLOCK_MONOTONIC) or earlier. The timer is made at the first call,
 * for the thread that calls; no other may. -errno. */
int kvm_kick_arm(struct kvm_kick *kick, struct kvm_run *run, uint64_t at_ns);

/* `run` is not to be touched any more. */
void kvm_kick_leave(void);

void kvm_kick_release(struct kvm_kick *kick);

#endif
