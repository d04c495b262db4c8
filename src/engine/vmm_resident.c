/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Engine `vmm` with --cpu kvm --resident: class A, each VM a KVM VM of its own that stays booted. The VMs
 * live in worker processes, cells (cells.h), as what KVM does for one VM takes longer the more a process has.
 */
#include "engine/engines.h"

#include "base/clock.h"
#include "base/reason.h"
#include "engine/cells.h"
#include "engine/vmm_account.h"
#include "engine/vmm_settings.h"
#include "host/check.h"
#include "host/survive.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    FILES_EACH = 2,  /* descriptors of one VM: KVM's of the VM and of its vCPU */
    FILES_MORE = 64, /* of a cell itself */
};

#define LOOK_NS (10 * NS_PER_MILLISECOND)

struct resident_population {
    struct population population;
    struct cell_plan plan;
    struct cells *cells;
    bool announces;
};

static struct resident_population *of(struct population *population)
{
    return (struct resident_population *)population;
}

static int resident_probe(const void *options, struct reason *reason)
{
    const struct vmm_settings *settings = options;
    uint64_t wanted = (uint64_t)vmm_settings_vms_each(settings) * FILES_EACH + FILES_MORE, limit;
    struct reason why;
    int error = vmm_settings_probe(options, reason);

    if (!error && host_raise_file_limit(wanted, &limit, &why) < 0)
        return reason_set(reason, EMFILE, "--vms-per-process %llu takes %llu open files in each process: %s",
                          (unsigned long long)vmm_settings_vms_each(settings), (unsigned long long)wanted,
                          why.text);
    return error;
}

/* Measured: bench/needs, bench/class-a. */
static void resident_needs(const void *options, struct host_needs *ret_needs)
{
    const struct vmm_settings *settings = options;
    uint64_t vms_each = vmm_settings_vms_each(settings);

    *ret_needs = (struct host_needs){
        .group_vms = vms_each,
        .tasks = {.once = 2,
                  .each = host_kvm_makes_threads(""),
                  .group = 2},                /* nursery; a cell and its worker */
        .own_files = {.once = 4, .group = 1}, /* two sockets are there while a cell is made */
        .files = {.once = 8, .each = FILES_EACH, .group = 6},
        .group_files = vms_each * FILES_EACH + FILES_MORE,
        .memory = {.each = 190 << 10, .group = 400 << 10},
        .memory_error = 25,
        .memory_source =
            "measured on Linux 6.1 and 6.12; kernels that keep shadow page tables take twice as much",
        .uses_kvm = true,
    };
}

static int resident_open(const struct engine_setup *setup, struct population **ret_population,
                         struct reason *reason)
{
    const struct vmm_settings *settings = setup->options;
    struct resident_population *population = calloc(1, sizeof(*population));

    if (!population)
        return reason_set(reason, ENOMEM, "no memory for a population");
    population->population.engine = &engine_vmm_resident;
    population->announces = setup->ready_line != NULL;
    population->plan.options = vmm_settings_options(setup);
    population->plan.options.workers = 1;      /* in each cell */
    population->plan.options.memory_limit = 0; /* the host's own is the limit */

    struct nursery_plan plan = {.name = "mvm-cell",
                                .serve = cell_serve,
                                .context = &population->plan,
                                .files = (uint64_t)vmm_settings_vms_each(settings) * FILES_EACH + FILES_MORE};
    int error =
        vmm_seed_create(&population->plan.options, setup->image->bytes, &population->plan.seed, reason);

    int file = error ? -1 : vmm_seed_file(population->plan.seed);

    plan.keep = &file;
    plan.keep_count = file >= 0;
    if (!error)
        error = cells_open(&plan, vmm_settings_vms_each(settings), &population->cells, reason);
    if (error) {
        vmm_seed_free(population->plan.seed);
        free(population);
        return error;
    }
    *ret_population = &population->population;
    return 0;
}

static void resident_close(struct population *population)
{
    struct resident_population *resident = of(population);

    if (!resident)
        return;
    cells_close(resident->cells);
    vmm_seed_free(resident->plan.seed);
    free(resident);
}

