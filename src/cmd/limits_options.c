/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options of one row of `mvm limits`. */
#include "base/reason.h"
#include "cmd/limits_row.h"
#include "guest/settings.h"
#include "host/knob.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIELD(name) offsetof(struct row_options, name)

static const struct option_spec row_specs[] = {
    {"engine", OPTION_TEXT, "NAME", "the way of running VMs; its own options stand below", FIELD(engine),
     .fallback = "qemu"},
    IMAGE_CHOICE_SPECS(struct row_options, image),
    {"rate", OPTION_TEXT, "N/s", "VMs started a second, for example 10/s; 'max': as fast as the engine can",
     FIELD(rate_text), .fallback = "10/s"},
    {"memory-limit", OPTION_SIZE, "SIZE", "the share of the host's memory that is 100 %; without it, all",
     FIELD(memory_limit), .fallback = NULL, .least = 0x1p20, .most = 0x1p60},
    {"cpu-limit", OPTION_NUMBER, "CPUS",
     "the share of the host's CPUs that is 100 %, for example 1.5; without it, all", FIELD(cpu_limit),
     .fallback = NULL, .least = 0.01, .most = 65536},
    {"exhausted", OPTION_PERCENT, "PERCENT", "a resource past this is exhausted", FIELD(exhausted),
     .fallback = "98", .least = 1, .most = 100},
    {"max", OPTION_COUNT, "N", "the row ends at this many VMs at the latest", FIELD(max), .fallback = NULL,
     .least = 1, .most = 1e12},
    {"latency-limit", OPTION_DURATION, "TIME",
     "the host no longer responds when the slowest hundredth of the challenges takes longer",
     FIELD(latency_ns), .fallback = "5s", .least = 0.001, .most = 10},
    {"heartbeat", OPTION_DURATION, "TIME",
     "the host no longer responds when mvm itself is held up for longer; after four times as long the "
     "watchdog "
     "ends the row",
     FIELD(heartbeat_ns), .fallback = "5s", .least = 0.2, .most = 3600},
    {"memory-floor", OPTION_SIZE, "SIZE",
     "growth stops when the host has less memory available, and the watchdog ends the row at half of it "
     "(default: "
     "2 % of the host's and at least 256M)",
     FIELD(memory_floor), .fallback = NULL, .least = 0x1p20, .most = 0x1p60},
    {"samples", OPTION_COUNT, "N", "readings of the host each time that growth pauses", FIELD(samples),
     .fallback = "4", .least = 2, .most = 100000},
    {"sample-time", OPTION_DURATION, "TIME", "from one reading to the next", FIELD(sample_ns),
     .fallback = "250ms", .least = 0.05, .most = 3600},
    {"settle", OPTION_DURATION, "TIME", "the longest wait for quiet before these readings", FIELD(settle_ns),
     .fallback = "5s", .least = 1, .most = 86400},
    {"ksm", OPTION_TEXT, "on|off", "for the row: whether the kernel merges equal pages",
     FIELD(knobs[KNOB_KSM]), .fallback = NULL},
    {"thp", OPTION_TEXT, "WORD", "for the row: huge pages always, madvise or never", FIELD(knobs[KNOB_THP]),
     .fallback = NULL},
    {"governor", OPTION_TEXT, "NAME", "for the row: how the frequency of the CPUs is chosen",
     FIELD(knobs[KNOB_GOVERNOR]), .fallback = NULL},
    {"zram", OPTION_TEXT, "SIZE",
     "for the row: swap on a compressed disk in memory of this size, or 'off'; with a small --memory-floor, "
     "or growth "
     "ends before anything is swapped out",
     FIELD(knobs[KNOB_ZRAM]), .fallback = NULL},
    {"kernel", OPTION_TEXT, "VERSION",
     "run the row in the laboratory on this kernel, as --kernel of 'mvm lab', or 'default'; 'host': here",
     FIELD(kernel), .fallback = "host"},
    {"lab-memory", OPTION_SIZE, "SIZE", "memory of the laboratory", FIELD(lab_memory), .fallback = "4G",
     .least = 0x1p27, .most = 0x1p42},
    {"lab-cpus", OPTION_COUNT, "N", "processors of the laboratory", FIELD(lab_cpus), .fallback = "1",
     .least = 1, .most = 255},
};

