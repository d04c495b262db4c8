/* SPDX-License-Identifier: GPL-3.0-or-later */
/* limits.json and the results of its rows, read back. */
#include "base/reason.h"
#include "result/json.h"
#include "result/limits.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* More rows than anybody waits for; a file that claims more is none of ours. */
enum { ROWS_MOST = 10000 };

struct reading {
    const char *path; /* of limits.json, for sentences */
    size_t row;       /* from 1; 0: not in one */
    struct reason *reason;
};

static int wrong(const struct reading *reading, const char *name, const char *what)
{
    if (reading->row == 0)
        return reason_set(reading->reason, EBADMSG, "%s: .%s %s", reading->path, name, what);
    return reason_set(reading->reason, EBADMSG, "%s: .rows[%zu].%s %s", reading->path, reading->row - 1, name,
                      what);
}

/* A text, or "" where it is null or lacks and need not be there. */
static int take_text(const struct reading *reading, const json_t *object, const char *name, bool required,
                     char *ret_text, size_t room)
{
    const json_t *value = json_object_get(object, name);

    ret_text[0] = '\0';
    if (!required && (!value || json_is_null(value)))
        return 0;
    if (!json_is_string(value))
        return wrong(reading, name, "is not a text");
    snprintf(ret_text, room, "%s", json_string_value(value));
    return 0;
}

/* A number, or `absent` where it is null or lacks. */
static int take_number(const struct reading *reading, const json_t *object, const char *name, double absent,
                       double *ret_number)
{
    const json_t *value = json_object_get(object, name);

    *ret_number = absent;
    if (!value || json_is_null(value))
        return 0;
    if (!json_is_number(value))
        return wrong(reading, name, "is not a number");
    *ret_number = json_number_value(value);
    return 0;
}

/* A whole number that is not negative; `*ret_known` false where it is null or lacks. */
static int take_whole(const struct reading *reading, const json_t *object, const char *name,
                      uint64_t *ret_number, bool *ret_known)
{
    const json_t *value = json_object_get(object, name);

    *ret_number = 0;
    *ret_known = value && !json_is_null(value);
    if (!*ret_known)
        return 0;
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return wrong(reading, name, "is not a whole number");
    *ret_number = (uint64_t)json_integer_value(value);
    return 0;
}

static int take_state(const struct reading *reading, const json_t *object, enum limits_state *ret_state)
{
    static const char *const words[] = {"not yet", "done", "cannot run", "failed"};
    const char *text = json_string_value(json_object_get(object, "state"));

    for (size_t i = 0; text && i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(text, words[i]) == 0) {
            *ret_state = (enum limits_state)i;
            return 0;
        }
    }
    return wrong(reading, "state", "is none of done, cannot run, failed, not yet");
}

static int take_stop(const struct reading *reading, const json_t *object, enum stop *ret_stop)
{
    const json_t *value = json_object_get(object, "stopped_by");
    const char *text = json_string_value(value);

    *ret_stop = STOP_NOT_YET;
    if (!value || json_is_null(value))
        return 0;
    for (int stop = STOP_NOT_YET + 1; text && stop < STOP_COUNT; stop++) {
        if (strcmp(text, stop_name((enum stop)stop)) == 0) {
            *ret_stop = (enum stop)stop;
            return 0;
        }
    }
    return wrong(reading, "stopped_by", "is not known");
}

