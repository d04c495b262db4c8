/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mvm compare: what changed per VM between two results. */
#include "report/compare.h"
#include "base/option.h"
#include "base/reason.h"
#include "cmd/cmd.h"
#include "cmd/command.h"
#include "report/report.h"
#include "result/json.h"
#include "result/number.h"

#include <errno.h>

struct compare_options {
    const char *fail_over; /* NULL: never fail; the number is in fail_over_percent */
    double fail_over_percent;
    bool json, force, help;
};

static const struct option_spec specs[] = {
    {.name = "fail-over",
     .kind = OPTION_TEXT,
     .argument = "PCT",
     .help =
         "exit with 1 when memory or CPU per VM grew by more than PCT percent of A and by more than noise",
     .offset = offsetof(struct compare_options, fail_over)},
    {.name = "json",
     .kind = OPTION_FLAG,
     .help = "print JSON instead of the table",
     .offset = offsetof(struct compare_options, json)},
    {.name = "force",
     .kind = OPTION_FLAG,
     .help = "compare runs of different class, image, share or host, with a warning",
     .offset = offsetof(struct compare_options, force)},
    {.name = "help",
     .kind = OPTION_FLAG,
     .help = "show this",
     .offset = offsetof(struct compare_options, help)},
};

static const struct option_set own_set = {.specs = specs, .count = sizeof(specs) / sizeof(specs[0])};

/* The figures that --fail-over judges. */
static const enum compared_figure judged[] = {COMPARE_MEMORY, COMPARE_CPU, COMPARE_OWN_MEMORY,
                                              COMPARE_CLOUD_MEMORY};

/* Checks what can be checked before anything is read. */
static int check(struct compare_options *options, int operand_count, struct reason *reason)
{
    if (operand_count != 2)
        return reason_set(reason, EINVAL, "give two runs, A and B, not %d", operand_count);
    if (!options->fail_over)
        return 0;
    /* "5" and "5%" */
    char number[64];
    int length = snprintf(number, sizeof(number), "%s", options->fail_over);
    if (length > 0 && (size_t)length < sizeof(number) && number[length - 1] == '%')
        number[length - 1] = '\0';
    if ((size_t)length >= sizeof(number) || parse_number(number, &options->fail_over_percent) < 0)
        return reason_set(reason, EINVAL, "--fail-over '%s' is not a percentage of 0 or more",
                          options->fail_over);
    return 0;
}

/* That the comparison answers what was asked. */
static int check_comparable(const struct comparison *comparison, const struct compare_options *options,
                            struct reason *reason)
{
    if (comparison->unlike[0] && !options->force)
        return reason_set(reason, EINVAL,
                          "the two are not of one kind: %s; --force compares them all the same",
                          comparison->unlike);
    for (size_t i = 0; options->fail_over && i < sizeof(judged) / sizeof(judged[0]); i++) {
        const struct compared *figure = &comparison->figures[judged[i]];
        if (!figure->known && (judged[i] == COMPARE_OWN_MEMORY || judged[i] == COMPARE_CLOUD_MEMORY))
            continue; /* VMs that are processes, or on this host, have none */
        if (!figure->known || !figure->has_interval)
            return reason_set(reason, EINVAL,
                              "--fail-over cannot be judged: %s has no slope with an interval in both runs",
                              figure->name);
    }
    return 0;
}

static json_t *pair_json(double low, double high)
{
    json_t *pair = json_array();
    json_array_append_new(pair, result_json_number(low));
    json_array_append_new(pair, result_json_number(high));
    return pair;
}

static json_t *figure_json(const struct compared *figure)
{
    json_t *object = json_object();
    bool known = figure->known, interval = known && figure->has_interval;
    json_object_set_new(object, "unit", json_string(figure->unit));
    json_object_set_new(object, "a", known ? result_json_number(figure->a) : json_null());
    json_object_set_new(object, "b", known ? result_json_number(figure->b) : json_null());
    json_object_set_new(object, "change", known ? result_json_number(figure->change) : json_null());
    json_object_set_new(object, "change_ci95",
                        interval ? pair_json(figure->change_low, figure->change_high) : json_null());
    json_object_set_new(object, "percent", known ? result_json_number(figure->percent) : json_null());
    json_object_set_new(object, "percent_ci95",
                        interval ? pair_json(figure->percent_low, figure->percent_high) : json_null());
    json_object_set_new(object, "more_than_noise",
                        interval ? json_boolean(figure->more_than_noise) : json_null());
    return object;
}

