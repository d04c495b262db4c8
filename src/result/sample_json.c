/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "result/sample_json.h"

#include "base/reason.h"
#include "result/json_rows.h"

#include <errno.h>
#include <string.h>

static const char *const schema_words[] = {SAMPLE_SCHEMA};
static const char *const host_words[] = {"host"};
static const char *const reading_words[] = {"reading"};

#define CONSTANT(n, w) .name = n, .kind = JSON_FIELD_CONSTANT, .words = w, .word_count = 1

static const struct json_field host_line_fields[] = {
    {CONSTANT("schema", schema_words), REQUIRED},
    {CONSTANT("kind", host_words), REQUIRED},
    {TEXT("tool_version", struct sample_host, tool_version), REQUIRED},
    {TEXT("name", struct sample_host, name)},
    {U64("ticks_per_second", struct sample_host, ticks_per_second), REQUIRED},
    {STRUCT("limits", struct sample_host, limits, limit_fields), REQUIRED},
    END,
};

static const struct json_field pressure_fields[] = {
    {U64("cpu_some", struct host_pressure, cpu_some)},
    {U64("memory_some", struct host_pressure, memory_some)},
    {U64("memory_full", struct host_pressure, memory_full)},
    {U64("io_some", struct host_pressure, io_some)},
    {U64("io_full", struct host_pressure, io_full)},
    END,
};

static const struct json_field one_disk_fields[] = {
    {.name = "busy_ms", .kind = JSON_FIELD_U64, .offset = 0, REQUIRED},
    END,
};

static const struct json_array disk_array = {
    .element_size = sizeof(uint64_t),
    .most = HOST_DISKS,
    .fields = one_disk_fields,
};

static const struct json_field disk_fields[] = {
    {U64("reads", struct host_disk, reads)},
    {U64("writes", struct host_disk, writes)},
    {U64("read_bytes", struct host_disk, read_bytes)},
    {U64("written_bytes", struct host_disk, written_bytes)},
    {.name = "disks",
     .kind = JSON_FIELD_FIXED,
     .offset = offsetof(struct host_disk, busy_ms),
     .second = AT(struct host_disk, disks, unsigned),
     .array = &disk_array},
    END,
};

static const struct json_field link_fields[] = {
    {U64("received_bytes", struct host_link, received_bytes)},
    {U64("sent_bytes", struct host_link, sent_bytes)},
    {U64("bits_per_second", struct host_link, bits_per_second)},
    END,
};

static const struct json_array link_array = {
    .element_size = sizeof(struct host_link),
    .most = HOST_LINKS,
    .fields = link_fields,
};

static const struct json_field network_fields[] = {
    {U64("received_bytes", struct host_network, received_bytes)},
    {U64("sent_bytes", struct host_network, sent_bytes)},
    {U64("received_packets", struct host_network, received_packets)},
    {U64("sent_packets", struct host_network, sent_packets)},
    {U64("loopback_bytes", struct host_network, loopback_bytes)},
    {U64("loopback_packets", struct host_network, loopback_packets)},
    {.name = "links",
     .kind = JSON_FIELD_FIXED,
     .offset = offsetof(struct host_network, links),
     .second = AT(struct host_network, link_count, unsigned),
     .array = &link_array},
    END,
};

static const struct json_field socket_fields[] = {
    {U64("used", struct host_sockets, used)},
    {U64("tcp_memory_pages", struct host_sockets, tcp_memory_pages)},
    {U64("tcp_time_wait", struct host_sockets, tcp_time_wait)},
    END,
};

static const struct json_field reading_line_fields[] = {
    {CONSTANT("schema", schema_words), REQUIRED},
    {CONSTANT("kind", reading_words), REQUIRED},
    {U64("at_ns", struct host_reading, at_ns), REQUIRED},
    {DOUBLE("unix_seconds", struct host_reading, unix_seconds), REQUIRED},
    {UNSIGNED("cpus", struct host_reading, cpus), REQUIRED},
    {STRUCT("cpu_ticks", struct host_reading, cpu, reading_cpu_fields), REQUIRED},
    {STRUCT("memory_bytes", struct host_reading, memory, reading_memory_fields), REQUIRED},
    {STRUCT("pressure_us", struct host_reading, pressure, pressure_fields),
     DECIDED_BY(struct host_reading, pressure.known)},
    {STRUCT("disk", struct host_reading, disk, disk_fields)},
    {STRUCT("network", struct host_reading, network, network_fields)},
    {STRUCT("sockets", struct host_reading, sockets, socket_fields),
     DECIDED_BY(struct host_reading, sockets.known)},
    {U64("swapped_in_pages", struct host_reading, swapped_in_pages)},
    {U64("swapped_out_pages", struct host_reading, swapped_out_pages)},
    {U64("oom_kills", struct host_reading, oom_kills)},
    {U64("tasks", struct host_reading, tasks)},
    {U64("files_open", struct host_reading, files_open)},
    END,
};

json_t *sample_host_json(const struct sample_host *host)
{
    return json_fields_write(host_line_fields, host);
}

json_t *sample_reading_json(const struct host_reading *reading)
{
    return json_fields_write(reading_line_fields, reading);
}

static int parse(const struct json_field *fields, void *base, const char *line, size_t length,
                 struct reason *reason)
{
    json_error_t error;

    if (length > SAMPLE_LINE_MOST)
        return reason_set(reason, EINVAL, "a line is longer than %d bytes", SAMPLE_LINE_MOST);
    json_t *json = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);

    if (!json)
        return reason_set(reason, EINVAL, "a line is not JSON");
    int r = json_fields_read(fields, base, json, reason);

    json_decref(json);
    return r;
}

int sample_host_read(struct sample_host *ret_host, const char *line, size_t length, struct reason *reason)
{
    struct sample_host host = {.name = ""};
    int r = parse(host_line_fields, &host, line, length, reason);

    if (r == 0)
        *ret_host = host;
    return r;
}

int sample_reading_read(struct host_reading *ret_reading, const char *line, size_t length,
                        struct reason *reason)
{
    struct host_reading reading = {.at_ns = 0};
    int r = parse(reading_line_fields, &reading, line, length, reason);

    if (r == 0)
        *ret_reading = reading;
    return r;
}
