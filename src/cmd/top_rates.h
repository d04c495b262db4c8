/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What went on between two looks at a run. */
#ifndef MVM_CMD_TOP_RATES_H
#define MVM_CMD_TOP_RATES_H

#include "door/live.h"

#include <jansson.h>

struct top_rates {
    double
        seconds; /* between the looks; 0: there was but one, or they are of different runs: all else is 0 */
    /* Per second. */
    double wakes, instructions, asks[TALLY_ENDS], requests, refused, connections;
    /* Of answers in that time, in ns; 0: there were none. */
    double p50_ns, p99_ns, p999_ns;
    double run_cpu;              /* percent of one CPU */
    double host_cpu, host_steal; /* percent of all CPUs */
    /* Percent of the time. */
    double pressure_cpu, pressure_memory, pressure_io;
    /* Of each cell of the later look's map, events a second. */
    bool has_heat;
    double heat[ACTIVITY_CELLS];
};

/* `before`: NULL for none. */
void top_rates_make(const struct live_figures *before, const struct live_figures *now,
                    struct top_rates *ret_rates);

/* As JSON; null without an earlier look. */
json_t *top_rates_json(const struct live_figures *now, const struct top_rates *rates);

#endif
