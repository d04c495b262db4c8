/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of mvm host. */
#ifndef MVM_CMD_HOST_H
#define MVM_CMD_HOST_H

#include "cmd/command.h"

extern const struct command cmd_host_check, cmd_host_tune;

#endif
