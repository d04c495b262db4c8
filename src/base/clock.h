/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Time. Durations and deadlines are nanoseconds of CLOCK_MONOTONIC; stamps for people are seconds since 1970.
 */
#ifndef MVM_BASE_CLOCK_H
#define MVM_BASE_CLOCK_H

#include <stdint.h>

#define NS_PER_SECOND      UINT64_C(1000000000)
#define NS_PER_MILLISECOND UINT64_C(1000000)

/* A deadline that never comes. */
#define CLOCK_NEVER UINT64_MAX

/* Now, in nanoseconds of CLOCK_MONOTONIC. */
uint64_t clock_now_ns(void);

/* What the calling thread has had of a CPU, in nanoseconds (CLOCK_THREAD_CPUTIME_ID). */
uint64_t clock_thread_cpu_ns(void);

/* Now, in seconds since 1970-01-01 UTC (CLOCK_REALTIME). */
double clock_unix_seconds(void);

/* Milliseconds from now until `deadline_ns`, rounded up, as poll() and epoll_wait() take them: 0 when it has
 * passed, -1 for CLOCK_NEVER. */
int clock_poll_timeout_ms(uint64_t deadline_ns);

/* Sleeps until `deadline_ns` or until a signal comes. */
void clock_sleep_until(uint64_t deadline_ns);

#endif
