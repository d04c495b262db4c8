/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the parts of vmm-bench share. Each mode prints lines of NAME=VALUE pairs. */
#ifndef MVM_BENCH_VMM_BENCH_H
#define MVM_BENCH_VMM_BENCH_H

#include "guest/image.h"
#include "vmm/vmm.h"

#include <stdbool.h>
#include <stdint.h>

struct bench {
    const char *image_path, *request, *cpu;
    uint64_t count, asks, workers, seconds;
    double busy_percent;
    bool reset_base, resident, ask_first, watch, help;

    struct image image;
    struct vmm *vmm;
};

/* Boots `count` more VMs and waits for them. CPU seconds are those of the workers. */
struct booted {
    uint64_t vms;
    double seconds, cpu_seconds, instructions;
};
struct booted bench_boot(struct bench *bench, uint64_t count);

/* Seconds of CPU that all threads but the calling one have used: the workers' own. */
double bench_worker_cpu(void);

/* Requests to VMs; `right` are those that were answered as they must be. */
struct asked {
    uint64_t asks, right;
    double seconds, cpu_seconds, instructions;
};
/* `asks` requests: to each VM in turn, or to VMs chosen at random. `line` is NULL for challenges, else one
 * byte and the answer to it an empty line. */
struct asked bench_ask(struct bench *bench, const char *line, uint64_t asks, bool in_turn);

/* The program's exit status. When some were not answered right, it says so on standard error, and why the
 * latest VM that stopped has. */
int bench_judge(struct bench *bench, const struct asked *asked);

/* Ends the program with a sentence. */
_Noreturn void bench_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

int mode_boot(struct bench *bench);
int mode_ask(struct bench *bench);
int mode_hold(struct bench *bench);
int mode_ticks(struct bench *bench);
int mode_bytes(struct bench *bench);
int mode_population(struct bench *bench);

#endif