static void resident_counts(struct population *population, struct engine_counts *ret_counts)
{
    struct cells *cells = of(population)->cells;
    struct engine_counts sum = {.last_failure = cells->last_stop};

    for (size_t i = 0; i < cells->count; i++) {
        const struct vmm_counts *counts = &cells->list[i].state.counts;

        sum.started += counts->started;
        sum.booting += counts->booting;
        sum.running += counts->running;
        sum.failed += counts->failed;
        sum.died += counts->stopped;
        if (counts->started)
            sum.numbers = i * cells->vms_each + counts->started;
    }
    *ret_counts = sum;
}

/* How many cells boot at once: one for each CPU. */
static unsigned at_once(void)
{
    long online = sysconf(_SC_NPROCESSORS_ONLN);

    return online > 0 ? (unsigned)online : 1;
}

/* What a growth has still to do. */
struct growth {
    uint64_t left; /* VMs that no cell was told to boot yet */
    size_t next;   /* cells before this one have no room, or no further VM can be made there */
    unsigned busy; /* cells that boot */
    int error;
    struct reason *reason;
};

/* A cell that may take more VMs, made if there is none. */
static struct cell_link *choose(struct cells *cells, struct growth *growth)
{
    struct cell_link *cell = NULL;

    for (; growth->next < cells->count; growth->next++) {
        cell = &cells->list[growth->next];
        if (cell->socket >= 0 && !cell->growing && cell->asked < cells->vms_each)
            return cell;
    }
    growth->error = cells_add(cells, &cell, growth->reason);
    return growth->error ? NULL : cell;
}

static void begin_boots(struct cells *cells, struct growth *growth)
{
    while (growth->left > 0 && !growth->error && growth->busy < at_once()) {
        struct cell_link *cell = choose(cells, growth);

        if (!cell)
            return;
        uint32_t room = cells->vms_each - cell->asked;
        uint32_t count = growth->left < room ? (uint32_t)growth->left : room;

        cells_boot(cells, cell, count);
        growth->left -= count;
        growth->busy++;
    }
}

/* Counts the cells that boot, and learns whether some cannot go on. */
static void look_at_boots(struct cells *cells, struct growth *growth)
{
    growth->busy = 0;
    for (size_t i = 0; i < cells->count; i++) {
        const struct cell_link *cell = &cells->list[i];

        growth->busy += cell->growing;
        if (!growth->error && !cell->growing && cell->state.exhausted_error && cell->boot_tag > 0 &&
            cell->state.booted_tag == cell->boot_tag && cell->asked < cells->vms_each)
            growth->error =
                reason_set(growth->reason, -cell->state.exhausted_error, "%s", cell->state.exhausted);
    }
    if (!growth->error && cells->failed_error)
        growth->error = reason_set(growth->reason, -cells->failed_error, "%s", cells->failed);
}

static int resident_grow(struct population *population, uint64_t count, const struct engine_watch *watch,
                         struct reason *reason)
{
    struct cells *cells = of(population)->cells;
    struct growth growth = {.left = count, .reason = reason};
    uint64_t died = cells->died;

    for (size_t i = 0; i < cells->count; i++)
        cells->list[i].state.exhausted_error = 0; /* there may be room now */
    cells->failed_error = 0;
    for (;;) {
        struct engine_counts counts;

        begin_boots(cells, &growth);
        if (growth.busy == 0)
            break;
        cells_look(cells, clock_now_ns() + LOOK_NS);
        look_at_boots(cells, &growth);
        if (growth.error)
            cells_cancel(cells);
        resident_counts(population, &counts);
        if (watch && !watch->go_on(watch->context, &counts)) {
            cells_cancel(cells);
            return -ECANCELED;
        }
    }
    /* Cells that die by themselves as often as they are made would be made for ever. */
    if (!growth.error && cells->died > died && growth.left > 0)
        growth.error = reason_set(reason, ECHILD, "worker processes ended while their VMs were booting");
    return growth.error;
}

static bool resident_was_started(struct population *population, uint64_t vm)
{
    uint32_t number;
    const struct cell_link *cell = cells_find(of(population)->cells, vm, &number);

    return cell && number < cell->state.counts.started;
}

