/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vmm-bench: what VMs take of memory, by the host's account, the process's and the store's. */
#include "vmm-bench.h"

#include "base/clock.h"
#include "base/random.h"
#include "base/reason.h"
#include "host/reading.h"
#include "host/resource.h"
#include "study/stats.h"
#include "vmm/population.h"

#include <stdio.h>
#include <stdlib.h>

enum { STEPS = 20, SAMPLE = 20000 };

struct account {
    double taken, own, page_tables; /* by the host; by the process; of it, page tables */
    struct store_usage store;
};

static double page_tables(void)
{
    char line[256];
    double kib = 0;
    FILE *file = fopen("/proc/self/status", "r");

    while (file && fgets(line, sizeof(line), file))
        if (sscanf(line, "VmPTE: %lf", &kib) == 1)
            break;
    if (file)
        fclose(file);
    return kib * 1024;
}

static struct account look(struct bench *bench, struct sampler *sampler, const struct host_reading *empty)
{
    struct host_reading now;
    struct account account = {.page_tables = page_tables()};

    sampler_refresh(sampler);
    if (sampler_read(sampler, &now, NULL) < 0)
        bench_fail("cannot read the host's memory");
    account.own = (double)now.own_memory - (double)empty->own_memory;
    account.taken =
        (double)host_memory_available(&empty->memory) - (double)host_memory_available(&now.memory);
    vmm_usage(bench->vmm, &account.store);
    return account;
}

static struct sampler *open_sampler(struct host_reading *ret_empty)
{
    struct sampler *sampler;
    struct reason reason = {""};

    if (sampler_open(&sampler, "", &reason) < 0)
        bench_fail("%s", reason.text);
    sampler_watch_own(sampler, true);
    sampler_refresh(sampler);
    if (sampler_read(sampler, ret_empty, &reason) < 0)
        bench_fail("%s", reason.text);
    return sampler;
}

/* The mean size of packed machines, and what stands before them, of VMs chosen at random in one shard. */
struct records {
    struct random random;
    uint64_t count, packed_bytes, head_bytes, place_bytes;
};

static void measure_records(struct shard *shard, void *argument)
{
    struct records *records = argument;

    for (unsigned i = 0; i < SAMPLE && store_count(shard->store) > 0; i++) {
        size_t size;
        const uint8_t *record = store_get(
            shard->store, (uint32_t)random_below(&records->random, store_count(shard->store)), &size);
        size_t head = record[0] & RECORD_TIMER ? 5 : 1;

        if (record[0] & RECORD_STOPPED)
            continue;
        records->count++;
        records->head_bytes += head;
        records->packed_bytes += machine_packed_size(record + head, size - head);
        records->place_bytes += size;
    }
}

/* Where the bytes of a VM's record and the store's go. */
static void print_parts(struct bench *bench, const struct account *account)
{
    struct records records = {.random = {7}};
    double vms = (double)account->store.records;

    for (unsigned i = 0; i < bench->workers; i++)
        worker_call(bench->vmm->workers[i], measure_records, &records);
    double count = records.count ? (double)records.count : 1;
    double packed = (double)records.packed_bytes / count, head = (double)records.head_bytes / count;
    double place = (double)records.place_bytes / count;

    printf("packed_bytes=%.2f flags_and_stamp_bytes=%.2f rounding_bytes=%.2f handle_bytes=%.2f "
           "free_places_bytes=%.2f page_table_bytes=%.3f bases=%u base_and_context_bytes=%.0f\n",
           packed, head, place - packed - head, (double)sizeof(uint32_t),
           ((double)account->store.held_bytes - (double)account->store.used_bytes) / vms,
           account->page_tables / vms, machine_base_count(bench->vmm->bases),
           account->own - (double)account->store.held_bytes - account->page_tables);
}

/* Until no VM has anything left to do. */
static void wait_for_sleep(struct bench *bench)
{
    struct vmm_counts before = {0}, counts;

    for (vmm_count(bench->vmm, &counts); counts.runnable > 0 || counts.wakes != before.wakes;
         vmm_count(bench->vmm, &counts)) {
        before = counts;
        clock_sleep_until(clock_now_ns() + 100 * NS_PER_MILLISECOND);
    }
}

