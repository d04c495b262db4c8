/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What names a process for good: its number, when it was started, and the boot of the host that it is on. For
 * things that outlive it and are to say whose they are. */
#ifndef MVM_HOST_PROCESS_MARK_H
#define MVM_HOST_PROCESS_MARK_H

#include <stdbool.h>

struct process_mark {
    long pid;
    unsigned long long
        started;   /* field 22 of /proc/PID/stat (proc(5)), clock ticks since boot; 0: not known */
    char boot[40]; /* /proc/sys/kernel/random/boot_id; "": not known */
};

/* "BOOT PID STARTED", of printable ASCII. */
enum { PROCESS_MARK_ROOM = 96 };

/* That of this process. */
void process_mark_self(struct process_mark *ret_mark);

/* True while the process lives on this host. *ret_elsewhere, unless NULL: it is one of another host or boot.
 */
bool process_mark_lives(const struct process_mark *mark, bool *ret_elsewhere);

/* As a text; "" for one that is not known. */
void process_mark_write(const struct process_mark *mark, char ret_text[PROCESS_MARK_ROOM]);
/* False: that is no mark. */
bool process_mark_read(const char *text, struct process_mark *ret_mark);

#endif
