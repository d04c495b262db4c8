/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mvm scale: the standardized scalability test on one engine. */
#include "study/scale.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/option.h"
#include "base/reason.h"
#include "cmd/choose_image.h"
#include "cmd/cmd.h"
#include "cmd/command.h"
#include "cmd/command_line.h"
#include "cmd/progress.h"
#include "cmd/signals.h"
#include "engine/engine.h"
#include "report/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct scale_options {
    const char *engine, *out;
    struct image_choice image;
    const char *mix;
    uint64_t memory_limit, max, intervals, samples, sample_ns, settle_ns, seed;
    uint64_t network_capacity, disk_capacity, disk_operations;
    double load, load_skew;
    const char *load_targets, *load_path;
    uint64_t load_timeout_ns, p99_ns;
    double cpu_limit, threshold;
    struct option_list node_metrics;
    bool overwrite, json, quiet, help;
};

#define FIELD(name) offsetof(struct scale_options, name)

static const struct option_spec specs[] = {
    {"engine", OPTION_TEXT, "NAME", "the way of running VMs; its own options stand below", FIELD(engine),
     .fallback = "qemu"},
    IMAGE_CHOICE_SPECS(struct scale_options, image),
    MIX_CHOICE_SPEC(struct scale_options, mix),
    {"memory-limit", OPTION_SIZE, "SIZE", "the share of the host's memory that is 100 %; without it, all",
     FIELD(memory_limit), .fallback = NULL, .least = 0x1p20, .most = 0x1p60},
    {"cpu-limit", OPTION_NUMBER, "CPUS",
     "the share of the host's CPUs that is 100 %, for example 1.5; without it, all", FIELD(cpu_limit),
     .fallback = NULL, .least = 0.01, .most = 65536},
    {"network-capacity", OPTION_BITS, "BITS",
     "what is 100 % of the network, in bits a second in each direction: 10G, for example; without it, the "
     "speed of the busiest link where the kernel knows one",
     FIELD(network_capacity), .fallback = NULL, .least = 1, .most = 1e18},
    {"disk-capacity", OPTION_SIZE, "SIZE",
     "what is 100 % of the disks, in bytes a second; without it, all the time of the busiest one",
     FIELD(disk_capacity), .fallback = NULL, .least = 1, .most = 0x1p60},
    {"disk-operations", OPTION_COUNT, "N",
     "the same in operations a second; with both, the higher percentage counts", FIELD(disk_operations),
     .fallback = NULL, .least = 1, .most = 1e12},
    {"load", OPTION_NUMBER, "RATE",
     "requests a second to the VMs while they are sampled, open loop: challenges, or HTTP with --load-path; "
     "the "
     "latency and the throughput of the answers are in the result",
     FIELD(load), .fallback = NULL, .least = 1, .most = 1e7},
    {"load-targets", OPTION_CHOICE, "HOW", "which VMs are asked: uniform (the default), zipf or round-robin",
     FIELD(load_targets), .fallback = NULL, .choices = target_names},
    {"load-skew", OPTION_NUMBER, "EXPONENT",
     "of zipf: the VM of rank k is asked 1/k^EXPONENT as often (default: 1)", FIELD(load_skew),
     .fallback = NULL, .least = 0.01, .most = 10},
    {"load-path", OPTION_TEXT, "PATH", "HTTP requests for this path to the guest web, instead of challenges",
     FIELD(load_path), .fallback = NULL},
    {"load-timeout", OPTION_DURATION, "TIME", "a request not answered by then is given up (default: 2s)",
     FIELD(load_timeout_ns), .fallback = NULL, .least = 0.001, .most = 60},
    {"p99", OPTION_DURATION, "LIMIT",
     "the 99th percentile of the load's latency that is 100 % of the resource latency, which then may stop "
     "the run",
     FIELD(p99_ns), .fallback = NULL, .least = 1e-6, .most = 60},
    {"node-metrics", OPTION_LIST, "URL",
     "where VMs are on other hosts: read these too, by ssh://USER@{host} ('mvm sample' there) or from a "
     "node_exporter at http://{host}:9100/metrics, {host} being each one's name; NAME=URL is for one host",
     FIELD(node_metrics), .fallback = NULL},
    {"threshold", OPTION_PERCENT, "PERCENT", "the run stops when the first resource passes this",
     FIELD(threshold), .fallback = "90", .least = 1, .most = 100},
    {"max", OPTION_COUNT, "N", "the run stops at this many VMs at the latest", FIELD(max), .fallback = NULL,
     .least = 1, .most = 1e12},
    {"intervals", OPTION_COUNT, "N", "into how many steps growth is divided", FIELD(intervals),
     .fallback = "20", .least = 1, .most = 1000},
    {"samples", OPTION_COUNT, "N", "readings of the host at each step", FIELD(samples), .fallback = "10",
     .least = 2, .most = 100000},
    {"sample-time", OPTION_DURATION, "TIME", "from one reading to the next", FIELD(sample_ns),
     .fallback = "500ms", .least = 0.05, .most = 3600},
    {"settle", OPTION_DURATION, "TIME", "the longest wait for quiet before the readings of a step",
     FIELD(settle_ns), .fallback = "30s", .least = 1, .most = 86400},
    {"seed", OPTION_COUNT, "N", "seed of every random choice", FIELD(seed), .fallback = "1"},
    {"out", OPTION_TEXT, "DIR",
     "the run directory for result.json, samples.csv, image and picture (default: one under mvm-results, "
     "named by time, engine and guest)",
     FIELD(out), .fallback = NULL},
    {"overwrite", OPTION_FLAG, NULL, "replace the result that --out holds", FIELD(overwrite),
     .fallback = NULL},
    {"json", OPTION_FLAG, NULL, "print result.json instead of tables", FIELD(json), .fallback = NULL},
    {"quiet", OPTION_FLAG, NULL, "show no progress", FIELD(quiet), .fallback = NULL},
    {"help", OPTION_FLAG, NULL, "print this help", FIELD(help), .fallback = NULL},
};

