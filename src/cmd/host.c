/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mvm host: what this host has, and what is in the way of many VMs. */
#include "cmd/host.h"
#include "cmd/cmd.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
} parts[] = {
    {"check", "what this host has, how many VMs each limit holds, and which gives out first",
     host_check_main},
    {"tune", "raises limits so that a number of VMs fits, and restores them", host_tune_main},
};

static void print_help(FILE *to)
{
    fputs("usage: mvm host PART [OPTIONS]\n\n", to);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        fprintf(to, "  %-8s%s\n", parts[i].name, parts[i].summary);
    fputs("\n'mvm host PART --help' tells more.\n", to);
}

int cmd_host(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0) {
        print_help(stdout);
        return EXIT_DONE;
    }
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (strcmp(parts[i].name, argv[1]) == 0)
            return parts[i].run(argc - 1, argv + 1);
    fprintf(stderr, "mvm host: there is no 'mvm host %s'; 'mvm host --help' lists what there is\n", argv[1]);
    return EXIT_USAGE;
}
