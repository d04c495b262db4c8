/* SPDX-License-Identifier: GPL-3.0-or-later */
/* clang-format off */
/*
 * The runs of this user on this host. Each has a directory, named after it, below one private directory (mode
 * 0700): $XDG_RUNTIME_DIR/mvm, else /run/user/UID/mvm, else /tmp/mvm-UID, the first that can be and is the
 * user's own.
 *
 *   NAME/lock       locked by the run for as long as it lives; the kernel lets go of it, whatever ends the run
 *   NAME/run.json   what the run is, also for when it is no more
 *   NAME/control    the socket (docs/control-protocol.md)
 *   NAME/left       when the run has ended and could not remove all that it made: what, in a sentence
 *   NAME/...        what else the run needs, such as its image
 */
/* clang-format on */
#ifndef MVM_DOOR_RUNS_H
#define MVM_DOOR_RUNS_H

#include <stdbool.h>
#include <stddef.h>

struct reason;

enum { RUN_NAME_ROOM = 33, RUN_PATH_ROOM = 4096 };

#define RUN_CONTROL "control"
#define RUN_FACTS   "run.json"
#define RUN_LEFT    "left"

/* The directory of all runs. */
struct runs {
    int fd;
    char path[RUN_PATH_ROOM];
};

/* Opens it, and makes it first with `make`. -ENOENT (without a sentence) when there is none and it is not to
 * be made; another error when what is there is not a private directory of this user. */
int runs_open(struct runs *ret_runs, bool make, struct reason *reason);
void runs_close(struct runs *runs);

/* A run's own directory, held by the run itself. */
struct run_directory {
    int fd, lock; /* -1: none */
    char name[RUN_NAME_ROOM];
    char path[RUN_PATH_ROOM];
};

/* 1 to 32 of a-z, A-Z, 0-9, '-', '_' and '.', the first one a letter or digit; else -EINVAL with a sentence.
 */
int run_check_name(const char *name, struct reason *reason);

/*
 * Makes a run's directory and locks it. Without a name it gets the first free one of STEM-1, STEM-2, ... What
 * a dead run of the name left is removed. -EEXIST: a run of that name lives.
 */
int run_create(struct runs *runs, const char *name, const char *stem, struct run_directory *ret_directory,
               struct reason *reason);

/* Removes the directory with all in it, and then lets go of the lock. */
void run_remove(struct runs *runs, struct run_directory *directory);

/* Closes a copy of it in another process: nothing is removed, and the lock stays with the run. */
void run_forget(struct run_directory *directory);

/* True while the run whose directory is open as `directory` lives. */
bool run_lives(int directory);

struct run_entry {
    char name[RUN_NAME_ROOM];
    bool lives;
};

/* All runs, by name; `*ret_entries` is malloc'd. */
int runs_list(struct runs *runs, struct run_entry **ret_entries, size_t *ret_count, struct reason *reason);

/* The sentence of NAME/left, which the caller frees; NULL: there is none. */
char *runs_read_left(const struct runs *runs, const char *name);

/* Removes what a dead run left. -EBUSY: it lives; -ENOENT: there is none. */
int runs_remove_dead(struct runs *runs, const char *name, struct reason *reason);

#endif