static void show(void *context, const struct scale_progress *progress)
{
    progress_show(context, progress);
}

static int usage(const struct reason *reason)
{
    fprintf(stderr, "mvm scale: %s\n", reason->text);
    return EXIT_USAGE;
}

static const struct option_set own_set = {.specs = specs, .count = sizeof(specs) / sizeof(specs[0])};

static int choose_directory(const struct scale_options *options, const struct engine *engine,
                            const char *image_name, char *ret_path, size_t room, struct reason *reason)
{
    char stamp[32], result[4200];
    time_t now = time(NULL);
    struct tm utc;

    if (options->out) {
        if (!*options->out || (size_t)snprintf(ret_path, room, "%s", options->out) >= room)
            return reason_set(reason, EINVAL, "--out takes the name of a directory, not '%.100s'",
                              options->out);
    } else {
        const char *slash = strrchr(image_name, '/');

        strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", gmtime_r(&now, &utc));
        snprintf(ret_path, room, "mvm-results/%s-%s-%.100s", stamp, engine->name,
                 slash ? slash + 1 : image_name);
    }
    snprintf(result, sizeof(result), "%s/result.json", ret_path);
    if (!options->overwrite && access(result, F_OK) == 0)
        return reason_set(reason, EEXIST,
                          "%s holds a result already; name another directory, or say --overwrite", ret_path);
    return 0;
}

static int print_file(const char *directory, const char *name)
{
    char path[4200], *text;
    size_t length;
    struct reason reason;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    if (file_read(path, 1U << 30, &text, &length, &reason) < 0) {
        fprintf(stderr, "mvm scale: %s\n", reason.text);
        return EXIT_FAILED;
    }
    fwrite(text, 1, length, stdout);
    free(text);
    return EXIT_DONE;
}

static int draw(const struct result *result, const char *directory, const char *name,
                int (*write)(const struct report_run *runs, size_t count, FILE *to), struct reason *reason)
{
    char path[4200], label[REPORT_LABEL_ROOM], *svg = NULL;
    size_t length = 0;
    const struct report_run run = {.result = result, .label = report_label(result, label)};
    FILE *to = open_memstream(&svg, &length);
    int error = to ? write(&run, 1, to) : -ENOMEM;

    if (to && fclose(to) != 0)
        error = -ENOMEM;
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    error =
        error ? reason_set(reason, -error, "cannot draw %s", path) : file_replace(path, svg, length, reason);
    free(svg);
    return error;
}

static int print_outcome(const struct scale_options *options, const struct result *result,
                         const char *directory)
{
    char label[REPORT_LABEL_ROOM];
    const struct report_run run = {.result = result, .label = report_label(result, label)};
    struct reason reason = {""};
    int status = EXIT_DONE;

    bool load = report_has_load(result), hosts = result->host_count > 0;

    if (draw(result, directory, "resources.svg", report_write_svg, &reason) < 0 ||
        (load && draw(result, directory, "qos.svg", report_write_qos_svg, &reason) < 0) ||
        (hosts && draw(result, directory, "hosts.svg", report_write_hosts_svg, &reason) < 0)) {
        fprintf(stderr, "mvm scale: %s\n", reason.text);
        status = EXIT_FAILED;
    }
    if (options->json)
        return print_file(directory, "result.json") ? EXIT_FAILED : status;
    report_print_run(&run, stdout);
    printf("\nresult   %s/result.json\nsamples  %s/samples.csv\npicture  %s/resources.svg\n", directory,
           directory, directory);
    if (load)
        printf("load     %s/qos.svg\n", directory);
    if (hosts)
        printf("hosts    %s/hosts.svg\n", directory);
    if (result->cloud_known)
        printf("         %s/hosts.csv\n", directory);
    return status;
}

