/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine qemu's options, and the command line that they make. */
#ifndef MVM_ENGINE_QEMU_COMMAND_H
#define MVM_ENGINE_QEMU_COMMAND_H

#include "base/option.h"
#include "engine/processes.h"

struct qemu_options {
    const char *binary, *architecture, *accelerator, *machine, *cpu, *firmware;
    uint64_t memory_bytes, code_buffer_bytes;
    struct process_options process;
    struct option_list extra;
    bool fork_server;
};

/* Appends what --extra has. */
int qemu_command_extra(const struct qemu_options *options, struct arguments *to, struct reason *reason);

/* Appends the command line of a VM, the program first; the same for every VM. `rom` is the file of the ROM to
 * run, NULL for QEMU's own. */
int qemu_command_make(const char *program, const struct engine_setup *setup, const char *rom,
                      struct arguments *to, struct reason *reason);

/* See struct engine. */
void qemu_needs(const void *options, struct host_needs *ret_needs);

#endif
