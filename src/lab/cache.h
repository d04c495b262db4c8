/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The folder that kernels are kept in. */
#ifndef MVM_LAB_CACHE_H
#define MVM_LAB_CACHE_H

#include "lab/kernel.h"

#include <limits.h>
#include <stdbool.h>

struct reason;

/* Fills in the path and makes the folder. */
int cache_folder(char ret_path[PATH_MAX], struct reason *reason);

/* The kernel kept under `key`, or false. */
bool cache_find(const char *folder, const char *key, struct kernel *ret_kernel);

/* Waits until nobody else fills the cache and removes what one that was killed left half done. Returns a
 * descriptor, whose close() lets the others in, or -errno; -EINTR when a signal waits in `stop`. */
int cache_lock(const char *folder, int stop, struct reason *reason);

/* Unpacks the package file `package` and keeps it under `key`; the cache is locked. */
int cache_unpack(const char *folder, const char *key, const char *package, int stop,
                 struct kernel *ret_kernel, struct reason *reason);

/* A new folder in the cache for what is half done; cache_remove() removes it with all that is in it. */
int cache_begin(const char *folder, char ret_path[PATH_MAX], struct reason *reason);
void cache_remove(const char *path);

/* Calls `take` for the key of each kernel that is kept. */
void cache_each(const char *folder, void (*take)(void *context, const char *key), void *context);

#endif
