/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/ceilings.h"

#include "base/reason.h"
#include "host/bounds.h"
#include "host/cgroup.h"
#include "host/survive.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the kernel takes at most: PID_MAX_LIMIT of include/linux/threads.h on 64 bits, FUTEX_TID_MASK
 * (kernel/fork.c), sysctl_nr_open_max of fs/file.c, a long (fs/file_table.c), an int (mm/util.c). */
#define PID_MAX_MOST     (UINT64_C(4) << 20)
#define THREADS_MAX_MOST UINT64_C(0x3fffffff)
#define NR_OPEN_MOST     (UINT64_C(0x7fffffff) & ~UINT64_C(63))
#define FILE_MAX_MOST    ((uint64_t)INT64_MAX)
#define MAP_COUNT_MOST   UINT64_C(0x7fffffff)

/* Files of the harness itself beyond its sampler: samples.csv of `mvm scale`. */
enum { HARNESS_FILES = 1 };

/* What is known while the list is made. */
struct making {
    struct host_ceilings *ceilings;
    struct host_bounds bounds;
    struct host_tasks tasks;
    struct host_reading reading;
    uint64_t own_files; /* of this program, its sampler's among them, as in a run */
};

static void add(struct host_ceilings *ceilings, const struct host_ceiling *made)
{
    if (ceilings->count == CEILINGS_MOST)
        return; /* groups nested deeper than that: the nearest ones are told */
    struct host_ceiling *ceiling = &ceilings->list[ceilings->count++];

    *ceiling = *made;
    uint64_t room = ceiling->limit > ceiling->used ? ceiling->limit - ceiling->used : 0;

    ceiling->holds = host_need_fits(ceilings->needs, &ceiling->need, room);
}

static void add_numbers(struct making *making, const char *name, const char *path, uint64_t limit,
                        struct host_ceiling ceiling)
{
    if (limit == 0)
        return;
    snprintf(ceiling.name, sizeof(ceiling.name), "%s", name);
    snprintf(ceiling.path, sizeof(ceiling.path), "%s", path);
    ceiling.limit = limit;
    add(making->ceilings, &ceiling);
}

static void take_pids(void *context, const struct cgroup_level *level)
{
    struct making *making = context;
    struct host_ceiling ceiling = {.resource = RESOURCE_PIDS,
                                   .meaning = "tasks that a control group may have",
                                   .limit = (uint64_t)level->limit,
                                   .used = (uint64_t)level->used,
                                   .need = making->ceilings->needs->tasks,
                                   .most = PID_MAX_MOST};

    ceiling.used -= ceiling.used > 0; /* this program */
    snprintf(ceiling.name, sizeof(ceiling.name), "%s of %.100s", level->limit_file, level->name);
    snprintf(ceiling.path, sizeof(ceiling.path), "%s/%s", level->directory, level->limit_file);
    add(making->ceilings, &ceiling);
}

static void add_tasks(struct making *making, const char *root)
{
    const struct host_bounds *bounds = &making->bounds;
    const struct host_need *need = &making->ceilings->needs->tasks;

    /* Numbers are below pid_max, and none is 0. */
    add_numbers(
        making, "kernel.pid_max", "/proc/sys/kernel/pid_max", bounds->pid_max > 0 ? bounds->pid_max - 1 : 0,
        (struct host_ceiling){.resource = RESOURCE_PIDS,
                              .meaning = "numbers for processes and threads; those below 300 are given "
                                         "out only once",
                              .used = making->tasks.here + making->tasks.numbers_lost,
                              .need = *need,
                              .most = PID_MAX_MOST,
                              .more = 1});
    add_numbers(making, "kernel.threads-max", "/proc/sys/kernel/threads-max", bounds->threads_max,
                (struct host_ceiling){.resource = RESOURCE_PIDS,
                                      .meaning = "processes and threads of the whole host",
                                      .used = making->tasks.all,
                                      .need = *need,
                                      .most = THREADS_MAX_MOST});
    if (bounds->user_tasks_count && bounds->user_tasks_limit != UINT64_MAX)
        add_numbers(making, "ulimit -u", "", bounds->user_tasks_limit,
                    (struct host_ceiling){.resource = RESOURCE_PIDS,
                                          .meaning = "processes and threads of one user (RLIMIT_NPROC)",
                                          .used = making->tasks.of_user,
                                          .need = *need,
                                          .remedy =
                                              "root sets it, in the shell that starts mvm or as nproc in "
                                              "/etc/security/limits.conf",
                                          .most = PID_MAX_MOST});
    cgroup_levels(root, CGROUP_PIDS, take_pids, making);
}

