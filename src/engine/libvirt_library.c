/* SPDX-License-Identifier: GPL-3.0-or-later */
#define LIBVIRT_LIBRARY_LOADS
#include "engine/libvirt_library.h"

#include "base/library.h"
#include "base/reason.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>

/* By its interface's version, which the headers are of too. */
static const char library_name[] = "libvirt.so.0";

struct libvirt_library libvirt_library;

int libvirt_library_load(struct reason *reason)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static bool loaded;
    static const struct library_symbol functions[] = {
#define LIBVIRT_FUNCTION(name) {#name, (void **)&libvirt_library.name},
        LIBVIRT_FUNCTIONS(LIBVIRT_FUNCTION)
#undef LIBVIRT_FUNCTION
    };
    int error = 0;

    pthread_mutex_lock(&mutex);
    if (!loaded)
        error = library_load(library_name, functions, sizeof(functions) / sizeof(functions[0]), reason);
    if (error == -ENOENT)
        error = reason_set(reason, ENOTSUP, "the engine libvirt needs %s (Debian's package libvirt0): %s",
                           library_name, dlerror());
    loaded = loaded || !error;
    pthread_mutex_unlock(&mutex);
    return error;
}
