/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/text.h"

#include "base/option.h"
#include "result/number.h"
#include "result/utf8.h"

#include <math.h>
#include <string.h>
#include <time.h>

enum { PAGE_COLUMNS = 110 };

const char *text_clean(const char *text, char *ret_text, size_t room)
{
    size_t length = strlen(text), out = 0;
    for (size_t in = 0; in < length;) {
        size_t step = utf8_sequence(text + in, length - in);
        if (out + (step ? step : 1) >= room)
            break;
        unsigned char first = (unsigned char)text[in];
        unsigned char second = step == 2 ? (unsigned char)text[in + 1] : 0;
        if (step == 0)
            ret_text[out++] = '?';
        else if (first < ' ' || first == 0x7f || (first == 0xc2 && second < 0xa0)) /* C0, DEL, C1 controls */
            ret_text[out++] = ' ';
        else {
            memcpy(ret_text + out, text + in, step);
            out += step;
        }
        in += step ? step : 1;
    }
    ret_text[out] = '\0';
    return ret_text;
}

size_t text_columns(const char *text)
{
    size_t columns = 0;
    for (; *text; text++)
        columns += ((unsigned char)*text & 0xc0) != 0x80;
    return columns;
}

const char *text_date(double unix_seconds, char ret_text[TEXT_ROOM])
{
    struct tm parts;
    time_t seconds = unix_seconds >= 0 && unix_seconds < 253402300800.0 ? (time_t)unix_seconds : -1;
    if (seconds <= 0 || !gmtime_r(&seconds, &parts) ||
        strftime(ret_text, TEXT_ROOM, "%Y-%m-%d %H:%M:%S UTC", &parts) == 0)
        snprintf(ret_text, TEXT_ROOM, "unknown");
    return ret_text;
}

const char *text_duration(double seconds, char ret_text[TEXT_ROOM])
{
    char number[NUMBER_ROOM];
    if (!(seconds >= 0 && seconds < 1e9)) {
        snprintf(ret_text, TEXT_ROOM, "unknown");
    } else if (seconds > 0 && seconds < 0.0995) {
        static const struct {
            double below, one;
            const char *unit;
        } units[] = {{0.995e-6, 1e-9, "ns"}, {0.995e-3, 1e-6, "us"}, {1, 1e-3, "ms"}};
        size_t unit = 0;
        while (seconds >= units[unit].below)
            unit++;
        snprintf(ret_text, TEXT_ROOM, "%s %s", number_plain(seconds / units[unit].one, 2, number),
                 units[unit].unit);
    } else if (seconds < 100) {
        snprintf(ret_text, TEXT_ROOM, "%s s", number_plain(seconds, 2, number));
    } else {
        unsigned long whole = (unsigned long)(seconds + 0.5);
        if (whole < 3600)
            snprintf(ret_text, TEXT_ROOM, "%lu min %lu s", whole / 60, whole % 60);
        else
            snprintf(ret_text, TEXT_ROOM, "%lu h %lu min", whole / 3600, whole / 60 % 60);
    }
    return ret_text;
}

const char *text_memory_slope(const struct slope *slope, char ret_text[TEXT_ROOM])
{
    char value[SIZE_TEXT_ROOM], low[SIZE_TEXT_ROOM], high[SIZE_TEXT_ROOM];
    if (!slope->known || !isfinite(slope->value))
        snprintf(ret_text, TEXT_ROOM, "unknown");
    else if (!isfinite(slope->low) || !isfinite(slope->high))
        snprintf(ret_text, TEXT_ROOM, "%s", size_text(slope->value, value));
    else {
        size_text(slope->value, value);
        size_text(slope->low, low);
        size_text(slope->high, high);
        /* The unit once, when all three have the same: "11.9 MiB (11.8 to 12.0)". */
        char *unit = strchr(value, ' '), *low_unit = strchr(low, ' '), *high_unit = strchr(high, ' ');
        if (unit && low_unit && high_unit && strcmp(unit, low_unit) == 0 && strcmp(unit, high_unit) == 0)
            *low_unit = *high_unit = '\0';
        snprintf(ret_text, TEXT_ROOM, "%s (%s to %s)", value, low, high);
    }
    return ret_text;
}

const char *text_cpu_slope(const struct slope *slope, char ret_text[TEXT_ROOM])
{
    char value[NUMBER_ROOM], low[NUMBER_ROOM], high[NUMBER_ROOM];
    if (!slope->known || !isfinite(slope->value))
        snprintf(ret_text, TEXT_ROOM, "unknown");
    else if (!isfinite(slope->low) || !isfinite(slope->high))
        snprintf(ret_text, TEXT_ROOM, "%s %%", number_plain(slope->value, 3, value));
    else
        snprintf(ret_text, TEXT_ROOM, "%s %% (%s to %s)", number_plain(slope->value, 3, value),
                 number_plain(slope->low, 3, low), number_plain(slope->high, 3, high));
    return ret_text;
}

