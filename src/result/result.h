/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The result model: all that one run of the standardized test found, enough to redraw and to compare it. It
 * is written to result.json of the run directory (schema "mvm-result/1") and read back from there; pictures
 * and tables are made from it alone. Every name in the file stands in docs/result-format.md.
 */
#ifndef MVM_RESULT_RESULT_H
#define MVM_RESULT_RESULT_H

#include "base/file.h"
#include "host/fingerprint.h"
#include "host/resource.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reason;

#define RESULT_SCHEMA "mvm-result/1"

enum { RESULT_TEXT = 256, RESULT_LONG = 8192 };

/* Why a run ended. */
enum stop {
    STOP_NOT_YET, /* still running, or killed: null in the file */
    STOP_MAX,
    STOP_CPU,
    STOP_MEMORY,
    STOP_SWAP,
    STOP_PRESSURE,
    STOP_DISK,
    STOP_NETWORK,
    STOP_SOCKETS,
    STOP_LATENCY,
    STOP_PIDS,
    STOP_FILES,
    STOP_MAPS,
    STOP_ENGINE,
    STOP_ALIVE,
    STOP_INTERRUPT,
    STOP_HOSTS,        /* what the hosts of a cloud may give away is given away */
    STOP_UNRESPONSIVE, /* the host answered too late, by itself or through its VMs */
    STOP_COUNT
};

/* "max", "cpu", ...; NULL for STOP_NOT_YET. */
const char *stop_name(enum stop stop);

/* The stop that a resource at the threshold causes. */
enum stop stop_of_resource(enum resource resource);

/* A mean of `n` samples with their standard deviation and the half width of the mean's 95 % confidence
 * interval. */
struct statistic {
    double mean, sd, ci95;
    unsigned n;
};

/* A least-squares slope and its 95 % confidence interval. `known` is false with fewer than three points. */
struct slope {
    bool known;
    double value, low, high;
    double intercept, r2;
};

/* Of a set of times in seconds (start of VMs, answers to challenges). All 0 when `n` is 0. */
struct spread {
    uint64_t n;
    double least, median, p99, most;
};

/* How an open loop load was answered while an interval was sampled. Times are in seconds from when a request
 * was to be sent; a percentile is one of all requests, of which those that were not answered right count as
 * the time after which one is given up. */
struct result_load {
    double rate;       /* requests a second that were to be sent */
    uint64_t due;      /* requests whose time had come */
    uint64_t sent;     /* of them; the rest found too many under way */
    uint64_t answered; /* right */
    uint64_t wrong, timeouts, errors;
    double p50, p90, p99, p999;
    double most;       /* the longest of a right answer */
    double sent_p99;   /* of right answers, from when the request was really sent */
    double lag_p99;    /* from when it was to be sent until it was */
    double throughput; /* right answers a second */
};

struct result_interval {
    uint64_t vms;                 /* running at the samples */
    uint64_t asked, alive, wrong; /* challenge at this interval; asked is 0 where liveness cannot be proven */
    double started_at, ended_at;  /* of the samples, seconds since 1970 */
    double grow_seconds;          /* time to start this interval's VMs */
    bool settled;                 /* readings were quiet before the samples; else the bound was reached */
    double settle_seconds;
    bool known[RESOURCE_COUNT];
    struct statistic percent[RESOURCE_COUNT]; /* of the host, or of the share */
    struct statistic cpu_busy, cpu_user, cpu_system, cpu_interrupt, cpu_steal; /* percent of the whole host */
    struct statistic
        cpu_ticks; /* the same as cpu_busy, as the timer tick saw it: what mpstat and top print */
    struct statistic memory_taken; /* bytes beyond the empty host */
    bool own_known;                /* VMs live in the measuring process: the next two are of it */
    struct statistic own_memory;   /* bytes beyond the empty host */
    struct statistic own_cpu;      /* percent of the whole host */
    struct statistic disk_bytes, disk_operations, network_bytes, network_packets, loopback_bytes,
        loopback_packets, swap_pages; /* per second */
    struct statistic disk_busy;       /* percent of the time, of the busiest disk */
    struct statistic sockets;         /* in use */
    struct statistic psi_cpu_some, psi_memory_some, psi_memory_full, psi_io_some,
        psi_io_full; /* percent of the time */
    struct memory_accounting memory;
    struct spread boot;      /* start of the VM until it announced itself */
    struct spread challenge; /* challenge sent until answered */
    bool load_known;         /* a load was on at the samples: */
    struct result_load load;
};

/* A guest of a mix. */
struct result_part {
    char guest[RESULT_TEXT]; /* with its setting: "load:25" */
    double share;            /* 0 to 1 */
    char sha256[SHA256_TEXT_ROOM];
    char file[RESULT_TEXT]; /* in the run directory */
};

/* What VMs' hosts may give away to them, as their scheduler counts it. */
enum host_allotment { ALLOTMENT_CPU, ALLOTMENT_MEMORY, ALLOTMENT_DISK, ALLOTMENT_COUNT };

