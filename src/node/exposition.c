/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/exposition.h"

#include "base/reason.h"
#include "host/procfile.h"
#include "node/exposition_line.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

enum { SEEN_TOTAL = 1, SEEN_FREE = 2, SEEN_AVAILABLE = 4, SEEN_TIME = 8 };

struct intake {
    struct host_reading reading;
    struct host_limits limits;
    struct exposition_devices devices;
    double ticks_per_second;
    unsigned seen;
    uint64_t guest_nice; /* what of the guest time "nice" holds */
    const char *wrong;   /* a series that cannot be, or NULL */
    char wrong_name[EXPOSITION_LABEL_ROOM];
};

/* What a counter or an amount is in whole units; what is no such number is noted. */
static uint64_t whole(struct intake *intake, const struct series *series, double scale)
{
    double value = series->value * scale;

    if (value >= 0 && value < 0x1p63)
        return (uint64_t)llround(value);
    if (!intake->wrong) {
        size_t length = series->name_length < sizeof(intake->wrong_name) ? series->name_length
                                                                         : sizeof(intake->wrong_name) - 1;

        memcpy(intake->wrong_name, series->name, length);
        intake->wrong_name[length] = '\0';
        intake->wrong = intake->wrong_name;
    }
    return 0;
}

/* Series without labels, each added to a field of the reading. */
#define READING(name, member, scale)                                                                         \
    {                                                                                                        \
        name, offsetof(struct host_reading, member), scale, 0                                                \
    }
#define NEEDED(name, member, scale, bit)                                                                     \
    {                                                                                                        \
        name, offsetof(struct host_reading, member), scale, bit                                              \
    }

static const struct plain {
    const char *name;
    size_t offset;
    double scale;
    unsigned seen;
} plain[] = {
    NEEDED("node_time_seconds", at_ns, 1e9, SEEN_TIME),
    NEEDED("node_memory_MemTotal_bytes", memory.total, 1, SEEN_TOTAL),
    NEEDED("node_memory_MemFree_bytes", memory.free, 1, SEEN_FREE),
    NEEDED("node_memory_MemAvailable_bytes", memory.available, 1, SEEN_AVAILABLE),
    READING("node_memory_AnonPages_bytes", memory.anonymous, 1),
    READING("node_memory_Shmem_bytes", memory.shared, 1),
    READING("node_memory_PageTables_bytes", memory.page_tables, 1),
    READING("node_memory_SecPageTables_bytes", memory.secondary_page_tables, 1),
    READING("node_memory_KernelStack_bytes", memory.kernel_stacks, 1),
    READING("node_memory_SUnreclaim_bytes", memory.slab_unreclaimable, 1),
    READING("node_memory_SReclaimable_bytes", memory.slab_reclaimable, 1),
    READING("node_memory_KReclaimable_bytes", memory.reclaimable, 1),
    READING("node_memory_Percpu_bytes", memory.per_cpu, 1),
    READING("node_memory_VmallocUsed_bytes", memory.vmalloc, 1),
    READING("node_memory_Cached_bytes", memory.file_cache, 1),
    READING("node_memory_Buffers_bytes", memory.file_cache, 1),
    READING("node_memory_Active_file_bytes", memory.file_lists, 1),
    READING("node_memory_Inactive_file_bytes", memory.file_lists, 1),
    READING("node_memory_SwapTotal_bytes", memory.swap_total, 1),
    READING("node_memory_SwapFree_bytes", memory.swap_free, 1),
    READING("node_pressure_cpu_waiting_seconds_total", pressure.cpu_some, 1e6),
    READING("node_pressure_memory_waiting_seconds_total", pressure.memory_some, 1e6),
    READING("node_pressure_memory_stalled_seconds_total", pressure.memory_full, 1e6),
    READING("node_pressure_io_waiting_seconds_total", pressure.io_some, 1e6),
    READING("node_pressure_io_stalled_seconds_total", pressure.io_full, 1e6),
    READING("node_vmstat_pswpin", swapped_in_pages, 1),
    READING("node_vmstat_pswpout", swapped_out_pages, 1),
    READING("node_vmstat_oom_kill", oom_kills, 1),
    READING("node_processes_threads", tasks, 1),
    READING("node_filefd_allocated", files_open, 1),
    READING("node_sockstat_sockets_used", sockets.used, 1),
    READING("node_sockstat_TCP_mem", sockets.tcp_memory_pages, 1),
    READING("node_sockstat_TCP_tw", sockets.tcp_time_wait, 1),
};

