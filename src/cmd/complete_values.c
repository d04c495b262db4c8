/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values that a shell can offer for an option. */
#include "cmd/help.h"

#include "door/runs.h"
#include "engine/engine.h"
#include "guest/catalog.h"

#include <stdlib.h>
#include <string.h>

void complete_offer(const char *before, const char *word, const char *typed, const char *about, FILE *to)
{
    if (strncmp(word, typed, strlen(typed)) == 0)
        fprintf(to, "%s%s\t%s\n", before, word, about);
}

void complete_runs(const char *before, const char *typed, FILE *to)
{
    struct runs runs;
    struct run_entry *entries;
    size_t count;

    if (runs_open(&runs, false, NULL) < 0)
        return;
    if (runs_list(&runs, &entries, &count, NULL) == 0) {
        for (size_t i = 0; i < count; i++)
            complete_offer(before, entries[i].name, typed, entries[i].lives ? "a run" : "a run that died",
                           to);
        free(entries);
    }
    runs_close(&runs);
}

static void complete_engines(const char *before, const char *typed, FILE *to)
{
    size_t count;
    const struct engine *const *table = engine_table(&count);

    for (size_t i = 0; i < count; i++)
        complete_offer(before, table[i]->name, typed, table[i]->summary, to);
}

static void complete_guests(const char *before, const char *typed, FILE *to)
{
    size_t count;
    const struct guest *guests = guest_catalog(&count);

    for (size_t i = 0; i < count; i++)
        complete_offer(before, guests[i].name, typed, guests[i].summary, to);
}

/* Options of these names mean the same in every command. */
static const struct {
    const char *option;
    void (*complete)(const char *before, const char *typed, FILE *to);
} sources[] = {
    {"engine", complete_engines},
    {"guest", complete_guests},
    {"run", complete_runs},
};

void complete_value(const struct option_spec *spec, const char *before, const char *typed, FILE *to)
{
    if (spec->kind == OPTION_CHOICE) {
        for (size_t i = 0; spec->choices[i]; i++)
            complete_offer(before, spec->choices[i], typed, "", to);
        return;
    }
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        if (strcmp(spec->name, sources[i].option) == 0) {
            sources[i].complete(before, typed, to);
            return;
        }
    }
    /* What a value is, is told by what help calls it. */
    if (spec->argument && strncmp(spec->argument, "FILE", 4) == 0)
        fputs(":files\n", to);
    else if (spec->argument && strncmp(spec->argument, "DIR", 3) == 0)
        fputs(":directories\n", to);
}
