/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The workers against the thread that calls: everything that a population can be asked, in random order,
 * while its VMs boot, answer, spin and stop. What it looks for is found by the thread sanitizer
 * (scripts/check builds it with one); without, it still shows that no request is lost.
 */
#include "base/clock.h"
#include "base/reason.h"
#include "puppets.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { VMS = 120, BATCH = 40, LINE = 24 };
#define ROUNDS_NS (2 * NS_PER_SECOND)

struct stress {
    struct vmm *vmm;
    struct random random;
    uint64_t started;
    struct vmm_request requests[BATCH];
    char lines[BATCH][80], answers[BATCH][LINE];
    size_t under_way;
    uint64_t console; /* the VM with an open console, or UINT64_MAX */
    uint64_t done[8]; /* by what was done */
    _Atomic uint64_t trace_lines;
    bool traced;
};

static uint64_t any_vm(struct stress *stress)
{
    return random_below(&stress->random, stress->started + 3); /* some do not exist */
}

static void submit(struct stress *stress)
{
    /* Spins and counts; sends without end; writes all memory; resets itself; asks for a triple fault;
     * answers. */
    static const char *const lines[] = {"?abcdefgh\n",
                                        "=\n",
                                        ":66ff060070ebf9\n",
                                        ":baf803eeebfd\n",
                                        ":b800108ec031ffaab9ffffebfa\n",
                                        ":b001e692\n",
                                        ":0f010e0080cc\n",
                                        "?x\n",
                                        "\n"};
    struct vmm_request *list[BATCH];

    if (stress->under_way)
        return;
    for (size_t i = 0; i < BATCH; i++) {
        bool hostile = random_below(&stress->random, 200) == 0;
        const char *line =
            lines[hostile ? 2 + random_below(&stress->random, 7) : random_below(&stress->random, 2)];

        snprintf(stress->lines[i], sizeof(stress->lines[i]), "%s", line);
        stress->requests[i] = (struct vmm_request){
            .vm = any_vm(stress),
            .bytes = stress->lines[i],
            .length = strlen(line),
            .answer = stress->answers[i],
            .room = LINE,
            .deadline_ns = clock_now_ns() + random_below(&stress->random, 20 * NS_PER_MILLISECOND),
        };
        list[i] = &stress->requests[i];
    }
    vmm_submit(stress->vmm, list, BATCH);
    stress->under_way = BATCH;
}

static void reap(struct stress *stress)
{
    struct vmm_request *list[BATCH];
    uint64_t until = clock_now_ns() + random_below(&stress->random, NS_PER_MILLISECOND / 20);
    size_t count = vmm_reap(stress->vmm, list, 1 + random_below(&stress->random, BATCH), until);

    for (size_t i = 0; i < count; i++) {
        assert_true(list[i]->status == 0 || list[i]->status == -ETIMEDOUT || list[i]->status == -ECONNRESET ||
                    list[i]->status == -EBUSY);
        assert_true(list[i]->answer_length < LINE && list[i]->answer[list[i]->answer_length] == '\0');
        assert_true(list[i]->answered_ns >= list[i]->submitted_ns);
        stress->done[0] += list[i]->status == 0;
    }
    stress->under_way -= count;
}

static void use_console(struct stress *stress)
{
    uint8_t bytes[200];

    if (stress->console == UINT64_MAX) {
        uint64_t vm = any_vm(stress);

        if (vmm_console_open(stress->vmm, vm) == 0)
            stress->console = vm;
        return;
    }
    memset(bytes, '?', sizeof(bytes));
    vmm_console_write(stress->vmm, stress->console, bytes, random_below(&stress->random, sizeof(bytes)));
    vmm_console_press(stress->vmm, stress->console, bytes, random_below(&stress->random, sizeof(bytes)));
    stress->done[1] += vmm_console_read(stress->vmm, stress->console, bytes, sizeof(bytes));
    if (random_below(&stress->random, 4) == 0) {
        vmm_console_close(stress->vmm, stress->console);
        stress->console = UINT64_MAX;
    }
}

static void look(struct stress *stress)
{
    struct vmm_screen screen;
    struct store_usage usage;
    struct vmm_counts counts;
    struct vmm_live live;
    struct reason reason;
    double seconds[16];
    char text[100];
    uint64_t vm = any_vm(stress);

    vmm_count(stress->vmm, &counts);
    assert_true(counts.started <= stress->started);
    vmm_usage(stress->vmm, &usage);
    vmm_look_live(stress->vmm, random_below(&stress->random, 2), &live);
    assert_true(live.heat.count <= ACTIVITY_CELLS && live.busiest.count <= ACTIVITY_BUSIEST);
    (void)vmm_is_running(stress->vmm, vm);
    vmm_explain(stress->vmm, vm, text, sizeof(text));
    vmm_last_stop(stress->vmm, text, sizeof(text));
    (void)vmm_exhausted(stress->vmm, &reason);
    (void)vmm_take_boot_times(stress->vmm, seconds, 16);
    stress->done[2] += vmm_screen(stress->vmm, vm, &screen) == 0;
}

