/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mvm sample: what this host uses, a line an interval or a request. */
#include "base/clock.h"
#include "base/option.h"
#include "base/reason.h"
#include "cmd/cmd.h"
#include "cmd/command.h"
#include "cmd/signals.h"
#include "host/reading.h"
#include "host/resource.h"
#include "result/number.h"
#include "result/sample_json.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* On a terminal the names of the columns come again after so many lines. */
enum { LINES_A_HEAD = 20 };

struct sample_options {
    uint64_t interval_ns, count;
    bool on_request, json, help;
};

#define FIELD(name) offsetof(struct sample_options, name)

static const struct option_spec specs[] = {
    {"interval", OPTION_DURATION, "TIME", "from one reading to the next", FIELD(interval_ns),
     .fallback = "1s", .least = 0.05, .most = 3600},
    {"count", OPTION_COUNT, "N", "end after so many lines; 0: go on", FIELD(count), .fallback = "0"},
    {"json", OPTION_FLAG, NULL, "print a line of JSON about the host, then one for each reading", FIELD(json),
     .fallback = NULL},
    {"on-request", OPTION_FLAG, NULL,
     "with --json: a reading for each line on standard input, until that ends", FIELD(on_request),
     .fallback = NULL},
    {"help", OPTION_FLAG, NULL, "print this help", FIELD(help), .fallback = NULL},
};

static const struct option_set own_set = {.specs = specs, .count = sizeof(specs) / sizeof(specs[0])};

struct sampling {
    const struct sample_options *options;
    struct sampler *sampler;
    struct host_limits limits;
    struct host_reading last;
    uint64_t lines;
};

/* Nobody reads any more: that ends it, and is no failure. */
static int unwritten(struct reason *reason)
{
    return errno == EPIPE ? -EPIPE : reason_errno(reason, errno, "cannot write to standard output");
}

static int print_json(json_t *json, struct reason *reason)
{
    if (!json)
        return reason_set(reason, ENOMEM, "no memory for a reading");
    errno = 0;
    bool written = json_dumpf(json, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15)) == 0 &&
                   putchar('\n') != EOF && fflush(stdout) == 0;

    json_decref(json);
    return written ? 0 : unwritten(reason);
}

static int print_host(const struct sampling *sampling, struct reason *reason)
{
    struct sample_host host = {
        .tool_version = MVM_VERSION,
        .ticks_per_second = (uint64_t)sysconf(_SC_CLK_TCK),
        .limits = sampling->limits,
    };

    if (gethostname(host.name, sizeof(host.name) - 1) < 0)
        host.name[0] = '\0';
    return print_json(sample_host_json(&host), reason);
}

/* The columns: resources in percent of the host, and what of the CPU is whose. */
static const struct column {
    const char *name;
    int resource; /* -1: the double at `offset` of struct host_usage */
    size_t offset;
} columns[] = {
    {"cpu", RESOURCE_CPU, 0},
    {"user", -1, offsetof(struct host_usage, cpu_user)},
    {"system", -1, offsetof(struct host_usage, cpu_system)},
    {"irq", -1, offsetof(struct host_usage, cpu_interrupt)},
    {"steal", -1, offsetof(struct host_usage, cpu_steal)},
    {"memory", RESOURCE_MEMORY, 0},
    {"swap", RESOURCE_SWAP, 0},
    {"pressure", RESOURCE_PRESSURE, 0},
    {"pids", RESOURCE_PIDS, 0},
    {"files", RESOURCE_FILES, 0},
    {"disk", RESOURCE_DISK, 0},
    {"network", RESOURCE_NETWORK, 0},
    {"sockets", RESOURCE_SOCKETS, 0},
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]), COLUMN_WIDTH = 7 };

/* At least a blank stands before each. */
static int width(const struct column *column)
{
    int length = (int)strlen(column->name);

    return 1 + (length > COLUMN_WIDTH ? length : COLUMN_WIDTH);
}

static void print_head(void)
{
    for (size_t i = 0; i < COLUMNS; i++)
        printf("%*s", width(&columns[i]), columns[i].name);
    putchar('\n');
}

static int print_usage(struct sampling *sampling, const struct host_reading *now, struct reason *reason)
{
    struct host_usage usage;

    host_usage(&sampling->last, now, &sampling->limits, NULL, NULL, &usage);
    errno = 0;
    if (sampling->lines == 0 || (sampling->lines % LINES_A_HEAD == 0 && isatty(STDOUT_FILENO)))
        print_head();
    for (size_t i = 0; i < COLUMNS; i++) {
        const struct column *column = &columns[i];
        bool known = column->resource < 0 || usage.known[column->resource];
        double value = column->resource < 0
                           ? *(const double *)(const void *)((const char *)&usage + column->offset)
                           : usage.percent[column->resource];
        char text[NUMBER_ROOM];

        printf("%*s", width(column), known ? number_fixed(value, 1, text) : "-");
    }
    putchar('\n');
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : unwritten(reason);
}

/* Takes a reading and prints it; the first one gives no shares of time yet and is only kept. */
static int take(struct sampling *sampling, struct reason *reason)
{
    struct host_reading now;
    int error = sampler_read(sampling->sampler, &now, reason);

    if (error)
        return error;
    if (sampling->options->json)
        error = print_json(sample_reading_json(&now), reason);
    else if (sampling->last.at_ns > 0)
        error = print_usage(sampling, &now, reason);
    if (!error && (sampling->options->json || sampling->last.at_ns > 0))
        sampling->lines++;
    sampling->last = now;
    return error;
}

/* Waits for `fd` to have something (-1: for nothing), or until `until_ns`; -EPIPE when nobody reads what is
 * printed any more, -EINTR for a signal that ends the command. 1: there is something. */
