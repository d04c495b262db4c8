/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mvm report: tables and pictures of results. */
#include "report/report.h"
#include "base/option.h"
#include "base/reason.h"
#include "cmd/cmd.h"
#include "cmd/command.h"
#include "cmd/command_line.h"
#include "cmd/report_inputs.h"
#include "cmd/report_output.h"
#include "report/limits.h"
#include "result/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* As many as a picture overlays; and as a page holds. */
enum { RUNS_MOST = 8, PAGE_RUNS_MOST = 500 }; /* both in the text of the command */

struct report_options {
    const char *out, *format;
    struct option_list labels;
    bool html, qos, memory, hosts, summary, json, help;
};

static const struct option_spec specs[] = {
    {.name = "out",
     .kind = OPTION_TEXT,
     .argument = "FILE",
     .help =
         "where to write; otherwise in the directory of one run or matrix, here for several; -o for short",
     .offset = offsetof(struct report_options, out)},
    {.name = "html",
     .kind = OPTION_FLAG,
     .help = "write one page for a browser, of any number of runs and matrices, that needs no network; "
             "report.html unless --out says",
     .offset = offsetof(struct report_options, html)},
    {.name = "format",
     .kind = OPTION_CHOICE,
     .argument = "FORMAT",
     .choices = report_formats,
     .help =
         "svg, png or pdf: the picture; markdown or latex: the table for a document, printed unless --out "
         "names a file; html: as --html; by the ending of --out when not given, else svg",
     .offset = offsetof(struct report_options, format)},
    {.name = "qos",
     .kind = OPTION_FLAG,
     .help = "draw how a load was answered, for runs with --load: latency and throughput against VMs; "
             "otherwise qos.svg "
             "instead of resources.svg, or as --out says",
     .offset = offsetof(struct report_options, qos)},
    {.name = "memory",
     .kind = OPTION_FLAG,
     .help = "draw where the memory went, a stacked bar a run; otherwise memory.svg",
     .offset = offsetof(struct report_options, memory)},
    {.name = "hosts",
     .kind = OPTION_FLAG,
     .help = "draw the hosts that the VMs of one run are on; otherwise hosts.svg",
     .offset = offsetof(struct report_options, hosts)},
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
    size_t path_count;
    struct report_inputs inputs;
    struct report_output output;
};

static bool is_page(const struct report *report)
{
    return strcmp(report->output.format, "html") == 0;
}

static bool is_table(const struct report *report)
{
    return strcmp(report->output.format, "markdown") == 0 || strcmp(report->output.format, "latex") == 0;
}

/* The picture that an option chooses; -EINVAL: two of them. */
static int choose_subject(struct report *report, struct reason *reason)
{
    const struct report_options *options = &report->options;
    const bool chosen[] = {
        [REPORT_QOS] = options->qos, [REPORT_MEMORY] = options->memory, [REPORT_HOSTS] = options->hosts};
    enum report_subject *subject = &report->output.subject;

    *subject = REPORT_RESOURCES;
    for (size_t i = 0; i < sizeof(chosen) / sizeof(chosen[0]); i++) {
        if (!chosen[i])
            continue;
        if (*subject != REPORT_RESOURCES)
            return reason_set(reason, EINVAL, "--%s and --%s are two pictures; give one of them",
                              report_subject_name(*subject), report_subject_name((enum report_subject)i));
        *subject = (enum report_subject)i;
    }
    return 0;
}

static int choose_format(struct report *report, struct reason *reason)
{
    const struct report_options *options = &report->options;
    const char *format = options->format ? options->format
                         : options->html ? "html"
                                         : report_format_of(options->out);

    if (options->html && strcmp(format, "html") != 0)
        return reason_set(reason, EINVAL, "--html and --format %s are two things; give one of them", format);
    report->output.format = format;
    report->output.out = options->out;
    int error = choose_subject(report, reason);

    if (error)
        return error;
    if (report->output.subject != REPORT_RESOURCES && (is_page(report) || is_table(report)))
        return reason_set(reason, EINVAL, "--%s chooses a picture; %s",
                          report_subject_name(report->output.subject),
                          is_table(report)        ? "a table has none"
                          : report->options.hosts ? "the page does not have that one"
                                                  : "the page has all of them");
    if (options->json && is_table(report) && !options->out)
        return reason_set(reason, EINVAL, "--json and --format %s would both be printed; give --out", format);
    return report_format_check(format, reason);
}

