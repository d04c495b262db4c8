/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Engine `qemu`: one QEMU process a VM (class A). The defaults are the leanest command line found that boots
 * an unmodified 512-byte image through a BIOS; what each option saves was measured by bench/qemu-options and
 * stands in docs/engines.md.
 */
#include "engine/engines.h"

#include "base/clock.h"
#include "base/reason.h"
#include "engine/processes.h"
#include "engine/spawn.h"

#include <errno.h>
#include <limits.h>
#include <popt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct qemu_options {
    const char *binary, *architecture, *accelerator, *machine, *cpu, *firmware;
    uint64_t memory_bytes, code_buffer_bytes;
    struct process_options process;
    struct option_list extra;
};

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
     "a ROM to run instead of QEMU's BIOS; the VM is then not a PC as it is sold, and results name it",
     FIELD(firmware), .fallback = NULL},
    PROCESS_OPTION_SPECS(struct qemu_options, process),
    {"extra", OPTION_LIST, "ARGUMENTS", "further arguments of QEMU, split as a shell splits them",
     FIELD(extra), .fallback = NULL},
};

/* What a VM is started with; the same for every VM. */
struct qemu_command {
    char **arguments; /* without the program, which comes first */
};

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

static int split_extra(const char *text, char ***arguments, struct reason *reason)
{
    int count = 0;
    const char **words = NULL;
    int error = poptParseArgvString(text, &count, &words);

    /* Text of spaces alone has no words, which is nothing wrong. */
    if (error == POPT_ERROR_NOARG)
        return 0;
    if (error)
        return reason_set(reason, EINVAL, "--extra cannot be split into arguments: %s", poptStrerror(error));
    for (int i = 0; i < count && arguments; i++)
        arguments_add(arguments, words[i]);
    free((void *)words);
    return 0;
}

static int qemu_probe(const void *values, struct reason *reason)
{
    const struct qemu_options *options = values;
    char *path;

    if (!whole_mebibytes(options->memory_bytes))
        return reason_set(reason, EINVAL, "--memory takes whole MiB, since QEMU does");
    if (!whole_mebibytes(options->code_buffer_bytes))
        return reason_set(reason, EINVAL, "--code-buffer takes whole MiB, since QEMU does");
    if (options->firmware && access(options->firmware, R_OK) < 0)
        return reason_errno(reason, errno, "cannot read the firmware %s", options->firmware);
    for (size_t i = 0; i < options->extra.count; i++) {
        int error = split_extra(options->extra.items[i], NULL, reason);

        if (error)
            return error;
    }
    if (strcmp(options->accelerator, "kvm") == 0) {
        if (access("/dev/kvm", F_OK) < 0)
            return reason_set(reason, ENODEV,
                              "there is no /dev/kvm on this machine, so --accelerator kvm cannot work");
        if (access("/dev/kvm", R_OK | W_OK) < 0)
            return reason_set(reason, EACCES,
                              "you may not use /dev/kvm (membership of its group gives leave)");
    }
    int error = find_binary(options, &path, reason);

    if (!error)
        free(path);
    return error;
}

