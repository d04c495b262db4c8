/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is to be changed. */
#include "host/tune.h"

#include "base/option.h"
#include "host/check.h"
#include "host/procfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int host_changes_add(struct host_changes *changes, const struct host_change *change)
{
    struct host_change *grown = realloc(changes->items, (changes->count + 1) * sizeof(*grown));

    if (!grown)
        return -ENOMEM;
    changes->items = grown;
    changes->items[changes->count++] = *change;
    return 0;
}

void host_changes_release(struct host_changes *changes)
{
    free(changes->items);
    *changes = (struct host_changes){.items = NULL};
}

void host_tune_plan_release(struct host_tune_plan *plan)
{
    host_changes_release(&plan->changes);
    free(plan->obstacles);
    *plan = (struct host_tune_plan){.obstacles = NULL};
}

const char *host_change_command(const struct host_change *change, char ret_text[CHANGE_COMMAND_ROOM])
{
    if (strncmp(change->path, "/proc/sys/", 10) == 0)
        snprintf(ret_text, CHANGE_COMMAND_ROOM, "sysctl -w %s=%s", change->name, change->after);
    else
        snprintf(ret_text, CHANGE_COMMAND_ROOM, "echo %s >%s", change->after, change->path);
    return ret_text;
}

static int add_obstacle(struct host_tune_plan *plan, bool in_the_way, const char *name, const char *why)
{
    struct host_obstacle *grown = realloc(plan->obstacles, (plan->obstacle_count + 1) * sizeof(*grown));

    if (!grown)
        return -ENOMEM;
    plan->obstacles = grown;
    struct host_obstacle *obstacle = &grown[plan->obstacle_count++];

    obstacle->in_the_way = in_the_way;
    text_copy(obstacle->name, sizeof(obstacle->name), name);
    text_copy(obstacle->why, sizeof(obstacle->why), why);
    return 0;
}

/* A limit that somebody has set on purpose, or that is not the kernel's to lift. */
static int leave(struct host_tune_plan *plan, const struct host_ceiling *ceiling)
{
    char why[700];

    const char *remedy = ceiling->remedy       ? ceiling->remedy
                         : ceiling->command[0] ? "somebody has set it for this control group"
                                               : "the kernel takes no higher limit";

    snprintf(why, sizeof(why), "it holds %llu VMs; %s%s%.400s", (unsigned long long)ceiling->holds, remedy,
             ceiling->command[0] ? ": " : "", ceiling->command);
    return add_obstacle(plan, true, ceiling->name, why);
}

static int raise_limit(struct host_tune_plan *plan, const struct host_ceilings *ceilings,
                       const struct host_ceiling *ceiling, const char *root)
{
    uint64_t wanted = host_ceiling_wanted(ceilings, ceiling, ceilings->vms);
    uint64_t needed = host_need_of(ceilings->needs, &ceiling->need, ceilings->vms);
    struct host_change change;
    char why[700];

    snprintf(change.name, sizeof(change.name), "%.*s", (int)strcspn(ceiling->name, " "), ceiling->name);
    text_copy(change.path, sizeof(change.path), ceiling->path);
    snprintf(change.after, sizeof(change.after), "%llu", (unsigned long long)wanted);
    snprintf(change.why, sizeof(change.why), "%s", ceiling->meaning);
    if (procfile_setting(root, change.path, change.before, sizeof(change.before)) < 0)
        return leave(plan, ceiling);
    if (wanted - ceiling->more < needed || wanted - ceiling->more - needed < ceiling->used) {
        uint64_t room = wanted - ceiling->more > ceiling->used ? wanted - ceiling->more - ceiling->used : 0;

        snprintf(why, sizeof(why), "the kernel takes no more than %llu, which holds %llu VMs",
                 (unsigned long long)ceiling->most,
                 (unsigned long long)host_need_fits(ceilings->needs, &ceiling->need, room));
        int error = add_obstacle(plan, true, ceiling->name, why);

        if (error || wanted <= ceiling->limit)
            return error;
    }
    /* Two of a name: the files of mvm itself and of the processes that VMs share. The higher one counts. */
    for (size_t i = 0; i < plan->changes.count; i++) {
        struct host_change *other = &plan->changes.items[i];

        if (strcmp(other->path, change.path) != 0)
            continue;
        if (strtoull(other->after, NULL, 10) < wanted)
            *other = change;
        return 0;
    }
    return host_changes_add(&plan->changes, &change);
}

/* By anybody at all: a parameter of a module may be there to be read only. */
static bool is_writable(const char *root, const char *path)
{
    char whole[PROCFILE_PATH];
    struct stat status;

    return (size_t)snprintf(whole, sizeof(whole), "%s%s", root, path) < sizeof(whole) &&
           stat(whole, &status) == 0 && (status.st_mode & (S_IWUSR | S_IWGRP | S_IWOTH));
}

/* Settings that take memory or CPU from each VM. */
static int set(struct host_tune_plan *plan, const char *root, const char *name, const char *path,
               const char *value, const char *why)
{
    struct host_change change;

    if (procfile_setting(root, path, change.before, sizeof(change.before)) < 0 ||
        strcmp(change.before, value) == 0)
        return 0; /* this kernel has it not, or it is so */
    if (!is_writable(root, path))
        return add_obstacle(plan, false, name, "this kernel does not let it be set");
    text_copy(change.name, sizeof(change.name), name);
    text_copy(change.path, sizeof(change.path), path);
    text_copy(change.after, sizeof(change.after), value);
    text_copy(change.why, sizeof(change.why), why);
    return host_changes_add(&plan->changes, &change);
}

static int set_kvm(struct host_tune_plan *plan, const char *root)
{
    int error = set(plan, root, "kvm.halt_poll_ns", "/sys/module/kvm/parameters/halt_poll_ns", "0",
                    "a core is not kept busy for a vCPU that halts");

    /* arch/x86/kvm/mmu/mmu.c, set_nx_huge_pages(): from "never" there is no way back. */
    if (!error && host_kvm_thread_is_needless(root))
        error = add_obstacle(
            plan, false, "kvm.nx_huge_pages",
            "each VM has a kernel thread for a fault that this processor does not have; 'echo never "
            ">/sys/module/kvm/parameters/nx_huge_pages' saves it, and cannot be taken back until the "
            "module is loaded anew, so it is not done here");
    return error;
}

static bool is_by_sysctl(const struct host_ceiling *ceiling)
{
    return strncmp(ceiling->path, "/proc/sys/", 10) == 0;
}

int host_tune_plan(const struct host_ceilings *ceilings, const char *root, struct host_tune_plan *ret_plan)
{
    struct host_tune_plan plan = {.obstacles = NULL};
    bool memory_in_the_way = false;
    int error = 0;

    for (size_t i = 0; i < ceilings->count && !error; i++) {
        const struct host_ceiling *ceiling = &ceilings->list[i];

        if (ceiling->holds >= ceilings->vms)
            continue;
        memory_in_the_way |= ceiling->resource == RESOURCE_MEMORY;
        error = is_by_sysctl(ceiling) ? raise_limit(&plan, ceilings, ceiling, root) : leave(&plan, ceiling);
    }
    if (!error && ceilings->needs->uses_kvm)
        error = set_kvm(&plan, root);
    if (!error && ceilings->needs->mergeable && memory_in_the_way)
        error = set(&plan, root, "ksm", "/sys/kernel/mm/ksm/run", "1",
                    "pages that are alike in many VMs are kept once, for CPU time of the kernel's");
    if (error) {
        host_tune_plan_release(&plan);
        return error;
    }
    *ret_plan = plan;
    return 0;
}
