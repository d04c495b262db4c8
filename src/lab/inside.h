/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What mvm does in the laboratory, as its first process: the parts of inside.c. */
#ifndef MVM_LAB_INSIDE_H
#define MVM_LAB_INSIDE_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct reason;

/* The first process of the laboratory: makes the system ready, runs the command, hands back what it left.
 * Returns only when this process is not the first one of a laboratory: -EPERM. */
int lab_inside(void);

/* What the host wants, from the file PLAN_PATH. The texts point into `bytes`. */
struct plan {
    char *bytes;
    const char *folder, *program, *bring;
    char **arguments, **environment; /* NULL-terminated */
    const char **modules;
    size_t argument_count, environment_count, module_count;
    int takes_input;
};

int plan_read(struct plan *ret_plan, struct reason *reason);

/* Mounts what a Linux has, raises the limits that only a laboratory can, brings up the loopback. */
void inside_mount(void);
void inside_raise_limits(void);

/* Loads a module with the settings that the kernel's command line has for it ("kvm.tdp_mmu=0"). */
int inside_load(const char *path, struct reason *reason);

/* Opens the port to the host. */
int channel_open(struct reason *reason);

/* Sends one frame, all of it. */
void channel_send(int channel, int type, const void *bytes, size_t length);
void channel_note(int channel, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Runs the command and carries its input and output. Returns its exit status, 128 + N for signal N. */
int inside_run(int channel, const struct plan *plan);

/* Sends what in `folder` was made or changed since `since` as a tar archive. */
void inside_bring_back(int channel, const char *folder, struct timespec since);

#endif
