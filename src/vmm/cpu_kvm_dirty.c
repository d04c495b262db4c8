/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/cpu_kvm_dirty.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    RING_ENTRIES = DIRTY_RING_BYTES / sizeof(struct kvm_dirty_gfn),
    LINES_A_PAGE = DIRTY_PAGE / MEMORY_LINE
};

int kvm_dirty_open(struct kvm_dirty *dirty, struct kvm_vm *vm, enum kvm_dirty_way way)
{
    *dirty = (struct kvm_dirty){.way = way};
    if (way != KVM_DIRTY_RING)
        return 0;
    void *ring = mmap(NULL, DIRTY_RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, vm->cpu,
                      KVM_DIRTY_LOG_PAGE_OFFSET * sysconf(_SC_PAGESIZE));

    if (ring == MAP_FAILED)
        return -errno;
    dirty->ring = ring;
    return 0;
}

void kvm_dirty_close(struct kvm_dirty *dirty)
{
    if (dirty->ring)
        munmap(dirty->ring, DIRTY_RING_BYTES);
    dirty->ring = NULL;
}

void kvm_dirty_forget(struct kvm_dirty *dirty)
{
    for (uint32_t i = 0; i < dirty->count; i++)
        dirty->bits[dirty->pages[i] / 64] = 0;
    dirty->count = 0;
}

void kvm_dirty_places(struct kvm_dirty *dirty, uint32_t size, bool a20)
{
    dirty->place_count = kvm_places(size, a20, dirty->places);
}

static void note(struct kvm_dirty *dirty, uint32_t page)
{
    uint64_t bit = UINT64_C(1) << (page % 64);

    if (dirty->bits[page / 64] & bit)
        return;
    dirty->bits[page / 64] |= bit;
    dirty->pages[dirty->count++] = page;
}

static struct kvm_dirty_gfn *entry_at(struct kvm_dirty *dirty, uint32_t number)
{
    return &dirty->ring[number % RING_ENTRIES];
}

/* Notes the pages that have come into the ring. When all of it is full, more may have come. */
static void look(struct kvm_dirty *dirty)
{
    for (;; dirty->next++) {
        struct kvm_dirty_gfn *entry = entry_at(dirty, dirty->next);

        dirty->lost = dirty->lost || dirty->next - dirty->first >= RING_ENTRIES;
        if (dirty->lost || __atomic_load_n(&entry->flags, __ATOMIC_ACQUIRE) != KVM_DIRTY_GFN_F_DIRTY)
            return;
        uint32_t slot = entry->slot & 0xffff;

        if (slot < dirty->place_count && entry->offset < dirty->places[slot].bytes / DIRTY_PAGE)
            note(dirty, dirty->places[slot].offset / DIRTY_PAGE + (uint32_t)entry->offset);
    }
}

int kvm_dirty_make_room(struct kvm_dirty *dirty, struct kvm_vm *vm)
{
    int taken;

    if (!dirty->ring)
        return -ENXIO;
    look(dirty);
    for (; dirty->first != dirty->next; dirty->first++)
        __atomic_store_n(&entry_at(dirty, dirty->first)->flags, KVM_DIRTY_GFN_F_RESET, __ATOMIC_RELEASE);
    taken = kvm_vm_ioctl(vm, KVM_RESET_DIRTY_RINGS, NULL);
    return taken < 0 ? taken : 0;
}

int kvm_dirty_keep_room(struct kvm_dirty *dirty, struct kvm_vm *vm, bool full)
{
    if (!dirty->ring)
        return full ? -ENXIO : 0;
    look(dirty);
    if (dirty->lost)
        return -EOVERFLOW;
    if (full && dirty->first == dirty->next)
        return -EIO;
    return full || dirty->next - dirty->first >= RING_ENTRIES / 4 ? kvm_dirty_make_room(dirty, vm) : 0;
}

static void compare_page(struct memory *memory, uint32_t page)
{
    size_t at = (size_t)page * DIRTY_PAGE;

    if (at >= memory->size || memcmp(memory->bytes + at, memory->base + at, DIRTY_PAGE) == 0)
        return;
    for (uint32_t i = 0; i < LINES_A_PAGE; i++, at += MEMORY_LINE)
        if (memcmp(memory->bytes + at, memory->base + at, MEMORY_LINE) != 0)
            memory_mark(memory, (uint32_t)(at >> MEMORY_LINE_SHIFT));
}

static int fetch_log(struct kvm_dirty *dirty, struct kvm_vm *vm)
{
    for (unsigned slot = 0; slot < dirty->place_count; slot++) {
        uint64_t bits[DIRTY_PAGES / 64];
        const struct kvm_place *place = &dirty->places[slot];
        struct kvm_dirty_log log = {.slot = slot, .dirty_bitmap = bits};
        int error = place->rom ? 0 : kvm_vm_ioctl(vm, KVM_GET_DIRTY_LOG, &log);

        if (error)
            return error;
        for (uint32_t page = 0; !place->rom && page < place->bytes / DIRTY_PAGE; page++)
            if (bits[page / 64] >> (page % 64) & 1)
                note(dirty, place->offset / DIRTY_PAGE + page);
    }
    return 0;
}

int kvm_dirty_mark(struct kvm_dirty *dirty, struct kvm_vm *vm, struct memory *memory)
{
    int error = 0;

    if (dirty->way == KVM_DIRTY_RING)
        look(dirty);
    if (dirty->way == KVM_DIRTY_COMPARE || dirty->lost) {
        for (uint32_t page = 0; page < memory->size / DIRTY_PAGE; page++)
            compare_page(memory, page);
        return 0;
    }
    if (dirty->way == KVM_DIRTY_LOG)
        error = fetch_log(dirty, vm);
    for (uint32_t i = 0; i < dirty->count; i++)
        compare_page(memory, dirty->pages[i]);
    if (dirty->way == KVM_DIRTY_LOG) {
        kvm_dirty_forget(dirty);
    } else if (dirty->count > DIRTY_KEPT) {
        error = kvm_dirty_make_room(dirty, vm);
        kvm_dirty_forget(dirty);
    }
    return error;
}
