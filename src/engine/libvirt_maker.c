/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/libvirt_maker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void libvirt_maker_self(const char *run, struct libvirt_maker *ret_maker)
{
    *ret_maker = (struct libvirt_maker){.part = 0};
    process_mark_self(&ret_maker->process);
    if (run)
        snprintf(ret_maker->run, sizeof(ret_maker->run), "%s", run);
    else
        snprintf(ret_maker->run, sizeof(ret_maker->run), "%ld", ret_maker->process.pid);
}

void libvirt_maker_xml(const struct libvirt_maker *maker, uint64_t vm, char ret_xml[LIBVIRT_METADATA_ROOM])
{
    snprintf(ret_xml, LIBVIRT_METADATA_ROOM,
             "<mvm:run xmlns:mvm='" LIBVIRT_METADATA_URI
             "' name='%s' part='%u' vm='%llu' pid='%ld' started='%llu' boot='%s'/>",
             maker->run, maker->part, (unsigned long long)vm, maker->process.pid, maker->process.started,
             maker->process.boot);
}

/* The value of an attribute, in quotes of either kind; false when there is none of the name, or it is longer
 * than the room. */
static bool attribute(const char *xml, const char *name, char *ret_value, size_t room)
{
    for (const char *at = xml; (at = strstr(at, name)); at++) {
        const char *value = at + strlen(name);

        if (at == xml || at[-1] != ' ' || value[0] != '=' || (value[1] != '\'' && value[1] != '"'))
            continue;
        const char *end = strchr(value + 2, value[1]);

        if (!end || (size_t)(end - value - 2) >= room)
            return false;
        memcpy(ret_value, value + 2, (size_t)(end - value - 2));
        ret_value[end - value - 2] = '\0';
        return true;
    }
    return false;
}

bool libvirt_maker_parse(const char *xml, struct libvirt_maker *ret_maker)
{
    struct libvirt_maker maker;
    char part[12], pid[24], started[24];

    if (!attribute(xml, "name", maker.run, sizeof(maker.run)) ||
        !attribute(xml, "part", part, sizeof(part)) || !attribute(xml, "pid", pid, sizeof(pid)) ||
        !attribute(xml, "started", started, sizeof(started)) ||
        !attribute(xml, "boot", maker.process.boot, sizeof(maker.process.boot)))
        return false;
    maker.part = (unsigned)strtoul(part, NULL, 10);
    maker.process.pid = strtol(pid, NULL, 10);
    maker.process.started = strtoull(started, NULL, 10);
    *ret_maker = maker;
    return true;
}
