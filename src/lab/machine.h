/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The emulated computer: QEMU with a kernel, an archive of files and a port. */
#ifndef MVM_LAB_MACHINE_H
#define MVM_LAB_MACHINE_H

#include "lab/kernel.h"
#include "lab/lab.h"

#include <stdbool.h>
#include <sys/types.h>

struct machine {
    pid_t pid;
    int pidfd;     /* can be read when QEMU has ended */
    int channel;   /* frames of channel.h */
    int console;   /* what the kernel prints */
    int complaint; /* a file in memory: QEMU's standard error */
};

/* Starts QEMU, which dies with this process. `archive` stays the caller's. */
int machine_start(struct machine *ret_machine, const struct lab_wish *wish, const struct kernel *kernel,
                  int archive, struct reason *reason);

/* Ends QEMU when it has not ended, and closes all. Returns its wait status. */
int machine_end(struct machine *machine);

#endif
