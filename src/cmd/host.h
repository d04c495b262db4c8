/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of mvm host. Each gets its own argv and returns the exit status. */
#ifndef MVM_CMD_HOST_H
#define MVM_CMD_HOST_H

int host_check_main(int argc, char **argv);
int host_tune_main(int argc, char **argv);

#endif
