/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mvm report: tables and pictures of results. */
#include "report/report.h"
#include "base/file.h"
#include "base/option.h"
#include "base/reason.h"
#include "cmd/cmd.h"
#include "cmd/command.h"
#include "result/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* As many as a picture overlays. */
enum { RUNS_MOST = 8 }; /* "eight" in the text of the command */

struct report_options {
    const char *out;
    struct option_list labels;
    bool qos, summary, json, help;
};

static const struct option_spec specs[] = {
    {.name = "out",
     .kind = OPTION_TEXT,
     .argument = "FILE.svg",
     .help =
         "where to draw; otherwise resources.svg in the directory of one run, report.svg here for several",
     .offset = offsetof(struct report_options, out)},
    {.name = "qos",
     .kind = OPTION_FLAG,
     .help = "draw how a load was answered, for runs with --load: latency and throughput against VMs; "
             "otherwise qos.svg "
             "instead of resources.svg, or as --out says",
     .offset = offsetof(struct report_options, qos)},
    {.name = "label",
     .kind = OPTION_LIST,
     .argument = "TEXT",
     .help = "what to call a run: the first label is that of the first run, and so on",
     .offset = offsetof(struct report_options, labels)},
    {.name = "summary",
     .kind = OPTION_FLAG,
     .help = "print a line a run instead of its tables",
     .offset = offsetof(struct report_options, summary)},
    {.name = "json",
     .kind = OPTION_FLAG,
     .help = "print JSON instead of tables",
     .offset = offsetof(struct report_options, json)},
    {.name = "help",
     .kind = OPTION_FLAG,
     .help = "show this",
     .offset = offsetof(struct report_options, help)},
};

static const struct option_set own_set = {.specs = specs, .count = sizeof(specs) / sizeof(specs[0])};

struct report {
    struct report_options options;
    char **paths;
    size_t count;
    struct result *results; /* `count`; those from `read` on are zeroed */
    struct report_run runs[RUNS_MOST];
    char labels[RUNS_MOST][2 * REPORT_LABEL_ROOM];
    char picture[4096];
};

/* The label given, else the default one, with the path where two would read the same. */
static void choose_labels(struct report *report)
{
    char defaults[RUNS_MOST][REPORT_LABEL_ROOM];
    for (size_t i = 0; i < report->count; i++)
        report_label(&report->results[i], defaults[i]);
    for (size_t i = 0; i < report->count; i++) {
        bool twice = false;
        for (size_t other = 0; other < report->count; other++)
            twice = twice || (other != i && strcmp(defaults[i], defaults[other]) == 0);
        if (i < report->options.labels.count)
            snprintf(report->labels[i], sizeof(report->labels[i]), "%s", report->options.labels.items[i]);
        else if (twice)
            snprintf(report->labels[i], sizeof(report->labels[i]), "%s (%.*s)", defaults[i],
                     REPORT_LABEL_ROOM - 4, report->paths[i]);
        else
            snprintf(report->labels[i], sizeof(report->labels[i]), "%s", defaults[i]);
        report->runs[i] = (struct report_run){.result = &report->results[i], .label = report->labels[i]};
    }
}

static int choose_picture(struct report *report, struct reason *reason)
{
    int length;
    const char *name = report->options.qos ? "qos.svg" : "resources.svg";
    struct stat status;
    const char *path = report->paths[0];
    const char *slash = strrchr(path, '/');
    if (report->options.out)
        length = snprintf(report->picture, sizeof(report->picture), "%s", report->options.out);
    else if (report->count > 1)
        length = snprintf(report->picture, sizeof(report->picture), "%s",
                          report->options.qos ? "qos.svg" : "report.svg");
    else if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        length = snprintf(report->picture, sizeof(report->picture), "%s%s%s", path,
                          slash && slash[1] == '\0' ? "" : "/", name);
    else
        length = snprintf(report->picture, sizeof(report->picture), "%.*s%s",
                          slash ? (int)(slash - path + 1) : 0, path, name);
    if (length == 0)
        return reason_set(reason, EINVAL, "--out needs the name of a file");
    if ((size_t)length >= sizeof(report->picture))
        return reason_set(reason, ENAMETOOLONG, "the name of the picture is too long");
    return 0;
}

static int check_operands(const struct report *report, struct reason *reason)
{
    if (report->count == 0)
        return reason_set(reason, EINVAL, "give the directory of at least one run");
    if (report->count > RUNS_MOST)
        return reason_set(reason, EINVAL, "%zu runs do not fit one picture; give at most %d", report->count,
                          RUNS_MOST);
    if (report->options.labels.count > report->count)
        return reason_set(reason, EINVAL, "there are %zu labels for %zu run%s", report->options.labels.count,
                          report->count, report->count == 1 ? "" : "s");
    return 0;
}

