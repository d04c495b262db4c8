/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The interval table and the summaries as text. */
#include "base/option.h"
#include "report/hosts.h"
#include "report/report.h"
#include "report/table_load.h"
#include "report/text.h"
#include "result/number.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Resources that have a column of their own only where they are used: below this many percent they are noise.
 */
static const double column_percent = 1.0;

enum { LABEL_COLUMNS = 22 };

/* "12.34", or "-" when not known. */
static const char *percent_text(bool known, double percent, char text[NUMBER_ROOM])
{
    if (!known || !isfinite(percent))
        return "-";
    return number_fixed(percent, 2, text);
}

/* "12.34 ±0.05" in 15 columns. */
static void print_mean(bool known, const struct statistic *statistic, FILE *to)
{
    char mean[NUMBER_ROOM], width[NUMBER_ROOM];
    if (!known || !isfinite(statistic->mean) || statistic->n == 0) {
        fprintf(to, " %8s%6s", "-", "");
        return;
    }
    bool interval = isfinite(statistic->ci95) && statistic->n > 1;
    fprintf(to, " %8s ±%-4s", number_fixed(statistic->mean, 2, mean),
            interval ? number_fixed(statistic->ci95, statistic->ci95 < 9.995 ? 2 : 1, width) : "?");
}

static bool has_column(const struct result *result, int resource)
{
    for (size_t i = 0; i < result->interval_count; i++)
        if (result->intervals[i].known[resource] &&
            result->intervals[i].percent[resource].mean >= column_percent)
            return true;
    return false;
}

static void print_interval(const struct result *result, const struct result_interval *interval, FILE *to)
{
    char text[NUMBER_ROOM], other[NUMBER_ROOM], size[SIZE_TEXT_ROOM];
    char alive[2 * NUMBER_ROOM + 8] = "not proven";
    if (interval->asked && interval->alive == interval->asked)
        snprintf(alive, sizeof(alive), "all %s", number_grouped(interval->asked, text));
    else if (interval->asked)
        snprintf(alive, sizeof(alive), "%s/%s", number_grouped(interval->alive, text),
                 number_grouped(interval->asked, other));
    fprintf(to, "  %11s %15s", number_grouped(interval->vms, text), alive);
    print_mean(interval->known[RESOURCE_CPU], &interval->percent[RESOURCE_CPU], to);
    print_mean(interval->known[RESOURCE_MEMORY], &interval->percent[RESOURCE_MEMORY], to);
    fprintf(to, " %9s",
            isfinite(interval->memory_taken.mean) ? size_text(interval->memory_taken.mean, size) : "-");
    fprintf(to, " %7s", percent_text(interval->cpu_steal.n > 0, interval->cpu_steal.mean, text));
    for (int r = RESOURCE_SWAP; r < RESOURCE_COUNT; r++)
        if (has_column(result, r))
            fprintf(to, " %8s", percent_text(interval->known[r], interval->percent[r].mean, text));
    char boot[TEXT_ROOM] = "-";
    if (interval->boot.n > 0 && isfinite(interval->boot.median))
        text_duration(interval->boot.median, boot);
    fprintf(to, " %8s%s\n", boot, interval->settled ? "" : " *");
}

static void print_intervals(const struct result *result, FILE *to)
{
    bool all_settled = true;
    if (result->interval_count == 0) {
        fputs("  No interval was measured.\n", to);
        return;
    }
    fprintf(to, "  %11s %15s %14s %14s %9s %7s", "VMs", "answered", "CPU %      ", "memory %      ", "taken",
            "steal %");
    for (int r = RESOURCE_SWAP; r < RESOURCE_COUNT; r++)
        if (has_column(result, r))
            fprintf(to, " %8s", resource_name((enum resource)r));
    fprintf(to, " %8s\n", "boot");
    for (size_t i = 0; i < result->interval_count; i++) {
        print_interval(result, &result->intervals[i], to);
        all_settled = all_settled && result->intervals[i].settled;
    }
    fputs("  ± is half of the mean's 95 % confidence interval; steal is in percent of the whole host.\n", to);
    if (!all_settled)
        fputs("  * the readings had not settled within the time allowed.\n", to);
}

