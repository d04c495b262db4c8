/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What of this host is in the way of many VMs: findings, each with its value, what it means and what would be
 * better. */
#ifndef MVM_HOST_CHECK_H
#define MVM_HOST_CHECK_H

#include <stdbool.h>
#include <stddef.h>

enum finding_verdict {
    FINDING_GOOD,   /* as it should be */
    FINDING_BETTER, /* something would be better */
    FINDING_BAD,    /* in the way */
};

struct host_finding {
    char name[64]; /* "kvm.halt_poll_ns" */
    char value[160];
    enum finding_verdict verdict;
    const char *meaning; /* a sentence */
    const char *advice;  /* what would be better and why, a sentence; NULL when nothing */
    char command[256];   /* that brings it about, as root; "" when there is none */
};

struct host_findings {
    struct host_finding *items;
    size_t count;
};

/* Appends a copy. -ENOMEM. */
int host_findings_add(struct host_findings *findings, const struct host_finding *finding);
void host_findings_release(struct host_findings *findings);

/* "good", "could be better", "in the way". */
const char *finding_verdict_text(enum finding_verdict verdict);

struct kvm_state {
    bool usable;       /* this process can make VMs with it */
    char why_not[256]; /* a sentence; "" when usable */
    char module[32];   /* "kvm_amd", "kvm_intel" or another that is loaded; "" for none */
    bool nested;       /* this host is a VM itself */
};

/* Whether KVM keeps a thread for each VM against iTLB multihit (kvm_nx_huge_page_recovery_worker()): unless
 * its parameter nx_huge_pages is "never". */
bool host_kvm_makes_threads(const char *root);

/* Whether that thread is there although this processor does not have the fault. */
bool host_kvm_thread_is_needless(const char *root);

/*
 * Whether KVM is there and usable, and the settings of its modules that matter for the number of VMs. `root`
 * as for sampler_open(); on a canned host (`root` not "") the device is not opened, and usable says that it
 * is there.
 */
int host_check_kvm(struct host_findings *findings, const char *root, struct kvm_state *ret_state);

/* Memory, swap, zram, overcommit, huge pages, KSM. `root` as for sampler_open(); what the host does not tell
 * is left out. -ENOMEM. */
int host_check_memory(struct host_findings *findings, const char *root);

/* Cores, frequency governor, energy policy, quotas of control groups, mitigations. */
int host_check_cpu(struct host_findings *findings, const char *root);

/* What programs around VMs use up: files of a process, inotify, ports, loopback addresses. */
int host_check_programs(struct host_findings *findings, const char *root);

#endif
