/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What names a process for good: its number, when it was started, and the boot of the host that it is on. For
 * things that outlive it and are to say whose they are. */
#ifndef MVM_HOST_PROCESS_MARK_H
#define MVM_HOST_PROCESS_MARK_H

#include <stdbool.h>

/* "BOOT PID STARTED", of printable ASCII. */
enum { PROCESS_MARK_ROOM = 96 };

/* Of this process; "" when /proc does not tell. */
void process_mark(char ret_mark[PROCESS_MARK_ROOM]);

/* True while the process that it names lives on this host. False for one of another host or boot, and for
 * what is no mark. */
bool process_mark_lives(const char *mark);

#endif
