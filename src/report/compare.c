/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/compare.h"

#include "base/option.h"
#include "report/text.h"
#include "result/number.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const double normal_quantile = 1.96; /* of 97.5 % */

static double percent_of(double change, double a)
{
    return 100 * change / fabs(a);
}

static void compare_slopes(struct compared *figure, const struct slope *a, const struct slope *b)
{
    figure->a = a->value;
    figure->b = b->value;
    figure->known = a->known && b->known && isfinite(a->value) && isfinite(b->value);
    if (!figure->known)
        return;
    figure->change = b->value - a->value;
    figure->percent = percent_of(figure->change, a->value);

    double se_a = (a->high - a->low) / (2 * normal_quantile);
    double se_b = (b->high - b->low) / (2 * normal_quantile);
    double half = normal_quantile * hypot(se_a, se_b);
    figure->has_interval = isfinite(half);
    if (!figure->has_interval)
        return;
    figure->change_low = figure->change - half;
    figure->change_high = figure->change + half;
    figure->percent_low = percent_of(figure->change_low, a->value);
    figure->percent_high = percent_of(figure->change_high, a->value);
    figure->more_than_noise = figure->change_low > 0 || figure->change_high < 0;
}

static void compare_medians(struct compared *figure, double a, double b)
{
    figure->a = a;
    figure->b = b;
    figure->known = isfinite(a) && isfinite(b) && a > 0 && b > 0;
    if (!figure->known)
        return;
    figure->change = b - a;
    figure->percent = percent_of(figure->change, a);
}

/* The ways in which two results may be of different kinds, gathered into one sentence. */
struct differences {
    FILE *to;
    unsigned count;
};

