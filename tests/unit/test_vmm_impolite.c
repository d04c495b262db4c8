/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Guests that take what they can get: they get their share, and those beside them do not notice. */
#include "base/clock.h"
#include "base/reason.h"
#include "puppets.h"
#include "vmm/population.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { SPINNERS = 40, SLEEPERS = 200, GROWERS = 30, STORMS = 24 };
#define SECOND NS_PER_SECOND
/* What a sleeper may take to answer, also on a host that has other things to do. */
#define PROMPT_NS               (100 * NS_PER_MILLISECOND)
#define TELL(puppets, vm, code) puppets_tell(puppets, vm, code, sizeof(code))

/* INC DWORD [7000h]; JMP back. */
static const uint8_t spin[] = {0x66, 0xff, 0x06, 0x00, 0x70, 0xeb, 0xf9};

/* MOV WORD [20h], handler; MOV WORD [22h], 0; channel 0 in mode 2 with count 2; IRQ0 on; next: HLT; INC DWORD
 * [7000h]; JMP next; handler: end of interrupt. */
static const uint8_t storm[] = {0xc7, 0x06, 0x20, 0x00, 0x21, 0x80, 0xc7, 0x06, 0x22, 0x00,
                                0x00, 0x00, 0xb0, 0x14, 0xe6, 0x43, 0xb0, 0x02, 0xe6, 0x40,
                                0xb0, 0xee, 0xe6, 0x21, 0xfb, 0xf4, 0x66, 0xff, 0x06, 0x00,
                                0x70, 0xeb, 0xf8, 0x50, 0xb0, 0x20, 0xe6, 0x20, 0x58, 0xcf};

static void rest(uint64_t ns)
{
    clock_sleep_until(clock_now_ns() + ns);
}

