/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/svg.h"
#include "report/text.h"
#include "result/number.h"

#include <string.h>

static const double inside = SVG_WIDTH - 2 * SVG_MARGIN;

/* "── ● cpu   - - ■ memory": what dash and marker mean, in a neutral colour. */
static void resource_key(struct picture *picture)
{
    double x = SVG_MARGIN, y = picture->y + 30;
    fputs("<g class=\"key\">\n", picture->to);
    for (enum resource resource = 0; resource < RESOURCE_COUNT; resource++) {
        bool drawn = resource <= RESOURCE_MEMORY;
        for (size_t r = 0; r < picture->count; r++)
            drawn = drawn || svg_resource_drawn(picture->runs[r].result, resource);
        if (!drawn)
            continue;
        svg_line(picture->to, x, y - 4, x + 40, y - 4, svg_dash_class(resource));
        svg_marker(picture->to, resource, x + 20, y - 4, 1);
        const char *name = resource == RESOURCE_CPU ? "CPU" : resource_name(resource);
        svg_text(picture->to, x + 48, y, NULL, name);
        x += 48 + svg_text_width(name, SVG_FONT) + 24;
    }
    fputs("</g>\n", picture->to);
    picture->y = y + 10;
}

static const double entry_x = SVG_MARGIN + 24, entry_width = SVG_WIDTH - 2 * SVG_MARGIN - 24;

void svg_entry_begin(struct picture *picture, size_t run)
{
    char line[SVG_TEXT_ROOM], label[SVG_TEXT_ROOM], x[64], y[64];

    picture->y += 26;
    fprintf(picture->to,
            "<rect class=\"run%zu fill\" x=\"%d\" y=\"%s\" width=\"14\" height=\"14\" rx=\"3\"/>\n", run,
            SVG_MARGIN, svg_number(picture->y - 12, y));
    if (picture->count > 1)
        snprintf(line, sizeof(line), "%zu: %.900s", run + 1, picture->runs[run].label);
    else
        snprintf(line, sizeof(line), "%.900s", picture->runs[run].label);
    svg_fit(line, SVG_FONT * 1.08, entry_width, label);
    fprintf(picture->to, "<text x=\"%s\" y=\"%s\" class=\"bold\">", svg_number(entry_x, x),
            svg_number(picture->y, y));
    svg_escape(label, picture->to);
    fputs("</text>\n", picture->to);
}

void svg_entry_line(struct picture *picture, int lines, const char *class, const char *text)
{
    picture->y +=
        SVG_LINE * svg_wrap(picture->to, entry_x, picture->y + SVG_LINE, entry_width, lines, class, text);
}

void svg_entry_vms(const struct result *result, char ret_text[SVG_TEXT_ROOM])
{
    char alive[TEXT_ROOM], vms[NUMBER_ROOM];
    const char *meaning = text_class(result->engine.class_letter);

    snprintf(ret_text, SVG_TEXT_ROOM, "%s VMs of class %s%s%s%s · %s",
             number_grouped(result->population.started, vms), result->engine.class_letter,
             meaning ? " (" : "", meaning ? meaning : "", meaning ? ")" : "", text_liveness(result, alive));
}

void svg_entry_end(struct picture *picture, size_t run)
{
    const struct result *result = picture->runs[run].result;
    const char *stop = stop_name(result->stopped_by);
    char line[SVG_TEXT_ROOM], date[TEXT_ROOM];

    if (result->host.emulated)
        svg_entry_line(picture, 2, "warn", text_emulated);
    snprintf(line, sizeof(line), "%s%s%s%.*s · %s", stop ? "stopped by " : "",
             stop                   ? stop
             : result->ended_at > 0 ? "ended without a reason"
                                    : "unfinished: still running, or killed",
             result->stop_reason[0] ? ": " : "", 900, result->stop_reason,
             text_date(result->started_at, date));
    svg_entry_line(picture, 3, "muted", line);
}

static void run_entry(struct picture *picture, size_t run)
{
    const struct result *result = picture->runs[run].result;
    char line[SVG_TEXT_ROOM], vms[SVG_TEXT_ROOM], memory[TEXT_ROOM], cpu[TEXT_ROOM], other[TEXT_ROOM];
    const struct slope *own = &result->per_vm.own_memory_bytes;

    svg_entry_begin(picture, run);
    /* What 100 % is stands in the subtitle when it is the same for all. */
    bool whole = !svg_whole_agrees(picture);
    svg_entry_vms(result, vms);
    snprintf(line, sizeof(line), "%.800s%s%s", vms, whole ? " · 100 % is " : "",
             whole ? text_whole(result, cpu) : "");
    svg_entry_line(picture, 2, "muted", line);

    snprintf(line, sizeof(line), "per VM: memory %s%s%s · CPU %s%s",
             text_memory_slope(&result->per_vm.memory_bytes, memory), own->known ? "; its process: " : "",
             own->known ? text_memory_slope(own, other) : "",
             text_cpu_slope(&result->per_vm.cpu_percent_of_host, cpu),
             result->per_vm.cpu_percent_of_host.known ? " of the whole host" : "");
    svg_entry_line(picture, 2, NULL, line);
    svg_entry_end(picture, run);
}

void svg_legend(struct picture *picture)
{
    resource_key(picture);
    for (size_t r = 0; r < picture->count; r++)
        run_entry(picture, r);
}

void svg_footer(struct picture *picture)
{
    char host[2 * TEXT_ROOM], other[2 * TEXT_ROOM], line[SVG_TEXT_ROOM], version[64], method[64];
    double y = picture->y + 20;
    svg_line(picture->to, SVG_MARGIN, y, SVG_WIDTH - SVG_MARGIN, y, "grid");
    y += 20;

    /* Every host once, with the numbers of its runs when there are several hosts. */
    for (size_t r = 0; r < picture->count; r++) {
        char who[64] = "";
        bool before = false, several = false;
        text_host(&picture->runs[r].result->host, host);
        for (size_t o = 0; o < picture->count; o++) {
            bool same = strcmp(host, text_host(&picture->runs[o].result->host, other)) == 0;
            before = before || (same && o < r);
            several = several || !same;
            size_t used = strlen(who);
            if (same)
                snprintf(who + used, sizeof(who) - used, "%s%zu", used ? ", " : "", o + 1);
        }
        if (before)
            continue;
        snprintf(line, sizeof(line), "Host%s%s: %s", several ? " of " : "", several ? who : "", host);
        y += SVG_LINE * svg_wrap(picture->to, SVG_MARGIN, y, inside, 2, "small muted", line);
    }
    text_clean(picture->runs[0].result->tool_version, version, sizeof(version));
    text_clean(picture->runs[0].result->method, method, sizeof(method));
    snprintf(line, sizeof(line), "Drawn by mvm from results of mvm %s (%s).", version, method);
    svg_text(picture->to, SVG_MARGIN, y, "small muted", line);
    picture->y = y + 16;
}
