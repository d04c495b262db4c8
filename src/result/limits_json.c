/* SPDX-License-Identifier: GPL-3.0-or-later */
/* limits.json: the names, in the order of the file. Their meaning: docs/result-format.md. */
#include "base/reason.h"
#include "result/json.h"
#include "result/limits.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const state_words[] = {
    [LIMITS_NOT_YET] = "not yet",
    [LIMITS_DONE] = "done",
    [LIMITS_CANNOT_RUN] = "cannot run",
    [LIMITS_FAILED] = "failed",
};

static json_t *study_json(const struct limits_study *study)
{
    if (!study)
        return json_null();
    return json_pack("{s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "row", study->name, "vms",
                     result_json_number(study->vms), "cpu_percent", result_json_number(study->cpu_percent),
                     "ram_percent", result_json_number(study->ram_percent), "swap_percent",
                     result_json_number(study->swap_percent), "size_kb", result_json_number(study->size_kb),
                     "minutes", result_json_number(study->minutes), "seconds_per_vm",
                     result_json_number(study->seconds_per_vm));
}

static int set_number(json_t *object, const char *name, double value)
{
    return json_object_set_new(object, name, result_json_number(value));
}

static int set_figures(json_t *object, const struct limits_row *row)
{
    const struct result *result = &row->result;
    const char *stop = stop_name(result->stopped_by);
    struct limits_figures figures;

    limits_row_figures(row, &figures);
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        {"cpu_percent", figures.cpu_percent},
        {"ram_percent", figures.ram_percent},
        {"swap_percent", result->limits.swap_total > 0 ? figures.swap_percent : NAN},
        {"size_bytes", figures.size_bytes},
        {"minutes", figures.grow_minutes},
        {"boots_per_second", figures.boots_per_second},
        {"seconds_per_vm", figures.seconds_per_vm},
        {"bytes_per_vm", figures.bytes_per_vm},
        {"cpu_percent_per_10000_vms", figures.cpu_per_10000},
        {"psi_cpu_some", figures.psi_cpu_some},
        {"psi_memory_full", figures.psi_memory_full},
        {"wake_seconds", figures.wake_seconds},
        {"memory_left_percent", figures.left_percent},
    };
    int failed =
        json_object_set_new(object, "engine", result_json_text(result->engine.name)) ||
        json_object_set_new(object, "class", result_json_text(result->engine.class_letter)) ||
        json_object_set_new(object, "emulated", json_boolean(result->host.emulated)) ||
        json_object_set_new(object, "vms", json_integer((json_int_t)figures.vms)) ||
        json_object_set_new(object, "asked",
                            result->population.provable ? json_integer((json_int_t)figures.asked)
                                                        : json_null()) ||
        json_object_set_new(object, "alive",
                            result->population.provable ? json_integer((json_int_t)figures.alive)
                                                        : json_null()) ||
        json_object_set_new(object, "stopped_by", stop ? json_string(stop) : json_null()) ||
        json_object_set_new(object, "stop_reason", result_json_text(result->stop_reason)) ||
        json_object_set_new(object, "memory_limit_bytes",
                            json_integer((json_int_t)result->plan.memory_limit_bytes)) ||
        json_object_set_new(object, "cpu_limit", result_json_number(result->plan.cpu_limit)) ||
        json_object_set_new(object, "host_came_back",
                            json_boolean(result->teardown.done && figures.left_percent <= LIMITS_LEFT_MOST &&
                                         result->teardown.tasks_left <= 16));

    for (size_t i = 0; !failed && i < sizeof(numbers) / sizeof(numbers[0]); i++)
        failed = set_number(object, numbers[i].name, numbers[i].value);
    json_t *slope = isfinite(figures.bytes_per_vm) ? json_pack("[o,o]", result_json_number(figures.bytes_low),
                                                               result_json_number(figures.bytes_high))
                                                   : json_null();

    return json_object_set_new(object, "bytes_per_vm_ci95", slope) || failed;
}

