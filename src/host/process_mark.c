/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/process_mark.h"

#include "host/procfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void read_boot(char *ret_boot, size_t room)
{
    if (procfile_text("", "/proc/sys/kernel/random/boot_id", ret_boot, room) < 0)
        ret_boot[0] = '\0';
    ret_boot[strcspn(ret_boot, "\n")] = '\0';
}

/* 0: the process has ended, be it that nobody has waited for it yet. */
static unsigned long long started_at(long pid)
{
    char path[64], text[4096];

    snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
    if (pid <= 0 || procfile_text("", path, text, sizeof(text)) < 0)
        return 0;
    /* Field 2, the name, may have anything in it, parentheses too. */
    const char *at = strrchr(text, ')');

    if (!at || at[1] != ' ' || at[2] == 'Z' || at[2] == 'X')
        return 0;
    for (int field = 2; at && field < 22; field++)
        at = strchr(at + 1, ' ');
    return at ? strtoull(at, NULL, 10) : 0;
}

void process_mark_self(struct process_mark *ret_mark)
{
    *ret_mark = (struct process_mark){.pid = (long)getpid()};
    ret_mark->started = started_at(ret_mark->pid);
    read_boot(ret_mark->boot, sizeof(ret_mark->boot));
}

bool process_mark_lives(const struct process_mark *mark, bool *ret_elsewhere)
{
    char boot[sizeof(mark->boot)];

    read_boot(boot, sizeof(boot));
    bool elsewhere = strcmp(boot, mark->boot) != 0;

    if (ret_elsewhere)
        *ret_elsewhere = elsewhere;
    return !elsewhere && mark->started != 0 && started_at(mark->pid) == mark->started;
}

void process_mark_write(const struct process_mark *mark, char ret_text[PROCESS_MARK_ROOM])
{
    ret_text[0] = '\0';
    if (mark->boot[0] && mark->started != 0)
        snprintf(ret_text, PROCESS_MARK_ROOM, "%s %ld %llu", mark->boot, mark->pid, mark->started);
}

bool process_mark_read(const char *text, struct process_mark *ret_mark)
{
    struct process_mark mark;

    if (sscanf(text, "%39s %ld %llu", mark.boot, &mark.pid, &mark.started) != 3)
        return false;
    *ret_mark = mark;
    return true;
}
