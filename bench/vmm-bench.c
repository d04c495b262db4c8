/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vmm-bench: figures of the vmm itself, without the harness of `mvm scale`. The commands beside it use it. */
#include "vmm-bench.h"

#include "base/clock.h"
#include "base/option.h"
#include "base/reason.h"
#include "guest/challenge.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const struct {
    const char *name, *does;
    int (*run)(struct bench *bench);
} modes[] = {
    {"boot", "boots --count VMs", mode_boot},
    {"ask", "boots them, then sends --asks requests to VMs chosen at random", mode_ask},
    {"hold", "boots them, then leaves them alone for --seconds", mode_hold},
    {"ticks", "adds VMs until they use --busy percent of the workers' CPUs", mode_ticks},
    {"bytes", "boots them, and says what a VM takes of this process and of its store", mode_bytes},
    {"population", "boots them in steps, then challenges every one: rates and memory", mode_population},
};

#define FIELD(name) offsetof(struct bench, name)

static const char *const cpus[] = {"emulated", "kvm", NULL};
static const struct option_spec specs[] = {
    {"cpu", OPTION_CHOICE, "KIND", "emulated or kvm", FIELD(cpu), .fallback = "emulated", .choices = cpus},
    {"image", OPTION_TEXT, "FILE", "the boot sector", FIELD(image_path), .fallback = NULL},
    {"count", OPTION_COUNT, "N", "VMs", FIELD(count), .fallback = "100000", .least = 1, .most = 4e9},
    {"workers", OPTION_COUNT, "N", "threads; 0: one for each CPU", FIELD(workers), .fallback = "0",
     .most = 256},
    {"asks", OPTION_COUNT, "N", "requests", FIELD(asks), .fallback = "1000000", .least = 1, .most = 1e12},
    {"request", OPTION_TEXT, "TEXT", "what is sent: one byte, or http; without it, challenges",
     FIELD(request), .fallback = NULL},
    {"seconds", OPTION_COUNT, "N", "how long to watch", FIELD(seconds), .fallback = "10", .least = 1,
     .most = 86400},
    {"busy", OPTION_NUMBER, "PERCENT", "of the workers' CPUs", FIELD(busy_percent), .fallback = "90",
     .least = 1, .most = 100},
    {"reset-base", OPTION_FLAG, NULL, "learn no bases", FIELD(reset_base), .fallback = NULL},
    {"resident", OPTION_FLAG, NULL, "keep a whole memory for each VM", FIELD(resident), .fallback = NULL},
    {"ask-first", OPTION_FLAG, NULL, "challenge every VM once before looking at bytes", FIELD(ask_first),
     .fallback = NULL},
    {"watch", OPTION_FLAG, NULL, "count for a live view, as while somebody looks", FIELD(watch),
     .fallback = NULL},
    {"help", OPTION_FLAG, NULL, "print this help", FIELD(help), .fallback = NULL},
};

enum { MODES = sizeof(modes) / sizeof(modes[0]), STOP_ROOM = 160 };

void bench_fail(const char *format, ...)
{
    va_list arguments;

    fputs("vmm-bench: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

static double cpu_seconds(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

double bench_worker_cpu(void)
{
    return cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
}

/* Of the latest VM that stopped; "none has stopped". */
static const char *last_stop(struct bench *bench, char text[STOP_ROOM])
{
    vmm_last_stop(bench->vmm, text, STOP_ROOM);
    return text[0] ? text : "none has stopped";
}

struct booted bench_boot(struct bench *bench, uint64_t count)
{
    struct vmm_counts before, after;
    struct reason reason = {""};
    char text[STOP_ROOM];

    vmm_count(bench->vmm, &before);
    double cpu = bench_worker_cpu();
    uint64_t start = clock_now_ns();

    vmm_boot(bench->vmm, count);
    while (vmm_booting(bench->vmm) > 0)
        clock_sleep_until(clock_now_ns() + 500000);
    struct booted booted = {.seconds = (double)(clock_now_ns() - start) / (double)NS_PER_SECOND,
                            .cpu_seconds = bench_worker_cpu() - cpu};

    vmm_count(bench->vmm, &after);
    if (vmm_exhausted(bench->vmm, &reason) < 0)
        bench_fail("%s after %llu VMs", reason.text, (unsigned long long)after.started);
    if (after.running != before.running + count)
        bench_fail("only %llu of %llu VMs run; the latest to stop: %s", (unsigned long long)after.running,
                   (unsigned long long)(before.running + count), last_stop(bench, text));
    booted.vms = count;
    booted.instructions = (double)(after.instructions - before.instructions);
    return booted;
}

int bench_judge(struct bench *bench, const struct asked *asked)
{
    char text[STOP_ROOM];

    if (asked->right == asked->asks)
        return 0;
    fprintf(stderr, "vmm-bench: %llu of %llu requests were not answered right; the latest VM to stop: %s\n",
            (unsigned long long)(asked->asks - asked->right), (unsigned long long)asked->asks,
            last_stop(bench, text));
    return 1;
}

static void open_population(struct bench *bench)
{
    static char ready[READY_LINE_ROOM];
    struct reason reason = {""};

    if (image_load(&bench->image, bench->image_path, false, &reason) < 0)
        bench_fail("%s", reason.text);
    challenge_ready_line(bench->image.guest, ready);
    struct vmm_options options = {
        .cpu = strcmp(bench->cpu, "kvm") == 0 ? VMM_CPU_KVM : VMM_CPU_EMULATED,
        .workers = (unsigned)bench->workers,
        .memory_mib = 1,
        .slice = 50000,
        .output_limit = 1 << 20,
        .boot_timeout_ns = 600 * NS_PER_SECOND,
        .drive = 0x80,
        .learn = !bench->reset_base,
        .resident = bench->resident,
        .ready_line = bench->image.answers ? ready : NULL,
    };

    if (vmm_open(&options, bench->image.bytes, &bench->vmm, &reason) < 0)
        bench_fail("%s", reason.text);
}

int main(int argc, char **argv)
{
    struct bench bench = {0};
    const struct option_set set = {
        .specs = specs, .count = sizeof(specs) / sizeof(specs[0]), .values = &bench};
    struct reason reason = {""};
    char **operands;
    int operand_count;
    size_t mode = 0;

    if (options_parse(&set, 1, argc, argv, &operands, &operand_count, &reason) < 0) {
        fprintf(stderr, "vmm-bench: %s\n", reason.text);
        return 2;
    }
    while (operand_count == 1 && mode < MODES && strcmp(operands[0], modes[mode].name) != 0)
        mode++;
    if (bench.help || operand_count != 1 || mode == MODES || !bench.image_path) {
        printf("usage: vmm-bench MODE --image FILE [OPTIONS]\n\nModes:\n");
        for (size_t i = 0; i < MODES; i++)
            printf("  %-12s%s\n", modes[i].name, modes[i].does);
        options_print_help(&set, 1, stdout);
        return bench.help ? 0 : 2;
    }
    if (bench.workers == 0)
        bench.workers = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);
    open_population(&bench);
    int status = modes[mode].run(&bench);

    vmm_close(bench.vmm);
    return status;
}
