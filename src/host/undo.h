/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The file that says how to take changes back: JSON, {"schema": "mvm-host-undo/1", "changes": [{"name",
 * "path", "before", "after"}]}, the oldest change first. Only for tune*.c. */
#ifndef MVM_HOST_UNDO_H
#define MVM_HOST_UNDO_H

#include "host/tune.h"

/* -ENOENT: there is none; -EBADMSG: it is not one, with a sentence. */
int host_undo_read(const char *path, struct host_changes *ret_changes, struct reason *reason);

/* On disk when it returns. No changes: the file is removed. */
int host_undo_write(const char *path, const struct host_changes *changes, struct reason *reason);

/* Keeps others from tuning with the same file, until the descriptor that is returned is closed; makes the
 * file's directory. -EBUSY, -errno, with a sentence. */
int host_undo_lock(const char *path, struct reason *reason);

#endif
