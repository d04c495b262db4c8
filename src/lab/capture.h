/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs a program to its end and keeps what it prints. */
#ifndef MVM_LAB_CAPTURE_H
#define MVM_LAB_CAPTURE_H

#include <stddef.h>

struct reason;

struct captured {
    char *output; /* standard output, NUL-terminated past its end; malloc'd */
    size_t length;
    char complaint[512]; /* the last line on standard error that is not empty */
    int status;          /* exit status, or 128 + the signal that ended it */
};

enum { CAPTURE_ARGUMENTS = 64 };

/*
 * Runs `arguments` (NULL-terminated; the first word is found as a shell would, and in the sbin folders) with
 * nothing on standard input. `stop` is a signalfd or -1: when a signal comes, the program is ended and the
 * call fails with -EINTR; the signal stays to be read. Returns 0 when the program ran, whatever its status;
 * captured_release() afterwards.
 */
int capture(const char *const *arguments, int stop, struct captured *ret_captured, struct reason *reason);

/* The same, and a program that ends with another status than 0 is a failure with its complaint as reason:
 * -EIO. Nothing is to be released then. */
int capture_success(const char *const *arguments, int stop, struct captured *ret_captured,
                    struct reason *reason);

void captured_release(struct captured *captured);

#endif