static int check_operands(const struct report *report, struct reason *reason)
{
    size_t most = is_page(report) ? PAGE_RUNS_MOST : RUNS_MOST;

    if (report->path_count == 0)
        return reason_set(reason, EINVAL, "give the directory of at least one run");
    if (report->path_count > most && !is_table(report))
        return reason_set(reason, EINVAL, "%zu runs do not fit one %s; give at most %zu", report->path_count,
                          is_page(report) ? "page" : "picture", most);
    return 0;
}

/* Of what has been read: whether it can be shown so. */
static int check_inputs(const struct report *report, struct reason *reason)
{
    const struct report_inputs *inputs = &report->inputs;

    if (report->options.labels.count > inputs->result_count)
        return reason_set(reason, EINVAL, "there are %zu labels for %zu run%s", report->options.labels.count,
                          inputs->result_count, inputs->result_count == 1 ? "" : "s");
    if (!is_page(report) && inputs->matrix_count > 0 && report->path_count > 1)
        return reason_set(reason, EINVAL,
                          "%s is of 'mvm limits', whose picture stands alone; give it by itself, or --html",
                          inputs->matrices[0].path);
    if (inputs->matrix_count > 0 && report->output.subject != REPORT_RESOURCES)
        return reason_set(reason, EINVAL,
                          "%s is of 'mvm limits'; --%s draws runs, such as the rows in its directories",
                          inputs->matrices[0].path, report_subject_name(report->output.subject));
    if (report->options.hosts && inputs->count > 1)
        return reason_set(reason, EINVAL, "--hosts draws one run; give one");
    for (size_t i = 0; i < inputs->count; i++) {
        const struct result *result = inputs->runs[i].result;

        if (report->options.qos && !report_has_load(result))
            return reason_set(reason, ENODATA, "%s has no load; 'mvm scale --load RATE' measures with one",
                              inputs->html[i].path);
        if (report->options.hosts && result->host_count == 0)
            return reason_set(reason, ENODATA,
                              "the VMs of %s were on the host that mvm ran on, and on no other",
                              inputs->html[i].path);
        if (report->options.memory && !report_has_accounting(result))
            return reason_set(reason, ENODATA, "%s has no accounting of memory, since nothing was taken",
                              inputs->html[i].path);
    }
    return 0;
}

/* {"picture": ..., "runs": [{"path", "label", "result"}], "matrices": [{"path", "limits"}]}; false without
 * memory.
 */
static bool print_json(const struct report *report)
{
    const struct report_inputs *inputs = &report->inputs;
    json_t *root = json_object(), *runs = json_array();
    int failed = json_object_set_new(root, "picture", result_json_text(report->output.place));
    failed |= json_object_set_new(root, "runs", runs);
    for (size_t i = 0; i < inputs->count && !failed; i++) {
        json_t *run = json_object();
        failed |= json_object_set_new(run, "path", result_json_text(inputs->html[i].path));
        failed |= json_object_set_new(run, "label", result_json_text(inputs->labels[i]));
        failed |= json_object_set_new(run, "result", result_to_json(inputs->runs[i].result));
        failed |= json_array_append_new(runs, run);
    }
    json_t *matrices = json_array();
    failed |= json_object_set_new(root, "matrices", matrices);
    for (size_t i = 0; i < inputs->matrix_count && !failed; i++) {
        json_t *matrix = json_object();
        failed |= json_object_set_new(matrix, "path", result_json_text(inputs->matrices[i].path));
        failed |= json_object_set_new(matrix, "limits", limits_to_json(inputs->matrices[i].limits));
        failed |= json_array_append_new(matrices, matrix);
    }
    failed = failed || json_dumpf(root, stdout, RESULT_JSON_FLAGS) || putchar('\n') == EOF;
    json_decref(root);
    return !failed;
}