static void count_line(void *context, const char *text)
{
    struct stress *stress = context;

    if (text[0])
        atomic_fetch_add(&stress->trace_lines, 1);
}

static void trace(struct stress *stress)
{
    if (stress->traced) {
        vmm_trace_stop(stress->vmm);
        stress->traced = false;
    } else {
        stress->traced = vmm_trace_start(stress->vmm, any_vm(stress), count_line, stress) == 0;
    }
}

static void boot(struct stress *stress)
{
    struct vmm_counts counts;

    if (stress->started < 3 * VMS) {
        uint64_t more = 1 + random_below(&stress->random, 40);

        vmm_boot(stress->vmm, more);
        stress->started += more;
    }
    if (random_below(&stress->random, 4) == 0) {
        vmm_boot_cancel(stress->vmm);
        while (vmm_booting(stress->vmm) > 0)
            reap(stress);
        vmm_count(stress->vmm, &counts);
        stress->started = counts.started;
        stress->done[3]++;
    }
}

static void settle(struct stress *stress)
{
    while (stress->under_way)
        reap(stress);
    while (vmm_booting(stress->vmm) > 0)
        clock_sleep_until(clock_now_ns() + NS_PER_MILLISECOND);
}

/* Saves the population, and goes on with what was saved. */
static void save(struct stress *stress, const char *path)
{
    struct vmm_options options = puppets_options(2);
    struct reason reason = {""};
    struct vmm_counts before, after;

    settle(stress);
    if (vmm_save(stress->vmm, path, &reason) < 0)
        fail_msg("%s", reason.text);
    vmm_count(stress->vmm, &before);
    assert_true(before.started <= stress->started &&
                before.started <= before.numbers); /* some found no room */
    if (random_below(&stress->random, 2))
        return;
    vmm_close(stress->vmm);
    stress->console = UINT64_MAX;
    stress->traced = false;
    options.workers = 1 + (unsigned)random_below(&stress->random, 3);
    if (vmm_restore(&options, path, &stress->vmm, &reason) < 0)
        fail_msg("%s", reason.text);
    vmm_count(stress->vmm, &after);
    assert_int_equal(after.started, before.numbers);
    stress->started = after.started;
    stress->done[4]++;
}

static void everything_at_once(void **state)
{
    struct vmm_options options = puppets_options(3);
    struct stress *stress = calloc(1, sizeof(*stress));
    struct reason reason = {""};
    char path[] = "/tmp/test-vmm-threads-XXXXXX";
    int file = mkstemp(path);

    (void)state;
    assert_true(stress && file >= 0);
    close(file);
    stress->random.state = 1;
    stress->console = UINT64_MAX;
    options.output_limit = 1 << 16;
    options.memory_limit = 12 << 20;
    options.boot_timeout_ns = NS_PER_SECOND / 5;
    if (vmm_open(&options, puppets_image(), &stress->vmm, &reason) < 0)
        fail_msg("%s", reason.text);
    vmm_boot(stress->vmm, VMS);
    stress->started = VMS;
    for (uint64_t until = clock_now_ns() + ROUNDS_NS; clock_now_ns() < until;) {
        submit(stress);
        reap(stress);
        switch (random_below(&stress->random, 16)) {
        case 0:
            boot(stress);
            break;
        case 1:
            trace(stress);
            break;
        case 2:
            if (random_below(&stress->random, 5) == 0)
                save(stress, path);
            break;
        case 3:
        case 4:
        case 5:
            look(stress);
            break;
        default:
            use_console(stress);
        }
    }
    save(stress, path);
    submit(stress);
    print_message("# %llu answers, %llu bytes on consoles, %llu screens, %llu boots taken back, %llu "
                  "restored, %llu lines traced\n",
                  (unsigned long long)stress->done[0], (unsigned long long)stress->done[1],
                  (unsigned long long)stress->done[2], (unsigned long long)stress->done[3],
                  (unsigned long long)stress->done[4], (unsigned long long)stress->trace_lines);
    assert_true(stress->done[0] > 0 && stress->done[2] > 0);
    vmm_close(stress->vmm); /* with requests under way */
    unlink(path);
    free(stress);
}

/* Opening and closing at once, while VMs boot. */
static void closes_at_any_time(void **state)
{
    struct random random = {1};

    (void)state;
    for (unsigned i = 0; i < 30; i++) {
        struct vmm_options options = puppets_options(1 + i % 4);
        struct reason reason = {""};
        struct vmm *vmm;

        if (vmm_open(&options, puppets_image(), &vmm, &reason) < 0)
            fail_msg("%s", reason.text);
        vmm_boot(vmm, 1000);
        clock_sleep_until(clock_now_ns() + random_below(&random, 2 * NS_PER_MILLISECOND));
        vmm_close(vmm);
    }
    vmm_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_at_once),
        cmocka_unit_test(closes_at_any_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
