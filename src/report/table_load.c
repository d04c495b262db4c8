/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/table_load.h"

#include "report/report.h"
#include "report/text.h"
#include "result/number.h"

static void print_interval(const struct result_interval *interval, FILE *to)
{
    const struct result_load *load = &interval->load;
    char vms[NUMBER_ROOM], due[NUMBER_ROOM], throughput[NUMBER_ROOM], share[NUMBER_ROOM], times[5][TEXT_ROOM];

    fprintf(to, "  %11s %11s %9s %11s", number_grouped(interval->vms, vms), number_grouped(load->due, due),
            load->due ? number_fixed(100 * (double)load->answered / (double)load->due, 3, share) : "-",
            number_plain(load->throughput, 6, throughput));
    fprintf(to, " %9s %9s %9s %9s %9s\n", text_duration(load->p50, times[0]),
            text_duration(load->p90, times[1]), text_duration(load->p99, times[2]),
            text_duration(load->p999, times[3]), text_duration(load->lag_p99, times[4]));
}

void table_print_load(const struct result *result, FILE *to)
{
    uint64_t wrong = 0, timeouts = 0, errors = 0;
    char line[512], load[TEXT_ROOM], a[NUMBER_ROOM], b[NUMBER_ROOM], c[NUMBER_ROOM], limit[TEXT_ROOM];

    if (!report_has_load(result))
        return;
    fprintf(to, "\n  %11s %11s %9s %11s %9s %9s %9s %9s %9s\n", "Load: VMs", "requests", "right %",
            "a second", "p50", "p90", "p99", "p99.9", "lag p99");
    for (size_t i = 0; i < result->interval_count; i++) {
        if (!result->intervals[i].load_known)
            continue;
        print_interval(&result->intervals[i], to);
        wrong += result->intervals[i].load.wrong;
        timeouts += result->intervals[i].load.timeouts;
        errors += result->intervals[i].load.errors;
    }
    snprintf(line, sizeof(line), "%s; %s wrong answers, %s time-outs, %s other errors in all%s%s",
             text_load(result, load), number_grouped(wrong, a), number_grouped(timeouts, b),
             number_grouped(errors, c), result->plan.load.latency_limit > 0 ? "; the limit of p99 is " : "",
             result->plan.load.latency_limit > 0 ? text_duration(result->plan.load.latency_limit, limit)
                                                 : "");
    text_print_wrapped("  ", line, to);
}
