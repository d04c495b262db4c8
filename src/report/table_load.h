/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MVM_REPORT_TABLE_LOAD_H
#define MVM_REPORT_TABLE_LOAD_H

#include "result/result.h"

#include <stdio.h>

/* How the load was answered at each interval, as a table of at most 110 columns; nothing without a load. */
void table_print_load(const struct result *result, FILE *to);

#endif
