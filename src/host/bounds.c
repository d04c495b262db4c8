/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/bounds.h"

#include "host/procfile.h"

#include <dirent.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint64_t number_or_zero(const char *root, const char *path)
{
    uint64_t number = 0;

    return procfile_number(root, path, &number) == 0 ? number : 0;
}

/* "287901 383868 575802": low, pressure, high. */
static uint64_t third_number(const char *root, const char *path)
{
    char text[128];
    uint64_t number = 0;

    if (procfile_text(root, path, text, sizeof(text)) < 0)
        return 0;
    const char *at = text;

    for (int i = 0; i < 3; i++) {
        at += strspn(at, "\t");
        if (!text_number(&at, &number))
            return 0;
    }
    return number;
}

/* "Max open files            1024                 1048576              files": soft, then hard. */
static bool take_limit(const char *line, const char *name, uint64_t *ret_soft, uint64_t *ret_hard)
{
    const char *rest = text_after(line, name);
    uint64_t *const limits[] = {ret_soft, ret_hard};

    for (size_t i = 0; rest && i < 2; i++) {
        rest += strspn(rest, " \t");
        const char *word = text_after(rest, "unlimited");

        if (word)
            *limits[i] = UINT64_MAX;
        else if (!text_number(&rest, limits[i]))
            return false;
        rest = word ? word : rest;
    }
    return rest != NULL;
}

static bool take_limits(void *context, const char *line)
{
    struct host_bounds *bounds = context;
    uint64_t hard;

    if (!take_limit(line, "Max open files", &bounds->files_soft, &bounds->files_hard))
        take_limit(line, "Max processes", &bounds->user_tasks_limit, &hard);
    return true;
}

struct status {
    uint64_t uid, capabilities;
};

static bool take_status(void *context, const char *line)
{
    struct status *status = context;
    const char *rest;

    if ((rest = text_after(line, "Uid:")))
        text_number(&rest, &status->uid);
    else if ((rest = text_after(line, "CapEff:")))
        status->capabilities = strtoull(rest, NULL, 16);
    return true;
}

/* include/linux/proc_ns.h: PROC_PID_INIT_INO. */
static bool in_pid_namespace(const char *root)
{
    char path[PROCFILE_PATH], target[64];
    ssize_t length;

    snprintf(path, sizeof(path), "%s/proc/self/ns/pid", root);
    length = readlink(path, target, sizeof(target) - 1);
    if (length <= 0)
        return false;
    target[length] = '\0';
    return strcmp(target, "pid:[4026531836]") != 0;
}

void host_bounds_read(struct host_bounds *ret_bounds, const char *root)
{
    struct status self = {0};

    *ret_bounds = (struct host_bounds){
        .pid_max = number_or_zero(root, "/proc/sys/kernel/pid_max"),
        .threads_max = number_or_zero(root, "/proc/sys/kernel/threads-max"),
        .file_max = number_or_zero(root, "/proc/sys/fs/file-max"),
        .nr_open = number_or_zero(root, "/proc/sys/fs/nr_open"),
        .max_map_count = number_or_zero(root, "/proc/sys/vm/max_map_count"),
        .tcp_memory_pages = third_number(root, "/proc/sys/net/ipv4/tcp_mem"),
    };
    procfile_lines(root, "/proc/self/limits", take_limits, ret_bounds);
    procfile_lines(root, "/proc/self/status", take_status, &self);

    uint64_t resource = UINT64_C(1) << CAP_SYS_RESOURCE, admin = UINT64_C(1) << CAP_SYS_ADMIN;

    ret_bounds->uid = self.uid;
    ret_bounds->pid_namespace = in_pid_namespace(root);
    ret_bounds->may_raise_files = self.capabilities & resource;
    ret_bounds->user_tasks_count = self.uid != 0 && !(self.capabilities & (resource | admin));
}

uint64_t host_bounds_own_files(const struct host_bounds *bounds)
{
    /* setrlimit() takes no hard limit above fs.nr_open, not even the one that is there. */
    if (bounds->nr_open > 0 && bounds->files_hard > bounds->nr_open)
        return bounds->files_soft;
    return bounds->nr_open > 0 && bounds->may_raise_files ? bounds->nr_open : bounds->files_hard;
}

uint64_t host_own_descriptors(const char *root, uint64_t limit)
{
    char path[PROCFILE_PATH];
    uint64_t count = 0;

    snprintf(path, sizeof(path), "%s/proc/self/fd", root);
    DIR *directory = opendir(path);

    if (!directory)
        return 0;
    for (const struct dirent *entry; (entry = readdir(directory));) {
        const char *at = entry->d_name;
        uint64_t number;

        count += text_number(&at, &number) && number < limit && number != (uint64_t)dirfd(directory);
    }
    closedir(directory);
    return count;
}