static const char raise_hard[] =
    "root sets it, in the shell that starts mvm or as nofile in /etc/security/limits.conf";

/* Of one process: mvm's own limit where that is lower, and the kernel's bound for all. */
static void add_own_files(struct making *making, const char *whose, struct host_ceiling ceiling)
{
    uint64_t own = host_bounds_own_files(&making->bounds), bound = making->bounds.nr_open;
    char name[64];

    if (own != UINT64_MAX && own != bound) {
        snprintf(name, sizeof(name), "ulimit -n%s", whose);
        ceiling.remedy = raise_hard;
        ceiling.most = bound > 0 ? bound : NR_OPEN_MOST;
        add_numbers(making, name, "", own, ceiling);
    }
    snprintf(name, sizeof(name), "fs.nr_open%s", whose);
    ceiling.most = NR_OPEN_MOST;
    ceiling.remedy = NULL;
    add_numbers(making, name, "/proc/sys/fs/nr_open", bound, ceiling);
}

static void add_files(struct making *making)
{
    const struct host_bounds *bounds = &making->bounds;
    const struct host_needs *needs = making->ceilings->needs;
    struct host_ceiling ceiling = {.resource = RESOURCE_FILES,
                                   .meaning =
                                       "open files of one process, here mvm's own, which raises its limit "
                                       "as far as it may",
                                   .used = making->own_files,
                                   .need = needs->own_files};

    ceiling.need.once += HARNESS_FILES;
    add_own_files(making, "", ceiling);
    if (needs->group_files > 0) {
        ceiling.meaning = "open files of one process, here each of those that VMs share";
        ceiling.used = 0;
        ceiling.need = (struct host_need){.once = needs->group_files};
        add_own_files(making, " (shared)", ceiling);
    }
    add_numbers(making, "fs.file-max", "/proc/sys/fs/file-max", bounds->file_max,
                (struct host_ceiling){.resource = RESOURCE_FILES,
                                      .meaning =
                                          "open files of the whole host; the kernel exempts root, mvm does "
                                          "not",
                                      .used = making->reading.files_open,
                                      .need = needs->files,
                                      .most = FILE_MAX_MOST});
    add_numbers(making, "vm.max_map_count", "/proc/sys/vm/max_map_count", bounds->max_map_count,
                (struct host_ceiling){.resource = RESOURCE_MAPS,
                                      .meaning = "memory mappings of one process, here mvm's own",
                                      .used = making->reading.own_maps,
                                      .need = needs->own_maps,
                                      .most = MAP_COUNT_MOST});
}

static void take_memory(void *context, const struct cgroup_level *level)
{
    struct making *making = context;
    struct host_ceiling ceiling = {.resource = RESOURCE_MEMORY,
                                   .meaning = "memory that a control group may have",
                                   .limit = (uint64_t)level->limit,
                                   .used = (uint64_t)level->used,
                                   .need = making->ceilings->needs->memory,
                                   .most = (uint64_t)INT64_MAX};

    snprintf(ceiling.name, sizeof(ceiling.name), "%s of %.100s", level->limit_file, level->name);
    snprintf(ceiling.path, sizeof(ceiling.path), "%s/%s", level->directory, level->limit_file);
    add(making->ceilings, &ceiling);
}

static void add_memory(struct making *making, uint64_t share, const char *root)
{
    const struct host_needs *needs = making->ceilings->needs;
    const struct host_memory *memory = &making->reading.memory;
    const struct host_limits limits = {.memory_total = memory->total};
    uint64_t floor = host_memory_floor(&limits);

    add_numbers(making, "memory", "", memory->total - floor,
                (struct host_ceiling){.resource = RESOURCE_MEMORY,
                                      .meaning =
                                          "the host's memory but for 2 % of it (at least 256 MiB), which mvm "
                                          "leaves free",
                                      .used = memory->total - host_memory_available(memory),
                                      .need = needs->memory,
                                      .remedy = "more memory, or an engine that takes less of it"});
    if (share > 0)
        add_numbers(making, "--memory-limit", "", share,
                    (struct host_ceiling){.resource = RESOURCE_MEMORY,
                                          .meaning = "the share of the host's memory that the run is given",
                                          .need = needs->memory,
                                          .remedy = "give it a larger share"});
    if (needs->store_bytes > 0)
        add_numbers(
            making, needs->store_option, "", needs->store_bytes,
            (struct host_ceiling){.resource = RESOURCE_MEMORY,
                                  .meaning = "memory that the engine gives to VMs",
                                  .need = {.each = needs->memory.each},
                                  .remedy = "the engine's option raises it, as far as there is memory"});
    cgroup_levels(root, CGROUP_MEMORY, take_memory, making);
}

