/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/shard.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/reason.h"
#include "vmm/disassembly.h"
#include "vmm/resident.h"
#include "vmm/resident_kvm.h"
#include "vmm/shard_visit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    RECORD_ROOM = 64 * 1024, /* of the scratch, at first */
    BOOTING_MOST = 128,      /* VMs that have not announced themselves, beyond which no further is started */
    KEPT_BACK = 16,          /* one part in so many of the memory limit, */
    KEPT_BACK_EACH = 16,     /* and bytes for each VM */
    KEPT_BACK_SLABS = 1 << 20, /* and for slabs of sizes not in use yet; a quarter of a small limit */
    BOOTING_FIRST = 4,         /* VMs that boot at once before any has booted */
};

#define NUMBERS_MOST    (UINT64_C(1) << 32)
#define BITS_BYTES      (NUMBERS_MOST / 8)
#define OVERDUE_LOOK_NS (20 * NS_PER_MILLISECOND)

static uint64_t clock_of_shard(void *shard)
{
    return shard_now(shard);
}

uint64_t shard_now(const struct shard *shard)
{
    return clock_now_ns() - shard->epoch_ns;
}

static void fill_template(struct shard *shard, const struct disk_content *disk)
{
    struct context *template = machine_bench_template(shard->bench);
    uint64_t now = shard_now(shard);

    template->clock = clock_of_shard;
    template->clock_context = shard;
    template->wall_offset = (int64_t)clock_unix_seconds() - (int64_t)(now / NS_PER_SECOND);
    template->disk = *disk;
    template->output_limit = shard->options->output_limit;
}

/* Beside the store, where the machines are: in the bench one after the other, or each in a place of its own.
 */
static int make_home(struct shard *shard, const struct disk_content *disk, struct reason *reason)
{
    const struct vmm_options *options = shard->options;
    int error;

    fill_template(shard, disk);
    if (options->resident && options->cpu == VMM_CPU_KVM) {
        shard->kind = &cpu_kvm_resident;
        error = resident_kvm_create(shard->reset, machine_bench_template(shard->bench),
                                    RESIDENT_TRICKS & ~options->without, &shard->guests, reason);
        shard->cpu = (struct cpu *)shard->guests;
        return error;
    }
    error = shard->kind->create(&shard->cpu, reason);
    if (!error && options->resident)
        error = resident_create(shard->bench, shard->reset, options->memory_limit / options->workers,
                                &shard->resident, reason);
    return error;
}

int shard_create(const struct vmm_options *options, unsigned index, struct machine_bases *bases,
                 const struct disk_content *disk, uint64_t epoch_ns, struct shard **ret_shard,
                 struct reason *reason)
{
    struct shard *shard = calloc(1, sizeof(*shard));
    int error = -ENOMEM;

