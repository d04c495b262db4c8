/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Command lines as text. */
#ifndef MVM_CMD_COMMAND_LINE_H
#define MVM_CMD_COMMAND_LINE_H

#include <stddef.h>

/* "mvm" and the words, quoted where a shell would not take them as they are; cut to `room`. */
void join_command_line(int argc, char *const *argv, char *ret_line, size_t room);

/* Makes "-o" among the options of a command that has --out that word: tables of options know whole words
 * only, and "-o" is what every compiler's user types. Before options_parse(). */
void spell_out(int argc, char **argv);

#endif
