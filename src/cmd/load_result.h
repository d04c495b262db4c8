/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The result of `mvm load` as JSON. */
#ifndef MVM_CMD_LOAD_RESULT_H
#define MVM_CMD_LOAD_RESULT_H

#include <jansson.h>

struct load_run;

/* A new reference, or NULL without memory. */
json_t *load_result_json(const struct load_run *run);

#endif
