/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What goes into a laboratory. */
#ifndef MVM_LAB_FILL_H
#define MVM_LAB_FILL_H

#include "lab/kernel.h"
#include "lab/lab.h"

/* Puts together all that the laboratory starts with, as an archive for its kernel. Returns a descriptor of a
 * file without a name. -EINVAL: something that was wished for is not there. `ret_bring` is the folder,
 * absolute, whose files come back; "" when none do. */
int fill_lab(const struct lab_wish *wish, const struct kernel *kernel, char ret_bring[PATH_MAX],
             struct reason *reason);

/* What can be known before anything is fetched: that the command and the files are there. */
int fill_check(const struct lab_wish *wish, struct reason *reason);

#endif
