/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/progress.h"

#include "base/clock.h"
#include "result/number.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define REWRITE_EVERY_NS (200 * NS_PER_MILLISECOND)
#define LINE_EVERY_NS    (10 * NS_PER_SECOND) /* without a terminal, in a phase that goes on */

static const char *const phases[] = {
    [SCALE_PILOT] = "pilot",
    [SCALE_BASELINE] = "reading the empty host",
    [SCALE_GROW] = "starting VMs",
    [SCALE_PROVE] = "challenging VMs",
    [SCALE_SETTLE] = "waiting for quiet",
    [SCALE_SAMPLE] = "sampling",
    [SCALE_PROVE_ALL] = "challenging every VM",
    [SCALE_TEARDOWN] = "ending VMs",
};

void progress_begin(struct progress_line *line, bool quiet)
{
    *line = (struct progress_line){.terminal = isatty(STDERR_FILENO), .quiet = quiet, .last_phase = -1};
}

/* The goal is a prediction unless it is the maximum that the user gave; one that was passed is not shown any
 * more. */
static void print_vms(uint64_t vms, const struct scale_progress *progress, FILE *to)
{
    char number[NUMBER_ROOM];

    fputs(number_grouped(vms, number), to);
    if (progress->goal_vms > 0 && progress->goal_vms >= vms)
        fprintf(to, " of %s%s", progress->goal_vms == progress->result->plan.max_vms ? "" : "about ",
                number_grouped(progress->goal_vms, number));
    fprintf(to, " VMs");
    if (progress->counts.failed + progress->counts.died > 0)
        fprintf(to, " (%s lost)", number_grouped(progress->counts.failed + progress->counts.died, number));
}

static void print_resources(const struct result_interval *interval, FILE *to)
{
    char alive[NUMBER_ROOM], asked[NUMBER_ROOM];

    fprintf(to, ", CPU %.1f %%, memory %.1f %%", interval->percent[RESOURCE_CPU].mean,
            interval->percent[RESOURCE_MEMORY].mean);
    if (interval->asked > 0)
        fprintf(to, ", alive %s of %s", number_grouped(interval->alive, alive),
                number_grouped(interval->asked, asked));
}

static void print_proof(const struct scale_progress *progress, FILE *to)
{
    char done[NUMBER_ROOM], of[NUMBER_ROOM];

    if (progress->to_prove > 0)
        fprintf(to, ", %s of %s", number_grouped(progress->proven, done),
                number_grouped(progress->to_prove, of));
}

static void print_time_left(double seconds, FILE *to)
{
    if (seconds >= 90)
        fprintf(to, ", about %.0f min left", seconds / 60);
    else if (seconds >= 0)
        fprintf(to, ", about %.0f s left", seconds);
}

/* The newest interval that has its samples; the last one of the list may still be under way. */
static const struct result_interval *newest(const struct result *result)
{
    for (size_t i = result->interval_count; i-- > 0;)
        if (result->intervals[i].cpu_busy.n > 0)
            return &result->intervals[i];
    return NULL;
}

static void rewrite(struct progress_line *line, const struct scale_progress *progress)
{
    const struct result_interval *interval = newest(progress->result);

    if (clock_now_ns() < line->next_ns && (int)progress->phase == line->last_phase)
        return;
    line->next_ns = clock_now_ns() + REWRITE_EVERY_NS;
    line->last_phase = (int)progress->phase;
    line->shown = true;
    fprintf(stderr, "\r\033[K");
    print_vms(progress->counts.running, progress, stderr);
    if (interval)
        print_resources(interval, stderr);
    fprintf(stderr, ": %s", phases[progress->phase]);
    print_proof(progress, stderr);
    print_time_left(progress->seconds_left, stderr);
    fflush(stderr);
}

/* With millions of VMs these phases may take minutes. */
static bool is_long(const struct scale_progress *progress)
{
    return progress->phase == SCALE_GROW || progress->phase == SCALE_PROVE_ALL;
}

static void print_lines(struct progress_line *line, const struct scale_progress *progress)
{
    const struct result *result = progress->result;
    bool once = progress->phase == SCALE_PILOT || progress->phase == SCALE_BASELINE ||
                progress->phase == SCALE_PROVE_ALL || progress->phase == SCALE_TEARDOWN;

    for (; line->intervals_printed < result->interval_count; line->intervals_printed++) {
        const struct result_interval *interval = &result->intervals[line->intervals_printed];

        if (interval->cpu_busy.n == 0)
            break;
        print_vms(interval->vms, progress, stderr);
        print_resources(interval, stderr);
        print_time_left(progress->seconds_left, stderr);
        fputc('\n', stderr);
    }
    if (once && (int)progress->phase != line->last_phase) {
        fprintf(stderr, "%s\n", phases[progress->phase]);
        line->next_ns = clock_now_ns() + LINE_EVERY_NS;
    } else if (clock_now_ns() >= line->next_ns && is_long(progress)) {
        fprintf(stderr, "%s", phases[progress->phase]);
        if (progress->phase == SCALE_GROW)
            fputs(": ", stderr), print_vms(progress->counts.running, progress, stderr);
        print_proof(progress, stderr);
        print_time_left(progress->seconds_left, stderr);
        fputc('\n', stderr);
        line->next_ns = clock_now_ns() + LINE_EVERY_NS;
    } else if ((int)progress->phase != line->last_phase) {
        line->next_ns = clock_now_ns() + LINE_EVERY_NS;
    }
    line->last_phase = (int)progress->phase;
}

void progress_show(struct progress_line *line, const struct scale_progress *progress)
{
    if (line->quiet)
        return;
    if (line->terminal)
        rewrite(line, progress);
    else
        print_lines(line, progress);
}

void progress_text(struct progress_line *line, const char *format, ...)
{
    uint64_t now = clock_now_ns();
    va_list arguments;

    if (line->next_ns == 0 && !line->terminal)
        line->next_ns = now + LINE_EVERY_NS;
    if (line->quiet || now < line->next_ns)
        return;
    line->next_ns = now + (line->terminal ? REWRITE_EVERY_NS : LINE_EVERY_NS);
    line->shown = line->terminal;
    if (line->terminal)
        fprintf(stderr, "\r\033[K");
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    if (!line->terminal)
        fputc('\n', stderr);
    fflush(stderr);
}

void progress_end(struct progress_line *line)
{
    if (line->shown)
        fprintf(stderr, "\r\033[K");
    line->shown = false;
}
