/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How `mvm ls` prints what runs say of themselves (the answer to "status" of docs/control-protocol.md). */
#ifndef MVM_CMD_LS_PRINT_H
#define MVM_CMD_LS_PRINT_H

#include <jansson.h>

/* A table of an array of runs, a line each; and for each VM that ended, why. */
void ls_print_runs(const json_t *runs);

/* All about one run. */
void ls_print_run(const json_t *run);

#endif