static void print_accounting(const struct result *result, FILE *to)
{
    const struct memory_accounting *memory = &result->memory_accounting;
    const struct {
        const char *name;
        double bytes;
    } kinds[] = {
        {"anonymous", memory->anonymous},
        {"shared", memory->shared},
        {"page tables", memory->page_tables},
        {"secondary page tables", memory->secondary_page_tables},
        {"kernel stacks", memory->kernel_stacks},
        {"slab", memory->slab},
        {"per CPU", memory->per_cpu},
        {"vmalloc", memory->vmalloc},
        {"file cache", memory->file_cache},
        {"unexplained", memory->unexplained},
        {"taken", memory->taken},
    };
    static_assert(sizeof(kinds) / sizeof(kinds[0]) == sizeof(*memory) / sizeof(double),
                  "a kind of memory has no row");
    char size[SIZE_TEXT_ROOM], each[SIZE_TEXT_ROOM], share[NUMBER_ROOM], vms[NUMBER_ROOM];

    uint64_t most = 0;
    for (size_t i = 0; i < result->interval_count; i++)
        if (result->intervals[i].vms > most)
            most = result->intervals[i].vms;
    if (most == 0 || !(memory->taken > 0))
        return;
    fprintf(to, "\n  %-24s %11s %11s %9s\n", "Where the memory went", "bytes", "per VM", "share");
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (fabs(kinds[i].bytes) > 0)
            fprintf(to, "    %-22s %11s %11s %7s %%\n", kinds[i].name, size_text(kinds[i].bytes, size),
                    size_text(kinds[i].bytes / (double)most, each),
                    number_fixed(100 * kinds[i].bytes / memory->taken, 1, share));
    fprintf(to, "    at %s VMs, beyond the empty host\n", number_grouped(most, vms));
}

/* Counters that are 0 say nothing. */
static void print_counters(const struct result *result, FILE *to)
{
    char *text = NULL;
    size_t length = 0;
    FILE *list = open_memstream(&text, &length);
    if (!list)
        return;
    for (size_t i = 0; i < result->engine.counters.count; i++) {
        const struct result_counter *counter = &result->engine.counters.items[i];
        char number[NUMBER_ROOM];
        if (!(counter->value > 0))
            continue;
        fputs(ftell(list) > 0 ? ", " : "", list);
        for (const char *at = counter->name; *at; at++)
            fputc(*at == '_' ? ' ' : *at, list);
        fprintf(list, " %s",
                counter->value < 1e18 && counter->value == floor(counter->value)
                    ? number_grouped((uint64_t)counter->value, number)
                    : number_digits(counter->value, 6, number));
    }
    if (fclose(list) == 0 && length > 0) {
        fputc('\n', to);
        text_print_wrapped("  counted   ", text, to);
    }
    free(text);
}

static void print_heading(const struct report_run *run, FILE *to)
{
    const struct result *result = run->result;
    char label[REPORT_LABEL_ROOM], vms[NUMBER_ROOM], text[TEXT_ROOM];
    const char *stop = stop_name(result->stopped_by);

    fprintf(to, "%s: %s VMs, %s%s%s\n", text_clean(run->label, label, sizeof(label)),
            number_grouped(result->population.started, vms), text_liveness(result, text),
            stop                   ? ", stopped by "
            : result->ended_at > 0 ? ""
                                   : ", still running or killed",
            stop ? stop : "");
    if (result->stop_reason[0])
        text_print_wrapped("  ", result->stop_reason, to);
    fputc('\n', to);
}

