/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `mvm report` is given: directories of runs, and of matrices of `mvm limits`. */
#ifndef MVM_CMD_REPORT_INPUTS_H
#define MVM_CMD_REPORT_INPUTS_H

#include "base/option.h"
#include "report/html.h"

struct reason;

struct report_inputs {
    /* The runs, `count` of each; with `page` also the rows of matrices that have files of their own. */
    struct html_run *html;
    struct report_run *runs;
    char **labels;
    size_t count, run_most; /* the latter as many as there can be */
    struct result *results; /* read here, `result_count`; those of rows are the matrices' */
    size_t result_count;
    struct limits *limits; /* `matrix_count` */
    struct html_matrix *matrices;
    size_t matrix_count;
};

/*
 * Reads all of `paths`. A directory is a matrix when it holds limits.json and no result.json; with `page` it
 * may be both. `page` also reads the samples, thinned, of every run that has them. Labels are `labels`, in
 * the order of the runs given, else the default ones, with the path where two would read the same.
 */
int report_inputs_read(struct report_inputs *ret_inputs, char *const *paths, size_t count, bool page,
                       const struct option_list *labels, struct reason *reason);

/* Fine with a zeroed one. */
void report_inputs_release(struct report_inputs *inputs);

#endif
