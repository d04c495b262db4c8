/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sources: Linux Documentation/admin-guide/mm/{ksm,transhuge}.rst, sysctl/vm.rst, blockdev/zram.rst;
 * Documentation/mm/overcommit-accounting.rst. */
#include "host/check.h"

#include "base/option.h"
#include "host/procfile.h"
#include "host/reading.h"
#include "host/tune.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

static int check_amounts(struct host_findings *findings, const char *root)
{
    struct sampler *sampler;
    struct host_reading reading;
    char total[SIZE_TEXT_ROOM], available[SIZE_TEXT_ROOM];
    struct host_finding memory = {.name = "memory",
                                  .meaning = "what the host has, and what of it programs could have now"},
                        swap = {.name = "swap",
                                .value = "none",
                                .meaning =
                                    "where memory goes that was not used for long, as that of VMs which "
                                    "sleep; without it all VMs are in memory"};
    int error = sampler_open(&sampler, root, NULL);

    if (error)
        return 0; /* the host does not tell */
    error = sampler_read(sampler, &reading, NULL);
    sampler_close(sampler);
    if (error)
        return 0;
    snprintf(memory.value, sizeof(memory.value), "%s, %s available",
             size_text((double)reading.memory.total, total),
             size_text((double)reading.memory.available, available));
    if (reading.memory.swap_total > 0)
        snprintf(swap.value, sizeof(swap.value), "%s, %s free",
                 size_text((double)reading.memory.swap_total, total),
                 size_text((double)reading.memory.swap_free, available));
    error = host_findings_add(findings, &memory);
    return error ? error : host_findings_add(findings, &swap);
}

/* One finding a device that is set up. */
static int check_zram(struct host_findings *findings, const char *root)
{
    char path[PROCFILE_PATH], algorithm[SETTING_ROOM], size[SIZE_TEXT_ROOM];
    DIR *directory;
    int error = 0;

    snprintf(path, sizeof(path), "%s/sys/block", root);
    directory = opendir(path);
    for (const struct dirent *entry; directory && !error && (entry = readdir(directory));) {
        struct host_finding finding = {.meaning =
                                           "a disk in memory that compresses; swap on it holds more than the "
                                           "memory it takes"};
        uint64_t bytes;

        if (strncmp(entry->d_name, "zram", 4) != 0)
            continue;
        snprintf(path, sizeof(path), "/sys/block/%.50s/disksize", entry->d_name);
        if (procfile_number(root, path, &bytes) < 0 || bytes == 0)
            continue;
        snprintf(path, sizeof(path), "/sys/block/%.50s/comp_algorithm", entry->d_name);
        if (procfile_setting(root, path, algorithm, sizeof(algorithm)) < 0)
            text_copy(algorithm, sizeof(algorithm), "unknown");
        snprintf(finding.name, sizeof(finding.name), "%.50s", entry->d_name);
        snprintf(finding.value, sizeof(finding.value), "%s, %s", size_text((double)bytes, size), algorithm);
        error = host_findings_add(findings, &finding);
    }
    if (directory)
        closedir(directory);
    return error;
}

static int check_overcommit(struct host_findings *findings, const char *root)
{
    static const char *const words[] = {"0, by guess", "1, always", "2, never"};
    struct host_finding finding = {.name = "vm.overcommit_memory",
                                   .meaning =
                                       "whether programs may ask for more memory than there is: VMs ask for "
                                       "much and touch little"};
    uint64_t mode;

    if (procfile_number(root, "/proc/sys/vm/overcommit_memory", &mode) < 0)
        return 0;
    snprintf(finding.value, sizeof(finding.value), "%s", mode < 3 ? words[mode] : "unknown");
    if (mode == 2) {
        finding.verdict = FINDING_BAD;
        finding.advice =
            "what VMs ask for counts against CommitLimit of /proc/meminfo, touched or not: far fewer fit "
            "than memory holds";
        snprintf(finding.command, sizeof(finding.command), "sysctl -w vm.overcommit_memory=0");
    }
    return host_findings_add(findings, &finding);
}

/* Neither is good or bad by itself. */
static int check_pages(struct host_findings *findings, const char *root)
{
    struct host_finding
        huge = {.name = "transparent huge pages",
                .value = "absent",
                .meaning = "whether programs get pages of 2 MiB without asking ('always'), by asking "
                           "('madvise') or not; mvm switches it off for its worker processes, whose "
                           "heaps are small"},
        same = {.name = "ksm",
                .value = "absent",
                .meaning = "the kernel looks for pages that are alike and keeps them once, in programs "
                           "that ask for it, as QEMU does for the memory of its guests; it costs CPU "
                           "time for as long as it runs"};
    char value[SETTING_ROOM];

    if (procfile_setting(root, "/sys/kernel/mm/transparent_hugepage/enabled", value, sizeof(value)) == 0)
        text_copy(huge.value, sizeof(huge.value), value);
    if (procfile_setting(root, "/sys/kernel/mm/ksm/run", value, sizeof(value)) == 0)
        text_copy(same.value, sizeof(same.value), strcmp(value, "1") == 0 ? "on" : "off");
    int error = host_findings_add(findings, &huge);

    return error ? error : host_findings_add(findings, &same);
}

int host_check_memory(struct host_findings *findings, const char *root)
{
    int error = check_amounts(findings, root);

    if (!error)
        error = check_zram(findings, root);
    if (!error)
        error = check_overcommit(findings, root);
    return error ? error : check_pages(findings, root);
}
