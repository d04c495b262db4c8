/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/engines.h"

#include <string.h>

static const struct engine *const engines[] = {
    &engine_null, &engine_vmm, &engine_qemu, &engine_exec, &engine_openstack, &engine_libvirt,
};

const struct engine *const *engine_table(size_t *ret_count)
{
    *ret_count = sizeof(engines) / sizeof(engines[0]);
    return engines;
}

const struct engine *engine_variant(const struct engine *engine, const void *options)
{
    return engine->variant ? engine->variant(options) : engine;
}

int engine_end(struct population *population, struct reason *reason)
{
    const struct engine *engine = population->engine;
    int error = engine->clear ? engine->clear(population, reason) : 0;

    engine->close(population);
    return error;
}

const struct engine *engine_find(const char *name)
{
    for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
        if (strcmp(engines[i]->name, name) == 0)
            return engines[i];
    return NULL;
}
