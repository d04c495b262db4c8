/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Live figures out of what a run said. */
#include "door/live.h"

#include "base/clock.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static uint64_t count_of(const json_t *object, const char *name)
{
    json_int_t value = json_integer_value(json_object_get(object, name));

    return value > 0 ? (uint64_t)value : 0;
}

/* A number that is no count: seconds, or bytes that may be negative. */
static double number_of(const json_t *object, const char *name)
{
    double value = json_number_value(json_object_get(object, name));

    return isfinite(value) ? value : 0;
}

/* Seconds as whole parts of which `each` make one. */
static uint64_t parts_of(const json_t *object, const char *name, double each)
{
    double parts = number_of(object, name) * each;

    return parts > 0 && parts < 0x1p63 ? (uint64_t)llround(parts) : 0;
}

static void text_of(const json_t *object, const char *name, char ret_text[LIVE_TEXT_ROOM])
{
    const char *text = json_string_value(json_object_get(object, name));

    snprintf(ret_text, LIVE_TEXT_ROOM, "%s", text ? text : "");
}

static void take_run(const json_t *answer, struct live_run *run)
{
    const char *letter = json_string_value(json_object_get(answer, "class"));
    const char *state = json_string_value(json_object_get(answer, "state"));

    memset(run, 0, sizeof(*run));
    text_of(answer, "run", run->run);
    text_of(answer, "engine", run->engine);
    text_of(answer, "image", run->image);
    text_of(answer, "stop_reason", run->stop_reason);
    run->class_letter = letter && letter[0] ? letter[0] : '-';
    run->starting = state && strcmp(state, "starting") == 0;
    run->wanted = count_of(answer, "wanted");
    run->age_seconds = number_of(answer, "age_seconds");
}

static void take_vms(const json_t *answer, struct live_figures *figures)
{
    const json_t *vms = json_object_get(answer, "vms");

    figures->counts = (struct engine_counts){.started = count_of(vms, "started"),
                                             .booting = count_of(vms, "booting"),
                                             .running = count_of(vms, "running"),
                                             .failed = count_of(vms, "failed"),
                                             .died = count_of(vms, "stopped"),
                                             .last_failure = ""};
    figures->numbers = count_of(answer, "numbers");
    figures->vms.wakes = count_of(answer, "wakes");
    figures->vms.instructions = count_of(answer, "instructions");
    figures->vms.runnable = count_of(answer, "runnable");
}

static void take_asks(const json_t *asks, struct tally_sum *sum)
{
    const json_t *counts = json_object_get(asks, "latency_counts");

    for (size_t i = 0; i < TALLY_ENDS; i++)
        sum->asks[i] = count_of(asks, tally_end_name((enum tally_end)i));
    sum->latency_sum_ns = count_of(asks, "latency_sum_ns");
    for (size_t i = 0; i < TALLY_BUCKETS; i++) {
        json_int_t count = json_integer_value(json_array_get(counts, i));

        sum->latency[i] = count > 0 ? (uint64_t)count : 0;
    }
}

static void take_doors(const json_t *doors, struct live_figures *figures)
{
    figures->has_doors = json_is_object(doors);
    figures->connections = count_of(doors, "connections");
    figures->tcp_connections = count_of(doors, "tcp_connections");
    figures->asks.connections = count_of(doors, "connections_total");
    figures->asks.requests = count_of(doors, "requests");
    figures->asks.refused = count_of(doors, "refused");
}

static void take_cpu(const json_t *cpu, struct live_figures *figures)
{
    const json_t *host = json_object_get(cpu, "host_seconds");
    const double hz = (double)sysconf(_SC_CLK_TCK);

    figures->own_cpu_ns = parts_of(cpu, "run_seconds", (double)NS_PER_SECOND);
    figures->host_known = json_is_object(host);
    figures->host.at_ns = figures->at_ns;
    figures->host.cpus = (unsigned)count_of(cpu, "host_cpus");
    figures->host.cpu = (struct host_cpu){.user = parts_of(host, "user", hz),
                                          .nice = parts_of(host, "nice", hz),
                                          .system = parts_of(host, "system", hz),
                                          .irq = parts_of(host, "irq", hz),
                                          .softirq = parts_of(host, "softirq", hz),
                                          .guest = parts_of(host, "guest", hz),
                                          .steal = parts_of(host, "steal", hz),
                                          .idle = parts_of(host, "idle", hz),
                                          .iowait = parts_of(host, "iowait", hz)};
}

