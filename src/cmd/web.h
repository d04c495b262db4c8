/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options of a run's page and metrics, which `mvm run` and `mvm restore` have in common. */
#ifndef MVM_CMD_WEB_H
#define MVM_CMD_WEB_H

#include "base/option.h"
#include "web/access.h"
#include "web/web.h"

#include <jansson.h>

struct web_options {
    const char *page, *metrics, *token_file;
};

/* Without values; option_set_for() gives it them. */
extern const struct option_set web_option_set;

/* What was asked for. */
struct web_plan {
    struct place page, metrics;
    bool has_page, has_metrics;
    bool token_made;        /* by mvm, so that it has to be told */
    char token[TOKEN_ROOM]; /* "": none is needed */
};

/* -EINVAL or what a file could not be read for, with a sentence. */
int web_setup(const struct web_options *options, struct web_plan *ret_plan, struct reason *reason);

/* Starts the service, if one was asked for; `*ret_web` is NULL otherwise. */
int web_begin(const struct web_plan *plan, const struct run_directory *directory, struct web **ret_web,
              struct reason *reason);

/* Says where the page and the metrics are, for people: lines on standard output. */
void web_print(const struct web_plan *plan, const struct web *web);
/* The same for programs; null when there are none. */
json_t *web_json(const struct web_plan *plan, const struct web *web);

#endif
