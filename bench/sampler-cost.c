/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Prints what one reading of the host costs: CPU microseconds, the mean of 2,000 readings. */
#include "base/reason.h"
#include "host/reading.h"

#include <stdio.h>
#include <time.h>

enum { READINGS = 2000 };

static double cpu_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(void)
{
    struct sampler *sampler;
    struct host_reading reading;
    struct reason reason;

    if (sampler_open(&sampler, "", &reason) < 0) {
        fprintf(stderr, "sampler-cost: %s\n", reason.text);
        return 1;
    }
    for (int maps = 0; maps <= 1; maps++) {
        sampler_watch_own(sampler, maps != 0);
        double start = cpu_seconds();

        for (int i = 0; i < READINGS; i++) {
            if (sampler_read(sampler, &reading, &reason) < 0) {
                fprintf(stderr, "sampler-cost: %s\n", reason.text);
                return 1;
            }
        }
        printf("%s %.1f us a reading\n",
               maps ? "mappings counted:" : "plain:           ", (cpu_seconds() - start) / READINGS * 1e6);
    }
    sampler_close(sampler);
    return 0;
}
