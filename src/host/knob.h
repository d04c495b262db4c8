/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Settings of the host that an experiment changes for a while: what was there is written into a journal
 * before it is changed, and put back from it, last change first; by who changed it or, if that one is gone,
 * by whoever holds the journal.
 */
#ifndef MVM_HOST_KNOB_H
#define MVM_HOST_KNOB_H

#include <stdatomic.h>
#include <stddef.h>

struct reason;

enum { KNOB_CHANGES_MOST = 1024, KNOB_PATH = 128, KNOB_TEXT = 64 };

/* Plain memory, so that it can be shared between processes. */
struct knob_journal {
    struct {
        char path[KNOB_PATH];   /* without the root */
        char before[KNOB_TEXT]; /* what is to be written there again */
    } changes[KNOB_CHANGES_MOST];
    _Atomic unsigned count; /* counted before the change is made */
};

struct knob {
    const char *name;          /* "ksm" */
    const char *summary;       /* one sentence without a full stop */
    const char *const *values; /* NULL-terminated; NULL: any word */
};

enum { KNOB_KSM, KNOB_THP, KNOB_GOVERNOR, KNOB_ZRAM, KNOBS };

extern const struct knob host_knobs[KNOBS];

/*
 * Sets the knob `name` to `value`. -EINVAL: it takes no such value; -ENODEV: this host has no such knob;
 * -EACCES and others: it cannot be set here; with a sentence. What was changed before a failure is in the
 * journal.
 */
int knob_set(struct knob_journal *journal, const char *root, const char *name, const char *value,
             struct reason *reason);

/* Whether it can be set here, as far as that can be seen without setting it; as knob_set(). */
int knob_probe(const char *root, const char *name, const char *value, struct reason *reason);

/* For those who change something: notes what is to be written to `path` again; for a device below /dev, that
 * it is to be swapped on no more; for a directory below /sys/fs/cgroup, that it is to be removed. -ENOSPC
 * with a sentence. */
int knob_journal_add(struct knob_journal *journal, const char *path, const char *before,
                     struct reason *reason);
/* The last note is void. */
void knob_journal_forget(struct knob_journal *journal);

/* Puts back all that is in the journal and empties it. Returns how many could not be. Allocates nothing. */
unsigned knob_journal_undo(struct knob_journal *journal, const char *root);

#endif