const struct option_set row_option_set = {
    .title = "Options of a row", .specs = row_specs, .count = sizeof(row_specs) / sizeof(row_specs[0])};

/* The guest disk's --rate is not the row's. */
static const struct option_spec disk_specs[] = {
    {"disk-rate", OPTION_NUMBER, "READS", "disk: reads a second", offsetof(struct guest_settings, rate),
     .fallback = NULL, .least = DISK_RATE_LEAST, .most = DISK_RATE_MOST},
};

const struct option_set row_disk_option_set = {
    .title = "Settings of the guest disk", .specs = disk_specs, .count = 1};

void row_option_sets(struct parsed_row *row, const struct engine *engine,
                     struct option_set ret_sets[ROW_SETS])
{
    ret_sets[0] = option_set_for(&row_option_set, &row->options);
    ret_sets[1] = option_set_for(&guest_setting_set_but_rate, &row->settings);
    ret_sets[2] = option_set_for(&row_disk_option_set, &row->settings);
    ret_sets[3] = (struct option_set){.title = "Options of the engine",
                                      .specs = engine->options,
                                      .count = engine->option_count,
                                      .values = row->engine_options,
                                      .absent = engine->left_out};
}

static const struct option_spec *find_spec(const struct option_set sets[ROW_SETS], const char *name,
                                           size_t length)
{
    for (size_t s = 0; s < ROW_SETS; s++)
        for (size_t i = 0; i < sets[s].count; i++)
            if (strlen(sets[s].specs[i].name) == length && strncmp(sets[s].specs[i].name, name, length) == 0)
                return &sets[s].specs[i];
    return NULL;
}

/* A flag that is varied has the values on and off: "--resident=on" is "--resident". */
static int take_words(struct parsed_row *row, const struct arguments *words, struct reason *reason)
{
    arguments_add(&row->words, "limits");
    for (size_t i = 0; i < words->count; i++) {
        const char *word = words->words[i], *equals = strchr(word, '=');
        const struct option_spec *spec = strncmp(word, "--", 2) == 0 && equals
                                             ? find_spec(row->sets, word + 2, (size_t)(equals - word - 2))
                                             : NULL;
        char flag[64];

        if (!spec || spec->kind != OPTION_FLAG) {
            arguments_add(&row->words, word);
        } else if (strcmp(equals, "=on") == 0) {
            snprintf(flag, sizeof(flag), "--%s", spec->name);
            arguments_add(&row->words, flag);
        } else if (strcmp(equals, "=off") != 0) {
            return reason_set(reason, EINVAL, "--%s is on or off, not '%s'", spec->name, equals + 1);
        }
    }
    return arguments_whole(&row->words) ? 0 : reason_set(reason, ENOMEM, "no memory for the rows");
}

static int parse_rate(const char *text, double *ret_rate, struct reason *reason)
{
    char digits[32];
    size_t length = strcspn(text, "/");

    *ret_rate = 0;
    if (strcmp(text, "max") == 0)
        return 0;
    snprintf(digits, sizeof(digits), "%.*s", (int)length, text);
    if (length >= sizeof(digits) || (text[length] && strcmp(text + length, "/s") != 0) ||
        parse_number(digits, ret_rate) < 0 || !(*ret_rate >= 0.01 && *ret_rate <= 1e7))
        return reason_set(reason, EINVAL,
                          "--rate takes VMs a second such as 10/s, from 0.01 to 10000000, or 'max', not "
                          "'%.100s'",
                          text);
    return 0;
}

static int parse_words(struct parsed_row *row, struct reason *reason)
{
    char **operands;
    int operand_count;

    row->argv = calloc(row->words.count + 1, sizeof(*row->argv));
    if (!row->argv)
        return reason_set(reason, ENOMEM, "no memory for the rows");
    memcpy(row->argv, row->words.words, row->words.count * sizeof(*row->argv));
    int error = options_parse(row->sets, ROW_SETS, (int)row->words.count, row->argv, &operands,
                              &operand_count, reason);

    if (error)
        return error;
    if (operand_count > 0)
        return reason_set(reason, EINVAL, "'%s' is not expected here; --help tells the options", operands[0]);
    return parse_rate(row->options.rate_text, &row->rate, reason);
}

