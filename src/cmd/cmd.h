/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The commands. Each is a function in a file of its own that gets its own argv (argv[0] is the command's
 * name) and returns the exit status: 0 done, 1 the thing asked for failed, 2 usage. Only they print. */
#ifndef MVM_CMD_CMD_H
#define MVM_CMD_CMD_H

#include <stddef.h>

struct reason;

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

int cmd_ask(int argc, char **argv);
int cmd_compare(int argc, char **argv);
int cmd_console(int argc, char **argv);
int cmd_host(int argc, char **argv);
int cmd_image(int argc, char **argv);
int cmd_lab(int argc, char **argv);
int cmd_limits(int argc, char **argv);
int cmd_load(int argc, char **argv);
int cmd_ls(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_restore(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_save(int argc, char **argv);
int cmd_scale(int argc, char **argv);
int cmd_stop(int argc, char **argv);
int cmd_trace(int argc, char **argv);

#endif