/* The figures of a row that is done, and of its result what the tables show. */
static int take_figures(const struct reading *reading, const json_t *object, struct limits_row *row)
{
    struct limits_figures *figures = &row->figures;
    struct result *result = &row->result;
    double low = NAN, high = NAN;
    bool known, provable;
    const struct {
        const char *name;
        double absent;
        double *ret_number;
    } numbers[] = {
        {"cpu_percent", 0, &figures->cpu_percent},
        {"ram_percent", 0, &figures->ram_percent},
        {"swap_percent", NAN, &figures->swap_percent},
        {"size_bytes", NAN, &figures->size_bytes},
        {"minutes", 0, &figures->grow_minutes},
        {"boots_per_second", 0, &figures->boots_per_second},
        {"seconds_per_vm", 0, &figures->seconds_per_vm},
        {"bytes_per_vm", NAN, &figures->bytes_per_vm},
        {"cpu_percent_per_10000_vms", NAN, &figures->cpu_per_10000},
        {"psi_cpu_some", 0, &figures->psi_cpu_some},
        {"psi_memory_full", 0, &figures->psi_memory_full},
        {"wake_seconds", NAN, &figures->wake_seconds},
        {"memory_left_percent", 0, &figures->left_percent},
        {"cpu_limit", 0, &result->plan.cpu_limit},
    };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (take_number(reading, object, numbers[i].name, numbers[i].absent, numbers[i].ret_number) < 0)
            return -EBADMSG;
    if (take_text(reading, object, "engine", true, result->engine.name, sizeof(result->engine.name)) < 0 ||
        take_text(reading, object, "class", true, result->engine.class_letter,
                  sizeof(result->engine.class_letter)) < 0 ||
        take_text(reading, object, "stop_reason", false, result->stop_reason, sizeof(result->stop_reason)) <
            0 ||
        take_stop(reading, object, &result->stopped_by) < 0 ||
        take_whole(reading, object, "vms", &figures->vms, &known) < 0 ||
        take_whole(reading, object, "asked", &figures->asked, &provable) < 0 ||
        take_whole(reading, object, "alive", &figures->alive, &known) < 0 ||
        take_whole(reading, object, "memory_limit_bytes", &result->plan.memory_limit_bytes, &known) < 0)
        return -EBADMSG;
    const json_t *pair = json_object_get(object, "bytes_per_vm_ci95");

    if (json_array_size(pair) == 2) {
        low = json_number_value(json_array_get(pair, 0));
        high = json_number_value(json_array_get(pair, 1));
    }
    figures->bytes_low = low;
    figures->bytes_high = high;
    result->per_vm.memory_bytes = (struct slope){
        .known = isfinite(figures->bytes_per_vm), .value = figures->bytes_per_vm, .low = low, .high = high};
    result->population.started = figures->vms;
    result->population.provable = provable;
    result->population.asked = figures->asked;
    result->population.alive = figures->alive;
    /* The tables ask for these three whether a figure is there. */
    result->limits.swap_total = isfinite(figures->swap_percent);
    result->wake_known = isfinite(figures->wake_seconds);
    result->per_vm.cpu_percent_of_host.known = isfinite(figures->cpu_per_10000);
    result->teardown.done = json_is_true(json_object_get(object, "host_came_back"));
    result->host.emulated = json_is_true(json_object_get(object, "emulated"));
    row->recorded = true;
    return 0;
}

/* A name below the directory: neither absolute nor with "..". */
static bool inside(const char *directory)
{
    if (directory[0] == '\0' || directory[0] == '/')
        return false;
    for (const char *at = directory; at; at = strchr(at, '/') ? strchr(at, '/') + 1 : NULL)
        if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || at[2] == '\0'))
            return false;
    return true;
}

/* The row's own result in place of what was recorded, where it is there. */
static int read_result(const struct reading *reading, const char *directory, struct limits_row *row)
{
    char *path;
    struct stat status;

    if (asprintf(&path, "%s/%s/result.json", directory, row->directory) < 0)
        return reason_set(reading->reason, ENOMEM, "no memory to read %s", reading->path);
    int error = 0;

    if (stat(path, &status) == 0) {
        struct result result;

        error = result_read(&result, path, reading->reason);
        if (error == 0) {
            result_release(&row->result);
            row->result = result;
            row->recorded = false;
        }
    }
    free(path);
    return error;
}

static int take_row(const struct reading *reading, const char *directory, const json_t *object,
                    struct limits_row *row)
{
    uint64_t number, repeat;
    bool has_number, has_repeat;