static bool resident_is_running(struct population *population, uint64_t vm)
{
    uint32_t number;
    const struct cell_link *cell = cells_find(of(population)->cells, vm, &number);

    return cell && cell->running[number / 8] >> (number % 8) & 1;
}

static size_t resident_take_boot_times(struct population *population, double *ret_seconds, size_t room)
{
    struct resident_population *resident = of(population);
    struct cells *cells = resident->cells;
    size_t count = cells->time_count < room ? cells->time_count : room;

    if (!resident->announces)
        count = cells->time_count = 0;
    if (count)
        memcpy(ret_seconds, cells->times, count * sizeof(double));
    cells->time_count -= count;
    if (cells->time_count)
        memmove(cells->times, cells->times + count, cells->time_count * sizeof(double));
    return count;
}

static void resident_sum(const struct cells *cells, struct vmm_counts *ret_counts,
                         struct store_usage *ret_usage)
{
    *ret_counts = (struct vmm_counts){0};
    *ret_usage = (struct store_usage){0};
    for (size_t i = 0; i < cells->count; i++) {
        vmm_counts_add(ret_counts, &cells->list[i].state.counts);
        store_usage_add(ret_usage, &cells->list[i].state.usage);
    }
}

/* Counters change with every wake, of which cells do not tell: they are asked. */
static void refresh(struct cells *cells)
{
    const struct cell_message message = {.kind = CELL_COUNT};

    for (size_t i = 0; i < cells->count; i++)
        if (cells->list[i].socket >= 0)
            (void)cells_call(cells, &cells->list[i], &message, NULL, 0, NULL, 0, NULL);
}

static int resident_account(struct population *population, struct result_counters *counters)
{
    struct cells *cells = of(population)->cells;
    struct vmm_counts counts;
    struct store_usage usage;
    size_t alive = 0;

    refresh(cells);
    resident_sum(cells, &counts, &usage);
    for (size_t i = 0; i < cells->count; i++)
        alive += cells->list[i].socket >= 0;
    int error = vmm_account(&counts, &usage, true, counters);

    if (!error)
        error = result_counter_set(counters, "worker_processes", (double)alive);
    return error ? error : result_counter_set(counters, "worker_processes_ended", (double)cells->died);
}

static void resident_ends(struct population *population, struct engine_ends *ret_ends)
{
    struct cells *cells = of(population)->cells;

    for (size_t i = 0; i < cells->count; i++) {
        const struct cell_link *cell = &cells->list[i];
        const struct vmm_counts *counts = &cell->state.counts;
        uint64_t others = counts->failed + counts->stopped;

        for (unsigned stop = 0; stop < VM_STOP_COUNT; stop++)
            if (counts->stops[stop] > 0) {
                engine_ends_add(ret_ends, vmm_stop_name(stop), counts->stops[stop]);
                others -= counts->stops[stop];
            }
        if (cell->socket < 0 && others > 0)
            engine_ends_add(ret_ends, "worker process ended", others);
    }
}

static void resident_submit(struct population *population, struct engine_ask *const *asks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        cells_ask(of(population)->cells, asks[i]);
}

static size_t resident_reap(struct population *population, struct engine_ask **ret_asks, size_t room,
                            uint64_t until_ns)
{
    struct cells *cells = of(population)->cells;
    size_t got = 0;

    cells_look(cells, cells->finished ? 0 : until_ns);
    for (; cells->finished && got < room; cells->finished = cells->finished->next)
        ret_asks[got++] = cells->finished;
    return got;
}

static int resident_descriptor(struct population *population)
{
    return of(population)->cells->events;
}

/* Most of it is the kernel's, and nobody counts it by VM. */
static uint64_t resident_memory(struct population *population)
{
    (void)population;
    return 0;
}

static void resident_wait(struct population *population, uint64_t until_ns)
{
    cells_look(of(population)->cells, until_ns);
}

/* One message to the VM's cell and its reply. -ESRCH: no cell has it. */
static int64_t call(struct population *population, uint64_t vm, struct cell_message message,
                    const void *bytes, size_t count, void *ret_bytes, size_t room)
{
    struct cells *cells = of(population)->cells;
    struct cell_link *cell = cells_find(cells, vm, &message.vm);

    if (!cell || cell->socket < 0 || message.vm >= cell->state.counts.started)
        return -ESRCH;
    message.room = room;
    return cells_call(cells, cell, &message, bytes, count, ret_bytes, room, NULL);
}

