/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The files that the laboratory starts with: a set of paths, each a file of this host at the same path, a
 * symbolic link, a directory, or bytes. It is written as a cpio archive, which the kernel unpacks.
 */
#ifndef MVM_LAB_TREE_H
#define MVM_LAB_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct reason;

struct tree_entry {
    char *path; /* absolute, no symbolic link on the way to it */
    mode_t mode;
    char *bytes;    /* of a file or a link; NULL: the host's file at `source` */
    size_t length;  /* of `bytes` */
    char *source;   /* the host's file; NULL for bytes, links and directories */
    bool looked_at; /* closure.c has seen to what it needs */
};

struct tree {
    struct tree_entry
        *entries; /* in the order in which they were added; directories before what is in them */
    size_t count, room;
    void *by_path; /* of tsearch(3) */
    void *whole;   /* the directories that were added with all that is in them */
};

/*
 * Adds the host's file, link or directory `path` (absolute) at its own path, with the links on the way to it,
 * what links lead to, and everything in a directory. Sockets, pipes and devices are left out. What is there
 * already stays. -EINVAL for what lies where the laboratory mounts something (/dev, /proc, /sys).
 */
int tree_add(struct tree *tree, const char *path, struct reason *reason);

/* Adds the host's file `source` as `path`. */
int tree_add_as(struct tree *tree, const char *path, const char *source, struct reason *reason);

/* Adds a file of `length` bytes, which the tree takes over (malloc'd), also on failure. */
int tree_add_bytes(struct tree *tree, const char *path, mode_t permissions, char *bytes, size_t length,
                   struct reason *reason);

int tree_add_link(struct tree *tree, const char *path, const char *target, struct reason *reason);
int tree_add_directory(struct tree *tree, const char *path, mode_t permissions, struct reason *reason);

bool tree_has(const struct tree *tree, const char *path);

/* Writes the archive ("newc": Documentation/driver-api/early-userspace/buffer-format.rst of Linux) to `fd`.
 */
int tree_write(const struct tree *tree, int fd, struct reason *reason);

void tree_release(struct tree *tree);

#endif