    if (!json_is_object(object))
        return reason_set(reading->reason, EBADMSG, "%s: .rows[%zu] is not an object", reading->path,
                          reading->row - 1);
    if (take_text(reading, object, "label", true, row->label, sizeof(row->label)) < 0 ||
        take_text(reading, object, "directory", true, row->directory, sizeof(row->directory)) < 0 ||
        take_text(reading, object, "reason", false, row->reason, sizeof(row->reason)) < 0 ||
        take_text(reading, object, "architecture", false, row->architecture, sizeof(row->architecture)) < 0 ||
        take_state(reading, object, &row->state) < 0 ||
        take_whole(reading, object, "row", &number, &has_number) < 0 ||
        take_whole(reading, object, "repeat", &repeat, &has_repeat) < 0)
        return -EBADMSG;
    if (!has_number || number < 1 || number > ROWS_MOST)
        return wrong(reading, "row", "is not a number of a row");
    if (!has_repeat || repeat < 1 || repeat > UINT32_MAX)
        return wrong(reading, "repeat", "is not a number of a repeat");
    if (!inside(row->directory))
        return wrong(reading, "directory", "is not below that of limits.json");
    row->number = (size_t)number - 1;
    row->repeat = (unsigned)repeat - 1;
    const json_t *sleep = json_object_get(object, "sleep");
    const char *study = json_string_value(json_object_get(json_object_get(object, "study"), "row"));

    row->sleep = json_is_boolean(sleep) ? json_is_true(sleep) : -1;
    row->kvm = json_is_true(json_object_get(object, "kvm"));
    row->study = study ? limits_study_find(study) : NULL;
    if (row->state != LIMITS_DONE)
        return 0;
    int error = take_figures(reading, object, row);

    return error ? error : read_result(reading, directory, row);
}

static int take_all(struct reading *reading, const char *directory, const json_t *json, struct limits *limits)
{
    const json_t *rows = json_object_get(json, "rows");
    char seed[32];
    uint64_t repeats;
    bool known;

    if (!json_is_array(rows) || json_array_size(rows) > ROWS_MOST)
        return wrong(reading, "rows", "is not a list of at most 10000 rows");
    if (take_text(reading, json, "seed", false, seed, sizeof(seed)) < 0 ||
        take_whole(reading, json, "repeats", &repeats, &known) < 0)
        return -EBADMSG;
    const char *order = json_string_value(json_object_get(json, "order"));
    const json_t *watchdog = json_object_get(json, "watchdog");

    limits->seed = strtoull(seed, NULL, 10);
    limits->repeats = (unsigned)repeats;
    limits->random_order = order && strcmp(order, "random") == 0;
    limits->watchdog_locked = json_is_true(json_object_get(watchdog, "memory_locked"));
    limits->watchdog_oom_score_adj = (int)json_integer_value(json_object_get(watchdog, "oom_score_adj"));
    for (size_t i = 0; limits->words[i] && limits->words[i + 1]; i++)
        limits->ladder = limits->ladder || (strcmp(limits->words[i], "--preset") == 0 &&
                                            strcmp(limits->words[i + 1], "ladder") == 0);
    for (size_t i = 0; limits->words[i]; i++)
        limits->ladder = limits->ladder || strcmp(limits->words[i], "--preset=ladder") == 0;
    limits->rows = calloc(json_array_size(rows) + 1, sizeof(*limits->rows));
    if (!limits->rows)
        return reason_set(reading->reason, ENOMEM, "no memory for the rows of %s", reading->path);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        reading->row = i + 1;
        /* Counted first, so that what a row has read is released with the others. */
        limits->count = i + 1;
        int error = take_row(reading, directory, json_array_get(rows, i), &limits->rows[i]);

        if (error)
            return error;
    }
    return 0;
}

int limits_read(struct limits *ret_limits, const char *directory, struct reason *reason)
{
    struct limits limits = {.rows = NULL};
    char *path = NULL;
    int error = 0;
    json_t *json = limits_json_load(directory, &path, reason);

    if (!json)
        error = -errno;
    else
        error = limits_json_identity(json, path, limits.matrix, &limits.owned_words, reason);
    limits.words = limits.owned_words;
    if (!error) {
        struct reading reading = {.path = path, .reason = reason};

        error = take_all(&reading, directory, json, &limits);
    }
    if (error)
        limits_release(&limits);
    else
        *ret_limits = limits;
    json_decref(json);
    free(path);
    return error;
}
