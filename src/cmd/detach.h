/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Going into the background when all is ready, so that who started the command knows how it went. */
#ifndef MVM_CMD_DETACH_H
#define MVM_CMD_DETACH_H

struct detach {
    int report; /* to the process in the foreground; -1: there is none */
};

/*
 * Splits this process. The copy, in a session of its own, gets -1 and works on; the process that was started
 * waits for its report and gets the exit status that it is to end with. SIGINT, SIGTERM and SIGHUP that reach
 * it meanwhile are handed on as SIGTERM. When no process can be made, it says so and gets 1.
 */
int detach_begin(struct detach *ret_detach);

/* Reports the exit status, once, and lets go of standard input, output and error. Without a process to report
 * to, nothing happens. */
void detach_report(struct detach *detach, int status);

#endif
