/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mvm lab: a command on an emulated host that has hardware virtualization. */
#include "lab/lab.h"

#include "base/clock.h"
#include "base/reason.h"
#include "cmd/cmd.h"
#include "cmd/command.h"
#include "cmd/lab_kernels.h"
#include "cmd/signals.h"
#include "lab/inside.h"
#include "lab/kernel.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* As of timeout(1) and of those who run containers: the command's own status stays apart from these. */
enum {
    STATUS_TIMED_OUT = 124,
    STATUS_LAB_FAILED = 125,
    STATUS_INTERRUPTED = 130,
    STATUS_NO_READER = 141,
};

struct lab_options {
    const char *kernel, *package, *append, *out;
    struct option_list with, modules;
    uint64_t memory, cpus, timeout_ns;
    bool input, fetch, json, quiet, verbose, help;
};

#define FIELD(name) offsetof(struct lab_options, name)

static const struct option_spec specs[] = {
    {"kernel", OPTION_TEXT, "VERSION",
     "of Debian's cloud kernels, as '6.1' or '6.1.0-56'; 'oldest', 'newest'; 'list' shows them (default: "
     "what the "
     "package linux-image-cloud-amd64 stands for)",
     FIELD(kernel), .fallback = NULL},
    {"package", OPTION_TEXT, "FILE", "a kernel from a package file (.deb) instead", FIELD(package),
     .fallback = NULL},
    {"memory", OPTION_SIZE, "SIZE", "of the laboratory", FIELD(memory), .fallback = "4G", .least = 0x1p27,
     .most = 0x1p42},
    {"cpus", OPTION_COUNT, "N",
     "of the laboratory; with more than one, now and then a guest of KVM goes wrong", FIELD(cpus),
     .fallback = "1", .least = 1, .most = 255},
    {"append", OPTION_TEXT, "WORDS", "for the kernel's command line; 'kvm.tdp_mmu=0' is for the module kvm",
     FIELD(append), .fallback = NULL},
    {"module", OPTION_LIST, "NAME", "load this kernel module, too", FIELD(modules), .fallback = NULL},
    {"with", OPTION_LIST, "FILE", "take this file, folder or program along, with what it needs to run",
     FIELD(with), .fallback = NULL},
    {"stdin", OPTION_FLAG, NULL, "hand standard input on to the command", FIELD(input), .fallback = NULL},
    {"timeout", OPTION_DURATION, "TIME", "end the command after so long", FIELD(timeout_ns), .fallback = NULL,
     .least = 0.1, .most = 1e7},
    {"out", OPTION_TEXT, "DIR",
     "bring back what the command leaves in DIR (default: what it makes and changes in the working folder)",
     FIELD(out), .fallback = NULL},
    {"fetch", OPTION_FLAG, NULL, "only see to it that the kernel is in the cache; without COMMAND",
     FIELD(fetch), .fallback = NULL},
    {"json", OPTION_FLAG, NULL, "with --kernel list: print JSON", FIELD(json), .fallback = NULL},
    {"verbose", OPTION_FLAG, NULL, "say how long the start took", FIELD(verbose), .fallback = NULL},
    {"quiet", OPTION_FLAG, NULL, "say nothing but errors", FIELD(quiet), .fallback = NULL},
    {"help", OPTION_FLAG, NULL, "print this help", FIELD(help), .fallback = NULL},
};

static int usage(const struct reason *reason)
{
    fprintf(stderr, "mvm lab: %s\n", reason->text);
    return EXIT_USAGE;
}

static const struct option_set own_set = {.specs = specs, .count = sizeof(specs) / sizeof(specs[0])};

static void say(const char *sentence)
{
    fprintf(stderr, "mvm lab: %s\n", sentence);
}

static void say_nothing(const char *sentence)
{
    (void)sentence;
}

static int run(const struct lab_options *options, char *const *command)
{
    struct reason reason = {""};
    struct lab_outcome outcome = {.status = 0};
    const struct lab_wish wish = {
        .kernel = options->kernel,
        .package = options->package,
        .memory_bytes = options->memory,
        .cpus = options->cpus,
        .append = options->append,
        .with = options->with,
        .modules = options->modules,
        .timeout_ns = options->timeout_ns,
        .out = options->out,
        .command = command,
        .input = options->input ? STDIN_FILENO : -1,
        .output = STDOUT_FILENO,
        .errors = STDERR_FILENO,
        .stop = signals_open(),
        .say = options->quiet ? say_nothing : say,
    };
    int error = lab_run(&wish, &outcome, &reason);

    if (options->verbose && outcome.boot_ns)
        fprintf(stderr, "mvm lab: the command started %.1f s after the laboratory was switched on\n",
                (double)outcome.boot_ns / 1e9);
    if (error == -EINVAL)
        return usage(&reason);
    if (error == -EPIPE)
        return STATUS_NO_READER; /* as of a program that SIGPIPE ends: whoever read the output has had enough
                                  */
    if (error)
        fprintf(stderr, "mvm lab: %s\n", reason.text);
    if (error == -EINTR)
        return STATUS_INTERRUPTED;
    if (error && error != -ETIMEDOUT)
        return STATUS_LAB_FAILED;
    if (!error && outcome.timed_out)
        fprintf(stderr, "mvm lab: the command's time has passed, and it was ended\n");
    return error || outcome.timed_out ? STATUS_TIMED_OUT : outcome.status;
}

