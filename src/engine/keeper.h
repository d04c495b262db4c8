/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The keeper: a small process that outlives this one for a moment, so that nothing else does.
 *
 * All processes of a population are in one process group. The keeper holds the reading end of a pipe whose
 * writing end only this process has; when it closes, be it by keeper_stop() or because this process was
 * killed, the keeper kills the group and removes the population's private directory.
 */
#ifndef MVM_ENGINE_KEEPER_H
#define MVM_ENGINE_KEEPER_H

#include <sys/types.h>

struct reason;

struct keeper {
    pid_t pid;
    pid_t group;     /* the process group that VMs are to join */
    int life;        /* the pipe's writing end, close-on-exec */
    char *directory; /* private (mode 0700), for sockets and the like; removed with all in it */
};

/* Starts a keeper with a new private directory under $TMPDIR (or /tmp). */
int keeper_start(struct keeper *ret_keeper, struct reason *reason);

/* Kills every process of the group, removes the directory, and waits until the keeper has done so. */
void keeper_stop(struct keeper *keeper);

#endif
