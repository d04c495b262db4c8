/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "result/samples.h"

#include "base/reason.h"
#include "result/number.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct samples {
    int fd;
    const char *name; /* of the file */
    char *block;      /* whole lines not yet written */
    size_t length, room;
};

/* What a column shows. */
struct column {
    const char *name;
    enum { FROM_READING_U64, FROM_READING_DOUBLE, FROM_USAGE } from;
    size_t offset;
};

#define READING(n, m)                                                                                        \
    {                                                                                                        \
        n, FROM_READING_U64, offsetof(struct host_reading, m)                                                \
    }
#define READING_DOUBLE(n, m)                                                                                 \
    {                                                                                                        \
        n, FROM_READING_DOUBLE, offsetof(struct host_reading, m)                                             \
    }
#define USAGE(n, m)                                                                                          \
    {                                                                                                        \
        n, FROM_USAGE, offsetof(struct host_usage, m)                                                        \
    }

/* Columns after "interval,vms" and before the percentages. */
static const struct column time_columns[] = {
    READING_DOUBLE("unix_seconds", unix_seconds),
};

/* Columns after the percentages, which are one a resource. */
static const struct column columns[] = {
    USAGE("cpu_busy_percent", cpu_busy),
    USAGE("cpu_user_percent", cpu_user),
    USAGE("cpu_system_percent", cpu_system),
    USAGE("cpu_interrupt_percent", cpu_interrupt),
    USAGE("cpu_steal_percent", cpu_steal),
    USAGE("cpu_ticks_percent", cpu_ticks),
    USAGE("memory_taken_bytes", memory_taken_bytes),
    READING("memory_total_bytes", memory.total),
    READING("memory_available_bytes", memory.available),
    READING("memory_free_bytes", memory.free),
    READING("anonymous_bytes", memory.anonymous),
    READING("shared_bytes", memory.shared),
    READING("page_tables_bytes", memory.page_tables),
    READING("secondary_page_tables_bytes", memory.secondary_page_tables),
    READING("kernel_stacks_bytes", memory.kernel_stacks),
    READING("slab_unreclaimable_bytes", memory.slab_unreclaimable),
    READING("slab_reclaimable_bytes", memory.slab_reclaimable),
    READING("per_cpu_bytes", memory.per_cpu),
    READING("vmalloc_bytes", memory.vmalloc),
    READING("file_cache_bytes", memory.file_cache),
    READING("file_lists_bytes", memory.file_lists),
    READING("reclaimable_bytes", memory.reclaimable),
    READING("watermark_low_bytes", memory.watermark_low),
    READING("free_lists_bytes", memory.free_lists),
    READING("swap_total_bytes", memory.swap_total),
    READING("swap_free_bytes", memory.swap_free),
    READING("tasks", tasks),
    READING("files_open", files_open),
    READING("own_files", own_files),
    READING("own_maps", own_maps),
    READING("own_memory_bytes", own_memory),
    USAGE("own_cpu_percent", own_cpu),
    READING("oom_kills", oom_kills),
    USAGE("psi_cpu_some_percent", psi_cpu_some),
    USAGE("psi_memory_some_percent", psi_memory_some),
    USAGE("psi_memory_full_percent", psi_memory_full),
    USAGE("psi_io_some_percent", psi_io_some),
    USAGE("psi_io_full_percent", psi_io_full),
    USAGE("disk_bytes_per_second", disk_bytes),
    USAGE("disk_operations_per_second", disk_operations),
    USAGE("network_bytes_per_second", network_bytes),
    USAGE("network_packets_per_second", network_packets),
    USAGE("swap_pages_per_second", swap_pages),
    USAGE("loopback_bytes_per_second", loopback_bytes),
    USAGE("loopback_packets_per_second", loopback_packets),
    USAGE("disk_busy_percent", disk_busy),
    READING("sockets_in_use", sockets.used),
    READING("tcp_memory_pages", sockets.tcp_memory_pages),
    READING("tcp_time_wait", sockets.tcp_time_wait),
};

enum {
    COLUMNS = sizeof(columns) / sizeof(columns[0]),
    TIME_COLUMNS = sizeof(time_columns) / sizeof(time_columns[0])
};

static void print_names(bool hosts, FILE *to)
{
    fputs(hosts ? "interval,vms,host" : "interval,vms", to);
    for (size_t i = 0; i < TIME_COLUMNS; i++)
        fprintf(to, ",%s", time_columns[i].name);
    for (int r = 0; r < RESOURCE_COUNT; r++)
        fprintf(to, ",%s_percent", resource_name((enum resource)r));
    for (size_t i = 0; i < COLUMNS; i++)
        fprintf(to, ",%s", columns[i].name);
    fputc('\n', to);
}

