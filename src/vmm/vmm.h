/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Our own virtual machine monitor: a population of VMs that boot one image. A VM that has nothing to do is
 * data in a store (machine.h, store.h); workers, one thread each, run those that have (loop.h). VM n belongs
 * to worker n modulo workers.
 *
 * All calls come from one thread, but for those that ports are for. Requests are handed to the workers and
 * collected from them, many at once.
 */
#ifndef MVM_VMM_VMM_H
#define MVM_VMM_VMM_H

#include "base/activity.h"
#include "vmm/state.h"
#include "vmm/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct outbox;
struct reason;
struct vmm;
struct vmm_port;

/* What runs the VMs: libx86emu, or the host's KVM. */
enum vmm_cpu { VMM_CPU_EMULATED, VMM_CPU_KVM };

struct vmm_options {
    enum vmm_cpu cpu;
    unsigned workers;      /* 1 to 256 */
    uint32_t memory_mib;   /* of each guest: 1 to 16 */
    uint64_t memory_limit; /* bytes that all stores together may take; 0: no limit. Boots end at 15/16 of it,
                              less 16 bytes a VM and less 1 MiB a worker (a quarter of
                              its share when that is smaller): the rest is for VMs that
                              grow */
    uint32_t slice;        /* instructions that a VM may execute before others get their turn */
    uint32_t output_limit; /* bytes on COM1 without sleep or input that stop a VM; 0: no limit */
    uint64_t boot_timeout_ns; /* a VM that has not announced itself by then has failed */
    uint8_t drive;            /* 00h floppy or 80h hard disk: what the image is booted from */
    bool learn;       /* keep VMs as differences to learned bases too, not only to the machine at reset */
    bool resident;    /* each VM has its whole memory, and with VMM_CPU_KVM a KVM VM of its own */
    unsigned without; /* enum resident_kvm_trick: what KVM VMs are made without, for comparison */
    const char
        *ready_line; /* without line feed; outlives the population; NULL: VMs do not announce themselves */
};

/* A request: bytes for COM1 of a VM, and what it answers. The caller owns it, and all it points at,
 * from vmm_submit() until it comes back from vmm_reap(). */
struct vmm_request {
    uint64_t vm;
    const char *bytes;
    size_t length;
    char *answer;         /* NUL-terminated; a line that is longer is cut */
    size_t room;          /* at least 1 */
    uint64_t deadline_ns; /* CLOCK_MONOTONIC */
    void *context;
    /* NULL: the answer is a line, kept without its line feed. Else it is kept as it comes, and after each
     * piece the VM's worker asks whether it is whole; -EMSGSIZE when the room is full before. */
    bool (*is_whole)(struct vmm_request *request);
    /* Filled by the VMM. */
    int status; /* 0; -ETIMEDOUT; -ECONNRESET: the VM has stopped; -EBUSY: another request or a console is
                   there; -EMSGSIZE */
    bool late; /* an earlier request's answer may not have ended; is_whole may clear it: see struct engine_ask
                */
    size_t answer_length;
    uint64_t submitted_ns, answered_ns;
    /* The VMM's own. */
    size_t sent;
    struct outbox *outbox; /* where it goes when it is finished */
    struct vmm_request *next;
};

struct vmm_counts {
    uint64_t started, booting, running;
    uint64_t numbers; /* all VMs' numbers are below this; more than started where boots were taken back
                         or refused, which leaves gaps */
    uint64_t failed;  /* stopped before they were ready */
    uint64_t stopped; /* after */
    uint64_t stops[VM_STOP_COUNT]; /* by reason; [VM_RUNS]: those that did not announce themselves in time */
    uint64_t instructions, wakes, ticks_lost, boots; /* since the population was opened */
    uint64_t runnable; /* VMs that have not halted and wait for their next slice */
    unsigned bases;
    /* Of CPUs that are hardware, else 0; instructions are not counted there. */
    struct vmm_cpu_counts {
        uint64_t runs, ioctls, timers_set, shells, shells_made;
        uint64_t port_exits, memory_exits, halt_exits, window_exits, kick_exits, other_exits;
    } cpu;
};

/* -errno with a sentence. `image` (512 bytes) is copied. */
int vmm_open(const struct vmm_options *options, const uint8_t *image, struct vmm **ret_vmm,
             struct reason *reason);

