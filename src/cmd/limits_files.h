/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The files of `mvm limits` in its directory. */
#ifndef MVM_CMD_LIMITS_FILES_H
#define MVM_CMD_LIMITS_FILES_H

#include "result/limits.h"

#include <stdio.h>

/* Writes limits.json and the tables and the picture that are made of it, each replaced atomically. */
int limits_files_write(const struct limits *limits, const char *directory, struct reason *reason);

/* Prints limits.json to standard output. */
int limits_files_print(const struct limits *limits, struct reason *reason);

/* Says where they are. */
void limits_files_name(const char *directory, FILE *to);

#endif
