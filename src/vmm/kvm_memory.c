/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/kvm_memory.h"

#include "vmm/memory.h"

static void add_low(struct kvm_place *places, uint32_t address)
{
    places[0] = (struct kvm_place){.address = address, .bytes = MEMORY_HOLE};
    places[1] = (struct kvm_place){
        .address = address + MEMORY_ROM, .offset = MEMORY_ROM, .bytes = MEMORY_MIB - MEMORY_ROM, .rom = true};
}

unsigned kvm_places(uint32_t size, bool a20, struct kvm_place ret_places[KVM_PLACES_MOST])
{
    unsigned count = 2;

    add_low(ret_places, 0);
    if (a20) {
        if (size > MEMORY_MIB)
            ret_places[count++] =
                (struct kvm_place){.address = MEMORY_MIB, .offset = MEMORY_MIB, .bytes = size - MEMORY_MIB};
        return count;
    }
    add_low(ret_places + count, MEMORY_MIB);
    count += 2;
    for (uint32_t at = 2 * MEMORY_MIB; at < size; at += 2 * MEMORY_MIB)
        for (uint32_t odd = 0; odd < 2; odd++)
            ret_places[count++] =
                (struct kvm_place){.address = at + odd * MEMORY_MIB, .offset = at, .bytes = MEMORY_MIB};
    return count;
}

static int set_slot(struct kvm_vm *vm, unsigned slot, const struct kvm_place *place, uint8_t *bytes, bool log)
{
    struct kvm_userspace_memory_region region = {
        .slot = slot,
        .flags = place->rom ? KVM_MEM_READONLY
                 : log      ? KVM_MEM_LOG_DIRTY_PAGES
                            : 0,
        .guest_phys_addr = place->address,
        .memory_size = place->bytes,
        .userspace_addr = (uintptr_t)bytes + place->offset,
    };

    return kvm_vm_ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region);
}

int kvm_memory_set(struct kvm_vm *vm, uint8_t *bytes, uint32_t size, bool a20, bool log)
{
    static const struct kvm_place none = {.bytes = 0};
    struct kvm_place places[KVM_PLACES_MOST];
    unsigned count = kvm_places(size, a20, places);
    int error = 0;

    /* A slot cannot be given other memory, only deleted and made again. */
    for (; vm->places > 0 && !error; vm->places--)
        error = set_slot(vm, vm->places - 1u, &none, NULL, false);
    for (; vm->places < count && !error; vm->places++)
        error = set_slot(vm, vm->places, &places[vm->places], bytes, log);
    return error;
}