static void take_plain(struct intake *intake, const struct series *series)
{
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        if (!series_is(series, plain[i].name))
            continue;
        *(uint64_t *)(void *)((char *)&intake->reading + plain[i].offset) +=
            whole(intake, series, plain[i].scale);
        intake->seen |= plain[i].seen;
        if (plain[i].offset == offsetof(struct host_reading, at_ns))
            intake->reading.unix_seconds = series->value;
        intake->reading.pressure.known |=
            plain[i].offset == offsetof(struct host_reading, pressure.memory_full);
        intake->reading.sockets.known |= plain[i].offset == offsetof(struct host_reading, sockets.used);
        return;
    }
    if (series_is(series, "node_filefd_maximum"))
        intake->limits.files = whole(intake, series, 1);
    else if (series_is(series, "node_processes_max_threads") ||
             series_is(series, "node_processes_max_processes")) {
        uint64_t limit = whole(intake, series, 1);

        if (intake->limits.tasks == 0 || limit < intake->limits.tasks)
            intake->limits.tasks = limit;
    }
}

/* node_cpu_seconds_total{cpu="0",mode="idle"}; node_cpu_guest_seconds_total{cpu="0",mode="user"}, which
 * "user" holds too. */
static bool take_cpu(struct intake *intake, const struct series *series)
{
    static const struct {
        const char *mode;
        size_t offset;
    } modes[] = {
        {"user", offsetof(struct host_cpu, user)},       {"nice", offsetof(struct host_cpu, nice)},
        {"system", offsetof(struct host_cpu, system)},   {"irq", offsetof(struct host_cpu, irq)},
        {"softirq", offsetof(struct host_cpu, softirq)}, {"steal", offsetof(struct host_cpu, steal)},
        {"idle", offsetof(struct host_cpu, idle)},       {"iowait", offsetof(struct host_cpu, iowait)},
    };
    bool guest = series_is(series, "node_cpu_guest_seconds_total");
    char mode[16];

    if (!guest && !series_is(series, "node_cpu_seconds_total"))
        return false;
    series_label(series, "mode", mode, sizeof(mode));
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        uint64_t *column = (uint64_t *)(void *)((char *)&intake->reading.cpu + modes[i].offset);

        if (strcmp(mode, modes[i].mode) != 0)
            continue;
        uint64_t ticks = whole(intake, series, intake->ticks_per_second);

        if (guest)
            intake->reading.cpu.guest += ticks, intake->guest_nice += strcmp(mode, "nice") == 0 ? ticks : 0;
        else
            *column += ticks;
        intake->reading.cpus += !guest && strcmp(mode, "idle") == 0;
    }
    return true;
}

/* The exporter leaves out partitions, loop and ram; these lie upon others, or upon memory. */
static bool is_whole_disk(const char *name)
{
    static const char *const others[] = {"dm-", "md", "zram", "loop", "ram", "nbd", "drbd"};

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (text_after(name, others[i]))
            return false;
    return name[0] != '\0';
}

/* The index of a name, which is added when `add` and there is room; -1: it has none. */
static int index_of(char (*names)[EXPOSITION_LABEL_ROOM], unsigned *count, unsigned room, bool add,
                    const char *name)
{
    for (unsigned i = 0; i < *count; i++)
        if (strcmp(names[i], name) == 0)
            return (int)i;
    if (!add || *count == room)
        return -1;
    memcpy(names[*count], name, strlen(name) + 1);
    return (int)(*count)++;
}