static void find_first(struct host_ceilings *ceilings)
{
    ceilings->first = ceilings->count;
    for (size_t i = 0; i < ceilings->count; i++)
        if (ceilings->list[i].holds != UINT64_MAX &&
            (ceilings->first == ceilings->count ||
             ceilings->list[i].holds < ceilings->list[ceilings->first].holds))
            ceilings->first = i;
}

uint64_t host_ceiling_wanted(const struct host_ceilings *ceilings, const struct host_ceiling *ceiling,
                             uint64_t vms)
{
    uint64_t amount, wanted;

    if (ceiling->most == 0 || ceiling->holds >= vms)
        return 0;
    amount = host_need_of(ceilings->needs, &ceiling->need, vms);
    if (__builtin_add_overflow(amount, ceiling->used, &amount) ||
        __builtin_add_overflow(amount, amount / 4 + ceiling->more, &wanted) || wanted > ceiling->most)
        wanted = ceiling->most;
    return wanted;
}

/* The shell command that makes a limit `wanted`. */
static void make_command(struct host_ceiling *ceiling, uint64_t wanted)
{
    unsigned long long number = wanted;

    if (ceiling->path[0] == '\0')
        snprintf(ceiling->command, sizeof(ceiling->command), "%.9s %llu", ceiling->name,
                 number); /* "ulimit -n" */
    else if (strncmp(ceiling->path, "/proc/sys/", strlen("/proc/sys/")) == 0)
        snprintf(ceiling->command, sizeof(ceiling->command), "sysctl -w %.*s=%llu",
                 (int)strcspn(ceiling->name, " "), ceiling->name, number);
    else
        snprintf(ceiling->command, sizeof(ceiling->command), "echo %llu >%s", number, ceiling->path);
}

static void make_commands(struct host_ceilings *ceilings)
{
    for (size_t i = 0; i < ceilings->count; i++) {
        struct host_ceiling *ceiling = &ceilings->list[i];
        uint64_t vms = ceilings->vms;

        /* Also the first one that VMs would come to, were there more of them. */
        if (i == ceilings->first && vms <= ceiling->holds)
            vms = ceiling->holds < UINT64_MAX / 4 ? 2 * ceiling->holds + 1 : 0;
        uint64_t wanted = host_ceiling_wanted(ceilings, ceiling, vms);

        if (wanted > ceiling->limit)
            make_command(ceiling, wanted);
    }
}

int host_ceilings_read(struct host_ceilings **ret_ceilings, const struct host_needs *needs, uint64_t vms,
                       uint64_t memory_limit_bytes, const char *root, struct reason *reason)
{
    struct host_ceilings *ceilings = calloc(1, sizeof(*ceilings));
    struct making making = {.ceilings = ceilings};
    struct sampler *sampler = NULL;
    int error = ceilings ? sampler_open(&sampler, root, reason) : reason_set(reason, ENOMEM, "no memory");

    host_bounds_read(&making.bounds, root);
    if (!error) {
        sampler_watch_own(sampler, true);
        error = sampler_read(sampler, &making.reading, reason);
        making.own_files = host_own_descriptors(root, host_bounds_own_files(&making.bounds));
    }
    sampler_close(sampler);
    if (error) {
        free(ceilings);
        return error;
    }
    ceilings->needs = needs;
    ceilings->vms = vms;
    host_tasks_count(&making.tasks, &making.bounds, root);
    add_memory(&making, memory_limit_bytes, root);
    add_tasks(&making, root);
    add_files(&making);
    find_first(ceilings);
    make_commands(ceilings);
    *ret_ceilings = ceilings;
    return 0;
}
