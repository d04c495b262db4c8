/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mvm lab --kernel list: the kernels that a laboratory can have. */
#ifndef MVM_CMD_LAB_KERNELS_H
#define MVM_CMD_LAB_KERNELS_H

#include <stdbool.h>

/* Prints them, oldest first; `stop` is a signalfd. Returns the exit status. */
int lab_kernels(int stop, bool json);

#endif
