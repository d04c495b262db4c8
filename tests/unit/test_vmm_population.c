/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What vmm.h promises of populations: boots, requests, counts, time. */
#include "base/clock.h"
#include "base/reason.h"
#include "guest/catalog.h"
#include "guest/challenge.h"
#include "vmm/vmm.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PATIENCE_NS (20 * NS_PER_SECOND)

static const char ready[] = "mvm1 sleep", ready_tick[] = "mvm1 tick";

static struct vmm_options options(unsigned workers, const char *ready_line)
{
    return (struct vmm_options){.workers = workers,
                                .memory_mib = 1,
                                .slice = 50000,
                                .output_limit = 1 << 20,
                                .boot_timeout_ns = PATIENCE_NS,
                                .drive = 0x80,
                                .learn = true,
                                .ready_line = ready_line};
}

static struct vmm *open_guest(const struct vmm_options *options, const char *guest)
{
    struct guest_settings settings = {0};
    struct reason reason = {""};
    struct image image;
    struct vmm *vmm;

    assert_int_equal(guest_build(&image, guest, &settings, &reason), 0);
    if (vmm_open(options, image.bytes, &vmm, &reason) < 0)
        fail_msg("%s", reason.text);
    return vmm;
}

/* A boot sector of this code. */
static struct vmm *open_code(const struct vmm_options *options, const uint8_t *code, size_t size)
{
    uint8_t image[512] = {0};
    struct reason reason = {""};
    struct vmm *vmm;

    memcpy(image, code, size);
    image[510] = 0x55;
    image[511] = 0xaa;
    if (vmm_open(options, image, &vmm, &reason) < 0)
        fail_msg("%s", reason.text);
    return vmm;
}

static void await_boots(struct vmm *vmm)
{
    uint64_t until = clock_now_ns() + PATIENCE_NS;

    while (vmm_booting(vmm) > 0) {
        assert_true(clock_now_ns() < until);
        clock_sleep_until(clock_now_ns() + NS_PER_MILLISECOND);
    }
}

static struct vmm_counts counts_of(struct vmm *vmm)
{
    struct vmm_counts counts;

    vmm_count(vmm, &counts);
    return counts;
}

static struct vmm_request request_of(uint64_t vm, const char *line, char *answer, size_t room, uint64_t ns)
{
    return (struct vmm_request){.vm = vm,
                                .bytes = line,
                                .length = strlen(line),
                                .answer = answer,
                                .room = room,
                                .deadline_ns = clock_now_ns() + ns};
}

/* Submits one and waits for it. */
static int ask(struct vmm *vmm, uint64_t vm, const char *line, char *answer, size_t room, uint64_t ns)
{
    struct vmm_request request = request_of(vm, line, answer, room, ns), *one = &request, *done = NULL;

    vmm_submit(vmm, &one, 1);
    for (uint64_t until = clock_now_ns() + PATIENCE_NS; !done && clock_now_ns() < until;)
        vmm_reap(vmm, &done, 1, until);
    assert_ptr_equal(done, &request);
    assert_true(request.answered_ns >= request.submitted_ns);
    return request.status;
}

static void boots_what_it_is_told(void **state)
{
    struct vmm_options three = options(3, ready);
    struct vmm *vmm = open_guest(&three, "sleep");
    double seconds[10000];
    char text[200];

    (void)state;
    assert_int_equal(counts_of(vmm).started, 0);
    vmm_boot(vmm, 1);
    await_boots(vmm);
    vmm_boot(vmm, 1000);
    vmm_boot(vmm, 999);
    await_boots(vmm);
    struct vmm_counts counts = counts_of(vmm);

    assert_int_equal(counts.started, 2000);
    assert_int_equal(counts.running, 2000);
    assert_int_equal(counts.numbers, 2000); /* without gaps over three workers */
    assert_int_equal(counts.boots, 2000);
    assert_true(vmm_is_running(vmm, 1999));
    assert_false(vmm_is_running(vmm, 2000));
    assert_false(vmm_is_running(vmm, UINT64_C(1) << 40));
    vmm_explain(vmm, 5, text, sizeof(text));
    assert_string_equal(text, "");
    /* A small room is shared by the workers, and the others wait for the next call. */
    assert_int_equal(vmm_take_boot_times(vmm, seconds, 30), 30);
    assert_int_equal(vmm_take_boot_times(vmm, seconds, 10000), 1970);
    assert_int_equal(vmm_take_boot_times(vmm, seconds, 10000), 0);
    for (size_t i = 0; i < 1970; i++)
        assert_true(seconds[i] > 0 && seconds[i] < 20);
    vmm_close(vmm);
}

