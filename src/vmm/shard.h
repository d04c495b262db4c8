/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A worker's share of a population, and what it does with one VM: take it out of the store, run it until it
 * sleeps, put it back. One thread, no locks; the counters are read by others.
 */
#ifndef MVM_VMM_SHARD_H
#define MVM_VMM_SHARD_H

#include "base/activity.h"
#include "vmm/cpu.h"
#include "vmm/machine.h"
#include "vmm/store.h"
#include "vmm/vmm.h"
#include "vmm/vmtable.h"
#include "vmm/wheel.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The first byte of a record: what else is known of this VM. Then 4 bytes of stamp if RECORD_TIMER, then the
 * packed machine. */
enum record_flag {
    RECORD_TIMER = 1 << 0,   /* an entry with this stamp is in the wheel */
    RECORD_QUEUED = 1 << 1,  /* in the run queue */
    RECORD_ASKED = 1 << 2,   /* a request is in `requests` */
    RECORD_CONSOLE = 1 << 3, /* a console is in `consoles` */
    RECORD_BOOTING = 1 << 4, /* not ready yet: a struct boot is in `boots` */
    RECORD_STOPPED =
        1 << 5, /* for good: after the flags come the reason and 4 bytes of detail, and nothing else */
    RECORD_LATE = 1 << 6, /* a request ended before its answer did: vmm_request.late */
};

enum { STOPPED_RECORD = 6 };

/* A VM that was started and has not announced itself within its first run. */
struct boot {
    uint64_t started_ns;
    uint32_t number;
    uint16_t matched;           /* characters of the ready line; UINT16_MAX: this line is another one */
    struct boot *older, *newer; /* in the order of their starts */
};

enum { CONSOLE_OUTPUT = 1 << 16, CONSOLE_INPUT = 4096 };

struct console {
    uint8_t output[CONSOLE_OUTPUT]; /* a ring: the latest bytes */
    size_t output_start, output_count;
    uint8_t serial[CONSOLE_INPUT], keys[CONSOLE_INPUT];
    size_t serial_count, key_count;
    bool held; /* the VM does not run until some of the output has been read */
};

enum {
    BOOT_TIMES = 4096,
    SHARD_AHEAD = 24, /* VMs whose records are fetched into the cache at once */
};

struct outbox_lane;

struct shard {
    const struct vmm_options *options;
    unsigned index;
    uint64_t epoch_ns; /* CLOCK_MONOTONIC at 0 of the population's clock */

    struct machine_bench *bench;
    const struct cpu_kind *kind;
    struct cpu *cpu;
    struct cpu *tracer; /* emulated, for the VM that is traced; NULL: none yet, or `cpu` is one */
    struct store *store;
    struct wheel *wheel;
    const struct machine_base *reset; /* base 0 */
    struct resident *resident;        /* with --resident: the contexts, instead of the store */
    struct resident_kvm *guests;      /* with --resident on KVM: the VMs; it is `cpu` as well */
    struct vmtable requests, boots, consoles;
    struct boot *oldest_boot, *newest_boot;
    struct outbox_lane *done; /* finished requests, not handed over yet */

    /* Timers that are out of the wheel, in part not seen to yet. */
    struct wheel_entry due[SHARD_AHEAD];
    size_t due_first, due_count;

    /* VMs that wait for another slice: a ring of local numbers. */
    uint32_t *queue;
    size_t queue_room, queue_first, queue_count;

    bool news; /* a VM with a console has run: its owner may want to look */

    uint32_t traced;                 /* local number; UINT32_MAX: none */
    struct disassembly *disassembly; /* once one was traced */
    void (*trace_line)(void *context, const char *text);
    void *trace_context;

    uint64_t
        largest_average; /* bytes of a VM in the store, the most there ever were while VMs were booting */

    uint8_t *record; /* scratch for packing */
    size_t record_room;

