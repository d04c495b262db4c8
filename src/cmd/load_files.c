/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The result of `mvm load` as JSON and as files. */
#include "base/clock.h"
#include "base/file.h"
#include "base/reason.h"
#include "cmd/load.h"
#include "cmd/load_result.h"
#include "host/fingerprint.h"
#include "load/figures_json.h"
#include "result/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static double in_seconds(uint64_t ns)
{
    return (double)ns / (double)NS_PER_SECOND;
}

static json_t *host_json(void)
{
    struct host_fingerprint host;

    host_fingerprint(&host, "");
    return json_pack("{s:o, s:i, s:I, s:o, s:o}", "cpu_model", result_json_text(host.cpu_model), "cpus",
                     (int)host.cpus, "memory_bytes", (json_int_t)host.memory_bytes, "kernel",
                     result_json_text(host.kernel), "hypervisor", result_json_text(host.hypervisor));
}

static json_t *aim_json(const struct load_aim *aim)
{
    json_t *json =
        json_pack("{s:s, s:I}", "way", aim->engine ? "engine" : "http", "vms", (json_int_t)aim->vms);

    if (aim->engine) {
        json_object_set_new(json, "engine", json_string(aim->engine->name));
        json_object_set_new(json, "class", json_stringn(&aim->engine->class_letter, 1));
        json_object_set_new(json, "image", result_json_text(aim->image_name));
        json_object_set_new(json, "image_sha256", json_string(aim->own.image.sha256));
        json_object_set_new(json, "requests", json_string(aim->path ? "http" : "challenges"));
        json_object_set_new(json, "path", result_json_text_or_null(aim->path));
    } else {
        json_object_set_new(json, "url", result_json_text(aim->url_text));
        json_object_set_new(json, "run", result_json_text_or_null(aim->run));
        json_object_set_new(json, "connections", json_integer((json_int_t)aim->connections));
        json_object_set_new(json, "kept", json_integer((json_int_t)aim->kept));
    }
    return json;
}

static json_t *arrivals_json(const struct load_options *options)
{
    json_t *json = json_object();

    if (options->connections > 0) {
        json_object_set_new(json, "kind", json_string("closed"));
        json_object_set_new(json, "connections", json_integer((json_int_t)options->connections));
    } else if (options->trace) {
        json_object_set_new(json, "kind", json_string("trace"));
        json_object_set_new(json, "trace", result_json_text(options->trace));
    } else {
        json_object_set_new(json, "kind", json_string(options->arrivals));
        json_object_set_new(json, "rate",
                            options->find_capacity ? json_null() : result_json_text(options->rate));
    }
    return json;
}

static json_t *targets_json(const struct load_run *run)
{
    if (run->options->trace)
        return json_null();
    json_t *json = json_pack("{s:s}", "kind", target_names[run->targets.kind]);

    if (run->targets.kind == TARGETS_ZIPF)
        json_object_set_new(json, "skew", result_json_number(run->targets.skew));
    return json;
}

json_t *load_result_json(const struct load_run *run)
{
    const struct load_figures *figures = &run->figures;
    json_t *json = json_pack(
        "{s:s, s:s, s:s, s:o, s:f, s:f, s:o, s:o, s:o, s:o, s:I, s:i, s:f, s:f, s:f}", "schema", "mvm-load/1",
        "state", run->interrupted ? "interrupted" : "done", "tool_version", MVM_VERSION, "command_line",
        result_json_text(run->command_line), "started_at", run->started_at, "ended_at", run->ended_at, "host",
        host_json(), "target", aim_json(&run->aim), "arrivals", arrivals_json(run->options), "targets",
        targets_json(run), "seed", (json_int_t)run->plan.seed, "threads", (int)run->threads,
        "timeout_seconds", in_seconds(run->plan.timeout_ns), "warm_up_seconds",
        in_seconds(run->plan.warm_up_ns), "seconds",
        in_seconds(run->options->find_capacity ? run->plan.length_ns : figures->measured_ns));

    if (!json)
        return NULL;
    if (run->options->find_capacity) {
        json_object_set_new(json, "capacity", capacity_to_json(&run->capacity, 99, run->options->p99_ns));
        return json;
    }
    json_object_set_new(json, "requests", load_outcomes_to_json(figures));
    json_object_set_new(json, "rate", load_rates_to_json(figures));
    json_object_set_new(json, "latency",
                        json_pack("{s:o, s:o}", "corrected", histogram_to_json(&figures->corrected),
                                  "uncorrected", histogram_to_json(&figures->uncorrected)));
    json_object_set_new(json, "lag", histogram_to_json(&figures->lag));
    json_object_set_new(json, "sender_cpu_seconds", json_real(in_seconds(figures->cpu_ns)));
    return json;
}

int load_check_directory(const char *directory, bool overwrite, struct reason *reason)
{
    char path[4200];

    if (!*directory || strlen(directory) > 4000)
        return reason_set(reason, EINVAL, "--out takes the name of a directory, not '%.100s'", directory);
    snprintf(path, sizeof(path), "%s/load.json", directory);
    if (!overwrite && access(path, F_OK) == 0)
        return reason_set(reason, EEXIST,
                          "%s holds a result already; name another directory, or say --overwrite", directory);
    return directory_make(directory, reason);
}

static int write_histogram(const struct histogram *histogram, const char *directory, const char *name,
                           struct reason *reason)
{
    char path[4200], *text = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&text, &length);

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    if (to)
        histogram_write_percentiles(histogram, to);
    int error = to && fclose(to) == 0 ? file_replace(path, text, length, reason)
                                      : reason_set(reason, ENOMEM, "no memory for %s", path);

    free(text);
    return error;
}

int load_write(const struct load_run *run, const char *directory, struct reason *reason)
{
    json_t *json = load_result_json(run);
    char path[4200], *text = json ? json_dumps(json, RESULT_JSON_FLAGS) : NULL;

    json_decref(json);
    snprintf(path, sizeof(path), "%s/load.json", directory);
    int error = text ? file_replace(path, text, strlen(text), reason)
                     : reason_set(reason, ENOMEM, "no memory for %s", path);

    free(text);
    if (!error && run->figures.corrected.total > 0)
        error = write_histogram(&run->figures.corrected, directory, "latency-corrected.hgrm", reason);
    if (!error && run->figures.uncorrected.total > 0)
        error = write_histogram(&run->figures.uncorrected, directory, "latency-uncorrected.hgrm", reason);
    return error;
}
