/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sources: Linux Documentation/admin-guide/mm/ksm.rst and transhuge.rst,
 * Documentation/admin-guide/pm/cpufreq.rst. */
#include "host/knob.h"

#include "base/clock.h"
#include "base/reason.h"
#include "host/knob_zram.h"
#include "host/procfile.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/swap.h>
#include <unistd.h>

static const char *const ksm_values[] = {"off", "on", NULL};
static const char *const thp_values[] = {"always", "madvise", "never", NULL};

const struct knob host_knobs[KNOBS] = {
    [KNOB_KSM] = {"ksm", "whether the kernel merges equal pages", ksm_values},
    [KNOB_THP] = {"thp", "when memory is given in huge pages", thp_values},
    [KNOB_GOVERNOR] = {"governor", "how the frequency of the CPUs is chosen, by a name that the kernel has",
                       NULL},
    [KNOB_ZRAM] = {"zram", "swap on a compressed disk in memory, by its size", NULL},
};

static const char ksm_path[] = "/sys/kernel/mm/ksm/run",
                  thp_path[] = "/sys/kernel/mm/transparent_hugepage/enabled",
                  cpus_path[] = "/sys/devices/system/cpu";

int knob_journal_add(struct knob_journal *journal, const char *path, const char *before,
                     struct reason *reason)
{
    unsigned at = atomic_load(&journal->count);

    if (at == KNOB_CHANGES_MOST || strlen(path) >= KNOB_PATH || strlen(before) >= KNOB_TEXT)
        return reason_set(reason, ENOSPC, "there is no room to note what %s was", path);
    text_copy(journal->changes[at].path, KNOB_PATH, path);
    text_copy(journal->changes[at].before, KNOB_TEXT, before);
    atomic_store(&journal->count, at + 1);
    return 0;
}

void knob_journal_forget(struct knob_journal *journal)
{
    atomic_fetch_sub(&journal->count, 1);
}

static int change(struct knob_journal *journal, const char *root, const char *path, const char *text,
                  struct reason *reason)
{
    unsigned at = atomic_load(&journal->count);
    char before[256];
    int error = procfile_setting(root, path, before, sizeof(before));

    if (error)
        return reason_errno(reason, -error, "cannot read %s", path);
    if (strcmp(before, text) == 0)
        return 0;
    error = knob_journal_add(journal, path, before, reason);
    if (error)
        return error;
    error = procfile_write(root, path, text);
    if (!error)
        return 0;
    atomic_store(&journal->count, at);
    return reason_errno(reason, -error, "cannot write '%s' into %s", text, path);
}

/* Calls `each` with the governor file of every CPU that has one; -ENODEV when none has. */
static int each_governor(const char *root, int (*each)(void *context, const char *path), void *context,
                         struct reason *reason)
{
    char path[PROCFILE_PATH];
    unsigned seen = 0;
    int error = 0;

    snprintf(path, sizeof(path), "%s%s", root, cpus_path);
    DIR *cpus = opendir(path);

    for (struct dirent *entry; cpus && !error && (entry = readdir(cpus));) {
        unsigned number;
        char file[KNOB_PATH], whole[PROCFILE_PATH];

        if (sscanf(entry->d_name, "cpu%u", &number) != 1)
            continue;
        snprintf(file, sizeof(file), "%s/cpu%u/cpufreq/scaling_governor", cpus_path, number);
        snprintf(whole, sizeof(whole), "%s%s", root, file);
        if (access(whole, F_OK) < 0)
            continue;
        seen++;
        error = each(context, file);
    }
    if (cpus)
        closedir(cpus);
    if (!error && seen == 0)
        return reason_set(reason, ENODEV,
                          "this host's kernel does not choose the frequency of the CPUs: there is no "
                          "cpufreq in /sys");
    return error;
}

struct setting {
    struct knob_journal *journal; /* NULL: only look */
    const char *root, *value;
    struct reason *reason;
};

