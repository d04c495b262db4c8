/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How the ceilings of a host are told: as a table, and as JSON. */
#ifndef MVM_CMD_HOST_PLAN_H
#define MVM_CMD_HOST_PLAN_H

#include "engine/engine.h"
#include "host/ceilings.h"

#include <jansson.h>
#include <stdio.h>

void host_plan_print(const struct host_ceilings *ceilings, const struct engine *engine, FILE *to);

/* A new reference; docs/host.md says what is in it. `obstacle`: why the engine cannot run here; "" when it
 * can. */
json_t *host_plan_json(const struct host_ceilings *ceilings, const struct engine *engine,
                       const char *obstacle);

#endif
