/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A machine that is packed and unpacked after every slice beside one that never is: the same image, the same
 * slices of any length, the same input at the same times, on clocks that count instructions. After every
 * slice registers, devices, memory and output are compared.
 */
#include "base/clock.h"
#include "base/random.h"
#include "base/reason.h"
#include "guest/catalog.h"
#include "guest/challenge.h"
#include "vmm/board.h"
#include "vmm/cpu.h"
#include "vmm/machine.h"
#include "vmm/shard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PACKED_MOST = 4 << 20, NS_AN_INSTRUCTION = 100, LEARN_AFTER = 17 };

struct side {
    struct machine_bench *bench;
    struct context *context;
    uint64_t executed; /* before the present context, modulo 2^64 */
    uint64_t slept_ns;
};

struct twins {
    struct machine_bases *bases;
    struct cpu *cpu;
    struct side plain, packed; /* one CPU runs both in turn */
    struct random random;
    uint8_t *record;
    bool learn;
    unsigned slices;
    uint64_t output;
};

static uint64_t counted(void *context)
{
    const struct side *side = context;
    uint64_t here = side->context ? side->context->instructions : 0;

    return (side->executed + here) * NS_AN_INSTRUCTION + side->slept_ns;
}

static void open_side(struct twins *twins, struct side *side, const uint8_t *image)
{
    struct reason reason;

    assert_int_equal(machine_bench_create(twins->bases, &side->bench, &reason), 0);
    struct context *template = machine_bench_template(side->bench);

    template->clock = counted;
    template->clock_context = side;
    template->wall_offset = 1000000000;
    template->disk = (struct disk_content){.bytes = image, .size = 512};
    template->output_limit = 1 << 20;
    side->context = machine_lay_reset(side->bench);
    context_now(side->context);
    board_reset(side->context, 0x80);
    board_resume(side->context);
}

static void open_twins(struct twins *twins, const uint8_t *image, bool learn, uint64_t seed)
{
    struct machine_state state;
    uint8_t *memory = malloc(MEMORY_MIB);
    struct reason reason;

    *twins = (struct twins){.random = {seed}, .learn = learn, .record = malloc(PACKED_MOST)};
    shard_power_on(&state, memory, 1, image, 0x80);
    assert_int_equal(machine_bases_create(&state, memory, MEMORY_MIB, &twins->bases, &reason), 0);
    assert_int_equal(cpu_x86emu.create(&twins->cpu, &reason), 0);
    open_side(twins, &twins->plain, image);
    open_side(twins, &twins->packed, image);
    free(memory);
}

static void close_twins(struct twins *twins)
{
    machine_unlay(twins->plain.bench, twins->plain.context);
    machine_unlay(twins->packed.bench, twins->packed.context);
    machine_bench_free(twins->plain.bench);
    machine_bench_free(twins->packed.bench);
    machine_bases_free(twins->bases);
    cpu_x86emu.destroy(twins->cpu);
    free(twins->record);
}

/* As a worker lays a VM: its time and its lines anew. */
static void resume(struct side *side)
{
    side->context->leave = false;
    side->context->output_count = 0;
    context_now(side->context);
    board_resume(side->context);
    board_advance(side->context);
}

static void put_away(struct twins *twins)
{
    struct side *side = &twins->packed;
    size_t size = machine_pack(side->bench, side->context, twins->record, PACKED_MOST);
    int error = 0;

    assert_true(size <= PACKED_MOST);
    assert_int_equal(machine_packed_size(twins->record, size), size);
    if (twins->learn && twins->slices % LEARN_AFTER == 0)
        (void)machine_learn(side->bench, side->context);
    side->executed += side->context->instructions;
    machine_unlay(side->bench, side->context);
    side->context = machine_lay(side->bench, twins->record, size, &error);
    assert_non_null(side->context);
    side->executed -= side->context->instructions; /* contexts count on */
}

static void assert_alike(const struct twins *twins)
{
    const struct context *plain = twins->plain.context, *packed = twins->packed.context;

    if (memcmp(&plain->state, &packed->state, sizeof(plain->state)) != 0)
        fail_msg("slice %u: the states differ (at %04x:%x and %04x:%x)", twins->slices,
                 plain->state.cpu.seg[SEG_CS].selector, plain->state.cpu.eip,
                 packed->state.cpu.seg[SEG_CS].selector, packed->state.cpu.eip);
    assert_memory_equal(plain->memory.bytes, packed->memory.bytes, MEMORY_MIB);
    assert_int_equal(plain->output_count, packed->output_count);
    assert_memory_equal(plain->output, packed->output, plain->output_count);
    assert_int_equal(counted((void *)(uintptr_t)&twins->plain), counted((void *)(uintptr_t)&twins->packed));
}