int row_parse(struct parsed_row *ret_row, const struct arguments *words, struct reason *reason)
{
    struct parsed_row *row = ret_row;
    const char *name = options_peek_words("engine", words->count, words->words);

    *row = (struct parsed_row){.engine = engine_find(name ? name : "qemu")};
    if (!row->engine)
        return reason_set(reason, EINVAL, "there is no engine '%.100s'; 'mvm limits --help' lists them",
                          name);
    row->engine_options = calloc(1, row->engine->options_size + 1);
    if (!row->engine_options)
        return reason_set(reason, ENOMEM, "no memory for the rows");
    row_option_sets(row, row->engine, row->sets);
    int error = take_words(row, words, reason);

    if (!error)
        error = parse_words(row, reason);
    if (!error)
        error = choose_image(&row->options.image, &row->settings, &row->image, reason);
    if (!error)
        row->engine = engine_variant(row->engine, row->engine_options);
    return error;
}

void row_release(struct parsed_row *row)
{
    if (row->engine_options)
        options_release(row->sets, ROW_SETS);
    free(row->engine_options);
    free(row->argv);
    arguments_release(&row->words);
    *row = (struct parsed_row){0};
}

struct limits_row_plan row_plan(const struct parsed_row *row)
{
    return (struct limits_row_plan){
        .plan =
            {
                .engine = row->engine,
                .engine_options = row->engine_options,
                .image = &row->image,
                .image_name = image_choice_name(&row->options.image, &row->image),
                .share = {.memory_bytes = row->options.memory_limit,
                          .cpus = row->options.cpu_limit,
                          .by_account = true},
                .threshold_percent = row->options.exhausted,
                .max_vms = row->options.max,
                .samples = (unsigned)row->options.samples,
                .sample_ns = row->options.sample_ns,
                .settle_most_ns = row->options.settle_ns,
            },
        .rate = row->rate,
        .latency_most_ns = row->options.latency_ns,
        .beat_most_ns = row->options.heartbeat_ns,
        .memory_floor_bytes = row->options.memory_floor,
    };
}

bool row_is_for_lab(const struct parsed_row *row)
{
    return strcmp(row->options.kernel, "host") != 0;
}

int row_probe(const struct parsed_row *row, struct reason *reason)
{
    const struct limits_row_plan plan = row_plan(row);
    struct host_limits limits;
    int error = host_limits_read(&limits, "", reason);

    /* In the laboratory it is another host that it is to run on. */
    if (error || row_is_for_lab(row))
        return error;
    error = scale_plan_check(&plan.plan, &limits, reason);
    for (size_t i = 0; !error && i < KNOBS; i++)
        if (row->options.knobs[i])
            error = knob_probe("", host_knobs[i].name, row->options.knobs[i], reason);
    if (!error)
        error = row->engine->probe(row->engine_options, reason);
    return error;
}

/* The value of the engine's option of that name, as text; NULL where it has none. */
static const char *engine_choice(const struct parsed_row *row, const char *name)
{
    const struct option_set *set = &row->sets[ROW_SETS - 1];

    for (size_t i = 0; i < set->count; i++)
        if (strcmp(set->specs[i].name, name) == 0 &&
            (set->specs[i].kind == OPTION_CHOICE || set->specs[i].kind == OPTION_TEXT))
            return *(const char *const *)(const void *)((const char *)set->values + set->specs[i].offset);
    return NULL;
}

void row_describe(const struct parsed_row *row, struct limits_row *limits_row)
{
    const char *accelerator = engine_choice(row, "accelerator"), *cpu = engine_choice(row, "cpu"),
               *architecture = engine_choice(row, "architecture"),
               *guest = row->image.ours ? row->image.guest : "";

    limits_row->sleep = strcmp(guest, "sleep") == 0 ? 1 : strcmp(guest, "tick") == 0 ? 0 : -1;
    limits_row->kvm = accelerator ? strcmp(accelerator, "kvm") == 0 : cpu && strcmp(cpu, "kvm") == 0;
    snprintf(limits_row->architecture, sizeof(limits_row->architecture), "%.31s",
             architecture ? architecture : "");
}
