/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A commented example of an engine: VMs of a VMM that does not exist, `examplevmm`, one process a VM. To add
 * an engine:
 *
 *   1. copy this file to src/engine/NAME.c and add it to src/meson.build;
 *   2. declare `extern const struct engine engine_NAME;` in src/engine/engines.h;
 *   3. add `&engine_NAME` to the array in src/engine/table.c.
 *
 * Nothing else in the tree has to know of it: options, help, results and reports come from the struct at the
 * end. The contract is src/engine/engine.h; read its comments first. This file is compiled by the tests, so
 * it cannot rot.
 *
 * An engine whose VMs are processes takes its population from engine/processes.h, as here, and says only how
 * one VM is started. An engine of another kind (VMs of a library, of a daemon, of a cloud) writes those
 * functions itself; src/engine/null.c is the shortest that does.
 */
#include "engine/engine.h"

#include "base/reason.h"
#include "engine/processes.h"
#include "host/spawn.h"

#include <errno.h>
#include <stdlib.h>

extern const struct engine engine_example;

/* The engine's own options: a struct, and a row an option that says where in it the value goes. The rows make
 * parsing, range checks, defaults and --help. */
struct example_options {
    const char *binary;
    uint64_t memory_bytes;
    struct process_options process;
};

static const struct option_spec example_option_specs[] = {
    {"binary", OPTION_TEXT, "PROGRAM", "the examplevmm to run", offsetof(struct example_options, binary),
     .fallback = "examplevmm"},
    {"memory", OPTION_SIZE, "SIZE", "memory of each VM", offsetof(struct example_options, memory_bytes),
     .fallback = "1M", .least = 0x1p20, .most = 0x1p40},
    PROCESS_OPTION_SPECS(struct example_options, process),
};

/* probe: can it run here? One sentence when not; nothing is printed and nothing is left behind. */
static int example_probe(const void *values, struct reason *reason)
{
    const struct example_options *options = values;
    char *path;
    int error = program_find(options->binary, &path, reason);

    if (!error)
        free(path);
    return error;
}

/* needs: what a host must have for them, so that `mvm host check` can tell what gives out first. Measured
 * once, with many VMs: an examplevmm has two threads and 30 open files (its libraries are among them) and
 * takes 5 MiB. */
static void example_needs(const void *values, struct host_needs *ret_needs)
{
    const struct example_options *options = values;

    process_needs(ret_needs);
    ret_needs->tasks.each = 2;
    ret_needs->files.each += 30;
    ret_needs->memory.each = (4 << 20) + options->memory_bytes;
    ret_needs->memory_error = 20;
    ret_needs->memory_source = "measured with examplevmm 1.0";
}

/* describe: what a result must say so that somebody else can repeat the run. */
static int example_describe(const struct engine_setup *setup, struct result *result, struct reason *reason)
{
    const struct example_options *options = setup->options;
    char *path, version[RESULT_TEXT], hash[SHA256_TEXT_ROOM];
    int error = program_find(options->binary, &path, reason);

    if (error)
        return error;
    error = program_first_line(path, "--version", version, sizeof(version), reason);
    if (!error)
        error = result_facts_add(&result->engine.versions, "examplevmm", version);
    if (!error)
        error = file_sha256(path, hash, reason);
    if (!error)
        error = result_facts_add(&result->engine.binaries, path, hash);
    free(path);
    return error;
}

/* How VM number `vm` is started. The context is the setup, which outlives the population. */
static void example_arguments(void *context, uint64_t vm, const char *serial_path, struct arguments *to)
{
    const struct engine_setup *setup = context;

    (void)vm;
    arguments_add(to, "examplevmm");
    arguments_add_option(to, "--boot-sector", "%s", setup->image_path);
    arguments_add_option(to, "--serial-listen", "%s", serial_path);
}

static int example_open(const struct engine_setup *setup, struct population **ret_population,
                        struct reason *reason)
{
    const struct example_options *options = setup->options;
    struct process_plan plan = {
        .door = SERIAL_CONNECT, /* examplevmm listens at a path; mvm connects */
        .options = options->process,
        .arguments = example_arguments,
        .context = (void *)(uintptr_t)setup,
    };
    int error = program_find(options->binary, &plan.program, reason);

    return error ? error : processes_open(&engine_example, setup, &plan, ret_population, reason);
}

const struct engine engine_example = {
    .name = "example",
    .summary = "one examplevmm process a VM",
    .class_letter = 'A', /* each VM is a live hypervisor object of its own, booted */
    .options = example_option_specs,
    .option_count = sizeof(example_option_specs) / sizeof(example_option_specs[0]),
    .options_size = sizeof(struct example_options),
    .probe = example_probe,
    .needs = example_needs,
    .describe = example_describe,
    .open = example_open,
    PROCESS_ENGINE,
};
