/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The standardized scalability test: the method of docs/standard-test.md, version 1, on one engine. */
#ifndef MVM_STUDY_SCALE_H
#define MVM_STUDY_SCALE_H

#include "engine/engine.h"
#include "host/resource.h"
#include "result/result.h"
#include "study/scale_load.h"

#include <stdbool.h>
#include <stdint.h>

struct reason;
struct mix;

#define SCALE_METHOD "standard-test/1"

/* At each interval every VM is challenged, or this many of them chosen at random; at the end, every VM. */
enum { SCALE_PROOF_SAMPLE = 1000 };

struct scale_plan {
    const struct engine *engine;
    const void *engine_options;
    const struct image *image;
    struct mix *mix;          /* several guests, of which `image` is the first; NULL: that one alone */
    const char *image_name;   /* of the guest, the file given, or the mix */
    const char *directory;    /* run directory; made if it is not there */
    const char *command_line; /* for the result */
    struct host_share share;
    struct scale_load_plan load;
    const char *const *node_words; /* of --node-metrics: where the hosts of VMs that are elsewhere are read */
    size_t node_word_count;        /* 0: they are not */
    double threshold_percent;
    uint64_t max_vms;        /* 0: until a resource gives out */
    unsigned intervals;      /* wanted */
    unsigned samples;        /* per interval */
    uint64_t sample_ns;      /* between two samples */
    uint64_t settle_most_ns; /* longest wait for quiet before the samples of an interval */
    uint64_t seed;
};

enum scale_phase {
    SCALE_PILOT,
    SCALE_BASELINE,
    SCALE_GROW,
    SCALE_PROVE,
    SCALE_SETTLE,
    SCALE_SAMPLE,
    SCALE_PROVE_ALL,
    SCALE_TEARDOWN
};

/* Where a run is, for a progress line. */
struct scale_progress {
    enum scale_phase phase;
    const struct result *result; /* as far as it is known */
    struct engine_counts counts;
    uint64_t goal_vms;         /* expected at the end; 0 when not known */
    uint64_t proven, to_prove; /* VMs of the challenge under way; 0, 0: there is none */
    double seconds_left;       /* estimate; negative when not known */
};

struct scale_hooks {
    void (*progress)(void *context,
                     const struct scale_progress *progress); /* several times a second; may be NULL */
    bool (*interrupted)(void *context);                      /* may be NULL */
    void *context;
};

/* Whether the plan makes sense on a host of these limits; -EINVAL with a sentence. */
int scale_plan_check(const struct scale_plan *plan, const struct host_limits *limits, struct reason *reason);

/*
 * Runs the test. `result` is initialised by the caller (result_init()) and filled here; result.json,
 * samples.csv and the image are written into the directory as the run goes. Returns 0 when the run came to an
 * end that the method knows (result->stopped_by says which, also STOP_INTERRUPT and STOP_ENGINE), else -errno
 * with a reason: then `result` and the files hold what was measured until then. In every case all VMs are
 * gone when it returns.
 */
int scale_run(const struct scale_plan *plan, const struct scale_hooks *hooks, struct result *result,
              struct reason *reason);

#endif
