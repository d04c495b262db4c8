/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/limits_cells.h"

#include "base/option.h"
#include "result/number.h"

#include <math.h>
#include <string.h>

static void fixed(double value, int decimals, char ret_text[TEXT_ROOM])
{
    char number[NUMBER_ROOM];

    snprintf(ret_text, TEXT_ROOM, "%s", isfinite(value) ? number_fixed(value, decimals, number) : "-");
}

#define CELL(name)                                                                                           \
    static void name(const struct limits_row *row, const struct limits_figures *figures,                     \
                     char ret_text[TEXT_ROOM])
#define UNUSED(what) (void)(what)

CELL(cell_sleep)
{
    UNUSED(figures);
    snprintf(ret_text, TEXT_ROOM, "%s", row->sleep < 0 ? "-" : row->sleep ? "1" : "0");
}

CELL(cell_kvm)
{
    UNUSED(figures);
    snprintf(ret_text, TEXT_ROOM, "%d%s", row->kvm, row->result.host.emulated ? "*" : "");
}

CELL(cell_architecture)
{
    UNUSED(figures);
    snprintf(ret_text, TEXT_ROOM, "%s", row->architecture[0] ? row->architecture : "-");
}

CELL(cell_vms)
{
    char number[NUMBER_ROOM];

    UNUSED(row);
    snprintf(ret_text, TEXT_ROOM, "%s", number_grouped(figures->vms, number));
}

CELL(cell_cpu)
{
    UNUSED(row);
    fixed(figures->cpu_percent, 1, ret_text);
}

CELL(cell_ram)
{
    UNUSED(row);
    fixed(figures->ram_percent, 1, ret_text);
}

CELL(cell_swap)
{
    fixed(row->result.limits.swap_total > 0 ? figures->swap_percent : NAN, 1, ret_text);
}

CELL(cell_size)
{
    UNUSED(row);
    fixed(figures->size_bytes / 1024, fabs(figures->size_bytes) < 102400 ? 2 : 0, ret_text);
}

CELL(cell_minutes)
{
    UNUSED(row);
    fixed(figures->grow_minutes, figures->grow_minutes < 10 ? 2 : 1, ret_text);
}

CELL(cell_boots)
{
    char number[NUMBER_ROOM];

    UNUSED(row);
    snprintf(ret_text, TEXT_ROOM, "%s",
             figures->boots_per_second < 1000 ? number_plain(figures->boots_per_second, 3, number)
                                              : number_grouped((uint64_t)figures->boots_per_second, number));
}

CELL(cell_seconds)
{
    char number[NUMBER_ROOM];

    UNUSED(row);
    snprintf(ret_text, TEXT_ROOM, "%s", number_digits(figures->seconds_per_vm, 2, number));
}

CELL(cell_class)
{
    UNUSED(figures);
    text_clean(row->result.engine.class_letter, ret_text, TEXT_ROOM);
}

CELL(cell_alive)
{
    char alive[NUMBER_ROOM], asked[NUMBER_ROOM];

    if (!row->result.population.provable)
        snprintf(ret_text, TEXT_ROOM, "not proven");
    else
        snprintf(ret_text, TEXT_ROOM, "%s/%s", number_grouped(figures->alive, alive),
                 number_grouped(figures->asked, asked));
}

CELL(cell_stop)
{
    const char *stop = stop_name(row->result.stopped_by);

    UNUSED(figures);
    snprintf(ret_text, TEXT_ROOM, "%s", stop ? stop : "-");
}

CELL(cell_slope)
{
    const struct result *result = &row->result;

    UNUSED(figures);
    text_memory_slope(result->per_vm.own_memory_bytes.known ? &result->per_vm.own_memory_bytes
                                                            : &result->per_vm.memory_bytes,
                      ret_text);
}

CELL(cell_pressure)
{
    char cpu[NUMBER_ROOM], memory[NUMBER_ROOM];

    UNUSED(row);
    snprintf(ret_text, TEXT_ROOM, "%s/%s", number_fixed(figures->psi_cpu_some, 0, cpu),
             number_fixed(figures->psi_memory_full, 0, memory));
}