static void add(char ***arguments, const char *option, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void add(char ***arguments, const char *option, const char *format, ...)
{
    char value[PATH_MAX + 256];
    va_list rest;

    va_start(rest, format);
    vsnprintf(value, sizeof(value), format, rest);
    va_end(rest);
    arguments_add(arguments, option);
    if (*arguments)
        arguments_add(arguments, value);
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

static char **make_arguments(const char *program, const struct qemu_options *options,
                             const struct engine_setup *setup, struct reason *reason)
{
    char **arguments = NULL;
    char image[PATH_MAX];

    arguments_add(&arguments, program);
    add(&arguments, "-machine", "%s", options->machine);
    if (options->cpu)
        add(&arguments, "-cpu", "%s", options->cpu);
    add(&arguments, "-m", "%llu", (unsigned long long)(options->memory_bytes >> 20));
    if (strcmp(options->accelerator, "tcg") == 0)
        add(&arguments, "-accel", "tcg,tb-size=%llu", (unsigned long long)(options->code_buffer_bytes >> 20));
    else
        add(&arguments, "-accel", "%s", options->accelerator);
    arguments_add(&arguments, "-nodefaults");
    arguments_add(&arguments, "-no-user-config");
    add(&arguments, "-display", "none");
    add(&arguments, "-monitor", "none");
    if (options->firmware)
        add(&arguments, "-bios", "%s", options->firmware);
    /* A floppy, since it can be read-only, so that all VMs share one file. */
    double_commas(setup->image_path, image, sizeof(image));
    add(&arguments, "-drive", "if=floppy,format=raw,readonly=on,file=%s", image);
    add(&arguments, "-chardev", "socket,id=serial,fd=3");
    add(&arguments, "-serial", "chardev:serial");
    for (size_t i = 0; i < options->extra.count && arguments; i++) {
        if (split_extra(options->extra.items[i], &arguments, reason) < 0) {
            arguments_free(arguments);
            return NULL;
        }
    }
    if (!arguments)
        reason_set(reason, ENOMEM, "no memory for QEMU's command line");
    return arguments;
}

static char **copy_arguments(void *context, uint64_t vm, const char *serial_path)
{
    const struct qemu_command *command = context;
    char **copy = NULL;

    (void)vm;
    (void)serial_path;
    for (char **word = command->arguments; *word; word++) {
        arguments_add(&copy, *word);
        if (!copy)
            return NULL;
    }
    return copy;
}

static void free_command(void *context)
{
    struct qemu_command *command = context;

    arguments_free(command->arguments);
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

    if (command)
        command->arguments = make_arguments(program, options, setup, reason);
    if (!command || !command->arguments) {
        free(command);
        free(program);
        return -ENOMEM;
    }
    const struct process_plan plan = {
        .program = program,
        .door = SERIAL_DESCRIPTOR,
        .options = options->process,
        .arguments = copy_arguments,
        .context = command,
        .free_context = free_command,
    };

    return processes_open(&engine_qemu, setup, &plan, ret_population, reason);
}

static int describe_command(const char *program, const struct engine_setup *setup, struct result *result,
                            struct reason *reason)
{
    char **arguments = make_arguments(program, setup->options, setup, reason);
    char line[RESULT_LONG] = "";

    if (!arguments)
        return -ENOMEM;
    for (char **word = arguments; *word; word++) {
        size_t used = strlen(line);

        snprintf(line + used, sizeof(line) - used, "%s%s", used ? " " : "", *word);
    }
    arguments_free(arguments);
    return result_facts_add(&result->engine.options, "command", line);
}

static int describe_options(const struct qemu_options *options, struct result *result)
{
    int error = process_options_describe(&options->process, result);

    if (!error && options->firmware)
        error = result_facts_add(&result->engine.options, "firmware", options->firmware);
    return error;
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
        error = file_sha256(options->firmware, hash, reason);
    if (!error && options->firmware)
        error = result_facts_add(&result->engine.binaries, options->firmware, hash);
    if (!error)
        error = describe_command(program, setup, result, reason);
    if (!error)
        error = describe_options(options, result);
    free(program);
    return error;
}

const struct engine engine_qemu = {
    .name = "qemu",
    .summary = "one QEMU process a VM, emulated (tcg) or on hardware (kvm)",
    .class_letter = 'A',
    .capabilities = ENGINE_BOOTS_IMAGES | ENGINE_ASKS | ENGINE_ANNOUNCES | ENGINE_HAS_PROCESSES,
    .options = qemu_option_specs,
    .option_count = sizeof(qemu_option_specs) / sizeof(qemu_option_specs[0]),
    .options_size = sizeof(struct qemu_options),
    .probe = qemu_probe,
    .describe = qemu_describe,
    .open = qemu_open,
    .grow = processes_grow,
    .counts = processes_counts,
    .is_running = processes_is_running,
    .take_boot_times = processes_take_boot_times,
    .submit = processes_submit,
    .reap = processes_reap,
    .wait = processes_wait,
    .close = processes_close,
};
