/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/cmd.h"
#include "cmd/command.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* clang-format off */
const struct command *const command_table[] = {
    &cmd_image,
    &cmd_host,
    &cmd_sample,
    &cmd_scale,
    &cmd_limits,
    &cmd_run,
    &cmd_ls,
    &cmd_top,
    &cmd_ask,
    &cmd_console,
    &cmd_load,
    &cmd_stop,
    &cmd_trace,
    &cmd_save,
    &cmd_restore,
    &cmd_lab,
    &cmd_report,
    &cmd_compare,
    &cmd_help,
    NULL,
};
/* clang-format on */

int main(int argc, char **argv)
{
    /* In the laboratory mvm is the first process, `mvm lab --inside`; before these, the kernel puts words of
     * its command line that it does not know at that time. */
    if (getpid() == 1 && argc > 3 && strcmp(argv[argc - 1], "--inside") == 0) {
        argv += argc - 3;
        argc = 3;
    }
    if (argc >= 2 && strcmp(argv[1], "--version") == 0)
        return print_version(argc - 1, argv + 1);
    if (argc >= 2 && strcmp(argv[1], "--help") == 0) {
        command_print_all(stdout);
        return EXIT_DONE;
    }
    if (argc >= 2)
        return command_run(command_table, "mvm", argc, argv);
    command_print_all(stderr);
    return EXIT_USAGE;
}