CELL(cell_wake)
{
    UNUSED(row);
    if (isfinite(figures->wake_seconds))
        text_duration(figures->wake_seconds, ret_text);
    else
        snprintf(ret_text, TEXT_ROOM, "-");
}

double limits_bytes(const struct limits_figures *figures)
{
    return isfinite(figures->bytes_per_vm) ? figures->bytes_per_vm : figures->size_bytes;
}

CELL(cell_bytes)
{
    double bytes = limits_bytes(figures);
    char number[NUMBER_ROOM];

    UNUSED(row);
    if (isfinite(bytes) && bytes >= 0)
        snprintf(ret_text, TEXT_ROOM, "%s", number_grouped((uint64_t)llround(bytes), number));
    else
        snprintf(ret_text, TEXT_ROOM, "-");
}

CELL(cell_idle)
{
    char number[NUMBER_ROOM];

    UNUSED(row);
    snprintf(ret_text, TEXT_ROOM, "%s",
             isfinite(figures->cpu_per_10000) ? number_plain(figures->cpu_per_10000, 3, number) : "-");
}

CELL(cell_study_vms)
{
    char number[NUMBER_ROOM];

    UNUSED(figures);
    snprintf(ret_text, TEXT_ROOM, "%s", row->study ? number_grouped((uint64_t)row->study->vms, number) : "-");
}

CELL(cell_study_cpu)
{
    UNUSED(figures);
    fixed(row->study ? row->study->cpu_percent : NAN, 1, ret_text);
}

CELL(cell_study_size)
{
    UNUSED(figures);
    fixed(row->study ? row->study->size_kb : NAN, 0, ret_text);
}

CELL(cell_study_seconds)
{
    UNUSED(figures);
    fixed(row->study ? row->study->seconds_per_vm : NAN, 2, ret_text);
}

static const struct limits_column of_study[] = {
    {"sleep", true, cell_sleep},  {"KVM", true, cell_kvm},      {"arch", false, cell_architecture},
    {"VMs", true, cell_vms},      {"CPU %", true, cell_cpu},    {"RAM %", true, cell_ram},
    {"swap %", true, cell_swap},  {"KiB/VM", true, cell_size},  {"min", true, cell_minutes},
    {"boot/s", true, cell_boots}, {"s/VM", true, cell_seconds},
};

static const struct limits_column of_ours[] = {
    {"class", false, cell_class},         {"alive/asked", true, cell_alive},
    {"stopped by", false, cell_stop},     {"memory per VM, slope", false, cell_slope},
    {"PSI cpu/mem", true, cell_pressure}, {"wake", true, cell_wake},
    {"CPU % a 10,000", true, cell_idle},
};

static const struct limits_column of_2013[] = {
    {"VMs", true, cell_vms},        {"2013", true, cell_study_vms},     {"CPU %", true, cell_cpu},
    {"2013", true, cell_study_cpu}, {"KiB/VM", true, cell_size},        {"2013", true, cell_study_size},
    {"s/VM", true, cell_seconds},   {"2013", true, cell_study_seconds},
};

static const struct limits_column of_ladder[] = {
    {"class", false, cell_class},        {"VMs", true, cell_vms},      {"bytes per VM", true, cell_bytes},
    {"CPU % a 10,000", true, cell_idle}, {"boot/s", true, cell_boots}, {"wake", true, cell_wake},
    {"alive/asked", true, cell_alive},
};

#define TABLE(title, columns)                                                                                \
    (struct limits_table)                                                                                    \
    {                                                                                                        \
        title, columns, sizeof(columns) / sizeof((columns)[0])                                               \
    }

bool limits_has_study(const struct limits *limits)
{
    for (size_t i = 0; i < limits->count; i++)
        if (limits->rows[i].study)
            return true;
    return false;
}

size_t limits_tables(const struct limits *limits, struct limits_table ret_tables[LIMITS_TABLES_MOST])
{
    size_t count = 0;

    if (limits->ladder) {
        ret_tables[count++] = TABLE("The ladder", of_ladder);
        return count;
    }
    ret_tables[count++] = TABLE("The study's columns", of_study);
    if (limits_has_study(limits))
        ret_tables[count++] = TABLE("Beside the study of 2013", of_2013);
    ret_tables[count++] = TABLE("What ended it", of_ours);
    return count;
}

