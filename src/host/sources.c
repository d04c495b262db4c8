/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/sources.h"

#include "host/procfile.h"

#include <string.h>
#include <unistd.h>

enum { STAT_CPU = 1 << 0, STAT_CPUS = 1 << 1 };
enum { MEMINFO_TOTAL = 1 << 0, MEMINFO_FREE = 1 << 1, MEMINFO_AVAILABLE = 1 << 2 };

static uint64_t less(uint64_t from, uint64_t what)
{
    return from > what ? from - what : 0;
}

/* Reads up to `most` numbers; how many there were. */
static unsigned numbers(const char *at, uint64_t *ret_numbers, unsigned most)
{
    unsigned count = 0;

    while (count < most && text_number(&at, &ret_numbers[count]))
        count++;
    return count;
}

static bool take_stat(void *context, const char *line)
{
    struct intake *intake = context;
    struct host_cpu *cpu = &intake->reading->cpu;
    const char *rest = text_after(line, "cpu");

    if (!rest)
        return false; /* the lines of the CPUs come first */
    if (*rest != ' ') {
        intake->reading->cpus++;
        intake->seen |= STAT_CPUS;
        return true;
    }
    /* user nice system idle iowait irq softirq steal guest guest_nice */
    uint64_t value[10] = {0};

    if (numbers(rest, value, 10) < 4)
        return false;
    *cpu = (struct host_cpu){
        .user = less(value[0], value[8]),
        .nice = less(value[1], value[9]),
        .system = value[2],
        .idle = value[3],
        .iowait = value[4],
        .irq = value[5],
        .softirq = value[6],
        .steal = value[7],
        .guest = value[8] + value[9],
    };
    intake->seen |= STAT_CPU;
    return true;
}

/* Lines of /proc/meminfo, and the field each is added to. */
static const struct {
    const char *name;
    size_t offset;
    unsigned seen;
} memory_lines[] = {
    {"MemTotal:", offsetof(struct host_memory, total), MEMINFO_TOTAL},
    {"MemFree:", offsetof(struct host_memory, free), MEMINFO_FREE},
    {"MemAvailable:", offsetof(struct host_memory, available), MEMINFO_AVAILABLE},
    {"Buffers:", offsetof(struct host_memory, file_cache), 0},
    {"Cached:", offsetof(struct host_memory, file_cache), 0},
    {"Active(file):", offsetof(struct host_memory, file_lists), 0},
    {"Inactive(file):", offsetof(struct host_memory, file_lists), 0},
    {"SwapTotal:", offsetof(struct host_memory, swap_total), 0},
    {"SwapFree:", offsetof(struct host_memory, swap_free), 0},
    {"AnonPages:", offsetof(struct host_memory, anonymous), 0},
    {"Shmem:", offsetof(struct host_memory, shared), 0},
    {"KReclaimable:", offsetof(struct host_memory, reclaimable), 0},
    {"SReclaimable:", offsetof(struct host_memory, slab_reclaimable), 0},
    {"SUnreclaim:", offsetof(struct host_memory, slab_unreclaimable), 0},
    {"KernelStack:", offsetof(struct host_memory, kernel_stacks), 0},
    {"PageTables:", offsetof(struct host_memory, page_tables), 0},
    {"SecPageTables:", offsetof(struct host_memory, secondary_page_tables), 0},
    {"VmallocUsed:", offsetof(struct host_memory, vmalloc), 0},
    {"Percpu:", offsetof(struct host_memory, per_cpu), 0},
};

static bool take_meminfo(void *context, const char *line)
{
    struct intake *intake = context;

    for (size_t i = 0; i < sizeof(memory_lines) / sizeof(memory_lines[0]); i++) {
        const char *rest = text_after(line, memory_lines[i].name);
        uint64_t kib;

        if (!rest || !text_number(&rest, &kib) || kib > UINT64_MAX >> 12)
            continue;
        *(uint64_t *)((char *)&intake->reading->memory + memory_lines[i].offset) += kib * 1024;
        intake->seen |= memory_lines[i].seen;
        break;
    }
    return true;
}

static bool take_zoneinfo(void *context, const char *line)
{
    struct host_memory *memory = &((struct intake *)context)->reading->memory;
    const char *word = line + strspn(line, " "), *rest;
    uint64_t pages, page = (uint64_t)sysconf(_SC_PAGESIZE);

    if ((rest = text_after(word, "low ")) && text_number(&rest, &pages))
        memory->watermark_low += pages * page;
    else if ((rest = text_after(word, "count:")) && text_number(&rest, &pages))
        memory->free_lists += pages * page;
    return true;
}