/* The same bytes to both, at a time that chance chooses: challenges, requests, noise, keys. */
static void give_input(struct twins *twins)
{
    struct challenge challenge;
    uint8_t bytes[24];
    size_t count = 0;

    switch (random_below(&twins->random, 12)) {
    case 0:
        challenge_make(&challenge, &twins->random);
        count = CHALLENGE_REQUEST_ROOM - 1;
        memcpy(bytes, challenge.request, count);
        break;
    case 1:
        count = 18;
        memcpy(bytes, "GET / HTTP/1.0\r\n\r\n", count);
        break;
    case 2:
        for (count = 0; count < random_below(&twins->random, sizeof(bytes)); count++)
            bytes[count] = (uint8_t)random_next(&twins->random);
        break;
    case 3:
        bytes[0] = (uint8_t)random_below(&twins->random, 0x58);
        assert_int_equal(board_press(twins->plain.context, bytes, 1),
                         board_press(twins->packed.context, bytes, 1));
        return;
    default:
        return;
    }
    assert_int_equal(board_receive(twins->plain.context, bytes, count),
                     board_receive(twins->packed.context, bytes, count));
}

static enum cpu_exit run_slice(struct twins *twins, struct side *side, uint64_t length)
{
    enum cpu_exit end = cpu_x86emu.run(twins->cpu, side->context, length);

    if (end == CPU_LEFT && side->context->reset) {
        side->executed += side->context->instructions;
        machine_unlay(side->bench, side->context);
        side->context = machine_lay_reset(side->bench);
        side->executed -= side->context->instructions;
        side->context->reset = false;
        context_now(side->context);
        board_reset(side->context, 0x80);
    }
    return end;
}

/* Time goes on for a machine that halts: to its next event, or a while. */
static void sleep_through(struct twins *twins)
{
    uint64_t now = counted(&twins->plain), next = board_next_event(twins->plain.context);
    uint64_t ns = random_below(&twins->random, 3 * NS_PER_MILLISECOND);

    assert_int_equal(next, board_next_event(twins->packed.context));
    if (next != BOARD_NEVER && next > now && random_below(&twins->random, 4))
        ns = next - now;
    twins->plain.slept_ns += ns;
    twins->packed.slept_ns += ns;
}

/* Slices from one instruction to some thousand. False: the machine has stopped. */
static bool step(struct twins *twins)
{
    uint64_t length = 1 + random_below(&twins->random, UINT64_C(1) << random_below(&twins->random, 13));

    twins->slices++;
    resume(&twins->plain);
    resume(&twins->packed);
    give_input(twins);
    enum cpu_exit end = run_slice(twins, &twins->plain, length);

    assert_int_equal(run_slice(twins, &twins->packed, length), end);
    assert_alike(twins);
    twins->output += twins->plain.context->output_count;
    if (end == CPU_STOPPED)
        return false;
    put_away(twins);
    assert_memory_equal(&twins->plain.context->state, &twins->packed.context->state,
                        sizeof(struct machine_state));
    if (end == CPU_HALTED)
        sleep_through(twins);
    return true;
}

static void guests_do_not_notice(void **state)
{
    static const char *const guests[] = {"sleep", "tick", "web", "load", "disk"};
    struct guest_settings settings = {0};
    struct reason reason;
    struct image image;

    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        struct twins twins;

        assert_int_equal(guest_build(&image, guests[i / 2], &settings, &reason), 0);
        open_twins(&twins, image.bytes, i % 2, 100 + i);
        for (unsigned slice = 0; slice < 800; slice++)
            assert_true(step(&twins));
        assert_true(twins.output > 100); /* it lived: announced itself and answered */
        if (i % 2)
            assert_true(machine_base_count(twins.bases) > 2);
        close_twins(&twins);
    }
}

/* Machines by chance: what no guest of ours does. */
static void no_machine_notices(void **state)
{
    struct guest_settings settings = {0};
    struct random random = {.state = 11};
    struct reason reason;
    struct image image;

    (void)state;
    for (unsigned i = 0; i < 80; i++) {
        struct twins twins;

        assert_int_equal(guest_build(&image, i % 2 ? "tick" : "sleep", &settings, &reason), 0);
        uint64_t changes = i % 3 ? 1 + random_below(&random, 20) : 300;

        for (uint64_t change = 0; change < changes; change++)
            image.bytes[random_below(&random, 510)] = (uint8_t)random_next(&random);
        open_twins(&twins, image.bytes, i % 4 == 0, i);
        for (unsigned slice = 0; slice < 60 && step(&twins); slice++)
            ;
        close_twins(&twins);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guests_do_not_notice),
        cmocka_unit_test(no_machine_notices),
    };

    return cmocka_run_group_tests_name("vmm_repack", tests, NULL, NULL);
}
