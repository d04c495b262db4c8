/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/machine.h"

#include "base/reason.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct machine_bases {
    pthread_mutex_t lock;
    struct machine_base *items[MACHINE_BASES_MOST];
    _Atomic unsigned count;
};

static void free_base(struct machine_base *base)
{
    if (!base)
        return;
    if (base->memory)
        munmap(base->memory, base->memory_size);
    if (base->file >= 0)
        close(base->file);
    free(base->lines);
    free(base);
}

static int list_lines(struct machine_base *base, const uint8_t *parent)
{
    uint32_t lines = base->memory_size >> MEMORY_LINE_SHIFT, count = 0;

    for (uint32_t i = 0; i < lines; i++)
        count += memcmp(base->memory + (size_t)i * MEMORY_LINE, parent + (size_t)i * MEMORY_LINE,
                        MEMORY_LINE) != 0;
    base->lines = malloc((count ? count : 1) * sizeof(*base->lines));
    if (!base->lines)
        return -ENOMEM;
    for (uint32_t i = 0; i < lines; i++)
        if (memcmp(base->memory + (size_t)i * MEMORY_LINE, parent + (size_t)i * MEMORY_LINE, MEMORY_LINE) !=
            0)
            base->lines[base->line_count++] = i;
    return 0;
}

static int make_base(const struct machine_state *state, const uint8_t *memory, uint32_t size,
                     struct machine_base **ret_base)
{
    struct machine_base *base = calloc(1, sizeof(*base));
    void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (!base || bytes == MAP_FAILED) {
        if (bytes != MAP_FAILED)
            munmap(bytes, size);
        free(base);
        return -ENOMEM;
    }
    base->state = *state;
    base->file = -1;
    base->memory = bytes;
    base->memory_size = size;
    memcpy(base->memory, memory, size);
    *ret_base = base;
    return 0;
}

int machine_bases_create(const struct machine_state *state, const uint8_t *memory, uint32_t memory_size,
                         struct machine_bases **ret_bases, struct reason *reason)
{
    struct machine_bases *bases = calloc(1, sizeof(*bases));

    if (!bases || make_base(state, memory, memory_size, &bases->items[0]) < 0) {
        free(bases);
        return reason_set(reason, ENOMEM, "no memory for a machine");
    }
    pthread_mutex_init(&bases->lock, NULL);
    atomic_store(&bases->count, 1);
    *ret_bases = bases;
    return 0;
}

static int write_all(int file, const uint8_t *bytes, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t written = pwrite(file, bytes + at, size - at, (off_t)at);

        if (written < 0 && errno != EINTR)
            return -errno;
        at += written > 0 ? (size_t)written : 0;
    }
    return 0;
}

int machine_bases_share(struct machine_bases *bases)
{
    struct machine_base *base = bases->items[0];
    int file = memfd_create("mvm-machine", MFD_CLOEXEC);
    int error = file < 0 ? -errno : write_all(file, base->memory, base->memory_size);
    /* In the place of the memory that it was copied from. */
    void *shared = error ? MAP_FAILED
                         : mmap(base->memory, base->memory_size, PROT_READ, MAP_SHARED | MAP_FIXED, file, 0);

    if (shared == MAP_FAILED) {
        error = error ? error : -errno;
        if (file >= 0)
            close(file);
        return error;
    }
    base->file = file;
    return 0;
}

int machine_bases_add(struct machine_bases *bases, uint8_t parent, const struct machine_state *state,
                      const uint8_t *memory)
{
    const struct machine_base *from = bases->items[parent];
    struct machine_base *base;
    int error = make_base(state, memory, from->memory_size, &base);

    if (error)
        return error;
    base->parent = parent;
    error = list_lines(base, from->memory);
    pthread_mutex_lock(&bases->lock);
    unsigned count = atomic_load(&bases->count);

    if (!error && count == MACHINE_BASES_MOST)
        error = -ENOSPC;
    if (!error) {
        bases->items[count] = base;
        atomic_store_explicit(&bases->count, count + 1, memory_order_release);
    }
    pthread_mutex_unlock(&bases->lock);
    if (error)
        free_base(base);
    return error;
}

void machine_bases_free(struct machine_bases *bases)
{
    if (!bases)
        return;
    for (unsigned i = 0; i < MACHINE_BASES_MOST; i++)
        free_base(bases->items[i]);
    pthread_mutex_destroy(&bases->lock);
    free(bases);
}

unsigned machine_base_count(const struct machine_bases *bases)
{
    return atomic_load_explicit(&bases->count, memory_order_acquire);
}

const struct machine_base *machine_base_get(const struct machine_bases *bases, unsigned number)
{
    return number < machine_base_count(bases) ? bases->items[number] : NULL;
}
