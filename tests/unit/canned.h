/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Results made up for tests: the same arguments give the same result, down to the bit. */
#ifndef MVM_TESTS_CANNED_H
#define MVM_TESTS_CANNED_H

#include "result/result.h"

struct canned {
    const char *guest;     /* "sleep" unless given */
    unsigned intervals;    /* 0: none was measured */
    uint64_t step_vms;     /* VMs an interval */
    double memory_bytes;   /* per VM */
    double cpu_percent;    /* of the host, per VM */
    double noise;          /* half width of the slopes' intervals, in parts of the slope; 0: 0.01 */
    uint64_t memory_limit; /* the share; 0: the whole host */
    enum stop stopped_by;
    bool unprovable, swapping, running;
    double load_rate; /* requests a second; 0: no load */
    double load_p50;  /* at the first interval, seconds; it doubles until the last */
    bool in_process;  /* VMs of the engine vmm, which live in the measuring process */
};

/* Fills `result`, which the caller releases. */
void canned_result(struct result *result, const struct canned *canned);

/* The two results whose files stand in tests/unit/data/report/: a sleeping and a ticking guest. */
extern const struct canned canned_sleep, canned_tick;

/* A path in the tests' data directory ($MVM_TEST_DATA or tests/unit/data); valid until the next call. */
const char *canned_path(const char *name);

/* The file `name` of the data directory must hold these bytes. With MVM_UPDATE_GOLDEN set it is written
 * instead. */
void canned_golden(const char *name, const char *bytes, size_t length);

#endif
