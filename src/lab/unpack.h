/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What comes back from the laboratory is unpacked by tar, as it comes. */
#ifndef MVM_LAB_UNPACK_H
#define MVM_LAB_UNPACK_H

#include <sys/types.h>

struct reason;

struct unpacking {
    pid_t pid;     /* of tar; 0: nothing came yet */
    int input;     /* tar reads here; does not block */
    int complaint; /* a file in memory */
};

int unpack_begin(struct unpacking *unpacking, const char *folder, struct reason *reason);

/* Waits until all is written; a failure has tar's own words. Safe on one that did not begin. */
int unpack_end(struct unpacking *unpacking, const char *folder, struct reason *reason);

/* The last line that is not empty of what was written to a file in memory, "" without one. */
void last_line(int fd, char *ret_line, size_t room);

#endif
