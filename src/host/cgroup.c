/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/cgroup.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Where one controller's group of this process is. */
struct group {
    const char *controller;
    bool version_2;
    char path[PROCFILE_PATH];  /* in the hierarchy, from /proc/self/cgroup */
    char mount[PROCFILE_PATH]; /* mount point, from /proc/self/mountinfo */
    char top[PROCFILE_PATH];   /* the group that the mount point shows */
    bool path_known, mount_known;
};

/* True when the comma-separated `list` has `word`. */
static bool list_has(const char *list, size_t length, const char *word)
{
    size_t word_length = strlen(word);

    for (const char *end = list + length; list < end;) {
        const char *comma = memchr(list, ',', (size_t)(end - list));
        const char *stop = comma ? comma : end;

        if ((size_t)(stop - list) == word_length && memcmp(list, word, word_length) == 0)
            return true;
        list = stop + 1;
    }
    return false;
}

/* "4:memory:/a/b" of version 1, "0::/a/b" of version 2. A controller belongs to one of the two; version 1 is
 * named. */
static bool take_membership(void *context, const char *line)
{
    struct group *group = context;
    const char *controllers = strchr(line, ':');
    const char *path = controllers ? strchr(controllers + 1, ':') : NULL;

    if (!path)
        return true;
    controllers++;

    size_t length = (size_t)(path - controllers);
    bool named = list_has(controllers, length, group->controller);
    bool version_2 = length == 0 && text_after(line, "0:");

    if (!named && (!version_2 || group->path_known))
        return true;
    group->version_2 = !named;
    group->path_known = true;
    text_copy(group->path, sizeof(group->path), path + 1);
    return true;
}

/* "36 35 98:0 /root /mount/point rw,noatime master:1 - type source options" */
static bool take_mount(void *context, const char *line)
{
    struct group *group = context;
    const char *separator = strstr(line, " - ");

    if (!separator || group->mount_known)
        return true;

    const char *type = separator + 3;

    if (group->version_2) {
        if (!text_after(type, "cgroup2 "))
            return true;
    } else {
        const char *source = text_after(type, "cgroup ");
        const char *options = source ? strchr(source, ' ') : NULL;

        if (!options || !list_has(options + 1, strlen(options + 1), group->controller))
            return true;
    }

    char top[2048], mount[2048];

    if (sscanf(line, "%*s %*s %*s %2047s %2047s", top, mount) != 2)
        return true;
    text_copy(group->top, sizeof(group->top), top);
    text_copy(group->mount, sizeof(group->mount), mount);
    group->mount_known = true;
    return true;
}

bool cgroup_find(const char *root, const char *controller, struct cgroup_place *ret_place)
{
    struct group group = {.controller = controller};

    if (procfile_lines(root, "/proc/self/cgroup", take_membership, &group) < 0 || !group.path_known ||
        procfile_lines(root, "/proc/self/mountinfo", take_mount, &group) < 0 || !group.mount_known)
        return false;

    /* In a container the mount may show the tree from the process's own group on; a path that leads out of
     * the namespace
     * ("/..") or is not below what is mounted leaves only the mount point itself to be read. */
    const char *below = group.path;

    if (strcmp(group.top, "/") != 0) {
        below = text_after(group.path, group.top);
        if (below && *below != '\0' && *below != '/')
            below = NULL;
    }
    if (!below || strstr(below, "/..") || strcmp(below, "/") == 0)
        below = "";

    int length = snprintf(ret_place->directory, PROCFILE_PATH, "%s%s", group.mount, below);

    if (length < 0 || length >= PROCFILE_PATH)
        return false;
    ret_place->mount_length = strlen(group.mount);
    ret_place->version = group.version_2 ? 2 : 1;
    return true;
}

static bool file_in(const char *root, const char *directory, const char *name, char *text, size_t room)
{
    char path[PROCFILE_PATH];
    int length = snprintf(path, sizeof(path), "%s/%s", directory, name);

    return length > 0 && length < (int)sizeof(path) && procfile_text(root, path, text, room) == 0;
}

/* The limits of one group; 0 for none. Version 1 says "no limit" by a number near 2^63 (memory) or -1 (CPU).
 */
static double memory_of(const char *root, const char *directory, bool version_2)
{
    char text[64];
    const char *at = text;
    uint64_t bytes;

    if (!file_in(root, directory, version_2 ? "memory.max" : "memory.limit_in_bytes", text, sizeof(text)) ||
        !text_number(&at, &bytes) || bytes >= UINT64_C(1) << 62)
        return 0;
    return (double)bytes;
}

