/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packed machines: whatever is packed comes back the same, nothing of it stays behind, and no bytes from
 * outside do harm. */
#include "base/random.h"
#include "base/reason.h"
#include "vmm/machine.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

enum { ROOM = 8 << 20 };

struct fixture {
    struct machine_bases *bases;
    struct machine_bench *bench;
    struct random random;
    uint32_t size;
    uint8_t *packed, *memory;
};

static uint8_t random_byte(struct random *random)
{
    return (uint8_t)random_next(random);
}

static struct fixture *open_fixture(uint32_t mib, uint64_t seed)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct machine_state state = {0};
    struct reason reason;

    fixture->random.state = seed;
    fixture->size = mib << 20;
    fixture->packed = malloc(ROOM);
    fixture->memory = malloc(fixture->size);
    for (uint32_t i = 0; i < fixture->size; i++)
        fixture->memory[i] = i % 3 ? 0 : random_byte(&fixture->random);
    state.cpu.eip = 0xfff0;
    assert_int_equal(machine_bases_create(&state, fixture->memory, fixture->size, &fixture->bases, &reason),
                     0);
    assert_int_equal(machine_bench_create(fixture->bases, &fixture->bench, &reason), 0);
    return fixture;
}

static void close_fixture(struct fixture *fixture)
{
    machine_bench_free(fixture->bench);
    machine_bases_free(fixture->bases);
    free(fixture->packed);
    free(fixture->memory);
    free(fixture);
}

/* Changes what a guest may change: the state but for its counts, and memory by its accessors. */
static void scribble(struct fixture *fixture, struct context *context, unsigned states, unsigned bytes)
{
    uint8_t *cpu = (uint8_t *)&context->state.cpu;

    for (unsigned i = 0; i < states; i++)
        cpu[random_below(&fixture->random, offsetof(struct cpu_state, cr0))] = random_byte(&fixture->random);
    uint32_t at = (uint32_t)random_next(&fixture->random) % fixture->size;

    for (unsigned i = 0; i < bytes; i++) {
        if (random_below(&fixture->random, 8) == 0)
            at = (uint32_t)random_next(&fixture->random) % (fixture->size + 100);
        memory_write8(&context->memory, at++, random_byte(&fixture->random));
    }
}

static void assert_clean(struct context *context)
{
    assert_int_equal(context->memory.dirty_count, 0);
    assert_memory_equal(context->memory.bytes, context->memory.base, context->memory.size);
}

/* Packs, takes off, lays, compares. Returns the size of the packed form, which is in fixture->packed. */
static size_t round_trip(struct fixture *fixture, struct context *context)
{
    struct machine_state state = context->state;
    int error = 0;

    memcpy(fixture->memory, context->memory.bytes, fixture->size);
    size_t size = machine_pack(fixture->bench, context, fixture->packed, ROOM);

    assert_true(size <= ROOM);
    assert_int_equal(machine_pack(fixture->bench, context, fixture->packed, size / 2),
                     size); /* no room: same size */
    machine_pack(fixture->bench, context, fixture->packed, ROOM);
    machine_unlay(fixture->bench, context);
    assert_clean(context);
    memset(fixture->packed + size, 0, 8); /* the store pads with anything */
    context = machine_lay(fixture->bench, fixture->packed, size + 7, &error);
    assert_non_null(context);
    assert_memory_equal(&context->state, &state, sizeof(state));
    assert_memory_equal(context->memory.bytes, fixture->memory, fixture->size);
    machine_unlay(fixture->bench, context);
    assert_clean(context);
    return size;
}

static void packs_and_unpacks(void **test_state)
{
    (void)test_state;
    for (uint32_t mib = 1; mib <= 4; mib += 3) {
        struct fixture *fixture = open_fixture(mib, mib);

        for (unsigned i = 0; i < 300; i++) {
            struct context *context = machine_lay_reset(fixture->bench);

            scribble(fixture, context, i % 40, i % 7 ? i * i % 997 : 20000);
            round_trip(fixture, context);
        }
        close_fixture(fixture);
    }
}

static void unchanged_is_two_bytes(void **test_state)
{
    struct fixture *fixture = open_fixture(1, 9);

    (void)test_state;
    assert_int_equal(round_trip(fixture, machine_lay_reset(fixture->bench)), 2);
    close_fixture(fixture);
}

static void all_memory_dirty(void **test_state)
{
    struct fixture *fixture = open_fixture(1, 5);
    struct context *context = machine_lay_reset(fixture->bench);

    (void)test_state;
    for (uint32_t i = 0; i < fixture->size; i++)
        memory_write8(&context->memory, i, (uint8_t)~context->memory.base[i]);
    assert_in_range(round_trip(fixture, context), 640 << 10, 900 << 10);
    close_fixture(fixture);
}