static int compare_numbers(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

/* The median of the times that sleepers take for a challenge, one at a time. */
static uint64_t median_answer_ns(struct puppets *puppets, uint64_t first)
{
    uint64_t took[51];
    size_t count = sizeof(took) / sizeof(took[0]);

    for (size_t i = 0; i < count; i++)
        assert_int_equal(puppets_challenge(puppets, first + random_below(&puppets->random, SLEEPERS),
                                           10 * SECOND, &took[i]),
                         0);
    qsort(took, count, sizeof(took[0]), compare_numbers);
    return took[count / 2];
}

/* How far the counters of VMs `first` to `first` + `count` - 1 come in a while: each, and the sum. */
static uint64_t progress(struct puppets *puppets, uint64_t first, uint64_t count, uint64_t *ret_each)
{
    uint64_t sum = 0;
    struct vmm_counts before, after;

    for (uint64_t i = 0; i < count; i++)
        ret_each[i] = puppets_counter(puppets, first + i);
    vmm_count(puppets->vmm, &before);
    do { /* by what the workers get done, not by time: the machine may have other things to do */
        rest(20 * NS_PER_MILLISECOND);
        vmm_count(puppets->vmm, &after);
    } while (after.instructions - before.instructions < 24 * 1000 * 1000);
    for (uint64_t i = 0; i < count; i++) {
        ret_each[i] = (uint32_t)(puppets_counter(puppets, first + i) - (uint32_t)ret_each[i]);
        sum += ret_each[i];
    }
    return sum;
}

/* Every `step`th one from `first` on: workers may get unlike shares of the host. */
static void assert_fair(const uint64_t *each, uint64_t count, uint64_t first, uint64_t step)
{
    uint64_t least = UINT64_MAX, most = 0;

    for (uint64_t i = first; i < count; i += step) {
        least = each[i] < least ? each[i] : least;
        most = each[i] > most ? each[i] : most;
    }
    print_message("# spinners: least %llu, most %llu\n", (unsigned long long)least, (unsigned long long)most);
    assert_true(least > 0 && most < 2 * least);
}

static void spin_beside_sleepers(unsigned workers)
{
    struct vmm_options options = puppets_options(workers);
    struct puppets puppets;
    uint64_t each[SPINNERS];

    puppets_open(&puppets, &options, SPINNERS + SLEEPERS);
    for (uint64_t vm = 0; vm < SPINNERS; vm++)
        assert_int_equal(TELL(&puppets, vm, spin), 0);
    progress(&puppets, 0, SPINNERS, each);
    for (unsigned worker = 0; worker < workers; worker++)
        assert_fair(each, SPINNERS, worker, workers);
    uint64_t median = median_answer_ns(&puppets, SPINNERS);

    print_message("# %u workers, %u spinners: a sleeper answers in %.2f ms\n", workers, SPINNERS,
                  (double)median / 1e6);
    /* A round of all spinners takes more than 60 ms of one worker; nobody waits for that. */
    assert_true(median < PROMPT_NS);
    assert_int_equal(puppets_alive(&puppets, 0, SPINNERS + SLEEPERS, 10 * SECOND), SPINNERS + SLEEPERS);
    puppets_close(&puppets);
}

static void spinners_get_a_share(void **state)
{
    (void)state;
    spin_beside_sleepers(1);
    spin_beside_sleepers(2);
}

/* Opens the timer's interrupt with an own handler at `rate` and then spins. The handler ends the interrupt.
 */
static void a_timer_gives_no_larger_share(void **state)
{
    (void)state;
    /* MOV WORD [20h], handler; MOV WORD [22h], 0; OUT 43h, 34h; OUT 40h, 0; OUT 40h, 1 (4.6 kHz); OUT 21h,
     * EEh; spin */
    static const uint8_t spin_with_timer[] = {
        0xc7, 0x06, 0x20, 0x00, 0x26, 0x80, 0xc7, 0x06, 0x22, 0x00, 0x00, 0x00, 0xb0, 0x34, 0xe6,
        0x43, 0xb0, 0x00, 0xe6, 0x40, 0xb0, 0x01, 0xe6, 0x40, 0xb0, 0xee, 0xe6, 0x21, 0x66, 0xff,
        0x06, 0x00, 0x70, 0xeb, 0xf9, 0x90, 0x90, 0x90, 0x50, 0xb0, 0x20, 0xe6, 0x20, 0x58, 0xcf};
    struct vmm_options options = puppets_options(1);
    struct puppets puppets;
    uint64_t each[SPINNERS];

    puppets_open(&puppets, &options, SPINNERS);
    for (uint64_t vm = 0; vm < SPINNERS; vm++)
        assert_int_equal(vm % 2 ? TELL(&puppets, vm, spin) : TELL(&puppets, vm, spin_with_timer), 0);
    progress(&puppets, 0, SPINNERS, each);
    assert_fair(each, SPINNERS, 0, 1);
    puppets_close(&puppets);
}

static uint64_t process_cpu_ns(void)
{
    struct timespec used;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * SECOND + (uint64_t)used.tv_nsec;
}

/* Rounds of spinner 0 for each second that this process, which but for the worker rests, has of a CPU. */
static uint64_t rounds_a_cpu_second(struct puppets *puppets, uint64_t rest_ns)
{
    uint64_t cpu = process_cpu_ns(), from = puppets_counter(puppets, 0);

    rest(rest_ns);
    return (puppets_counter(puppets, 0) - from) * SECOND / (process_cpu_ns() - cpu);
}

/* Reading the clock's registers is the dearest instruction that there is. */
static void dear_instructions_give_no_larger_share(void **state)
{
    (void)state;
    static const uint8_t spin_on_port[] = {0xb0, 0x00, 0xe6, 0x70,
                                           0xe4, 0x71, 0xeb, 0xfc}; /* IN AL, 71h; JMP back */
    struct vmm_options options = puppets_options(1);
    struct puppets puppets;
    uint64_t alone, beside;

    puppets_open(&puppets, &options, 8 + SLEEPERS);
    assert_int_equal(TELL(&puppets, 0, spin), 0);
    alone = rounds_a_cpu_second(&puppets, SECOND / 5);
    for (uint64_t vm = 1; vm < 4; vm++)
        assert_int_equal(TELL(&puppets, vm, spin_on_port), 0);
    beside = rounds_a_cpu_second(&puppets, SECOND / 2);
    print_message("# a spinner alone %llu rounds a second, beside three that read the clock %llu\n",
                  (unsigned long long)alone, (unsigned long long)beside);
    /* Its fair share is a quarter of the time. */
    assert_true(beside > alone / 10);
    uint64_t median = median_answer_ns(&puppets, 8);

    print_message("# a sleeper answers in %.2f ms\n", (double)median / 1e6);
    assert_true(median < PROMPT_NS);
    puppets_close(&puppets);
}

/* Output without end, with and without the interrupt of the empty transmitter. */
static void floods_are_stopped(void **state)
{
    (void)state;
    /* MOV DX, 3F8h; OUT DX, AL; JMP back */
    static const uint8_t flood[] = {0xba, 0xf8, 0x03, 0xee, 0xeb, 0xfd};
    /* The handler of IRQ4 becomes: OUT DX, AL; end of interrupt. IER: THRE. Then HLT for ever. */
    static const uint8_t flood_by_interrupt[] = {0xfa, 0xc7, 0x06, 0x30, 0x00, 0x15, 0x80, 0xba, 0xf9,
                                                 0x03, 0xb0, 0x02, 0xee, 0xba, 0xf8, 0x03, 0xfb, 0xf4,
                                                 0xeb, 0xfd, 0x90, 0xee, 0xb0, 0x20, 0xe6, 0x20, 0xcf};
    struct vmm_options options = puppets_options(2);
    struct puppets puppets;
    char text[100];

    options.output_limit = 1 << 17;
    puppets_open(&puppets, &options, 8 + SLEEPERS);
    for (uint64_t vm = 0; vm < 8; vm++)
        assert_int_equal(vm % 2 ? TELL(&puppets, vm, flood) : TELL(&puppets, vm, flood_by_interrupt), 0);
    puppets_await_stops(&puppets, VM_STOP_OUTPUT, 8);
    vmm_explain(puppets.vmm, 3, text, sizeof(text));
    assert_non_null(strstr(text, "output limit"));
    assert_int_equal(puppets_challenge(&puppets, 3, SECOND, NULL), -ECONNRESET);
    assert_int_equal(puppets_alive(&puppets, 8, SLEEPERS, 10 * SECOND), SLEEPERS);
    puppets_close(&puppets);
}

/* Timers of 597 kHz and periodic interrupts of the clock at 8 kHz: the VM is woken no more often than the
 * wheel turns. */
static void storms_of_timers_are_bounded(void **state)
{
    (void)state;
    struct vmm_options options = puppets_options(1);
    struct vmm_counts before, after;
    struct puppets puppets;

    puppets_open(&puppets, &options, 4 + SLEEPERS);
    for (uint64_t vm = 0; vm < 4; vm++)
        assert_int_equal(TELL(&puppets, vm, storm), 0);
    uint64_t begin = clock_now_ns();

    vmm_count(puppets.vmm, &before);
    rest(SECOND / 2);
    vmm_count(puppets.vmm, &after);
    double seconds = (double)(clock_now_ns() - begin) / 1e9,
           wakes = (double)(after.wakes - before.wakes) / 4 / seconds;

    print_message("# %.0f wakes a second of each, %.0f instructions a second\n", wakes,
                  (double)(after.instructions - before.instructions) / 4 / seconds);
    assert_true(after.ticks_lost > before.ticks_lost);
    assert_true(puppets_counter(&puppets, 0) > 0);
    assert_true(wakes < 8000 && wakes > 100);
    assert_true(median_answer_ns(&puppets, 4) < PROMPT_NS);
    puppets_close(&puppets);
}

/* All memory, again and again, with other bytes each time. */
static void growth_ends_at_the_limit(void **state)
{
    (void)state;
    /* From segment 1000h to 9000h: MOV [DI], AX and a step of a generator, 64 KiB each; then once more. */
    static const uint8_t dirty[] = {0xb8, 0x00, 0x10, 0x8e, 0xc0, 0x31, 0xff, 0x69, 0xdb, 0xfd,
                                    0x43, 0x81, 0xc3, 0xc3, 0x9e, 0x26, 0x89, 0x1d, 0x47, 0x47,
                                    0x75, 0xf1, 0x8c, 0xc0, 0x80, 0xc4, 0x10, 0x80, 0xfc, 0xa0,
                                    0x75, 0xe3, 0x66, 0xff, 0x06, 0x00, 0x70, 0xeb, 0xd9};
    struct vmm_options options = puppets_options(2);
    struct store_usage usage;
    struct vmm_counts counts;
    struct puppets puppets;
    char text[100] = "";

    options.memory_limit = 8 << 20;
    puppets_open(&puppets, &options, GROWERS + SLEEPERS);
    for (uint64_t vm = 0; vm < GROWERS; vm++)
        assert_int_equal(TELL(&puppets, vm, dirty), 0);
    for (uint64_t until = clock_now_ns() + 20 * SECOND; clock_now_ns() < until;) {
        rest(5 * NS_PER_MILLISECOND);
        vmm_usage(puppets.vmm, &usage);
        assert_true(usage.held_bytes <= options.memory_limit);
        vmm_count(puppets.vmm, &counts);
        /* The counts are not all of one moment. */
        assert_in_range(counts.running + counts.stopped, GROWERS + SLEEPERS, 2 * GROWERS + SLEEPERS);
        assert_true(counts.stops[VM_STOP_NO_MEMORY] >= counts.stopped);
        if (counts.stopped >= GROWERS / 2)
            break;
    }
    print_message("# %llu stopped, %llu bytes held\n", (unsigned long long)counts.stopped,
                  (unsigned long long)usage.held_bytes);
    assert_true(counts.stopped >= GROWERS / 4 && counts.stopped < GROWERS);
    for (uint64_t vm = 0; vm < GROWERS && !text[0]; vm++)
        vmm_explain(puppets.vmm, vm, text, sizeof(text));
    assert_non_null(strstr(text, "no memory"));
    /* Who has stopped stays stopped, and those who sleep know nothing of it. */
    assert_int_equal(puppets_alive(&puppets, GROWERS, SLEEPERS, 10 * SECOND), SLEEPERS);
    vmm_count(puppets.vmm, &counts);
    uint64_t stopped = counts.stopped, alive = puppets_alive(&puppets, 0, GROWERS, 10 * SECOND);

    assert_int_equal(puppets_alive(&puppets, GROWERS, SLEEPERS, 10 * SECOND), SLEEPERS);
    vmm_count(puppets.vmm, &counts);
    assert_true(counts.stopped <= GROWERS);
    assert_in_range(alive, GROWERS - counts.stopped, GROWERS - stopped);
    puppets_close(&puppets);
}

/* Workers without room for more leave gaps in the numbers; a population with them can be saved. */
static void gaps_are_saved(void **state)
{
    (void)state;
    char path[] = "/tmp/test-vmm-impolite-XXXXXX";
    struct vmm_options options = puppets_options(2);
    struct reason reason = {""};
    struct vmm_counts before, after;
    struct puppets puppets;
    static const uint8_t dirty[] = {0xb9, 0x00, 0x30, 0xbf, 0x00, 0x90, 0x69, 0xdb, 0xfd, 0x43, 0x81,
                                    0xc3, 0xc3, 0x9e, 0x89, 0x1d, 0x47, 0x47, 0xe2, 0xf2, 0xc3};
    int file = mkstemp(path);

    assert_true(file >= 0);
    close(file);
    options.memory_limit = 4 << 20;
    puppets_open(&puppets, &options, 40);
    for (uint64_t vm = 0; vm < 40; vm += 2) /* all of one worker: 24 KiB of random numbers each */
        assert_int_equal(TELL(&puppets, vm, dirty), 0);
    vmm_boot(puppets.vmm, 200000);
    for (unsigned i = 0; i < 1000 && vmm_booting(puppets.vmm) > 0; i++)
        rest(10 * NS_PER_MILLISECOND);
    assert_int_equal(vmm_booting(puppets.vmm), 0);
    assert_int_equal(vmm_exhausted(puppets.vmm, &reason), -ENOMEM);
    vmm_count(puppets.vmm, &before);
    print_message("# %llu VMs, numbers up to %llu\n", (unsigned long long)before.started,
                  (unsigned long long)before.numbers);
    assert_true(before.numbers > before.started);
    assert_int_equal(before.booting, 0);
    if (vmm_save(puppets.vmm, path, &reason) < 0)
        fail_msg("%s", reason.text);
    puppets_close(&puppets);
    options.workers = 3;
    options.memory_limit = 0;
    if (vmm_restore(&options, path, &puppets.vmm, &reason) < 0)
        fail_msg("%s", reason.text);
    vmm_count(puppets.vmm, &after);
    assert_int_equal(after.running, before.running);
    assert_int_equal(after.started, before.numbers);
    assert_int_equal(puppets_alive(&puppets, 1, 20, 10 * SECOND), 20);
    puppets_close(&puppets);
    unlink(path);
}

static void ends_are_counted(void **state)
{
    (void)state;
    /* LIDT [8010h], of which the limit is 0; INT3 */
    static const uint8_t triple_fault[] = {0x0f, 0x01, 0x1e, 0x10, 0x80, 0xcc, 0, 0, 0, 0, 0,
                                           0,    0,    0,    0,    0,    0,    0, 0, 0, 0, 0};
    static const uint8_t halt[] = {0xfa, 0xf4};      /* CLI; HLT */
    static const uint8_t undefined[] = {0x0f, 0x0b}; /* UD2 */
    static const uint8_t paging[] = {0x0f, 0x20, 0xc0, 0x66, 0x0d, 0, 0, 0, 0x80, 0x0f, 0x22, 0xc0};
    static const uint8_t reset[] = {0xb0, 0x01, 0xe6, 0x92}; /* by port 92h */
    /* MOV DWORD [7000h], 12345678h; JMP FFFF:0000 */
    static const uint8_t again[] = {0x66, 0xc7, 0x06, 0x00, 0x70, 0x78, 0x56,
                                    0x34, 0x12, 0xea, 0x00, 0x00, 0xff, 0xff};
    /* The whole ROM is written over, and then booted from: MOV AX, F000h; MOV ES, AX; MOV CX, 8000h; REP
     * STOSW; ... */
    static const uint8_t burn[] = {0xb8, 0x00, 0xf0, 0x8e, 0xc0, 0xb9, 0x00, 0x80,
                                   0xf3, 0xab, 0xea, 0x00, 0x00, 0xff, 0xff};
    static const uint8_t coprocessor[] = {0xd9, 0xe8}; /* FLD1 */
    struct vmm_options options = puppets_options(1);
    struct vmm_counts counts;
    struct puppets puppets;

    puppets_open(&puppets, &options, 10);
    assert_int_equal(TELL(&puppets, 0, triple_fault), 0);
    assert_int_equal(TELL(&puppets, 1, undefined), 0);
    assert_int_equal(TELL(&puppets, 2, paging), 0);
    assert_int_equal(TELL(&puppets, 3, coprocessor), 0);
    assert_int_equal(TELL(&puppets, 4, halt), 0);
    assert_int_equal(TELL(&puppets, 5, reset), 0);
    assert_int_equal(TELL(&puppets, 6, again), 0);
    assert_int_equal(TELL(&puppets, 7, burn), 0);
    puppets_await_stops(&puppets, VM_STOP_TRIPLE_FAULT, 1);
    puppets_await_stops(&puppets, VM_STOP_EXCEPTION, 1);
    puppets_await_stops(&puppets, VM_STOP_UNSUPPORTED, 1);
    puppets_await_stops(&puppets, VM_STOP_UNKNOWN_OPCODE, 1);
    vmm_count(puppets.vmm, &counts);
    assert_int_equal(counts.running, 6);
    assert_int_equal(counts.stopped, 4);
    /* It sleeps for good: nothing is wrong with that, but it does not answer. */
    assert_int_equal(puppets_challenge(&puppets, 4, SECOND / 10, NULL), -ETIMEDOUT);
    /* These have booted again. */
    assert_int_equal(puppets_challenge(&puppets, 5, 10 * SECOND, NULL), 0);
    assert_int_equal(puppets_counter(&puppets, 6), 0);
    assert_int_equal(puppets_alive(&puppets, 5, 5, 10 * SECOND), 5);
    puppets_close(&puppets);
}

static void spoil_record(struct shard *shard, void *argument)
{
    static const uint8_t record[] = {0, MACHINE_BASES_MOST - 1}; /* a base that there is not */

    (void)argument;
    assert_int_equal(store_put(shard->store, 0, record, sizeof(record)), 0);
}

/* As when there is no memory for the base of a VM in a worker that has not had it yet. */
static void what_cannot_be_laid_stops(void **state)
{
    (void)state;
    struct vmm_options options = puppets_options(1);
    struct vmm_counts counts;
    struct puppets puppets;

    puppets_open(&puppets, &options, 3);
    worker_call(puppets.vmm->workers[0], spoil_record, NULL);
    assert_int_equal(puppets_challenge(&puppets, 0, SECOND, NULL), -ECONNRESET);
    vmm_count(puppets.vmm, &counts);
    assert_int_equal(counts.stops[VM_STOP_NO_MEMORY], 1);
    assert_int_equal(counts.running, 2);
    assert_int_equal(puppets_alive(&puppets, 1, 2, 10 * SECOND), 2);
    puppets_close(&puppets);
}

/* Large machines with fast timers: each wake is dear, and those beside them do not wait for all of them. */
static void dear_wakes_hold_nobody_up(void **state)
{
    (void)state;
    /* As in growth_ends_at_the_limit, but once: 576 KiB; then the storm of timers. */
    static const uint8_t dirty[] = {0xb8, 0x00, 0x10, 0x8e, 0xc0, 0x31, 0xff, 0x69, 0xdb, 0xfd, 0x43,
                                    0x81, 0xc3, 0xc3, 0x9e, 0x26, 0x89, 0x1d, 0x47, 0x47, 0x75, 0xf1,
                                    0x8c, 0xc0, 0x80, 0xc4, 0x10, 0x80, 0xfc, 0xa0, 0x75, 0xe3, 0xc3};
    struct vmm_options options = puppets_options(1);
    struct vmm_counts counts;
    struct puppets puppets;

    puppets_open(&puppets, &options, STORMS + SLEEPERS);
    for (uint64_t vm = 0; vm < STORMS; vm++)
        assert_int_equal(TELL(&puppets, vm, dirty), 0);
    do {
        rest(10 * NS_PER_MILLISECOND);
        vmm_count(puppets.vmm, &counts);
    } while (counts.runnable > 0);
    for (uint64_t vm = 0; vm < STORMS; vm++)
        assert_int_equal(TELL(&puppets, vm, storm), 0);
    struct vmm_counts after;
    uint64_t begin = clock_now_ns();

    vmm_count(puppets.vmm, &counts);
    uint64_t median = median_answer_ns(&puppets, STORMS), took = clock_now_ns() - begin;

    vmm_count(puppets.vmm, &after);
    uint64_t wake = took / (after.wakes - counts.wakes);

    print_message("# a wake takes %.2f ms, a sleeper answers in %.2f ms\n", (double)wake / 1e6,
                  (double)median / 1e6);
    /* That is the time of some wakes, not of all that are due. */
    assert_true(median < PROMPT_NS + 10 * wake);
    puppets_close(&puppets);
}

/* Never ready, and never at rest. */
static void resets_without_end_fail(void **state)
{
    (void)state;
    static const uint8_t code[] = {0xb0, 0xfe, 0xe6,
                                   0x64}; /* pulses the reset line by the keyboard's controller */
    uint8_t image[512] = {0};
    struct vmm_options options = puppets_options(1);
    struct vmm_counts counts;
    struct puppets puppets = {.random = {1}};

    memcpy(image, code, sizeof(code));
    image[510] = 0x55;
    image[511] = 0xaa;
    options.boot_timeout_ns = SECOND / 5;
    assert_int_equal(vmm_open(&options, image, &puppets.vmm, NULL), 0);
    vmm_boot(puppets.vmm, 50);
    puppets_await_stops(&puppets, VM_RUNS, 50);
    rest(SECOND / 50);
    vmm_count(puppets.vmm, &counts);
    assert_int_equal(counts.failed, 50);
    assert_int_equal(counts.runnable, 0);
    puppets_close(&puppets);
}

/* More keys and bytes than the guest takes: they wait up to the promised size, and the VM goes on. */
static void floods_of_input_are_bounded(void **state)
{
    (void)state;
    static const uint8_t halt[] = {0xfa, 0xf4};
    struct vmm_options options = puppets_options(1);
    uint8_t keys[3000];
    struct puppets puppets;
    size_t taken = 0;

    memset(keys, 0x1e, sizeof(keys));
    puppets_open(&puppets, &options, 2 + SLEEPERS);
    assert_int_equal(TELL(&puppets, 0, halt), 0);
    for (uint64_t vm = 0; vm < 2; vm++) {
        assert_int_equal(vmm_console_open(puppets.vmm, vm), 0);
        taken = 0;
        for (unsigned i = 0; i < 20; i++)
            taken += vmm_console_press(puppets.vmm, vm, keys, sizeof(keys));
        assert_in_range(taken, 4096, 4096 + 64);
        assert_int_equal(vmm_console_press(puppets.vmm, vm, keys, sizeof(keys)), 0);
    }
    taken = 0;
    for (unsigned i = 0; i < 20; i++)
        taken += vmm_console_write(puppets.vmm, 0, keys, sizeof(keys));
    assert_in_range(taken, 4096, 4096 + 64);
    vmm_console_close(puppets.vmm, 1);
    assert_int_equal(puppets_challenge(&puppets, 1, 10 * SECOND, NULL), 0);
    assert_int_equal(puppets_challenge(&puppets, 0, SECOND, NULL), -EBUSY);
    vmm_console_close(puppets.vmm, 0);
    assert_int_equal(puppets_challenge(&puppets, 0, SECOND / 10, NULL), -ETIMEDOUT);
    assert_int_equal(puppets_alive(&puppets, 2, SLEEPERS, 10 * SECOND), SLEEPERS);
    puppets_close(&puppets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spinners_get_a_share),
        cmocka_unit_test(a_timer_gives_no_larger_share),
        cmocka_unit_test(dear_instructions_give_no_larger_share),
        cmocka_unit_test(floods_are_stopped),
        cmocka_unit_test(storms_of_timers_are_bounded),
        cmocka_unit_test(growth_ends_at_the_limit),
        cmocka_unit_test(gaps_are_saved),
        cmocka_unit_test(ends_are_counted),
        cmocka_unit_test(what_cannot_be_laid_stops),
        cmocka_unit_test(dear_wakes_hold_nobody_up),
        cmocka_unit_test(resets_without_end_fail),
        cmocka_unit_test(floods_of_input_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
