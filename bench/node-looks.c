/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads several hosts at a time, as mvm scale --node-metrics does, and prints what a look at all of them
 * takes. usage: node-looks HOSTS LOOKS URL, with {host} in the URL for their names n0, n1, ... Prints:
 * hosts=N first_ms=N look_ms=MEDIAN look_most_ms=N cpu_ms=MEAN lost=N resident_mib=N
 */
#include "base/clock.h"
#include "base/reason.h"
#include "node/nodes.h"
#include "study/stats.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

/* Between two looks, as between two samples. */
#define APART_NS (500 * NS_PER_MILLISECOND)

static double cpu_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Milliseconds until all have answered or are given up; counts those that have not answered. */
static double look(struct nodes *nodes, unsigned hosts, unsigned *lost)
{
    uint64_t started = clock_now_ns();
    struct host_reading reading;
    struct reason reason;

    nodes_ask(nodes);
    while (nodes_waiting(nodes) > 0)
        clock_sleep_until(clock_now_ns() + NS_PER_MILLISECOND);
    double ms = (double)(clock_now_ns() - started) / 1e6;

    for (unsigned i = 0; i < hosts; i++)
        if (nodes_take(nodes, i, &reading, &reason) < 0 && (*lost)++ == 0)
            fprintf(stderr, "node-looks: %s\n", reason.text);
    return ms;
}

static int open_all(struct nodes **ret_nodes, unsigned hosts, const char *const *words, struct reason *reason)
{
    int error = node_words_check(words, 1, reason);

    if (!error)
        error = nodes_open(ret_nodes, reason);
    for (unsigned i = 0; !error && i < hosts; i++) {
        struct node_address address;
        char name[32];

        snprintf(name, sizeof(name), "n%u", i);
        error = node_words_address(words, 1, name, &address, reason);
        if (!error && nodes_add(*ret_nodes, &address, reason) < 0)
            error = -1;
    }
    return error ? error : nodes_start(*ret_nodes, reason);
}

int main(int argc, char **argv)
{
    struct nodes *nodes;
    struct reason reason = {""};
    unsigned hosts = argc == 4 ? (unsigned)atoi(argv[1]) : 0, looks = argc == 4 ? (unsigned)atoi(argv[2]) : 0;
    double *ms = calloc(looks + 1, sizeof(*ms));
    struct rusage usage;
    unsigned lost = 0;

    if (hosts == 0 || looks == 0 || !ms) {
        fprintf(stderr, "usage: node-looks HOSTS LOOKS URL\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    if (open_all(&nodes, hosts, (const char *const *)&argv[3], &reason) < 0) {
        fprintf(stderr, "node-looks: %s\n", reason.text);
        return 1;
    }
    double first = look(nodes, hosts, &lost), before = cpu_ms(), cpu = 0;

    for (unsigned i = 0; i < looks; i++) {
        clock_sleep_until(clock_now_ns() + APART_NS);
        before = cpu_ms();
        ms[i] = look(nodes, hosts, &lost);
        cpu += cpu_ms() - before;
    }
    getrusage(RUSAGE_SELF, &usage);
    nodes_close(nodes);
    const struct spread spread = stats_spread(ms, looks);

    printf("hosts=%u first_ms=%.0f look_ms=%.1f look_most_ms=%.1f cpu_ms=%.2f lost=%u resident_mib=%.1f\n",
           hosts, first, spread.median, spread.most, cpu / looks, lost, (double)usage.ru_maxrss / 1024);
    free(ms);
    return 0;
}
