/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Why a laboratory ended that should not have. */
#ifndef MVM_LAB_TROUBLE_H
#define MVM_LAB_TROUBLE_H

#include "lab/machine.h"

#include <stdbool.h>
#include <stddef.h>

/* What the kernel printed, as far as it tells why it stopped. */
struct console {
    char line[256];  /* the last whole one */
    char panic[256]; /* what it said of its panic, or "" */
    char own[512];   /* what our own first process said, or "" */
    bool unpacking_failed;
    char partial[512];
    size_t length;
};

/* Reads what is there. False when there will be no more. */
bool console_hear(struct console *console, int fd);

/* QEMU has ended and was not told to: fills the reason, returns -EIO. */
int trouble_reason(struct machine *machine, const struct console *console, bool ready, struct reason *reason);

#endif