/* "vcpus", "memory", "disk". */
const char *allotment_name(enum host_allotment allotment);

/* What one of several hosts itself uses at the samples of an interval, as its kernel counts. Percentages are
 * of that host; resources that no other host tells (maps, latency) are not known. */
struct result_use {
    bool known[RESOURCE_COUNT];
    struct statistic percent[RESOURCE_COUNT];
    struct statistic cpu_steal;    /* percent of that host */
    struct statistic memory_taken; /* bytes beyond that host without VMs */
    struct statistic psi_cpu_some; /* percent of the time */
};

/* A host at the samples of an interval. */
struct result_host_point {
    uint64_t vms_of_all;             /* of the run, running anywhere */
    uint64_t vms;                    /* of them on this host */
    double percent[ALLOTMENT_COUNT]; /* given away; NAN: not known */
    bool use_known;
    struct result_use use;
};

/* Where the readings of a host are from, what it has, and what it used before the first VM. */
struct result_node {
    char source[2 * RESULT_TEXT]; /* the URL that was read */
    unsigned cpus;
    uint64_t memory_bytes, swap_bytes;
    struct statistic empty_cpu; /* percent of that host */
    uint64_t empty_memory_available;
    uint64_t missed; /* samples of this host that were not had */
};

/* One of several hosts on which VMs are. */
struct result_host {
    char name[RESULT_TEXT];
    double vcpus, memory_bytes, disk_bytes; /* that it may give away; NAN: not known */
    bool node_known;                        /* it is read itself: */
    struct result_node node;
    char unknown[RESULT_LONG / 8]; /* why the latest reading of it is not there; "": it is, or nobody asked */
    struct {
        struct slope memory_bytes, cpu_percent_of_host; /* of its own VMs */
    } per_vm;
    struct result_host_point *points;
    size_t point_count;
};

/* The first of several hosts to reach the threshold, and of several at the same interval the fullest. */
struct result_first_host {
    bool known; /* there is one */
    char name[RESULT_TEXT];
    unsigned resource;
    double percent;
    uint64_t vms, vms_of_all; /* at that interval */
};

/* All hosts that are read, together. */
enum cloud_share { CLOUD_CPU, CLOUD_MEMORY, CLOUD_SWAP, CLOUD_SHARES };

struct result_cloud_point {
    uint64_t vms;                 /* of the run, running anywhere */
    unsigned hosts;               /* that were read at this interval; the sums are theirs */
    double memory_taken;          /* bytes beyond these hosts without VMs */
    double percent[CLOUD_SHARES]; /* in use, of what these hosts have; NAN: they have none */
};

struct result_cloud {
    unsigned hosts, cpus;
    uint64_t memory_bytes;
    double empty_cpu; /* percent of all their CPUs */
    struct result_cloud_point *points;
    size_t point_count;
    struct {
        struct slope memory_bytes,
            cpu_percent_of_cloud; /* of all VMs; intervals at which a host lacked left out */
    } per_vm;
};

/* A number that an engine counted; its unit is in its name. */
struct result_counter {
    char *name;
    double value;
};

struct result_counters {
    struct result_counter *items;
    size_t count;
};

/* A name and a value for people: engine options, versions. */
struct result_fact {
    char *name, *value;
};

struct result_facts {
    struct result_fact *items;
    size_t count;
};

struct result {
    /* The tool and the run. */
    char tool_version[RESULT_TEXT];
    char command_line[RESULT_LONG];
    char method[RESULT_TEXT];    /* "standard-test/1" */
    double started_at, ended_at; /* seconds since 1970; ended_at 0 while running */
    uint64_t seed;

    struct host_fingerprint host;
    struct host_limits limits;

    struct {
        char name[64];
        char class_letter[2];            /* "A", "B", "C", "D", "T"; "-" for an engine without VMs */
        struct result_facts versions;    /* program: its version line */
        struct result_facts options;     /* as in effect, defaults included */
        struct result_facts binaries;    /* path: SHA-256 */
        struct result_counters counters; /* what the engine itself counted, at the end */
    } engine;

    struct {
        char name[RESULT_LONG];        /* guest name, the file given, or the mix as given */
        char sha256[SHA256_TEXT_ROOM]; /* of a mix: guest_mix_sha256() */
        bool ours;
        char file[RESULT_TEXT]; /* in the run directory; "" for a mix */
        bool mixed;             /* several guests: */
        struct result_part *parts;
        size_t part_count;
    } image;

