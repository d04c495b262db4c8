/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What `mvm sample --json` prints and readers of other hosts take: one line about the host, then one for each
 * reading of it, each a JSON object of its own (docs/result-format.md, "mvm sample").
 */
#ifndef MVM_RESULT_SAMPLE_JSON_H
#define MVM_RESULT_SAMPLE_JSON_H

#include "host/reading.h"
#include "host/resource.h"
#include "result/result.h"

#include <jansson.h>

#define SAMPLE_SCHEMA "mvm-sample/1"

/* A line is shorter. */
enum { SAMPLE_LINE_MOST = 16384 };

struct sample_host {
    char tool_version[RESULT_TEXT];
    char name[RESULT_TEXT];    /* as the host calls itself */
    uint64_t ticks_per_second; /* the unit of the readings' CPU times (USER_HZ) */
    struct host_limits limits;
};

/* New references; NULL without memory. Of a reading what belongs to the program that took it (own_files,
 * own_maps, own_memory, own_cpu_ns, cgroup_pids) is left out. */
json_t *sample_host_json(const struct sample_host *host);
json_t *sample_reading_json(const struct host_reading *reading);

/* One line of `length` bytes without its newline, which may be anything. -EINVAL with a sentence that says
 * what is wrong, also when it is a line of the other kind; -ENOMEM. What is left out above is 0. */
int sample_host_read(struct sample_host *ret_host, const char *line, size_t length, struct reason *reason);
int sample_reading_read(struct host_reading *ret_reading, const char *line, size_t length,
                        struct reason *reason);

#endif
