/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vmm-bench: requests, and populations that are left alone. */
#include "vmm-bench.h"

#include "base/clock.h"
#include "base/random.h"
#include "base/reason.h"
#include "guest/challenge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* So many are under way; a worker that takes a few thousand at a time fetches their records ahead. On KVM a
 * challenge takes a thousand times as long, and in a laboratory some more, so that with so many the last ones
 * would be late. */
enum { WINDOW = 4096, WINDOW_KVM = 256, AT_ONCE = 512 };

enum { HTTP_ROOM = 128 };

struct question {
    struct vmm_request request;
    struct challenge challenge;
    char answer[HTTP_ROOM];
};

/* What is asked. */
enum kind { KIND_CHALLENGE, KIND_BYTE, KIND_HTTP };

struct asking {
    struct bench *bench;
    struct vmm_port *port;
    enum kind kind;
    const char *line; /* KIND_BYTE: that byte */
    uint64_t asks, sent, finished, right;
    bool in_turn;
    struct random random;
};

/* As wrk sends it, and what `web` answers. */
static const char http_request[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
static const char http_answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nHello from 512 bytes";

static bool http_is_whole(struct vmm_request *request)
{
    return request->answer_length >= sizeof(http_answer) - 1;
}

static void prepare(struct asking *asking, struct question *question)
{
    uint64_t vms = asking->bench->count;

    question->request = (struct vmm_request){
        .vm = asking->in_turn ? asking->sent % vms : random_below(&asking->random, vms),
        .answer = question->answer,
        .room = sizeof(question->answer),
        .deadline_ns = clock_now_ns() + 60 * NS_PER_SECOND,
    };
    switch (asking->kind) {
    case KIND_CHALLENGE:
        challenge_make(&question->challenge, &asking->random);
        question->request.bytes = question->challenge.request;
        question->request.length = CHALLENGE_REQUEST_ROOM - 1;
        break;
    case KIND_BYTE:
        question->request.bytes = asking->line;
        question->request.length = 1;
        break;
    case KIND_HTTP:
        question->request.bytes = http_request;
        question->request.length = sizeof(http_request) - 1;
        question->request.is_whole = http_is_whole;
        break;
    }
    asking->sent++;
}

static bool is_right(const struct asking *asking, const struct question *question)
{
    const struct vmm_request *request = &question->request;

    if (request->status != 0)
        return false;
    switch (asking->kind) {
    case KIND_BYTE:
        return request->answer_length == 0;
    case KIND_HTTP:
        return strcmp(request->answer, http_answer) == 0;
    default:
        return challenge_answered(&question->challenge, request->answer, request->answer_length);
    }
}

/* What was wrong, for whoever is to find out why. */
static void tell(const struct question *question)
{
    const struct vmm_request *request = &question->request;

    fprintf(stderr, "vmm-bench: VM %llu: status %d after %.3f s, asked '%.*s', answered '%s'\n",
            (unsigned long long)request->vm, request->status,
            (double)(request->answered_ns - request->submitted_ns) / 1e9, (int)request->length - 1,
            request->bytes, request->status == 0 ? request->answer : "");
}

static void run(struct asking *asking, struct question *questions)
{
    struct vmm_request *done[AT_ONCE], *ready[AT_ONCE];
    uint64_t window = strcmp(asking->bench->cpu, "kvm") == 0 ? WINDOW_KVM : WINDOW;
    uint64_t first = asking->asks < window ? asking->asks : window;
    size_t giving = 0;

    while (asking->sent < first) {
        struct question *question = &questions[asking->sent];

        prepare(asking, question);
        ready[giving++] = &question->request;
        if (giving == AT_ONCE || asking->sent == first) {
            vmm_port_submit(asking->port, ready, giving);
            giving = 0;
        }
    }
    while (asking->finished < asking->asks) {
        size_t count = vmm_port_reap(asking->port, done, AT_ONCE, clock_now_ns() + NS_PER_SECOND);

        for (size_t i = 0; i < count; i++) {
            struct question *question = (struct question *)done[i];
            bool busy = question->request.status == -EBUSY;

            /* Two requests to one VM at a time are this program's doing: another VM is asked. */
            asking->finished += !busy;
            asking->right += is_right(asking, question);
            if (!busy && !is_right(asking, question))
                tell(question);
            if (busy)
                asking->sent--;
            if (asking->sent < asking->asks) {
                prepare(asking, question);
                ready[giving++] = &question->request;
            }
        }
        vmm_port_submit(asking->port, ready, giving);
        giving = 0;
    }
}

static struct asked ask(struct asking *asking)
{
    struct bench *bench = asking->bench;
    struct question *questions = calloc(WINDOW, sizeof(*questions));
    struct vmm_counts before, after;
    struct reason reason;

    if (!questions)
        bench_fail("no memory for requests");
    if (vmm_port_open(bench->vmm, &asking->port, &reason) < 0)
        bench_fail("%s", reason.text);
    vmm_count(bench->vmm, &before);
    double cpu = bench_worker_cpu();
    uint64_t start = clock_now_ns();

    run(asking, questions);
    struct asked asked = {
        .asks = asking->finished,
        .right = asking->right,
        .seconds = (double)(clock_now_ns() - start) / (double)NS_PER_SECOND,
        .cpu_seconds = bench_worker_cpu() - cpu,
    };

    vmm_count(bench->vmm, &after);
    asked.instructions = (double)(after.instructions - before.instructions);
    vmm_port_close(asking->port);
    free(questions);
    return asked;
}

struct asked bench_ask(struct bench *bench, const char *line, uint64_t asks, bool in_turn)
{
    struct asking asking = {.bench = bench,
                            .kind = line ? KIND_BYTE : KIND_CHALLENGE,
                            .line = line,
                            .asks = asks,
                            .in_turn = in_turn,
                            .random = {1}};

    return ask(&asking);
}

int mode_ask(struct bench *bench)
{
    bool http = bench->request && strcmp(bench->request, "http") == 0;
    struct asking asking = {
        .bench = bench, .line = bench->request, .asks = bench->asks / 4 + 1, .random = {1}};

    if (bench->request && strlen(bench->request) != 1 && !http)
        bench_fail("--request takes one byte, or http");
    asking.kind = http ? KIND_HTTP : bench->request ? KIND_BYTE : KIND_CHALLENGE;
    struct asking again = asking;
    struct vmm_live live;

    again.asks = bench->asks;
    bench_boot(bench, bench->count);
    if (bench->watch)
        vmm_look_live(bench->vmm, true, &live);
    /* Once beforehand, so that all VMs asked twice are alike, and the caches warm. */
    ask(&asking);
    struct asked asked = ask(&again);

    printf("vms=%llu workers=%llu asks=%llu right=%llu seconds=%.3f asks_per_second=%.0f "
           "asks_per_cpu_second=%.0f instructions_per_ask=%.1f instructions_per_cpu_second=%.0f\n",
           (unsigned long long)bench->count, (unsigned long long)bench->workers,
           (unsigned long long)asked.asks, (unsigned long long)asked.right, asked.seconds,
           (double)asked.asks / asked.seconds, (double)asked.asks / asked.cpu_seconds,
           asked.instructions / (double)asked.asks, asked.instructions / asked.cpu_seconds);
    return bench_judge(bench, &asked);
}

/* What the whole process does in `seconds`. */
struct held {
    double cpu_percent;           /* of the workers' CPUs */
    double switches, wakes, lost; /* a second */
};

static struct held watch(struct bench *bench, double seconds)
{
    struct rusage before, after;
    struct vmm_counts counts_before, counts;

    vmm_count(bench->vmm, &counts_before);
    getrusage(RUSAGE_SELF, &before);
    double cpu = bench_worker_cpu();
    uint64_t start = clock_now_ns();

    clock_sleep_until(start + (uint64_t)(seconds * (double)NS_PER_SECOND));
    double passed = (double)(clock_now_ns() - start) / (double)NS_PER_SECOND;

    cpu = bench_worker_cpu() - cpu;
    getrusage(RUSAGE_SELF, &after);
    vmm_count(bench->vmm, &counts);
    return (struct held){
        .cpu_percent = cpu > 0 ? 100 * cpu / passed / (double)bench->workers : 0,
        .switches = (double)(after.ru_nvcsw - before.ru_nvcsw) / passed,
        .wakes = (double)(counts.wakes - counts_before.wakes) / passed,
        .lost = (double)(counts.ticks_lost - counts_before.ticks_lost) / passed,
    };
}

int mode_hold(struct bench *bench)
{
    bench_boot(bench, bench->count);
    clock_sleep_until(clock_now_ns() + NS_PER_SECOND);
    struct held held = watch(bench, (double)bench->seconds);

    printf("vms=%llu workers=%llu seconds=%llu cpu_percent_of_workers=%.5f "
           "voluntary_switches_per_second=%.2f wakes_per_second=%.1f\n",
           (unsigned long long)bench->count, (unsigned long long)bench->workers,
           (unsigned long long)bench->seconds, held.cpu_percent, held.switches, held.wakes);
    return 0;
}

enum { TICKS_FIRST = 5000, TICKS_ROUNDS = 40, TICKS_TRIES = 3 };

static double lost_percent(const struct held *held)
{
    return held->wakes > 0 ? 100 * held->lost / (held->wakes + held->lost) : 100;
}

/* The best of some windows: what else the machine does in one of them is not the VMs'. */
static struct held watch_ticks(struct bench *bench)
{
    struct held best = {.cpu_percent = 1000};

    for (unsigned try = 0; try < TICKS_TRIES; try++) {
        watch(bench, 1); /* what booting held up is made up for */
        struct held held = watch(bench, (double)bench->seconds);

        if (try == 0 || lost_percent(&held) < lost_percent(&best))
            best = held;
        if (lost_percent(&best) < 1)
            break;
    }
    return best;
}

/*
 * VMs are added until their share of the CPU is reached or more than 1 % of the ticks are lost; each step
 * goes a part of the way that the last one predicts, so that the end is not overshot by much. What counts is
 * the last number that was below both.
 */
int mode_ticks(struct bench *bench)
{
    double most = 0;
    uint64_t vms = 0, next = TICKS_FIRST * bench->workers;
    struct held best = {0};

    for (unsigned round = 0; round < TICKS_ROUNDS; round++) {
        bench_boot(bench, next - vms);
        vms = next;
        struct held held = watch_ticks(bench);
        bool good = held.cpu_percent <= bench->busy_percent && lost_percent(&held) < 1;

        printf("vms=%llu workers=%llu cpu_percent_of_workers=%.2f wakes_per_vm_second=%.2f "
               "lost_percent=%.3f accepted=%s\n",
               (unsigned long long)vms, (unsigned long long)bench->workers, held.cpu_percent,
               held.wakes / (double)vms, lost_percent(&held), good ? "yes" : "no");
        fflush(stdout);
        if (!good)
            break;
        most = (double)vms;
        best = held;
        double room = (bench->busy_percent - held.cpu_percent) / held.cpu_percent * (double)vms;

        next = vms + (uint64_t)(room * (room > 0.2 * (double)vms ? 0.6 : 0.9));
        if (next < vms + vms / 100)
            break;
    }
    printf("accepted_vms=%.0f per_worker=%.0f cpu_percent_of_workers=%.2f lost_percent=%.3f "
           "cpu_us_per_tick=%.3f\n",
           most, most / (double)bench->workers, best.cpu_percent, lost_percent(&best),
           best.wakes > 0 ? best.cpu_percent / 100 * (double)bench->workers / best.wakes * 1e6 : 0);
    return most > 0 ? 0 : 1;
}

int mode_boot(struct bench *bench)
{
    struct booted booted = bench_boot(bench, bench->count);

    printf("vms=%llu workers=%llu seconds=%.3f boots_per_second=%.0f boots_per_cpu_second=%.0f "
           "instructions_per_boot=%.1f instructions_per_cpu_second=%.0f\n",
           (unsigned long long)booted.vms, (unsigned long long)bench->workers, booted.seconds,
           (double)booted.vms / booted.seconds, (double)booted.vms / booted.cpu_seconds,
           booted.instructions / (double)booted.vms, booted.instructions / booted.cpu_seconds);
    return 0;
}