    double boot_times[BOOT_TIMES];
    size_t boot_time_count;
    uint64_t boot_time_seen; /* since they were taken */

    /* One bit a VM, set while it is booting and once it has stopped; for shard_is_running() from any thread.
     * Address space only, until a bit is set. */
    _Atomic uint8_t *not_running;

    _Atomic bool out_of_memory; /* the store refused: no more boots */
    /* Why a KVM VM could not be made, set before out_of_memory. */
    int refused_error;
    char refused[256];
    _Atomic uint64_t last_stop; /* reason, and the detail in the upper half */

    /* Of VMs by their numbers in the population; counted up to this time of the population's clock. */
    struct activity_map activity;
    uint64_t watched_until_ns;

    /* Written by the worker alone, read by anybody. */
    struct {
        _Atomic uint64_t settled;  /* ready, or stopped before */
        _Atomic uint64_t given_up; /* boots that were asked for and found no room */
        _Atomic uint64_t started, running, failed, stopped, wakes, boots, instructions, ticks_lost, runnable;
        _Atomic uint64_t stops[VM_STOP_COUNT];
    } counts;
};

int shard_create(const struct vmm_options *options, unsigned index, struct machine_bases *bases,
                 const struct disk_content *disk, uint64_t epoch_ns, struct shard **ret_shard,
                 struct reason *reason);
void shard_free(struct shard *shard);

/* The number in the population of the shard's VM `number`. */
static inline uint64_t shard_vm(const struct shard *shard, uint32_t number)
{
    return (uint64_t)number * shard->options->workers + shard->index;
}

/* From any thread: VM `number` was started, is ready and has not stopped. */
bool shard_is_running(const struct shard *shard, uint32_t number);

/* The population's clock now. */
uint64_t shard_now(const struct shard *shard);

/* False while so many VMs are booting that the next should wait for them. */
bool shard_may_boot(struct shard *shard);

/* Boots one more VM and lets it run until it sleeps or its slice ends. -ENOMEM: the store is full, but for
 * what is kept back for VMs that grow. */
int shard_boot(struct shard *shard);

/* No boot is asked for now: gives back what only boots need. */
void shard_rest(struct shard *shard);

/* Notes that so many boots will not be. */
void shard_give_up(struct shard *shard, uint64_t boots);

/* Begins a request. It is in `done` when it is finished, now or later. */
void shard_request(struct shard *shard, struct vmm_request *request);

/* Takes expired timers until none is left or `most_ns` are over; returns how many VMs were woken. */
size_t shard_timers(struct shard *shard, uint64_t most_ns);

/* Gives VMs of the run queue a slice each, in turn, until all had one or `most_ns` are over; returns how
 * many. */
size_t shard_slices(struct shard *shard, uint64_t most_ns);

/* Ends requests and boots whose time is over. Returns the population's time of the next such end, or
 * WHEEL_NEVER. */
uint64_t shard_overdue(struct shard *shard);

/* Lets a VM run: its console has input. */
void shard_wake(struct shard *shard, uint32_t number);

/* Adds a VM from a saved record as the next number; it runs on when the worker starts. -EBADMSG: it is no
 * record of these bases; -ENOMEM. */
int shard_adopt(struct shard *shard, const uint8_t *record, size_t size);

/* Reads VM `number` without running it: lays it into a context, or NULL when there is none or it has stopped.
 * To be followed by machine_unlay() when not resident. */
struct context *shard_peek(struct shard *shard, uint32_t number);
void shard_unpeek(struct shard *shard, struct context *context);

/* The reason and detail of a stopped VM. False: it runs. */
bool shard_stop_of(struct shard *shard, uint32_t number, enum vm_stop *ret_stop, uint32_t *ret_detail);

/* The machine at reset, which boots `image`: for base 0. `memory` has memory_mib MiB. */
void shard_power_on(struct machine_state *state, uint8_t *memory, uint32_t memory_mib, const uint8_t *image,
                    uint8_t drive);

#endif