static bool take_disk(struct intake *intake, const struct series *series)
{
    static const struct {
        const char *name;
        size_t offset;
    } sums[] = {
        {"node_disk_reads_completed_total", offsetof(struct host_disk, reads)},
        {"node_disk_writes_completed_total", offsetof(struct host_disk, writes)},
        {"node_disk_read_bytes_total", offsetof(struct host_disk, read_bytes)},
        {"node_disk_written_bytes_total", offsetof(struct host_disk, written_bytes)},
    };
    struct exposition_devices *devices = &intake->devices;
    struct host_disk *disk = &intake->reading.disk;
    char name[EXPOSITION_LABEL_ROOM];

    if (series->name_length < 10 || memcmp(series->name, "node_disk_", 10) != 0)
        return false;
    if (!series_label(series, "device", name, sizeof(name)) || !is_whole_disk(name))
        return true;
    for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
        if (series_is(series, sums[i].name))
            *(uint64_t *)(void *)((char *)disk + sums[i].offset) += whole(intake, series, 1);
    if (series_is(series, "node_disk_io_time_seconds_total")) {
        int index = index_of(devices->disks, &devices->disk_count, HOST_DISKS, !devices->known, name);

        if (index >= 0)
            disk->busy_ms[index] = whole(intake, series, 1000);
        disk->disks = devices->disk_count;
    }
    return true;
}

static bool take_network(struct intake *intake, const struct series *series)
{
    static const struct {
        const char *name;
        size_t offset;
        int link; /* 0: not of links; 1, 2: what they received, sent */
    } sums[] = {
        {"node_network_receive_bytes_total", offsetof(struct host_network, received_bytes), 1},
        {"node_network_transmit_bytes_total", offsetof(struct host_network, sent_bytes), 2},
        {"node_network_receive_packets_total", offsetof(struct host_network, received_packets), 0},
        {"node_network_transmit_packets_total", offsetof(struct host_network, sent_packets), 0},
    };
    struct exposition_devices *devices = &intake->devices;
    struct host_network *network = &intake->reading.network;
    char name[EXPOSITION_LABEL_ROOM];

    if (series->name_length < 13 || memcmp(series->name, "node_network_", 13) != 0)
        return false;
    series_label(series, "device", name, sizeof(name));
    int index = index_of(devices->links, &devices->link_count, HOST_LINKS, false, name);

    if (index >= 0 && series_is(series, "node_network_speed_bytes"))
        network->links[index].bits_per_second = series->value > 0 ? whole(intake, series, 8) : 0;
    for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
        if (!series_is(series, sums[i].name))
            continue;
        uint64_t value = whole(intake, series, 1);

        if (strcmp(name, "lo") != 0)
            *(uint64_t *)(void *)((char *)network + sums[i].offset) += value;
        else if (i == 0)
            network->loopback_bytes += value;
        else if (i == 2)
            network->loopback_packets += value;
        if (index >= 0 && sums[i].link == 1)
            network->links[index].received_bytes = value;
        else if (index >= 0 && sums[i].link == 2)
            network->links[index].sent_bytes = value;
    }
    return true;
}

static void take_all(struct intake *intake, const struct series *series)
{
    if (!take_cpu(intake, series) && !take_disk(intake, series) && !take_network(intake, series))
        take_plain(intake, series);
}

/* Hardware has an address of its own (NET_ADDR_PERM, 0); bridges and taps have one that was made. */
static void take_link_name(struct intake *intake, const struct series *series)
{
    struct exposition_devices *devices = &intake->devices;
    char name[EXPOSITION_LABEL_ROOM];

    if (series_is(series, "node_network_address_assign_type") && !(series->value < 0) &&
        !(series->value > 0) && series_label(series, "device", name, sizeof(name)) && name[0] &&
        strcmp(name, "lo") != 0)
        index_of(devices->links, &devices->link_count, HOST_LINKS, true, name);
}

