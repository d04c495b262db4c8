/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Populations whose VMs are processes of the host, each with its serial port on a stream socket: what `qemu`
 * and `exec` have in common. An engine says how one VM is started (struct process_plan); starting in
 * parallel, readiness, asks, deaths and the end are here.
 *
 * Costs in this process: one descriptor and about 100 bytes a VM. Standard error of all VMs is one datagram
 * socket, on which the kernel names each sender.
 */
#ifndef MVM_ENGINE_PROCESSES_H
#define MVM_ENGINE_PROCESSES_H

#include "engine/arguments.h"
#include "engine/engine.h"

#include <sys/types.h>

/* How a VM's serial port becomes a socket. */
enum serial_door {
    SERIAL_DESCRIPTOR, /* the VM inherits one end of a socket pair as descriptor 3; who makes VMs from
                          outside gets it */
    SERIAL_STDIO,      /* ... as its standard input and output */
    SERIAL_LISTEN,     /* this process listens at a path, to which the VM connects */
    SERIAL_CONNECT,    /* the VM listens at a path, to which this process connects */
    SERIAL_NONE,       /* there is none */
};

enum { SERIAL_PATH_ROOM = 108 }; /* of sockaddr_un */

/* Options that every engine of processes has: a struct for the engine's own struct, and its rows, `field`
 * being its name there. */
struct process_options {
    uint64_t parallel, boot_timeout_ns;
};

#define PROCESS_OPTION_SPECS(type, field)                                                                    \
    {"parallel",                                                                                             \
     OPTION_COUNT,                                                                                           \
     "N",                                                                                                    \
     "VMs that boot at the same time; 0 for four on each CPU",                                               \
     offsetof(type, field) + offsetof(struct process_options, parallel),                                     \
     .fallback = "0",                                                                                        \
     .most = 65536},                                                                                         \
    {                                                                                                        \
        "boot-timeout", OPTION_DURATION, "TIME", "a VM that is not ready by then has failed",                \
            offsetof(type, field) + offsetof(struct process_options, boot_timeout_ns),                       \
            .fallback = "60s", .least = 0.1, .most = 86400                                                   \
    }

/* How many VMs boot at once when an option says `wanted`: that many, or for 0 four on each CPU online. */
uint64_t process_boot_at_once(uint64_t wanted);

/* Adds what these options are, as in effect, to the result. */
int process_options_describe(const struct process_options *options, struct result *result);

/* What a population of processes needs in this program, and of the host for its own processes; a VM's process
 * itself is one task here and nothing more. */
void process_needs(struct host_needs *ret_needs);

/*
 * VMs that somebody else makes, on this host: they are not children of this program. All is called by the
 * population's thread. What becomes of a VM is told from events(), by process_outside_made(), process_ready()
 * and process_fail() (process_population.h).
 */
struct processes;
struct process_outside {
    /* Has a VM made, and returns before it is. -errno with a sentence when no further VM can be. With
     * SERIAL_DESCRIPTOR `serial` is the VM's end of its serial port, which is taken over, also in failure;
     * else -1. */
    int (*start)(void *context, uint64_t vm, const char *serial_path, int serial, struct reason *reason);
    /* Has a VM ended that has failed. */
    void (*end)(void *context, struct processes *processes, uint64_t vm);
    /* A descriptor that is readable when events() has something to tell. */
    int (*descriptor)(void *context);
    void (*events)(void *context, struct processes *processes);
    /* Ends every VM, and returns when they are gone. `processes` still has them, and their serial ports. */
    void (*close)(void *context, struct processes *processes);
};

struct process_plan {
    char *program;                         /* absolute path; the population frees it; NULL with `outside` */
    const struct process_outside *outside; /* NULL: VMs are children of this program */
    enum serial_door door;
    bool fork_server; /* the program is one, and VMs are forked by it; with SERIAL_DESCRIPTOR only */
    struct process_options options;
    /* Before the first VM: `directory` is private to the population, and is removed with it. NULL: nothing to
     * do. */
    int (*prepare)(void *context, const char *directory, struct reason *reason);
    /* Appends the argv of VM `vm`. `serial_path` is "" but for SERIAL_LISTEN and SERIAL_CONNECT. */
    void (*arguments)(void *context, uint64_t vm, const char *serial_path, struct arguments *to);
    void *context;
    void (*free_context)(void *context);
    /* With `outside`: the only user who may connect to a VM's serial socket. */
    bool one_user;
    uid_t user;
};

/* The population's functions, as the engine contract wants them. Takes over `plan` in success and in failure.
 */
int processes_open(const struct engine *engine, const struct engine_setup *setup,
                   const struct process_plan *plan, struct population **ret_population,
                   struct reason *reason);
int processes_grow(struct population *population, uint64_t count, const struct engine_watch *watch,
                   struct reason *reason);
void processes_counts(struct population *population, struct engine_counts *ret_counts);
bool processes_is_running(struct population *population, uint64_t vm);
size_t processes_take_boot_times(struct population *population, double *ret_seconds, size_t room);
void processes_submit(struct population *population, struct engine_ask *const *asks, size_t count);
size_t processes_reap(struct population *population, struct engine_ask **ret_asks, size_t room,
                      uint64_t until_ns);
int processes_console_open(struct population *population, uint64_t vm, struct reason *reason);
void processes_console_close(struct population *population, uint64_t vm);
size_t processes_console_read(struct population *population, uint64_t vm, uint8_t *ret_bytes, size_t room);
size_t processes_console_write(struct population *population, uint64_t vm, const uint8_t *bytes,
                               size_t count);
int processes_descriptor(struct population *population);
void processes_explain(struct population *population, uint64_t vm, char *ret_text, size_t room);
void processes_ends(struct population *population, struct engine_ends *ret_ends);
uint64_t processes_memory(struct population *population);
void processes_wait(struct population *population, uint64_t until_ns);
void processes_close(struct population *population);

/* What all engines of processes have in common in their struct engine; its class is their own matter. */
#define PROCESS_ENGINE                                                                                       \
    .capabilities = ENGINE_BOOTS_IMAGES | ENGINE_ASKS | ENGINE_ASKS_WHOLE | ENGINE_ANNOUNCES |               \
                    ENGINE_HAS_PROCESSES | ENGINE_CONSOLES,                                                  \
    .grow = processes_grow, .counts = processes_counts, .is_running = processes_is_running,                  \
    .take_boot_times = processes_take_boot_times, .submit = processes_submit, .reap = processes_reap,        \
    .descriptor = processes_descriptor, .console_open = processes_console_open,                              \
    .console_close = processes_console_close, .console_read = processes_console_read,                        \
    .console_write = processes_console_write, .explain = processes_explain, .ends = processes_ends,          \
    .memory = processes_memory, .wait = processes_wait, .close = processes_close

#endif