static void print_json(const struct comparison *comparison, char *const *paths,
                       const bool failed[COMPARE_COUNT])
{
    static const char *const names[COMPARE_COUNT] = {[COMPARE_MEMORY] = "memory_per_vm",
                                                     [COMPARE_CPU] = "cpu_per_vm",
                                                     [COMPARE_OWN_MEMORY] = "own_memory_per_vm",
                                                     [COMPARE_OWN_CPU] = "own_cpu_per_vm",
                                                     [COMPARE_CLOUD_MEMORY] = "cloud_memory_per_vm",
                                                     [COMPARE_CLOUD_CPU] = "cloud_cpu_per_vm",
                                                     [COMPARE_BOOT] = "boot_time"};
    json_t *root = json_object(), *over = json_array();
    json_object_set_new(root, "a", result_json_text(paths[0]));
    json_object_set_new(root, "b", result_json_text(paths[1]));
    json_object_set_new(root, "unlike", result_json_text_or_null(comparison->unlike));
    for (int i = 0; i < COMPARE_COUNT; i++) {
        json_object_set_new(root, names[i], figure_json(&comparison->figures[i]));
        if (failed[i])
            json_array_append_new(over, json_string(names[i]));
    }
    json_object_set_new(root, "failed", over);
    json_dumpf(root, stdout, RESULT_JSON_FLAGS);
    putchar('\n');
    json_decref(root);
}

static void print_table(const struct comparison *comparison, const struct result *a, const struct result *b,
                        char *const *paths)
{
    char label[REPORT_LABEL_ROOM];
    printf("A: %s (%s)\n", report_label(a, label), paths[0]);
    printf("B: %s (%s)\n\n", report_label(b, label), paths[1]);
    compare_print(comparison, stdout);
}

static int compare(const struct compare_options *options, char *const *paths, const struct result *a,
                   const struct result *b, struct reason *reason)
{
    struct comparison comparison;
    bool failed[COMPARE_COUNT] = {false}, any = false;
    char percent[NUMBER_ROOM];

    compare_results(a, b, &comparison);
    if (check_comparable(&comparison, options, reason) < 0)
        return EXIT_USAGE;
    for (size_t i = 0; options->fail_over && i < sizeof(judged) / sizeof(judged[0]); i++) {
        failed[judged[i]] = compare_worse(&comparison.figures[judged[i]], options->fail_over_percent);
        any = any || failed[judged[i]];
    }
    if (options->json)
        print_json(&comparison, paths, failed);
    else
        print_table(&comparison, a, b, paths);
    for (int i = 0; i < COMPARE_COUNT && !options->json; i++)
        if (failed[i])
            printf("FAILED: %s grew by more than %s %% and by more than noise.\n", comparison.figures[i].name,
                   number_digits(options->fail_over_percent, 6, percent));
    return any ? EXIT_FAILED : EXIT_DONE;
}

static int compare_main(int argc, char **argv)
{
    struct compare_options options = {.fail_over = NULL};
    struct option_set set = option_set_for(&own_set, &options);
    struct reason reason = {.text = ""};
    struct result a, b;
    char **paths = NULL;
    int operand_count = 0, status = EXIT_USAGE;

    result_init(&a);
    result_init(&b);
    if (options_parse(&set, 1, argc, argv, &paths, &operand_count, &reason) == 0) {
        if (options.help) {
            command_print_help(&cmd_compare, &set, 1, stdout);
            status = EXIT_DONE;
        } else if (check(&options, operand_count, &reason) == 0 && result_read(&a, paths[0], &reason) == 0 &&
                   result_read(&b, paths[1], &reason) == 0) {
            status = compare(&options, paths, &a, &b, &reason);
        }
    }
    if (status == EXIT_USAGE)
        fprintf(stderr, "mvm compare: %s\n", reason.text);
    result_release(&a);
    result_release(&b);
    options_release(&set, 1);
    return status;
}

const struct command cmd_compare = {
    .name = "compare",
    .summary = "what changed between two results",
    .usage = (const char *const[]){"A B [OPTIONS]", NULL},
    .text = "Says what a VM costs in run B against run A: memory and CPU per VM with the 95 % interval of "
            "the change, and "
            "whether it is more than noise. A and B are directories that 'mvm scale --out' wrote, or files "
            "result.json.",
    .more = "Runs that are not of one kind (class, image, share, host) are refused, unless --force says so. "
            "With --fail-over "
            "it is a check for continuous integration: a VM that became dearer by more than so many percent, "
            "and by more "
            "than noise, fails it.",
    .options = (const struct option_set *const[]){&own_set, NULL},
    .statuses =
        (const struct command_status[]){
            {0, "compared"}, {1, "--fail-over was passed"}, {2, "not comparable, or bad usage"}, {0}},
    .examples = (const struct command_example[]){{"mvm compare old new", "A table of what changed per VM"},
                                                 {"mvm compare old new --fail-over 5",
                                                  "Exit status 1 when VMs became more "
                                                  "than 5 % dearer"},
                                                 {0}},
    .see = "scale report",
    .json = "compare",
    .operands = OPERANDS_DIRECTORY,
    .run = compare_main,
};
