/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which memory of a shell the guest has written. The kernel notes pages; what is marked in memory.h are the
 * lines of those pages that differ from the base.
 */
#ifndef MVM_VMM_CPU_KVM_DIRTY_H
#define MVM_VMM_CPU_KVM_DIRTY_H

#include "vmm/kvm_memory.h"
#include "vmm/memory.h"

/*
 * KVM_DIRTY_RING: the kernel appends the numbers of pages that become writable to a ring in shared memory.
 * They are not taken out until they are many: pages that sleepers always write stay writable, and are
 * compared after every run; so that a run takes no ioctl for it, and no fault.
 * Only where the hardware runs the guest: of what KVM's emulator writes each access is appended, and there is
 * no end to them before KVM_RUN comes out (kvm_dirty_ring_push() in virt/kvm/dirty_ring.c does not look for
 * room).
 * KVM_DIRTY_LOG: a bit map of pages is fetched, and cleared, after every run.
 * KVM_DIRTY_COMPARE: all of the memory is compared.
 */
enum kvm_dirty_way { KVM_DIRTY_RING, KVM_DIRTY_LOG, KVM_DIRTY_COMPARE };

enum {
    DIRTY_RING_BYTES = 64 << 10,
    DIRTY_PAGE = 4096,
    DIRTY_PAGES = MEMORY_MOST / DIRTY_PAGE,
    DIRTY_KEPT = 16, /* pages that are compared after every run before all are taken out */
};

struct kvm_dirty {
    enum kvm_dirty_way way;
    struct kvm_place places[KVM_PLACES_MOST]; /* by slot */
    unsigned place_count;
    /* The ring, and what of it was seen but not taken out. */
    struct kvm_dirty_gfn *ring;
    uint32_t first, next;
    bool lost;                       /* more has come than there was room for */
    uint64_t bits[DIRTY_PAGES / 64]; /* pages that were written since they were taken out */
    uint32_t pages[DIRTY_PAGES], count;
};

/* For a VM that was made with a ring of DIRTY_RING_BYTES if `way` wants it. -errno. */
int kvm_dirty_open(struct kvm_dirty *dirty, struct kvm_vm *vm, enum kvm_dirty_way way);
void kvm_dirty_close(struct kvm_dirty *dirty);

/* The VM was given memory (kvm_memory.h): nothing of it is written yet. */
void kvm_dirty_places(struct kvm_dirty *dirty, uint32_t size, bool a20);

/* After a run: marks lines that differ from the base. -errno. */
int kvm_dirty_mark(struct kvm_dirty *dirty, struct kvm_vm *vm, struct memory *memory);

/* The pages that were noted need not be compared any more. */
void kvm_dirty_forget(struct kvm_dirty *dirty);

/* Notes what is in the ring and empties it. -errno. */
int kvm_dirty_make_room(struct kvm_dirty *dirty, struct kvm_vm *vm);

/* Does so, when there is a ring and it is filled by a quarter, or `full`. -EIO: it is full and nothing is in
 * it. -EOVERFLOW: KVM has written over what was in it; kvm_dirty_mark() compares all then, and the VM is to
 * be renewed. */
int kvm_dirty_keep_room(struct kvm_dirty *dirty, struct kvm_vm *vm, bool full);

#endif
