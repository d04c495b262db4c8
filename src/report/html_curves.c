/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The intervals of a run as columns of numbers. */
#include "report/html_data.h"
#include "report/memory_kinds.h"
#include "report/thin.h"
#include "result/json.h"

#include <math.h>
#include <stdlib.h>

/* A column: its value at an interval, NAN where there is none. */
typedef double column_value(const struct result_interval *interval, size_t which);

static double mean_of(const struct result_interval *interval, size_t resource)
{
    return interval->known[resource] ? interval->percent[resource].mean : NAN;
}

static double ci95_of(const struct result_interval *interval, size_t resource)
{
    const struct statistic *percent = &interval->percent[resource];

    return interval->known[resource] && percent->n > 1 ? percent->ci95 : NAN;
}

static double low_of(const struct result_interval *interval, size_t resource)
{
    double width = ci95_of(interval, resource);

    return mean_of(interval, resource) - (isfinite(width) ? width : 0);
}

static double high_of(const struct result_interval *interval, size_t resource)
{
    double width = ci95_of(interval, resource);

    return mean_of(interval, resource) + (isfinite(width) ? width : 0);
}

static double memory_of(const struct result_interval *interval, size_t kind)
{
    return memory_kind_bytes(&interval->memory, kind);
}

static double load_of(const struct result_interval *interval, size_t which)
{
    const struct result_load *load = &interval->load;
    const double values[] = {load->p50,
                             load->p90,
                             load->p99,
                             load->p999,
                             load->throughput,
                             load->rate,
                             load->due ? 100 * (double)load->answered / (double)load->due : NAN};

    return interval->load_known ? values[which] : NAN;
}

/* The intervals that are kept: ascending indices, malloc'd. */
struct kept {
    size_t *index, count;
};

static void mark_extremes(const struct result *result, column_value *value, size_t which, size_t spans,
                          float *values, size_t *chosen, bool *marked)
{
    for (size_t i = 0; i < result->interval_count; i++)
        values[i] = (float)value(&result->intervals[i], which);
    size_t count = thin_extremes(values, result->interval_count, spans, chosen);

    for (size_t i = 0; i < count; i++)
        marked[chosen[i]] = true;
}

/* Marks the extremes of each resource with its interval of confidence, and of the latency. */
static void mark(const struct result *result, size_t most, float *values, size_t *chosen, bool *marked)
{
    size_t columns = 0, spans;

    for (size_t r = 0; r < RESOURCE_COUNT; r++)
        for (size_t i = 0; i < result->interval_count; i++)
            if (result->intervals[i].known[r]) {
                columns += 2;
                break;
            }
    columns += 2; /* p99 and what is unexplained */
    spans = most / (2 * columns);
    spans = spans ? spans : 1;
    for (size_t r = 0; r < RESOURCE_COUNT; r++) {
        mark_extremes(result, low_of, r, spans, values, chosen, marked);
        mark_extremes(result, high_of, r, spans, values, chosen, marked);
    }
    mark_extremes(result, load_of, 2, spans, values, chosen, marked);
    mark_extremes(result, memory_of, MEMORY_UNEXPLAINED, spans, values, chosen, marked);
}

static bool choose(const struct result *result, size_t most, struct kept *ret_kept)
{
    size_t count = result->interval_count;
    float *values = malloc((count + 1) * sizeof(*values));
    size_t *chosen = malloc((count + 2) * sizeof(*chosen));
    bool *marked = calloc(count + 1, sizeof(*marked));
    bool room = values && chosen && marked;

    ret_kept->count = 0;
    ret_kept->index = malloc((count + 1) * sizeof(*ret_kept->index));
    room = room && ret_kept->index;
    if (room && count > most)
        mark(result, most, values, chosen, marked);
    for (size_t i = 0; room && i < count; i++)
        if (count <= most || marked[i])
            ret_kept->index[ret_kept->count++] = i;
    free(values);
    free(chosen);
    free(marked);
    return room;
}

/* NULL without memory; JSON's null when no interval has a value. */
static json_t *column(const struct result *result, const struct kept *kept, column_value *value, size_t which)
{
    json_t *list = json_array();
    bool any = false;

    for (size_t i = 0; i < kept->count; i++) {
        double number = value(&result->intervals[kept->index[i]], which);

        any = any || isfinite(number);
        if (!html_append(list, result_json_number(number))) {
            json_decref(list);
            return NULL;
        }
    }
    if (list && !any) {
        json_decref(list);
        return json_null();
    }
    return list;
}

static json_t *resources(const struct result *result, const struct kept *kept)
{
    json_t *object = json_object();

    for (size_t r = 0; object && r < RESOURCE_COUNT; r++) {
        json_t *mean = column(result, kept, mean_of, r), *curve = json_null();

        if (mean && !json_is_null(mean))
            curve = json_pack("{s:o,s:o}", "mean", mean, "ci95", column(result, kept, ci95_of, r));
        else if (!mean)
            curve = NULL;
        if (curve && json_is_null(curve))
            continue;
        if (!html_set(object, resource_name((enum resource)r), curve)) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

static json_t *memory(const struct result *result, const struct kept *kept)
{
    json_t *list = json_array();

    for (size_t kind = 0; list && kind < MEMORY_KINDS; kind++) {
        json_t *pair = json_pack("[s,o]", memory_kind_name(kind), column(result, kept, memory_of, kind));

        if (!html_append(list, pair)) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *load(const struct result *result, const struct kept *kept)
{
    static const char *const names[] = {"p50", "p90", "p99", "p999", "throughput", "rate", "answered"};
    json_t *object = json_object();

    if (!report_has_load(result)) {
        json_decref(object);
        return json_null();
    }
    for (size_t i = 0; object && i < sizeof(names) / sizeof(names[0]); i++) {
        if (!html_set(object, names[i], column(result, kept, load_of, i))) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

json_t *html_intervals_json(const struct result *result, size_t most)
{
    struct kept kept = {.index = NULL};
    json_t *object = NULL, *vms = json_array();
    bool room = choose(result, most, &kept);

    for (size_t i = 0; room && i < kept.count; i++)
        room = html_append(vms, html_count(result->intervals[kept.index[i]].vms));
    if (room)
        object =
            json_pack("{s:i,s:O,s:o,s:o,s:o}", "measured", (int)result->interval_count, "vms", vms, "curves",
                      resources(result, &kept), "memory", memory(result, &kept), "load", load(result, &kept));
    json_decref(vms);
    free(kept.index);
    return object;
}