static void difference(struct differences *differences, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void difference(struct differences *differences, const char *format, ...)
{
    va_list arguments;
    fputs(differences->count++ ? "; " : "they differ in ", differences->to);
    va_start(arguments, format);
    vfprintf(differences->to, format, arguments);
    va_end(arguments);
}

static bool same(double a, double b)
{
    return !(a < b) && !(a > b);
}

static void find_differences(const struct result *a, const struct result *b, struct differences *differences)
{
    char of_a[TEXT_ROOM], of_b[TEXT_ROOM], host_a[2 * TEXT_ROOM], host_b[2 * TEXT_ROOM], clean_a[64],
        clean_b[64];

    if (strcmp(a->engine.class_letter, b->engine.class_letter) != 0)
        difference(differences, "class (%s and %s), so \"a VM\" is not the same thing in both",
                   a->engine.class_letter, b->engine.class_letter);
    if (strcmp(a->image.sha256, b->image.sha256) != 0)
        difference(differences, "image (%s %.12s and %s %.12s)",
                   text_clean(a->image.name, clean_a, sizeof(clean_a)), a->image.sha256,
                   text_clean(b->image.name, clean_b, sizeof(clean_b)), b->image.sha256);
    if (a->plan.memory_limit_bytes != b->plan.memory_limit_bytes ||
        !same(a->plan.cpu_limit, b->plan.cpu_limit))
        difference(differences, "what 100 %% is (%s and %s)", text_whole(a, of_a), text_whole(b, of_b));
    if (a->plan.load_known != b->plan.load_known || !same(a->plan.load.rate, b->plan.load.rate) ||
        strcmp(a->plan.load.targets, b->plan.load.targets) != 0 ||
        strcmp(a->plan.load.path, b->plan.load.path) != 0)
        difference(differences, "load (%s and %s)", text_load(a, of_a), text_load(b, of_b));
    if (a->population.provable != b->population.provable)
        difference(differences, "proof of life (%s and %s)", a->population.provable ? "proven" : "not proven",
                   b->population.provable ? "proven" : "not proven");
    if (!host_fingerprint_alike(&a->host, &b->host)) {
        text_host(&a->host, host_a);
        text_host(&b->host, host_b);
        if (strcmp(host_a, host_b) != 0)
            difference(differences, "host (%.200s and %.200s)", host_a, host_b);
        else
            difference(differences, "the host's settings (mitigations, governor, KSM, THP or limits)");
    }
}

void compare_results(const struct result *a, const struct result *b, struct comparison *ret_comparison)
{
    *ret_comparison = (struct comparison){
        .emulated_a = a->host.emulated,
        .emulated_b = b->host.emulated,
        .figures = {[COMPARE_MEMORY] = {.name = "memory per VM", .unit = "bytes"},
                    [COMPARE_CPU] = {.name = "CPU per VM", .unit = "percent of the host"},
                    [COMPARE_OWN_MEMORY] = {.name = "memory, own", .unit = "bytes"},
                    [COMPARE_OWN_CPU] = {.name = "CPU, own", .unit = "percent of the host"},
                    [COMPARE_CLOUD_MEMORY] = {.name = "memory, cloud", .unit = "bytes"},
                    [COMPARE_CLOUD_CPU] = {.name = "CPU, cloud", .unit = "percent of the cloud"},
                    [COMPARE_BOOT] = {.name = "boot time", .unit = "seconds"}},
    };
    compare_slopes(&ret_comparison->figures[COMPARE_MEMORY], &a->per_vm.memory_bytes,
                   &b->per_vm.memory_bytes);
    compare_slopes(&ret_comparison->figures[COMPARE_CPU], &a->per_vm.cpu_percent_of_host,
                   &b->per_vm.cpu_percent_of_host);
    compare_slopes(&ret_comparison->figures[COMPARE_OWN_MEMORY], &a->per_vm.own_memory_bytes,
                   &b->per_vm.own_memory_bytes);
    compare_slopes(&ret_comparison->figures[COMPARE_OWN_CPU], &a->per_vm.own_cpu_percent_of_host,
                   &b->per_vm.own_cpu_percent_of_host);
    compare_slopes(&ret_comparison->figures[COMPARE_CLOUD_MEMORY], &a->cloud.per_vm.memory_bytes,
                   &b->cloud.per_vm.memory_bytes);
    compare_slopes(&ret_comparison->figures[COMPARE_CLOUD_CPU], &a->cloud.per_vm.cpu_percent_of_cloud,
                   &b->cloud.per_vm.cpu_percent_of_cloud);
    compare_medians(&ret_comparison->figures[COMPARE_BOOT], a->per_vm.boot_seconds_median,
                    b->per_vm.boot_seconds_median);

    char *text = NULL;
    size_t length = 0;
    struct differences differences = {.to = open_memstream(&text, &length)};
    if (!differences.to)
        return;
    find_differences(a, b, &differences);
    if (fclose(differences.to) == 0)
        text_clean(text, ret_comparison->unlike, sizeof(ret_comparison->unlike));
    free(text);
}

bool compare_worse(const struct compared *figure, double percent)
{
    if (!figure->known || !figure->has_interval || !figure->more_than_noise || !(figure->change > 0))
        return false;
    return fabs(figure->a) > 0 ? figure->percent > percent : true;
}

/* A value of a figure in its unit, for people. */
static const char *value_text(const struct compared *figure, double value, char text[TEXT_ROOM])
{
    if (strcmp(figure->unit, "bytes") == 0)
        return size_text(value, text);
    if (strcmp(figure->unit, "seconds") == 0)
        return text_duration(value, text);
    number_plain(value, 3, text);
    strcat(text, " %");
    return text;
}

static const char *signed_percent(double percent, char text[NUMBER_ROOM])
{
    text[0] = '+';
    number_fixed(percent, fabs(percent) < 9.995 ? 2 : 1, percent >= 0 ? text + 1 : text);
    return text;
}

static void print_figure(const struct compared *figure, FILE *to)
{
    char a[TEXT_ROOM], b[TEXT_ROOM], change[NUMBER_ROOM + 1] = "-", low[NUMBER_ROOM + 1],
                                                          high[NUMBER_ROOM + 1];
    char interval[160] = "";

    if (!figure->known) {
        fprintf(to, "%-14s %12s %12s %10s  %-22s %s\n", figure->name, "-", "-", "-", "",
                "unknown in one of them");
        return;
    }
    if (isfinite(figure->percent)) {
        signed_percent(figure->percent, change);
        strcat(change, " %");
    }
    if (figure->has_interval && isfinite(figure->percent_low) && isfinite(figure->percent_high))
        snprintf(interval, sizeof(interval), "(%s to %s %%)", signed_percent(figure->percent_low, low),
                 signed_percent(figure->percent_high, high));
    const char *verdict = !figure->has_interval      ? "median only: for information"
                          : !figure->more_than_noise ? "within noise"
                          : figure->change > 0       ? "more, beyond noise"
                                                     : "less, beyond noise";
    fprintf(to, "%-14s %12s %12s %10s  %-22s %s\n", figure->name, value_text(figure, figure->a, a),
            value_text(figure, figure->b, b), change, interval, verdict);
}

void compare_print(const struct comparison *comparison, FILE *to)
{
    if (comparison->unlike[0]) {
        text_print_wrapped("warning: not of one kind: ", comparison->unlike, to);
        fputc('\n', to);
    }
    fprintf(to, "%-14s %12s %12s %10s  %-22s\n", "", "A", "B", "change", "95 % interval");
    bool own = false, cloud = false;
    for (int i = 0; i < COMPARE_COUNT; i++) {
        bool is_own = i == COMPARE_OWN_MEMORY || i == COMPARE_OWN_CPU;
        bool is_cloud = i == COMPARE_CLOUD_MEMORY || i == COMPARE_CLOUD_CPU;
        if ((is_own || is_cloud) && !comparison->figures[i].known)
            continue;
        print_figure(&comparison->figures[i], to);
        own = own || is_own;
        cloud = cloud || is_cloud;
    }
    fprintf(to, "CPU is in percent of the whole host.%s\n",
            own ? " Own: by the account of the process or group in which the VMs live." : "");
    if (cloud)
        fputs("Cloud: of all hosts that were read, and CPU of all that they have.\n", to);
    if (comparison->emulated_a || comparison->emulated_b)
        text_print_wrapped(comparison->emulated_a && comparison->emulated_b ? "A and B: "
                           : comparison->emulated_a                         ? "A: "
                                                                            : "B: ",
                           text_emulated, to);
}
