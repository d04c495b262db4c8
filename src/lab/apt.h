/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What apt knows of Debian's cloud kernels (packages linux-image-VERSION-cloud-amd64), and fetching one. */
#ifndef MVM_LAB_APT_H
#define MVM_LAB_APT_H

#include <stdbool.h>
#include <stddef.h>

struct reason;

enum { APT_RELEASE_ROOM = 128 };

struct apt_kernel {
    char release[APT_RELEASE_ROOM]; /* as `uname -r` says it: "6.1.0-56-cloud-amd64" */
    char version[64];               /* of the package */
    char archive[64];               /* where it is had: "bookworm-security/main" */
};

/* Where apt's lists of packages are looked for: NULL for the system's, else a folder with lists of our own,
 * which need no permission to be brought up to date. */
struct apt {
    const char *lists;
    int stop; /* as in capture.h */
};

/* Fetches the lists anew into `apt->lists`. */
int apt_update(const struct apt *apt, struct reason *reason);

/* All cloud kernels that can be had, oldest first; malloc'd. -ENOENT when there are none or no apt. */
int apt_kernels(const struct apt *apt, struct apt_kernel **ret_kernels, size_t *ret_count,
                struct reason *reason);

/* The release that the package linux-image-cloud-amd64 stands for now. */
int apt_default_release(const struct apt *apt, char ret_release[APT_RELEASE_ROOM], struct reason *reason);

/* Fetches the package of `release` into `folder`, whole and as signed. `*ret_path` is malloc'd. */
int apt_fetch(const struct apt *apt, const char *release, const char *folder, char **ret_path,
              struct reason *reason);

#endif