/* What every population of one image begins with: the machine at reset. For whoever makes it before fork(),
 * so that the populations of all children share it. vmm_open_seed() takes it over, also when it fails. */
struct vmm_seed;
int vmm_seed_create(const struct vmm_options *options, const uint8_t *image, struct vmm_seed **ret_seed,
                    struct reason *reason);
void vmm_seed_free(struct vmm_seed *seed); /* NULL is fine */
/* The descriptor that has to stay open for it; -1: none. */
int vmm_seed_file(const struct vmm_seed *seed);
int vmm_open_seed(const struct vmm_options *options, struct vmm_seed *seed, struct vmm **ret_vmm,
                  struct reason *reason);

/* Ends the threads and frees all; requests under way are dropped. NULL is fine. */
void vmm_close(struct vmm *vmm);

/* Lets `count` more VMs boot and returns at once; vmm_booting() counts those under way. */
void vmm_boot(struct vmm *vmm, uint64_t count);
/* Takes back what vmm_boot() asked for and has not begun. */
void vmm_boot_cancel(struct vmm *vmm);
/* VMs that were asked for by vmm_boot() and are neither ready nor failed. */
uint64_t vmm_booting(struct vmm *vmm);
/* Since the last vmm_boot() there was no room for a VM: -ENOMEM with the sentence; else 0. */
int vmm_exhausted(struct vmm *vmm, struct reason *reason);

void vmm_submit(struct vmm *vmm, struct vmm_request *const *requests, size_t count);
/* Waits until `until_ns` (CLOCK_MONOTONIC) for at least one; 0: none in time, or a signal came. */
size_t vmm_reap(struct vmm *vmm, struct vmm_request **ret_requests, size_t room, uint64_t until_ns);

/* A descriptor that poll() finds readable when there may be something to reap or to read of consoles;
 * vmm_clear() makes it unreadable and is to be called before looking. It is the population's. -errno. */
int vmm_descriptor(struct vmm *vmm);
void vmm_clear(struct vmm *vmm);

/* The same four for other threads: each has a port, to which come back the requests that it submitted.
 * vmm_port_open() and vmm_port_close() are called by the thread that has the VMM; a port is closed when all
 * its requests have been reaped, and before the VMM. vmm_was_started() and vmm_is_running() are for all
 * threads. */
int vmm_port_open(struct vmm *vmm, struct vmm_port **ret_port, struct reason *reason);
void vmm_port_close(struct vmm_port *port); /* NULL is fine */
void vmm_port_submit(struct vmm_port *port, struct vmm_request *const *requests, size_t count);
size_t vmm_port_reap(struct vmm_port *port, struct vmm_request **ret_requests, size_t room,
                     uint64_t until_ns);
/* From now on vmm_port_submit() runs VMs of workers that sleep on the thread that calls it, for a millisecond
 * of each such worker's; vmm_port_reap() is to be called after it, as the descriptor does not tell of what is
 * finished then. No effect on KVM, whose vCPUs stay with their threads. */
void vmm_port_lend(struct vmm_port *port);
int vmm_port_descriptor(struct vmm_port *port);
void vmm_port_clear(struct vmm_port *port);
/* The population's own, which vmm_submit(), vmm_reap(), vmm_descriptor() and vmm_clear() use. Not to be
 * closed. */
struct vmm_port *vmm_own_port(struct vmm *vmm);

/* Adds `more` to `sum`, but for `numbers`. */
void vmm_counts_add(struct vmm_counts *sum, const struct vmm_counts *more);

/* Cheap; each number is right, though not all of the same moment. */
void vmm_count(struct vmm *vmm, struct vmm_counts *ret_counts);
/* The stores of all workers, added up, and the contexts of VMs that are kept resident. */
void vmm_usage(struct vmm *vmm, struct store_usage *ret_usage);

/* What VMs have been doing. An event is a wake: a VM was given the CPU; its work are the instructions that it
 * executed, 0 where they are not counted. A look costs what depends on the number of workers, each of which
 * is asked between two of its turns, and not on that of VMs. */
struct vmm_live {
    struct heat heat;
    struct activity_busiest busiest;
    struct store_usage usage; /* as of vmm_usage() */
};
/* With `watch` the workers count for heat and busiest from now on until VMM_WATCH_NS are over without another
 * such look; else both are as they were left. */
