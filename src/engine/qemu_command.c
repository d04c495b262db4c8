/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/qemu_command.h"

#include "base/reason.h"
#include "engine/qemu_firmware.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

int qemu_command_extra(const struct qemu_options *options, struct arguments *to, struct reason *reason)
{
    int error = 0;

    for (size_t i = 0; i < options->extra.count && !error; i++)
        error = arguments_add_split(to, "extra", options->extra.items[i], reason);
    return error;
}

/* In QEMU's option lists a comma within a value is written twice. */
static void double_commas(const char *from, char *to, size_t room)
{
    size_t at = 0;

    for (; *from && at + 2 < room; from++) {
        to[at++] = *from;
        if (*from == ',')
            to[at++] = ',';
    }
    to[at] = '\0';
}

/* The built-in ROM does not set up a local APIC, which masks the 8259A's interrupts until a BIOS lets them
 * through (LVT LINT0; Intel SDM volume 3, "Local Vector Table"); the 486 has none. */
static const char *cpu_model(const struct qemu_options *options)
{
    if (!options->cpu && qemu_firmware_is_minimal(options->firmware))
        return "486";
    return options->cpu;
}

int qemu_command_make(const char *program, const struct engine_setup *setup, const char *rom,
                      struct arguments *to, struct reason *reason)
{
    const struct qemu_options *options = setup->options;
    const char *cpu = cpu_model(options);
    char image[PATH_MAX];

    arguments_add(to, program);
    arguments_add_option(to, "-machine", "%s", options->machine);
    if (cpu)
        arguments_add_option(to, "-cpu", "%s", cpu);
    arguments_add_option(to, "-m", "%llu", (unsigned long long)(options->memory_bytes >> 20));
    if (strcmp(options->accelerator, "tcg") == 0)
        arguments_add_option(to, "-accel", "tcg,tb-size=%llu",
                             (unsigned long long)(options->code_buffer_bytes >> 20));
    else
        arguments_add_option(to, "-accel", "%s", options->accelerator);
    arguments_add(to, "-nodefaults");
    arguments_add(to, "-no-user-config");
    arguments_add_option(to, "-display", "none");
    arguments_add_option(to, "-monitor", "none");
    if (rom)
        arguments_add_option(to, "-bios", "%s", rom);
    if (!qemu_firmware_is_minimal(options->firmware)) {
        /* A floppy, since it can be read-only, so that all VMs share one file. */
        double_commas(setup->image_path, image, sizeof(image));
        arguments_add_option(to, "-drive", "if=floppy,format=raw,readonly=on,file=%s", image);
    }
    arguments_add_option(to, "-chardev", "socket,id=serial,fd=3");
    arguments_add_option(to, "-serial", "chardev:serial");
    if (options->fork_server)
        arguments_add_option(to, "-fork-server", "0");
    int error = qemu_command_extra(options, to, reason);

    if (!error && !arguments_whole(to))
        error = reason_set(reason, ENOMEM, "no memory for QEMU's command line");
    return error;
}