static void take_memory(const json_t *memory, struct live_figures *figures)
{
    const json_t *run = json_object_get(memory, "run_bytes"), *vms = json_object_get(memory, "vm_bytes");
    const json_t *host = json_object_get(memory, "host_bytes");
    const json_t *taken = json_object_get(memory, "taken_bytes");

    figures->own_anonymous = count_of(run, "anonymous");
    figures->own_file = count_of(run, "file");
    figures->own_shared = count_of(run, "shared");
    figures->own_page_tables = count_of(run, "page_tables");
    figures->own_swap = count_of(run, "swap");
    figures->vms.memory_used = count_of(vms, "used");
    figures->vms.memory_held = count_of(vms, "held");
    figures->host.memory.total = count_of(host, "total");
    figures->host.memory.available = count_of(host, "available");
    figures->host.memory.swap_total = count_of(host, "swap_total");
    figures->host.memory.swap_free = count_of(host, "swap_free");
    figures->taken_known = json_is_object(taken);
    figures->taken = (struct memory_accounting){
        .taken = number_of(taken, "all"),
        .anonymous = number_of(taken, "anonymous"),
        .shared = number_of(taken, "shared"),
        .page_tables = number_of(taken, "page_tables"),
        .secondary_page_tables = number_of(taken, "secondary_page_tables"),
        .kernel_stacks = number_of(taken, "kernel_stacks"),
        .slab = number_of(taken, "slab"),
        .per_cpu = number_of(taken, "per_cpu"),
        .vmalloc = number_of(taken, "vmalloc"),
        .file_cache = number_of(taken, "file_cache"),
        .unexplained = number_of(taken, "unexplained"),
    };
}

static void take_pressure(const json_t *pressure, struct host_pressure *to)
{
    *to = (struct host_pressure){.known = json_is_object(pressure),
                                 .cpu_some = parts_of(pressure, "cpu_some", 1e6),
                                 .memory_some = parts_of(pressure, "memory_some", 1e6),
                                 .memory_full = parts_of(pressure, "memory_full", 1e6),
                                 .io_some = parts_of(pressure, "io_some", 1e6),
                                 .io_full = parts_of(pressure, "io_full", 1e6)};
}

static void take_busiest(const json_t *list, const char *events, struct activity_busiest *busiest)
{
    const double window = (double)ACTIVITY_WINDOW_NS / (double)NS_PER_SECOND;
    const json_t *entry;
    size_t i;

    json_array_foreach(list, i, entry)
    {
        const struct activity_busy busy = {.vm = count_of(entry, "vm"),
                                           .events = parts_of(entry, events, window),
                                           .work = parts_of(entry, "instructions_per_second", window)};

        busiest_add_one(busiest, &busy);
    }
}

static void take_heat(const json_t *map, struct heat *heat)
{
    const json_t *cells = json_object_get(map, "cells");
    uint64_t each = count_of(map, "vms_each");

    heat->vms_each = each ? each : 1;
    heat->count = json_array_size(cells);
    if (heat->count > ACTIVITY_CELLS)
        heat->count = ACTIVITY_CELLS;
    for (size_t i = 0; i < heat->count; i++) {
        json_int_t count = json_integer_value(json_array_get(cells, i));

        heat->cells[i] = count > 0 ? (uint64_t)count : 0;
    }
}

void live_parse(const json_t *answer, struct live_figures *ret_figures, struct live_run *ret_run)
{
    const json_t *map = json_object_get(answer, "heat");
    const char *of = json_string_value(json_object_get(map, "of"));

    memset(ret_figures, 0, sizeof(*ret_figures));
    take_run(answer, ret_run);
    ret_figures->at_ns = count_of(answer, "at_ns");
    ret_figures->unix_seconds = number_of(answer, "unix_seconds");
    ret_figures->events = json_is_integer(json_object_get(answer, "wakes")) ? LIVE_WAKES
                          : of                                              ? LIVE_ASKS
                                                                            : LIVE_NOTHING;
    take_vms(answer, ret_figures);
    take_asks(json_object_get(answer, "asks"), &ret_figures->asks);
    take_doors(json_object_get(answer, "doors"), ret_figures);
    take_cpu(json_object_get(answer, "cpu"), ret_figures);
    take_memory(json_object_get(answer, "memory"), ret_figures);
    take_pressure(json_object_get(answer, "pressure_seconds"), &ret_figures->host.pressure);
    take_busiest(json_object_get(answer, "busiest"),
                 ret_figures->events == LIVE_WAKES ? "wakes_per_second" : "asks_per_second",
                 &ret_figures->vms.busiest);
    take_heat(map, &ret_figures->vms.heat);
}