static int run(const struct scale_options *options, const struct scale_plan *plan)
{
    struct progress_line line;
    const struct scale_hooks hooks = {.progress = show, .interrupted = signals_noted, .context = &line};
    struct result result;
    struct reason reason = {""};
    int status = EXIT_FAILED;

    signals_note();
    progress_begin(&line, options->quiet);
    result_init(&result);
    int error = scale_run(plan, &hooks, &result, &reason);

    progress_end(&line);
    if (error)
        fprintf(stderr, "mvm scale: %s\n", reason.text);
    if (result.teardown.left[0])
        fprintf(stderr, "mvm scale: %s\n", result.teardown.left);
    if (result.interval_count > 0)
        status = print_outcome(options, &result, plan->directory);
    else if (!error)
        fprintf(stderr, "mvm scale: %s before the first step was measured\n", result.stop_reason);
    /* What fails before the run has begun, or is an invalid wish, is what the user said. */
    if (error && result.interval_count == 0 && (error == -EINVAL || result.started_at == 0))
        status = EXIT_USAGE;
    else if (error || result.stopped_by == STOP_ENGINE || result.stopped_by == STOP_ALIVE ||
             result.interval_count == 0 || result.teardown.left[0])
        status = EXIT_FAILED;
    result_release(&result);
    return status;
}

/* What goes with a load goes with --load. */
static int choose_load(const struct scale_options *options, struct scale_load_plan *ret_plan,
                       struct reason *reason)
{
    enum target_kind targets = TARGETS_UNIFORM;

    if (options->load <= 0 && (options->load_targets || options->load_skew > 0 || options->load_path ||
                               options->load_timeout_ns || options->p99_ns))
        return reason_set(reason, EINVAL, "--%s goes with --load RATE",
                          options->load_targets      ? "load-targets"
                          : options->load_skew > 0   ? "load-skew"
                          : options->load_path       ? "load-path"
                          : options->load_timeout_ns ? "load-timeout"
                                                     : "p99");
    for (int i = 0; options->load_targets && target_names[i]; i++)
        if (strcmp(target_names[i], options->load_targets) == 0)
            targets = (enum target_kind)i;
    if (options->load_skew > 0 && targets != TARGETS_ZIPF)
        return reason_set(reason, EINVAL, "--load-skew goes with --load-targets zipf");
    if (options->load_path && options->load_path[0] != '/')
        return reason_set(reason, EINVAL, "--load-path takes a path such as /, not '%.100s'",
                          options->load_path);
    *ret_plan = (struct scale_load_plan){
        .rate = options->load,
        .targets = targets,
        .skew = options->load_skew > 0 ? options->load_skew : 1,
        .path = options->load_path,
        .timeout_ns = options->load_timeout_ns ? options->load_timeout_ns : 2 * NS_PER_SECOND,
        .p99_ns = options->p99_ns,
    };
    if (options->p99_ns > ret_plan->timeout_ns)
        return reason_set(reason, EINVAL,
                          "--p99 is longer than --load-timeout, after which no answer is waited for");
    return 0;
}

static int run_with(struct scale_options *options, const struct vms_choice *choice, int argc, char **argv)
{
    char directory[4000], command_line[RESULT_LONG];
    struct reason reason = {""};
    struct scale_load_plan load;

    if (choose_load(options, &load, &reason) < 0 ||
        choose_directory(options, choice->engine, choice->mix ? "mix" : choice->name, directory,
                         sizeof(directory), &reason) < 0)
        return usage(&reason);
    join_command_line(argc, argv, command_line, sizeof(command_line));
    const struct scale_plan plan = {
        .engine = choice->engine,
        .engine_options = choice->engine_options,
        .image = choice->image,
        .mix = choice->mix,
        .image_name = choice->name,
        .directory = directory,
        .command_line = command_line,
        .share = {.memory_bytes = options->memory_limit,
                  .cpus = options->cpu_limit,
                  .network_bits = options->network_capacity,
                  .disk_bytes = options->disk_capacity,
                  .disk_operations = options->disk_operations},
        .load = load,
        .node_words = options->node_metrics.items,
        .node_word_count = options->node_metrics.count,
        .threshold_percent = options->threshold,
        .max_vms = options->max,
        .intervals = (unsigned)options->intervals,
        .samples = (unsigned)options->samples,
        .sample_ns = options->sample_ns,
        .settle_most_ns = options->settle_ns,
        .seed = options->seed,
    };

    return run(options, &plan);
}

