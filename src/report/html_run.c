/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the page tells of one run. */
#include "base/option.h"
#include "report/html_data.h"
#include "report/memory_kinds.h"
#include "report/text.h"
#include "result/json.h"
#include "result/number.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static json_t *slope_json(const struct slope *slope, const char *text)
{
    if (!slope->known)
        return json_null();
    return json_pack("{s:s,s:o,s:o,s:o,s:o}", "text", text, "value", result_json_number(slope->value), "low",
                     result_json_number(slope->low), "high", result_json_number(slope->high), "r2",
                     result_json_number(slope->r2));
}

static json_t *slopes_json(const struct result *result)
{
    char a[TEXT_ROOM], b[TEXT_ROOM], c[TEXT_ROOM], d[TEXT_ROOM];

    return json_pack(
        "{s:o,s:o,s:o,s:o}", "memory",
        slope_json(&result->per_vm.memory_bytes, text_memory_slope(&result->per_vm.memory_bytes, a)), "cpu",
        slope_json(&result->per_vm.cpu_percent_of_host,
                   text_cpu_slope(&result->per_vm.cpu_percent_of_host, b)),
        "ownMemory",
        slope_json(&result->per_vm.own_memory_bytes, text_memory_slope(&result->per_vm.own_memory_bytes, c)),
        "ownCpu",
        slope_json(&result->per_vm.own_cpu_percent_of_host,
                   text_cpu_slope(&result->per_vm.own_cpu_percent_of_host, d)));
}

static json_t *samples_json(const struct html_samples *samples)
{
    json_t *curves = json_object();

    if (samples->count == 0) {
        json_decref(curves);
        return json_null();
    }
    for (size_t r = 0; curves && r < RESOURCE_COUNT; r++) {
        json_t *seconds = json_array(), *percent = json_array();
        bool fine = seconds && percent;

        for (size_t i = 0; fine && i < samples->curves[r].count; i++)
            fine = html_append(seconds, result_json_number(samples->curves[r].seconds[i])) &&
                   html_append(percent, result_json_number((double)samples->curves[r].percent[i]));
        if (samples->curves[r].count == 0) {
            json_decref(seconds);
            json_decref(percent);
            continue;
        }
        json_t *curve = json_pack("{s:o,s:o}", "seconds", seconds, "percent", percent);

        if (!fine || !html_set(curves, resource_name((enum resource)r), curve)) {
            json_decref(curves);
            return NULL;
        }
    }
    return json_pack("{s:I,s:o}", "count", (json_int_t)samples->count, "curves", curves);
}

static bool engine_facts(json_t *list, const struct result *result)
{
    const struct {
        const char *head;
        const struct result_facts *facts;
    } groups[] = {{"version: ", &result->engine.versions},
                  {"option: ", &result->engine.options},
                  {"sha256: ", &result->engine.binaries}};
    char name[TEXT_ROOM], number[NUMBER_ROOM];
    bool fine = true;

    for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
        for (size_t i = 0; fine && i < groups[g].facts->count; i++) {
            snprintf(name, sizeof(name), "%s%.200s", groups[g].head, groups[g].facts->items[i].name);
            fine = html_fact(list, name, groups[g].facts->items[i].value);
        }
    for (size_t i = 0; fine && i < result->engine.counters.count; i++) {
        const struct result_counter *counter = &result->engine.counters.items[i];

        snprintf(name, sizeof(name), "counted: %.200s", counter->name);
        for (char *at = name; *at; at++)
            *at = *at == '_' ? ' ' : *at;
        if (counter->value > 0)
            fine = html_fact(list, name,
                             counter->value < 1e18 && counter->value == floor(counter->value)
                                 ? number_grouped((uint64_t)counter->value, number)
                                 : number_digits(counter->value, 6, number));
    }
    return fine;
}

static const char *teardown_text(const struct result *result, char ret_text[TEXT_ROOM])
{
    char time[TEXT_ROOM], size[SIZE_TEXT_ROOM];

    if (!result->teardown.done)
        return "";
    text_duration(result->teardown.seconds, time);
    if (result->teardown.clean)
        snprintf(ret_text, TEXT_ROOM, "clean after %.40s", time);
    else
        snprintf(ret_text, TEXT_ROOM,
                 "not clean after %.40s: %s of memory, %" PRId64 " tasks and %" PRId64 " files stayed", time,
                 size_text(result->teardown.memory_left_bytes, size), result->teardown.tasks_left,
                 result->teardown.files_left);
    return ret_text;
}

