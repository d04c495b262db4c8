/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the commands that talk to a run have in common. */
#ifndef MVM_CMD_CLIENT_H
#define MVM_CMD_CLIENT_H

#include "base/option.h"
#include "base/reason.h"
#include "door/call.h"

#include <stdbool.h>
#include <stdint.h>

/* The row for `--run`, whose value is the const char *member `field` of `type`. */
#define RUN_NAME_SPEC(type, field)                                                                           \
    {                                                                                                        \
        "run", OPTION_TEXT, "NAME", "the run to talk to; may be left out when there is only one",            \
            offsetof(type, field), .fallback = NULL                                                          \
    }

/* The name of the run that `name` means, or NULL: of the only one that lives, or, when none lives and
 * `dead_too`, of the only one that there is. -errno with a sentence when that is not one run. */
int client_choose_run(struct runs *runs, const char *name, bool dead_too, char ret_name[RUN_NAME_ROOM],
                      struct reason *reason);

/* The sentence for runs_open() having found nothing, when `run` (or NULL, any) was meant. */
void client_explain_no_runs(const char *run, struct reason *reason);

/* Chooses a run and connects to it. */
int client_connect(const char *run, struct call *ret_call, struct reason *reason);

/* The exit status of a command that failed: 2 for what the user said, 1 for the rest. */
int client_status(int error);

/* A VM's number, such as an operand gives it. */
int client_parse_vm(const char *text, uint64_t *ret_vm, struct reason *reason);

/* "7", "0-999" or "all" (ret_all; the numbers are then not set). */
int client_parse_vms(const char *text, bool *ret_all, uint64_t *ret_first, uint64_t *ret_last,
                     struct reason *reason);

/* Prints bytes that a VM sent: as they are, or on a terminal with what could upset it as \xNN. */
void client_print_bytes(const char *bytes, size_t count);

#endif
