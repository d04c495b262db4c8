/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the hosts of VMs that are elsewhere use themselves: read beside this host at every sample. */
#ifndef MVM_STUDY_SCALE_NODES_H
#define MVM_STUDY_SCALE_NODES_H

#include <stdbool.h>
#include <stdint.h>

struct reason;
struct result_host;
struct result_cloud_point;
struct result_host_point;
struct run;
struct run_nodes;

/* Asks the engine for its hosts, of a population that is open, and reads each of them once; nothing where the
 * plan has none or they are known. An error names the first that cannot be read. */
int run_find_nodes(struct run *run, struct reason *reason);

/* Around a set of samples of this host. Begin: a first reading of each is waited for. Sample: what has come
 * of the latest question is taken, and the next is put, at the moment of this host's sample. End: what is
 * still to come is waited for, within bounds, and made into statistics. Of the empty hosts (`empty`) they are
 * what later ones are beyond, and each host has to answer. All do nothing without hosts to read. */
int run_nodes_begin(struct run *run, bool empty, struct reason *reason);
int run_nodes_sample(struct run *run, unsigned interval_index, uint64_t vms, struct reason *reason);
int run_nodes_end(struct run *run, unsigned interval_index, uint64_t vms, bool empty, struct reason *reason);

/* Whether each host that answered was as at the call before, so that its samples can be taken; true without
 * hosts to read. */
bool run_nodes_quiet(struct run *run);

/* A point of a host gets what the host used in the latest set of samples. */
void run_note_use(struct run *run, struct result_host *host, struct result_host_point *point);

/* All hosts together in the latest set of samples, as another point of the result. -ENOMEM or 0. */
int run_note_cloud(struct run *run, uint64_t vms);

/* The fullest share of a point that is past the threshold, enum cloud_share; -1: none is. */
int cloud_point_over(const struct result_cloud_point *point, double threshold_percent);

/* Whether all hosts together were past the threshold of what they use in the latest set of samples. */
bool run_nodes_over(const struct run *run);

/* -1: no resource of all hosts together is past the threshold; else enum cloud_share, the fullest. */
int run_cloud_over(const struct run *run);

/* The slopes of every host and of all together. */
void run_fit_hosts(struct run *run);

/* hosts.csv as far as it is known. */
int run_save_nodes(struct run *run, struct reason *reason);

/* Ends the connections. NULL nodes are fine. */
void run_close_nodes(struct run *run);

#endif