/* "cli; hlt; jmp back": never says a word. */
static const uint8_t mute[] = {0xfa, 0xf4, 0xeb, 0xfc};

static void silent_boots_fail_in_time(void **state)
{
    struct vmm_options two = options(2, ready);
    char text[200];

    (void)state;
    two.boot_timeout_ns = 300 * NS_PER_MILLISECOND;
    struct vmm *vmm = open_code(&two, mute, sizeof(mute));
    uint64_t start = clock_now_ns();

    /* More than boot at once: the later ones wait for those before them to fail. */
    vmm_boot(vmm, 600);
    clock_sleep_until(start + 100 * NS_PER_MILLISECOND);
    struct vmm_counts soon = counts_of(vmm);

    if (clock_now_ns() - start < 250 * NS_PER_MILLISECOND) { /* unless this machine was held up */
        assert_int_equal(soon.failed, 0);
        assert_in_range(soon.booting, 1, 256);
    }
    await_boots(vmm);
    assert_true(clock_now_ns() - start >= 900 * NS_PER_MILLISECOND); /* 256 of 600 at a time */
    struct vmm_counts counts = counts_of(vmm);

    assert_int_equal(counts.failed, 600);
    assert_int_equal(counts.stops[VM_RUNS], 600);
    assert_int_equal(counts.running, 0);
    assert_false(vmm_is_running(vmm, 3));
    vmm_explain(vmm, 3, text, sizeof(text));
    assert_string_equal(text, "it did not announce itself in time");
    vmm_last_stop(vmm, text, sizeof(text));
    assert_string_equal(text, "it did not announce itself in time");
    vmm_close(vmm);
}

/* Without a line to wait for, a VM is booted after its first slice, whatever it does. */
static void others_are_booted_at_once(void **state)
{
    struct vmm_options one = options(1, NULL);
    struct vmm *vmm = open_code(&one, mute, sizeof(mute));

    (void)state;
    vmm_boot(vmm, 500);
    await_boots(vmm);
    assert_int_equal(counts_of(vmm).running, 500);
    assert_int_equal(counts_of(vmm).failed, 0);
    vmm_close(vmm);
}

static void boots_are_taken_back(void **state)
{
    struct vmm_options two = options(2, ready);
    struct vmm *vmm = open_guest(&two, "sleep");
    char answer[32];

    (void)state;
    vmm_boot(vmm, 50000000);
    while (counts_of(vmm).started < 5000)
        clock_sleep_until(clock_now_ns() + 100000);
    vmm_boot_cancel(vmm);
    await_boots(vmm);
    struct vmm_counts before = counts_of(vmm);

    assert_true(before.started >= 5000 && before.started < 50000000);
    assert_int_equal(before.running, before.started);
    clock_sleep_until(clock_now_ns() + 50 * NS_PER_MILLISECOND);
    assert_int_equal(counts_of(vmm).started, before.started); /* none comes later */
    /* All that were started have numbers below `numbers`, and answer there. */
    uint64_t found = 0;

    for (uint64_t vm = 0; vm < before.numbers; vm++)
        found += vmm_is_running(vmm, vm);
    assert_int_equal(found, before.running);
    assert_int_equal(ask(vmm, before.numbers - 1, "?\n", answer, sizeof(answer), PATIENCE_NS), 0);
    assert_string_equal(answer, "!");
    /* The gaps are filled first. */
    vmm_boot(vmm, 1000);
    await_boots(vmm);
    assert_int_equal(counts_of(vmm).started, before.started + 1000);
    assert_int_equal(counts_of(vmm).running, before.started + 1000);
    vmm_close(vmm);
}