const char *text_whole(const struct result *result, char ret_text[TEXT_ROOM])
{
    char size[SIZE_TEXT_ROOM], cpus[NUMBER_ROOM];
    bool memory = result->plan.memory_limit_bytes > 0;
    bool cpu = result->plan.cpu_limit > 0;
    if (memory)
        size_text((double)result->plan.memory_limit_bytes, size);
    if (cpu)
        number_digits(result->plan.cpu_limit, 4, cpus);
    if (memory && cpu)
        snprintf(ret_text, TEXT_ROOM, "a share of %s of memory and %s CPUs", size, cpus);
    else if (memory)
        snprintf(ret_text, TEXT_ROOM, "a share of %s of memory, and all CPUs", size);
    else if (cpu)
        snprintf(ret_text, TEXT_ROOM, "a share of %s CPUs, and all memory", cpus);
    else
        snprintf(ret_text, TEXT_ROOM, "the whole host");
    return ret_text;
}

const char *text_load(const struct result *result, char ret_text[TEXT_ROOM])
{
    char rate[NUMBER_ROOM], path[64], targets[32];
    bool http = result->plan.load.path[0] != '\0';

    if (!result->plan.load_known)
        snprintf(ret_text, TEXT_ROOM, "none");
    else
        snprintf(ret_text, TEXT_ROOM, "%s requests a second%s%s, %s",
                 isfinite(result->plan.load.rate) ? number_digits(result->plan.load.rate, 6, rate)
                                                  : "unknown",
                 http ? " for " : "", http ? text_clean(result->plan.load.path, path, sizeof(path)) : "",
                 text_clean(result->plan.load.targets, targets, sizeof(targets)));
    return ret_text;
}

const char *text_host(const struct host_fingerprint *host, char ret_text[2 * TEXT_ROOM])
{
    char model[96], kernel[64], memory[SIZE_TEXT_ROOM];
    text_clean(host->cpu_model, model, sizeof(model));
    text_clean(host->kernel, kernel, sizeof(kernel));
    snprintf(ret_text, 2 * TEXT_ROOM, "%s, %u CPU%s, %s of memory, %s", model[0] ? model : "unknown CPU",
             host->cpus, host->cpus == 1 ? "" : "s", size_text((double)host->memory_bytes, memory),
             kernel[0] ? kernel : "unknown kernel");
    return ret_text;
}

const char text_emulated[] = "emulated host: its processor is software, so times and CPU are not those of "
                             "hardware; memory figures hold";

const char *text_class(const char *letter)
{
    static const struct {
        const char *letter, *meaning;
    } classes[] = {
        {"A", "own live hypervisor object, booted"},
        {"B", "own hypervisor object, cloned"},
        {"C", "clones that share one object"},
        {"D", "on disk, restored on demand"},
        {"T", "booted and kept as data, run on a shared context"},
        {"-", "no VMs"},
    };
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
        if (strcmp(letter, classes[i].letter) == 0)
            return classes[i].meaning;
    return NULL;
}

const char *text_liveness(const struct result *result, char ret_text[TEXT_ROOM])
{
    char alive[NUMBER_ROOM], asked[NUMBER_ROOM];
    if (!result->population.provable)
        snprintf(ret_text, TEXT_ROOM, "not proven");
    else if (result->population.asked == 0)
        snprintf(ret_text, TEXT_ROOM, "not asked yet");
    else
        snprintf(ret_text, TEXT_ROOM, "%s of %s answered", number_grouped(result->population.alive, alive),
                 number_grouped(result->population.asked, asked));
    return ret_text;
}

void text_print_wrapped(const char *head, const char *text, FILE *to)
{
    size_t indent = text_columns(head), column = indent;
    char word[PAGE_COLUMNS * 4];

    fputs(head, to);
    for (bool first = true; *text;) {
        size_t length = strcspn(text, " \t\n");
        if (length == 0) {
            text++;
            continue;
        }
        char raw[sizeof(word)];
        size_t taken = length < sizeof(raw) ? length : sizeof(raw) - 1;
        snprintf(raw, sizeof(raw), "%.*s", (int)taken, text);
        text_clean(raw, word, sizeof(word));
        size_t columns = text_columns(word);
        if (!first && column + 1 + columns > PAGE_COLUMNS) {
            fprintf(to, "\n%*s", (int)indent, "");
            column = indent;
        } else if (!first) {
            fputc(' ', to);
            column++;
        }
        fputs(word, to);
        column += columns;
        text += taken;
        first = false;
    }
    fputc('\n', to);
}
