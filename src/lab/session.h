/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A laboratory that runs: its output, its input and its end. */
#ifndef MVM_LAB_SESSION_H
#define MVM_LAB_SESSION_H

#include "lab/lab.h"
#include "lab/machine.h"

/* Carries what goes in and out until the command has ended and its files are back in `bring` ("": none come),
 * or until the laboratory has ended or is to end. The machine stays the caller's. Returns as lab_run() does.
 */
int session_run(const struct lab_wish *wish, struct machine *machine, const char *bring,
                struct lab_outcome *ret_outcome, struct reason *reason);

#endif
