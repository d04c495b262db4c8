/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the VMs of any engine cost, for the commands of this folder: grows a population in steps, reads the
 * host at each, challenges every VM, and ends. Prints lines of NAME=VALUE pairs.
 */
#include "base/clock.h"
#include "base/option.h"
#include "base/random.h"
#include "base/reason.h"
#include "engine/challenger.h"
#include "engine/engine.h"
#include "guest/catalog.h"
#include "guest/challenge.h"
#include "host/reading.h"
#include "host/resource.h"
#include "host/survive.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STEPS_MOST = 200 };

struct bench_options {
    const char *engine, *guest;
    uint64_t count, steps, rounds, settle_ns, floor;
};

#define FIELD(name) offsetof(struct bench_options, name)

static const struct option_spec specs[] = {
    {"engine", OPTION_TEXT, "NAME", "the way of running VMs", FIELD(engine), .fallback = "vmm"},
    {"guest", OPTION_TEXT, "NAME", "what they run", FIELD(guest), .fallback = "sleep"},
    {"count", OPTION_COUNT, "N", "of VMs", FIELD(count), .fallback = "1000", .least = 1, .most = 1e9},
    {"steps", OPTION_COUNT, "N", "of growth", FIELD(steps), .fallback = "5", .least = 2, .most = STEPS_MOST},
    {"rounds", OPTION_COUNT, "N", "challenges to each VM", FIELD(rounds), .fallback = "1"},
    {"settle", OPTION_DURATION, "TIME", "the wait before each reading", FIELD(settle_ns), .fallback = "1s"},
    {"floor", OPTION_SIZE, "SIZE", "the growth ends when the host has less than this", FIELD(floor),
     .fallback = "0"},
};

struct bench {
    struct bench_options options;
    const struct engine *engine;
    struct population *population;
    struct sampler *sampler;
    struct host_memory empty;
    uint64_t floor;
};

static void fail(const char *what, const struct reason *reason)
{
    fprintf(stderr, "engine-bench: %s: %s\n", what, reason->text);
    exit(1);
}

static struct host_memory read_memory(struct bench *bench)
{
    struct host_reading reading;
    struct reason reason;

    sampler_refresh(bench->sampler);
    if (sampler_read(bench->sampler, &reading, &reason) < 0)
        fail("reading the host", &reason);
    return reading.memory;
}

static bool go_on(void *context, const struct engine_counts *counts)
{
    struct bench *bench = context;
    struct host_reading reading;

    (void)counts;
    return bench->floor == 0 || sampler_read(bench->sampler, &reading, NULL) < 0 ||
           host_memory_available(&reading.memory) > bench->floor;
}

/* Slope of y over x. */
static double slope(const double *x, const double *y, size_t count)
{
    double mx = 0, my = 0, xy = 0, xx = 0;

    for (size_t i = 0; i < count; i++) {
        mx += x[i] / (double)count;
        my += y[i] / (double)count;
    }
    for (size_t i = 0; i < count; i++) {
        xy += (x[i] - mx) * (y[i] - my);
        xx += (x[i] - mx) * (x[i] - mx);
    }
    return xx > 0 ? xy / xx : 0;
}

static void print_kinds(const struct bench *bench, const struct host_memory *first, uint64_t first_vms,
                        const struct host_memory *last, uint64_t last_vms)
{
    struct memory_accounting kinds;
    double vms = (double)(last_vms - first_vms);

    memory_account(first, last, host_vmalloc_holds_stacks(""), &kinds);
    (void)bench;
    printf("anonymous=%.0f shared=%.0f page_tables=%.0f secondary_page_tables=%.0f kernel_stacks=%.0f "
           "per_cpu=%.0f vmalloc=%.0f slab=%.0f file_cache=%.0f unexplained=%.0f\n",
           kinds.anonymous / vms, kinds.shared / vms, kinds.page_tables / vms,
           kinds.secondary_page_tables / vms, kinds.kernel_stacks / vms, kinds.per_cpu / vms,
           kinds.vmalloc / vms, kinds.slab / vms, kinds.file_cache / vms, kinds.unexplained / vms);
}