static void print_double(double number, FILE *to)
{
    char text[NUMBER_ROOM];
    fprintf(to, ",%s", isfinite(number) ? number_digits(number, 15, text) : "");
}

static void print_column(const struct column *column, const struct host_reading *reading,
                         const struct host_usage *usage, FILE *to)
{
    const char *from_reading = (const char *)reading + column->offset;
    const char *from_usage = (const char *)usage + column->offset;
    switch (column->from) {
    case FROM_READING_U64:
        fprintf(to, ",%" PRIu64, *(const uint64_t *)(const void *)from_reading);
        break;
    case FROM_READING_DOUBLE:
        print_double(*(const double *)(const void *)from_reading, to);
        break;
    case FROM_USAGE:
        print_double(*(const double *)(const void *)from_usage, to);
        break;
    }
}

/* `host`: NULL in a file of one host. */
static void print_sample(unsigned interval, uint64_t vms, const char *host,
                         const struct host_reading *reading, const struct host_usage *usage, FILE *to)
{
    fprintf(to, "%u,%" PRIu64 "%s%s", interval, vms, host ? "," : "", host ? host : "");
    for (size_t i = 0; i < TIME_COLUMNS; i++)
        print_column(&time_columns[i], reading, usage, to);
    for (int r = 0; r < RESOURCE_COUNT; r++)
        print_double(usage->known[r] ? usage->percent[r] : NAN, to);
    for (size_t i = 0; i < COLUMNS; i++)
        print_column(&columns[i], reading, usage, to);
    fputc('\n', to);
}

/* Moves a finished line into the block; takes over `line`. `ok`: it was printed whole. */
static int append_line(struct samples *samples, char *line, size_t length, bool ok)
{
    if (ok && samples->room - samples->length < length) {
        size_t room = (samples->length + length) * 2;
        char *moved = realloc(samples->block, room);
        if (moved) {
            samples->block = moved;
            samples->room = room;
        }
        ok = moved != NULL;
    }
    if (ok) {
        memcpy(samples->block + samples->length, line, length);
        samples->length += length;
    }
    free(line);
    return ok ? 0 : -ENOMEM;
}

int samples_add_host(struct samples *samples, unsigned interval, uint64_t vms, const char *host,
                     const struct host_reading *reading, const struct host_usage *usage)
{
    char *line = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&line, &length);
    if (!to)
        return -ENOMEM;
    print_sample(interval, vms, host, reading, usage, to);
    bool ok = fclose(to) == 0;
    return append_line(samples, line, length, ok);
}

int samples_add(struct samples *samples, unsigned interval, uint64_t vms, const struct host_reading *reading,
                const struct host_usage *usage)
{
    return samples_add_host(samples, interval, vms, NULL, reading, usage);
}

int samples_flush(struct samples *samples, struct reason *reason)
{
    while (samples->length > 0) {
        ssize_t put = write(samples->fd, samples->block, samples->length);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return reason_errno(reason, errno, "cannot write %s", samples->name);
        /* Less than all only when the disk is full or a signal came: the next write says which. */
        samples->length -= (size_t)put;
        memmove(samples->block, samples->block + put, samples->length);
    }
    return 0;
}

static int open_file(struct samples **ret_samples, const char *directory, const char *file, bool hosts,
                     struct reason *reason)
{
    char *path = NULL, *names = NULL;
    size_t length = 0;
    int r = -ENOMEM;

    struct samples *samples = calloc(1, sizeof(*samples));
    FILE *to = open_memstream(&names, &length);
    if (samples)
        *samples = (struct samples){.fd = -1, .name = file};
    if (!samples || !to || asprintf(&path, "%s/%s", directory, file) < 0) {
        if (to)
            fclose(to);
        free(names);
        samples_close(samples);
        return reason_set(reason, ENOMEM, "no memory for the samples");
    }
    print_names(hosts, to);
    bool ok = fclose(to) == 0;
    samples->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
    if (samples->fd < 0) {
        r = reason_errno(reason, errno, "cannot create %s", path);
        free(names);
    } else if ((r = append_line(samples, names, length, ok)) < 0) {
        reason_set(reason, ENOMEM, "no memory for the samples");
    } else {
        r = samples_flush(samples, reason);
    }
    free(path);
    if (r < 0) {
        samples_close(samples);
        return r;
    }
    *ret_samples = samples;
    return 0;
}

int samples_open(struct samples **ret_samples, const char *directory, struct reason *reason)
{
    return open_file(ret_samples, directory, "samples.csv", false, reason);
}

int samples_open_hosts(struct samples **ret_samples, const char *directory, struct reason *reason)
{
    return open_file(ret_samples, directory, "hosts.csv", true, reason);
}

void samples_close(struct samples *samples)
{
    if (!samples)
        return;
    if (samples->fd >= 0)
        close(samples->fd);
    free(samples->block);
    free(samples);
}