static void print_tables(const struct report *report)
{
    const struct report_inputs *inputs = &report->inputs;
    bool short_form = report->options.summary || is_page(report);

    for (size_t i = 0; i < inputs->count && !short_form; i++) {
        report_print_run(&inputs->runs[i], stdout);
        putchar('\n');
    }
    if (inputs->count > 1 || (inputs->count > 0 && short_form)) {
        report_print_summary(inputs->runs, inputs->count, stdout);
        putchar('\n');
    }
    for (size_t i = 0; i < inputs->matrix_count && (inputs->count == 0 || !is_page(report)); i++) {
        report_limits_text(inputs->matrices[i].limits, stdout);
        putchar('\n');
    }
    printf("%s: %s\n",
           is_page(report)    ? "page"
           : is_table(report) ? "table"
                              : "picture",
           report->output.place);
}

static int run(struct report *report, struct reason *reason)
{
    if (choose_format(report, reason) < 0 || check_operands(report, reason) < 0 ||
        report_inputs_read(&report->inputs, report->paths, report->path_count, is_page(report),
                           &report->options.labels, reason) < 0 ||
        check_inputs(report, reason) < 0 ||
        report_output_place(&report->output, report->paths, report->path_count, reason) < 0)
        return EXIT_USAGE;
    if (report_output_write(&report->output, &report->inputs, reason) < 0)
        return EXIT_FAILED;
    if (report->output.printed)
        return EXIT_DONE;
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

    spell_out(argc, argv);
    if (options_parse(&set, 1, argc, argv, &report.paths, &operand_count, &reason) < 0) {
        status = EXIT_USAGE;
    } else if (report.options.help) {
        command_print_help(&cmd_report, &set, 1, stdout);
        status = EXIT_DONE;
    } else {
        report.path_count = (size_t)operand_count;
        status = run(&report, &reason);
    }
    if (status != EXIT_DONE)
        fprintf(stderr, "mvm report: %s\n", reason.text);
    report_inputs_release(&report.inputs);
    options_release(&set, 1);
    return status;
}

const struct command cmd_report = {
    .name = "report",
    .summary = "tables, pictures and pages from results",
    .usage = (const char *const[]){"DIR... [OPTIONS]", NULL},
    .text =
        "Prints the table of each run, draws the resources against the number of VMs as SVG (up to eight "
        "runs in one picture) and says where it is. DIR is what 'mvm scale --out' or 'mvm limits --out' "
        "wrote, or a result.json. With --html all of it, of up to 500 runs and matrices, is one page for a "
        "browser.",
    .more =
        "Everything is made from result.json, limits.json and samples.csv alone, so that a report can be had "
        "anew, later and elsewhere.\n\nThe page asks the network for nothing. In its plots the pointer is "
        "told "
        "the values near it, dragging zooms in, and a double click shows all; by keyboard the arrows go from "
        "point to point and from curve to curve.",
    .options = (const struct option_set *const[]){&own_set, NULL},
    .statuses =
        (const struct command_status[]){{0, "reported"},
                                        {1, "the file could not be written"},
                                        {2, "bad usage, no result, or a format that this mvm was built "
                                            "without"},
                                        {0}},
    .examples = (const struct command_example[]){{"mvm report A B --out both.svg", "Two runs in one picture"},
                                                 {"mvm report --html A B --out both.html",
                                                  "The same and more in one page"},
                                                 {"mvm report A B --format latex", "A table for a paper"},
                                                 {"mvm report --summary mvm-results/*", "A line a run"},
                                                 {0}},
    .files = "resources.svg (or qos.svg, memory.svg, limits.svg, report.html) in the directory of the run or "
             "matrix; report.svg (or qos.svg, memory.svg, report.html) here for several; or what --out says.",
    .see = "scale limits compare",
    .json = "report",
    .operands = OPERANDS_DIRECTORY,
    .run = report_main,
};
