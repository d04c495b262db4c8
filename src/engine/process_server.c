/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Populations whose VMs are forked by a server: the server's life, and what is said when it ends. */
#include "engine/process_population.h"

#include "base/clock.h"

#include <errno.h>

#define END_WAIT_NS NS_PER_SECOND

/* What became of a server that has closed its socket: its end comes a moment later. */
static int explain_end(struct processes *processes, struct reason *reason)
{
    uint64_t until = clock_now_ns() + END_WAIT_NS;
    const struct vm *end = &processes->server_end;

    while (processes->server.pid > 0 && clock_now_ns() < until)
        process_events(processes, until);
    return reason_set(reason, EPIPE, "the fork server %s%s%s", end->why ? end->why : "has closed its socket",
                      end->words ? ": " : "", end->words ? end->words : "");
}

int process_server_open(struct processes *processes, struct reason *reason)
{
    struct process_plan *plan = &processes->plan;
    struct arguments arguments = {0};

    plan->arguments(plan->context, 0, "", &arguments);
    int error =
        arguments_whole(&arguments)
            ? fork_server_start(&processes->server, plan->program, arguments.words, processes->keeper.group,
                                processes->words[1], plan->options.boot_timeout_ns, reason)
            : reason_set(reason, ENOMEM, "no memory to start the fork server");

    arguments_release(&arguments);
    if (!error)
        error = fork_server_ready(&processes->server, reason);
    return error == -EPIPE ? explain_end(processes, reason) : error;
}

pid_t process_server_fork(struct processes *processes, int descriptor, struct reason *reason)
{
    pid_t pid = fork_server_fork(&processes->server, descriptor, reason);

    return pid == -EPIPE ? explain_end(processes, reason) : pid;
}
