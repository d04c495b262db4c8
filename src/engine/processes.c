/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Populations of processes: starting VMs, in parallel but bounded, and ending them. */
#include "engine/processes.h"

#include "base/clock.h"
#include "engine/process_population.h"
#include "host/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A VM that announces nothing counts as booted once its process has used less than QUIET_SHARE of a CPU for
 * one QUIET_WINDOW, or after QUIET_MOST. */
#define QUIET_WINDOW_NS (200 * NS_PER_MILLISECOND)
#define QUIET_MOST_NS   (5 * NS_PER_SECOND)
#define QUIET_SHARE     0.05

/* Between two looks at VMs that boot, and so the longest that a watch is kept waiting. */
#define LOOK_NS (20 * NS_PER_MILLISECOND)

/* Booting is bound by CPU; bench/start shows that more at once gain nothing. */
uint64_t process_boot_at_once(uint64_t wanted)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);

    return wanted ? wanted : 4 * (uint64_t)(cpus > 0 ? cpus : 1);
}

int process_options_describe(const struct process_options *options, struct result *result)
{
    char parallel[32], timeout[32];

    snprintf(parallel, sizeof(parallel), "%llu", (unsigned long long)process_boot_at_once(options->parallel));
    snprintf(timeout, sizeof(timeout), "%g s", (double)options->boot_timeout_ns / (double)NS_PER_SECOND);
    int error = result_facts_add(&result->engine.options, "parallel", parallel);

    return error ? error : result_facts_add(&result->engine.options, "boot-timeout", timeout);
}

/* What process_events_open() and the keeper open, and what the start of a VM has open for a moment: the VM's
 * end of its serial port and /dev/null, and in the child, whose limit is the same, its oom_score_adj. */
enum { FILES_ONCE = 5, FILES_OF_START = 3 };

void process_needs(struct host_needs *ret_needs)
{
    *ret_needs = (struct host_needs){
        .tasks = {.once = 3, .each = 1}, /* with keeper and anchor */
        .own_files = {.once = FILES_ONCE + FILES_OF_START, .each = 1},
        .files = {.once = 2 * FILES_ONCE, .each = 1},
    };
}

static void release(struct processes *processes)
{
    process_events_close(processes);
    for (uint64_t vm = 0; vm < processes->counts.started; vm++) {
        free(processes->vms[vm].why);
        free(processes->vms[vm].serial.console);
        free(processes->vms[vm].words);
        if (processes->vms[vm].serial.fd >= 0)
            close(processes->vms[vm].serial.fd);
        if (processes->vms[vm].listener >= 0)
            close(processes->vms[vm].listener);
    }
    free(processes->server_end.why);
    free(processes->server_end.words);
    free(processes->vms);
    free(processes->booting);
    free(processes->boot_seconds);
    free(processes->plan.program);
    if (processes->plan.free_context)
        processes->plan.free_context(processes->plan.context);
    free(processes);
}

static bool has_path(const struct processes *processes)
{
    return processes->plan.door == SERIAL_LISTEN || processes->plan.door == SERIAL_CONNECT;
}

static int process_watch_outside(struct processes *processes, struct reason *reason)
{
    int fd = processes->plan.outside->descriptor(processes->plan.context);
    int error = process_watch(processes, fd, EVENT_OUTSIDE, 0, EPOLLIN);

    return error ? reason_errno(reason, -error, "cannot watch VMs") : 0;
}

