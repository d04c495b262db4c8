/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "load/figures_json.h"

#include "base/clock.h"
#include "result/json.h"

static json_t *seconds(double ns)
{
    return result_json_number(ns / (double)NS_PER_SECOND);
}

json_t *histogram_to_json(const struct histogram *histogram)
{
    static const struct {
        const char *name;
        double percent;
    } percentiles[] = {
        {"p50_seconds", 50}, {"p90_seconds", 90},    {"p95_seconds", 95},
        {"p99_seconds", 99}, {"p999_seconds", 99.9}, {"p9999_seconds", 99.99},
    };

    if (histogram->total == 0)
        return json_null();
    json_t *json =
        json_pack("{s:I, s:o, s:o}", "n", (json_int_t)histogram->total, "mean_seconds",
                  seconds(histogram_mean(histogram)), "least_seconds", seconds((double)histogram->least));

    for (size_t i = 0; i < sizeof(percentiles) / sizeof(percentiles[0]); i++)
        json_object_set_new(json, percentiles[i].name,
                            seconds((double)histogram_percentile(histogram, percentiles[i].percent)));
    json_object_set_new(json, "most_seconds", seconds((double)histogram->most));
    return json;
}

json_t *load_outcomes_to_json(const struct load_figures *figures)
{
    json_t *json = json_pack("{s:I}", "due", (json_int_t)figures->due);

    for (size_t i = 0; i < LOAD_OUTCOMES; i++)
        json_object_set_new(json, load_outcome_names[i], json_integer((json_int_t)figures->outcomes[i]));
    return json;
}

json_t *load_rates_to_json(const struct load_figures *figures)
{
    double time = (double)figures->measured_ns / (double)NS_PER_SECOND;

    if (figures->measured_ns == 0)
        return json_null();
    return json_pack("{s:o, s:o}", "due", result_json_number((double)figures->due / time), "right",
                     result_json_number((double)figures->outcomes[LOAD_RIGHT] / time));
}

static json_t *try_to_json(const struct capacity_try *try)
{
    return json_pack("{s:o, s:s, s:o, s:o, s:o, s:I, s:I}", "rate", result_json_number(try->rate), "outcome",
                     capacity_limit_names[try->limit], "right_rate", result_json_number(try->right_rate),
                     "latency_seconds", seconds((double)try->latency_ns), "lag_seconds",
                     seconds((double)try->lag_ns), "due", (json_int_t)try->due, "failed",
                     (json_int_t)try->failed);
}

json_t *capacity_to_json(const struct capacity *capacity, double percent, uint64_t goal_ns)
{
    json_t *tries = json_array();

    for (unsigned i = 0; i < capacity->try_count; i++)
        json_array_append_new(tries, try_to_json(&capacity->tries[i]));
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o}", "percent", result_json_number(percent), "goal_seconds",
        seconds((double)goal_ns), "rate",
        capacity->rate > 0 ? result_json_number(capacity->rate) : json_null(), "missed_rate",
        capacity->missed_rate > 0 ? result_json_number(capacity->missed_rate) : json_null(), "limited_by",
        capacity->missed_rate > 0 ? json_string(capacity_limit_names[capacity->missed.limit]) : json_null(),
        "tries", tries);
}