/* On standard error, as callers keep what is printed for themselves. */
static void tell_failure(const struct engine_counts *counts)
{
    if (counts->failed + counts->died > 0)
        fprintf(stderr, "engine-bench: %llu VMs have stopped, the latest: %s\n",
                (unsigned long long)(counts->failed + counts->died), counts->last_failure);
}

/* Grows, and prints what the VMs take. */
static void grow(struct bench *bench)
{
    const struct engine_watch watch = {.go_on = go_on, .context = bench};
    double vms[STEPS_MOST], taken[STEPS_MOST];
    uint64_t began = clock_now_ns(), first_vms = 0, started = 0;
    struct host_memory memory = bench->empty, first = bench->empty;
    size_t steps = 0;
    int error = 0;

    while (!error && started < bench->options.count) {
        uint64_t goal = bench->options.count * (steps + 1) / bench->options.steps, before = clock_now_ns();
        struct reason reason = {""};
        struct engine_counts counts;

        if (goal == started) {
            steps++;
            continue;
        }
        error = bench->engine->grow(bench->population, goal - started, &watch, &reason);
        uint64_t after = clock_now_ns();

        bench->engine->wait(bench->population, after + 1);
        for (uint64_t until = after + bench->options.settle_ns; clock_now_ns() < until;)
            bench->engine->wait(bench->population, until);
        bench->engine->counts(bench->population, &counts);
        memory = read_memory(bench);
        vms[steps] = (double)counts.running;
        taken[steps] = (double)host_memory_available(&bench->empty) - (double)host_memory_available(&memory);
        printf("vms=%llu failed=%llu taken_bytes=%.0f ms_per_vm=%.3f\n", (unsigned long long)counts.running,
               (unsigned long long)(counts.failed + counts.died), taken[steps],
               (double)(after - before) / 1e6 /
                   (double)(counts.started - started ? counts.started - started : 1));
        fflush(stdout);
        tell_failure(&counts);
        started = counts.started;
        if (error)
            printf("ended: %s\n", error == -ECANCELED ? "the host's memory" : reason.text);
        if (steps == 0) {
            first = memory;
            first_vms = counts.running;
        }
        steps++;
    }
    if (steps > 1) {
        size_t skipped = steps > 2; /* the first step pays for what is there once */

        printf("bytes_per_vm=%.0f ", slope(vms + skipped, taken + skipped, steps - skipped));
        print_kinds(bench, &first, first_vms, &memory, (uint64_t)vms[steps - 1]);
    }
    printf("grown_s=%.1f\n", (double)(clock_now_ns() - began) / 1e9);
}

struct asking {
    struct bench *bench;
    uint64_t next, count, alive;
};

static bool next_vm(void *context, uint64_t *ret_vm)
{
    struct asking *asking = context;

    while (asking->next < asking->count) {
        *ret_vm = asking->next++;
        if (asking->bench->engine->is_running(asking->bench->population, *ret_vm))
            return true;
    }
    return false;
}

static void count_verdict(void *context, const struct challenger_verdict *verdict)
{
    struct asking *asking = context;

    asking->alive += verdict->alive;
}

static double counter(struct bench *bench, const char *name)
{
    struct result_counters counters = {0};
    double value = 0;

    if (bench->engine->account && bench->engine->account(bench->population, &counters) == 0)
        for (size_t i = 0; i < counters.count; i++)
            if (strcmp(counters.items[i].name, name) == 0)
                value = counters.items[i].value;
    result_counters_release(&counters);
    return value;
}

/* Every VM once. */
static uint64_t challenge_all(struct bench *bench, struct random *random)
{
    struct engine_counts counts;
    struct asking asking = {.bench = bench};
    struct challenger *challenger;
    struct reason reason;

    bench->engine->counts(bench->population, &counts);
    asking.count = counts.numbers ? counts.numbers : counts.started;
    const struct challenger_plan plan = {.population = bench->population,
                                         .random = random,
                                         .patience_ns = 30 * NS_PER_SECOND,
                                         .next = next_vm,
                                         .verdict = count_verdict,
                                         .context = &asking};

    if (challenger_create(&plan, &challenger, &reason) < 0)
        fail("challenges", &reason);
    for (challenger_send(challenger); challenger_under_way(challenger) > 0; challenger_send(challenger)) {
        struct engine_ask *asks[64];
        size_t got =
            bench->engine->reap(bench->population, asks, 64, clock_now_ns() + 100 * NS_PER_MILLISECOND);

        for (size_t i = 0; i < got; i++)
            challenger_take(challenger, asks[i]);
    }
    challenger_free(challenger);
    return asking.alive;
}