int processes_open(const struct engine *engine, const struct engine_setup *setup,
                   const struct process_plan *plan, struct population **ret_population, struct reason *reason)
{
    struct processes *processes = calloc(1, sizeof(*processes));

    if (!processes) {
        free(plan->program);
        if (plan->free_context)
            plan->free_context(plan->context);
        return reason_set(reason, ENOMEM, "no memory for a population");
    }
    *processes = (struct processes){
        .population.engine = engine,
        .setup = setup,
        .plan = *plan,
        .epoll = -1,
        .deaths = -1,
        .words = {-1, -1},
        .server = FORK_SERVER_NONE,
        .next_deadline_ns = CLOCK_NEVER,
    };
    processes->finished_end = &processes->finished;
    processes->plan.options.parallel = process_boot_at_once(plan->options.parallel);
    processes->booting = calloc(processes->plan.options.parallel, sizeof(*processes->booting));
    int error = processes->booting ? process_events_open(processes, reason)
                                   : reason_set(reason, ENOMEM, "no memory for a population");

    if (!error)
        error = keeper_start(&processes->keeper, reason);
    if (error) {
        release(processes);
        return error;
    }
    if (has_path(processes) && strlen(processes->keeper.directory) + 22 > SERIAL_PATH_ROOM) {
        keeper_stop(&processes->keeper);
        release(processes);
        return reason_set(reason, ENAMETOOLONG, "the path in TMPDIR is too long for sockets in it");
    }
    error = plan->prepare ? plan->prepare(plan->context, processes->keeper.directory, reason) : 0;
    if (!error && plan->fork_server)
        error = process_server_open(processes, reason);
    if (!error && plan->outside)
        error = process_watch_outside(processes, reason);
    if (error) {
        processes_close(&processes->population);
        return error;
    }
    *ret_population = &processes->population;
    return 0;
}

static int make_room(struct processes *processes, struct reason *reason)
{
    if (processes->counts.started < processes->room)
        return 0;
    size_t wanted = processes->room ? processes->room * 2 : 64;
    struct vm *grown = realloc(processes->vms, wanted * sizeof(*grown));

    if (!grown)
        return reason_set(reason, ENOMEM, "no memory for another VM");
    processes->vms = grown;
    processes->room = wanted;
    return 0;
}

static void serial_path(const struct processes *processes, uint64_t vm, char path[SERIAL_PATH_ROOM])
{
    path[0] = '\0';
    if (has_path(processes))
        snprintf(path, SERIAL_PATH_ROOM, "%s/%llu", processes->keeper.directory, (unsigned long long)vm);
}

static int listen_at(const char *path, struct reason *reason)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 1) < 0) {
        int error = reason_errno(reason, errno, "cannot listen at %s", path);

        if (fd >= 0)
            close(fd);
        return error;
    }
    return fd;
}

/* Makes this process's side of the VM's serial port, as far as it can be made before the VM runs. */
static int prepare_door(struct processes *processes, struct vm *machine, const char *path, int ends[2],
                        struct reason *reason)
{
    switch (processes->plan.door) {
    case SERIAL_DESCRIPTOR:
    case SERIAL_STDIO:
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
            return reason_errno(reason, errno, "cannot make a socket for another VM's serial port");
        ends[1] = spawn_descriptor(ends[1]);
        if (ends[1] < 0)
            return reason_errno(reason, -ends[1], "cannot make a socket for another VM's serial port");
        return 0;
    case SERIAL_LISTEN:
        machine->listener = listen_at(path, reason);
        /* The file is in a private directory, whose name is not to be guessed, and who connects is looked at.
         */
        if (machine->listener >= 0 && processes->plan.one_user)
            chmod(path, 0666);
        return machine->listener < 0 ? machine->listener : 0;
    case SERIAL_CONNECT:
    case SERIAL_NONE:
        break;
    }
    return 0;
}

static pid_t spawn_vm(struct processes *processes, const struct arguments *arguments, int serial,
                      struct reason *reason)
{
    bool stdio = processes->plan.door == SERIAL_STDIO;
    struct spawn spawn = {
        .program = processes->plan.program,
        .arguments = arguments->words,
        .group = processes->keeper.group,
        .standard_input = stdio ? serial : -1,
        .standard_output = stdio ? serial : -1,
        .standard_error = processes->words[1],
        .extra = processes->plan.door == SERIAL_DESCRIPTOR ? serial : -1,
    };

    return spawn_process(&spawn, reason);
}