static int run_engine(struct scale_options *options, const struct guest_settings *settings,
                      const struct engine *engine, const void *engine_options, int argc, char **argv)
{
    struct vms_choice choice;
    struct image image;
    struct guest_mix guests;
    struct reason reason = {""};
    int status;

    engine = engine_variant(engine, engine_options);
    if (choose_vms(&options->image, settings, options->mix, engine, engine_options, &image, &guests, &choice,
                   &reason) < 0 ||
        engine->probe(engine_options, &reason) < 0)
        status = usage(&reason);
    else
        status = run_with(options, &choice, argc, argv);
    vms_release(&choice);
    return status;
}

static int scale_main(int argc, char **argv)
{
    struct scale_options options = {0};
    struct guest_settings settings = {0};
    struct reason reason = {""};
    const char *name = options_peek("engine", argc, argv);
    const struct engine *engine = engine_find(name ? name : "qemu");
    char **words = calloc((size_t)argc + 1, sizeof(*words)), **operands;
    int operand_count, status;

    if (!engine || !words) {
        reason_set(&reason, EINVAL,
                   engine ? "no memory" : "there is no engine '%s'; 'mvm scale --help' lists them", name);
        free(words);
        return usage(&reason);
    }
    /* Parsing reorders argv; the result is to show it as it was given. */
    memcpy(words, argv, (size_t)argc * sizeof(*words));

    char title[64];
    void *engine_options = calloc(1, engine->options_size + 1);
    const struct option_set sets[] = {
        option_set_for(&own_set, &options),
        option_set_for(&guest_setting_set, &settings),
        {.title = title,
         .specs = engine->options,
         .count = engine->option_count,
         .values = engine_options,
         .absent = engine->left_out},
    };
    const size_t set_count = sizeof(sets) / sizeof(sets[0]);

    snprintf(title, sizeof(title), "Options of the engine %s", engine->name);
    if (!engine_options)
        status = usage(&(struct reason){"no memory"});
    else if (options_parse(sets, set_count, argc, argv, &operands, &operand_count, &reason) < 0)
        status = usage(&reason);
    else if (operand_count > 0)
        status = usage(
            (reason_set(&reason, EINVAL, "'%s' is not expected here; --help tells the options", operands[0]),
             &reason));
    else if (options.help)
        command_print_help(&cmd_scale, sets, set_count, stdout), status = EXIT_DONE;
    else
        status = run_engine(&options, &settings, engine, engine_options, argc, words);
    if (engine_options)
        options_release(sets, set_count);
    free(engine_options);
    free(words);
    return status;
}

const struct command cmd_scale = {
    .name = "scale",
    .summary = "the standardized scalability test on one engine",
    .usage = (const char *const[]){"[OPTIONS]", NULL},
    .text = "Grows a population of VMs in steps, proves at each that they are alive, and measures what they "
            "take of the host, "
            "until the first resource passes the threshold. The method: docs/standard-test.md.",
    .more =
        "A pilot of a few VMs predicts how large a step is to be. At each step VMs are challenged, the "
        "readings are waited "
        "for to settle, and samples of the whole host are taken. What a VM costs is the slope of a line "
        "fitted to them, "
        "with its confidence interval. --memory-limit and --cpu-limit make a share of the host the 100 %.\n\n"
        "Ctrl-C ends a run in order: what was measured is written, and every VM is gone.",
    .options = (const struct option_set *const[]){&own_set, &guest_setting_set, NULL},
    .engine = "qemu",
    .statuses =
        (const struct command_status[]){
            {0, "measured, and stopped by a resource, --max or Ctrl-C"},
            {1, "the engine failed or VMs did not answer, and the result says how"},
            {2, "bad usage, or the engine cannot run here"},
            {0}},
    .examples =
        (const struct command_example[]){
            {"mvm scale --engine qemu --memory-limit 4G --out A", "How many VMs of QEMU fit in 4 GiB"},
            {"mvm scale --engine vmm --max 1000000 --out M", "A million VMs on mvm's own monitor"},
            {"mvm scale --engine vmm --mix sleep=0.95,load:25=0.05 --json",
             "Idle and busy ones; the result on standard output"},
            {"mvm scale --engine qemu --load 500 --p99 100ms --out S",
             "Until answers to 500 requests a second take too long"},
            {"mvm scale --engine openstack --node-metrics ssh://root@{host} --max 60",
             "VMs of a cloud, and what each of its hosts uses"},
            {0}},
    .files = "The run directory holds result.json (docs/result-format.md), samples.csv with every reading, "
             "the image, and the "
             "picture resources.svg; with --load also qos.svg; where VMs are on other hosts, hosts.svg and, "
             "with --node-metrics, "
             "hosts.csv. It is complete at every moment.",
    .see = "report compare limits load host-check",
    .json = "result",
    .operands = OPERANDS_NONE,
    .run = scale_main,
};
