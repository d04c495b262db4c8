/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inside of processes.h: what processes.c (starting and ending), process_events.c (what VMs do by themselves)
 * and process_asks.c (talking to them) share. */
#ifndef MVM_ENGINE_PROCESS_POPULATION_H
#define MVM_ENGINE_PROCESS_POPULATION_H

#include "base/reason.h"
#include "engine/fork_server.h"
#include "engine/keeper.h"
#include "engine/processes.h"
#include "engine/serial.h"

#include <sys/types.h>

enum vm_state { VM_BOOTING, VM_RUNNING, VM_FAILED, VM_DIED };

struct vm {
    pid_t pid;  /* 0 once it has ended and been reaped, and where it is no child of this process */
    pid_t peer; /* of a VM from outside: the process at the other end of its serial port; 0: not known */
    enum vm_state state;
    struct serial serial;
    int listener; /* SERIAL_LISTEN until the VM has connected; else -1 */
    uint64_t started_ns;
    uint64_t looked_ns,
        cpu_then_ns; /* of a VM that announces nothing: when its CPU time was last looked at, and it then */
    char *why;       /* it failed or died; NULL before that, and without memory */
    char *words;     /* what it wrote to standard error, the latest WORDS_MOST bytes; NULL for nothing */
};

struct processes {
    struct population population;
    const struct engine_setup *setup;
    struct process_plan plan;
    struct keeper keeper;
    struct fork_server server; /* that VMs are forked by, when the plan says so */
    struct vm server_end;      /* why it ended, and its words; nothing else of it */

    bool outside_is_deaf; /* nobody tells any more what becomes of VMs from outside: one whose serial port is
                             closed has ended */

    int epoll;
    int deaths;   /* signalfd of SIGCHLD */
    int words[2]; /* standard error of all VMs: [0] here, [1] theirs */

    struct vm *vms; /* `counts.started` of them */
    size_t room;
    uint64_t *booting; /* numbers of those that boot; counts.booting of them, room for plan.parallel */
    struct engine_counts counts;
    char last_failure[REASON_ROOM];

    double *boot_seconds; /* not yet taken */
    size_t boot_count, boot_taken, boot_room;

    struct engine_ask *finished; /* singly linked, oldest first */
    struct engine_ask **finished_end;
    uint64_t asks_under_way;
    uint64_t next_deadline_ns; /* no ask under way ends before this */
    uint64_t next_deaths_ns;   /* of one of several populations: when it looks for ends untold */
};

/* What an epoll event is about: a kind, and the number of a VM. */
enum event_kind { EVENT_SERIAL, EVENT_LISTENER, EVENT_DEATHS, EVENT_WORDS, EVENT_OUTSIDE };

/* Adds `fd` to the epoll set. */
int process_watch(struct processes *processes, int fd, enum event_kind kind, uint64_t vm, uint32_t events);

/* Says for what the serial socket of VM `vm` is watched from now on (EPOLLIN, EPOLLOUT). */
void process_watch_serial(struct processes *processes, uint64_t vm, uint32_t events);

/* Waits until `until_ns` at most and handles what happened: once, so that it returns after the first events.
 */
void process_events(struct processes *processes, uint64_t until_ns);

/* A VM's serial socket is there: takes over `fd`. */
int process_connected(struct processes *processes, uint64_t vm, int fd);

/* A VM that boots is ready, or has failed for the reason given (it is killed if it lives). */
void process_ready(struct processes *processes, uint64_t vm);
void process_fail(struct processes *processes, uint64_t vm, const char *why);

/* Takes the connection of a VM that is waiting for it, if it is, so that its peer is known. */
void process_accept_waiting(struct processes *processes, uint64_t vm);

/* A VM from outside has been made. One that announces nothing is given some time from here on. */
void process_outside_made(struct processes *processes, uint64_t vm);

/* Starts the fork server and waits until it is ready. 0, or -errno with a sentence that has its words. */
int process_server_open(struct processes *processes, struct reason *reason);

/* A VM forked by it, whose descriptor 3 is `descriptor`: its PID, or the same. */
pid_t process_server_fork(struct processes *processes, int descriptor, struct reason *reason);

/* Puts a finished ask where processes_reap() finds it. */
void process_ask_finished(struct processes *processes, struct engine_ask *ask);

/* Ends the asks whose deadline has passed. */
void process_expire_asks(struct processes *processes);

/* Blocks SIGCHLD from being lost between calls and opens the descriptors above; -errno with a reason. */
int process_events_open(struct processes *processes, struct reason *reason);
void process_events_close(struct processes *processes);

#endif
