/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Engine `vmm`: mvm's own virtual machine monitor (src/vmm/). Class T: each VM is booted from reset and then
 * kept as data in memory, run on a worker's execution context when it has something to do.
 */
#include "engine/engines.h"

#include "base/clock.h"
#include "base/reason.h"
#include "engine/vmm_account.h"
#include "engine/vmm_asks.h"
#include "engine/vmm_settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_ROOM = 160 };

#define GROW_LOOK_NS (2 * NS_PER_MILLISECOND)

struct vmm_population {
    struct population population;
    struct vmm *vmm;
    bool announces;
    struct vmm_asks asks;
    char last_failure[TEXT_ROOM];
    bool resident;
    enum vmm_cpu cpu;
};

static struct vmm_population *of(struct population *population)
{
    return (struct vmm_population *)population;
}

/* Makes a population that is empty, or with `path` the one that is saved there. */
static int make(const struct engine_setup *setup, const char *path, struct population **ret_population,
                struct reason *reason)
{
    struct vmm_population *population = calloc(1, sizeof(*population));
    struct vmm_options options = vmm_settings_options(setup);

    if (!population)
        return reason_set(reason, ENOMEM, "no memory for a population");
    int error = path ? vmm_restore(&options, path, &population->vmm, reason)
                     : vmm_open(&options, setup->image->bytes, &population->vmm, reason);

    if (error) {
        free(population);
        return error;
    }
    population->population.engine = &engine_vmm;
    vmm_asks_init(&population->asks, vmm_own_port(population->vmm));
    population->announces = options.ready_line != NULL;
    population->resident = options.resident;
    population->cpu = options.cpu;
    *ret_population = &population->population;
    return 0;
}

static int vmm_engine_open(const struct engine_setup *setup, struct population **ret_population,
                           struct reason *reason)
{
    return make(setup, NULL, ret_population, reason);
}

static int vmm_engine_restore(const struct engine_setup *setup, const char *path,
                              struct population **ret_population, struct reason *reason)
{
    return make(setup, path, ret_population, reason);
}

static int vmm_engine_save(struct population *population, const char *path, struct reason *reason)
{
    return vmm_save(of(population)->vmm, path, reason);
}

/* The file holds what the VMs are; options that would make them others are refused. */
static int vmm_engine_look(const char *path, const void *options, struct engine_saved *ret_saved,
                           struct reason *reason)
{
    const struct vmm_settings *settings = options;
    struct vmm_saved saved;
    int error = vmm_look(path, &saved, reason);
    uint8_t drive = vmm_settings_drive(settings);

    if (error)
        return error;
    if (settings->resident)
        return reason_set(reason, EINVAL, "a saved population cannot be restored as resident VMs");
    if (settings->ram_bytes != RAM_FALLBACK && settings->ram_bytes >> 20 != saved.memory_mib)
        return reason_set(reason, EINVAL, "--ram does not fit: the VMs in '%s' have %u MiB of memory", path,
                          saved.memory_mib);
    if (drive != DRIVE_FALLBACK && drive != saved.drive)
        return reason_set(reason, EINVAL, "--drive does not fit: the VMs in '%s' were booted from a disk",
                          path);
    ret_saved->vms = saved.vms;
    memcpy(ret_saved->image, saved.image, sizeof(ret_saved->image));
    return 0;
}

static void vmm_engine_counts(struct population *population, struct engine_counts *ret_counts)
{
    struct vmm_population *vmm = of(population);
    struct vmm_counts counts;

    vmm_count(vmm->vmm, &counts);
    vmm_last_stop(vmm->vmm, vmm->last_failure, sizeof(vmm->last_failure));
    *ret_counts = (struct engine_counts){.started = counts.started,
                                         .numbers = counts.numbers,
                                         .booting = counts.booting,
                                         .running = counts.running,
                                         .failed = counts.failed,
                                         .died = counts.stopped,
                                         .last_failure = vmm->last_failure};
}

static int vmm_engine_grow(struct population *population, uint64_t count, const struct engine_watch *watch,
                           struct reason *reason)
{
    struct vmm_population *vmm = of(population);

