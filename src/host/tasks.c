/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/bounds.h"

#include "host/procfile.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* kernel/pid.c: RESERVED_PIDS. */
enum { RESERVED = 300 };

/* "0.20 0.18 0.12 1/80 11206": tasks behind the slash, then the number last given out, in this namespace. */
static void read_loadavg(const char *root, uint64_t *ret_tasks, uint64_t *ret_last)
{
    char text[256];
    const char *at;

    *ret_tasks = *ret_last = 0;
    if (procfile_text(root, "/proc/loadavg", text, sizeof(text)) < 0 || !(at = strchr(text, '/')))
        return;
    at++;
    if (text_number(&at, ret_tasks))
        text_number(&at, ret_last);
}

/* A thread that is no process is not listed in /proc, but it is there. */
static uint64_t count_lost(const char *root, uint64_t last)
{
    char path[PROCFILE_PATH];
    uint64_t lost = 0, most = last > 0 && last < RESERVED ? last : RESERVED - 1;

    for (uint64_t number = 1; number <= most; number++) {
        snprintf(path, sizeof(path), "%s/proc/%llu", root, (unsigned long long)number);
        lost += access(path, F_OK) < 0;
    }
    return lost;
}

struct process {
    uint64_t uid, threads;
};

static bool take_process(void *context, const char *line)
{
    struct process *process = context;
    const char *rest;

    if ((rest = text_after(line, "Uid:")))
        text_number(&rest, &process->uid);
    else if ((rest = text_after(line, "Threads:")))
        text_number(&rest, &process->threads);
    return process->threads == 0; /* it comes behind Uid: */
}

static void count_processes(struct host_tasks *tasks, uint64_t uid, const char *root)
{
    char path[PROCFILE_PATH];
    DIR *directory;

    snprintf(path, sizeof(path), "%s/proc", root);
    directory = opendir(path);
    for (const struct dirent *entry; directory && (entry = readdir(directory));) {
        struct process process = {.uid = UINT64_MAX};

        if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
            continue;
        snprintf(path, sizeof(path), "/proc/%.20s/status", entry->d_name);
        if (procfile_lines(root, path, take_process, &process) < 0)
            continue; /* it has ended */
        tasks->here += process.threads;
        if (process.uid == uid)
            tasks->of_user += process.threads;
    }
    if (directory)
        closedir(directory);
}

static void but_this(uint64_t *count)
{
    *count -= *count > 0;
}

void host_tasks_count(struct host_tasks *ret_tasks, const struct host_bounds *bounds, const char *root)
{
    struct host_tasks tasks = {0};
    uint64_t last;

    read_loadavg(root, &tasks.all, &last);
    if (bounds->pid_namespace || bounds->user_tasks_count)
        count_processes(&tasks, bounds->uid, root);
    if (!bounds->pid_namespace)
        tasks.here = tasks.all;
    tasks.numbers_lost = count_lost(root, last);
    but_this(&tasks.all);
    but_this(&tasks.here);
    but_this(&tasks.of_user);
    *ret_tasks = tasks;
}
