/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Guests that mean harm, on KVM: each harms itself at most, and the others get their turn. */
#include "../unit/puppets.h"
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { SLEEPERS = 6, HAMMERERS = 7 };

#define PATIENCE_NS (60 * NS_PER_SECOND)
#define WATCH_NS    (6 * NS_PER_SECOND)

/* Code is called at 8000h; each of these counts its rounds at 7000h. */
static const struct {
    const char *name;
    uint8_t code[24];
    size_t size;
} hammerers[HAMMERERS] = {
    /* more: INC DWORD [7000h]; JMP more */
    {"spins", {0x66, 0xff, 0x06, 0x00, 0x70, 0xeb, 0xf9}, 7},
    /* CLI; more: INC DWORD [7000h]; JMP more */
    {"spins with interrupts off", {0xfa, 0x66, 0xff, 0x06, 0x00, 0x70, 0xeb, 0xf9}, 8},
    /* MOV DX, 80h; more: IN AX, DX; INC DWORD [7000h]; JMP more */
    {"hammers a port", {0xba, 0x80, 0x00, 0xed, 0x66, 0xff, 0x06, 0x00, 0x70, 0xeb, 0xf8}, 11},
    /* MOV AX, 0C000h; MOV ES, AX; more: MOV AX, [ES:0]; MOV [ES:0], AX; INC DWORD [7000h]; JMP more */
    {"hammers memory that is not there",
     {0xb8, 0x00, 0xc0, 0x8e, 0xc0, 0x26, 0xa1, 0x00, 0x00, 0x26,
      0xa3, 0x00, 0x00, 0x66, 0xff, 0x06, 0x00, 0x70, 0xeb, 0xf1},
     20},
    /* more: INC BYTE [8005h], which is within MOV AX, 0; INC DWORD [7000h]; JMP more */
    {"changes its code",
     {0xfe, 0x06, 0x05, 0x80, 0xb8, 0x00, 0x00, 0x66, 0xff, 0x06, 0x00, 0x70, 0xeb, 0xf2},
     14},
    /* more: MOV AL, 0; OUT 92h, AL; MOV AL, 2; OUT 92h, AL; INC DWORD [7000h]; JMP more */
    {"turns A20 off and on",
     {0xb0, 0x00, 0xe6, 0x92, 0xb0, 0x02, 0xe6, 0x92, 0x66, 0xff, 0x06, 0x00, 0x70, 0xeb, 0xf1},
     15},
    /* more: VMMCALL; INC DWORD [7000h]; JMP more; it may be #UD instead, which the firmware stops. */
    {"makes hypercalls", {0x0f, 0x01, 0xd9, 0x66, 0xff, 0x06, 0x00, 0x70, 0xeb, 0xf6}, 10},
};

static void open_on_kvm(struct puppets *puppets, bool resident, uint64_t count)
{
    struct vmm_options options = puppets_options(1);

    options.cpu = VMM_CPU_KVM;
    options.resident = resident;
    options.boot_timeout_ns = PATIENCE_NS;
    puppets_open(puppets, &options, count);
    puppets->patience_ns = PATIENCE_NS;
}

static void others_get_their_turn(void **resident)
{
    struct puppets puppets;
    uint64_t until;

    open_on_kvm(&puppets, *(bool *)*resident, HAMMERERS + SLEEPERS);
    for (uint64_t vm = 0; vm < HAMMERERS; vm++)
        assert_int_equal(puppets_tell(&puppets, vm, hammerers[vm].code, hammerers[vm].size), 0);
    until = clock_now_ns() + WATCH_NS;
    do
        assert_int_equal(puppets_alive(&puppets, HAMMERERS, SLEEPERS, PATIENCE_NS), SLEEPERS);
    while (clock_now_ns() < until);
    /* Those that let interrupts in answer beside what they do. */
    for (uint64_t vm = 0; vm < HAMMERERS; vm++) {
        if (vm == 1 || !vmm_is_running(puppets.vmm, vm))
            continue;
        uint32_t rounds = puppets_counter(&puppets, vm);

        print_message("# %s: %u rounds\n", hammerers[vm].name, rounds);
        assert_true(rounds > 0);
    }
    puppets_close(&puppets);
}

