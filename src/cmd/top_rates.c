/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/top_rates.h"

#include "base/clock.h"

#include <string.h>
#include <unistd.h>

/* A counter that went back belongs to something else: it began anew. */
static double growth(uint64_t before, uint64_t now)
{
    return now > before ? (double)(now - before) : 0;
}

static double percent(double part, double whole)
{
    double share = whole > 0 ? 100 * part / whole : 0;

    return share < 0 ? 0 : share > 100 ? 100 : share;
}

static void take_cpu(const struct live_figures *before, const struct live_figures *now,
                     struct top_rates *rates)
{
    const struct host_cpu *a = &before->host.cpu, *b = &now->host.cpu;
    double hz = (double)sysconf(_SC_CLK_TCK);
    double whole = rates->seconds * now->host.cpus;
    double idle = (growth(a->idle, b->idle) + growth(a->iowait, b->iowait)) / hz;
    double steal = growth(a->steal, b->steal) / hz;

    rates->run_cpu = 100 * growth(before->own_cpu_ns, now->own_cpu_ns) / (rates->seconds * 1e9);
    if (!before->host_known || !now->host_known)
        return;
    rates->host_steal = percent(steal, whole);
    rates->host_cpu = percent(whole - idle - steal, whole);
}

static void take_pressure(const struct live_figures *before, const struct live_figures *now,
                          struct top_rates *rates)
{
    const struct host_pressure *a = &before->host.pressure, *b = &now->host.pressure;
    double microseconds = rates->seconds * 1e6;

    if (!a->known || !b->known)
        return;
    rates->pressure_cpu = percent(growth(a->cpu_some, b->cpu_some), microseconds);
    rates->pressure_memory = percent(growth(a->memory_some, b->memory_some), microseconds);
    rates->pressure_io = percent(growth(a->io_some, b->io_some), microseconds);
}

/* A map that was shaped anew meanwhile has nothing to be compared with. */
static void take_heat(const struct heat *before, const struct heat *now, struct top_rates *rates)
{
    rates->has_heat = now->count > 0 && before->vms_each == now->vms_each;
    for (size_t i = 0; rates->has_heat && i < now->count; i++)
        rates->heat[i] = growth(before->cells[i], now->cells[i]) / rates->seconds;
}

void top_rates_make(const struct live_figures *before, const struct live_figures *now,
                    struct top_rates *ret_rates)
{
    memset(ret_rates, 0, sizeof(*ret_rates));
    if (!before || now->at_ns <= before->at_ns)
        return;
    double seconds = (double)(now->at_ns - before->at_ns) / (double)NS_PER_SECOND;

    ret_rates->seconds = seconds;
    ret_rates->wakes = growth(before->vms.wakes, now->vms.wakes) / seconds;
    ret_rates->instructions = growth(before->vms.instructions, now->vms.instructions) / seconds;
    for (size_t i = 0; i < TALLY_ENDS; i++)
        ret_rates->asks[i] = growth(before->asks.asks[i], now->asks.asks[i]) / seconds;
    ret_rates->requests = growth(before->asks.requests, now->asks.requests) / seconds;
    ret_rates->refused = growth(before->asks.refused, now->asks.refused) / seconds;
    ret_rates->connections = growth(before->asks.connections, now->asks.connections) / seconds;
    ret_rates->p50_ns = tally_percentile_ns(&before->asks, &now->asks, 50);
    ret_rates->p99_ns = tally_percentile_ns(&before->asks, &now->asks, 99);
    ret_rates->p999_ns = tally_percentile_ns(&before->asks, &now->asks, 99.9);
    take_cpu(before, now, ret_rates);
    take_pressure(before, now, ret_rates);
    take_heat(&before->vms.heat, &now->vms.heat, ret_rates);
}

static void set(json_t *object, const char *name, bool known, double value)
{
    json_object_set_new(object, name, known ? json_real(value) : json_null());
}

json_t *top_rates_json(const struct live_figures *now, const struct top_rates *rates)
{
    json_t *object = json_object();
    bool wakes = now->events == LIVE_WAKES, answers = rates->p50_ns > 0;
    bool pressure = now->host.pressure.known;

    if (rates->seconds == 0) {
        json_decref(object);
        return json_null();
    }
    json_object_set_new(object, "seconds", json_real(rates->seconds));
    set(object, "wakes_per_second", wakes, rates->wakes);
    set(object, "instructions_per_second", wakes && now->vms.instructions > 0, rates->instructions);
    set(object, "answers_per_second", true, rates->asks[TALLY_ANSWERED]);
    set(object, "timeouts_per_second", true, rates->asks[TALLY_TIMEOUT]);
    set(object, "failures_per_second", true,
        rates->asks[TALLY_ENDED] + rates->asks[TALLY_BUSY] + rates->asks[TALLY_OTHER]);
    set(object, "latency_p50_seconds", answers, rates->p50_ns / 1e9);
    set(object, "latency_p99_seconds", answers, rates->p99_ns / 1e9);
    set(object, "latency_p999_seconds", answers, rates->p999_ns / 1e9);
    set(object, "requests_per_second", now->has_doors, rates->requests);
    set(object, "refused_per_second", now->has_doors, rates->refused);
    set(object, "connections_per_second", now->has_doors, rates->connections);
    set(object, "run_cpu_percent_of_one", true, rates->run_cpu);
    set(object, "host_cpu_percent", now->host_known, rates->host_cpu);
    set(object, "host_steal_percent", now->host_known, rates->host_steal);
    set(object, "pressure_cpu_percent", pressure, rates->pressure_cpu);
    set(object, "pressure_memory_percent", pressure, rates->pressure_memory);
    set(object, "pressure_io_percent", pressure, rates->pressure_io);
    return object;
}
