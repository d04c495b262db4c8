/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What there is to tell of VMs that are processes. */
#include "engine/process_population.h"

#include "host/procfile.h"

#include <stdio.h>
#include <string.h>

enum { MEMORY_SAMPLE = 32, ROLLUP_ROOM = 4096 };

void processes_explain(struct population *population, uint64_t vm, char *ret_text, size_t room)
{
    struct processes *processes = (struct processes *)population;
    const struct vm *machine = vm < processes->counts.started ? &processes->vms[vm] : NULL;

    snprintf(ret_text, room, "%s%s%s", machine && machine->why ? machine->why : "",
             machine && machine->why && machine->words ? ": " : "",
             machine && machine->why && machine->words ? machine->words : "");
}

/* A process's proportional share of memory (Pss of smaps_rollup): its own pages, and of those that it shares
 * with n others an n-th. 0 when it cannot be read. */
static uint64_t memory_of(pid_t pid)
{
    char path[64], text[ROLLUP_ROOM];
    uint64_t kib = 0;

    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
    if (procfile_text("", path, text, sizeof(text)) < 0)
        return 0;
    const char *at = strstr(text, "\nPss:");

    if (!at)
        return 0;
    at += strlen("\nPss:");
    return text_number(&at, &kib) ? kib * 1024 : 0;
}

/* Reading one process takes the kernel a walk over its page tables, so a large population is sampled. */
uint64_t processes_memory(struct population *population)
{
    struct processes *processes = (struct processes *)population;
    uint64_t step = processes->counts.running / MEMORY_SAMPLE + 1, seen = 0, read = 0, sum = 0;

    for (uint64_t vm = 0; vm < processes->counts.started; vm++) {
        if (processes->vms[vm].state != VM_RUNNING || seen++ % step)
            continue;
        const struct vm *machine = &processes->vms[vm];
        uint64_t bytes = memory_of(machine->pid ? machine->pid : machine->peer);

        sum += bytes;
        read += bytes > 0;
    }
    return read ? (uint64_t)((double)sum / (double)read * (double)processes->counts.running) : 0;
}

void processes_ends(struct population *population, struct engine_ends *ret_ends)
{
    struct processes *processes = (struct processes *)population;

    for (uint64_t vm = 0; vm < processes->counts.started; vm++)
        if (processes->vms[vm].why)
            engine_ends_add(ret_ends, processes->vms[vm].why, 1);
}
