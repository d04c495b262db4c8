/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What keeps the host, and this program on it, alive while it is being filled. */
#ifndef MVM_HOST_SURVIVE_H
#define MVM_HOST_SURVIVE_H

#include "host/resource.h"

#include <stdint.h>
#include <sys/types.h>

struct reason;

/*
 * Takes this program out of the OOM killer's reach (oom_score_adj -1000), which needs CAP_SYS_RESOURCE.
 * `*ret_oom_score_adj` is what is in effect afterwards, also on failure. -EPERM, with a sentence, when it was
 * refused: a run can go on.
 *
 * Children inherit it. Each VM's process must be given back to the OOM killer by host_expose_process(), or it
 * has nothing to take but the rest of the host.
 */
int host_protect_self(int *ret_oom_score_adj, struct reason *reason);

/* Makes process `pid` (0: this one) the OOM killer's first choice (oom_score_adj 1000); anybody may do that
 * to his own processes. Async-signal-safe, so that a child can call it between fork() and exec(). Returns 0
 * or -errno. */
int host_expose_process(pid_t pid);

/* Memory in bytes that must stay available: 2 % of the host's memory and at least 256 MiB, but at most a
 * quarter of it. */
uint64_t host_memory_floor(const struct host_limits *limits);

/*
 * Raises this process's limit of open files (RLIMIT_NOFILE) to `wanted`: the soft limit, and where the caller
 * may, the hard one, up to fs.nr_open. Never lowers it. `*ret_limit` is the soft limit in effect afterwards,
 * also on failure. -EPERM, with a sentence, when it stays below `wanted`.
 */
int host_raise_file_limit(uint64_t wanted, uint64_t *ret_limit, struct reason *reason);

#endif
