/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one way to a guest's memory, against a model that goes byte by byte. */
#include "base/random.h"
#include "vmm/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ROUNDS = 300000, GUARD = 4096 };

struct fixture {
    struct memory memory;
    uint8_t *bytes, *model; /* GUARD bytes before and behind the guest's */
    struct random random;
};

static void open_fixture(struct fixture *fixture, uint32_t mib)
{
    uint32_t size = mib * MEMORY_MIB, lines = size >> MEMORY_LINE_SHIFT;

    fixture->random.state = mib;
    fixture->bytes = malloc(size + 2 * GUARD);
    fixture->model = malloc(size);
    for (uint32_t i = 0; i < size + 2 * GUARD; i++)
        fixture->bytes[i] = (uint8_t)random_next(&fixture->random);
    memcpy(fixture->model, fixture->bytes + GUARD, size);
    fixture->memory = (struct memory){
        .bytes = fixture->bytes + GUARD,
        .size = size,
        .a20_mask = UINT32_MAX,
        .dirty = calloc(lines, sizeof(uint32_t)),
        .dirty_bits = calloc(lines / 64, sizeof(uint64_t)),
    };
}

static void close_fixture(struct fixture *fixture)
{
    free(fixture->bytes);
    free(fixture->model);
    free(fixture->memory.dirty);
    free(fixture->memory.dirty_bits);
}

/* The byte of the model that an address means, or NULL. */
static uint8_t *place(struct fixture *fixture, uint32_t address, bool writes)
{
    address &= fixture->memory.a20_mask;
    if (address < MEMORY_HOLE || (address >= MEMORY_MIB && address < fixture->memory.size) ||
        (!writes && address >= MEMORY_ROM && address < MEMORY_MIB))
        return fixture->model + address;
    return NULL;
}

static uint32_t any_address(struct random *random, uint32_t size)
{
    const uint32_t edges[] = {0,          MEMORY_VIDEO,   MEMORY_HOLE, MEMORY_ROM,
                              MEMORY_MIB, 2 * MEMORY_MIB, size,        0x80000000};

    if (random_below(random, 4) == 0)
        return (uint32_t)random_next(random);
    if (random_below(random, 3) == 0)
        return (uint32_t)random_below(random, size);
    return edges[random_below(random, sizeof(edges) / sizeof(edges[0]))] +
           (uint32_t)random_below(random, 10) - 5;
}

static uint32_t read(const struct memory *memory, uint32_t address, unsigned size)
{
    return size == 1   ? memory_read8(memory, address)
           : size == 2 ? memory_read16(memory, address)
                       : memory_read32(memory, address);
}

static void write(struct memory *memory, uint32_t address, unsigned size, uint32_t value)
{
    if (size == 1)
        memory_write8(memory, address, (uint8_t)value);
    else if (size == 2)
        memory_write16(memory, address, (uint16_t)value);
    else
        memory_write32(memory, address, value);
}

static void access_once(struct fixture *fixture)
{
    struct random *random = &fixture->random;
    uint32_t address = any_address(random, fixture->memory.size), value = (uint32_t)random_next(random),
             expected = 0;
    unsigned size = 1u << random_below(random, 3);

    if (random_below(random, 100) == 0)
        fixture->memory.a20_mask ^= MEMORY_MIB;
    if (random_below(random, 2)) {
        write(&fixture->memory, address, size, value);
        for (unsigned i = 0; i < size; i++) {
            uint8_t *byte = place(fixture, address + i, true);

            if (byte)
                *byte = (uint8_t)(value >> 8 * i);
        }
        return;
    }
    for (unsigned i = 0; i < size; i++) {
        const uint8_t *byte = place(fixture, address + i, false);

        expected |= (uint32_t)(byte ? *byte : 0xff) << 8 * i;
    }
    if (read(&fixture->memory, address, size) != expected)
        fail_msg("%u bytes at %08x are %x, not %x", size, address, read(&fixture->memory, address, size),
                 expected);
}

/* What was written is marked, each line once, and nothing else was changed. */
static void check_lines(struct fixture *fixture, const uint8_t *before)
{
    const struct memory *memory = &fixture->memory;
    uint32_t lines = memory->size >> MEMORY_LINE_SHIFT, marked = 0;

    for (uint32_t line = 0; line < lines; line++) {
        bool dirty = memory->dirty_bits[line / 64] >> (line % 64) & 1;

        marked += dirty;
        if (!dirty)
            assert_memory_equal(memory->bytes + (size_t)line * MEMORY_LINE,
                                before + (size_t)line * MEMORY_LINE, MEMORY_LINE);
    }
    assert_int_equal(memory->dirty_count, marked);
    for (uint32_t i = 0; i < marked; i++)
        assert_true(memory->dirty_bits[memory->dirty[i] / 64] >> (memory->dirty[i] % 64) & 1);
}

static void is_what_it_says(void **state)
{
    (void)state;
    for (uint32_t mib = 1; mib <= 3; mib++) {
        struct fixture fixture;
        uint8_t *before = malloc(mib * MEMORY_MIB + 2 * GUARD);

        open_fixture(&fixture, mib);
        memcpy(before, fixture.bytes, mib * MEMORY_MIB + 2 * GUARD);
        for (unsigned i = 0; i < ROUNDS; i++)
            access_once(&fixture);
        assert_memory_equal(fixture.memory.bytes, fixture.model, fixture.memory.size);
        assert_memory_equal(fixture.bytes, before, GUARD);
        assert_memory_equal(fixture.memory.bytes + fixture.memory.size, before + GUARD + fixture.memory.size,
                            GUARD);
        check_lines(&fixture, before + GUARD);
        free(before);
        close_fixture(&fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_what_it_says),
    };

    return cmocka_run_group_tests_name("vmm_memory", tests, NULL, NULL);
}