static void ask(struct bench *bench)
{
    struct random random = {.state = 1};
    struct engine_counts counts;
    double ioctls = counter(bench, "kvm_ioctls"), wakes = counter(bench, "wakes");
    uint64_t began = clock_now_ns(), asked = 0, alive = 0;

    for (uint64_t i = 0; i < bench->options.rounds; i++)
        asked += alive = challenge_all(bench, &random);
    double seconds = (double)(clock_now_ns() - began) / 1e9;
    double more = counter(bench, "wakes") - wakes, calls = counter(bench, "kvm_ioctls") - ioctls;
    struct host_memory memory = read_memory(bench);

    printf("alive=%llu us_per_challenge=%.1f ioctls_per_wake=%.2f ioctls_per_challenge=%.2f "
           "taken_after_challenges=%.0f\n",
           (unsigned long long)alive, asked ? seconds * 1e6 / (double)asked : 0, more > 0 ? calls / more : 0,
           asked ? calls / (double)asked : 0,
           (double)host_memory_available(&bench->empty) - (double)host_memory_available(&memory));
    fflush(stdout);
    bench->engine->counts(bench->population, &counts);
    tell_failure(&counts);
}

static void run(struct bench *bench, const void *engine_options)
{
    struct image image;
    struct reason reason;
    uint64_t files;
    char ready_line[READY_LINE_ROOM], path[] = "/tmp/engine-bench-XXXXXX";
    int file = mkstemp(path);

    if (bench->engine->probe(engine_options, &reason) < 0)
        fail(bench->engine->name, &reason);
    if (guest_build(&image, bench->options.guest, &(struct guest_settings){0}, &reason) < 0)
        fail("the image", &reason);
    if (file < 0 || write(file, image.bytes, sizeof(image.bytes)) != (ssize_t)sizeof(image.bytes))
        fail("the image", &(struct reason){"cannot be written"});
    close(file);
    if (sampler_open(&bench->sampler, "", &reason) < 0)
        fail("reading the host", &reason);
    host_raise_file_limit(UINT64_MAX, &files, NULL);
    challenge_ready_line(image.guest, ready_line);
    const struct engine_setup setup = {
        .image = &image, .image_path = path, .ready_line = ready_line, .options = engine_options, .seed = 1};

    bench->floor = bench->options.floor;
    bench->empty = read_memory(bench);
    if (bench->engine->open(&setup, &bench->population, &reason) < 0)
        fail("opening", &reason);
    printf("class=%c\n", bench->engine->class_letter);
    grow(bench);
    if (bench->options.rounds)
        ask(bench);
    uint64_t began = clock_now_ns();

    bench->engine->close(bench->population);
    printf("ended_s=%.1f\n", (double)(clock_now_ns() - began) / 1e9);
    sampler_close(bench->sampler);
    unlink(path);
}

int main(int argc, char **argv)
{
    struct bench bench = {0};
    struct reason reason;
    const char *name = options_peek("engine", argc, argv);
    const struct engine *engine = engine_find(name ? name : "vmm");
    char **operands;
    int operand_count;

    if (!engine)
        fail("--engine", &(struct reason){"there is none of that name"});
    void *engine_options = calloc(1, engine->options_size + 1);
    const struct option_set sets[] = {
        {.specs = specs, .count = sizeof(specs) / sizeof(specs[0]), .values = &bench.options},
        {.specs = engine->options, .count = engine->option_count, .values = engine_options},
    };

    if (!engine_options)
        fail("options", &(struct reason){"no memory"});
    if (options_parse(sets, 2, argc, argv, &operands, &operand_count, &reason) < 0)
        fail("options", &reason);
    bench.engine = engine_variant(engine, engine_options);
    run(&bench, engine_options);
    options_release(sets, 2);
    free(engine_options);
    return 0;
}
