/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Measured: bench/needs, bench/qemu-options. */
#include "engine/qemu_command.h"

#include "engine/qemu_firmware.h"
#include "host/check.h"

#include <string.h>
#include <unistd.h>

/* What the engine starts when nothing is said: of other command lines the memory is not known. */
static bool is_as_measured(const struct qemu_options *options)
{
    return !options->binary && !options->firmware && !options->fork_server && options->extra.count == 0 &&
           strcmp(options->accelerator, "tcg") == 0 && strcmp(options->machine, "isapc") == 0 &&
           options->memory_bytes == UINT64_C(1) << 20 && options->code_buffer_bytes == UINT64_C(1) << 20;
}

/* A VM whose drive was read has a thread for that, which ends when it had nothing to do for so long
 * (util/thread-pool.c). */
enum { READERS_STAY_SECONDS = 10 };

/* The most on these CPUs: bench/qemu-options; of QEMUs that people build themselves, bench/qemu-lean. */
static uint64_t boots_a_second(const struct qemu_options *options)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);

    return (options->binary ? 34 : 6) * (uint64_t)(cpus > 0 ? cpus : 1);
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
    if (!qemu_firmware_is_minimal(options->firmware)) {
        ret_needs->tasks.young = 1;
        ret_needs->young_vms = READERS_STAY_SECONDS * boots_a_second(options);
        ret_needs->remark =
            "each VM has a thread more until ten seconds after it read its drive: how many have it at "
            "a time depends on how quickly they boot, so that a limit of tasks may hold some more or "
            "fewer";
    }
    if (options->fork_server) {
        ret_needs->tasks.once += 3; /* the server, its RCU thread, and the process between it and a VM */
        ret_needs->tasks.each = 2;  /* main, vCPU */
        ret_needs->tasks.young = 0;
        ret_needs->files.once += 64;
        ret_needs->files.each -=
            61 - 4; /* its serial port and three eventfds; it maps what the server has open */
        ret_needs->remark = "a forked VM has a thread more for a moment, whenever QEMU has memory to free";
    } else if (options->binary) {
        ret_needs->remark =
            "the threads of a QEMU as Debian builds it are counted for --binary; the patched one of "
            "'make qemu-lean' has one fewer, so that a limit of tasks holds more";
    }
    if (is_as_measured(options)) {
        ret_needs->memory.each = 12200000;
        ret_needs->memory_error = 10;
        ret_needs->memory_source = "measured with QEMU 7.2 of Debian 12";
    }
}
