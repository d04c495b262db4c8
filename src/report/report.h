/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables and pictures. Pure functions of results: the same result gives the same bytes. */
#ifndef MVM_REPORT_REPORT_H
#define MVM_REPORT_REPORT_H

#include "result/result.h"

#include <stdio.h>

/* One run of a report and what to call it. */
struct report_run {
    const struct result *result;
    const char *label; /* for example "qemu sleep" */
};

/* The default label of a result: engine, image name and, where set, what is unusual. Returns `ret_label`. */
enum { REPORT_LABEL_ROOM = 192 };
const char *report_label(const struct result *result, char ret_label[REPORT_LABEL_ROOM]);

/* The interval table and the summary of one run, as text of at most 110 columns. */
void report_print_run(const struct report_run *run, FILE *to);

/* One line a run, side by side: class, VMs, alive, stopped by, memory and CPU per VM with intervals. */
void report_print_summary(const struct report_run *runs, size_t count, FILE *to);

/*
 * The resource curves as SVG: percent of the host or share (0 to 100) against VMs, error bars of 95 %, the
 * threshold line, the stop reason of each run; up to eight runs overlaid. Readable on light and dark grounds.
 */
int report_write_svg(const struct report_run *runs, size_t count, FILE *to);

/* Whether a load was on in any interval. */
bool report_has_load(const struct result *result);

/*
 * The quality of service against the population as SVG: above p50, p99 and p99.9 of the latency on a
 * logarithmic axis, below the throughput beside what was asked for, both against VMs; up to eight runs
 * overlaid. -ENODATA: a run has no load.
 */
int report_write_qos_svg(const struct report_run *runs, size_t count, FILE *to);

/*
 * Where the memory of the largest population went, of each run, as SVG: a stacked bar a run whose whole is
 * what was taken beyond the empty host, with what is unexplained hatched, and its bytes per VM beside it.
 * -ENODATA: a run has no such accounting.
 */
bool report_has_accounting(const struct result *result);
int report_write_memory_svg(const struct report_run *runs, size_t count, FILE *to);

/* A row a run: class, VMs, liveness, stop, slopes with their intervals; as Markdown (GitHub's), and in LaTeX
 * for \input with the package booktabs. 0 or -EIO. */
int report_write_markdown(const struct report_run *runs, size_t count, FILE *to);
int report_write_latex(const struct report_run *runs, size_t count, FILE *to);

/*
 * The hosts that VMs are on as SVG: above, the most that each has given away of anything, in percent; where
 * they are read themselves, their CPU and memory in use; below its VMs, both against the VMs of all hosts;
 * the eight fullest. For one run; -ENODATA: it is on one host only.
 */
int report_write_hosts_svg(const struct report_run *runs, size_t count, FILE *to);

#endif
