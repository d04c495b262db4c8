/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "result/limits.h"

#include <math.h>
#include <stdlib.h>

void limits_release(struct limits *limits)
{
    for (size_t i = 0; i < limits->count; i++)
        result_release(&limits->rows[i].result);
    free(limits->rows);
    free(limits->owned_words);
    *limits = (struct limits){0};
}

static void fill_growth(const struct result *result, struct limits_figures *figures)
{
    double seconds = 0;

    for (size_t i = 0; i < result->interval_count; i++) {
        seconds += result->intervals[i].grow_seconds;
        figures->psi_cpu_some = fmax(figures->psi_cpu_some, result->intervals[i].psi_cpu_some.mean);
        figures->psi_memory_full = fmax(figures->psi_memory_full, result->intervals[i].psi_memory_full.mean);
    }
    figures->grow_minutes = seconds / 60;
    if (seconds > 0)
        figures->boots_per_second = (double)figures->vms / seconds;
    if (figures->vms > 0)
        figures->seconds_per_vm = seconds / (double)figures->vms;
}

static void fill_slopes(const struct result *result, struct limits_figures *figures)
{
    /* Where there is an account, a slope that it does not tell is not known: the host's would be another
     * thing. */
    bool own = result->interval_count > 0 && result->intervals[result->interval_count - 1].own_known;
    const struct slope *memory = own ? &result->per_vm.own_memory_bytes : &result->per_vm.memory_bytes;
    const struct slope *cpu =
        own ? &result->per_vm.own_cpu_percent_of_host : &result->per_vm.cpu_percent_of_host;

    figures->bytes_per_vm = memory->known ? memory->value : NAN;
    figures->bytes_low = memory->known ? memory->low : NAN;
    figures->bytes_high = memory->known ? memory->high : NAN;
    figures->cpu_per_10000 = cpu->known ? 10000 * cpu->value : NAN;
}

void limits_row_figures(const struct limits_row *row, struct limits_figures *ret_figures)
{
    const struct result *result = &row->result;
    const struct result_interval *last =
        result->interval_count > 0 ? &result->intervals[result->interval_count - 1] : NULL;
    double empty = (double)host_memory_available(&result->baseline.reading.memory);

    if (row->recorded) {
        *ret_figures = row->figures;
        return;
    }
    *ret_figures = (struct limits_figures){
        .vms = result->population.started,
        .asked = result->population.asked,
        .alive = result->population.alive,
        .wake_seconds = result->wake_known ? result->wake.median : NAN,
        .size_bytes = NAN,
    };
    if (last) {
        ret_figures->cpu_percent = last->own_known && result->plan.cpu_limit <= 0
                                       ? last->own_cpu.mean
                                       : last->percent[RESOURCE_CPU].mean;
        ret_figures->ram_percent = last->percent[RESOURCE_MEMORY].mean;
        ret_figures->swap_percent = last->percent[RESOURCE_SWAP].mean;
        if (last->vms > 0)
            ret_figures->size_bytes =
                (last->own_known ? last->own_memory : last->memory_taken).mean / (double)last->vms;
    }
    fill_growth(result, ret_figures);
    fill_slopes(result, ret_figures);
    if (result->teardown.done && empty > 0)
        ret_figures->left_percent = fmax(0, 100 * result->teardown.memory_left_bytes / empty);
}
