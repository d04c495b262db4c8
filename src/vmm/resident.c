/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/resident.h"

#include "base/reason.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

struct resident {
    struct machine_bench *bench;
    const struct machine_base *base;
    struct context **contexts;
    size_t count, room;
    uint64_t limit_bytes, held_bytes;
};

int resident_create(struct machine_bench *bench, const struct machine_base *base, uint64_t limit_bytes,
                    struct resident **ret_resident, struct reason *reason)
{
    struct resident *resident = calloc(1, sizeof(*resident));

    if (!resident)
        return reason_set(reason, ENOMEM, "no memory for resident VMs");
    resident->bench = bench;
    resident->base = base;
    resident->limit_bytes = limit_bytes;
    *ret_resident = resident;
    return 0;
}

static size_t lines_of(const struct resident *resident)
{
    return resident->base->memory_size >> MEMORY_LINE_SHIFT;
}

/* One mapping a VM: the memory, the list and the bits of dirty lines. */
static size_t mapping_of(const struct resident *resident)
{
    return resident->base->memory_size + lines_of(resident) * sizeof(uint32_t) + lines_of(resident) / 8;
}

/* What one VM takes, its memory as if all of it had been written, as it is when it was made. */
static uint64_t size_of_one(const struct resident *resident)
{
    return mapping_of(resident) + sizeof(struct context) + sizeof(struct context *);
}

uint64_t resident_bytes(const struct resident *resident)
{
    return resident->held_bytes;
}

static void free_context(struct resident *resident, struct context *context)
{
    if (!context)
        return;
    resident->held_bytes -= size_of_one(resident);
    munmap(context->memory.bytes, mapping_of(resident));
    free(context);
}

void resident_free(struct resident *resident)
{
    if (!resident)
        return;
    for (size_t i = 0; i < resident->count; i++)
        free_context(resident, resident->contexts[i]);
    free(resident->contexts);
    free(resident);
}

struct context *resident_add(struct resident *resident)
{
    const struct machine_base *base = resident->base;
    size_t size = base->memory_size;

    if (resident->limit_bytes && resident->held_bytes + size_of_one(resident) > resident->limit_bytes)
        return NULL;
    if (resident->count == resident->room) {
        size_t room = resident->room ? resident->room * 2 : 256;
        struct context **wider = realloc(resident->contexts, room * sizeof(struct context *));

        if (!wider)
            return NULL;
        resident->contexts = wider;
        resident->room = room;
    }
    struct context *context = malloc(sizeof(*context));
    uint8_t *mapping =
        mmap(NULL, mapping_of(resident), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (!context || mapping == MAP_FAILED) {
        if (mapping != MAP_FAILED)
            munmap(mapping, mapping_of(resident));
        free(context);
        return NULL;
    }
    *context = *machine_bench_template(resident->bench);
    context->state = base->state;
    context->memory = (struct memory){
        .bytes = mapping,
        .base = base->memory,
        .size = base->memory_size,
        .a20_mask = UINT32_MAX,
        .dirty = (uint32_t *)(void *)(mapping + size),
        .dirty_bits = (uint64_t *)(void *)(mapping + size + lines_of(resident) * sizeof(uint32_t)),
    };
    memcpy(mapping, base->memory, size);
    resident->contexts[resident->count++] = context;
    resident->held_bytes += size_of_one(resident);
    return context;
}

struct context *resident_context(struct resident *resident, uint32_t number)
{
    return resident->contexts[number];
}

void resident_reset(struct resident *resident, uint32_t number)
{
    struct context *context = resident->contexts[number];
    struct memory *memory = &context->memory;

    context->state = resident->base->state;
    memcpy(memory->bytes, resident->base->memory, memory->size);
    memory->dirty_count = 0;
    memset(memory->dirty_bits, 0, lines_of(resident) / 8);
}

void resident_free_one(struct resident *resident, uint32_t number)
{
    free_context(resident, resident->contexts[number]);
    resident->contexts[number] = NULL;
}
