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

bool hosts_tell(const struct result *result)
{
    enum host_allotment unused;

    for (size_t h = 0; h < result->host_count; h++)
        for (size_t i = 0; i < result->hosts[h].point_count; i++)
            if (isfinite(hosts_fullest(&result->hosts[h].points[i], &unused)))
                return true;
    return false;
}

static const struct result_host_point *last_point(const struct result_host *host)
{
    return host->point_count ? &host->points[host->point_count - 1] : NULL;
}

/* Of what is given away, and of the CPU and memory that the host uses itself where that is known, the most;
 * NAN. */
static double fullest_of_all(const struct result_host_point *point)
{
    static const enum resource resources[] = {RESOURCE_CPU, RESOURCE_MEMORY};
    enum host_allotment unused;
    double most = hosts_fullest(point, &unused);

    for (size_t i = 0; point->use_known && i < sizeof(resources) / sizeof(resources[0]); i++)
        most = fmax(most, point->use.percent[resources[i]].mean);
    return most;
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
    size_t count = ranks ? result->host_count : 0;

    for (size_t i = 0; i < count; i++) {
        const struct result_host_point *point = last_point(&result->hosts[i]);
        double percent = point ? fullest_of_all(point) : NAN;

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

/* "three was the first host to ...: 100 % of its vcpus at 8 VMs, of 20 in all" */
static void first_text(const struct result_first_host *first, const char *did, const char *resource,
                       char *ret_text, size_t room)
{
    char name[RESULT_TEXT], percent[NUMBER_ROOM], vms[NUMBER_ROOM], all[NUMBER_ROOM];

    snprintf(ret_text, room, "%s was the first host to %s: %s %% of its %s at %s VMs, of %s in all",
             text_clean(first->name, name, sizeof(name)), did, number_digits(first->percent, 4, percent),
             resource, number_grouped(first->vms, vms), number_grouped(first->vms_of_all, all));
}

void hosts_first_text(const struct result *result, char *ret_text, size_t room)
{
    const struct result_first_host *first = &result->first_host;

    ret_text[0] = '\0';
    if (first->known)
        first_text(first, "give out", allotment_name((enum host_allotment)first->resource), ret_text, room);
}

void hosts_first_used_text(const struct result *result, char *ret_text, size_t room)
{
    const struct result_first_host *first = &result->first_host_used;

    ret_text[0] = '\0';
    if (first->known)
        first_text(first, "use up what it has", resource_name((enum resource)first->resource), ret_text,
                   room);
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

/* A line of the table of what is used; a slope that is not known is a dash. */
static void print_use(const char *name, uint64_t vms, double cpu, double memory, double taken,
                      const struct slope *memory_slope, const struct slope *cpu_slope, FILE *to)
{
    char clean[NAME_COLUMNS + 1], number[NUMBER_ROOM], size[SIZE_TEXT_ROOM];

    fprintf(to, "  %-*s %9s", NAME_COLUMNS, text_clean(name, clean, sizeof(clean)),
            number_grouped(vms, number));
    print_percent(cpu, to);
    print_percent(memory, to);
    fprintf(to, " %11s", isfinite(taken) ? size_text(taken, size) : "-");
    fprintf(to, " %11s", memory_slope->known ? size_text(memory_slope->value, size) : "-");
    fprintf(to, " %11s\n", cpu_slope->known ? number_plain(cpu_slope->value, 3, number) : "-");
}

static void print_host_use(const struct result_host *host, FILE *to)
{
    const struct result_host_point *point = last_point(host);
    bool known = point && point->use_known;

    if (host->node_known)
        print_use(host->name, point ? point->vms : 0, known ? point->use.percent[RESOURCE_CPU].mean : NAN,
                  known ? point->use.percent[RESOURCE_MEMORY].mean : NAN,
                  known ? point->use.memory_taken.mean : NAN, &host->per_vm.memory_bytes,
                  &host->per_vm.cpu_percent_of_host, to);
}

/* Hosts whose samples are not all there, and why the latest is not. */
static void print_unread(const struct result_host *host, FILE *to)
{
    char line[1600], missed[NUMBER_ROOM], clean[RESULT_TEXT], why[1024];

    if (host->node.missed == 0 && !host->unknown[0])
        return;
    text_clean(host->name, clean, sizeof(clean));
    text_clean(host->unknown, why, sizeof(why));
    if (host->node_known)
        snprintf(line, sizeof(line), "%s: %s samples missed%s%s", clean,
                 number_grouped(host->node.missed, missed), why[0] ? "; at the end: " : "", why);
    else
        snprintf(line, sizeof(line), "%s: not read: %s", clean, why);
    text_print_wrapped("  ", line, to);
}

enum { UNREAD_SHOWN = 5 };

static void print_uses(const struct result *result, const size_t *indices, size_t count, FILE *to)
{
    const struct result_cloud *cloud = &result->cloud;
    const struct result_cloud_point *last =
        cloud->point_count ? &cloud->points[cloud->point_count - 1] : NULL;
    char line[1024], name[64];

    fprintf(to, "\n  %-*s %9s %9s %9s %11s %11s %11s\n", NAME_COLUMNS, "Host, in use", "VMs", "CPU %",
            "memory %", "taken", "a VM", "CPU % a VM");
    for (size_t i = 0; i < count; i++)
        print_host_use(&result->hosts[indices[i]], to);
    snprintf(name, sizeof(name), "all %u that are read", last ? last->hosts : cloud->hosts);
    print_use(name, last ? last->vms : 0, last ? last->percent[CLOUD_CPU] : NAN,
              last ? last->percent[CLOUD_MEMORY] : NAN, last ? last->memory_taken : NAN,
              &cloud->per_vm.memory_bytes, &cloud->per_vm.cpu_percent_of_cloud, to);
    text_print_wrapped(
        "  ",
        "As each host's kernel counts, of all that it has; per VM of its own VMs, by the slope. Taken is "
        "beyond the host without VMs.",
        to);
    for (size_t i = 0, shown = 0; i < result->host_count && shown < UNREAD_SHOWN; i++) {
        shown += result->hosts[i].node.missed > 0 || result->hosts[i].unknown[0];
        print_unread(&result->hosts[i], to);
    }
    hosts_first_used_text(result, line, sizeof(line));
    if (line[0])
        text_print_wrapped("  ", line, to);
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
    if (hosts_tell(result))
        text_print_wrapped(
            "  ", "Percentages are of what the scheduler of the hosts may give away, to VMs of anybody.", to);
    hosts_first_text(result, line, sizeof(line));
    if (line[0])
        text_print_wrapped("  ", line, to);
    if (result->cloud_known)
        print_uses(result, indices, count, to);
}
