/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A process that does nothing but fork others. It is forked early, while the program is small, so that its
 * children share their memory with it and with each other, and none of them holds what the program opened
 * or wrote since.
 */
#ifndef MVM_ENGINE_NURSERY_H
#define MVM_ENGINE_NURSERY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct nursery;
struct reason;

/* What its children are. */
struct nursery_plan {
    const char *name; /* of the processes, at most 15 characters */
    /* Run in each child with its end of a socket pair (SOCK_SEQPACKET), on which it reads the end of file
     * when its parent's program is gone. When it returns, the child ends. */
    void (*serve)(int socket, void *context);
    void *context;
    const int *keep; /* descriptors that stay open in the children */
    size_t keep_count;
    uint64_t files; /* that each child is to be allowed */
};

/* -errno with a sentence; -EPERM when children cannot be allowed so many files. */
int nursery_open(const struct nursery_plan *plan, struct nursery **ret_nursery, struct reason *reason);

/* Forks a child: its PID and this program's end of the socket pair (non-blocking, close-on-exec). -errno. */
int nursery_spawn(struct nursery *nursery, pid_t *ret_pid, int *ret_socket, struct reason *reason);

/* Returns when the nursery and all its children have ended: they are given some seconds to do so after their
 * sockets were closed, which is the caller's task, and are killed then. NULL is fine. */
void nursery_close(struct nursery *nursery);

#endif
