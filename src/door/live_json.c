/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Live figures as JSON: one object, whose names docs/control-protocol.md tells. */
#include "door/live.h"

#include "base/clock.h"
#include "door/server.h"

#include <stdlib.h>
#include <unistd.h>

struct number {
    const char *name;
    uint64_t value;
};

static json_t *numbers(const struct number *list, size_t count)
{
    json_t *object = json_object();

    for (size_t i = 0; i < count; i++)
        json_object_set_new(object, list[i].name, json_integer((json_int_t)list[i].value));
    return object;
}

#define NUMBERS(list) numbers(list, sizeof(list) / sizeof((list)[0]))

static json_t *seconds(uint64_t ns)
{
    return json_real((double)ns / (double)NS_PER_SECOND);
}

static json_t *heat_json(const struct live_figures *figures, size_t cells)
{
    struct heat *heat = malloc(sizeof(*heat));
    json_t *object = json_object(), *list = json_array();

    if (!heat) {
        json_decref(object);
        json_decref(list);
        return json_null();
    }
    *heat = figures->vms.heat;
    heat_narrow(heat, cells);
    json_object_set_new(object, "of", json_string(figures->events == LIVE_WAKES ? "wakes" : "asks"));
    json_object_set_new(object, "vms_each", json_integer((json_int_t)heat->vms_each));
    for (size_t i = 0; i < heat->count; i++)
        json_array_append_new(list, json_integer((json_int_t)heat->cells[i]));
    json_object_set_new(object, "cells", list);
    free(heat);
    return object;
}

static json_t *busiest_json(const struct live_figures *figures)
{
    const double window = (double)ACTIVITY_WINDOW_NS / (double)NS_PER_SECOND;
    json_t *list = json_array();

    for (size_t i = 0; i < figures->vms.busiest.count; i++) {
        const struct activity_busy *busy = &figures->vms.busiest.list[i];
        json_t *entry = json_pack("{s:I}", "vm", (json_int_t)busy->vm);

        if (figures->events == LIVE_WAKES) {
            json_object_set_new(entry, "wakes_per_second", json_real((double)busy->events / window));
            json_object_set_new(entry, "instructions_per_second",
                                figures->vms.instructions ? json_real((double)busy->work / window)
                                                          : json_null());
        } else {
            json_object_set_new(entry, "asks_per_second", json_real((double)busy->events / window));
        }
        json_array_append_new(list, entry);
    }
    return list;
}

static json_t *asks_json(const struct tally_sum *asks)
{
    json_t *object = json_object(), *bounds = json_array(), *counts = json_array();

    for (size_t i = 0; i < TALLY_ENDS; i++)
        json_object_set_new(object, tally_end_name((enum tally_end)i),
                            json_integer((json_int_t)asks->asks[i]));
    json_object_set_new(object, "latency_sum_ns", json_integer((json_int_t)asks->latency_sum_ns));
    for (size_t i = 0; i < TALLY_BUCKETS; i++) {
        if (i < TALLY_BOUNDS)
            json_array_append_new(bounds, json_integer((json_int_t)tally_bound_ns(i)));
        json_array_append_new(counts, json_integer((json_int_t)asks->latency[i]));
    }
    json_object_set_new(object, "latency_bounds_ns", bounds);
    json_object_set_new(object, "latency_counts", counts);
    return object;
}

static json_t *cpu_json(const struct live_figures *figures)
{
    const struct host_cpu *cpu = &figures->host.cpu;
    const double hz = (double)sysconf(_SC_CLK_TCK);
    const struct number kinds[] = {{"user", cpu->user},   {"nice", cpu->nice},       {"system", cpu->system},
                                   {"irq", cpu->irq},     {"softirq", cpu->softirq}, {"guest", cpu->guest},
                                   {"steal", cpu->steal}, {"idle", cpu->idle},       {"iowait", cpu->iowait}};
    json_t *object = json_object(), *host = json_object();

    json_object_set_new(object, "run_seconds", seconds(figures->own_cpu_ns));
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        json_object_set_new(host, kinds[i].name, json_real((double)kinds[i].value / hz));
    json_object_set_new(object, "host_cpus", json_integer(figures->host_known ? figures->host.cpus : 0));
    if (figures->host_known) {
        json_object_set_new(object, "host_seconds", host);
    } else {
        json_decref(host);
        json_object_set_new(object, "host_seconds", json_null());
    }
    return object;
}