    struct {
        double threshold_percent;
        uint64_t memory_limit_bytes; /* 0: the whole host */
        double cpu_limit;            /* CPUs; 0: the whole host */
        /* What 100 % of network and disk is, as the user said; 0: not said. */
        uint64_t network_capacity_bits, disk_capacity_bytes, disk_capacity_operations; /* per second */
        uint64_t max_vms; /* 0: until a resource gives out */
        unsigned intervals_wanted, samples;
        double sample_seconds;
        uint64_t interval_vms; /* VMs added at each interval */
        bool load_known;       /* a load was on at the samples of each interval: */
        struct {
            double rate;            /* requests a second */
            char targets[32];       /* which VMs are asked: "uniform", ... */
            char path[RESULT_TEXT]; /* of HTTP requests; "": challenges */
            double timeout;         /* seconds after which a request is given up */
            double latency_limit;   /* of p99, seconds: 100 % of the resource latency; 0: none */
        } load;
    } plan;

    struct {
        uint64_t vms;
        double memory_bytes_per_vm, cpu_percent_per_vm; /* of the whole host */
        double seconds;
    } pilot;

    struct {
        uint64_t started; /* VMs whose start was attempted and done */
        uint64_t running; /* at the end */
        uint64_t failed;  /* could not be started, or did not become ready */
        uint64_t died;    /* ended by themselves after being ready */
        bool provable;    /* the image answers challenges; else alive and asked are null: "not proven" */
        uint64_t asked, alive, wrong;   /* the last challenge, of all */
        char last_failure[RESULT_LONG]; /* in the engine's own words; "" for none */
    } population;

    bool wake_known;    /* measured */
    struct spread wake; /* challenges one at a time, at the end: what it takes to wake a VM */

    enum stop stopped_by;
    char stop_reason[RESULT_LONG]; /* one sentence */

    struct {
        struct slope memory_bytes;
        struct slope cpu_percent_of_host;
        struct slope cpu_ticks_percent_of_host; /* of cpu_ticks: for comparison with mpstat and top */
        struct slope own_memory_bytes;          /* of the measuring process, where VMs live in it */
        struct slope own_cpu_percent_of_host;
        double boot_seconds_median;
    } per_vm;

    struct {
        double cpu_busy; /* percent of the whole host, empty */
        double cpu_ticks;
        double own_cpu; /* of the measuring process */
        struct statistic cpu;
        struct host_reading reading;
    } baseline;

    struct result_interval *intervals;
    size_t interval_count;

    struct result_host *hosts; /* where VMs are on others than this one */
    size_t host_count;
    char hosts_unknown[RESULT_LONG]; /* why nothing was learned of them at the latest interval; "": it was */
    struct result_first_host first_host;      /* by what it has given away; `resource`: enum host_allotment */
    struct result_first_host first_host_used; /* by what it uses itself; `resource`: enum resource */
    bool cloud_known;                         /* hosts are read themselves: */
    struct result_cloud cloud;

    struct memory_accounting memory_accounting; /* at the largest interval */

    struct {
        bool done;
        double seconds;
        double memory_left_bytes; /* not come back within the bound; negative: more free than before */
        int64_t tasks_left, files_left;
        char left[RESULT_LONG]; /* what the engine could not remove, and why; "": nothing */
        bool clean;
    } teardown;

    struct {
        double cpu_percent_of_core;  /* what this program itself used while sampling, of one core */
        double memory_bytes;         /* its resident memory at the end */
        double sample_cost_seconds;  /* CPU time of one reading */
        int oom_score_adj;           /* of this program; -1000 means that the OOM killer cannot take it */
        uint64_t memory_floor_bytes; /* growth stops when less than this is available */
    } harness;
};

/* Zeroes a result; result_release() frees what it owns, and is fine with a zeroed or half-filled one. */
void result_init(struct result *result);
void result_release(struct result *result);

/* Appends a zeroed interval and returns it (owned by the result, valid until the next append), or NULL
 * without memory. */
struct result_interval *result_add_interval(struct result *result);

/* The same of a guest of its mix. */
struct result_part *result_add_part(struct result *result);

/* A host with nothing known of it; the host of that name, which is added when it is not there; another zeroed
 * point of a host. NULL without memory; what is returned is valid until the next host, or point, is added. */
struct result_host *result_add_host(struct result *result);
struct result_host *result_host(struct result *result, const char *name);
struct result_host_point *result_add_host_point(struct result_host *host);

/* Another zeroed point of all hosts together, as result_add_host_point(). */
struct result_cloud_point *result_add_cloud_point(struct result_cloud *cloud);

/* Copies name and value to the end of the list. -ENOMEM or 0. */
int result_facts_add(struct result_facts *facts, const char *name, const char *value);

/* Sets the number of that name, which is added when it is not there. -ENOMEM or 0. */
int result_counter_set(struct result_counters *counters, const char *name, double value);
/* Frees the items and empties the list. */
void result_counters_release(struct result_counters *counters);

/* Writes result.json into the run directory, atomically (file_replace()). */
int result_write(const struct result *result, const char *directory, struct reason *reason);

/*
 * Reads a run directory's result.json, or the file itself when `path` names one. A file that is not whole, of
 * another schema or lacks a required name is refused with a sentence that says where. A result that is still
 * running reads as well (stopped_by is STOP_NOT_YET).
 */
int result_read(struct result *result, const char *path, struct reason *reason);

#endif
