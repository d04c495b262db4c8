/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Figures of the vmm itself, without the harness of `mvm scale`.
 *
 *   vmm-bench boot  IMAGE COUNT WORKERS             boots from reset
 *   vmm-bench ask   IMAGE COUNT WORKERS REQUEST ASKS   REQUEST (a line, or ? for challenges) to random VMs
 *   vmm-bench hold  IMAGE COUNT WORKERS SECONDS     what a population costs that is left alone
 *   vmm-bench bytes IMAGE COUNT WORKERS             bytes a VM
 *
 * Prints one line of name=value pairs. CPU seconds are those of the worker threads (all threads but the
 * first).
 */
#include "base/clock.h"
#include "base/random.h"
#include "base/reason.h"
#include "guest/challenge.h"
#include "guest/image.h"
#include "vmm/vmm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { WINDOW = 2048, AT_ONCE = 256 };

struct question {
    struct vmm_request request;
    struct challenge challenge;
    char answer[64];
};

static double cpu_seconds(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double worker_cpu_seconds(void)
{
    return cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
}

static uint64_t number(const char *text)
{
    char *end;
    unsigned long long value = strtoull(text, &end, 10);

    if (*end || end == text) {
        fprintf(stderr, "vmm-bench: '%s' is not a number\n", text);
        exit(2);
    }
    return value;
}

static void wait_for_boots(struct vmm *vmm)
{
    struct timespec pause = {.tv_nsec = 500000};

    while (vmm_booting(vmm) > 0)
        nanosleep(&pause, NULL);
}

static void boot(struct vmm *vmm, uint64_t count, unsigned workers)
{
    uint64_t start = clock_now_ns();
    double cpu = worker_cpu_seconds();
    struct vmm_counts counts;
    struct store_usage usage;

    vmm_boot(vmm, count);
    wait_for_boots(vmm);
    double seconds = (double)(clock_now_ns() - start) / 1e9;

    cpu = worker_cpu_seconds() - cpu;
    vmm_count(vmm, &counts);
    vmm_usage(vmm, &usage);
    printf("vms=%llu running=%llu workers=%u seconds=%.2f boots_per_second=%.0f boots_per_cpu_second=%.0f "
           "instructions_per_boot=%.1f instructions_per_cpu_second=%.0f store_bytes_per_vm=%.1f "
           "record_bytes_per_vm=%.1f bases=%u\n",
           (unsigned long long)counts.started, (unsigned long long)counts.running, workers, seconds,
           (double)counts.boots / seconds, (double)counts.boots / cpu,
           (double)counts.instructions / (double)counts.boots, (double)counts.instructions / cpu,
           (double)usage.held_bytes / (double)usage.records,
           (double)usage.record_bytes / (double)usage.records, counts.bases);
}

static void ask(struct vmm *vmm, uint64_t vms, const char *line, uint64_t asks, unsigned workers)
{
    struct question *questions = calloc(WINDOW, sizeof(*questions));
    struct vmm_request *done[AT_ONCE], *ready[AT_ONCE];
    struct random random = {.state = 1};
    char text[64];
    uint64_t sent = 0, finished = 0, right = 0;
    bool challenge = strcmp(line, "?") == 0;

    if (!questions)
        exit(1);
    snprintf(text, sizeof(text), "%s\n", line);
    for (size_t i = 0; i < AT_ONCE; i++)
        ready[i] = NULL;
    struct vmm_counts before, after;
    double cpu = worker_cpu_seconds();
    uint64_t start = clock_now_ns();
    size_t count = 0;

    vmm_count(vmm, &before);
    for (size_t i = 0; finished < asks; i++) {
        struct vmm_request **give = ready;
        size_t giving = 0;

        if (sent < WINDOW && sent < asks) {
            for (; giving < AT_ONCE && sent < WINDOW && sent < asks; giving++, sent++)
                give[giving] = &questions[sent].request;
        } else {
            count = vmm_reap(vmm, done, AT_ONCE, clock_now_ns() + NS_PER_SECOND);
            for (size_t j = 0; j < count; j++) {
                struct question *question = (struct question *)done[j];

                finished++;
                right += done[j]->status == 0 &&
                         (!challenge ||
                          challenge_answered(&question->challenge, done[j]->answer, done[j]->answer_length));
                if (sent < asks) {
                    give[giving++] = done[j];
                    sent++;
                }
            }
        }
        for (size_t j = 0; j < giving; j++) {
            struct question *question = (struct question *)give[j];

            if (challenge)
                challenge_make(&question->challenge, &random);
            question->request = (struct vmm_request){
                .vm = random_below(&random, vms),
                .bytes = challenge ? question->challenge.request : text,
                .length = challenge ? CHALLENGE_REQUEST_ROOM - 1
                          : line[0] ? 1
                                    : strlen(text),
                .answer = question->answer,
                .room = sizeof(question->answer),
                .deadline_ns = clock_now_ns() + 10 * NS_PER_SECOND,
            };
        }
        vmm_submit(vmm, give, giving);
    }
    double seconds = (double)(clock_now_ns() - start) / 1e9;

    cpu = worker_cpu_seconds() - cpu;
    vmm_count(vmm, &after);
    printf(
        "vms=%llu workers=%u asks=%llu right=%llu seconds=%.2f asks_per_second=%.0f asks_per_cpu_second=%.0f "
        "instructions_per_ask=%.1f\n",
        (unsigned long long)vms, workers, (unsigned long long)finished, (unsigned long long)right, seconds,
        (double)finished / seconds, (double)finished / cpu,
        (double)(after.instructions - before.instructions) / (double)finished);
    free(questions);
}

static void hold(struct vmm *vmm, uint64_t seconds, uint64_t vms)
{
    struct rusage before, after;
    double cpu = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
    struct vmm_counts counts_before, counts;

    vmm_count(vmm, &counts_before);
    getrusage(RUSAGE_SELF, &before);
    clock_sleep_until(clock_now_ns() + seconds * NS_PER_SECOND);
    getrusage(RUSAGE_SELF, &after);
    cpu = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    vmm_count(vmm, &counts);
    printf(
        "vms=%llu seconds=%llu cpu_seconds=%.4f cpu_percent_of_one=%.4f voluntary_switches_per_second=%.2f "
        "wakes_per_second=%.0f ticks_lost=%llu\n",
        (unsigned long long)vms, (unsigned long long)seconds, cpu, 100 * cpu / (double)seconds,
        (double)(after.ru_nvcsw - before.ru_nvcsw) / (double)seconds,
        (double)(counts.wakes - counts_before.wakes) / (double)seconds,
        (unsigned long long)counts.ticks_lost);
}

int main(int argc, char **argv)
{
    struct reason reason = {""};
    struct image image;
    char ready[READY_LINE_ROOM];
    struct vmm *vmm;

    if (argc < 5) {
        fprintf(stderr,
                "usage: vmm-bench boot|ask|hold|bytes IMAGE COUNT WORKERS [REQUEST ASKS | SECONDS]\n");
        return 2;
    }
    if (image_load(&image, argv[2], false, &reason) < 0) {
        fprintf(stderr, "vmm-bench: %s\n", reason.text);
        return 2;
    }
    challenge_ready_line(image.guest, ready);
    uint64_t count = number(argv[3]);
    const char *bases = getenv("VMM_BENCH_BASES"); /* "reset": learn none */
    struct vmm_options options = {
        .workers = (unsigned)number(argv[4]),
        .memory_mib = 1,
        .slice = 50000,
        .output_limit = 1 << 20,
        .boot_timeout_ns = 60 * NS_PER_SECOND,
        .drive = 0x80,
        .learn = !bases || strcmp(bases, "reset") != 0,
        .ready_line = image.answers ? ready : NULL,
    };

    if (vmm_open(&options, image.bytes, &vmm, &reason) < 0) {
        fprintf(stderr, "vmm-bench: %s\n", reason.text);
        return 1;
    }
    boot(vmm, count, options.workers);
    if (strcmp(argv[1], "ask") == 0 && argc == 7)
        ask(vmm, count, argv[5], number(argv[6]), options.workers);
    if (strcmp(argv[1], "hold") == 0 && argc == 6)
        hold(vmm, number(argv[5]), count);
    vmm_close(vmm);
    return 0;
}
