/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Class A: a KVM VM for each case, made from the same image of the machine at reset as its neighbour, VM 0,
 * which runs in between and lives on from case to case. */
#include "fuzz-kvm.h"

#include "base/reason.h"
#include "vmm/resident_kvm.h"

#include <stdlib.h>
#include <string.h>

static struct resident_kvm *guests;
static const struct machine_base *base;
static uint8_t *packed, *neighbour_packed, *image;
static size_t neighbour_size;
static uint32_t number; /* of the case's VM */

static struct context *make_vm(void)
{
    struct reason reason = {""};
    struct context *context = NULL;

    if (resident_kvm_add(guests, &context, &reason) < 0)
        fuzz_fail(reason.text);
    return context;
}

static size_t pack(const struct context *context, uint8_t *to)
{
    return machine_pack_state(base, &context->state, to, FUZZ_PACKED_MOST);
}

/* A turn of the VM begins. */
static struct context *lay(uint32_t vm, const uint8_t *from, size_t size)
{
    struct context *context = resident_kvm_context(guests, vm);

    if (machine_lay_state(base, from, size, &context->state) < 0)
        fuzz_fail("a packed state does not unpack");
    return context;
}

static void visit_neighbour(void)
{
    struct context *context = lay(0, neighbour_packed, neighbour_size);
    struct cpu_state before = context->state.cpu;

    fuzz_go_on(context);
    if (resident_kvm_run(guests, 5000) != CPU_SLICE)
        fuzz_fail("the neighbour does not run on");
    fuzz_check_neighbour(context, &before);
    neighbour_size = pack(context, neighbour_packed);
    resident_kvm_leave(guests);
    if (memcmp(base->memory, image, base->memory_size) != 0)
        fuzz_fail("the image that all VMs share has changed");
}

static void open_resident(struct machine_bases *bases, const struct context *template)
{
    struct reason reason = {""};

    packed = malloc(FUZZ_PACKED_MOST);
    neighbour_packed = malloc(FUZZ_PACKED_MOST);
    base = machine_base_get(bases, 0);
    image = malloc(base->memory_size);
    if (!packed || !neighbour_packed || !image || machine_bases_share(bases) < 0)
        fuzz_fail("no memory");
    memcpy(image, base->memory, base->memory_size);
    if (resident_kvm_create(base, template, RESIDENT_TRICKS, &guests, &reason) < 0)
        fuzz_fail(reason.text);
    struct context *context = make_vm();

    fuzz_make_neighbour(context);
    neighbour_size = pack(context, neighbour_packed);
    resident_kvm_leave(guests);
    visit_neighbour();
}

static struct context *boot(const uint8_t *sector)
{
    struct context *context = make_vm();

    number++;
    fuzz_put_sector(context, sector);
    return context;
}

static struct context *reset(struct context *context, const uint8_t *sector)
{
    resident_kvm_reset(guests);
    if (memcmp(context->memory.bytes, image, base->memory_size) != 0)
        fuzz_fail("its memory after a reset is not the image's");
    fuzz_put_sector(context, sector);
    return context;
}

static enum cpu_exit run(struct context *context, uint64_t slice)
{
    (void)context; /* there is only one */
    return resident_kvm_run(guests, slice);
}

static struct context *repack(struct context *context)
{
    struct machine_state state = context->state;
    size_t size = pack(context, packed);

    resident_kvm_leave(guests);
    visit_neighbour();
    context = lay(number, packed, size);
    if (memcmp(&state, &context->state, sizeof(state)) != 0)
        fuzz_fail("its state is not as it was before packing");
    fuzz_go_on(context);
    return context;
}

static void take_off(struct context *context)
{
    (void)context;
    resident_kvm_leave(guests);
    resident_kvm_drop(guests, number);
    visit_neighbour();
}

static void close_resident(void)
{
    resident_kvm_free(guests);
    free(packed);
    free(neighbour_packed);
    free(image);
}

const struct fuzz_home fuzz_resident = {.open = open_resident,
                                        .boot = boot,
                                        .reset = reset,
                                        .run = run,
                                        .repack = repack,
                                        .take_off = take_off,
                                        .close = close_resident};