static json_t *facts_json(const struct result *result)
{
    json_t *list = json_array();
    char text[TEXT_ROOM], other[2 * TEXT_ROOM], number[NUMBER_ROOM], size[SIZE_TEXT_ROOM];
    bool fine = list != NULL;

    fine = fine && html_fact(list, "started", text_date(result->started_at, text));
    if (result->ended_at >= result->started_at)
        fine = fine && html_fact(list, "took", text_duration(result->ended_at - result->started_at, text));
    snprintf(other, sizeof(other), "%.100s, mvm %.100s", result->method[0] ? result->method : "none",
             result->tool_version);
    fine = fine && html_fact(list, "method", other);
    fine = fine && html_fact(list, "100 % is", text_whole(result, text));
    snprintf(text, sizeof(text), "%s %%", number_digits(result->plan.threshold_percent, 4, number));
    fine = fine && html_fact(list, "threshold", text);
    fine = fine && (!result->plan.load_known || html_fact(list, "load", text_load(result, text)));
    fine = fine && html_fact(list, "image", result->image.name);
    fine = fine && html_fact(list, "image, sha256", result->image.sha256);
    for (size_t i = 0; fine && i < result->image.part_count; i++) {
        const struct result_part *part = &result->image.parts[i];

        snprintf(other, sizeof(other), "%s %% %.200s", number_digits(100 * part->share, 4, number),
                 part->guest);
        fine = html_fact(list, "part of the mix", other);
    }
    if (result->population.failed > 0)
        fine = fine && html_fact(list, "failed to start", number_grouped(result->population.failed, number));
    if (result->population.died > 0)
        fine = fine && html_fact(list, "died", number_grouped(result->population.died, number));
    fine = fine && html_fact(list, "last failure", result->population.last_failure);
    fine = fine && html_fact(list, "teardown", teardown_text(result, text));
    snprintf(other, sizeof(other), "%s %% of one core while sampling, %s of memory",
             number_plain(result->harness.cpu_percent_of_core, 3, number),
             size_text(result->harness.memory_bytes, size));
    fine = fine && html_fact(list, "mvm used", other);
    fine = fine && engine_facts(list, result);
    if (!fine) {
        json_decref(list);
        return NULL;
    }
    return list;
}

static json_t *accounting_json(const struct result *result)
{
    json_t *kinds = json_array();
    bool fine = kinds != NULL;

    if (!report_has_accounting(result)) {
        json_decref(kinds);
        return json_null();
    }
    for (size_t kind = 0; fine && kind < MEMORY_KINDS; kind++)
        fine = html_append(
            kinds, json_pack("[s,o]", memory_kind_name(kind),
                             result_json_number(memory_kind_bytes(&result->memory_accounting, kind))));
    if (!fine) {
        json_decref(kinds);
        return NULL;
    }
    return json_pack("{s:o,s:o,s:o}", "vms", html_count(memory_kinds_vms(result)), "taken",
                     result_json_number(result->memory_accounting.taken), "kinds", kinds);
}

json_t *html_run_json(const struct html_run *html, size_t host, size_t intervals)
{
    const struct result *result = html->run.result;
    const char *stop = stop_name(result->stopped_by);
    char liveness[TEXT_ROOM], boot[TEXT_ROOM] = "", whole[TEXT_ROOM], load[TEXT_ROOM] = "";

    if (result->per_vm.boot_seconds_median > 0)
        text_duration(result->per_vm.boot_seconds_median, boot);
    if (result->plan.load_known)
        text_load(result, load);
    json_t *object =
        json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:s,s:b,s:s,s:o,s:b,s:s,s:o,s:s,s:b,s:I}", "label",
                  html_text(html->run.label), "path", html_text(html->path ? html->path : ""), "engine",
                  html_text(result->engine.name), "class", html_text(result->engine.class_letter), "image",
                  html_text(result->image.name), "started", html_count(result->population.started),
                  "liveness", text_liveness(result, liveness), "allAlive",
                  result->population.provable && result->population.asked > 0 &&
                      result->population.alive == result->population.asked,
                  "stoppedBy", stop ? stop : "", "stopReason", html_text(result->stop_reason), "finished",
                  result->ended_at > 0, "whole", text_whole(result, whole), "threshold",
                  result_json_number(result->plan.threshold_percent), "load", load, "emulated",
                  (int)result->host.emulated, "host", (json_int_t)host);
    bool fine = object && html_set(object, "command", html_text(result->command_line)) &&
                html_set(object, "boot", html_text(boot)) &&
                html_set(object, "slopes", slopes_json(result)) &&
                html_set(object, "accounting", accounting_json(result)) &&
                html_set(object, "intervals", html_intervals_json(result, intervals)) &&
                html_set(object, "samples", samples_json(&html->samples)) &&
                html_set(object, "facts", facts_json(result));

    if (!fine) {
        json_decref(object);
        return NULL;
    }
    return object;
}