#define VMM_WATCH_NS UINT64_C(60000000000)
void vmm_look_live(struct vmm *vmm, bool watch, struct vmm_live *ret_live);

bool vmm_was_started(struct vmm *vmm, uint64_t vm);
bool vmm_is_running(struct vmm *vmm, uint64_t vm);
/* Start until ready, in seconds, of VMs that became ready since the last call: at most 4,096 of each worker,
 * chosen by chance among more; those for which there is no room wait for the next call. */
size_t vmm_take_boot_times(struct vmm *vmm, double *ret_seconds, size_t room);

/* What a stop is called, without its details: "triple fault". VM_RUNS: a VM that did not announce itself in
 * time. */
const char *vmm_stop_name(enum vm_stop stop);

/* Why VM `vm` stopped, in words; "" while it runs. */
void vmm_explain(struct vmm *vmm, uint64_t vm, char *ret_text, size_t room);
/* The same for the latest one that stopped. */
void vmm_last_stop(struct vmm *vmm, char *ret_text, size_t room);

/* A console: while open, what the VM sends on COM1 is kept for vmm_console_read() (up to 64 KiB, then
 * the VM waits until half of it has been read),
 * requests to it get -EBUSY, and bytes may be sent. -EBUSY, -ESRCH (no such VM, or it has stopped), -ENOMEM.
 */
int vmm_console_open(struct vmm *vmm, uint64_t vm);
void vmm_console_close(struct vmm *vmm, uint64_t vm);
/* Returns how many bytes there were, at most `room`. Never blocks. */
size_t vmm_console_read(struct vmm *vmm, uint64_t vm, uint8_t *ret_bytes, size_t room);
/* Bytes for COM1, and scan codes (set 1) for the keyboard; returns how many were taken (up to 4 KiB wait for
 * the guest). */
size_t vmm_console_write(struct vmm *vmm, uint64_t vm, const uint8_t *bytes, size_t count);
size_t vmm_console_press(struct vmm *vmm, uint64_t vm, const uint8_t *codes, size_t count);

/* The text page: 80 x 25 cells of character and attribute as in B8000h, the cursor's cell (0 to 1999, or 2000
 * and more when it is hidden). */
struct vmm_screen {
    uint8_t cells[25 * 80 * 2];
    uint16_t cursor;
};
int vmm_screen(struct vmm *vmm, uint64_t vm, struct vmm_screen *ret_screen);

/* Runs VM `vm` with a trace into `line` (called on the worker's thread, one line a call, without line feed:
 * an instruction, a port access or an interrupt) from now until vmm_trace_stop() is called. -ESRCH: no such
 * VM; -EBUSY: another one is traced; -ENOMEM. */
int vmm_trace_start(struct vmm *vmm, uint64_t vm, void (*line)(void *context, const char *text),
                    void *context);
void vmm_trace_stop(struct vmm *vmm);

/* The same for a reader that comes when it wants: up to 1 MiB of lines wait for it, and vmm_descriptor()
 * tells when there are some. */
int vmm_trace_open(struct vmm *vmm, uint64_t vm);
/* Whole lines, each with its line feed, of at most `room` bytes (at least 256); returns their bytes.
 * *ret_lost: how many lines, for which there was no room, are missing behind them. */
size_t vmm_trace_read(struct vmm *vmm, char *ret_text, size_t room, uint64_t *ret_lost);
void vmm_trace_close(struct vmm *vmm);

/* The population as a file; the format stands in snapshot.c. The workers rest meanwhile; requests under way
 * stay so, and are not in the file. The file is there as a whole or not at all. -EBUSY: VMs are booting;
 * -ENOTSUP: resident VMs. */
int vmm_save(struct vmm *vmm, const char *path, struct reason *reason);

struct vmm_saved {
    uint8_t image[512];
    uint64_t vms;
    uint32_t memory_mib;
    uint8_t drive;
};

/* What a file says it holds; its sum is looked at by vmm_restore(). -EBADMSG: it is no saved population that
 * this mvm can read. */
int vmm_look(const char *path, struct vmm_saved *ret_saved, struct reason *reason);
/* `options` as for vmm_open(), but memory_mib and drive are the file's. -EBADMSG; -ENOMEM: the memory limit
 * does not hold it. Nothing has run when it fails. */
int vmm_restore(const struct vmm_options *options, const char *path, struct vmm **ret_vmm,
                struct reason *reason);

#endif
