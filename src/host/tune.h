/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Changing the kernel's settings so that a number of VMs fits, and taking that back. A change is one number
 * or word in one file of /proc/sys or /sys. Whatever is changed stands in an undo file, on disk, before it is
 * changed.
 */
#ifndef MVM_HOST_TUNE_H
#define MVM_HOST_TUNE_H

#include "host/ceilings.h"

#include <stdbool.h>
#include <stddef.h>

struct reason;

enum { SETTING_ROOM = 64 };

struct host_change {
    char name[64];  /* "kernel.pid_max" */
    char path[128]; /* the file, without the root before it */
    char before[SETTING_ROOM], after[SETTING_ROOM];
    char why[200]; /* a sentence; "" in an undo file */
};

struct host_changes {
    struct host_change *items;
    size_t count;
};

/* What stands in the way of the VMs and cannot be tuned, or would help them and cannot be set here. */
struct host_obstacle {
    char name[160];
    char why[700];   /* a sentence */
    bool in_the_way; /* without it the VMs do not fit */
};

struct host_tune_plan {
    struct host_changes changes;
    struct host_obstacle *obstacles;
    size_t obstacle_count;
};

/* Appends a copy. -ENOMEM. */
int host_changes_add(struct host_changes *changes, const struct host_change *change);
void host_changes_release(struct host_changes *changes);

/* What is to be changed so that the VMs of `ceilings` fit. Changes nothing. `root` as for sampler_open().
 * -ENOMEM. */
int host_tune_plan(const struct host_ceilings *ceilings, const char *root, struct host_tune_plan *ret_plan);
void host_tune_plan_release(struct host_tune_plan *plan);

/* The change as a shell command for root. Returns `ret_text`. */
enum { CHANGE_COMMAND_ROOM = 320 };
const char *host_change_command(const struct host_change *change, char ret_text[CHANGE_COMMAND_ROOM]);

/* Told in the order in which it happens. */
struct host_tune_hooks {
    void (*before)(void *context, const struct host_change *change);
    /* It failed, or was not made, for the reason given; or it was made and the kernel made something else of
     * it. */
    void (*trouble)(void *context, const struct host_change *change, const char *why);
    void *context;
};

/*
 * Makes the changes. Where one of the files cannot be written by this user, nothing is changed: each of them
 * is told by the hook, and -EPERM is returned. A change that fails later is told, the others are made, and
 * -EIO is returned. At every moment, also after a crash, `undo_path` holds what has to be done to have back
 * what there was before the first tuning that was not undone. -EBUSY: somebody else is tuning with the same
 * file.
 */
int host_tune_apply(const struct host_changes *changes, const char *undo_path, const char *root,
                    const struct host_tune_hooks *hooks, struct reason *reason);

/*
 * Takes back what `undo_path` says, the latest first, and removes the file when it is all done; with
 * `dry_run` it is only told. A setting that somebody else has changed since is told and left, unless `force`
 * is set, and stays in the file; -EEXIST then. -ENOENT: there is no such file; -EBADMSG: it is none of ours.
 * Otherwise as host_tune_apply().
 */
int host_tune_undo(const char *undo_path, bool force, bool dry_run, const char *root,
                   const struct host_tune_hooks *hooks, struct reason *reason);

#endif
