/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Kernels for the laboratory, kept unpacked in the user's cache: $XDG_CACHE_HOME/mvm/kernels, else
 * ~/.cache/mvm/kernels. */
#ifndef MVM_LAB_KERNEL_H
#define MVM_LAB_KERNEL_H

#include "lab/apt.h"

#include <limits.h>
#include <stdbool.h>

struct reason;

struct kernel {
    char release[APT_RELEASE_ROOM];
    char image[PATH_MAX];   /* the kernel */
    char modules[PATH_MAX]; /* the folder with modules.dep */
};

struct kernel_wish {
    const char *version; /* "6.1.0-56", "6.12" for its newest, "oldest", "newest"; NULL: what Debian's package
                            linux-image-cloud-amd64 stands for */
    const char *package; /* a package file instead, or NULL */
    int stop;            /* as in capture.h */
    void (*say)(const char *sentence); /* told before something that takes long */
};

/*
 * Finds the kernel in the cache or fetches it into it with apt and unpacks it. It is complete in the cache or
 * not there at all, also after a crash; two that want the same at once do not disturb each other. Nothing is
 * installed. Where apt's own lists do not lead to it, lists of our own are fetched (no permission is needed).
 */
int kernel_get(const struct kernel_wish *wish, struct kernel *ret_kernel, struct reason *reason);

struct kernel_offer {
    struct apt_kernel kernel; /* version and archive are "" for one that apt does not know (any more) */
    bool cached, is_default;
};

/* All that can be had, from apt and from the cache, oldest first; malloc'd. Fetches nothing but, where the
 * system has no lists of packages, those. */
int kernel_offers(int stop, struct kernel_offer **ret_offers, size_t *ret_count, struct reason *reason);

#endif
