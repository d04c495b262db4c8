/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/report_inputs.h"

#include "base/reason.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool there(const char *directory, const char *name)
{
    struct stat status;
    char *path;

    if (asprintf(&path, "%s/%s", directory, name) < 0)
        return false;
    bool found = stat(path, &status) == 0;

    free(path);
    return found;
}

static bool is_matrix(const char *path)
{
    return there(path, "limits.json");
}

static bool is_run(const char *path)
{
    return !is_matrix(path) || there(path, "result.json");
}

static int no_memory(struct reason *reason)
{
    return reason_set(reason, ENOMEM, "no memory for so many results");
}

/* `path` becomes the run's, which frees it. */
static int add_run(struct report_inputs *inputs, const struct result *result, const char *label, char *path,
                   bool page, struct reason *reason)
{
    struct html_run *run = &inputs->html[inputs->count];
    int error = 0;

    inputs->labels[inputs->count] = label ? strdup(label) : NULL;
    *run = (struct html_run){.run = {.result = result}, .path = path};
    inputs->count++;
    if (!path || (label && !inputs->labels[inputs->count - 1]))
        return no_memory(reason);
    if (page) {
        struct sample_log log = {.count = 0};

        error = sample_log_read(&log, path, reason);
        if (error == -ENOENT)
            return 0;
        if (!error && html_samples_thin(&log, html_sample_spans(inputs->run_most), &run->samples) < 0)
            error = no_memory(reason);
        sample_log_release(&log);
    }
    return error;
}

static int add_rows(struct report_inputs *inputs, const struct limits *limits, const char *path,
                    struct reason *reason)
{
    int error = 0;

    for (size_t i = 0; !error && i < limits->count; i++) {
        const struct limits_row *row = &limits->rows[i];
        char *below = NULL, *label = NULL;

        /* The only row, whose files are the directory's, has come as a run. */
        if (row->state != LIMITS_DONE || row->recorded || strcmp(row->directory, ".") == 0)
            continue;
        if (asprintf(&below, "%s/%s", path, row->directory) < 0)
            return no_memory(reason);
        if (limits->repeats > 1 && asprintf(&label, "%s, repeat %u", row->label, row->repeat + 1) < 0)
            label = NULL;
        error = add_run(inputs, &row->result, label ? label : row->label, below, true, reason);
        free(label);
    }
    return error;
}

/* Room for all runs that there can be, since others point at them. */
static int make_room(struct report_inputs *inputs, size_t runs, size_t matrices, struct reason *reason)
{
    inputs->results = calloc(runs + 1, sizeof(*inputs->results));
    inputs->limits = calloc(matrices + 1, sizeof(*inputs->limits));
    inputs->matrices = calloc(matrices + 1, sizeof(*inputs->matrices));
    return inputs->results && inputs->limits && inputs->matrices ? 0 : no_memory(reason);
}

static int read_files(struct report_inputs *inputs, char *const *paths, size_t count, bool page,
                      struct reason *reason)
{
    size_t rows = 0;
    int error = 0;

    for (size_t i = 0; !error && i < count; i++) {
        if (is_matrix(paths[i]) && (page || !is_run(paths[i]))) {
            struct limits *limits = &inputs->limits[inputs->matrix_count];

            error = limits_read(limits, paths[i], reason);
            inputs->matrices[inputs->matrix_count] = (struct html_matrix){.limits = limits, .path = paths[i]};
            inputs->matrix_count += !error;
            rows += error ? 0 : limits->count;
        }
        if (!error && is_run(paths[i])) {
            error = result_read(&inputs->results[inputs->result_count], paths[i], reason);
            inputs->result_count += !error;
        }
    }
    if (error)
        return error;
    size_t most = inputs->result_count + rows + 1;

    inputs->run_most = most - 1;
    inputs->html = calloc(most, sizeof(*inputs->html));
    inputs->runs = calloc(most, sizeof(*inputs->runs));
    inputs->labels = calloc(most, sizeof(*inputs->labels));
    return inputs->html && inputs->runs && inputs->labels ? 0 : no_memory(reason);
}

static int choose_label(struct report_inputs *inputs, size_t at, const struct option_list *labels)
{
    char own[REPORT_LABEL_ROOM], other[REPORT_LABEL_ROOM];
    bool twice = false;

    if (inputs->labels[at])
        return 0;
    report_label(inputs->html[at].run.result, own);
    for (size_t i = 0; i < inputs->count; i++)
        twice = twice || (i != at && strcmp(own, report_label(inputs->html[i].run.result, other)) == 0);
    if (at < labels->count)
        inputs->labels[at] = strdup(labels->items[at]);
    else if (!twice)
        inputs->labels[at] = strdup(own);
    else if (asprintf(&inputs->labels[at], "%s (%.*s)", own, REPORT_LABEL_ROOM - 4, inputs->html[at].path) <
             0)
        inputs->labels[at] = NULL;
    return inputs->labels[at] ? 0 : -ENOMEM;
}

int report_inputs_read(struct report_inputs *ret_inputs, char *const *paths, size_t count, bool page,
                       const struct option_list *labels, struct reason *reason)
{
    struct report_inputs inputs = {.count = 0};
    int error = make_room(&inputs, count, count, reason);
    size_t next = 0;

    if (!error)
        error = read_files(&inputs, paths, count, page, reason);
    for (size_t i = 0; !error && i < count; i++)
        if (is_run(paths[i]))
            error = add_run(&inputs, &inputs.results[next++], NULL, strdup(paths[i]), page, reason);
    for (size_t i = 0; !error && page && i < inputs.matrix_count; i++)
        error = add_rows(&inputs, &inputs.limits[i], inputs.matrices[i].path, reason);
    for (size_t i = 0; !error && i < inputs.count; i++) {
        if (choose_label(&inputs, i, labels) < 0)
            error = no_memory(reason);
        inputs.html[i].run.label = inputs.labels[i];
        inputs.runs[i] = inputs.html[i].run;
    }
    if (error)
        report_inputs_release(&inputs);
    else
        *ret_inputs = inputs;
    return error;
}

void report_inputs_release(struct report_inputs *inputs)
{
    for (size_t i = 0; i < inputs->count; i++) {
        html_samples_release(&inputs->html[i].samples);
        free((char *)inputs->html[i].path);
        free(inputs->labels[i]);
    }
    for (size_t i = 0; i < inputs->result_count; i++)
        result_release(&inputs->results[i]);
    for (size_t i = 0; i < inputs->matrix_count; i++)
        limits_release(&inputs->limits[i]);
    free(inputs->html);
    free(inputs->runs);
    free(inputs->labels);
    free(inputs->results);
    free(inputs->limits);
    free(inputs->matrices);
    *inputs = (struct report_inputs){.count = 0};
}