/* VMs that are alike but for a few bytes: after a lesson they are packed as those. */
static void learns(void **test_state)
{
    struct fixture *fixture = open_fixture(1, 6);
    struct context *context = machine_lay_reset(fixture->bench);
    struct random again = {.state = 77}, saved = fixture->random;
    size_t first = 0, later = 0;
    int error;

    (void)test_state;
    fixture->random = again;
    scribble(fixture, context, 20, 300);
    first = machine_pack(fixture->bench, context, fixture->packed, ROOM);
    assert_true(machine_learn(fixture->bench, context));
    assert_int_equal(machine_base_count(fixture->bases), 2);
    machine_unlay(fixture->bench, context);
    for (unsigned i = 0; i < 100; i++) {
        context = machine_lay_reset(fixture->bench);
        fixture->random = again;
        scribble(fixture, context, 20, 300);
        fixture->random = saved;
        scribble(fixture, context, 2, 3);
        saved = fixture->random;
        later = round_trip(fixture, context);
        assert_true(later < 40 && later < first / 4);
        /* And on from there: the context is now the learned base's. */
        context = machine_lay(fixture->bench, fixture->packed, later, &error);
        assert_non_null(context);
        scribble(fixture, context, 5, 50);
        round_trip(fixture, context);
    }
    close_fixture(fixture);
}

/* A million bases cannot be: distinct data teach a bench that there is nothing to learn. */
static void gives_up_on_distinct_data(void **test_state)
{
    struct fixture *fixture = open_fixture(1, 8);

    (void)test_state;
    for (unsigned i = 0; i < 20000; i++) {
        struct context *context = machine_lay_reset(fixture->bench);

        scribble(fixture, context, 10, 200);
        size_t size = machine_pack(fixture->bench, context, fixture->packed, ROOM);

        if (machine_worth_learning(fixture->bench, size))
            machine_learn(fixture->bench, context);
        machine_unlay(fixture->bench, context);
    }
    assert_in_range(machine_base_count(fixture->bases), 2, 8);
    close_fixture(fixture);
}

static void survives_any_bytes(void **test_state)
{
    struct fixture *fixture = open_fixture(1, 10);
    uint8_t packed[600];

    (void)test_state;
    for (unsigned i = 0; i < 30000; i++) {
        struct context *context = machine_lay_reset(fixture->bench);
        int error = 0;

        scribble(fixture, context, 5, 50);
        size_t size = machine_pack(fixture->bench, context, packed, sizeof(packed));

        machine_unlay(fixture->bench, context);
        if (size > sizeof(packed))
            continue;
        for (uint64_t changes = random_below(&fixture->random, 8); changes > 0; changes--)
            packed[random_below(&fixture->random, size)] = random_byte(&fixture->random);
        if (i % 4 == 0)
            for (size_t at = 1; at < size; at++)
                packed[at] = random_byte(&fixture->random);
        context = machine_lay(fixture->bench, packed, random_below(&fixture->random, size + 1), &error);
        if (context)
            machine_unlay(fixture->bench, context);
        else
            assert_int_equal(error, -EBADMSG);
        assert_clean(machine_lay_reset(fixture->bench));
    }
    close_fixture(fixture);
}

/* Machines whose memory lies elsewhere: their state alone. */
static void packs_states(void **state)
{
    struct fixture *fixture = open_fixture(1, 11);
    const struct machine_base *base = machine_base_get(fixture->bases, 0);

    (void)state;
    for (unsigned round = 0; round < 2000; round++) {
        struct machine_state before = base->state, after;
        uint8_t *bytes = (uint8_t *)&before;

        for (unsigned i = 0; i < round % 50; i++)
            bytes[random_below(&fixture->random, sizeof(before))] = random_byte(&fixture->random);
        size_t size = machine_pack_state(base, &before, fixture->packed, ROOM);

        assert_true(size <= ROOM);
        assert_int_equal(machine_packed_size(fixture->packed, size), size);
        assert_int_equal(machine_lay_state(base, fixture->packed, size, &after), 0);
        assert_memory_equal(&before, &after, sizeof(before));
        /* Without room nothing is written beyond it, and the size is told all the same. */
        uint8_t guard = fixture->packed[size / 2] = 0xa5;

        assert_int_equal(machine_pack_state(base, &before, fixture->packed, size / 2), size);
        assert_int_equal(fixture->packed[size / 2], guard);
        /* What was cut off is no machine. */
        assert_true(size / 2 == 0 || machine_lay_state(base, fixture->packed, size / 2, &after) == -EBADMSG);
    }
    assert_int_equal(machine_lay_state(base, fixture->packed, 0, &(struct machine_state){0}), -EBADMSG);
    close_fixture(fixture);
}

/* A base that is shared is the same, can be mapped by others, and takes no writes from them. */
static void shares_a_base(void **state)
{
    struct fixture *fixture = open_fixture(1, 12);
    const struct machine_base *base = machine_base_get(fixture->bases, 0);

    (void)state;
    assert_int_equal(base->file, -1);
    assert_int_equal(machine_bases_share(fixture->bases), 0);
    assert_memory_equal(base->memory, fixture->memory, fixture->size);
    uint8_t *view = mmap(NULL, fixture->size, PROT_READ | PROT_WRITE, MAP_PRIVATE, base->file, 0);

    assert_true(view != MAP_FAILED);
    assert_memory_equal(view, fixture->memory, fixture->size);
    memset(view, 0x5a, fixture->size);
    assert_memory_equal(base->memory, fixture->memory, fixture->size);
    munmap(view, fixture->size);
    close_fixture(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packs_states),
        cmocka_unit_test(shares_a_base),
        cmocka_unit_test(packs_and_unpacks),
        cmocka_unit_test(unchanged_is_two_bytes),
        cmocka_unit_test(all_memory_dirty),
        cmocka_unit_test(learns),
        cmocka_unit_test(gives_up_on_distinct_data),
        cmocka_unit_test(survives_any_bytes),
    };

    return cmocka_run_group_tests_name("vmm_machine", tests, NULL, NULL);
}
