/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/vmm_settings.h"

#include "base/reason.h"
#include "engine/cell.h"
#include "host/check.h"
#include "host/procfile.h"
#include "vmm/kvm.h"
#include "vmm/resident_kvm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const drives[] = {"disk", "floppy", NULL};
static const char *const cpus[] = {"emulated", "kvm", NULL};
static const char *const bases_choices[] = {"learned", "reset", NULL};

enum { VMS_EACH = 100 }; /* of a process, unless it is said: docs/class-a.md */

#define SETTING(field) offsetof(struct vmm_settings, field)

const struct option_spec vmm_specs[] = {
    {.name = "cpu",
     .kind = OPTION_CHOICE,
     .argument = "KIND",
     .help = "what runs the VMs: emulated (libx86emu) or kvm (hardware virtualization)",
     .offset = SETTING(cpu),
     .fallback = "emulated",
     .choices = cpus},
    {.name = "workers",
     .kind = OPTION_COUNT,
     .argument = "N",
     .help = "threads that run VMs; 0 is one for each CPU",
     .offset = SETTING(workers),
     .fallback = "0",
     .least = 0,
     .most = 256},
    {.name = "ram",
     .kind = OPTION_SIZE,
     .argument = "SIZE",
     .help = "memory of each VM, in whole MiB",
     .offset = SETTING(ram_bytes),
     .fallback = "1M",
     .least = 1 << 20,
     .most = 16 << 20},
    {.name = "store-limit",
     .kind = OPTION_SIZE,
     .argument = "SIZE",
     .help = "memory that all VMs together may take; 0 is nine tenths of what the host has available",
     .offset = SETTING(memory_bytes),
     .fallback = "0"},
    {.name = "slice",
     .kind = OPTION_COUNT,
     .argument = "N",
     .help = "instructions that a VM which does not halt executes before others get their turn",
     .offset = SETTING(slice),
     .fallback = "50000",
     .least = 1000,
     .most = 100000000},
    {.name = "output-limit",
     .kind = OPTION_SIZE,
     .argument = "SIZE",
     .help = "a VM that sends more than this without sleeping or being sent anything is stopped",
     .offset = SETTING(output_bytes),
     .fallback = "1M",
     .least = 1024,
     .most = 1 << 30},
    {.name = "boot-timeout",
     .kind = OPTION_DURATION,
     .argument = "TIME",
     .help = "a VM that has not announced itself by then has failed",
     .offset = SETTING(boot_timeout_ns),
     .fallback = "30s",
     .least = 0.01,
     .most = 3600},
    {.name = "drive",
     .kind = OPTION_CHOICE,
     .argument = "KIND",
     .help = "what the image is booted from: disk or floppy",
     .offset = SETTING(drive),
     .fallback = "disk",
     .choices = drives},
    {.name = "bases",
     .kind = OPTION_CHOICE,
     .argument = "KIND",
     .help = "what VMs are kept as differences to: the machine at reset, or also states learned from the "
             "population",
     .offset = SETTING(bases),
     .fallback = "learned",
     .choices = bases_choices},
    {.name = "resident",
     .kind = OPTION_FLAG,
     .help =
         "keep a whole machine for each VM: with --cpu emulated its memory, to measure what packing saves; "
         "with --cpu kvm a KVM VM of its own (class A)",
     .offset = SETTING(resident)},
    {.name = "vms-per-process",
     .kind = OPTION_COUNT,
     .argument = "K",
     .help = "of --cpu kvm --resident: how many VMs a worker process has; 0 is 100",
     .offset = SETTING(vms_each),
     .fallback = "0",
     .least = 0,
     .most = CELL_VMS_MOST},
    {.name = "without",
     .kind = OPTION_TEXT,
     .argument = "LIST",
     .help = "of --cpu kvm --resident: what to do without, to measure what it is good for; any of "
             "debugfs,drain,copy,slot,run, with commas",
     .offset = SETTING(without)},
};

static bool is_kvm(const struct vmm_settings *settings)
{
    return strcmp(settings->cpu, "kvm") == 0;
}

bool vmm_settings_are_resident_kvm(const struct vmm_settings *settings)
{
    return is_kvm(settings) && settings->resident;
}

