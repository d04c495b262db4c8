/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The links whose speed is known: interfaces with a device behind them that tell it in
 * /sys/class/net/NAME/speed, in Mbit/s (Linux Documentation/ABI/testing/sysfs-class-net). Virtual ones
 * (bridges, taps, veth) carry what passes a link too and would count it twice; many virtio cards tell -1,
 * which is no speed.
 */
#include "host/sources.h"

#include "host/procfile.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct search {
    struct link_names *links;
    const char *root;
};

static bool take_link_name(void *context, const char *line)
{
    struct search *search = context;
    struct link_names *links = search->links;
    const char *name = line + strspn(line, " "), *colon = strchr(name, ':');
    char path[PROCFILE_PATH];
    uint64_t megabits;

    if (links->count == HOST_LINKS)
        return false;
    if (!colon || (size_t)(colon - name) >= LINK_NAME_ROOM)
        return true;
    int length = (int)(colon - name);

    if ((size_t)snprintf(path, sizeof(path), "%s/sys/class/net/%.*s/device", search->root, length, name) >=
            sizeof(path) ||
        access(path, F_OK) < 0)
        return true;
    snprintf(path, sizeof(path), "/sys/class/net/%.*s/speed", length, name);
    if (procfile_number(search->root, path, &megabits) < 0 || megabits == 0 || megabits > UINT32_MAX)
        return true;
    text_copy(links->names[links->count], (size_t)length + 1, name);
    links->bits_per_second[links->count++] = megabits * 1000000;
    return true;
}

void links_find(struct link_names *ret_links, const char *root)
{
    struct search search = {.links = ret_links, .root = root};

    *ret_links = (struct link_names){.count = 0};
    procfile_lines(root, "/proc/net/dev", take_link_name, &search);
}
