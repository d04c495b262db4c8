/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/library.h"

#include "base/reason.h"

#include <dlfcn.h>
#include <errno.h>

int library_load(const char *file, const struct library_symbol *symbols, size_t count, struct reason *reason)
{
    void *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);

    if (!handle)
        return -ENOENT;
    for (size_t i = 0; i < count; i++) {
        *symbols[i].place = dlsym(handle, symbols[i].name);
        if (!*symbols[i].place)
            return reason_set(reason, ENOTSUP, "%s lacks %s", file, symbols[i].name);
    }
    return 0;
}
