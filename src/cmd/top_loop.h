/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The two ways in which `mvm top` looks at a run again and again. */
#ifndef MVM_CMD_TOP_LOOP_H
#define MVM_CMD_TOP_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct reason;

struct top_options {
    const char *run;
    uint64_t interval_ns, count, cells;
    bool json, help;
};

/* On a terminal, until a key, a signal, the end of the run or `count` screens (0: any number) end it. -errno
 * with a sentence, the terminal being set back; else 0. *ret_run: the run that was looked at last;
 * *ret_ended: it has ended. */
int top_on_terminal(const struct top_options *options, char *ret_run, bool *ret_ended, struct reason *reason);

/* A line of JSON a look. */
int top_as_json(const struct top_options *options, char *ret_run, bool *ret_ended, struct reason *reason);

#endif
