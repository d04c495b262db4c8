/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/vmm.h"

#include "base/clock.h"
#include "base/option.h"
#include "base/reason.h"
#include "vmm/population.h"
#include "vmm/resident.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void vmm_close(struct vmm *vmm)
{
    if (!vmm)
        return;
    for (unsigned i = 0; i < vmm->options.workers; i++)
        worker_stop(vmm->workers[i]);
    for (unsigned i = 0; i < vmm->options.workers; i++)
        shard_free(vmm->shards[i]);
    machine_bases_free(vmm->bases);
    outbox_release(&vmm->port.outbox);
    free(vmm->trace); /* its writer, a worker, is gone */
    free(vmm->workers);
    free(vmm->shards);
    free(vmm->asked);
    free(vmm);
}

int population_create(const struct vmm_options *options, const uint8_t *image, struct machine_bases *bases,
                      uint64_t clock_ns, struct vmm **ret_vmm, struct reason *reason)
{
    struct vmm *vmm = calloc(1, sizeof(*vmm));

    if (!vmm || outbox_init(&vmm->port.outbox, options->workers) < 0 ||
        !(vmm->shards = calloc(options->workers, sizeof(struct shard *))) ||
        !(vmm->workers = calloc(options->workers, sizeof(struct worker *))) ||
        !(vmm->asked = calloc(options->workers, sizeof(*vmm->asked)))) {
        if (vmm) {
            outbox_release(&vmm->port.outbox);
            free(vmm->shards);
            free(vmm->workers);
        }
        free(vmm);
        machine_bases_free(bases);
        return reason_set(reason, ENOMEM, "no memory for a population");
    }
    vmm->port.vmm = vmm;
    vmm->options = *options;
    vmm->bases = bases;
    vmm->traced = UINT64_MAX;
    vmm->epoch_ns = clock_now_ns() - clock_ns;
    memcpy(vmm->image, image, sizeof(vmm->image));
    for (unsigned i = 0; i < options->workers; i++) {
        struct disk_content disk = {.bytes = vmm->image, .size = sizeof(vmm->image)};
        int error = shard_create(&vmm->options, i, bases, &disk, vmm->epoch_ns, &vmm->shards[i], reason);

        if (error) {
            vmm_close(vmm);
            return error;
        }
    }
    *ret_vmm = vmm;
    return 0;
}

int population_start(struct vmm *vmm, struct reason *reason)
{
    for (unsigned i = 0; i < vmm->options.workers; i++) {
        int error = worker_start(vmm->shards[i], &vmm->port.outbox, &vmm->workers[i], reason);

        if (error)
            return error;
    }
    return 0;
}

struct vmm_seed {
    struct machine_bases *bases;
    uint8_t image[512];
};

static int make_bases(const struct vmm_options *options, const uint8_t *image,
                      struct machine_bases **ret_bases, struct reason *reason)
{
    uint32_t size = options->memory_mib * MEMORY_MIB;
    uint8_t *memory = malloc(size);
    struct machine_state *state = calloc(1, sizeof(*state));
    int error;

    if (!memory || !state) {
        error = reason_set(reason, ENOMEM, "no memory for a machine");
    } else {
        shard_power_on(state, memory, options->memory_mib, image, options->drive);
        error = machine_bases_create(state, memory, size, ret_bases, reason);
    }
    free(state);
    free(memory);
    return error;
}

int vmm_seed_create(const struct vmm_options *options, const uint8_t *image, struct vmm_seed **ret_seed,
                    struct reason *reason)
{
    struct vmm_seed *seed = malloc(sizeof(*seed));
    int error;

    if (!seed)
        return reason_set(reason, ENOMEM, "no memory for a population");
    memcpy(seed->image, image, sizeof(seed->image));
    error = make_bases(options, image, &seed->bases, reason);
    if (!error && options->resident && options->cpu == VMM_CPU_KVM) {
        error = machine_bases_share(seed->bases);
        if (error) {
            machine_bases_free(seed->bases);
            reason_errno(reason, -error, "cannot make a file in memory");
        }
    }
    if (error)
        free(seed);
    else
        *ret_seed = seed;
    return error;
}

void vmm_seed_free(struct vmm_seed *seed)
{
    if (seed)
        machine_bases_free(seed->bases);
    free(seed);
}

int vmm_open_seed(const struct vmm_options *options, struct vmm_seed *seed, struct vmm **ret_vmm,
                  struct reason *reason)
{
    struct vmm *vmm;
    int error = population_create(options, seed->image, seed->bases, 0, &vmm, reason);

