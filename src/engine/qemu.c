/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Engine `qemu`: one QEMU process a VM (class A; forked by a fork server, class B). The defaults are the
 * leanest command line found that boots an unmodified 512-byte image through a BIOS; what each option saves
 * was measured by bench/qemu-options and stands in docs/engines.md.
 */
#include "engine/engines.h"

#include "base/clock.h"
#include "base/reason.h"
#include "engine/qemu_command.h"
#include "engine/qemu_firmware.h"
#include "host/spawn.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIELD(name) offsetof(struct qemu_options, name)

static const char *const architectures[] = {"i386", "x86_64", NULL};
static const char *const accelerators[] = {"tcg", "kvm", NULL};

static const struct option_spec qemu_option_specs[] = {
    {"binary", OPTION_TEXT, "PROGRAM",
     "the QEMU to run, found in PATH or by its path; without it qemu-system-ARCHITECTURE", FIELD(binary),
     .fallback = NULL},
    {"architecture", OPTION_CHOICE, "ARCH", "the emulated processor family, i386 or x86_64",
     FIELD(architecture), .fallback = "i386", .choices = architectures},
    {"accelerator", OPTION_CHOICE, "NAME",
     "how guests' instructions are run, tcg (translated) or kvm (hardware)", FIELD(accelerator),
     .fallback = "tcg", .choices = accelerators},
    {"machine", OPTION_TEXT, "TYPE", "QEMU's machine type and its properties, as after -machine",
     FIELD(machine), .fallback = "isapc"},
    {"cpu", OPTION_TEXT, "MODEL", "QEMU's CPU model, as after -cpu; without it the machine type's own",
     FIELD(cpu), .fallback = NULL},
    {"memory", OPTION_SIZE, "SIZE", "memory of each VM, in whole MiB", FIELD(memory_bytes), .fallback = "1M",
     .least = 0x1p20, .most = 0x1p40},
    {"code-buffer", OPTION_SIZE, "SIZE", "TCG's buffer for translated code, in whole MiB",
     FIELD(code_buffer_bytes), .fallback = "1M", .least = 0x1p20, .most = 0x1p31},
    {"firmware", OPTION_TEXT, "FILE",
     "a ROM to run instead of QEMU's BIOS, or minimal for mvm's own, which has the image inside; the VM is "
     "then not a PC "
     "as it is sold, and results name it",
     FIELD(firmware), .fallback = NULL},
    {"fork-server", OPTION_FLAG, NULL,
     "set one VM up and fork it for each, which is class B; needs the patched QEMU of 'make qemu-lean'",
     FIELD(fork_server), .fallback = NULL},
    PROCESS_OPTION_SPECS(struct qemu_options, process),
    {"extra", OPTION_LIST, "ARGUMENTS", "further arguments of QEMU, split as a shell splits them",
     FIELD(extra), .fallback = NULL},
};

static const struct engine *qemu_variant(const void *options);

static int find_binary(const struct qemu_options *options, char **ret_path, struct reason *reason)
{
    char name[64];

    if (options->binary)
        return program_find(options->binary, ret_path, reason);
    snprintf(name, sizeof(name), "qemu-system-%s", options->architecture);
    int error = program_find(name, ret_path, NULL);

    if (error)
        return reason_set(reason, -error, "%s is not installed (Debian's package qemu-system-x86 has it)",
                          name);
    return 0;
}

static bool whole_mebibytes(uint64_t bytes)
{
    return (bytes & ((UINT64_C(1) << 20) - 1)) == 0;
}

static int find_fork_server(const char *program, struct reason *reason)
{
    char line[256];

    if (program_line(program, "--help", "-fork-server", line, sizeof(line), NULL) == 0)
        return 0;
    return reason_set(
        reason, ENOTSUP,
        "%s has no -fork-server; 'make qemu-lean' builds a QEMU that has, whose path is for --binary",
        program);
}

static int qemu_probe(const void *values, struct reason *reason)
{
    const struct qemu_options *options = values;
    char *path;

    if (!whole_mebibytes(options->memory_bytes))
        return reason_set(reason, EINVAL, "--memory takes whole MiB, since QEMU does");
    if (!whole_mebibytes(options->code_buffer_bytes))
        return reason_set(reason, EINVAL, "--code-buffer takes whole MiB, since QEMU does");
    if (options->firmware && !qemu_firmware_is_minimal(options->firmware) &&
        access(options->firmware, R_OK) < 0)
        return reason_errno(reason, errno, "cannot read the firmware %s", options->firmware);
    struct arguments extra = {0};
    int error = qemu_command_extra(options, &extra, reason);

    arguments_release(&extra);
    if (error)
        return error;
    if (options->fork_server && strcmp(options->accelerator, "tcg") != 0)
        return reason_set(reason, EINVAL,
                          "--fork-server works with --accelerator tcg alone: what another one has in the "
                          "kernel is not forked");
    if (strcmp(options->accelerator, "kvm") == 0) {
        if (access("/dev/kvm", F_OK) < 0)
            return reason_set(reason, ENODEV,
                              "there is no /dev/kvm on this machine, so --accelerator kvm cannot work");
        if (access("/dev/kvm", R_OK | W_OK) < 0)
            return reason_set(reason, EACCES,
                              "you may not use /dev/kvm (membership of its group gives leave)");
    }
    error = find_binary(options, &path, reason);
    if (error)
        return error;
    if (options->fork_server)
        error = find_fork_server(path, reason);
    free(path);
    return error;
}