static int set_governor(void *context, const char *path)
{
    struct setting *setting = context;
    char file[PROCFILE_PATH], names[1024] = "";

    snprintf(file, sizeof(file), "%.*sscaling_available_governors", (int)(strrchr(path, '/') + 1 - path),
             path);
    procfile_text(setting->root, file, names, sizeof(names));
    for (char *rest = names, *name; (name = strsep(&rest, " "));)
        if (strcmp(name, setting->value) == 0)
            return setting->journal
                       ? change(setting->journal, setting->root, path, setting->value, setting->reason)
                       : 0;
    procfile_text(setting->root, file, names, sizeof(names));
    return reason_set(setting->reason, ENODEV, "this host has no frequency governor '%s' (it has: %s)",
                      setting->value, names);
}

static int check_value(const char *name, const char *value, struct reason *reason)
{
    for (size_t i = 0; i < KNOBS; i++) {
        const char *const *values = host_knobs[i].values;

        if (strcmp(host_knobs[i].name, name) != 0)
            continue;
        if (!values)
            return 0;
        for (; *values; values++)
            if (strcmp(*values, value) == 0)
                return 0;
        return reason_set(reason, EINVAL, "the host's setting %s has no value '%s'", name, value);
    }
    return reason_set(reason, EINVAL, "there is no setting of the host '%s'", name);
}

static int apply(struct knob_journal *journal, const char *root, const char *name, const char *value,
                 struct reason *reason)
{
    struct setting setting = {journal, root, value, reason};
    int error = check_value(name, value, reason);

    if (error)
        return error;
    if (strcmp(name, "zram") == 0)
        return knob_zram_set(journal, root, value, reason);
    if (strcmp(name, "governor") == 0)
        return each_governor(root, set_governor, &setting, reason);
    bool ksm = strcmp(name, "ksm") == 0;
    const char *path = ksm ? ksm_path : thp_path, *text = !ksm ? value : strcmp(value, "on") == 0 ? "1" : "0";
    char now[256];

    error = procfile_text(root, path, now, sizeof(now));
    if (error)
        return reason_set(reason, ENODEV, "this host's kernel has no %s: %s cannot be read",
                          ksm ? "merging of equal pages (KSM)" : "transparent huge pages", path);
    /* 2 is "stop, and take apart what was merged". */
    if (ksm && strcmp(text, "0") == 0 && strcmp(now, "1") != 0)
        return 0;
    return journal ? change(journal, root, path, text, reason) : 0;
}

int knob_set(struct knob_journal *journal, const char *root, const char *name, const char *value,
             struct reason *reason)
{
    return apply(journal, root, name, value, reason);
}

int knob_probe(const char *root, const char *name, const char *value, struct reason *reason)
{
    return apply(NULL, root, name, value, reason);
}

/* A group whose last process was just killed is busy for a moment. */
static int remove_group(const char *path)
{
    uint64_t give_up = clock_now_ns() + 5 * NS_PER_SECOND;

    while (rmdir(path) < 0) {
        if (errno != EBUSY || clock_now_ns() > give_up)
            return errno == ENOENT ? 0 : -errno;
        clock_sleep_until(clock_now_ns() + 20 * NS_PER_MILLISECOND);
    }
    return 0;
}

static int undo(const char *root, const char *path, const char *before)
{
    static const char devices[] = "/dev/", groups[] = "/sys/fs/cgroup/";
    char whole[PROCFILE_PATH];

    snprintf(whole, sizeof(whole), "%s%s", root, path);
    if (strncmp(path, groups, sizeof(groups) - 1) == 0)
        return remove_group(whole);
    if (strncmp(path, devices, sizeof(devices) - 1) != 0)
        return procfile_write(root, path, before);
    /* It may have been noted and not yet swapped on. */
    return swapoff(whole) < 0 && errno != EINVAL ? -errno : 0;
}

unsigned knob_journal_undo(struct knob_journal *journal, const char *root)
{
    unsigned failed = 0;

    for (unsigned at = atomic_load(&journal->count); at > 0; at--) {
        failed += undo(root, journal->changes[at - 1].path, journal->changes[at - 1].before) < 0;
        atomic_store(&journal->count, at - 1);
    }
    return failed;
}