static bool take_vmstat(void *context, const char *line)
{
    struct host_reading *reading = ((struct intake *)context)->reading;
    const char *rest;

    if ((rest = text_after(line, "pswpin ")))
        text_number(&rest, &reading->swapped_in_pages);
    else if ((rest = text_after(line, "pswpout ")))
        text_number(&rest, &reading->swapped_out_pages);
    else if ((rest = text_after(line, "oom_kill ")))
        text_number(&rest, &reading->oom_kills);
    return true;
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=1234" */
static bool pressure_total(const char *line, const char *which, uint64_t *ret_total)
{
    const char *rest = text_after(line, which);
    const char *total = rest ? strstr(rest, " total=") : NULL;

    if (!total)
        return false;
    total += strlen(" total=");
    return text_number(&total, ret_total);
}

static bool take_pressure_cpu(void *context, const char *line)
{
    struct host_pressure *pressure = &((struct intake *)context)->reading->pressure;

    return !pressure_total(line, "some", &pressure->cpu_some);
}

static bool take_pressure_memory(void *context, const char *line)
{
    struct host_pressure *pressure = &((struct intake *)context)->reading->pressure;

    pressure_total(line, "some", &pressure->memory_some);
    pressure->known |= pressure_total(line, "full", &pressure->memory_full);
    return true;
}

static bool take_pressure_io(void *context, const char *line)
{
    struct host_pressure *pressure = &((struct intake *)context)->reading->pressure;

    pressure_total(line, "some", &pressure->io_some);
    pressure_total(line, "full", &pressure->io_full);
    return true;
}

/* "254 0 vda reads merged sectors ms writes merged sectors ms under-way busy-ms ..."; a sector is 512 bytes,
 * always. */
static bool take_diskstats(void *context, const char *line)
{
    struct intake *intake = context;
    struct host_disk *disk = &intake->reading->disk;
    const char *at = line;
    uint64_t device[2], value[10];

    if (!text_number(&at, &device[0]) || !text_number(&at, &device[1]))
        return true;
    at += strspn(at, " ");

    size_t length = strcspn(at, " ");

    for (size_t i = 0; i < intake->disks->count; i++) {
        const char *name = intake->disks->names[i];

        if (strlen(name) != length || memcmp(name, at, length) != 0)
            continue;
        if (numbers(at + length, value, 10) < 10)
            return true;
        disk->reads += value[0];
        disk->read_bytes += value[2] * 512;
        disk->writes += value[4];
        disk->written_bytes += value[6] * 512;
        if (i < HOST_DISKS)
            disk->busy_ms[i] = value[9];
        return true;
    }
    return true;
}

/* "  eth0: bytes packets errs drop fifo frame compressed multicast bytes packets ..." */
static bool take_network(void *context, const char *line)
{
    struct intake *intake = context;
    struct host_network *network = &intake->reading->network;
    const char *name = line + strspn(line, " "), *colon = strchr(name, ':');
    uint64_t value[10];

    if (!colon || numbers(colon + 1, value, 10) < 10)
        return true;
    if (colon - name == 2 && memcmp(name, "lo", 2) == 0) {
        network->loopback_bytes += value[0];
        network->loopback_packets += value[1];
        return true;
    }
    network->received_bytes += value[0];
    network->received_packets += value[1];
    network->sent_bytes += value[8];
    network->sent_packets += value[9];
    for (unsigned i = 0; i < intake->links->count; i++) {
        const char *link = intake->links->names[i];

        if (strlen(link) == (size_t)(colon - name) && memcmp(link, name, (size_t)(colon - name)) == 0)
            network->links[i] = (struct host_link){value[0], value[8], intake->links->bits_per_second[i]};
    }
    return true;
}

/* What follows ` name ` in a line of names and numbers. */
static bool number_after(const char *line, const char *name, uint64_t *ret_number)
{
    const char *at = strstr(line, name);

    return at && (at += strlen(name), text_number(&at, ret_number));
}

/* "sockets: used 13", "TCP: inuse 1 orphan 0 tw 0 alloc 1 mem 353" */
static bool take_sockstat(void *context, const char *line)
{
    struct host_sockets *sockets = &((struct intake *)context)->reading->sockets;

    if (text_after(line, "sockets:"))
        sockets->known = number_after(line, " used ", &sockets->used);
    else if (text_after(line, "TCP:"))
        number_after(line, " tw ", &sockets->tcp_time_wait),
            number_after(line, " mem ", &sockets->tcp_memory_pages);
    return true;
}

/* "0.00 0.01 0.05 1/84 4263": running and existing tasks in the middle. */
static bool take_loadavg(void *context, const char *line)
{
    const char *slash = strchr(line, '/');

    if (slash) {
        slash++;
        text_number(&slash, &((struct intake *)context)->reading->tasks);
    }
    return false;
}

static bool take_file_nr(void *context, const char *line)
{
    text_number(&line, &((struct intake *)context)->reading->files_open);
    return false;
}

/* The CPU times come first, next to the clock. */
const struct source sources[SOURCE_COUNT] = {
    {"/proc/stat", take_stat, STAT_CPU | STAT_CPUS, "the CPUs' lines"},
    {"/proc/meminfo", take_meminfo, MEMINFO_TOTAL | MEMINFO_FREE | MEMINFO_AVAILABLE,
     "MemTotal, MemFree or MemAvailable (which is there from Linux 3.14 on)"},
    {"/proc/zoneinfo", take_zoneinfo, 0, NULL},
    {"/proc/vmstat", take_vmstat, 0, NULL},
    {"/proc/pressure/cpu", take_pressure_cpu, 0, NULL},
    {"/proc/pressure/memory", take_pressure_memory, 0, NULL},
    {"/proc/pressure/io", take_pressure_io, 0, NULL},
    {"/proc/diskstats", take_diskstats, 0, NULL},
    {"/proc/net/dev", take_network, 0, NULL},
    {"/proc/net/sockstat", take_sockstat, 0, NULL},
    {"/proc/loadavg", take_loadavg, 0, NULL},
    {"/proc/sys/fs/file-nr", take_file_nr, 0, NULL},
};