    vmm_boot(vmm->vmm, count);
    while (vmm_booting(vmm->vmm) > 0) {
        struct engine_counts counts;

        clock_sleep_until(clock_now_ns() + GROW_LOOK_NS);
        vmm_engine_counts(population, &counts);
        if (watch && !watch->go_on(watch->context, &counts)) {
            vmm_boot_cancel(vmm->vmm);
            return -ECANCELED;
        }
    }
    return vmm_exhausted(vmm->vmm, reason);
}

static bool vmm_engine_was_started(struct population *population, uint64_t vm)
{
    return vmm_was_started(of(population)->vmm, vm);
}

static bool vmm_engine_is_running(struct population *population, uint64_t vm)
{
    return vmm_is_running(of(population)->vmm, vm);
}

static size_t vmm_engine_take_boot_times(struct population *population, double *ret_seconds, size_t room)
{
    struct vmm_population *vmm = of(population);

    /* VMs that do not announce themselves count as ready after their first slice: that is no boot time. */
    return vmm->announces ? vmm_take_boot_times(vmm->vmm, ret_seconds, room) : 0;
}

static int vmm_engine_account(struct population *population, struct result_counters *counters)
{
    struct vmm_counts counts;
    struct store_usage usage;

    vmm_count(of(population)->vmm, &counts);
    vmm_usage(of(population)->vmm, &usage);
    return vmm_account(&counts, &usage, of(population)->cpu == VMM_CPU_KVM, counters);
}

static void vmm_engine_submit(struct population *population, struct engine_ask *const *asks, size_t count)
{
    vmm_asks_submit(&of(population)->asks, asks, count);
}

static size_t vmm_engine_reap(struct population *population, struct engine_ask **ret_asks, size_t room,
                              uint64_t until_ns)
{
    return vmm_asks_reap(&of(population)->asks, ret_asks, room, until_ns);
}

static int vmm_engine_open_port(struct population *population, struct engine_port **ret_port,
                                struct reason *reason)
{
    return vmm_engine_port_open(of(population)->vmm, population->engine, ret_port, reason);
}

static int vmm_engine_trace_start(struct population *population, uint64_t vm)
{
    struct vmm *vmm = of(population)->vmm;

    return vmm_is_running(vmm, vm) ? vmm_trace_open(vmm, vm) : -ESRCH;
}

static size_t vmm_engine_trace_read(struct population *population, char *ret_text, size_t room,
                                    uint64_t *ret_lost)
{
    return vmm_trace_read(of(population)->vmm, ret_text, room, ret_lost);
}

static void vmm_engine_trace_stop(struct population *population)
{
    vmm_trace_close(of(population)->vmm);
}

static int vmm_engine_descriptor(struct population *population)
{
    return vmm_descriptor(of(population)->vmm);
}

static void vmm_engine_explain(struct population *population, uint64_t vm, char *ret_text, size_t room)
{
    vmm_explain(of(population)->vmm, vm, ret_text, room);
}

static int vmm_engine_console_open(struct population *population, uint64_t vm, struct reason *reason)
{
    return vmm_console_reason(vmm_console_open(of(population)->vmm, vm), vm, reason);
}

static void vmm_engine_console_close(struct population *population, uint64_t vm)
{
    vmm_console_close(of(population)->vmm, vm);
}

static size_t vmm_engine_console_read(struct population *population, uint64_t vm, uint8_t *ret_bytes,
                                      size_t room)
{
    return vmm_console_read(of(population)->vmm, vm, ret_bytes, room);
}

static size_t vmm_engine_console_write(struct population *population, uint64_t vm, const uint8_t *bytes,
                                       size_t count)
{
    return vmm_console_write(of(population)->vmm, vm, bytes, count);
}

static size_t vmm_engine_console_press(struct population *population, uint64_t vm, const uint8_t *codes,
                                       size_t count)
{
    return vmm_console_press(of(population)->vmm, vm, codes, count);
}

static int vmm_engine_screen(struct population *population, uint64_t vm, struct engine_screen *ret_screen)
{
    struct vmm_screen screen;
    int error = vmm_screen(of(population)->vmm, vm, &screen);

    _Static_assert(sizeof(screen.cells) == sizeof(ret_screen->cells), "both are 80 x 25");
    if (error)
        return error;
    memcpy(ret_screen->cells, screen.cells, sizeof(screen.cells));
    ret_screen->cursor = screen.cursor;
    return 0;
}