static double cpus_of(const char *root, const char *directory, bool version_2)
{
    char text[128], period_text[64];
    const char *at = text, *period_at = period_text;
    uint64_t quota, period;

    if (!file_in(root, directory, version_2 ? "cpu.max" : "cpu.cfs_quota_us", text, sizeof(text)) ||
        !text_number(&at, &quota))
        return 0;
    if (version_2)
        period_at = at;
    else if (!file_in(root, directory, "cpu.cfs_period_us", period_text, sizeof(period_text)))
        return 0;
    if (!text_number(&period_at, &period) || period == 0)
        return 0;
    return (double)quota / (double)period;
}

static double pids_of(const char *root, const char *directory, bool version_2)
{
    char text[64];
    const char *at = text;
    uint64_t pids;

    (void)version_2; /* the same name and form in both */
    if (!file_in(root, directory, "pids.max", text, sizeof(text)) || !text_number(&at, &pids))
        return 0;
    return (double)pids;
}

/* What is read of one controller. */
static const struct {
    const char *controller;
    double (*limit_of)(const char *root, const char *directory, bool version_2);
    const char *current[2];  /* file of what is in use, of version 1 and of version 2; NULL: there is none */
    const char *inactive[2]; /* in memory.stat: page cache that goes when memory is wanted */
    const char *limit_file[2];
} controllers[] = {
    [CGROUP_PIDS] =
        {"pids", pids_of, {"pids.current", "pids.current"}, {NULL, NULL}, {"pids.max", "pids.max"}},
    [CGROUP_MEMORY] = {"memory",
                       memory_of,
                       {"memory.usage_in_bytes", "memory.current"},
                       {"total_inactive_file ", "inactive_file "},
                       {"memory.limit_in_bytes", "memory.max"}},
    [CGROUP_CPU] = {"cpu", cpus_of, {NULL, NULL}, {NULL, NULL}, {"cpu.cfs_quota_us", "cpu.max"}},
};

/* Looks for a line that begins with `name` and takes the number behind it. */
struct wanted_line {
    const char *name;
    uint64_t number;
};

static bool take_wanted(void *context, const char *line)
{
    struct wanted_line *wanted = context;
    const char *rest = text_after(line, wanted->name);

    return !rest || !text_number(&rest, &wanted->number);
}

static double in_use(const char *root, const char *directory, enum cgroup_controller controller,
                     bool version_2)
{
    const char *name = controllers[controller].current[version_2];
    struct wanted_line inactive = {.name = controllers[controller].inactive[version_2]};
    char text[64], path[PROCFILE_PATH];
    const char *at = text;
    uint64_t used;

    if (!name || !file_in(root, directory, name, text, sizeof(text)) || !text_number(&at, &used))
        return 0;
    if (inactive.name && (size_t)snprintf(path, sizeof(path), "%s/memory.stat", directory) < sizeof(path))
        procfile_lines(root, path, take_wanted, &inactive);
    return (double)(used > inactive.number ? used - inactive.number : 0);
}

void cgroup_levels(const char *root, enum cgroup_controller controller,
                   void (*take)(void *context, const struct cgroup_level *level), void *context)
{
    struct cgroup_place place;
    struct cgroup_level level;

    if (!cgroup_find(root, controllers[controller].controller, &place))
        return;
    bool version_2 = place.version == 2;

    text_copy(level.directory, sizeof(level.directory), place.directory);
    for (;;) {
        char *slash = strrchr(level.directory, '/');

        level.name =
            strlen(level.directory) > place.mount_length ? level.directory + place.mount_length : "/";
        level.limit = controllers[controller].limit_of(root, level.directory, version_2);
        level.limit_file = controllers[controller].limit_file[version_2];
        level.version = place.version;
        level.used = level.limit > 0 ? in_use(root, level.directory, controller, version_2) : 0;
        if (level.limit > 0)
            take(context, &level);
        if (strlen(level.directory) <= place.mount_length || !slash)
            return;
        *slash = '\0';
    }
}

/* The lowest limit on the way up. */
struct lowest {
    double limit;
    char *directory; /* the group that sets it; NULL: not wanted */
};

static void take_lowest(void *context, const struct cgroup_level *level)
{
    struct lowest *lowest = context;

    if (lowest->limit > 0 && level->limit >= lowest->limit)
        return;
    lowest->limit = level->limit;
    if (lowest->directory)
        text_copy(lowest->directory, PROCFILE_PATH, level->directory);
}

void cgroup_limits_read(struct cgroup_limits *ret_limits, const char *root)
{
    struct lowest memory = {0}, cpus = {0}, pids = {.directory = ret_limits->pids_directory};

    memset(ret_limits, 0, sizeof(*ret_limits));
    cgroup_levels(root, CGROUP_MEMORY, take_lowest, &memory);
    cgroup_levels(root, CGROUP_CPU, take_lowest, &cpus);
    cgroup_levels(root, CGROUP_PIDS, take_lowest, &pids);
    ret_limits->memory_bytes = (uint64_t)memory.limit;
    ret_limits->cpus = cpus.limit;
    ret_limits->pids = (uint64_t)pids.limit;
}
