/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/hosts.h"

#include "base/option.h"
#include "report/text.h"
#include "result/number.h"

#include <math.h>
#include <stdlib.h>

enum { HOSTS_SHOWN = 40, NAME_COLUMNS = 30 };

double hosts_fullest(const struct result_host_point *point, enum host_allotment *ret_allotment)
{
    double most = NAN;

    for (unsigned a = 0; a < ALLOTMENT_COUNT; a++) {
        if (!isfinite(point->percent[a]) || point->percent[a] <= most)
            continue;
        most = point->percent[a];
        *ret_allotment = (enum host_allotment)a;
    }
    return most;
}

static const struct result_host_point *last_point(const struct result_host *host)
{
    return host->point_count ? &host->points[host->point_count - 1] : NULL;
}

struct rank {
    size_t index;
    double percent;
    uint64_t vms;
};

static int compare(const void *one, const void *other)
{
    const struct rank *a = one, *b = other;

    if (a->percent > b->percent || a->percent < b->percent)
        return a->percent > b->percent ? -1 : 1;
    if (a->vms != b->vms)
        return a->vms > b->vms ? -1 : 1;
    return a->index < b->index ? -1 : 1;
}

size_t hosts_choose(const struct result *result, size_t *ret_indices, size_t room)
{
    struct rank *ranks = calloc(result->host_count ? result->host_count : 1, sizeof(*ranks));
    enum host_allotment unused;
    size_t count = ranks ? result->host_count : 0;

    for (size_t i = 0; i < count; i++) {
        const struct result_host_point *point = last_point(&result->hosts[i]);
        double percent = point ? hosts_fullest(point, &unused) : NAN;

        ranks[i] = (struct rank){i, isfinite(percent) ? percent : -1, point ? point->vms : 0};
    }
    if (count > 0)
        qsort(ranks, count, sizeof(*ranks), compare);
    count = count < room ? count : room;
    for (size_t i = 0; i < count; i++)
        ret_indices[i] = ranks[i].index;
    free(ranks);
    return count;
}

void hosts_first_text(const struct result *result, char *ret_text, size_t room)
{
    char name[RESULT_TEXT], percent[NUMBER_ROOM], vms[NUMBER_ROOM], all[NUMBER_ROOM];

    ret_text[0] = '\0';
    if (!result->first_host_known)
        return;
    snprintf(ret_text, room, "%s was the first host to give out: %s %% of its %s at %s VMs, of %s in all",
             text_clean(result->first_host.name, name, sizeof(name)),
             number_digits(result->first_host.percent, 4, percent),
             allotment_name((enum host_allotment)result->first_host.allotment),
             number_grouped(result->first_host.vms, vms), number_grouped(result->first_host.vms_of_all, all));
}

static void print_percent(double percent, FILE *to)
{
    char text[NUMBER_ROOM];

    fprintf(to, " %9s", isfinite(percent) ? number_fixed(percent, 2, text) : "-");
}

static void print_host(const struct result_host *host, FILE *to)
{
    const struct result_host_point *point = last_point(host);
    char name[NAME_COLUMNS + 1], number[NUMBER_ROOM], size[SIZE_TEXT_ROOM];

    if (!point)
        return;
    fprintf(to, "  %-*s %9s", NAME_COLUMNS, text_clean(host->name, name, sizeof(name)),
            number_grouped(point->vms, number));
    for (unsigned a = 0; a < ALLOTMENT_COUNT; a++)
        print_percent(point->percent[a], to);
    fprintf(to, " %11s", isfinite(host->vcpus) ? number_digits(host->vcpus, 6, number) : "-");
    fprintf(to, " %11s\n", isfinite(host->memory_bytes) ? size_text(host->memory_bytes, size) : "-");
}

void table_print_hosts(const struct result *result, FILE *to)
{
    size_t indices[HOSTS_SHOWN], count = hosts_choose(result, indices, HOSTS_SHOWN);
    char line[1024];

    if (result->hosts_unknown[0]) {
        snprintf(line, sizeof(line), "nothing is known of them at the last interval: %.900s",
                 result->hosts_unknown);
        fputc('\n', to);
        text_print_wrapped("  hosts     ", line, to);
    }
    if (count == 0)
        return;
    fprintf(to, "\n  %-*s %9s %9s %9s %9s %11s %11s\n", NAME_COLUMNS, "Host", "VMs", "vcpus %", "memory %",
            "disk %", "of vcpus", "of memory");
    for (size_t i = 0; i < count; i++)
        print_host(&result->hosts[indices[i]], to);
    if (count < result->host_count)
        fprintf(to, "  and %zu more, less full\n", result->host_count - count);
    text_print_wrapped(
        "  ", "Percentages are of what the scheduler of the hosts may give away, to VMs of anybody.", to);
    hosts_first_text(result, line, sizeof(line));
    if (line[0])
        text_print_wrapped("  ", line, to);
}
