/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables and the picture of `mvm limits`. Pure functions of its result. */
#ifndef MVM_REPORT_LIMITS_H
#define MVM_REPORT_LIMITS_H

#include "result/limits.h"

#include <stdio.h>

/* The tables for a terminal, with what has to be known to read them. These and what follows return 0, -EIO,
 * or -ENOMEM. */
int report_limits_text(const struct limits *limits, FILE *to);

/* The same tables in Markdown (GitHub's), and in LaTeX for \input with the package booktabs. */
int report_limits_markdown(const struct limits *limits, FILE *to);
int report_limits_latex(const struct limits *limits, FILE *to);

/*
 * Bars a row, beside the 2013 study's figure where the row repeats one of its: memory per VM, VMs per GiB of
 * what was the 100 %, seconds per VM; for the ladder bytes per VM, CPU, boots per second and wake latency on
 * logarithmic axes. Readable on light and dark grounds.
 */
int report_limits_svg(const struct limits *limits, FILE *to);

#endif