int mode_bytes(struct bench *bench)
{
    struct host_reading empty;
    struct sampler *sampler = open_sampler(&empty);

    bench_boot(bench, bench->count);
    if (bench->ask_first) {
        struct asked asked = bench_ask(bench, NULL, bench->count, true);

        if (bench_judge(bench, &asked) != 0)
            exit(1);
        wait_for_sleep(bench);
    }
    struct account account = look(bench, sampler, &empty);
    double vms = (double)bench->count;

    printf("vms=%llu own_bytes_per_vm=%.1f taken_bytes_per_vm=%.1f held_bytes_per_vm=%.1f "
           "used_bytes_per_vm=%.1f record_bytes_per_vm=%.1f\n",
           (unsigned long long)bench->count, account.own / vms, account.taken / vms,
           (double)account.store.held_bytes / vms, (double)account.store.used_bytes / vms,
           (double)account.store.record_bytes / vms);
    if (!bench->resident)
        print_parts(bench, &account);
    sampler_close(sampler);
    return 0;
}

/* The population's size after each step: the first million by itself, the last million by itself, and what is
 * between in even steps. */
static unsigned plan(uint64_t count, uint64_t goals[STEPS])
{
    uint64_t end = count >= 20000000 ? 1000000 : count / STEPS;

    if (count < STEPS) {
        goals[0] = count;
        return 1;
    }
    goals[0] = end;
    for (unsigned i = 1; i < STEPS - 1; i++)
        goals[i] = end + (count - 2 * end) * i / (STEPS - 2);
    goals[STEPS - 1] = count;
    return STEPS;
}

static void print_slope(const char *name, const double *x, const double *y, size_t count)
{
    struct slope slope = stats_slope_of_sum(x, y, count);

    if (slope.known)
        printf(" %s=%.2f %s_low=%.2f %s_high=%.2f", name, slope.value, name, slope.low, name, slope.high);
}

static void print_step(const struct booted *step, uint64_t vms, const struct account *account)
{
    printf("vms=%llu boots_per_second=%.0f boots_per_cpu_second=%.0f taken_bytes=%.0f own_bytes=%.0f "
           "held_bytes=%llu\n",
           (unsigned long long)vms, (double)step->vms / step->seconds, (double)step->vms / step->cpu_seconds,
           account->taken, account->own, (unsigned long long)account->store.held_bytes);
    fflush(stdout);
}

int mode_population(struct bench *bench)
{
    if (bench->resident)
        bench_fail("a population of resident VMs has no parts to tell of");
    uint64_t goals[STEPS], vms = 0;
    unsigned steps = plan(bench->count, goals);
    double x[STEPS] = {0}, taken[STEPS] = {0}, own[STEPS] = {0}, seconds = 0, cpu = 0;
    struct booted first = {0}, step = {0};
    struct host_reading empty;
    struct sampler *sampler = open_sampler(&empty);
    struct account account = {0};

    for (unsigned i = 0; i < steps; i++) {
        step = bench_boot(bench, goals[i] - vms);
        vms = goals[i];
        if (i == 0)
            first = step;
        seconds += step.seconds;
        cpu += step.cpu_seconds;
        account = look(bench, sampler, &empty);
        x[i] = (double)vms;
        taken[i] = account.taken;
        own[i] = account.own;
        print_step(&step, vms, &account);
    }
    printf("vms=%llu seconds=%.2f boots_per_second=%.0f first_rate=%.0f last_rate=%.0f first_by_last=%.3f "
           "boots_per_cpu_second=%.0f instructions_per_boot=%.1f",
           (unsigned long long)vms, seconds, (double)vms / seconds, (double)first.vms / first.seconds,
           (double)step.vms / step.seconds,
           (double)first.vms / first.seconds / ((double)step.vms / step.seconds), (double)vms / cpu,
           step.instructions / (double)step.vms);
    print_slope("taken_slope", x, taken, steps);
    print_slope("own_slope", x, own, steps);
    putchar('\n');
    print_parts(bench, &account);
    fflush(stdout);

    struct asked asked = bench_ask(bench, NULL, vms, true);

    account = look(bench, sampler, &empty);
    printf("challenged=%llu right=%llu seconds=%.1f challenges_per_second=%.0f "
           "challenges_per_cpu_second=%.0f instructions_per_challenge=%.1f own_bytes_per_vm=%.1f "
           "taken_bytes_per_vm=%.1f held_bytes_per_vm=%.1f\n",
           (unsigned long long)asked.asks, (unsigned long long)asked.right, asked.seconds,
           (double)asked.asks / asked.seconds, (double)asked.asks / asked.cpu_seconds,
           asked.instructions / (double)asked.asks, account.own / (double)vms, account.taken / (double)vms,
           (double)account.store.held_bytes / (double)vms);
    sampler_close(sampler);
    return bench_judge(bench, &asked);
}
