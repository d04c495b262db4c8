/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/libvirt_maker.h"

#include "host/procfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void read_boot(char *ret_boot, size_t room)
{
    if (procfile_text("", "/proc/sys/kernel/random/boot_id", ret_boot, room) < 0)
        ret_boot[0] = '\0';
    ret_boot[strcspn(ret_boot, "\n")] = '\0';
}

/* Field 22 of /proc/PID/stat (proc(5)): together with the number it names a process for good. 0: it is gone.
 */
static unsigned long long process_started(long pid)
{
    char path[64], text[4096];

    snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
    if (pid <= 0 || procfile_text("", path, text, sizeof(text)) < 0)
        return 0;
    /* The name, field 2, may have anything in it. */
    char *at = strrchr(text, ')');

    /* One that has ended and that nobody has asked for yet. */
    if (at && (at[1] != ' ' || at[2] == 'Z' || at[2] == 'X'))
        return 0;
    for (int field = 2; at && field < 22; field++)
        at = strchr(at + 1, ' ');
    return at ? strtoull(at, NULL, 10) : 0;
}

void libvirt_maker_self(const char *run, struct libvirt_maker *ret_maker)
{
    *ret_maker = (struct libvirt_maker){.pid = (long)getpid()};
    ret_maker->started = process_started(ret_maker->pid);
    read_boot(ret_maker->boot, sizeof(ret_maker->boot));
    if (run)
        snprintf(ret_maker->run, sizeof(ret_maker->run), "%s", run);
    else
        snprintf(ret_maker->run, sizeof(ret_maker->run), "%ld", ret_maker->pid);
}

void libvirt_maker_xml(const struct libvirt_maker *maker, uint64_t vm, char ret_xml[LIBVIRT_METADATA_ROOM])
{
    snprintf(ret_xml, LIBVIRT_METADATA_ROOM,
             "<mvm:run xmlns:mvm='" LIBVIRT_METADATA_URI
             "' name='%s' part='%u' vm='%llu' pid='%ld' started='%llu' boot='%s'/>",
             maker->run, maker->part, (unsigned long long)vm, maker->pid, maker->started, maker->boot);
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
        !attribute(xml, "boot", maker.boot, sizeof(maker.boot)))
        return false;
    maker.part = (unsigned)strtoul(part, NULL, 10);
    maker.pid = strtol(pid, NULL, 10);
    maker.started = strtoull(started, NULL, 10);
    *ret_maker = maker;
    return true;
}

bool libvirt_maker_lives(const struct libvirt_maker *maker, bool *ret_elsewhere)
{
    char boot[sizeof(maker->boot)];

    read_boot(boot, sizeof(boot));
    *ret_elsewhere = strcmp(boot, maker->boot) != 0;
    return !*ret_elsewhere && maker->started != 0 && process_started(maker->pid) == maker->started;
}
