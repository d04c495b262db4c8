/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The signals that end a command in order: SIGINT, SIGTERM and SIGHUP. SIGPIPE is ignored with them, as
 * writing tells of a reader that is gone. */
#ifndef MVM_CMD_SIGNALS_H
#define MVM_CMD_SIGNALS_H

#include <stdbool.h>

/* From here on they are noted. */
void signals_note(void);

/* Whether one was; `context` is for callers that take a hook, and is not looked at. */
bool signals_noted(void *context);

/* From here on they are read from the descriptor (signalfd) that is returned, which is the caller's. -1 with
 * errno. */
int signals_open(void);

#endif
