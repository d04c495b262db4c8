/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The laboratory: a computer emulated by QEMU (TCG) whose processor has hardware virtualization (SVM), in
 * which a kernel of Debian with its real KVM modules runs, and one command on it.
 */
#ifndef MVM_LAB_LAB_H
#define MVM_LAB_LAB_H

#include "base/option.h"

#include <stdbool.h>
#include <stdint.h>

struct reason;

struct lab_wish {
    const char *kernel, *package; /* as in struct kernel_wish */
    uint64_t memory_bytes, cpus;
    const char *append; /* for the kernel's command line, or NULL */
    struct option_list with, modules;
    uint64_t timeout_ns;  /* for the command; 0: none */
    const char *out;      /* a folder: what is left in it comes back; NULL: in the working folder */
    char *const *command; /* NULL-terminated */
    int input;            /* a descriptor that the command reads, or -1 */
    int output, errors;
    int stop; /* a signalfd: the signals go to the command; a second one ends the laboratory */
    void (*say)(const char *sentence);
};

struct lab_outcome {
    int status;       /* the command's exit status; 128 + N when signal N ended it */
    uint64_t boot_ns; /* from the start of QEMU until the command started */
    bool timed_out;   /* it was ended because its time had passed */
};

/*
 * Runs the command in a laboratory of its own. Its standard output and error are carried as they come, byte
 * for byte; files that it made or changed come back at their paths when it has ended, also when it was ended.
 * When this returns the laboratory is gone. Returns 0 when the command ran. -EINVAL: the wish cannot be met
 * as it is; -EINTR: ended by signals before the command did; -ETIMEDOUT: by the timeout, and the command
 * would not end; other -errno: the laboratory failed, with a sentence.
 */
int lab_run(const struct lab_wish *wish, struct lab_outcome *ret_outcome, struct reason *reason);

#endif
