/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The commands. Each is a row (cmd/command.h) in a file of its own; its function returns the exit status: 0
 * done, 1 the thing asked for failed, 2 usage. Only they print. */
#ifndef MVM_CMD_CMD_H
#define MVM_CMD_CMD_H

#include <stddef.h>

struct command;
struct reason;

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* The rows of the commands, each defined in the file of its command. */
extern const struct command cmd_ask;
extern const struct command cmd_compare;
extern const struct command cmd_console;
extern const struct command cmd_help;
extern const struct command cmd_host;
extern const struct command cmd_image;
extern const struct command cmd_lab;
extern const struct command cmd_limits;
extern const struct command cmd_load;
extern const struct command cmd_ls;
extern const struct command cmd_report;
extern const struct command cmd_restore;
extern const struct command cmd_run;
extern const struct command cmd_sample;
extern const struct command cmd_save;
extern const struct command cmd_scale;
extern const struct command cmd_stop;
extern const struct command cmd_top;
extern const struct command cmd_trace;

/* `mvm --version`; argv[0] is that word. Returns the exit status. */
int print_version(int argc, char **argv);

#endif