void limits_absence(const struct limits_row *row, char *ret_text, size_t room)
{
    char clean[REASON_ROOM];

    text_clean(row->reason, clean, sizeof(clean));
    if (row->state == LIMITS_NOT_YET)
        snprintf(ret_text, room, "not run yet");
    else
        snprintf(ret_text, room, "%s: %s", row->state == LIMITS_FAILED ? "failed" : "cannot run here", clean);
}

/* What 100 % is, when it is the same for all rows. */
static bool note_whole(const struct limits *limits, char *ret_text, size_t room)
{
    const struct result *first = NULL;
    char whole[TEXT_ROOM];

    for (size_t i = 0; i < limits->count; i++) {
        const struct result *result = &limits->rows[i].result;

        if (limits->rows[i].state != LIMITS_DONE)
            continue;
        if (first && (first->plan.memory_limit_bytes != result->plan.memory_limit_bytes ||
                      first->plan.cpu_limit < result->plan.cpu_limit ||
                      first->plan.cpu_limit > result->plan.cpu_limit)) {
            snprintf(ret_text, room,
                     "What 100 %% of CPU and RAM is differs between the rows: limits.json tells.");
            return true;
        }
        first = first ? first : result;
    }
    if (!first)
        return false;
    snprintf(ret_text, room, "100 %% of CPU and RAM is %s.", text_whole(first, whole));
    return true;
}

static bool any(const struct limits *limits, bool (*is)(const struct limits_row *row))
{
    for (size_t i = 0; i < limits->count; i++)
        if (limits->rows[i].state == LIMITS_DONE && is(&limits->rows[i]))
            return true;
    return false;
}

static bool is_emulated(const struct limits_row *row)
{
    return row->result.host.emulated;
}

static bool left_memory(const struct limits_row *row)
{
    struct limits_figures figures;

    limits_row_figures(row, &figures);
    return figures.left_percent > LIMITS_LEFT_MOST;
}

static bool has_study(const struct limits_row *row)
{
    return row->study;
}

static bool has_slope(const struct limits_row *row)
{
    return row->result.per_vm.cpu_percent_of_host.known;
}

static bool has_account(const struct limits_row *row)
{
    return row->result.interval_count > 0 && row->result.intervals[row->result.interval_count - 1].own_known;
}

static bool is_nested(const struct limits_row *row)
{
    return row->kvm && !row->result.host.emulated && strcmp(row->result.host.hypervisor, "none") != 0;
}

bool limits_note(const struct limits *limits, size_t index, char ret_text[2 * TEXT_ROOM])
{
    static const struct {
        bool (*is)(const struct limits_row *row);
        const char *sentence;
    } notes[] = {
        {is_emulated,
         "* in the laboratory (mvm lab), whose processor is emulated: its times and CPU shares are not a "
         "real machine's, its memory figures are."},
        {has_account, "CPU and memory are what the row's own process or control group took; the whole host's "
                      "are in each result.json."},
        {is_nested,
         "KVM: this host is itself a virtual machine, so each exit of a guest takes several of its host."},
        {has_slope, "CPU % a 10,000: what 10,000 VMs take of the whole host's CPU, by the slope."},
        {has_study,
         "2013: Bratterud and Haugerud, 48 cores and 128 GB; size is the difference of free memory, and its "
         "column Boot/sec holds seconds per VM, as s/VM here."},
        {left_memory,
         "A row left more than 2 % of the free memory behind: its result.json says what stayed."},
    };
    size_t at = 0;
    char whole[2 * TEXT_ROOM];

    if (note_whole(limits, whole, sizeof(whole)) && at++ == index) {
        snprintf(ret_text, 2 * TEXT_ROOM, "%s", whole);
        return true;
    }
    for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
        if (any(limits, notes[i].is) && at++ == index) {
            snprintf(ret_text, 2 * TEXT_ROOM, "%s", notes[i].sentence);
            return true;
        }
    }
    return false;
}