static int each_series(const char *text, size_t length, struct intake *intake,
                       void (*take)(struct intake *, const struct series *), struct reason *reason)
{
    const char *end = text + length;
    size_t line = 1;

    for (const char *at = text; at < end; line++) {
        const char *feed = memchr(at, '\n', (size_t)(end - at)), *stop = feed ? feed : end;
        struct series series;
        int kind = series_parse(at, (size_t)(stop - at), &series);

        if (kind < 0)
            return reason_set(reason, EINVAL, "line %zu of it is not of Prometheus' text format", line);
        if (kind > 0)
            take(intake, &series);
        at = feed ? feed + 1 : end;
    }
    return 0;
}

/* Links whose speed nobody tells say nothing of how full they are. */
static void drop_unknown_links(struct host_network *network, struct exposition_devices *devices, bool first)
{
    unsigned kept = 0;

    network->link_count = devices->link_count;
    if (!first)
        return;
    for (unsigned i = 0; i < devices->link_count; i++) {
        if (network->links[i].bits_per_second == 0)
            continue;
        network->links[kept] = network->links[i];
        memmove(devices->links[kept], devices->links[i], EXPOSITION_LABEL_ROOM);
        kept++;
    }
    network->link_count = devices->link_count = kept;
}

static const char *lacking(const struct intake *intake)
{
    return intake->reading.cpus == 0          ? "node_cpu_seconds_total"
           : !(intake->seen & SEEN_TOTAL)     ? "node_memory_MemTotal_bytes"
           : !(intake->seen & SEEN_FREE)      ? "node_memory_MemFree_bytes"
           : !(intake->seen & SEEN_AVAILABLE) ? "node_memory_MemAvailable_bytes"
           : !(intake->seen & SEEN_TIME)      ? "node_time_seconds"
                                              : NULL;
}

static uint64_t less(uint64_t from, uint64_t what)
{
    return from > what ? from - what : 0;
}

/* As host/reading.c makes them of /proc. */
static void finish(struct intake *intake)
{
    struct host_reading *reading = &intake->reading;
    struct host_memory *memory = &reading->memory;
    struct host_cpu *cpu = &reading->cpu;

    cpu->user = less(cpu->user, cpu->guest - intake->guest_nice);
    cpu->nice = less(cpu->nice, intake->guest_nice);
    memory->file_cache = less(memory->file_cache, memory->shared);
    if (memory->reclaimable == 0)
        memory->reclaimable = memory->slab_reclaimable;
    intake->limits.cpus = reading->cpus;
    intake->limits.memory_total = memory->total;
    intake->limits.swap_total = memory->swap_total;
    if (reading->tasks == 0)
        intake->limits.tasks = 0;
    for (unsigned i = 0; i < reading->network.link_count; i++)
        intake->limits.link_bits += reading->network.links[i].bits_per_second;
}

int exposition_read(const char *text, size_t length, struct exposition_devices *devices,
                    struct host_reading *ret_reading, struct host_limits *ret_limits, struct reason *reason)
{
    struct intake intake = {.devices = *devices, .ticks_per_second = (double)sysconf(_SC_CLK_TCK)};
    bool first = !devices->known;
    int error = 0;

    if (length > EXPOSITION_MOST)
        return reason_set(reason, EINVAL, "it is longer than %d MiB", EXPOSITION_MOST >> 20);
    if (first)
        error = each_series(text, length, &intake, take_link_name, reason);
    if (!error)
        error = each_series(text, length, &intake, take_all, reason);
    if (error)
        return error;
    if (intake.wrong)
        return reason_set(reason, EINVAL, "its %s is not a number that such a series can have", intake.wrong);
    if (lacking(&intake))
        return reason_set(reason, EINVAL, "it lacks %s, which a node_exporter on Linux tells",
                          lacking(&intake));
    drop_unknown_links(&intake.reading.network, &intake.devices, first);
    finish(&intake);
    intake.devices.known = true;
    *devices = intake.devices;
    *ret_reading = intake.reading;
    *ret_limits = intake.limits;
    return 0;
}
