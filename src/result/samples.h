/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * samples.csv of a run directory: every raw sample, one line each, below a line of column names
 * (docs/result-format.md, "samples.csv"). A cell is empty where this host has no such resource.
 */
#ifndef MVM_RESULT_SAMPLES_H
#define MVM_RESULT_SAMPLES_H

#include "host/reading.h"
#include "host/resource.h"

#include <stdint.h>

struct reason;
struct samples;

/* Creates (or empties) samples.csv in `directory` and writes the line of column names. */
int samples_open(struct samples **ret_samples, const char *directory, struct reason *reason);

/* Adds one sample of the interval `interval` (from 0) at `vms` VMs to the block in memory. -ENOMEM or 0. */
int samples_add(struct samples *samples, unsigned interval, uint64_t vms, const struct host_reading *reading,
                const struct host_usage *usage);

/* The same of hosts.csv: samples of other hosts, with the name of each in the third column. Names are words
 * without commas and quotes. */
int samples_open_hosts(struct samples **ret_samples, const char *directory, struct reason *reason);
int samples_add_host(struct samples *samples, unsigned interval, uint64_t vms, const char *host,
                     const struct host_reading *reading, const struct host_usage *usage);

/*
 * Appends the block to the file with one write(), so that a program that is killed leaves whole lines. Call
 * it once an interval. After a failure (full disk) the block is kept and the next call tries again; a part
 * that was written is not written twice.
 */
int samples_flush(struct samples *samples, struct reason *reason);

/* Closes without flushing. NULL is fine. */
void samples_close(struct samples *samples);

#endif
