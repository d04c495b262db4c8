/* SPDX-License-Identifier: GPL-3.0-or-later */
/* VMs on several hosts: parts that table and picture share. */
#ifndef MVM_REPORT_HOSTS_H
#define MVM_REPORT_HOSTS_H

#include "result/result.h"

#include <stdio.h>

/* Of what may be given away at a host the most that is, in percent; NAN: nothing is known. */
double hosts_fullest(const struct result_host_point *point, enum host_allotment *ret_allotment);

/* Whether any host ever told what is given away. */
bool hosts_tell(const struct result *result);

/* The hosts to show, fullest first (by what is given away or, where that is known, used), then by their VMs,
 * then as in the result: at most `room` of their indices. Returns how many. */
size_t hosts_choose(const struct result *result, size_t *ret_indices, size_t room);

/* "three was the first host to give out: 100 % of its vcpus at 8 VMs, of 20 in all"; "" when none did. */
void hosts_first_text(const struct result *result, char *ret_text, size_t room);

/* "three was the first host to use up what it has: 91 % of its memory at 8 VMs, of 20 in all"; "" when none
 * did, or they are not read. */
void hosts_first_used_text(const struct result *result, char *ret_text, size_t room);

/* A table of at most 110 columns, the hosts as they were last, and another of what they use themselves where
 * they are read; nothing where VMs are on one host only. */
void table_print_hosts(const struct result *result, FILE *to);

#endif