/* -EINVAL: there is another word in it. */
static int parse_without(const char *list, unsigned *ret_without)
{
    static const struct {
        const char *name;
        enum resident_kvm_trick trick;
    } tricks[] = {
        {"debugfs", RESIDENT_SHARES_DEBUGFS}, {"drain", RESIDENT_DRAINS},  {"copy", RESIDENT_COPIES_ON_WRITE},
        {"slot", RESIDENT_ONE_SLOT},          {"run", RESIDENT_KEEPS_RUN},
    };
    enum { TRICKS = sizeof(tricks) / sizeof(tricks[0]) };

    *ret_without = 0;
    for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        size_t length = strcspn(at, ","), i = 0;

        while (i < TRICKS && (strlen(tricks[i].name) != length || memcmp(tricks[i].name, at, length) != 0))
            i++;
        if (i == TRICKS)
            return -EINVAL;
        *ret_without |= tricks[i].trick;
    }
    return 0;
}

static int probe_kvm(struct reason *reason)
{
    struct kvm_host host;
    int error = kvm_host_open(&host, reason);

    if (!error)
        kvm_host_close(&host);
    return error;
}

static bool is_for_resident(const struct vmm_settings *settings, struct reason *reason)
{
    const char *given = settings->without ? "without" : settings->vms_each ? "vms-per-process" : NULL;

    if (given)
        reason_set(reason, EINVAL, "--%s is for VMs of their own: --cpu kvm --resident", given);
    return given != NULL;
}

static bool is_for_others(const struct vmm_settings *settings, struct reason *reason)
{
    const char *given = settings->workers                                ? "workers"
                        : settings->memory_bytes                         ? "store-limit"
                        : strcmp(settings->bases, bases_choices[0]) != 0 ? "bases"
                                                                         : NULL;

    if (given)
        reason_set(
            reason, EINVAL,
            "--%s is not for VMs of their own (--cpu kvm --resident): each process has one worker, and "
            "VMs are not packed",
            given);
    return given != NULL;
}

uint32_t vmm_settings_vms_each(const struct vmm_settings *settings)
{
    return settings->vms_each ? (uint32_t)settings->vms_each : VMS_EACH;
}

int vmm_settings_probe(const void *options, struct reason *reason)
{
    const struct vmm_settings *settings = options;

    unsigned without;

    if (settings->ram_bytes % (1 << 20))
        return reason_set(reason, EINVAL, "--ram takes whole MiB, from 1M to 16M");
    if (parse_without(settings->without, &without) < 0)
        return reason_set(
            reason, EINVAL,
            "--without takes any of debugfs, drain, copy, slot and run, with commas between, not "
            "'%.100s'",
            settings->without);
    if (vmm_settings_are_resident_kvm(settings) ? is_for_others(settings, reason)
                                                : is_for_resident(settings, reason))
        return -EINVAL;
    return is_kvm(settings) ? probe_kvm(reason) : 0;
}

/* Nine tenths of what the host has available: the rest is for the host. 0 when it does not say. */
static uint64_t default_limit(void)
{
    char text[4096];
    uint64_t kib;

    if (procfile_text("", "/proc/meminfo", text, sizeof(text)) < 0)
        return 0;
    const char *at = strstr(text, "MemAvailable:");

    if (!at)
        return 0;
    at += strlen("MemAvailable:");
    return text_number(&at, &kib) ? kib * 1024 / 10 * 9 : 0;
}

uint8_t vmm_settings_drive(const struct vmm_settings *settings)
{
    return strcmp(settings->drive, "floppy") == 0 ? 0x00 : 0x80;
}

struct vmm_options vmm_settings_options(const struct engine_setup *setup)
{
    const struct vmm_settings *settings = setup->options;
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned without;
    (void)parse_without(settings->without, &without); /* it is right, or was refused */
    unsigned workers = settings->workers ? (unsigned)settings->workers : online > 0 ? (unsigned)online : 1;

