/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Why something could not be done, in one sentence for a person.
 *
 * Libraries of this tree never print and never exit. They return 0 or a negative errno and, where the caller
 * handed them a `struct reason`, leave a sentence in it. Only src/cmd/ shows it.
 */
#ifndef MVM_BASE_REASON_H
#define MVM_BASE_REASON_H

#include <stdarg.h>

enum { REASON_ROOM = 1024 };

struct reason {
    char text[REASON_ROOM]; /* NUL-terminated, no newline at the end; "" when nothing was said */
};

/*
 * Fills `reason` (which may be NULL) with the formatted sentence and returns -error, so that a failure is one
 * line:
 *
 *     return reason_set(reason, ENOENT, "there is no engine named '%s'", name);
 *
 * `error` is a positive errno. A text that does not fit is cut.
 */
int reason_set(struct reason *reason, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, with ": " and strerror(error) at the end: for failed system calls. */
int reason_errno(struct reason *reason, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