/* Has the VM made by who makes it; its number is in use from here on. */
static int start_outside(struct processes *processes, uint64_t vm, const char *path, struct reason *reason)
{
    struct vm *machine = &processes->vms[vm];
    int ends[2] = {-1, -1};
    int error = prepare_door(processes, machine, path, ends, reason);

    if (!error && machine->listener >= 0)
        error = process_watch(processes, machine->listener, EVENT_LISTENER, vm, EPOLLIN);
    if (!error) {
        machine->started_ns = clock_now_ns();
        machine->looked_ns = CLOCK_NEVER;
        error = processes->plan.outside->start(processes->plan.context, vm, path, ends[1], reason);
    }
    if (error) {
        if (machine->listener >= 0)
            close(machine->listener);
        if (ends[0] >= 0)
            close(ends[0]);
        return error;
    }
    processes->counts.started++;
    processes->booting[processes->counts.booting++] = vm;
    if (ends[0] >= 0 && process_connected(processes, vm, ends[0]) < 0)
        process_fail(processes, vm, "has a serial port that cannot be watched");
    return 0;
}

static int start(struct processes *processes, struct reason *reason)
{
    int error = make_room(processes, reason);

    if (error)
        return error;
    uint64_t vm = processes->counts.started;
    struct vm *machine = &processes->vms[vm];
    char path[SERIAL_PATH_ROOM];
    int ends[2] = {-1, -1};

    *machine = (struct vm){.serial.fd = -1, .listener = -1, .state = VM_BOOTING};
    serial_path(processes, vm, path);
    if (processes->plan.outside)
        return start_outside(processes, vm, path, reason);

    struct arguments arguments = {0};

    processes->plan.arguments(processes->plan.context, vm, path, &arguments);
    error = arguments_whole(&arguments) ? 0 : reason_set(reason, ENOMEM, "no memory to start another VM");
    if (!error)
        error = prepare_door(processes, machine, path, ends, reason);
    if (!error) {
        machine->started_ns = machine->looked_ns = clock_now_ns();
        machine->pid = processes->plan.fork_server ? process_server_fork(processes, ends[1], reason)
                                                   : spawn_vm(processes, &arguments, ends[1], reason);
        error = machine->pid < 0 ? (int)machine->pid : 0;
    }
    arguments_release(&arguments);
    if (ends[1] >= 0)
        close(ends[1]);
    if (error) {
        if (ends[0] >= 0)
            close(ends[0]);
        if (machine->listener >= 0)
            close(machine->listener);
        return error;
    }
    processes->counts.started++;
    processes->booting[processes->counts.booting++] = vm;
    if (ends[0] >= 0)
        error = process_connected(processes, vm, ends[0]);
    else if (machine->listener >= 0)
        error = process_watch(processes, machine->listener, EVENT_LISTENER, vm, EPOLLIN);
    if (error)
        process_fail(processes, vm, "has a serial port that cannot be watched");
    return 0;
}

static void try_connect(struct processes *processes, uint64_t vm)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    serial_path(processes, vm, address.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return;
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        close(fd); /* the VM is not listening yet */
    else if (process_connected(processes, vm, fd) < 0)
        process_fail(processes, vm, "has a serial port that cannot be watched");
}

static uint64_t process_cpu_ns(pid_t pid)
{
    clockid_t clock;
    struct timespec used;

    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) < 0)
        return 0;
    return (uint64_t)used.tv_sec * NS_PER_SECOND + (uint64_t)used.tv_nsec;
}

/* The boot of an image that announces nothing is over when its process has gone quiet, or after a while. */
static void look_for_quiet(struct processes *processes, uint64_t vm, uint64_t now)
{
    struct vm *machine = &processes->vms[vm];

    if (processes->plan.outside) {
        if (machine->looked_ns != CLOCK_NEVER && now - machine->looked_ns >= QUIET_MOST_NS)
            process_ready(processes, vm);
        return;
    }
    if (now - machine->looked_ns >= QUIET_WINDOW_NS) {
        uint64_t cpu = process_cpu_ns(machine->pid);
        double share = (double)(cpu - machine->cpu_then_ns) / (double)(now - machine->looked_ns);

        machine->looked_ns = now;
        machine->cpu_then_ns = cpu;
        if (cpu > 0 && share < QUIET_SHARE) {
            process_ready(processes, vm);
            return;
        }
    }
    if (now - machine->started_ns >= QUIET_MOST_NS)
        process_ready(processes, vm);
}