static void resident_explain(struct population *population, uint64_t vm, char *ret_text, size_t room)
{
    uint32_t number;
    const struct cell_link *cell = cells_find(of(population)->cells, vm, &number);

    ret_text[0] = '\0';
    if (cell && cell->socket < 0 && number < cell->state.counts.started)
        snprintf(ret_text, room, "its worker process ended");
    else if (call(population, vm, (struct cell_message){.kind = CELL_EXPLAIN}, NULL, 0, ret_text, room) < 0)
        ret_text[0] = '\0';
    ret_text[room - 1] = '\0';
}

static int resident_console_open(struct population *population, uint64_t vm, struct reason *reason)
{
    int64_t error = call(population, vm, (struct cell_message){.kind = CELL_CONSOLE_OPEN}, NULL, 0, NULL, 0);

    return vmm_console_reason((int)error, vm, reason);
}

static void resident_console_close(struct population *population, uint64_t vm)
{
    (void)call(population, vm, (struct cell_message){.kind = CELL_CONSOLE_CLOSE}, NULL, 0, NULL, 0);
}

static size_t taken(int64_t result)
{
    return result > 0 ? (size_t)result : 0;
}

static size_t resident_console_read(struct population *population, uint64_t vm, uint8_t *ret_bytes,
                                    size_t room)
{
    return taken(
        call(population, vm, (struct cell_message){.kind = CELL_CONSOLE_READ}, NULL, 0, ret_bytes, room));
}

static size_t resident_console_write(struct population *population, uint64_t vm, const uint8_t *bytes,
                                     size_t count)
{
    count = count < CELL_BYTES ? count : CELL_BYTES;
    return taken(
        call(population, vm, (struct cell_message){.kind = CELL_CONSOLE_WRITE}, bytes, count, NULL, 0));
}

static size_t resident_console_press(struct population *population, uint64_t vm, const uint8_t *codes,
                                     size_t count)
{
    count = count < CELL_BYTES ? count : CELL_BYTES;
    return taken(
        call(population, vm, (struct cell_message){.kind = CELL_CONSOLE_PRESS}, codes, count, NULL, 0));
}

static int resident_screen(struct population *population, uint64_t vm, struct engine_screen *ret_screen)
{
    struct vmm_screen screen;
    int64_t error =
        call(population, vm, (struct cell_message){.kind = CELL_SCREEN}, NULL, 0, &screen, sizeof(screen));

    if (error)
        return (int)error;
    memcpy(ret_screen->cells, screen.cells, sizeof(screen.cells));
    ret_screen->cursor = screen.cursor;
    return 0;
}

const struct engine engine_vmm_resident = {
    .name = "vmm",
    .summary = "mvm's own monitor, each VM a KVM VM of its own",
    .class_letter = 'A',
    .capabilities = ENGINE_BOOTS_IMAGES | ENGINE_ASKS | ENGINE_ANNOUNCES | ENGINE_HAS_PROCESSES |
                    ENGINE_CONSOLES | ENGINE_SCREENS,
    .asks_at_once = 64, /* a slow host takes them one by one, and each has its patience */
    .options = vmm_specs,
    .option_count = VMM_SPECS,
    .options_size = sizeof(struct vmm_settings),
    .probe = resident_probe,
    .needs = resident_needs,
    .describe = vmm_settings_describe,
    .open = resident_open,
    .grow = resident_grow,
    .counts = resident_counts,
    .was_started = resident_was_started,
    .is_running = resident_is_running,
    .take_boot_times = resident_take_boot_times,
    .account = resident_account,
    .submit = resident_submit,
    .reap = resident_reap,
    .descriptor = resident_descriptor,
    .console_open = resident_console_open,
    .console_close = resident_console_close,
    .console_read = resident_console_read,
    .console_write = resident_console_write,
    .console_press = resident_console_press,
    .screen = resident_screen,
    .explain = resident_explain,
    .ends = resident_ends,
    .memory = resident_memory,
    .wait = resident_wait,
    .close = resident_close,
};