/* What starts a VM of a population. */
struct qemu_command {
    const struct engine_setup *setup;
    char *program;
    struct arguments words;
};

static int prepare_command(void *context, const char *directory, struct reason *reason)
{
    struct qemu_command *command = context;
    const struct qemu_options *options = command->setup->options;
    const char *rom = options->firmware;
    char path[PATH_MAX];

    if (qemu_firmware_is_minimal(options->firmware)) {
        snprintf(path, sizeof(path), "%s/rom", directory);
        int error = qemu_firmware_write(command->setup->image, path, reason);

        if (error)
            return error;
        rom = path;
    }
    return qemu_command_make(command->program, command->setup, rom, &command->words, reason);
}

static void copy_arguments(void *context, uint64_t vm, const char *serial_path, struct arguments *to)
{
    const struct qemu_command *command = context;

    (void)vm;
    (void)serial_path;
    for (size_t i = 0; i < command->words.count; i++)
        arguments_add(to, command->words.words[i]);
}

static void free_command(void *context)
{
    struct qemu_command *command = context;

    arguments_release(&command->words);
    free(command);
}

static int qemu_open(const struct engine_setup *setup, struct population **ret_population,
                     struct reason *reason)
{
    const struct qemu_options *options = setup->options;
    char *program;
    int error = find_binary(options, &program, reason);

    if (error)
        return error;
    struct qemu_command *command = calloc(1, sizeof(*command));

    if (!command) {
        free(program);
        return reason_set(reason, ENOMEM, "no memory for a population");
    }
    *command = (struct qemu_command){.setup = setup, .program = program};
    const struct process_plan plan = {
        .program = program,
        .door = SERIAL_DESCRIPTOR,
        .fork_server = options->fork_server,
        .options = options->process,
        .prepare = prepare_command,
        .arguments = copy_arguments,
        .context = command,
        .free_context = free_command,
    };

    return processes_open(qemu_variant(options), setup, &plan, ret_population, reason);
}

static int describe_command(const char *program, const struct engine_setup *setup, struct result *result,
                            struct reason *reason)
{
    struct arguments arguments = {0};
    char line[RESULT_LONG] = "";
    const char *firmware = ((const struct qemu_options *)setup->options)->firmware;
    int error = qemu_command_make(program, setup, firmware, &arguments, reason);

    for (size_t i = 0; !error && i < arguments.count; i++) {
        size_t used = strlen(line);

        snprintf(line + used, sizeof(line) - used, "%s%s", used ? " " : "", arguments.words[i]);
    }
    arguments_release(&arguments);
    return error ? error : result_facts_add(&result->engine.options, "command", line);
}

static int describe_options(const struct qemu_options *options, struct result *result)
{
    int error = process_options_describe(&options->process, result);

    if (!error && options->firmware)
        error = result_facts_add(&result->engine.options, "firmware", options->firmware);
    if (!error && options->fork_server)
        error = result_facts_add(&result->engine.options, "fork-server", "yes");
    return error;
}

static int describe_firmware(const char *firmware, const struct image *image, struct result *result,
                             struct reason *reason)
{
    char hash[SHA256_TEXT_ROOM];
    int error = 0;

    if (qemu_firmware_is_minimal(firmware))
        qemu_firmware_sha256(image, hash);
    else
        error = file_sha256(firmware, hash, reason);
    return error ? error : result_facts_add(&result->engine.binaries, firmware, hash);
}

static int qemu_describe(const struct engine_setup *setup, struct result *result, struct reason *reason)
{
    const struct qemu_options *options = setup->options;
    char *program, version[RESULT_TEXT], hash[SHA256_TEXT_ROOM];
    int error = find_binary(options, &program, reason);

    if (error)
        return error;
    error = program_first_line(program, "--version", version, sizeof(version), reason);
    if (!error)
        error = result_facts_add(&result->engine.versions, "qemu", version);
    if (!error)
        error = file_sha256(program, hash, reason);
    if (!error)
        error = result_facts_add(&result->engine.binaries, program, hash);
    if (!error && options->firmware)
        error = describe_firmware(options->firmware, setup->image, result, reason);
    if (!error)
        error = describe_command(program, setup, result, reason);
    if (!error)
        error = describe_options(options, result);
    free(program);
    return error;
}

#define QEMU_ENGINE                                                                                          \
    .name = "qemu", .summary = "one QEMU process a VM, emulated (tcg) or on hardware (kvm)",                 \
    .options = qemu_option_specs, .option_count = sizeof(qemu_option_specs) / sizeof(qemu_option_specs[0]),  \
    .options_size = sizeof(struct qemu_options), .variant = qemu_variant, .probe = qemu_probe,               \
    .needs = qemu_needs, .describe = qemu_describe, .open = qemu_open, PROCESS_ENGINE

const struct engine engine_qemu = {.class_letter = 'A', QEMU_ENGINE};

static const struct engine engine_qemu_forked = {.class_letter = 'B', QEMU_ENGINE};

static const struct engine *qemu_variant(const void *options)
{
    return ((const struct qemu_options *)options)->fork_server ? &engine_qemu_forked : &engine_qemu;
}