static void look_at_booting(struct processes *processes)
{
    uint64_t now = clock_now_ns();

    /* Backwards, since a VM that leaves the list is replaced by its last one. */
    for (uint64_t i = processes->counts.booting; i-- > 0;) {
        uint64_t vm = processes->booting[i];
        struct vm *machine = &processes->vms[vm];

        if (processes->plan.door == SERIAL_CONNECT && machine->serial.fd < 0)
            try_connect(processes, vm);
        if (machine->state != VM_BOOTING)
            continue;
        if (now - machine->started_ns >= processes->plan.options.boot_timeout_ns)
            process_fail(processes, vm, "was not ready in time");
        else if (!processes->setup->ready_line)
            look_for_quiet(processes, vm, now);
    }
}

int processes_grow(struct population *population, uint64_t count, const struct engine_watch *watch,
                   struct reason *reason)
{
    struct processes *processes = (struct processes *)population;
    uint64_t goal = processes->counts.started + count;

    while (processes->counts.started < goal || processes->counts.booting > 0) {
        struct engine_counts counts;

        processes_counts(population, &counts);
        if (watch && !watch->go_on(watch->context, &counts))
            return -ECANCELED;
        if (processes->counts.started < goal &&
            processes->counts.booting < processes->plan.options.parallel) {
            int error = start(processes, reason);

            if (error)
                return error;
            if (processes->counts.started < goal &&
                processes->counts.booting < processes->plan.options.parallel) {
                process_events(processes, 0);
                continue;
            }
        }
        process_events(processes, clock_now_ns() + LOOK_NS);
        look_at_booting(processes);
    }
    return 0;
}

void processes_counts(struct population *population, struct engine_counts *ret_counts)
{
    struct processes *processes = (struct processes *)population;

    *ret_counts = processes->counts;
    ret_counts->last_failure = processes->last_failure;
}

bool processes_is_running(struct population *population, uint64_t vm)
{
    struct processes *processes = (struct processes *)population;

    return vm < processes->counts.started && processes->vms[vm].state == VM_RUNNING;
}

size_t processes_take_boot_times(struct population *population, double *ret_seconds, size_t room)
{
    struct processes *processes = (struct processes *)population;
    size_t count = processes->boot_count - processes->boot_taken;

    if (count > room)
        count = room;
    if (count > 0)
        memcpy(ret_seconds, processes->boot_seconds + processes->boot_taken, count * sizeof(*ret_seconds));
    processes->boot_taken += count;
    if (processes->boot_taken == processes->boot_count)
        processes->boot_taken = processes->boot_count = 0;
    return count;
}

int processes_descriptor(struct population *population)
{
    return ((struct processes *)population)->epoll;
}

void processes_wait(struct population *population, uint64_t until_ns)
{
    struct processes *processes = (struct processes *)population;

    process_events(processes, until_ns);
    if (processes->counts.booting > 0)
        look_at_booting(processes);
}

void processes_close(struct population *population)
{
    struct processes *processes = (struct processes *)population;

    if (!processes)
        return;
    if (processes->plan.outside)
        processes->plan.outside->close(processes->plan.context, processes);
    kill(-processes->keeper.group, SIGKILL);
    /* Each one by its number as well: a program may have left the group. All before the first wait, so that
     * they end side by side. */
    for (uint64_t vm = 0; vm < processes->counts.started; vm++)
        if (processes->vms[vm].pid > 0)
            kill(processes->vms[vm].pid, SIGKILL);
    for (uint64_t vm = 0; vm < processes->counts.started; vm++)
        if (processes->vms[vm].pid > 0)
            while (waitpid(processes->vms[vm].pid, NULL, 0) < 0 && errno == EINTR)
                ;
    fork_server_stop(&processes->server);
    /* What a fork server had begun when it ended: nobody knows its number. */
    while (waitpid(-processes->keeper.group, NULL, 0) > 0 || errno == EINTR)
        ;
    keeper_stop(&processes->keeper);
    release(processes);
}
