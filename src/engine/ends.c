/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/engine.h"

#include <stdio.h>
#include <string.h>

void engine_ends_add(struct engine_ends *ends, const char *why, uint64_t vms)
{
    char name[ENGINE_END_NAME];

    snprintf(name, sizeof(name), "%s", why);
    for (size_t i = 0; i < ends->count; i++) {
        if (strcmp(ends->list[i].why, name) == 0) {
            ends->list[i].vms += vms;
            return;
        }
    }
    /* The last entry is for what has no room. */
    if (ends->count >= ENGINE_ENDS_MOST - 1)
        snprintf(name, sizeof(name), "other");
    if (ends->count == ENGINE_ENDS_MOST) {
        ends->list[ENGINE_ENDS_MOST - 1].vms += vms;
        return;
    }
    struct engine_end *end = &ends->list[ends->count++];

    memcpy(end->why, name, sizeof(name));
    end->vms = vms;
}