static void print_facts(const struct result *result, FILE *to)
{
    char line[1024], text[TEXT_ROOM], other[TEXT_ROOM], host[2 * TEXT_ROOM];
    char a[NUMBER_ROOM], b[NUMBER_ROOM], c[NUMBER_ROOM], d[NUMBER_ROOM];
    const char *meaning = text_class(result->engine.class_letter);

    snprintf(line, sizeof(line), "%s, class %s%s%s%s", result->engine.name, result->engine.class_letter,
             meaning ? " (" : "", meaning ? meaning : "", meaning ? ")" : "");
    text_print_wrapped("  engine    ", line, to);
    snprintf(line, sizeof(line), "%s, sha256 %.16s", result->image.name, result->image.sha256);
    text_print_wrapped("  image     ", line, to);
    for (size_t i = 0; i < result->image.part_count; i++) {
        const struct result_part *part = &result->image.parts[i];

        snprintf(line, sizeof(line), "%s %% %s, sha256 %.16s", number_digits(100 * part->share, 4, a),
                 part->guest, part->sha256);
        text_print_wrapped("            ", line, to);
    }
    text_print_wrapped("  host      ", text_host(&result->host, host), to);
    if (result->host.emulated)
        text_print_wrapped("            ", text_emulated, to);
    snprintf(line, sizeof(line), "is %s; the run stops at %s %%", text_whole(result, text),
             number_digits(result->plan.threshold_percent, 4, a));
    text_print_wrapped("  100 %     ", line, to);
    bool timed = result->ended_at >= result->started_at;
    snprintf(line, sizeof(line), "%s%s%s, %s, mvm %s", text_date(result->started_at, text), timed ? ", " : "",
             timed ? text_duration(result->ended_at - result->started_at, other) : "",
             result->method[0] ? result->method : "no method", result->tool_version);
    text_print_wrapped("  run       ", line, to);
    snprintf(line, sizeof(line), "%s started, %s running at the end, %s failed to start, %s died",
             number_grouped(result->population.started, a), number_grouped(result->population.running, b),
             number_grouped(result->population.failed, c), number_grouped(result->population.died, d));
    text_print_wrapped("  VMs       ", line, to);
    if (result->population.last_failure[0])
        text_print_wrapped("  failure   ", result->population.last_failure, to);
    text_print_wrapped("  per VM    memory  ", text_memory_slope(&result->per_vm.memory_bytes, text), to);
    snprintf(line, sizeof(line), "%s of the whole host",
             text_cpu_slope(&result->per_vm.cpu_percent_of_host, text));
    text_print_wrapped("            CPU     ", result->per_vm.cpu_percent_of_host.known ? line : "unknown",
                       to);
    if (result->per_vm.cpu_ticks_percent_of_host.known) {
        snprintf(line, sizeof(line), "%s as the timer tick sees it (mpstat, top)",
                 text_cpu_slope(&result->per_vm.cpu_ticks_percent_of_host, text));
        text_print_wrapped("                    ", line, to);
    }
    if (result->per_vm.own_memory_bytes.known) {
        snprintf(line, sizeof(line), "%s by the account of the process or group in which the VMs live",
                 text_memory_slope(&result->per_vm.own_memory_bytes, text));
        text_print_wrapped("            memory  ", line, to);
    }
    if (result->per_vm.own_cpu_percent_of_host.known) {
        snprintf(line, sizeof(line), "%s of the whole host, by the same account",
                 text_cpu_slope(&result->per_vm.own_cpu_percent_of_host, text));
        text_print_wrapped("            CPU     ", line, to);
    }
    if (result->per_vm.boot_seconds_median > 0)
        text_print_wrapped("            boot    ", text_duration(result->per_vm.boot_seconds_median, text),
                           to);
    fputc('\n', to);
}

