/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The report as one HTML file that draws itself in a browser, without the network: runs of the standardized
 * test and matrices of `mvm limits`, as many as wanted. The page's own files are in src/report/html/; the
 * figures stand in it as JSON.
 */
#ifndef MVM_REPORT_HTML_H
#define MVM_REPORT_HTML_H

#include "report/report.h"
#include "result/limits.h"
#include "result/samples_read.h"

#include <stdbool.h>
#include <stdio.h>

struct reason;

/* The samples of a run, thinned to what a picture can show: the lowest and the highest of each span of time.
 */
struct html_samples {
    size_t count; /* samples that there were; 0: none are known */
    struct {
        size_t count;
        double *seconds; /* from the first sample */
        float *percent;
    } curves[RESOURCE_COUNT]; /* 0 points for a resource that was not known */
};

/* How many spans of time `runs` runs may each have, so that the file stays small whatever was measured. */
size_t html_sample_spans(size_t runs);

/* -ENOMEM or 0. html_samples_release() frees it, and is fine with a zeroed one. */
int html_samples_thin(const struct sample_log *log, size_t spans, struct html_samples *ret_samples);
void html_samples_release(struct html_samples *samples);

struct html_run {
    struct report_run run;
    const char *path; /* where it was read from, as the user named it */
    struct html_samples samples;
};

struct html_matrix {
    const struct limits *limits;
    const char *path;
};

struct html_report {
    const struct html_run *runs;
    size_t run_count;
    const struct html_matrix *matrices;
    size_t matrix_count;
};

/* Whether this program was built with the page (meson's option html_report). */
bool report_html_built(void);

/* Writes the whole file. -ENOTSUP: not built with the page; -ENOMEM, -EIO. */
int report_write_html(const struct html_report *report, FILE *to);

#endif
