/* SPDX-License-Identifier: GPL-3.0-or-later */
/* samples.csv read back (docs/result-format.md, "samples.csv"): the resources of every sample against time.
 */
#ifndef MVM_RESULT_SAMPLES_READ_H
#define MVM_RESULT_SAMPLES_READ_H

#include "host/resource.h"

#include <stddef.h>

struct reason;

struct sample_log {
    size_t count;
    double *seconds;                /* `count`, from the first sample */
    float *percent[RESOURCE_COUNT]; /* each `count`, NAN where a cell is empty; NULL for one without any */
};

/*
 * Reads `directory`/samples.csv, or the samples.csv beside it when `directory` is a file. Columns are found
 * by their names; others are ignored. -ENOENT: there is none. A line with too few cells, or a cell that is no
 * number, is refused by the number of its line. sample_log_release() frees what is read.
 */
int sample_log_read(struct sample_log *ret_log, const char *directory, struct reason *reason);

/* Fine with a zeroed log. */
void sample_log_release(struct sample_log *log);

#endif
