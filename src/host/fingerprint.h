/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What this host is: the facts that a measurement depends on, for `.host` of a result. */
#ifndef MVM_HOST_FINGERPRINT_H
#define MVM_HOST_FINGERPRINT_H

#include <stdbool.h>
#include <stdint.h>

enum { FINGERPRINT_TEXT = 256, FINGERPRINT_LONG = 4096, FINGERPRINT_MITIGATIONS = 32 };

struct host_fingerprint {
    char cpu_model[FINGERPRINT_TEXT];
    unsigned cpus;
    uint64_t memory_bytes, swap_bytes;
    char kernel[FINGERPRINT_TEXT]; /* uname -sr and version */
    char kernel_command_line[FINGERPRINT_LONG];
    char hypervisor[FINGERPRINT_TEXT]; /* what this host itself runs on, where /sys or CPUID's flag tells;
                                          "none", "unknown" */
    struct {
        char name[64], state[FINGERPRINT_TEXT];
    } mitigations[FINGERPRINT_MITIGATIONS]; /* /sys/devices/system/cpu/vulnerabilities */
    unsigned mitigation_count;
    char frequency_governor[FINGERPRINT_TEXT]; /* "none" where there is no cpufreq */
    char ksm[FINGERPRINT_TEXT];                /* "off", "on", "absent" */
    char thp[FINGERPRINT_TEXT];                /* the selected word: "always", "madvise", "never", "absent" */
    uint64_t cgroup_memory_bytes;              /* lowest memory limit over this process; 0 for none */
    double cgroup_cpus;                        /* CPU quota in CPUs; 0 for none */
    uint64_t cgroup_pids;                      /* 0 for none */
    bool emulated; /* the processor of this host is itself emulated (QEMU TCG), and so is the KVM on it */
};

/* Fills what can be read; what cannot is "unknown" or 0. `root` as for sampler_open(). */
void host_fingerprint(struct host_fingerprint *ret_fingerprint, const char *root);

/* True when two results come from hosts alike in all that is in the fingerprint but the command line; memory
 * may differ by half a percent, as it does from boot to boot. */
bool host_fingerprint_alike(const struct host_fingerprint *a, const struct host_fingerprint *b);

#endif