static int read_results(struct report *report, struct reason *reason)
{
    report->results = calloc(report->count, sizeof(report->results[0]));
    if (!report->results)
        return reason_set(reason, ENOMEM, "no memory for %zu results", report->count);
    for (size_t i = 0; i < report->count; i++) {
        int r = result_read(&report->results[i], report->paths[i], reason);
        if (r < 0)
            return r;
        if (report->options.qos && !report_has_load(&report->results[i]))
            return reason_set(reason, ENODATA, "%s has no load; 'mvm scale --load RATE' measures with one",
                              report->paths[i]);
    }
    return 0;
}

static int write_picture(const struct report *report, struct reason *reason)
{
    char *svg = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&svg, &length);
    int r = -ENOMEM;
    if (to)
        r = report->options.qos ? report_write_qos_svg(report->runs, report->count, to)
                                : report_write_svg(report->runs, report->count, to);
    if (to && fclose(to) != 0)
        r = -ENOMEM;
    if (r < 0)
        r = reason_errno(reason, -r, "cannot draw the picture");
    else
        r = file_replace(report->picture, svg, length, reason);
    free(svg);
    return r;
}

/* {"picture": ..., "runs": [{"path", "label", "result"}]}; false without memory. */
static bool print_json(const struct report *report)
{
    json_t *root = json_object(), *runs = json_array();
    int failed = json_object_set_new(root, "picture", result_json_text(report->picture));
    failed |= json_object_set_new(root, "runs", runs);
    for (size_t i = 0; i < report->count && !failed; i++) {
        json_t *run = json_object();
        failed |= json_object_set_new(run, "path", result_json_text(report->paths[i]));
        failed |= json_object_set_new(run, "label", result_json_text(report->labels[i]));
        failed |= json_object_set_new(run, "result", result_to_json(&report->results[i]));
        failed |= json_array_append_new(runs, run);
    }
    failed = failed || json_dumpf(root, stdout, RESULT_JSON_FLAGS) || putchar('\n') == EOF;
    json_decref(root);
    return !failed;
}

static void print_tables(const struct report *report)
{
    for (size_t i = 0; i < report->count && !report->options.summary; i++) {
        report_print_run(&report->runs[i], stdout);
        putchar('\n');
    }
    if (report->count > 1 || report->options.summary) {
        report_print_summary(report->runs, report->count, stdout);
        putchar('\n');
    }
    printf("picture: %s\n", report->picture);
}

static int run(struct report *report, struct reason *reason)
{
    if (check_operands(report, reason) < 0 || read_results(report, reason) < 0)
        return EXIT_USAGE;
    choose_labels(report);
    if (choose_picture(report, reason) < 0)
        return EXIT_USAGE;
    if (write_picture(report, reason) < 0)
        return EXIT_FAILED;
    if (!report->options.json) {
        print_tables(report);
    } else if (!print_json(report)) {
        reason_set(reason, ENOMEM, "cannot write the JSON");
        return EXIT_FAILED;
    }
    return EXIT_DONE;
}

static int report_main(int argc, char **argv)
{
    struct report report = {.paths = NULL};
    struct option_set set = option_set_for(&own_set, &report.options);
    struct reason reason = {.text = ""};
    int operand_count = 0, status;

    if (options_parse(&set, 1, argc, argv, &report.paths, &operand_count, &reason) < 0) {
        status = EXIT_USAGE;
    } else if (report.options.help) {
        command_print_help(&cmd_report, &set, 1, stdout);
        status = EXIT_DONE;
    } else {
        report.count = (size_t)operand_count;
        status = run(&report, &reason);
    }
    if (status != EXIT_DONE)
        fprintf(stderr, "mvm report: %s\n", reason.text);
    for (size_t i = 0; report.results && i < report.count; i++)
        result_release(&report.results[i]);
    free(report.results);
    options_release(&set, 1);
    return status;
}

const struct command cmd_report = {
    .name = "report",
    .summary = "tables and pictures from results",
    .usage = (const char *const[]){"DIR... [OPTIONS]", NULL},
    .text = "Prints the table of each run, draws the resources against the number of VMs as SVG (up to eight "
            "runs in one "
            "picture) and says where it is. DIR is what 'mvm scale --out' wrote, or a result.json.",
    .more =
        "Everything is made from result.json alone, so that a report can be had anew, later and elsewhere.",
    .options = (const struct option_set *const[]){&own_set, NULL},
    .statuses = (const struct command_status[]){{0, "reported"},
                                                {1, "the picture could not be written"},
                                                {2, "bad usage, "
                                                    "or no result"},
                                                {0}},
    .examples = (const struct command_example[]){{"mvm report A B --out both.svg", "Two runs in one picture"},
                                                 {"mvm report --summary mvm-results/*", "A line a run"},
                                                 {0}},
    .files = "resources.svg (or qos.svg) in the run's directory, report.svg (or qos.svg) here for several "
             "runs, or what "
             "--out says.",
    .see = "scale compare",
    .json = "report",
    .operands = OPERANDS_DIRECTORY,
    .run = report_main,
};
