/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Starting programs. */
#ifndef MVM_HOST_SPAWN_H
#define MVM_HOST_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

struct reason;

/* What a started process gets. A descriptor of -1 is /dev/null (0, 1, 2) or nothing (extra); one that is
 * given is above 3 (dup2() onto itself would leave it close-on-exec, and onto a lower one would overwrite
 * it). */
struct spawn {
    const char *program;    /* path, not searched for */
    char *const *arguments; /* argv, NULL-terminated */
    pid_t group;            /* process group to join */
    int standard_input, standard_output, standard_error;
    int extra; /* becomes descriptor 3 */
};

/*
 * Starts a process that dies with this one, is the OOM killer's first choice, has all signals as they are by
 * default, and holds nothing open but what `spawn` gives it. Returns its PID or a negative errno with a
 * sentence, also when the program cannot be executed.
 */
pid_t spawn_process(const struct spawn *spawn, struct reason *reason);

/* The kernel refused a task, be it a process, a thread or one of its own, with `error`, an errno: a sentence
 * that begins with `what` and, for EAGAIN, names the limits that may have been reached (clone(2)). Returns
 * -error. */
int spawn_refused(struct reason *reason, int error, const char *what);

/* Moves a descriptor above 3, as struct spawn wants it: returns the new one (close-on-exec) and closes `fd`;
 * -errno when that fails, `fd` closed as well. A negative `fd` is handed back. */
int spawn_descriptor(int fd);

/* Finds `name` as a shell would: as it is when it has a slash, else in $PATH. `*ret_path` is malloc'd. */
int program_find(const char *name, char **ret_path, struct reason *reason);

/* Runs `program option` and copies the first line that it prints on standard output and that begins with
 * `start`, without line feed, cut to the room. -EIO: there is none. */
int program_line(const char *program, const char *option, const char *start, char *ret_line, size_t room,
                 struct reason *reason);

/* Runs `program option` and copies the first line that it prints on standard output, without line feed, cut
 * to the room. */
int program_first_line(const char *program, const char *option, char *ret_line, size_t room,
                       struct reason *reason);

#endif
