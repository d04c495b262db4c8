/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kinds of an accounting of memory in the order of pictures, the unexplained last. */
#ifndef MVM_REPORT_MEMORY_KINDS_H
#define MVM_REPORT_MEMORY_KINDS_H

#include "result/result.h"

enum {
    MEMORY_KINDS = sizeof(struct memory_accounting) / sizeof(double) - 1,
    MEMORY_UNEXPLAINED = MEMORY_KINDS - 1
};

/* "anonymous", ..., "unexplained". */
const char *memory_kind_name(size_t kind);

/* Bytes; less than 0 where there is less than on the empty host. */
double memory_kind_bytes(const struct memory_accounting *accounting, size_t kind);

/* VMs of the largest interval, of which the accounting of a result is; 0 without one. */
uint64_t memory_kinds_vms(const struct result *result);

#endif
