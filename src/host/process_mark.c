/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/process_mark.h"

#include "host/procfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Field 22 of /proc/PID/stat (proc(5)), in clock ticks since boot; 0: the process has ended, be it that
 * nobody has waited for it yet. */
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

static void write_mark(long pid, char ret_mark[PROCESS_MARK_ROOM])
{
    char boot[48];
    unsigned long long started = started_at(pid);

    ret_mark[0] = '\0';
    if (started > 0 && procfile_text("", "/proc/sys/kernel/random/boot_id", boot, sizeof(boot)) == 0)
        snprintf(ret_mark, PROCESS_MARK_ROOM, "%s %ld %llu", boot, pid, started);
}

void process_mark(char ret_mark[PROCESS_MARK_ROOM])
{
    write_mark((long)getpid(), ret_mark);
}

bool process_mark_lives(const char *mark)
{
    const char *space = strchr(mark, ' ');
    char now[PROCESS_MARK_ROOM];

    if (!space)
        return false;
    write_mark(strtol(space + 1, NULL, 10), now);
    return now[0] && strcmp(mark, now) == 0;
}
