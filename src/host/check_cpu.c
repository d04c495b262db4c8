/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sources: Linux Documentation/admin-guide/pm/{cpufreq,intel_pstate,amd-pstate}.rst, hw-vuln/index.rst,
 * scheduler/sched-bwc.rst. */
#include "host/check.h"

#include "host/cgroup.h"
#include "host/fingerprint.h"
#include "host/procfile.h"

#include <stdio.h>
#include <string.h>

static int check_cores(struct host_findings *findings, const struct host_fingerprint *host)
{
    struct host_finding finding = {.name = "cpus",
                                   .meaning = "online; what VMs that work, boot or answer share"};

    snprintf(finding.value, sizeof(finding.value), "%u, %.120s", host->cpus, host->cpu_model);
    return host_findings_add(findings, &finding);
}

static int check_governor(struct host_findings *findings, const struct host_fingerprint *host)
{
    struct host_finding finding = {.name = "frequency governor",
                                   .meaning = "who chooses the cores' frequency"};

    snprintf(finding.value, sizeof(finding.value), "%.150s", host->frequency_governor);
    if (strcmp(host->frequency_governor, "none") != 0 &&
        strcmp(host->frequency_governor, "performance") != 0) {
        finding.verdict = FINDING_BETTER;
        finding.advice =
            "with 'performance' times do not depend on what the core did before: boots and answers are "
            "quicker and measurements alike";
        snprintf(finding.command, sizeof(finding.command),
                 "echo performance | tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor");
    }
    return host_findings_add(findings, &finding);
}

static int check_energy(struct host_findings *findings, const char *root)
{
    struct host_finding finding = {.name = "energy policy",
                                   .meaning =
                                       "what the processor favours when it chooses a frequency by itself"};

    if (procfile_text(root, "/sys/devices/system/cpu/cpu0/cpufreq/energy_performance_preference",
                      finding.value, sizeof(finding.value)) < 0)
        return 0; /* this processor does not choose */
    if (strstr(finding.value, "power")) {
        finding.verdict = FINDING_BETTER;
        finding.advice = "'performance' favours speed, when times are to be measured";
        snprintf(finding.command, sizeof(finding.command),
                 "echo performance | tee /sys/devices/system/cpu/cpu*/cpufreq/energy_performance_preference");
    }
    return host_findings_add(findings, &finding);
}

struct quota {
    struct host_findings *findings;
    int error;
};

static void take_quota(void *context, const struct cgroup_level *level)
{
    struct quota *quota = context;
    struct host_finding finding = {
        .verdict = FINDING_BETTER,
        .meaning = "CPU time that a control group may have",
        .advice = "VMs that sleep need none, but booting and answering stop when it is used "
                  "up, until the next period begins"};

    snprintf(finding.name, sizeof(finding.name), "%s of %.40s", level->limit_file, level->name);
    snprintf(finding.value, sizeof(finding.value), "%.2f CPUs", level->limit);
    snprintf(finding.command, sizeof(finding.command), "echo %s >%.150s/%s",
             level->version == 2 ? "max" : "-1", level->directory, level->limit_file);
    if (!quota->error)
        quota->error = host_findings_add(quota->findings, &finding);
}

static int check_mitigations(struct host_findings *findings, const struct host_fingerprint *host)
{
    struct host_finding finding = {.name = "mitigations",
                                   .meaning =
                                       "what the kernel does against faults of the processor; it takes time "
                                       "whenever a guest on KVM is entered or left, and not in emulated VMs"};
    unsigned none = 0, open = 0;

    if (host->mitigation_count == 0)
        return 0;
    for (unsigned i = 0; i < host->mitigation_count; i++) {
        none += strncmp(host->mitigations[i].state, "Not affected", 12) == 0;
        open += strncmp(host->mitigations[i].state, "Vulnerable", 10) == 0;
    }
    snprintf(finding.value, sizeof(finding.value), "%u needless, %u at work, %u lacking", none,
             host->mitigation_count - none - open, open);
    if (open > 0) {
        finding.verdict = FINDING_BETTER;
        finding.advice =
            "where VMs belong to people who do not trust each other, the lacking ones are needed: "
            "/sys/devices/system/cpu/vulnerabilities names them";
    }
    return host_findings_add(findings, &finding);
}

int host_check_cpu(struct host_findings *findings, const char *root)
{
    struct host_fingerprint host;
    struct quota quota = {.findings = findings};

    host_fingerprint(&host, root);
    int error = check_cores(findings, &host);

    if (!error)
        error = check_governor(findings, &host);
    if (!error)
        error = check_energy(findings, root);
    if (!error) {
        cgroup_levels(root, CGROUP_CPU, take_quota, &quota);
        error = quota.error;
    }
    return error ? error : check_mitigations(findings, &host);
}