static void vmm_engine_ends(struct population *population, struct engine_ends *ret_ends)
{
    struct vmm_counts counts;

    vmm_count(of(population)->vmm, &counts);
    for (unsigned stop = 0; stop < VM_STOP_COUNT; stop++)
        if (counts.stops[stop] > 0)
            engine_ends_add(ret_ends, vmm_stop_name(stop), counts.stops[stop]);
}

static uint64_t vmm_engine_memory(struct population *population)
{
    struct store_usage usage;

    vmm_usage(of(population)->vmm, &usage);
    return of(population)->resident ? 0 : usage.held_bytes; /* resident VMs have their memory elsewhere */
}

static void vmm_engine_live(struct population *population, bool watch, struct engine_live *ret_live)
{
    struct vmm *vmm = of(population)->vmm;
    struct vmm_counts counts;
    struct vmm_live live;

    vmm_look_live(vmm, watch, &live);
    vmm_count(vmm, &counts); /* behind it, so that no cell holds more than there were */
    *ret_live = (struct engine_live){.heat = live.heat,
                                     .busiest = live.busiest,
                                     .wakes = counts.wakes,
                                     .instructions = counts.instructions,
                                     .runnable = counts.runnable,
                                     .memory_used = live.usage.used_bytes,
                                     .memory_held = live.usage.held_bytes};
}

static void vmm_engine_wait(struct population *population, uint64_t until_ns)
{
    clock_sleep_until(until_ns); /* the workers notice by themselves */
    vmm_clear(of(population)->vmm);
}

static void vmm_engine_close(struct population *population)
{
    struct vmm_population *vmm = of(population);

    if (!vmm)
        return;
    vmm_close(vmm->vmm);
    vmm_asks_release(&vmm->asks);
    free(vmm);
}

static const struct engine *vmm_engine_variant(const void *options)
{
    return vmm_settings_are_resident_kvm(options) ? &engine_vmm_resident : &engine_vmm;
}

const struct engine engine_vmm = {
    .name = "vmm",
    .summary = "mvm's own monitor: a sleeping VM is data in memory",
    .class_letter = 'T',
    .capabilities = ENGINE_BOOTS_IMAGES | ENGINE_ASKS | ENGINE_ANNOUNCES | ENGINE_CONSOLES | ENGINE_SCREENS |
                    ENGINE_SAVES | ENGINE_TRACES | ENGINE_ASKS_WHOLE,
    .asks_at_once = 256, /* a worker takes them one by one; fewer would leave it waiting for its next */
    .options = vmm_specs,
    .option_count = VMM_SPECS,
    .options_size = sizeof(struct vmm_settings),
    .variant = vmm_engine_variant,
    .probe = vmm_settings_probe,
    .needs = vmm_settings_needs,
    .describe = vmm_settings_describe,
    .open = vmm_engine_open,
    .save = vmm_engine_save,
    .look = vmm_engine_look,
    .restore = vmm_engine_restore,
    .grow = vmm_engine_grow,
    .counts = vmm_engine_counts,
    .was_started = vmm_engine_was_started,
    .is_running = vmm_engine_is_running,
    .take_boot_times = vmm_engine_take_boot_times,
    .account = vmm_engine_account,
    .submit = vmm_engine_submit,
    .reap = vmm_engine_reap,
    .trace_start = vmm_engine_trace_start,
    .trace_read = vmm_engine_trace_read,
    .trace_stop = vmm_engine_trace_stop,
    .descriptor = vmm_engine_descriptor,
    .port_open = vmm_engine_open_port,
    .port_close = vmm_engine_port_close,
    .port_submit = vmm_engine_port_submit,
    .port_reap = vmm_engine_port_reap,
    .port_lend = vmm_engine_port_lend,
    .port_descriptor = vmm_engine_port_descriptor,
    .port_clear = vmm_engine_port_clear,
    .console_open = vmm_engine_console_open,
    .console_close = vmm_engine_console_close,
    .console_read = vmm_engine_console_read,
    .console_write = vmm_engine_console_write,
    .console_press = vmm_engine_console_press,
    .screen = vmm_engine_screen,
    .explain = vmm_engine_explain,
    .ends = vmm_engine_ends,
    .memory = vmm_engine_memory,
    .live = vmm_engine_live,
    .wait = vmm_engine_wait,
    .close = vmm_engine_close,
};
