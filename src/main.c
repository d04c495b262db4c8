/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/cmd.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"image", "make, list and look at 512-byte guests", cmd_image},
    {"host", "what this host has, and what is in the way of many VMs", cmd_host},
    {"scale", "the standardized scalability test on one engine", cmd_scale},
    {"limits", "grow until the host gives out, over a matrix of parameters", cmd_limits},
    {"run", "start VMs and keep them for the commands below", cmd_run},
    {"ls", "the runs on this host", cmd_ls},
    {"ask", "a line to a VM and its answer; challenges to many", cmd_ask},
    {"console", "the serial port of a VM, or its screen and keyboard", cmd_console},
    {"load", "requests to many VMs at given times, and how long they take", cmd_load},
    {"stop", "end a run", cmd_stop},
    {"trace", "what a VM executes, as it happens", cmd_trace},
    {"save", "a run's population as a file", cmd_save},
    {"restore", "keep a saved population again", cmd_restore},
    {"lab", "a command on an emulated host that has KVM", cmd_lab},
    {"report", "tables and pictures from results", cmd_report},
    {"compare", "what changed between two results", cmd_compare},
};

static void print_help(FILE *to)
{
    fprintf(to, "usage: mvm COMMAND [OPTIONS]\n\nHow many virtual machines does this host hold, and what "
                "gives out first?\n\n");
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        fprintf(to, "  %-10s%s\n", commands[i].name, commands[i].summary);
    fprintf(to, "\n'mvm COMMAND --help' tells more; 'mvm --version' the version.\n");
}

int main(int argc, char **argv)
{
    /* In the laboratory mvm is the first process, `mvm lab --inside`; before these, the kernel puts words of
     * its command line that it does not know at that time. */
    if (getpid() == 1 && argc > 3 && strcmp(argv[argc - 1], "--inside") == 0) {
        argv += argc - 3;
        argc = 3;
    }
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "--version") == 0)) {
        if (argv[1][2] == 'v')
            printf("mvm %s\n", MVM_VERSION);
        else
            print_help(stdout);
        return EXIT_DONE;
    }
    for (size_t i = 0; argc >= 2 && i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    if (argc >= 2)
        fprintf(stderr, "mvm: '%s' is not a command; 'mvm --help' lists them\n", argv[1]);
    else
        print_help(stderr);
    return EXIT_USAGE;
}
