/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/resource.h"

#include "base/clock.h"

#include <string.h>
#include <unistd.h>

const char *const resource_names[RESOURCE_COUNT] = {
    [RESOURCE_CPU] = "cpu",           [RESOURCE_MEMORY] = "memory",   [RESOURCE_SWAP] = "swap",
    [RESOURCE_PRESSURE] = "pressure", [RESOURCE_PIDS] = "pids",       [RESOURCE_FILES] = "files",
    [RESOURCE_MAPS] = "maps",         [RESOURCE_DISK] = "disk",       [RESOURCE_NETWORK] = "network",
    [RESOURCE_SOCKETS] = "sockets",   [RESOURCE_LATENCY] = "latency",
};

const char *resource_name(enum resource resource)
{
    return resource_names[resource];
}

/* Some counters of the kernel go back a little at times (idle, iowait); that is no time at all. */
static double grown(uint64_t before, uint64_t after)
{
    return after > before ? (double)(after - before) : 0;
}

static double between(double least, double value, double most)
{
    return value < least ? least : value > most ? most : value;
}

static double percent_of(double part, double whole)
{
    return whole > 0 ? 100 * part / whole : 0;
}

static double more(double a, double b)
{
    return a > b ? a : b;
}

/*
 * The busy share of the CPUs.
 *
 * Most kernels find user, system and interrupt time by looking, at each timer tick, at what the CPU does
 * (CONFIG_TICK_CPU_ACCOUNTING; kernel/sched/cputime.c, account_process_tick()), but measure idle and iowait
 * time by the clock (kernel/time/tick-sched.c, get_cpu_idle_time_us(); used by fs/proc/stat.c,
 * get_idle_time()), and steal time too. Work that takes less than a tick and is started by a timer, which is
 * just what ticking VMs do, is in step with the tick, which sees too much or too little of it. Percent of two
 * CPUs with Linux 6.18:
 *
 *                                            the tasks' own clocks   ticks (mpstat)   not idle
 *     a process that runs 0.1 ms at a time                    15.9              8.4       16.6
 *     30 QEMU VMs whose PIT ticks                              8.3             10.7        8.7
 *
 * So busy is the time that went by, less what was measured as idle, iowait and steal. It is split into user,
 * system and interrupt as the ticks saw them, the way the kernel itself splits a process's run time
 * (cputime_adjust()). On kernels that measure all columns the two ways are the same. The columns are in
 * hundredths of a second, so a reading is off by up to one of them; the errors of successive readings cancel.
 */
static void cpu_usage(const struct host_reading *before, const struct host_reading *after, double seconds,
                      struct host_usage *usage)
{
    const struct host_cpu *a = &before->cpu, *b = &after->cpu;
    double user = grown(a->user, b->user) + grown(a->nice, b->nice) + grown(a->guest, b->guest);
    double system = grown(a->system, b->system);
    double interrupt = grown(a->irq, b->irq) + grown(a->softirq, b->softirq);
    double steal = grown(a->steal, b->steal);
    double waiting = grown(a->idle, b->idle) + grown(a->iowait, b->iowait);
    double seen = user + system + interrupt;
    double sum = seen + steal + waiting;
    double passed = seconds * (double)after->cpus * (double)sysconf(_SC_CLK_TCK);

    if (before->cpus != after->cpus)
        passed = sum; /* CPUs came or went in between: nobody knows when */
    if (passed <= 0)
        return;
    usage->cpu_ticks = percent_of(seen, sum);
    usage->cpu_busy = between(0, percent_of(passed - waiting - steal, passed), 100);
    usage->cpu_steal = between(0, percent_of(steal, passed), 100);
    if (seen > 0) {
        usage->cpu_user = usage->cpu_busy * user / seen;
        usage->cpu_system = usage->cpu_busy * system / seen;
        usage->cpu_interrupt = usage->cpu_busy * interrupt / seen;
    } else {
        usage->cpu_system = usage->cpu_busy; /* too short for any tick to see: switching, mostly */
    }
}

static void rates(const struct host_reading *a, const struct host_reading *b, double seconds,
                  struct host_usage *usage)
{
    const struct host_disk *d = &a->disk, *e = &b->disk;
    const struct host_network *n = &a->network, *o = &b->network;
    const struct host_pressure *p = &a->pressure, *q = &b->pressure;
    double us = seconds * 1e6;

    usage->disk_bytes =
        (grown(d->read_bytes, e->read_bytes) + grown(d->written_bytes, e->written_bytes)) / seconds;
    usage->disk_operations = (grown(d->reads, e->reads) + grown(d->writes, e->writes)) / seconds;
    usage->network_bytes =
        (grown(n->received_bytes, o->received_bytes) + grown(n->sent_bytes, o->sent_bytes)) / seconds;
    usage->network_packets =
        (grown(n->received_packets, o->received_packets) + grown(n->sent_packets, o->sent_packets)) / seconds;
    usage->loopback_bytes = grown(n->loopback_bytes, o->loopback_bytes) / seconds;
    usage->loopback_packets = grown(n->loopback_packets, o->loopback_packets) / seconds;
    usage->swap_pages = (grown(a->swapped_in_pages, b->swapped_in_pages) +
                         grown(a->swapped_out_pages, b->swapped_out_pages)) /
                        seconds;
    usage->psi_cpu_some = between(0, percent_of(grown(p->cpu_some, q->cpu_some), us), 100);
    usage->psi_memory_some = between(0, percent_of(grown(p->memory_some, q->memory_some), us), 100);
    usage->psi_memory_full = between(0, percent_of(grown(p->memory_full, q->memory_full), us), 100);
    usage->psi_io_some = between(0, percent_of(grown(p->io_some, q->io_some), us), 100);
    usage->psi_io_full = between(0, percent_of(grown(p->io_full, q->io_full), us), 100);
}

