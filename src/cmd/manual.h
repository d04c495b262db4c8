/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands' rows as manual pages: roff with the macros of man(7). */
#ifndef MVM_CMD_MANUAL_H
#define MVM_CMD_MANUAL_H

#include "cmd/command.h"

/* The page of a command, or with NULL that of mvm itself. */
void manual_print(const struct command *command, FILE *to);

enum { MANUAL_NAME_ROOM = 64 };

/* What the page is called, "mvm-host-check"; returns `name`. */
const char *manual_name(const struct command *command, char name[MANUAL_NAME_ROOM]);

/* Parts of a page; none leaves a line unfinished. */

/* Running text: broken at sentences and before column 80, options in bold; an empty line begins a paragraph.
 */
void manual_text(const char *text, FILE *to);

/* A request's argument, or a line that is shown as it is: special characters escaped, without a line's end.
 */
void manual_literal(const char *text, FILE *to);

#endif
