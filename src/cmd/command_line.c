/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/command_line.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void join_command_line(int argc, char *const *argv, char *ret_line, size_t room)
{
    size_t used = (size_t)snprintf(ret_line, room, "mvm");

    for (int i = 0; i < argc && used < room; i++) {
        bool plain = *argv[i] && !strpbrk(argv[i], " \t\n\"'\\$`|&;<>()*?[]{}~#!");

        used += (size_t)snprintf(ret_line + used, room - used, plain ? " %s" : " '%s'", argv[i]);
    }
}

void spell_out(int argc, char **argv)
{
    static char out[] = "--out";

    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "-o") == 0)
            argv[i] = out;
}