/* Prints the release, for scripts. */
static int fetch(const struct lab_options *options)
{
    const struct kernel_wish wish = {.version = options->kernel,
                                     .package = options->package,
                                     .stop = signals_open(),
                                     .say = options->quiet ? say_nothing : say};
    struct reason reason = {""};
    struct kernel kernel;
    int error = kernel_get(&wish, &kernel, &reason);

    if (!error) {
        printf("%s\n", kernel.release);
        return EXIT_DONE;
    }
    if (error == -EINVAL)
        return usage(&reason);
    fprintf(stderr, "mvm lab: %s\n", reason.text);
    return error == -EINTR ? STATUS_INTERRUPTED : STATUS_LAB_FAILED;
}

static int lab_main(int argc, char **argv)
{
    struct lab_options options = {.help = false};
    const struct option_set set = option_set_for(&own_set, &options);
    struct reason reason = {""};
    int own = 1, operands, status;
    char **words;

    /* As the first process of a laboratory; the words are the kernel's. */
    if (getpid() == 1 && argc == 2 && strcmp(argv[1], "--inside") == 0)
        return lab_inside() < 0 ? EXIT_USAGE : EXIT_DONE;

    while (own < argc && strcmp(argv[own], "--") != 0)
        own++;
    char **command = argv + own + (own < argc);

    if (options_parse(&set, 1, own, argv, &words, &operands, &reason) < 0)
        return usage(&reason);
    bool list = options.kernel && strcmp(options.kernel, "list") == 0;

    if (options.help) {
        command_print_help(&cmd_lab, &set, 1, stdout);
        status = EXIT_DONE;
    } else if (operands > 0) {
        reason_set(&reason, EINVAL, "'%s' stands where only options do; the command comes behind '--'",
                   words[0]);
        status = usage(&reason);
    } else if (list) {
        status = lab_kernels(signals_open(), options.json);
    } else if (options.kernel && options.package) {
        reason_set(&reason, EINVAL, "--kernel and --package exclude each other");
        status = usage(&reason);
    } else if (options.json) {
        reason_set(&reason, EINVAL, "--json goes with --kernel list");
        status = usage(&reason);
    } else if (options.fetch && *command) {
        reason_set(&reason, EINVAL, "--fetch runs no command");
        status = usage(&reason);
    } else if (options.fetch) {
        status = fetch(&options);
    } else if (!*command) {
        reason_set(&reason, EINVAL, "give a command behind '--', as in: mvm lab -- ls -l /dev/kvm");
        status = usage(&reason);
    } else {
        status = run(&options, command);
    }
    options_release(&set, 1);
    return status;
}

const struct command cmd_lab = {
    .name = "lab",
    .summary = "a command on an emulated host that has KVM",
    .usage = (const char *const[]){"[OPTIONS] -- COMMAND...", "[--kernel VERSION] --fetch",
                                   "--kernel list [--json]", NULL},
    .text = "Runs COMMAND on a Linux host that QEMU emulates (TCG) and that has hardware virtualization: "
            "/dev/kvm works "
            "there, also where this host has none. The kernel is one of Debian's, fetched by apt into the "
            "cache and not "
            "installed. The laboratory has COMMAND's program, mvm, busybox, what --with names, and QEMU when "
            "COMMAND names "
            "it (qemu-system-..., --engine qemu), each at its path of this host. Times measured there are "
            "not a real "
            "machine's; memory figures are.",
    .more = "What the command makes or changes in the working folder, or in --out, is brought back. Every "
            "result measured "
            "there says that its host was emulated.",
    .options = (const struct option_set *const[]){&own_set, NULL},
    .statuses =
        (const struct command_status[]){
            {0, "COMMAND ended with 0; any other status of it is handed on (128 + N when signal N ended it)"},
            {124, "its time had passed"},
            {125, "the laboratory failed"},
            {130, "interrupted"},
            {2, "bad usage"},
            {0}},
    .examples =
        (const struct command_example[]){
            {"mvm lab -- ls -l /dev/kvm", "Is there KVM? There is"},
            {"mvm lab -- mvm scale --engine qemu --accelerator kvm --max 20 --out K",
             "The standardized test on KVM"},
            {"mvm lab --kernel list --json", "The kernels that can be had"},
            {0}},
    .files = "Kernels are kept in $XDG_CACHE_HOME/mvm, or ~/.cache/mvm.",
    .see = "scale limits",
    .json = "kernels",
    .operands = OPERANDS_PROGRAM,
    .run = lab_main,
};