    free(seed);
    if (error)
        return error;
    error = population_start(vmm, reason);
    if (error)
        vmm_close(vmm);
    else
        *ret_vmm = vmm;
    return error;
}

int vmm_open(const struct vmm_options *options, const uint8_t *image, struct vmm **ret_vmm,
             struct reason *reason)
{
    struct vmm_seed *seed;
    int error = vmm_seed_create(options, image, &seed, reason);

    return error ? error : vmm_open_seed(options, seed, ret_vmm, reason);
}

int vmm_seed_file(const struct vmm_seed *seed)
{
    return machine_base_get(seed->bases, 0)->file;
}

/* The VMs that a worker has, or will have when it is through with its boots. This is kept here, as the boots
 * go on while it is looked at. */
static uint64_t wanted_of(const struct vmm *vmm, unsigned worker)
{
    return vmm->asked[worker] - atomic_load(&vmm->shards[worker]->counts.given_up);
}

void vmm_boot(struct vmm *vmm, uint64_t count)
{
    unsigned workers = vmm->options.workers;
    uint64_t total = count, left = count;

    for (unsigned i = 0; i < workers; i++)
        total += wanted_of(vmm, i);
    /* Numbers are without gaps: VM n belongs to worker n modulo workers. Boots that were taken back leave
     * gaps, which are filled first. */
    for (unsigned i = 0; i < workers; i++) {
        uint64_t has = wanted_of(vmm, i);
        uint64_t share = (total + workers - 1 - i) / workers;
        uint64_t more = share > has ? share - has : 0;

        if (more > left)
            more = left;
        left -= more;
        if (more) {
            population_fit(vmm, (has + more) * workers);
            atomic_store(&vmm->shards[i]->out_of_memory, false);
            vmm->asked[i] += more;
            worker_boot(vmm->workers[i], more);
        }
    }
}

void vmm_boot_cancel(struct vmm *vmm)
{
    for (unsigned i = 0; i < vmm->options.workers; i++)
        vmm->asked[i] -= worker_boot_cancel(vmm->workers[i]);
}

uint64_t vmm_booting(struct vmm *vmm)
{
    uint64_t booting = 0;

    for (unsigned i = 0; i < vmm->options.workers; i++) {
        /* In this order, so that a boot that is given up in between is not counted twice. */
        uint64_t settled = atomic_load(&vmm->shards[i]->counts.settled), wanted = wanted_of(vmm, i);

        booting += wanted > settled ? wanted - settled : 0;
    }
    return booting;
}

int vmm_exhausted(struct vmm *vmm, struct reason *reason)
{
    char text[SIZE_TEXT_ROOM];

    for (unsigned i = 0; i < vmm->options.workers; i++) {
        if (!atomic_load(&vmm->shards[i]->out_of_memory))
            continue;
        if (vmm->shards[i]->guests)
            return reason_set(reason, vmm->shards[i]->refused_error, "%s", vmm->shards[i]->refused);
        if (vmm->options.memory_limit)
            return reason_set(reason, ENOMEM, "the VMs fill the population's memory limit of %s",
                              size_text((double)vmm->options.memory_limit, text));
        return reason_set(reason, ENOMEM, "no memory for another VM");
    }
    return 0;
}

static void add_cpu_counts(const struct shard *shard, struct vmm_cpu_counts *sum)
{
    const struct cpu_counts *counts = shard->kind->counts ? shard->kind->counts(shard->cpu) : NULL;

    if (!counts)
        return;
    sum->runs += atomic_load(&counts->runs);
    sum->ioctls += atomic_load(&counts->ioctls);
    sum->timers_set += atomic_load(&counts->timers);
    sum->shells += atomic_load(&counts->shells);
    sum->shells_made += atomic_load(&counts->shells_made);
    sum->port_exits += atomic_load(&counts->exits[CPU_EXIT_PORT]);
    sum->memory_exits += atomic_load(&counts->exits[CPU_EXIT_MEMORY]);
    sum->halt_exits += atomic_load(&counts->exits[CPU_EXIT_HALT]);
    sum->window_exits += atomic_load(&counts->exits[CPU_EXIT_WINDOW]);
    sum->kick_exits += atomic_load(&counts->exits[CPU_EXIT_KICK]);
    sum->other_exits += atomic_load(&counts->exits[CPU_EXIT_OTHER]);
}

