/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The end of a run: no VM is left, and the host is back where it was. */
#include "study/scale_run.h"

#include "base/clock.h"
#include "base/file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TEARDOWN_MOST_NS (15 * NS_PER_SECOND)

static double own_resident_bytes(void)
{
    char *text;
    size_t length;
    unsigned long pages = 0;

    if (file_read("/proc/self/statm", 4096, &text, &length, NULL) < 0)
        return 0;
    if (sscanf(text, "%*u %lu", &pages) != 1)
        pages = 0;
    free(text);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

bool teardown_look(struct result *result, struct sampler *sampler)
{
    const struct host_reading *empty = &result->baseline.reading;
    double most = result->memory_accounting.taken;
    struct host_reading now;

    sampler_refresh(sampler);
    if (sampler_read(sampler, &now, NULL) < 0)
        return true;
    result->teardown.done = true;
    result->teardown.memory_left_bytes =
        (double)host_memory_available(&empty->memory) - (double)host_memory_available(&now.memory);
    result->teardown.tasks_left = (int64_t)(now.tasks - empty->tasks);
    result->teardown.files_left = (int64_t)(now.files_open - empty->files_open);
    /* Kernel workers and file handles that the kernel frees late come and go by themselves. */
    result->teardown.clean = result->teardown.memory_left_bytes <= fmax(0.01 * most, 16 * 0x1p20) &&
                             result->teardown.tasks_left <= 16 && result->teardown.files_left <= 256;
    return result->teardown.clean;
}

void teardown_wait(struct result *result, struct sampler *sampler, uint64_t started_ns)
{
    uint64_t now;

    while (!teardown_look(result, sampler)) {
        if ((now = clock_now_ns()) - started_ns >= TEARDOWN_MOST_NS)
            break;
        clock_sleep_until(now + 200 * NS_PER_MILLISECOND);
    }
    result->teardown.seconds = (double)(clock_now_ns() - started_ns) / (double)NS_PER_SECOND;
}

void run_teardown(struct run *run)
{
    uint64_t started = clock_now_ns();

    run->result->harness.memory_bytes = own_resident_bytes();
    run->phase = SCALE_TEARDOWN;
    run_progress(run);
    run_close_population(run);
    teardown_wait(run->result, run->sampler, started);
    run->result->teardown.clean &= !run->result->teardown.left[0];
}