static void requests_end_as_they_must(void **state)
{
    struct vmm_options two = options(2, ready);
    struct vmm *vmm = open_guest(&two, "sleep");
    char answer[64], other[64], small[4];

    (void)state;
    vmm_boot(vmm, 10);
    await_boots(vmm);
    assert_int_equal(ask(vmm, 3, "?Hello\n", answer, sizeof(answer), PATIENCE_NS), 0);
    assert_string_equal(answer, "!bkign"); /* the example of docs/guest-protocol.md */
    assert_int_equal(ask(vmm, 3, "?Hello\n", small, sizeof(small), PATIENCE_NS), 0);
    assert_string_equal(small, "!bk"); /* cut, and the rest is gone */
    assert_int_equal(ask(vmm, 3, "?\n", answer, sizeof(answer), PATIENCE_NS), 0);
    assert_string_equal(answer, "!");
    /* No such VM. */
    assert_int_equal(ask(vmm, 10, "?\n", answer, sizeof(answer), PATIENCE_NS), -ECONNRESET);
    assert_int_equal(ask(vmm, UINT64_C(1) << 35, "?\n", answer, sizeof(answer), PATIENCE_NS), -ECONNRESET);
    /* What is not answered ends in time, and only then. */
    uint64_t start = clock_now_ns();

    assert_int_equal(ask(vmm, 4, "no challenge\n", answer, sizeof(answer), 200 * NS_PER_MILLISECOND),
                     -ETIMEDOUT);
    assert_true(clock_now_ns() - start >= 200 * NS_PER_MILLISECOND);
    assert_int_equal(ask(vmm, 4, "?\n", answer, sizeof(answer), PATIENCE_NS), 0); /* it is free again */

    /* One at a time: the second is refused, the first goes on. */
    struct vmm_request pair[2] = {
        request_of(5, "silence\n", answer, sizeof(answer), 300 * NS_PER_MILLISECOND),
        request_of(5, "?\n", other, sizeof(other), PATIENCE_NS)};
    struct vmm_request *both[2] = {&pair[0], &pair[1]}, *done[2];
    size_t count = 0;

    vmm_submit(vmm, both, 2);
    while (count < 2)
        count += vmm_reap(vmm, done + count, 2 - count, clock_now_ns() + NS_PER_SECOND);
    assert_ptr_equal(done[0], &pair[1]);
    assert_int_equal(pair[1].status, -EBUSY);
    assert_int_equal(pair[0].status, -ETIMEDOUT);
    /* And beside a console. */
    assert_int_equal(vmm_console_open(vmm, 6), 0);
    assert_int_equal(ask(vmm, 6, "?\n", answer, sizeof(answer), PATIENCE_NS), -EBUSY);
    vmm_console_close(vmm, 6);
    assert_int_equal(ask(vmm, 6, "?\n", answer, sizeof(answer), PATIENCE_NS), 0);
    vmm_close(vmm);
}

/* Sends "A", waits for a byte, and then divides by zero with the firmware's handler in place. */
static const uint8_t divider[] = {
    0xba, 0xf8, 0x03,       /* mov dx, 3f8h */
    0xb0, 0x41, 0xee,       /* mov al, 'A'; out dx, al */
    0xb0, 0x0a, 0xee,       /* mov al, 10; out dx, al */
    0x83, 0xc2, 0x05,       /* add dx, 5 */
    0xec, 0xa8, 0x01,       /* in al, dx; test al, 1 */
    0x74, 0xfb,             /* jz to the in */
    0x31, 0xc9, 0xf7, 0xf1, /* xor cx, cx; div cx */
};