static int wait_for(int fd, uint64_t until_ns)
{
    for (;;) {
        /* A signal that comes before poll() does not end it. */
        uint64_t soon = clock_now_ns() + NS_PER_SECOND / 5;
        struct pollfd files[] = {{.fd = STDOUT_FILENO, .events = 0}, {.fd = fd, .events = POLLIN}};

        if (signals_noted(NULL))
            return -EINTR;
        poll(files, 2, clock_poll_timeout_ms(soon < until_ns ? soon : until_ns));
        if (files[0].revents)
            return -EPIPE;
        if (files[1].revents)
            return 1;
        if (clock_now_ns() >= until_ns)
            return 0;
    }
}

static int take_on_request(struct sampling *sampling, struct reason *reason)
{
    char bytes[256];
    int error;

    while ((error = wait_for(STDIN_FILENO, CLOCK_NEVER)) > 0) {
        ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));

        if (got < 0 && errno != EINTR)
            return reason_errno(reason, errno, "cannot read standard input");
        if (got == 0)
            return 0;
        error = 0;
        for (ssize_t i = 0; !error && i < got; i++)
            if (bytes[i] == '\n')
                error = take(sampling, reason);
        if (error)
            break;
    }
    return error;
}

static int take_by_the_clock(struct sampling *sampling, struct reason *reason)
{
    uint64_t due = clock_now_ns(), now;

    for (;;) {
        int error = take(sampling, reason);

        if (!error && sampling->options->count > 0 && sampling->lines == sampling->options->count)
            return 0;
        /* What could not be taken in time is not made up for. */
        now = clock_now_ns();
        due = (due + sampling->options->interval_ns > now ? due : now) + sampling->options->interval_ns;
        if (!error)
            error = wait_for(-1, due);
        if (error)
            return error;
    }
}

static int sample(const struct sample_options *options, struct reason *reason)
{
    struct sampling sampling = {.options = options};
    int error = host_limits_read(&sampling.limits, "", reason);

    if (!error)
        error = sampler_open(&sampling.sampler, "", reason);
    /* What this process may have is no limit of the host. */
    sampling.limits.own_files = sampling.limits.own_maps = sampling.limits.cgroup_pids = 0;
    signals_note();
    if (!error && options->json)
        error = print_host(&sampling, reason);
    if (!error)
        error =
            options->on_request ? take_on_request(&sampling, reason) : take_by_the_clock(&sampling, reason);
    sampler_close(sampling.sampler);
    return error == -EPIPE || error == -EINTR ? 0 : error;
}

static int check(const struct sample_options *options, bool timed, struct reason *reason)
{
    if (options->on_request && !options->json)
        return reason_set(reason, EINVAL, "--on-request is for programs, and goes with --json");
    if (options->on_request && timed)
        return reason_set(reason, EINVAL,
                          "with --on-request readings are taken when a line comes: without --interval and "
                          "--count");
    return 0;
}

static int sample_main(int argc, char **argv)
{
    struct sample_options options = {0};
    struct option_set set = option_set_for(&own_set, &options);
    struct reason reason = {""};
    bool timed = options_peek("interval", argc, argv) || options_peek("count", argc, argv);
    char **operands;
    int count, status = options_parse(&set, 1, argc, argv, &operands, &count, &reason);

    if (!status && options.help) {
        command_print_help(&cmd_sample, &set, 1, stdout);
        return EXIT_DONE;
    }
    if (!status && count > 0)
        status =
            reason_set(&reason, EINVAL, "'%s' is not expected here; --help tells the options", operands[0]);
    if (!status)
        status = check(&options, timed, &reason);
    if (status < 0) {
        fprintf(stderr, "mvm sample: %s\n", reason.text);
        return EXIT_USAGE;
    }
    if (sample(&options, &reason) == 0)
        return EXIT_DONE;
    fprintf(stderr, "mvm sample: %s\n", reason.text);
    return EXIT_FAILED;
}

const struct command cmd_sample = {
    .name = "sample",
    .summary = "what this host uses, as it goes on",
    .usage = (const char *const[]){"[--interval TIME] [--count N]", "--json [--on-request]", NULL},
    .text = "Prints what the host uses of each resource of the standardized test, in percent of what it has, "
            "a line an interval. A '-' stands for what this host does not have or tell.\n\n"
            "With --json the readings are printed as the kernel counts, without shares and rates, which are "
            "made from two of them; a line about the host and its limits comes first.",
    .more =
        "cpu is the time in which the CPUs were neither idle, waiting for I/O nor taken by a hypervisor "
        "below "
        "(steal); user, system and irq are its parts. pressure is time in which nothing ran for want of "
        "memory, disk the time with I/O under way of the busiest disk, network the busiest link's busier "
        "direction.\n\n"
        "'mvm scale --node-metrics ssh://HOST' has it run on each host of a cloud with --on-request: nothing "
        "is left on the host when the connection ends.",
    .options = (const struct option_set *const[]){&own_set, NULL},
    .statuses = (const struct command_status[]){{0, "ended by --count, a signal, the end of standard input "
                                                    "or because nobody reads any more"},
                                                {1, "the host cannot be read, or the lines not be written"},
                                                {2, "bad usage"},
                                                {0}},
    .examples =
        (const struct command_example[]){
            {"mvm sample", "A line a second"},
            {"mvm sample --interval 10s --count 6 --json", "The raw readings of a minute"},
            {"ssh node mvm sample --json --on-request", "A reading of another host for each line that is "
                                                        "typed"},
            {0}},
    .see = "host-check scale top",
    .json = "sample",
    .json_lines = true,
    .operands = OPERANDS_NONE,
    .run = sample_main,
};