static void print_closing(const struct result *result, FILE *to)
{
    char line[512], text[TEXT_ROOM], size[SIZE_TEXT_ROOM], cpu[NUMBER_ROOM];
    fputc('\n', to);
    if (result->teardown.done && result->teardown.clean) {
        snprintf(line, sizeof(line), "clean after %s", text_duration(result->teardown.seconds, text));
        text_print_wrapped("  teardown  ", line, to);
    } else if (result->teardown.done) {
        snprintf(line, sizeof(line),
                 "not clean after %s: %s of memory, %" PRId64 " tasks and %" PRId64 " files stayed",
                 text_duration(result->teardown.seconds, text),
                 size_text(result->teardown.memory_left_bytes, size), result->teardown.tasks_left,
                 result->teardown.files_left);
        text_print_wrapped("  teardown  ", line, to);
    }
    if (result->teardown.left[0])
        text_print_wrapped("  left      ", result->teardown.left, to);
    snprintf(line, sizeof(line), "%s %% of one core while sampling, %s of memory%s",
             number_plain(result->harness.cpu_percent_of_core, 3, cpu),
             size_text(result->harness.memory_bytes, size),
             result->per_vm.own_memory_bytes.known ? ", the VMs in it included" : "");
    text_print_wrapped("  mvm used  ", line, to);
}

void report_print_run(const struct report_run *run, FILE *to)
{
    print_heading(run, to);
    print_facts(run->result, to);
    print_intervals(run->result, to);
    table_print_load(run->result, to);
    print_accounting(run->result, to);
    table_print_hosts(run->result, to);
    print_counters(run->result, to);
    print_closing(run->result, to);
}

/* Where a VM is not the same thing in all runs, what it is in each. */
static void print_classes(const struct report_run *runs, size_t count, FILE *to)
{
    bool unlike = false;
    for (size_t i = 1; i < count; i++)
        unlike =
            unlike || strcmp(runs[i].result->engine.class_letter, runs[0].result->engine.class_letter) != 0;
    for (size_t i = 0; unlike && i < count; i++) {
        const char *letter = runs[i].result->engine.class_letter, *meaning = text_class(letter);
        bool before = false;
        for (size_t other = 0; other < i; other++)
            before = before || strcmp(runs[other].result->engine.class_letter, letter) == 0;
        if (!before && meaning)
            fprintf(to, "A VM of class %s: %s.\n", letter, meaning);
    }
}

void report_print_summary(const struct report_run *runs, size_t count, FILE *to)
{
    fprintf(to, "%-*s %5s %11s %-9s  %-24s %s\n", LABEL_COLUMNS, "", "class", "VMs", "stopped",
            "memory per VM", "CPU per VM, of the host");
    for (size_t i = 0; i < count; i++) {
        const struct result *result = runs[i].result;
        char label[REPORT_LABEL_ROOM], letter[2], vms[NUMBER_ROOM], memory[TEXT_ROOM], cpu[TEXT_ROOM];
        const char *stop = stop_name(result->stopped_by);
        text_clean(runs[i].label, label, sizeof(label));
        size_t columns = text_columns(label);
        /* A long label has a line to itself, so that the columns hold. */
        fprintf(to, "%s%*s", label, columns > LABEL_COLUMNS ? 0 : (int)(LABEL_COLUMNS - columns), "");
        if (columns > LABEL_COLUMNS)
            fprintf(to, "\n%*s", LABEL_COLUMNS, "");
        fprintf(to, " %5s %11s %-9s  %-24s %s\n",
                text_clean(result->engine.class_letter, letter, sizeof(letter)),
                number_grouped(result->population.started, vms), stop ? stop : "-",
                text_memory_slope(&result->per_vm.memory_bytes, memory),
                text_cpu_slope(&result->per_vm.cpu_percent_of_host, cpu));
    }
    print_classes(runs, count, to);
    bool proven = true, all = true;
    for (size_t i = 0; i < count; i++) {
        const struct result *result = runs[i].result;
        proven = proven && result->population.provable;
        all = all && result->population.asked == result->population.alive;
    }
    if (!all)
        fputs("Not every VM answered its last challenge: see the tables.\n", to);
    if (!proven)
        fputs("A run without proof of life counts processes, not VMs.\n", to);
}