static double busiest_disk(const struct host_disk *before, const struct host_disk *after, double seconds)
{
    double busiest = 0;

    for (unsigned i = 0; i < after->disks && i < before->disks; i++)
        busiest = more(busiest, grown(before->busy_ms[i], after->busy_ms[i]));
    return seconds > 0 ? between(0, percent_of(busiest, seconds * 1000), 100) : 0;
}

/* Without a capacity only what the busiest link makes of its own speed can be told. */
static double network_percent(const struct host_network *before, const struct host_network *after,
                              uint64_t capacity_bits, double seconds)
{
    double busiest = 0;

    if (capacity_bits > 0)
        return percent_of(8 * more(grown(before->received_bytes, after->received_bytes),
                                   grown(before->sent_bytes, after->sent_bytes)),
                          seconds * (double)capacity_bits);
    for (unsigned i = 0; i < after->link_count && i < before->link_count; i++) {
        const struct host_link *a = &before->links[i], *b = &after->links[i];

        busiest = more(busiest, percent_of(8 * more(grown(a->received_bytes, b->received_bytes),
                                                    grown(a->sent_bytes, b->sent_bytes)),
                                           seconds * (double)b->bits_per_second));
    }
    return busiest;
}

static double disk_percent(const struct host_usage *usage, const struct host_share *share)
{
    if (!share || (share->disk_bytes == 0 && share->disk_operations == 0))
        return usage->disk_busy;
    return more(percent_of(usage->disk_bytes, (double)share->disk_bytes),
                percent_of(usage->disk_operations, (double)share->disk_operations));
}

static void set(struct host_usage *usage, enum resource resource, bool known, double percent)
{
    usage->known[resource] = known;
    usage->percent[resource] = known ? percent : 0;
}

void host_usage(const struct host_reading *before, const struct host_reading *after,
                const struct host_limits *limits, const struct host_baseline *baseline,
                const struct host_share *share, struct host_usage *ret_usage)
{
    const struct host_memory *memory = &after->memory;
    double seconds = grown(before->at_ns, after->at_ns) / (double)NS_PER_SECOND;

    memset(ret_usage, 0, sizeof(*ret_usage));
    cpu_usage(before, after, seconds, ret_usage);
    if (seconds > 0)
        rates(before, after, seconds, ret_usage);
    if (baseline)
        ret_usage->memory_taken_bytes =
            (double)host_memory_available(&baseline->reading.memory) - (double)host_memory_available(memory);

    ret_usage->own_known = after->own_cpu_ns > 0;
    if (ret_usage->own_known && seconds > 0)
        ret_usage->own_cpu = percent_of(grown(before->own_cpu_ns, after->own_cpu_ns),
                                        seconds * (double)NS_PER_SECOND * (double)after->cpus);
    if (ret_usage->own_known && baseline)
        ret_usage->own_memory_bytes = (double)after->own_memory - (double)baseline->reading.own_memory;

    bool by_account = share && share->by_account && ret_usage->own_known;

    if (share && share->cpus > 0 && baseline)
        set(ret_usage, RESOURCE_CPU, true,
            (by_account ? ret_usage->own_cpu : ret_usage->cpu_busy - baseline->cpu_busy) *
                (double)after->cpus / share->cpus);
    else
        set(ret_usage, RESOURCE_CPU, true, ret_usage->cpu_busy);
    if (share && share->memory_bytes > 0 && baseline)
        set(ret_usage, RESOURCE_MEMORY, true,
            percent_of(by_account ? ret_usage->own_memory_bytes : ret_usage->memory_taken_bytes,
                       (double)share->memory_bytes));
    else
        set(ret_usage, RESOURCE_MEMORY, true,
            percent_of((double)memory->total - (double)host_memory_available(memory), (double)memory->total));

    set(ret_usage, RESOURCE_SWAP, memory->swap_total > 0,
        percent_of((double)memory->swap_total - (double)memory->swap_free, (double)memory->swap_total));
    set(ret_usage, RESOURCE_PRESSURE, after->pressure.known, ret_usage->psi_memory_full);
    set(ret_usage, RESOURCE_PIDS, limits->tasks > 0 || limits->cgroup_pids > 0,
        more(percent_of((double)after->tasks, (double)limits->tasks),
             percent_of((double)after->cgroup_pids, (double)limits->cgroup_pids)));
    set(ret_usage, RESOURCE_FILES, limits->files > 0 || limits->own_files > 0,
        more(percent_of((double)after->files_open, (double)limits->files),
             percent_of((double)after->own_files, (double)limits->own_files)));
    set(ret_usage, RESOURCE_MAPS, after->own_maps > 0 && limits->own_maps > 0,
        percent_of((double)after->own_maps, (double)limits->own_maps));
    ret_usage->disk_busy = busiest_disk(&before->disk, &after->disk, seconds);
    set(ret_usage, RESOURCE_DISK, after->disk.disks > 0, disk_percent(ret_usage, share));
    uint64_t network_bits = share ? share->network_bits : 0;

    set(ret_usage, RESOURCE_NETWORK, network_bits > 0 || after->network.link_count > 0,
        network_percent(&before->network, &after->network, network_bits, seconds));
    ret_usage->sockets = (double)after->sockets.used;
    set(ret_usage, RESOURCE_SOCKETS,
        after->sockets.known && (limits->files > 0 || limits->tcp_memory_pages > 0),
        more(percent_of((double)after->sockets.used, (double)limits->files),
             percent_of((double)after->sockets.tcp_memory_pages, (double)limits->tcp_memory_pages)));
}
