/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/ls_print.h"

#include "base/option.h"
#include "cmd/top_text.h"

#include <stdio.h>
#include <string.h>

enum { CELL_ROOM = 64 };

static const char *text(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));

    return value ? value : "-";
}

static json_int_t number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static json_int_t vms(const json_t *run, const char *state)
{
    return number(json_object_get(run, "vms"), state);
}

static const char *age(const json_t *run, char cell[CELL_ROOM])
{
    const json_t *seconds = json_object_get(run, "age_seconds");
    char text[TOP_TEXT_ROOM];

    snprintf(cell, CELL_ROOM, "%s", seconds ? top_text_age(json_real_value(seconds), text) : "-");
    return cell;
}

static const char *memory_each(const json_t *run, char cell[CELL_ROOM])
{
    const json_t *bytes = json_object_get(run, "memory_bytes");
    json_int_t started = vms(run, "started") - vms(run, "failed") - vms(run, "stopped");
    char size[SIZE_TEXT_ROOM];

    snprintf(cell, CELL_ROOM, "%s",
             json_is_integer(bytes) && started > 0
                 ? size_text((double)json_integer_value(bytes) / (double)started, size)
                 : "-");
    return cell;
}

static const char *count(const json_t *run, const char *state, char cell[CELL_ROOM])
{
    if (json_object_get(run, "vms"))
        snprintf(cell, CELL_ROOM, "%lld", (long long)vms(run, state));
    else
        snprintf(cell, CELL_ROOM, "-");
    return cell;
}

static void print_ends(const json_t *run)
{
    json_t *ends = json_object_get(run, "ends"), *end;
    size_t i;

    json_array_foreach(ends, i, end)
        printf("  %s: %lld VM%s: %s\n", text(run, "run"), (long long)number(end, "vms"),
               number(end, "vms") == 1 ? "" : "s", text(end, "why"));
}

void ls_print_runs(const json_t *runs)
{
    json_t *run;
    size_t i;

    if (json_array_size(runs) == 0) {
        puts("no runs; 'mvm run' starts one");
        return;
    }
    printf("%-16s %-8s %-5s %-12s %11s %11s %8s %8s %10s %8s  %s\n", "RUN", "ENGINE", "CLASS", "IMAGE",
           "WANTED", "RUNNING", "FAILED", "STOPPED", "MEMORY/VM", "PID", "AGE");
    json_array_foreach(runs, i, run)
    {
        char cells[6][CELL_ROOM], image[13];
        bool running = strcmp(text(run, "state"), "running") == 0;

        const char *slash = strrchr(text(run, "image"), '/');

        snprintf(image, sizeof(image), "%s", slash ? slash + 1 : text(run, "image"));
        printf("%-16s %-8s %-5s %-12s %11lld %11s %8s %8s %10s %8lld  %s%s%s\n", text(run, "run"),
               text(run, "engine"), text(run, "class"), image, (long long)number(run, "wanted"),
               count(run, "running", cells[0]), count(run, "failed", cells[1]),
               count(run, "stopped", cells[2]), memory_each(run, cells[3]), (long long)number(run, "pid"),
               age(run, cells[4]), running ? "" : ", ", running ? "" : text(run, "state"));
    }
    json_array_foreach(runs, i, run) print_ends(run);
}

/* "timer_ticks_lost" is for scripts; for people it is "timer ticks lost". */
static void print_counted(const json_t *run)
{
    const char *name;
    json_t *value;

    json_object_foreach(json_object_get(run, "counted"), name, value)
    {
        size_t length = strlen(name);

        if (strncmp(name, "vms_stopped_by_", 15) == 0 || strcmp(name, "vms_not_ready_in_time") == 0)
            continue; /* they are told apart above */
        for (size_t i = 0; i < length; i++)
            putchar(name[i] == '_' ? ' ' : name[i]);
        printf("%*s%lld\n", length < 26 ? (int)(26 - length) : 1, "", (long long)json_integer_value(value));
    }
}

/* Where VMs are reached from outside. */
static void print_doors(const json_t *run)
{
    json_t *door;
    size_t i;

    json_array_foreach(json_object_get(run, "doors"), i, door)
    {
        const char *names[] = {"prefix", "address", "socket"}, *at = "";

        for (size_t name = 0; name < sizeof(names) / sizeof(names[0]); name++)
            if (json_object_get(door, names[name]))
                at = text(door, names[name]);
        printf("%-26s%s by %s at %s", i == 0 ? "doors" : "", text(door, "kind"), text(door, "by"), at);
        if (json_object_get(door, "port"))
            printf(", port %lld", (long long)number(door, "port"));
        putchar('\n');
    }
}

void ls_print_run(const json_t *run)
{
    static const char *const states[] = {"started", "booting", "running", "failed", "stopped"};
    char cell[CELL_ROOM];

    printf("%-26s%s\n", "run", text(run, "run"));
    printf("%-26s%s\n", "state", text(run, "state"));
    if (json_string_value(json_object_get(run, "trouble")))
        printf("%-26s%s\n", "", text(run, "trouble"));
    printf("%-26s%lld\n", "process", (long long)number(run, "pid"));
    printf("%-26s%s, class %s\n", "engine", text(run, "engine"), text(run, "class"));
    printf("%-26s%s\n", "image", text(run, "image"));
    printf("%-26s%s\n", "age", age(run, cell));
    printf("%-26s%lld\n", "VMs wanted", (long long)number(run, "wanted"));
    for (size_t i = 0; json_object_get(run, "vms") && i < sizeof(states) / sizeof(states[0]); i++)
        printf("  %-24s%lld\n", states[i], (long long)vms(run, states[i]));
    print_ends(run);
    if (json_string_value(json_object_get(run, "last_failure")))
        printf("%-26s%s\n", "the last that failed", text(run, "last_failure"));
    if (json_string_value(json_object_get(run, "stop_reason")))
        printf("%-26s%s (%s)\n", "growth stopped", text(run, "stop_reason"), text(run, "stopped_by"));
    print_doors(run);
    printf("%-26s%s\n", "memory a VM", memory_each(run, cell));
    print_counted(run);
}
