/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A population in which half of the VMs execute code by chance. The other half keep numbers in their memory,
 * and every one of those stays as it is. */
#include "../fuzz/case.h"
#include "base/clock.h"
#include "puppets.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define FILLED 0xcefaedfeu

enum { VMS = 48, ROUNDS = 4, CODE_MOST = 400, WORDS = 0x3000, FROM = 0x9000 };

/* What a keeper of number `vm` has at FROM: a generator's numbers. */
static uint16_t step(uint16_t value)
{
    return (uint16_t)(value * 0x43fdu + 0x9ec3u);
}

/* What a keeper adds up, from `start` on. */
static uint32_t expected_sum(uint64_t vm, uint32_t start)
{
    uint32_t sum = start;
    uint16_t value = (uint16_t)vm;

    for (unsigned i = 0; i < WORDS; i++) {
        value = step(value);
        sum = (sum << 1 | sum >> 31) + value;
    }
    return sum;
}

/* Has code run to its end, where it leaves `result`: a puppet answers before it runs what it was told, and
 * the next code would be written over that. */
static void compute(struct puppets *puppets, uint64_t vm, const uint8_t *code, size_t size, uint32_t result)
{
    uint64_t until = clock_now_ns() + 60 * NS_PER_SECOND;
    uint32_t got;

    assert_int_equal(puppets_tell(puppets, vm, code, size), 0);
    do
        got = puppets_counter(puppets, vm);
    while (got != result && clock_now_ns() < until);
    if (got != result)
        fail_msg("VM %llu comes to %08x, not to %08x", (unsigned long long)vm, got, result);
}

static void fill(struct puppets *puppets, uint64_t vm)
{
    /* MOV BX, vm; MOV CX, WORDS; MOV DI, FROM; next: IMUL BX, BX, 43FDh; ADD BX, 9EC3h; MOV [DI], BX; INC DI
     * twice; LOOP; MOV DWORD [7000h], FILLED; RET */
    uint8_t code[] = {0xbb, (uint8_t)vm, (uint8_t)(vm >> 8),
                      0xb9, 0x00,        0x30,
                      0xbf, 0x00,        0x90,
                      0x69, 0xdb,        0xfd,
                      0x43, 0x81,        0xc3,
                      0xc3, 0x9e,        0x89,
                      0x1d, 0x47,        0x47,
                      0xe2, 0xf2,        0x66,
                      0xc7, 0x06,        0x00,
                      0x70, 0xfe,        0xed,
                      0xfa, 0xce,        0xc3};

    compute(puppets, vm, code, sizeof(code), FILLED);
}

/* It is told where to begin, so that no sum is that of an earlier round. */
static void check(struct puppets *puppets, uint64_t vm, uint8_t start)
{
    /* MOV EDX, start; MOV CX, WORDS; MOV SI, FROM; next: ROL EDX, 1; MOVZX EAX, WORD [SI]; ADD EDX, EAX; INC
     * SI twice; LOOP; MOV [7000h], EDX; RET */
    const uint8_t code[] = {0x66, 0xba, start, 0x00, 0x00, 0x00, 0xb9, 0x00, 0x30, 0xbe, 0x00,
                            0x90, 0x66, 0xd1,  0xc2, 0x66, 0x0f, 0xb7, 0x04, 0x66, 0x01, 0xc2,
                            0x46, 0x46, 0xe2,  0xf2, 0x66, 0x89, 0x16, 0x00, 0x70, 0xc3};

    compute(puppets, vm, code, sizeof(code), expected_sum(vm, start));
}

/* Code of any kind; what it does to its VM is its own matter. */
static void disturb(struct puppets *puppets, uint64_t vm, uint64_t number)
{
    static const struct corpus nothing;
    struct fuzz_case fuzz;

    case_make(&fuzz, 1, number, &nothing);
    int status = puppets_tell(puppets, vm, fuzz.sector, CODE_MOST);

    assert_true(status == 0 || status == -ECONNRESET || status == -ETIMEDOUT);
}

static void live_beside_chance(unsigned workers)
{
    struct vmm_options options = puppets_options(workers);
    struct vmm_counts counts;
    struct puppets puppets;

    options.output_limit = 1 << 16;
    puppets_open(&puppets, &options, VMS);
    for (uint64_t vm = 0; vm < VMS; vm += 2)
        fill(&puppets, vm);
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t patience_ns = puppets.patience_ns;

        puppets.patience_ns = NS_PER_SECOND / 10; /* many of these will not answer any more */
        for (uint64_t vm = 1; vm < VMS; vm += 2)
            disturb(&puppets, vm, (uint64_t)workers << 32 | round * VMS | vm);
        puppets.patience_ns = patience_ns;
        for (uint64_t vm = 0; vm < VMS; vm += 2)
            check(&puppets, vm, (uint8_t)(round + 1));
    }
    vmm_count(puppets.vmm, &counts);
    print_message("# %llu of %u stopped, %llu instructions\n", (unsigned long long)counts.stopped, VMS / 2,
                  (unsigned long long)counts.instructions);
    assert_true(counts.stopped > 0);
    puppets_close(&puppets);
}

static void keep_their_memory(void **state)
{
    (void)state;
    live_beside_chance(1);
    live_beside_chance(2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keep_their_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
