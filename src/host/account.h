/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A control group of this process's own, as an account of what it and all that it starts take: memory and CPU
 * without what else the host does. It sets no limit. Sources: Linux
 * Documentation/admin-guide/cgroup-v1/memory.rst and cpuacct.rst, cgroup-v2.rst.
 */
#ifndef MVM_HOST_ACCOUNT_H
#define MVM_HOST_ACCOUNT_H

#include "host/knob.h"

#include <stdbool.h>
#include <stdint.h>

struct reason;

struct host_account {
    int memory_fd, stat_fd, cpu_fd; /* -1: there is none */
    bool version2;
};

/*
 * Makes the group, below the one that this process is in or at the top, and enters it. That it is to be
 * removed is noted in the journal first. -ENOTSUP with a sentence where there are no groups that count memory
 * and CPU, or where they may not be made; then nothing has changed. Children started from then on are in it.
 */
int host_account_enter(struct host_account *ret_account, struct knob_journal *journal, struct reason *reason);

/* Bytes that the group holds without the page cache, and nanoseconds of CPU that it has had. False when they
 * cannot be read. */
bool host_account_read(const struct host_account *account, uint64_t *ret_memory_bytes, uint64_t *ret_cpu_ns);

void host_account_close(struct host_account *account);

#endif