    if (!shard)
        return reason_set(reason, ENOMEM, "no memory for a worker");
    shard->options = options;
    shard->index = index;
    shard->reset = machine_base_get(bases, 0);
    shard->kind = options->cpu == VMM_CPU_KVM ? &cpu_kvm : &cpu_x86emu;
    shard->epoch_ns = epoch_ns;
    shard->traced = UINT32_MAX;
    shard->record_room = RECORD_ROOM;
    shard->record = malloc(shard->record_room);
    shard->not_running =
        mmap(NULL, BITS_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (shard->not_running == MAP_FAILED) {
        shard->not_running = NULL;
        reason_set(reason, ENOMEM, "no address space for a worker");
    } else if (!shard->record) {
        reason_set(reason, ENOMEM, "no memory for a worker");
    } else {
        error = machine_bench_create(bases, &shard->bench, reason);
        if (!error)
            error = store_create(options->memory_limit / options->workers, &shard->store, reason);
        if (!error)
            error = wheel_create(shard_now(shard), &shard->wheel, reason);
        if (!error)
            error = make_home(shard, disk, reason);
    }
    if (error) {
        shard_free(shard);
        return error;
    }
    *ret_shard = shard;
    return 0;
}

void shard_free(struct shard *shard)
{
    if (!shard)
        return;
    for (struct boot *boot = shard->oldest_boot, *next; boot; boot = next) {
        next = boot->newer;
        free(boot);
    }
    for (size_t i = 0; i < shard->consoles.room; i++)
        free(shard->consoles.slots[i].value);
    vmtable_release(&shard->requests);
    vmtable_release(&shard->boots);
    vmtable_release(&shard->consoles);
    free(shard->queue);
    free(shard->record);
    disassembly_close(shard->disassembly);
    resident_free(shard->resident);
    wheel_free(shard->wheel);
    store_free(shard->store);
    shard->kind->destroy(shard->cpu);
    cpu_x86emu.destroy(shard->tracer);
    machine_bench_free(shard->bench);
    if (shard->not_running)
        munmap(shard->not_running, BITS_BYTES);
    free(shard);
}

bool shard_is_running(const struct shard *shard, uint32_t number)
{
    return !(atomic_load_explicit(&shard->not_running[number / 8], memory_order_relaxed) >> (number % 8) & 1);
}

/* The last part of the limit is kept back for VMs that grow: they change when they are woken. `sleep`, which
 * is 16 bytes large at boot, has grown by half after its first challenge. VMs that are still booting are
 * taken to become as large as VMs ever were on average. */
static bool has_room(struct shard *shard)
{
    uint64_t limit = shard->options->memory_limit / shard->options->workers;
    struct store_usage usage;

    if (limit == 0)
        return true;
    store_usage(shard->store, &usage);
    if (shard->boots.count > 0 && usage.records > 0 &&
        usage.used_bytes / usage.records > shard->largest_average)
        shard->largest_average = usage.used_bytes / usage.records;
    uint64_t kept_back = limit / KEPT_BACK + (limit / 4 < KEPT_BACK_SLABS ? limit / 4 : KEPT_BACK_SLABS);

    return usage.held_bytes + shard->boots.count * shard->largest_average + usage.records * KEPT_BACK_EACH <=
           limit - kept_back;
}

/* VMs whose boot came to an end, whichever. */
static uint64_t booted(const struct shard *shard)
{
    return atomic_load_explicit(&shard->counts.running, memory_order_relaxed) +
           atomic_load_explicit(&shard->counts.failed, memory_order_relaxed) +
           atomic_load_explicit(&shard->counts.stopped, memory_order_relaxed);
}

bool shard_may_boot(struct shard *shard)
{
    /* Few at first: how large VMs become is known when some have booted. */
    return shard->boots.count == 0 || (shard->boots.count < BOOTING_MOST &&
                                       shard->boots.count < BOOTING_FIRST + booted(shard) && has_room(shard));
}

/* The next VM at reset, laid into a context; NULL: there is no memory for it, or KVM makes no more. */
static struct context *make_machine(struct shard *shard)
{
    struct context *context = NULL;
    struct reason reason = {""};