static void spinners_get_equal_shares(void **resident)
{
    enum { SPINNERS = 4 };
    struct puppets puppets;
    uint32_t before[SPINNERS], least = UINT32_MAX, most = 0;

    open_on_kvm(&puppets, *(bool *)*resident, SPINNERS);
    for (uint64_t vm = 0; vm < SPINNERS; vm++)
        assert_int_equal(puppets_tell(&puppets, vm, hammerers[0].code, hammerers[0].size), 0);
    for (uint64_t vm = 0; vm < SPINNERS; vm++)
        before[vm] = puppets_counter(&puppets, vm);
    clock_sleep_until(clock_now_ns() + WATCH_NS);
    for (uint64_t vm = 0; vm < SPINNERS; vm++) {
        uint32_t rounds = puppets_counter(&puppets, vm) - before[vm];

        least = rounds < least ? rounds : least;
        most = rounds > most ? rounds : most;
    }
    print_message("# %u to %u rounds\n", least, most);
    assert_true(least > 0 && most < 2 * least);
    puppets_close(&puppets);
}

static void await_stop(struct puppets *puppets, enum vm_stop stop)
{
    struct vmm_counts counts;
    uint64_t until = clock_now_ns() + PATIENCE_NS;

    do {
        clock_sleep_until(clock_now_ns() + 5 * NS_PER_MILLISECOND);
        vmm_count(puppets->vmm, &counts);
    } while (counts.stops[stop] == 0 && clock_now_ns() < until);
    assert_int_equal(counts.stops[stop], 1);
}

static void deaths_are_their_own(void **resident)
{
    /* LIDT [8008h], which is zero; INT3 */
    static const uint8_t triple[] = {0x0f, 0x01, 0x1e, 0x08, 0x80, 0xcc, 0xeb, 0xfe, 0, 0, 0, 0, 0, 0};
    static const uint8_t coprocessor[] = {0xd9, 0xeb, 0xeb, 0xfe};   /* FLDPI; JMP $ */
    static const uint8_t nowhere[] = {0xea, 0x00, 0x00, 0x00, 0xc0}; /* JMP 0C000h:0 */
    /* MOV DX, 3F8h; more: OUT DX, AL; JMP more */
    static const uint8_t flood[] = {0xba, 0xf8, 0x03, 0xee, 0xeb, 0xfd};
    struct puppets puppets;
    struct vmm_counts counts;

    open_on_kvm(&puppets, *(bool *)*resident, 4 + SLEEPERS);
    assert_int_equal(puppets_tell(&puppets, 0, triple, sizeof(triple)), 0);
    await_stop(&puppets, VM_STOP_TRIPLE_FAULT);
    assert_int_equal(puppets_tell(&puppets, 1, coprocessor, sizeof(coprocessor)), 0);
    await_stop(&puppets, VM_STOP_UNKNOWN_OPCODE);
    assert_int_equal(puppets_tell(&puppets, 2, nowhere, sizeof(nowhere)), 0);
    await_stop(&puppets, VM_STOP_EXCEPTION);
    assert_int_equal(puppets_tell(&puppets, 3, flood, sizeof(flood)), 0);
    assert_int_equal(puppets_alive(&puppets, 4, SLEEPERS, PATIENCE_NS), SLEEPERS);
    vmm_count(puppets.vmm, &counts);
    assert_int_equal(counts.stops[VM_STOP_HOST], 0);
    puppets_close(&puppets);
}

/* A guest that changes MXCSR, and nothing else before it sleeps. */
static void one_register_is_enough(void **resident)
{
    /* MOV EAX, 200h; MOV CR4, EAX, which lets SSE be used; LDMXCSR [800Fh]; RET; 3F80h, after reset it is
     * 1F80h */
    static const uint8_t code[] = {0x66, 0xb8, 0x00, 0x02, 0x00, 0x00, 0x0f, 0x22, 0xe0, 0x0f,
                                   0xae, 0x16, 0x0f, 0x80, 0xc3, 0x80, 0x3f, 0x00, 0x00};

    struct puppets puppets;

    open_on_kvm(&puppets, *(bool *)*resident, 1 + SLEEPERS);
    assert_int_equal(puppets_tell(&puppets, 0, code, sizeof(code)), 0);
    await_stop(&puppets, VM_STOP_UNKNOWN_OPCODE);
    assert_int_equal(puppets_alive(&puppets, 1, SLEEPERS, PATIENCE_NS), SLEEPERS);
    puppets_close(&puppets);
}

/* In both classes: in shells, and with a KVM VM each. */
#define BOTH(test)                                                                                           \
    {"class T: " #test, test, NULL, NULL, &in_shells},                                                       \
    {                                                                                                        \
        "class A: " #test, test, NULL, NULL, &each_its_own                                                   \
    }

int main(void)
{
    static bool in_shells = false, each_its_own = true;
    const struct CMUnitTest tests[] = {
        BOTH(others_get_their_turn),
        BOTH(spinners_get_equal_shares),
        BOTH(deaths_are_their_own),
        BOTH(one_register_is_enough),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