void vmm_count(struct vmm *vmm, struct vmm_counts *ret_counts)
{
    struct vmm_counts sum = {0};

    for (unsigned i = 0; i < vmm->options.workers; i++) {
        struct shard *shard = vmm->shards[i];

        uint64_t started = atomic_load(&shard->counts.started);

        if (started > 0 && (started - 1) * vmm->options.workers + i >= sum.numbers)
            sum.numbers = (started - 1) * vmm->options.workers + i + 1;
        uint64_t settled = atomic_load(&shard->counts.settled);

        sum.started += started;
        sum.booting += started > settled ? started - settled : 0;
        sum.running += atomic_load(&shard->counts.running);
        sum.failed += atomic_load(&shard->counts.failed);
        sum.stopped += atomic_load(&shard->counts.stopped);
        sum.boots += atomic_load(&shard->counts.boots);
        sum.instructions += atomic_load(&shard->counts.instructions);
        sum.wakes += atomic_load(&shard->counts.wakes);
        sum.ticks_lost += atomic_load(&shard->counts.ticks_lost);
        sum.runnable += atomic_load(&shard->counts.runnable);
        for (size_t stop = 0; stop < VM_STOP_COUNT; stop++)
            sum.stops[stop] += atomic_load(&shard->counts.stops[stop]);
        add_cpu_counts(shard, &sum.cpu);
    }
    sum.bases = machine_base_count(vmm->bases);
    *ret_counts = sum;
}

void vmm_counts_add(struct vmm_counts *sum, const struct vmm_counts *more)
{
    sum->started += more->started;
    sum->booting += more->booting;
    sum->running += more->running;
    sum->failed += more->failed;
    sum->stopped += more->stopped;
    sum->instructions += more->instructions;
    sum->wakes += more->wakes;
    sum->ticks_lost += more->ticks_lost;
    sum->boots += more->boots;
    sum->runnable += more->runnable;
    sum->bases += more->bases;
    for (size_t i = 0; i < VM_STOP_COUNT; i++)
        sum->stops[i] += more->stops[i];
    sum->cpu.runs += more->cpu.runs;
    sum->cpu.ioctls += more->cpu.ioctls;
    sum->cpu.timers_set += more->cpu.timers_set;
    sum->cpu.shells += more->cpu.shells;
    sum->cpu.shells_made += more->cpu.shells_made;
    sum->cpu.port_exits += more->cpu.port_exits;
    sum->cpu.memory_exits += more->cpu.memory_exits;
    sum->cpu.halt_exits += more->cpu.halt_exits;
    sum->cpu.window_exits += more->cpu.window_exits;
    sum->cpu.kick_exits += more->cpu.kick_exits;
    sum->cpu.other_exits += more->cpu.other_exits;
}

static void add_usage(struct shard *shard, void *argument)
{
    struct store_usage *sum = argument, usage;

    store_usage(shard->store, &usage);
    store_usage_add(sum, &usage);
    if (shard->resident) {
        sum->used_bytes += resident_bytes(shard->resident);
        sum->held_bytes += resident_bytes(shard->resident);
    }
}

void vmm_usage(struct vmm *vmm, struct store_usage *ret_usage)
{
    *ret_usage = (struct store_usage){0};
    for (unsigned i = 0; i < vmm->options.workers; i++)
        worker_call(vmm->workers[i], add_usage, ret_usage);
}

bool vmm_was_started(struct vmm *vmm, uint64_t vm)
{
    const struct shard *shard = vmm->shards[vm % vmm->options.workers];

    return vm / vmm->options.workers < atomic_load(&shard->counts.started);
}

bool vmm_is_running(struct vmm *vmm, uint64_t vm)
{
    struct shard *shard = vmm->shards[vm % vmm->options.workers];
    uint64_t number = vm / vmm->options.workers;

    return number < atomic_load(&shard->counts.started) && shard_is_running(shard, (uint32_t)number);
}

struct boot_times {
    double *seconds;
    size_t count, room;
};

static void take_times(struct shard *shard, void *argument)
{
    struct boot_times *times = argument;
    size_t taken = 0;

    for (; taken < shard->boot_time_count && taken < times->room; taken++)
        times->seconds[times->count++] = shard->boot_times[taken];
    shard->boot_time_count -= taken;
    memmove(shard->boot_times, shard->boot_times + taken,
            shard->boot_time_count * sizeof(shard->boot_times[0]));
    shard->boot_time_seen = shard->boot_time_count;
}

size_t vmm_take_boot_times(struct vmm *vmm, double *ret_seconds, size_t room)
{
    struct boot_times times = {.seconds = ret_seconds};

    /* Room for each worker's, so that none of them is left out. */
    for (unsigned i = 0; i < vmm->options.workers; i++) {
        times.room = (room - times.count) / (vmm->options.workers - i);
        worker_call(vmm->workers[i], take_times, &times);
    }
    return times.count;
}