    if (!shard->guests)
        return shard->resident ? resident_add(shard->resident) : machine_lay_reset(shard->bench);
    shard->refused_error = -resident_kvm_add(shard->guests, &context, &reason);
    if (shard->refused_error)
        snprintf(shard->refused, sizeof(shard->refused), "%s", reason.text);
    return context;
}

void shard_rest(struct shard *shard)
{
    if (shard->guests)
        resident_kvm_rest(shard->guests);
}

int shard_boot(struct shard *shard)
{
    uint64_t number = store_count(shard->store);
    struct visit visit = {.number = (uint32_t)number};

    if (number >= UINT32_MAX || !has_room(shard)) {
        atomic_store(&shard->out_of_memory, true);
        return -ENOMEM;
    }
    visit.context = make_machine(shard);
    if (!visit.context) {
        atomic_store(&shard->out_of_memory, true);
        return -ENOMEM;
    }
    visit.first_run.started_ns = context_now(visit.context);
    visit.boot = &visit.first_run;
    board_reset(visit.context, shard->options->drive);
    board_resume(visit.context);
    counter_add(&shard->counts.started, 1);
    counter_add(&shard->counts.boots, 1);
    visit_run(shard, &visit);
    if (store_count(shard->store) == number) { /* there was no room even for the news of its end */
        atomic_store(&shard->out_of_memory, true);
        counter_add(&shard->counts.started, UINT64_MAX); /* one less; nor has it failed */
        counter_add(&shard->counts.failed, UINT64_MAX);
        counter_add(&shard->counts.settled, UINT64_MAX);
        counter_add(&shard->counts.stops[VM_STOP_NO_MEMORY], UINT64_MAX);
        return -ENOMEM;
    }
    return 0;
}

void shard_give_up(struct shard *shard, uint64_t boots)
{
    counter_add(&shard->counts.given_up, boots);
}

void shard_request(struct shard *shard, struct vmm_request *request)
{
    uint64_t number = request->vm / shard->options->workers;
    struct visit visit;

    request->sent = 0;
    request->answer_length = 0;
    request->late = false;
    if (number >= store_count(shard->store) || !visit_begin(shard, (uint32_t)number, &visit)) {
        visit_answer(shard, request, -ECONNRESET);
        return;
    }
    if (visit.request || visit.console) {
        visit_answer(shard, request, -EBUSY);
        visit_unlay(shard, visit.context);
        return;
    }
    visit.request = request;
    request->late = visit.flags & RECORD_LATE;
    visit_run(shard, &visit);
}

void shard_wake(struct shard *shard, uint32_t number)
{
    struct visit visit;

    if (visit_begin(shard, number, &visit))
        visit_run(shard, &visit);
}

static void prefetch(struct shard *shard, const struct wheel_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++)
        store_prefetch_handle(shard->store, entries[i].number);
    for (size_t i = 0; i < count; i++)
        store_prefetch_record(shard->store, entries[i].number);
}

/* True when the record's timer is this entry's: not one that was moved or stopped since. */
static bool is_due(struct shard *shard, struct wheel_entry entry)
{
    size_t size;
    const uint8_t *record = store_get(shard->store, entry.number, &size);
    uint32_t stamp;

    if (!(record[0] & RECORD_TIMER))
        return false;
    memcpy(&stamp, record + 1, sizeof(stamp));
    return stamp == entry.stamp;
}

/* True when there are timers to see to. */
static bool take_due(struct shard *shard)
{
    if (shard->due_first < shard->due_count)
        return true;
    shard->due_first = 0;
    shard->due_count = wheel_expire(shard->wheel, shard_now(shard), shard->due, SHARD_AHEAD);
    prefetch(shard, shard->due, shard->due_count);
    return shard->due_count > 0;
}

size_t shard_timers(struct shard *shard, uint64_t most_ns)
{
    enum { UNTIMED = 4 }; /* between two looks at the clock */
    uint64_t until = clock_now_ns() + most_ns;
    size_t woken = 0, looks = 0;

    while (take_due(shard) && (looks++ % UNTIMED || clock_now_ns() < until)) {
        struct wheel_entry entry = shard->due[shard->due_first++];
        struct visit visit;

        if (!is_due(shard, entry) || !visit_begin(shard, entry.number, &visit))
            continue;
        visit.flags &= (uint8_t)~RECORD_TIMER; /* its entry is out of the wheel */
        visit_run(shard, &visit);
        woken++;
    }
    return woken;
}

size_t shard_slices(struct shard *shard, uint64_t most_ns)
{
    size_t waiting = shard->queue_count, count = 0;
    uint64_t until = waiting ? clock_now_ns() + most_ns : 0;

    /* Those that come back into the queue wait for the next turn. */
    while (count < waiting && (count == 0 || clock_now_ns() < until)) {
        struct visit visit;
        uint32_t number = shard->queue[shard->queue_first];

        shard->queue_first = (shard->queue_first + 1) % shard->queue_room;
        shard->queue_count--;
        count++;
        if (!visit_begin(shard, number, &visit))
            continue;
        visit.flags &= (uint8_t)~RECORD_QUEUED;
        visit.from_queue = true;
        visit_run(shard, &visit);
    }
    atomic_store_explicit(&shard->counts.runnable, shard->queue_count, memory_order_relaxed);
    return count;
}