static void asks_of_vms_that_stop_are_reset(void **state)
{
    struct vmm_options one = options(1, "A");
    struct vmm *vmm = open_code(&one, divider, sizeof(divider));
    char answer[32], text[200];

    (void)state;
    vmm_boot(vmm, 3);
    await_boots(vmm);
    assert_int_equal(counts_of(vmm).running, 3);
    assert_int_equal(ask(vmm, 1, "x\n", answer, sizeof(answer), PATIENCE_NS), -ECONNRESET);
    struct vmm_counts counts = counts_of(vmm);

    assert_int_equal(counts.stopped, 1);
    assert_int_equal(counts.running, 2);
    assert_int_equal(counts.stops[VM_STOP_EXCEPTION], 1);
    vmm_explain(vmm, 1, text, sizeof(text));
    assert_string_equal(text, "CPU exception 0, which it does not handle");
    assert_false(vmm_is_running(vmm, 1));
    assert_true(vmm_is_running(vmm, 0));
    assert_int_equal(ask(vmm, 1, "x\n", answer, sizeof(answer), PATIENCE_NS), -ECONNRESET); /* at once */
    assert_int_equal(vmm_console_open(vmm, 1), -ESRCH);
    vmm_close(vmm);
}

/* Ticking VMs that cannot all be served lose ticks, and each that is lost or delivered is counted: their sum
 * is what the timers made. */
static void ticks_are_delivered_or_counted_as_lost(void **state)
{
    struct vmm_options one = options(1, ready_tick);
    struct vmm *vmm = open_guest(&one, "tick");
    const uint64_t vms = 200;

    (void)state;
    vmm_boot(vmm, vms);
    await_boots(vmm);
    clock_sleep_until(clock_now_ns() + 200 * NS_PER_MILLISECOND);
    struct vmm_counts before = counts_of(vmm);
    uint64_t start = clock_now_ns();

    clock_sleep_until(start + 2 * NS_PER_SECOND);
    struct vmm_counts after = counts_of(vmm);
    double seconds = (double)(clock_now_ns() - start) / 1e9;
    double ticks = (double)(after.wakes - before.wakes + after.ticks_lost - before.ticks_lost);

    /* 1193182 Hz / 65536, each VM. */
    assert_true(ticks > 0.97 * 18.2065 * (double)vms * seconds - (double)vms);
    assert_true(ticks < 1.03 * 18.2065 * (double)vms * seconds + (double)vms);
    vmm_close(vmm);
}

/* A whole memory for each, out of the same limit. */
static void residents_are_limited_too(void **state)
{
    struct vmm_options two = options(2, ready);
    struct store_usage usage;
    struct reason reason = {""};
    char answer[32];

    (void)state;
    two.resident = true;
    two.memory_limit = 24 << 20;
    struct vmm *vmm = open_guest(&two, "sleep");

    vmm_boot(vmm, 100);
    await_boots(vmm);
    struct vmm_counts counts = counts_of(vmm);

    assert_in_range(counts.running, 16, 23);
    assert_int_equal(counts.failed + counts.stopped, 0);
    assert_int_equal(vmm_exhausted(vmm, &reason), -ENOMEM);
    assert_non_null(strstr(reason.text, "24.0 MiB"));
    vmm_usage(vmm, &usage);
    assert_true(usage.held_bytes > counts.running << 20 && usage.held_bytes <= 24 << 20);
    for (uint64_t vm = 0; vm < counts.numbers; vm++)
        if (vmm_is_running(vmm, vm))
            assert_int_equal(ask(vmm, vm, "?\n", answer, sizeof(answer), PATIENCE_NS), 0);
    vmm_close(vmm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boots_what_it_is_told),
        cmocka_unit_test(silent_boots_fail_in_time),
        cmocka_unit_test(others_are_booted_at_once),
        cmocka_unit_test(boots_are_taken_back),
        cmocka_unit_test(requests_end_as_they_must),
        cmocka_unit_test(asks_of_vms_that_stop_are_reset),
        cmocka_unit_test(ticks_are_delivered_or_counted_as_lost),
        cmocka_unit_test(residents_are_limited_too),
    };

    return cmocka_run_group_tests_name("vmm_population", tests, NULL, NULL);
}