    return (struct vmm_options){
        .cpu = is_kvm(settings) ? VMM_CPU_KVM : VMM_CPU_EMULATED,
        .workers = workers < 256 ? workers : 256,
        .memory_mib = (uint32_t)(settings->ram_bytes >> 20),
        .memory_limit = settings->memory_bytes ? settings->memory_bytes : default_limit(),
        .slice = (uint32_t)settings->slice,
        .output_limit = (uint32_t)settings->output_bytes,
        .boot_timeout_ns = settings->boot_timeout_ns,
        .drive = vmm_settings_drive(settings),
        .learn = strcmp(settings->bases, "learned") == 0,
        .resident = settings->resident,
        .without = without,
        .ready_line = setup->ready_line,
    };
}

/* Measured: bench/needs, bench/population, bench/resident. */
void vmm_settings_needs(const void *options, struct host_needs *ret_needs)
{
    const struct engine_setup setup = {.options = options};
    struct vmm_options made = vmm_settings_options(&setup);
    bool kvm = is_kvm(options);
    /* On KVM a worker has one VM as its context: three descriptors, and a thread of the kernel's. */
    uint64_t tasks = kvm && host_kvm_makes_threads("") ? 2 : 1, files = kvm ? 3 : 0;

    *ret_needs = (struct host_needs){
        .tasks = {.once = 1 + made.workers * tasks},
        .own_files = {.once = 1 + made.workers * files},
        .files = {.once = 1 + made.workers * files},
        .memory = {.each = 22},
        .memory_error = 60,
        .memory_source =
            "measured with the guest sleep: 12 bytes until it is asked, 21 then; others keep what they "
            "write",
        .store_option = "--store-limit",
        .store_bytes = made.memory_limit,
        .uses_kvm = kvm,
    };
    if (made.resident) {
        ret_needs->memory.each = ((uint64_t)made.memory_mib << 20) + (16 << 10);
        ret_needs->memory_error = 5;
        ret_needs->memory_source = "a whole memory for each VM, and 16 KiB with it";
        ret_needs->store_bytes = 0;
    }
}

/* The mode tells how the hardware runs the real mode that the guests boot in. */
static int describe_cpu(const struct vmm_settings *settings, struct result_facts *facts,
                        struct reason *reason)
{
    struct kvm_host host;
    int error;

    if (!is_kvm(settings))
        return result_facts_add(facts, "cpu", "emulated (libx86emu)");
    error = kvm_host_open(&host, reason);
    if (error)
        return error;
    kvm_host_close(&host);
    error = result_facts_add(facts, "cpu", "kvm");
    return error ? error : result_facts_add(facts, "kvm-mode", kvm_mode_name(host.mode));
}

/* What only VMs of their own have, or only others. */
static int describe_kind(const struct vmm_settings *settings, const struct vmm_options *options,
                         struct result_facts *facts)
{
    char text[SIZE_TEXT_ROOM];
    int error;

    if (vmm_settings_are_resident_kvm(settings)) {
        snprintf(text, sizeof(text), "%u", vmm_settings_vms_each(settings));
        error = result_facts_add(facts, "vms-per-process", text);
        return error ? error
                     : result_facts_add(facts, "without", settings->without ? settings->without : "nothing");
    }
    snprintf(text, sizeof(text), "%u", options->workers);
    error = result_facts_add(facts, "workers", text);
    if (!error)
        error = result_facts_add(facts, "store-limit", size_text((double)options->memory_limit, text));
    return error ? error : result_facts_add(facts, "bases", settings->bases);
}

int vmm_settings_describe(const struct engine_setup *setup, struct result *result, struct reason *reason)
{
    const struct vmm_settings *settings = setup->options;
    struct vmm_options options = vmm_settings_options(setup);
    struct result_facts *facts = &result->engine.options;
    char text[SIZE_TEXT_ROOM];
    int error = result_facts_add(&result->engine.versions, "vmm", "mvm " MVM_VERSION);

    if (!error)
        error = describe_cpu(settings, facts, reason);
    if (!error)
        error = describe_kind(settings, &options, facts);
    if (!error)
        error = result_facts_add(facts, "ram", size_text((double)settings->ram_bytes, text));
    snprintf(text, sizeof(text), "%u", options.slice);
    if (!error)
        error = result_facts_add(facts, "slice", text);
    if (!error)
        error = result_facts_add(facts, "output-limit", size_text(options.output_limit, text));
    if (!error)
        error = result_facts_add(facts, "drive", settings->drive);
    return error ? error : result_facts_add(facts, "resident", settings->resident ? "yes" : "no");
}
