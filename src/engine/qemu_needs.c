/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Measured: bench/needs, bench/qemu-options. */
#include "engine/qemu_command.h"

#include "host/check.h"

#include <string.h>

/* What the engine starts when nothing is said: of other command lines the memory is not known. */
static bool is_as_measured(const struct qemu_options *options)
{
    return !options->binary && !options->firmware && !options->fork_server && options->extra.count == 0 &&
           strcmp(options->accelerator, "tcg") == 0 && strcmp(options->machine, "isapc") == 0 &&
           options->memory_bytes == UINT64_C(1) << 20 && options->code_buffer_bytes == UINT64_C(1) << 20;
}

void qemu_needs(const void *values, struct host_needs *ret_needs)
{
    const struct qemu_options *options = values;
    bool kvm = strcmp(options->accelerator, "kvm") == 0;

    process_needs(ret_needs);
    ret_needs->uses_kvm = kvm;
    ret_needs->mergeable = true; /* -machine mem-merge, on unless it is said otherwise */
    ret_needs->tasks.each = kvm && host_kvm_makes_threads("") ? 4 : 3; /* main, RCU, vCPU */
    ret_needs->files.each += kvm ? 64 : 61; /* most of them libraries that it maps */
    ret_needs->remark = "a QEMU that boots has a thread more for some seconds, for reading its drive";
    if (options->fork_server) {
        ret_needs->tasks.once += 3; /* the server, its RCU thread, and the process between it and a VM */
        ret_needs->tasks.each = 2;  /* main, vCPU */
        ret_needs->files.once += 64;
        ret_needs->files.each -=
            61 - 4; /* its serial port and three eventfds; it maps what the server has open */
        ret_needs->remark = "a forked VM has a thread more for a moment, whenever QEMU has memory to free";
    }
    if (is_as_measured(options)) {
        ret_needs->memory.each = 12200000;
        ret_needs->memory_error = 10;
        ret_needs->memory_source = "measured with QEMU 7.2 of Debian 12";
    }
}
