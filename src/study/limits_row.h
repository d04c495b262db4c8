/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One row of `mvm limits`: a population that is grown until the host, or its share, is exhausted. The method
 * is that of docs/limits.md.
 */
#ifndef MVM_STUDY_LIMITS_ROW_H
#define MVM_STUDY_LIMITS_ROW_H

#include "study/scale.h"

#define LIMITS_METHOD "limits/1"

struct limits_row_plan {
    /* As for the standardized test. Of a row: `threshold_percent` is where a resource counts as exhausted,
     * `intervals` is not used. */
    struct scale_plan plan;
    double rate; /* VMs started a second; 0: as fast as the engine can */
    uint64_t
        latency_most_ns; /* the slowest hundredth of the challenges takes longer: the host is unresponsive */
    uint64_t beat_most_ns; /* this program is held up for longer: the host is unresponsive */
    struct knob_journal
        *journal; /* VMs that are processes get a group for their account, noted here; NULL: none */
    uint64_t memory_floor_bytes; /* growth stops when less is available; 0: as host_memory_floor() */
};

/* Runs the row. As scale_run(); what stands when the host gives out is measured and challenged, then ended.
 */
int limits_row_run(const struct limits_row_plan *plan, const struct scale_hooks *hooks, struct result *result,
                   struct reason *reason);

/* Removes what a row left whose process was ended, where its engine's VMs do not end with it; what stays is
 * told in result->teardown.left. */
void limits_row_sweep(const struct scale_plan *plan, struct result *result);

/*
 * Completes the result of a row whose process was ended before it could do so itself, in the plan's
 * directory: what ended it, and whether the host came back. `result` is as read from there.
 */
int limits_row_complete(const struct scale_plan *plan, struct result *result, enum stop why,
                        const char *sentence, struct reason *reason);

#endif
