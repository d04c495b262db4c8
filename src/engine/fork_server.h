/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A program that sets a VM up once and is then forked for each VM: mvm's patched QEMU with -fork-server
 * (third_party/qemu/).
 *
 * The program has on its standard input a socket (SOCK_SEQPACKET) for wishes and births, and as descriptor 3
 * one in place of a VM's serial port. It sends 64 bits of zero when it is ready. Each message to it then has
 * a descriptor, which is 3 in the new VM, and is answered by 64 bits: the VM's PID, or -errno.
 *
 * VMs are children of this process and not of the server: the one that the server forks forks again and ends,
 * and this process takes on its orphans (PR_SET_CHILD_SUBREAPER, while there is a server). So their deaths
 * are noticed and their status is had as with any child, and they are killed by the kernel when this process
 * dies; the end of the server is not theirs.
 */
#ifndef MVM_ENGINE_FORK_SERVER_H
#define MVM_ENGINE_FORK_SERVER_H

#include <stdint.h>
#include <sys/types.h>

struct reason;

struct fork_server {
    pid_t pid;        /* 0: none, or it has ended and was waited for */
    int control;      /* -1: none */
    int stand_in;     /* the other end of its descriptor 3 */
    int was_reaper;   /* whether this process took on orphans before */
    uint64_t wait_ns; /* the longest that it is waited for */
};

/* No server. */
#define FORK_SERVER_NONE                                                                                     \
    {                                                                                                        \
        .control = -1, .stand_in = -1                                                                        \
    }

/* Starts `program` in process group `group`, its standard error being `words`; it is not waited for. 0 or
 * -errno with a sentence. */
int fork_server_start(struct fork_server *server, const char *program, char *const *arguments, pid_t group,
                      int words, uint64_t wait_ns, struct reason *reason);

/* Waits until it is ready. -EPIPE: it has ended. */
int fork_server_ready(struct fork_server *server, struct reason *reason);

/* Forks a VM with this descriptor. Its PID, or -errno with a sentence; -EPIPE: the server has ended. */
pid_t fork_server_fork(struct fork_server *server, int descriptor, struct reason *reason);

/* Ends it and waits for it. VMs live on. Fine without a server. */
void fork_server_stop(struct fork_server *server);

#endif