const char *vmm_stop_name(enum vm_stop stop)
{
    static const char *const names[VM_STOP_COUNT] = {
        [VM_RUNS] = "not ready in time",
        [VM_STOP_TRIPLE_FAULT] = "triple fault",
        [VM_STOP_UNKNOWN_OPCODE] = "instruction that is not emulated",
        [VM_STOP_EXCEPTION] = "CPU exception",
        [VM_STOP_UNSUPPORTED] = "CPU mode that is not emulated",
        [VM_STOP_OUTPUT] = "output limit",
        [VM_STOP_NO_MEMORY] = "no memory",
        [VM_STOP_NOT_STARTED] = "never started",
        [VM_STOP_HOST] = "KVM gave up",
    };

    return names[stop];
}

static void explain_host(uint32_t detail, char *text, size_t room)
{
    if (detail & HOST_ERRNO)
        snprintf(text, room, "KVM could not run it: %s", strerror((int)(detail & ~HOST_ERRNO)));
    else if (detail == HOST_UNSETTLED)
        snprintf(text, room, "KVM could not bring an instruction of it to an end");
    else
        snprintf(text, room, "KVM could not run it further (exit reason %u, %u)", detail & 0xff, detail >> 8);
}

static void explain(enum vm_stop stop, uint32_t detail, char *text, size_t room)
{
    static const char *const unsupported[] = {[CPU_NO_PAGING] = "paging",
                                              [CPU_NO_RINGS] = "privilege rings other than 0",
                                              [CPU_NO_TASKS] = "hardware tasks",
                                              [CPU_NO_V86] = "virtual-8086 mode"};

    switch (stop) {
    case VM_RUNS:
        snprintf(text, room, "it did not announce itself in time");
        break;
    case VM_STOP_TRIPLE_FAULT:
        snprintf(text, room, "triple fault");
        break;
    case VM_STOP_UNKNOWN_OPCODE:
        if (detail == 0) { /* a CPU that is hardware tells only that its registers have changed */
            snprintf(text, room, "it used a coprocessor, MMX or SSE, which the machine does not have");
            break;
        }
        snprintf(text, room, "it executed an instruction that is not emulated (%02X %02X)", detail & 0xff,
                 detail >> 8 & 0xff);
        break;
    case VM_STOP_EXCEPTION:
        snprintf(text, room, "CPU exception %u, which it does not handle", detail & 0xff);
        break;
    case VM_STOP_UNSUPPORTED:
        snprintf(text, room, "it uses %s, which are not emulated",
                 detail >= 1 && detail < sizeof(unsupported) / sizeof(unsupported[0]) ? unsupported[detail]
                                                                                      : "CPU modes");
        break;
    case VM_STOP_OUTPUT:
        snprintf(text, room, "it sent more than the output limit without ever sleeping");
        break;
    case VM_STOP_NO_MEMORY:
        snprintf(text, room, "no memory for its state");
        break;
    case VM_STOP_NOT_STARTED:
        snprintf(text, room, "it was never started");
        break;
    case VM_STOP_HOST:
        explain_host(detail, text, room);
        break;
    case VM_STOP_COUNT:
        break;
    }
}

struct stop_question {
    uint32_t number, detail;
    enum vm_stop stop;
    bool stopped;
};

static void find_stop(struct shard *shard, void *argument)
{
    struct stop_question *question = argument;

    question->stopped = shard_stop_of(shard, question->number, &question->stop, &question->detail);
}

void vmm_explain(struct vmm *vmm, uint64_t vm, char *ret_text, size_t room)
{
    struct stop_question question = {.number = (uint32_t)(vm / vmm->options.workers)};

    ret_text[0] = '\0';
    if (vm / vmm->options.workers >= UINT32_MAX)
        return;
    worker_call(vmm->workers[vm % vmm->options.workers], find_stop, &question);
    if (question.stopped)
        explain(question.stop, question.detail, ret_text, room);
}

void vmm_last_stop(struct vmm *vmm, char *ret_text, size_t room)
{
    ret_text[0] = '\0';
    for (unsigned i = 0; i < vmm->options.workers; i++) {
        struct shard *shard = vmm->shards[i];
        uint64_t last = atomic_load(&shard->last_stop);

        if (atomic_load(&shard->counts.failed) + atomic_load(&shard->counts.stopped) > 0)
            explain(last & 0xffffffff, (uint32_t)(last >> 32), ret_text, room);
    }
}
