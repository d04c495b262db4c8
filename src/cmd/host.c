/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mvm host: what this host has, and what is in the way of many VMs. */
#include "cmd/host.h"
#include "cmd/cmd.h"
#include "cmd/command.h"

const struct command cmd_host = {
    .name = "host",
    .summary = "what this host has, and what is in the way of many VMs",
    .usage = (const char *const[]){"PART [OPTIONS]", NULL},
    .text = "Looks at this host and its limits, and raises them.",
    .parts = (const struct command *const[]){&cmd_host_check, &cmd_host_tune, NULL},
};