static json_t *taken_json(const struct memory_accounting *taken)
{
    const struct {
        const char *name;
        double bytes;
    } kinds[] = {{"all", taken->taken},
                 {"anonymous", taken->anonymous},
                 {"shared", taken->shared},
                 {"page_tables", taken->page_tables},
                 {"secondary_page_tables", taken->secondary_page_tables},
                 {"kernel_stacks", taken->kernel_stacks},
                 {"slab", taken->slab},
                 {"per_cpu", taken->per_cpu},
                 {"vmalloc", taken->vmalloc},
                 {"file_cache", taken->file_cache},
                 {"unexplained", taken->unexplained}};
    json_t *object = json_object();

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        json_object_set_new(object, kinds[i].name, json_integer((json_int_t)kinds[i].bytes));
    return object;
}

static json_t *memory_json(const struct live_figures *figures)
{
    const struct host_memory *host = &figures->host.memory;
    const struct number run[] = {{"anonymous", figures->own_anonymous},
                                 {"file", figures->own_file},
                                 {"shared", figures->own_shared},
                                 {"page_tables", figures->own_page_tables},
                                 {"swap", figures->own_swap}};
    const struct number whole[] = {{"total", host->total},
                                   {"available", host_memory_available(host)},
                                   {"swap_total", host->swap_total},
                                   {"swap_free", host->swap_free}};
    const struct number vms[] = {{"used", figures->vms.memory_used}, {"held", figures->vms.memory_held}};
    json_t *object = json_object();

    json_object_set_new(object, "run_bytes", NUMBERS(run));
    json_object_set_new(object, "host_bytes", figures->host_known ? NUMBERS(whole) : json_null());
    json_object_set_new(object, "taken_bytes",
                        figures->taken_known ? taken_json(&figures->taken) : json_null());
    json_object_set_new(object, "vm_bytes", figures->vms.memory_held ? NUMBERS(vms) : json_null());
    return object;
}

static json_t *pressure_json(const struct live_figures *figures)
{
    const struct host_pressure *pressure = &figures->host.pressure;
    const struct number kinds[] = {{"cpu_some", pressure->cpu_some},
                                   {"memory_some", pressure->memory_some},
                                   {"memory_full", pressure->memory_full},
                                   {"io_some", pressure->io_some},
                                   {"io_full", pressure->io_full}};
    json_t *object = json_object();

    if (!figures->host_known || !pressure->known) {
        json_decref(object);
        return json_null();
    }
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        json_object_set_new(object, kinds[i].name, json_real((double)kinds[i].value / 1e6));
    return object;
}

static json_t *doors_json(const struct live_figures *figures)
{
    const struct number numbers_of[] = {{"connections", figures->connections},
                                        {"connections_total", figures->asks.connections},
                                        {"requests", figures->asks.requests},
                                        {"refused", figures->asks.refused},
                                        {"tcp_connections", figures->tcp_connections}};

    return figures->has_doors ? NUMBERS(numbers_of) : json_null();
}

static json_t *or_null(bool known, uint64_t value)
{
    return known ? json_integer((json_int_t)value) : json_null();
}

json_t *live_json(const struct live_figures *figures, size_t cells)
{
    json_t *object = json_object();
    bool wakes = figures->events == LIVE_WAKES, map = cells > 0 && figures->events != LIVE_NOTHING;

    json_object_set_new(object, "at_ns", json_integer((json_int_t)figures->at_ns));
    json_object_set_new(object, "unix_seconds", json_real(figures->unix_seconds));
    json_object_set_new(object, "vms", door_counts_json(&figures->counts));
    json_object_set_new(object, "numbers", json_integer((json_int_t)figures->numbers));
    json_object_set_new(object, "runnable", or_null(wakes, figures->vms.runnable));
    json_object_set_new(object, "wakes", or_null(wakes, figures->vms.wakes));
    json_object_set_new(object, "instructions",
                        or_null(wakes && figures->vms.instructions, figures->vms.instructions));
    json_object_set_new(object, "asks", asks_json(&figures->asks));
    json_object_set_new(object, "doors", doors_json(figures));
    json_object_set_new(object, "cpu", cpu_json(figures));
    json_object_set_new(object, "memory", memory_json(figures));
    json_object_set_new(object, "pressure_seconds", pressure_json(figures));
    json_object_set_new(object, "busiest", map ? busiest_json(figures) : json_null());
    json_object_set_new(object, "heat", map ? heat_json(figures, cells) : json_null());
    return object;
}