uint64_t shard_overdue(struct shard *shard)
{
    uint64_t now = clock_now_ns(), now_population = shard_now(shard);
    bool waiting = false;

    for (size_t i = 0; i < shard->requests.room; i++) {
        struct vmm_request *request = shard->requests.slots[i].value;

        if (!request)
            continue;
        waiting = true;
        if (request->deadline_ns <= now) {
            /* The VM's flag goes with its next visit, which finds no request. */
            vmtable_take(&shard->requests, shard->requests.slots[i].number);
            visit_answer(shard, request, -ETIMEDOUT);
            i--; /* another one may have moved here */
        }
    }
    while (shard->oldest_boot &&
           shard->oldest_boot->started_ns + shard->options->boot_timeout_ns <= now_population)
        shard_end(shard, shard->oldest_boot->number, VM_RUNS, 0);
    if (!waiting && !shard->oldest_boot)
        return WHEEL_NEVER;
    return now_population + OVERDUE_LOOK_NS;
}

static int adopt_stopped(struct shard *shard, const uint8_t *record, size_t size)
{
    uint64_t number = store_count(shard->store);
    int error;

    if (size < STOPPED_RECORD || record[1] >= VM_STOP_COUNT)
        return -EBADMSG;
    error = store_add(shard->store, record, STOPPED_RECORD);
    if (error)
        return error;
    atomic_fetch_or(&shard->not_running[number / 8], (uint8_t)(1u << (number % 8)));
    counter_add(&shard->counts.started, 1);
    counter_add(&shard->counts.settled, 1);
    counter_add(&shard->counts.stopped, 1);
    counter_add(&shard->counts.stops[record[1]], 1);
    uint32_t detail;

    memcpy(&detail, record + 2, sizeof(detail));
    note_last_stop(shard, record[1], detail);
    return 0;
}

int shard_adopt(struct shard *shard, const uint8_t *record, size_t size)
{
    struct visit visit = {.number = (uint32_t)store_count(shard->store)};
    int error = 0;

    if (size < 1)
        return -EBADMSG;
    if (record[0] & RECORD_STOPPED)
        return adopt_stopped(shard, record, size);
    if (record[0] & (RECORD_ASKED | RECORD_LATE)) /* who asked is not here */
        visit.flags = RECORD_LATE;
    size_t head = record[0] & RECORD_TIMER ? 5 : 1;

    if (size < head)
        return -EBADMSG;
    visit.context = machine_lay(shard->bench, record + head, size - head, &error);
    if (!visit.context)
        return -EBADMSG;
    if (!machine_state_is_sane(&visit.context->state)) {
        machine_unlay(shard->bench, visit.context);
        return -EBADMSG;
    }
    context_now(visit.context);
    error = visit_adopt(shard, &visit, record[0] & RECORD_QUEUED);
    machine_unlay(shard->bench, visit.context);
    if (error)
        return error;
    counter_add(&shard->counts.started, 1);
    counter_add(&shard->counts.settled, 1);
    counter_add(&shard->counts.running, 1);
    return 0;
}

struct context *shard_peek(struct shard *shard, uint32_t number)
{
    struct visit visit;

    if (number >= store_count(shard->store) || !visit_begin(shard, number, &visit))
        return NULL;
    return visit.context;
}

void shard_unpeek(struct shard *shard, struct context *context)
{
    visit_unlay(shard, context);
}

bool shard_stop_of(struct shard *shard, uint32_t number, enum vm_stop *ret_stop, uint32_t *ret_detail)
{
    size_t size;

    if (number >= store_count(shard->store))
        return false;
    const uint8_t *record = store_get(shard->store, number, &size);

    if (!(record[0] & RECORD_STOPPED))
        return false;
    *ret_stop = record[1];
    memcpy(ret_detail, record + 2, sizeof(*ret_detail));
    return true;
}
