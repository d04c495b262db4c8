/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a VM costs in each run, as a table for documents. */
#include "report/markup.h"
#include "report/report.h"
#include "report/text.h"
#include "result/number.h"

#include <errno.h>
#include <string.h>

static const struct markup_column columns[] = {
    {"class", false},
    {"VMs", true},
    {"answered", false},
    {"stopped by", false},
    {"memory a VM, 95 % CI", false},
    {"CPU a VM of the host, 95 % CI", false},
    {"boot", true},
};

enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static void write_row(const struct markup *markup, const struct report_run *run, FILE *to)
{
    const struct result *result = run->result;
    const char *stop = stop_name(result->stopped_by);
    char label[REPORT_LABEL_ROOM], cells[COLUMNS][TEXT_ROOM], number[NUMBER_ROOM];

    text_clean(result->engine.class_letter, cells[0], TEXT_ROOM);
    snprintf(cells[1], TEXT_ROOM, "%s", number_grouped(result->population.started, number));
    text_liveness(result, cells[2]);
    snprintf(cells[3], TEXT_ROOM, "%s", stop ? stop : result->ended_at > 0 ? "-" : "unfinished");
    text_memory_slope(&result->per_vm.memory_bytes, cells[4]);
    text_cpu_slope(&result->per_vm.cpu_percent_of_host, cells[5]);
    snprintf(cells[6], TEXT_ROOM, "-");
    if (result->per_vm.boot_seconds_median > 0)
        text_duration(result->per_vm.boot_seconds_median, cells[6]);

    fputs(markup->before_row, to);
    markup->escape(text_clean(run->label, label, sizeof(label)), to);
    for (size_t i = 0; i < COLUMNS; i++) {
        fputs(markup->between, to);
        markup->escape(cells[i], to);
    }
    fputs(markup->after_row, to);
}

/* A letter is told once; what is emulated is told when any is. */
static void write_notes(const struct markup *markup, const struct report_run *runs, size_t count, FILE *to)
{
    char line[3 * TEXT_ROOM], host[2 * TEXT_ROOM], other[2 * TEXT_ROOM];

    for (size_t i = 0; i < count; i++) {
        const char *letter = runs[i].result->engine.class_letter, *meaning = text_class(letter);
        bool told = false, same_host = false;

        text_host(&runs[i].result->host, host);
        for (size_t before = 0; before < i; before++) {
            told = told || strcmp(runs[before].result->engine.class_letter, letter) == 0;
            same_host = same_host || strcmp(text_host(&runs[before].result->host, other), host) == 0;
        }
        snprintf(line, sizeof(line), "A VM of class %s: %s.", letter, meaning ? meaning : "unknown");
        if (!told && meaning)
            markup->note(line, to);
        snprintf(line, sizeof(line), "Host: %s%s%s.", host, runs[i].result->host.emulated ? "; " : "",
                 runs[i].result->host.emulated ? text_emulated : "");
        if (!same_host)
            markup->note(line, to);
    }
}

static int write_all(const struct markup *markup, const struct report_run *runs, size_t count, FILE *to)
{
    markup->begin("What one VM costs", "run", columns, COLUMNS, to);
    for (size_t i = 0; i < count; i++)
        write_row(markup, &runs[i], to);
    fputs(markup->end, to);
    write_notes(markup, runs, count, to);
    return ferror(to) ? -EIO : 0;
}

int report_write_markdown(const struct report_run *runs, size_t count, FILE *to)
{
    return write_all(&markup_markdown, runs, count, to);
}

int report_write_latex(const struct report_run *runs, size_t count, FILE *to)
{
    return write_all(&markup_latex, runs, count, to);
}
