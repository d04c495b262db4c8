/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shared libraries that are loaded when what they are for is asked of mvm: those that bring many others,
 * which a process that is measured, or that holds a million VMs, must not carry. */
#ifndef MVM_BASE_LIBRARY_H
#define MVM_BASE_LIBRARY_H

#include <stddef.h>

struct reason;

struct library_symbol {
    const char *name;
    void **place; /* where its address goes */
};

/* Loads the library of that file name, which stays until the process ends, and fills all places. -ENOENT: it
 * cannot be loaded; dlerror() says why, and `reason` is left alone. -ENOTSUP with a sentence: it lacks one of
 * the symbols. */
int library_load(const char *file, const struct library_symbol *symbols, size_t count, struct reason *reason);

#endif