static json_t *row_json(const struct limits_row *row)
{
    json_t *object = json_pack("{s:o,s:o,s:i,s:i,s:s}", "label", result_json_text(row->label), "directory",
                               result_json_text(row->directory), "row", (int)row->number + 1, "repeat",
                               (int)row->repeat + 1, "state", state_words[row->state]);
    bool told = row->state == LIMITS_CANNOT_RUN || row->state == LIMITS_FAILED;
    int failed =
        !object ||
        json_object_set_new(object, "reason", told ? result_json_text(row->reason) : json_null()) ||
        json_object_set_new(object, "sleep", row->sleep < 0 ? json_null() : json_boolean(row->sleep)) ||
        json_object_set_new(object, "kvm", json_boolean(row->kvm)) ||
        json_object_set_new(object, "architecture", result_json_text_or_null(row->architecture));

    if (!failed && row->state == LIMITS_DONE)
        failed = set_figures(object, row);
    if (!failed)
        failed = json_object_set_new(object, "study", study_json(row->study));
    if (failed) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *spread_json(const struct statistic *statistic)
{
    if (statistic->n == 0)
        return json_null();
    return json_pack("{s:o,s:o,s:i}", "mean", result_json_number(statistic->mean), "sd",
                     result_json_number(statistic->sd), "n", (int)statistic->n);
}

/* A row without two repeats that are done has no entry. */
static json_t *repeated_json(const struct limits *limits)
{
    json_t *list = json_array();
    size_t last = 0;

    for (size_t i = 0; i < limits->count; i++)
        last = limits->rows[i].number > last ? limits->rows[i].number : last;
    for (size_t number = 0; list && limits->count > 0 && number <= last; number++) {
        struct limits_repeats repeats;

        if (!limits_repeats(limits, number, &repeats))
            continue;
        json_t *entry = json_pack(
            "{s:i,s:o,s:o,s:o,s:o,s:o}", "row", (int)number + 1, "vms", spread_json(&repeats.vms),
            "bytes_per_vm", spread_json(&repeats.bytes_per_vm), "cpu_percent_per_10000_vms",
            spread_json(&repeats.cpu_per_10000), "boots_per_second", spread_json(&repeats.boots_per_second),
            "wake_seconds", spread_json(&repeats.wake_seconds));

        if (json_array_append_new(list, entry)) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

json_t *limits_to_json(const struct limits *limits)
{
    json_t *rows = json_array(), *words = json_array();
    int failed = !rows || !words;

    for (size_t i = 0; !failed && i < limits->count; i++)
        failed = json_array_append_new(rows, row_json(&limits->rows[i]));
    for (char *const *word = limits->words; !failed && word && *word; word++)
        failed = json_array_append_new(words, result_json_text(*word));
    if (failed) {
        json_decref(rows);
        json_decref(words);
        return NULL;
    }
    bool complete = true;

    for (size_t i = 0; i < limits->count; i++)
        complete = complete && limits->rows[i].state != LIMITS_NOT_YET;
    return json_pack("{s:s,s:s,s:s,s:o,s:s,s:s,s:o,s:i,s:{s:b,s:i},s:o,s:o}", "schema", LIMITS_SCHEMA,
                     "tool_version", MVM_VERSION, "state", complete ? "done" : "running", "words", words,
                     "matrix", limits->matrix, "order", limits->random_order ? "random" : "given", "seed",
                     json_sprintf("%llu", (unsigned long long)limits->seed), "repeats", (int)limits->repeats,
                     "watchdog", "memory_locked", (int)limits->watchdog_locked, "oom_score_adj",
                     limits->watchdog_oom_score_adj, "rows", rows, "repeated", repeated_json(limits));
}

int limits_to_text(const struct limits *limits, char **ret_text, size_t *ret_length)
{
    json_t *json = limits_to_json(limits);
    char *text = NULL;
    size_t length = 0;
    FILE *to = json ? open_memstream(&text, &length) : NULL;
    bool printed = to && json_dumpf(json, to, RESULT_JSON_FLAGS) == 0 && fputc('\n', to) != EOF;
    bool whole = to && fclose(to) == 0 && printed;

    json_decref(json);
    if (!whole) {
        free(text);
        return -ENOMEM;
    }
    *ret_text = text;
    *ret_length = length;
    return 0;
}

int limits_write(const struct limits *limits, const char *directory, struct reason *reason)
{
    char *text, *path;
    size_t length;

    if (limits_to_text(limits, &text, &length) < 0)
        return reason_set(reason, ENOMEM, "no memory to write limits.json");
    int error =
        asprintf(&path, "%s/limits.json", directory) < 0 ? reason_set(reason, ENOMEM, "no memory") : 0;

    if (!error) {
        error = file_replace(path, text, length, reason);
        free(path);
    }
    free(text);
    return error;
}

int limits_json_identity(const json_t *json, const char *path, char *ret_matrix, char ***ret_words,
                         struct reason *reason)
{
    const char *schema = json_string_value(json_object_get(json, "schema"));
    const char *matrix = json_string_value(json_object_get(json, "matrix"));
    const json_t *words = json_object_get(json, "words"), *word;
    size_t i, room = 0;

    if (!schema || strcmp(schema, LIMITS_SCHEMA) != 0)
        return reason_set(reason, EBADMSG, "%s is not of the schema " LIMITS_SCHEMA, path);
    if (!matrix || strlen(matrix) != SHA256_TEXT_ROOM - 1 || !json_is_array(words))
        return reason_set(reason, EBADMSG, "%s lacks .matrix or .words", path);
    json_array_foreach((json_t *)words, i, word)
    {
        if (!json_is_string(word))
            return reason_set(reason, EBADMSG, "%s has .words that are no texts", path);
        room += json_string_length(word) + 1;
    }
    size_t count = json_array_size(words);
    char **list = malloc((count + 1) * sizeof(*list) + room + 1);

    if (!list)
        return reason_set(reason, ENOMEM, "no memory to read %s", path);
    char *at = (char *)(list + count + 1);

    json_array_foreach((json_t *)words, i, word)
    {
        list[i] = at;
        at = stpcpy(at, json_string_value(word)) + 1;
    }
    list[count] = NULL;
    memcpy(ret_matrix, matrix, SHA256_TEXT_ROOM);
    *ret_words = list;
    return 0;
}

json_t *limits_json_load(const char *directory, char **ret_path, struct reason *reason)
{
    char *text;
    size_t length;
    json_error_t where;
    json_t *json = NULL;

    *ret_path = NULL;
    if (asprintf(ret_path, "%s/limits.json", directory) < 0) {
        *ret_path = NULL;
        errno = -reason_set(reason, ENOMEM, "no memory");
        return NULL;
    }
    int error = file_read(*ret_path, 1U << 26, &text, &length, reason);

    if (!error) {
        json = json_loadb(text, length, 0, &where);
        if (!json)
            error = reason_set(reason, EBADMSG, "%s: %s (line %d)", *ret_path, where.text, where.line);
        free(text);
    }
    errno = -error;
    return json;
}

int limits_read_identity(const char *directory, char *ret_matrix, char ***ret_words, struct reason *reason)
{
    char *path;
    json_t *json = limits_json_load(directory, &path, reason);
    int error = json ? limits_json_identity(json, path, ret_matrix, ret_words, reason) : -errno;

    json_decref(json);
    free(path);
    return error;
}

void limits_read_reason(const char *directory, struct reason *ret_reason)
{
    char *path;
    json_t *json = limits_json_load(directory, &path, NULL);
    const char *text =
        json_string_value(json_object_get(json_array_get(json_object_get(json, "rows"), 0), "reason"));

    reason_set(ret_reason, 0, "%s", text ? text : "");
    json_decref(json);
    free(path);
}
