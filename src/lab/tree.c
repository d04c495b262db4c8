/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/tree.h"

#include "base/reason.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINKS_MOST = 40 };

static int by_path(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void no_free(void *path)
{
    (void)path; /* it is the entry's */
}

bool tree_has(const struct tree *tree, const char *path)
{
    return tfind(path, &tree->by_path, by_path) != NULL;
}

static int no_memory(struct reason *reason)
{
    return reason_set(reason, ENOMEM, "no memory for the laboratory's files");
}

/* Takes over `bytes`. What is there already stays. */
static int put(struct tree *tree, const char *path, mode_t mode, char *bytes, size_t length,
               const char *source, struct reason *reason)
{
    struct tree_entry entry = {.mode = mode, .bytes = bytes, .length = length};

    if (tree_has(tree, path)) {
        free(bytes);
        return 0;
    }
    if (tree->count == tree->room) {
        size_t wanted = tree->room ? tree->room * 2 : 256;
        struct tree_entry *grown = realloc(tree->entries, wanted * sizeof(*grown));

        if (!grown) {
            free(bytes);
            return no_memory(reason);
        }
        tree->entries = grown;
        tree->room = wanted;
    }
    entry.path = strdup(path);
    entry.source = source ? strdup(source) : NULL;
    if (!entry.path || (source && !entry.source) || !tsearch(entry.path, &tree->by_path, by_path)) {
        free(entry.path);
        free(entry.source);
        free(bytes);
        return no_memory(reason);
    }
    tree->entries[tree->count++] = entry;
    return 0;
}

/* The directories above `path`, as the host has them: a temporary folder stays one for everybody. */
static int put_parents(struct tree *tree, const char *path, struct reason *reason)
{
    char parent[PATH_MAX];
    int error = 0;

    for (const char *slash = strchr(path + 1, '/'); slash && !error; slash = strchr(slash + 1, '/')) {
        struct stat status;

        snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
        mode_t permissions = stat(parent, &status) == 0 ? status.st_mode & 07777 : 0755;

        error = put(tree, parent, S_IFDIR | permissions, NULL, 0, NULL, reason);
    }
    return error;
}

static int put_below(struct tree *tree, const char *path, mode_t mode, char *bytes, size_t length,
                     const char *source, struct reason *reason)
{
    int error = put_parents(tree, path, reason);

    if (error) {
        free(bytes);
        return error;
    }
    return put(tree, path, mode, bytes, length, source, reason);
}

int tree_add_bytes(struct tree *tree, const char *path, mode_t permissions, char *bytes, size_t length,
                   struct reason *reason)
{
    return put_below(tree, path, S_IFREG | permissions, bytes, length, NULL, reason);
}

int tree_add_link(struct tree *tree, const char *path, const char *target, struct reason *reason)
{
    char *bytes = strdup(target);

    return bytes ? put_below(tree, path, S_IFLNK | 0777, bytes, strlen(target), NULL, reason)
                 : no_memory(reason);
}

int tree_add_directory(struct tree *tree, const char *path, mode_t permissions, struct reason *reason)
{
    return put_below(tree, path, S_IFDIR | permissions, NULL, 0, NULL, reason);
}

int tree_add_as(struct tree *tree, const char *path, const char *source, struct reason *reason)
{
    struct stat status;

    if (stat(source, &status) < 0)
        return reason_errno(reason, errno, "cannot use %s", source);
    return put_below(tree, path, S_IFREG | (status.st_mode & 07777), NULL, 0, source, reason);
}

static bool is_under(const char *path, const char *folder)
{
    size_t length = strlen(folder);

    return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static int check_place(const char *path, struct reason *reason)
{
    static const char *const mounted[] = {"/dev", "/proc", "/sys"};

    for (size_t i = 0; i < sizeof(mounted) / sizeof(mounted[0]); i++)
        if (is_under(path, mounted[i]))
            return reason_set(reason, EINVAL, "%s cannot go into the laboratory, which has a %s of its own",
                              path, mounted[i]);
    return 0;
}

static int add_all_in(struct tree *tree, const char *path, struct reason *reason)
{
    DIR *directory = opendir(path);
    int error = 0;

    if (!directory)
        return reason_errno(reason, errno, "cannot read the folder %s", path);
    for (const struct dirent *entry; !error && (entry = readdir(directory));) {
        char inside[PATH_MAX];

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if ((size_t)snprintf(inside, sizeof(inside), "%s/%s", strcmp(path, "/") == 0 ? "" : path,
                             entry->d_name) >= sizeof(inside))
            error = reason_set(reason, ENAMETOOLONG, "a path in %s is too long", path);
        else
            error = tree_add(tree, inside, reason);
    }
    closedir(directory);
    return error;
}

/* The link at `link` (a path without links before its last part) is added; `path` becomes what it leads to,
 * with `rest` (what follows it) behind. */
static int follow(struct tree *tree, const char *link, const char *rest, char path[PATH_MAX],
                  struct reason *reason)
{
    char target[PATH_MAX], next[PATH_MAX];
    ssize_t length = readlink(link, target, sizeof(target) - 1);
    size_t above = (size_t)(strrchr(link, '/') - link);

    if (length < 0)
        return reason_errno(reason, errno, "cannot read the link %s", link);
    target[length] = '\0';

    int error = tree_add_link(tree, link, target, reason);
    int wanted = target[0] == '/' ? snprintf(next, sizeof(next), "%s%s", target, rest)
                                  : snprintf(next, sizeof(next), "%.*s/%s%s", (int)above, link, target, rest);

    if (!error && (size_t)wanted >= sizeof(next))
        error = reason_set(reason, ENAMETOOLONG, "the path behind the link %s is too long", link);
    if (!error)
        snprintf(path, PATH_MAX, "%s", next);
    return error;
}

/* Appends a part of a path; "." and ".." are gone through. */
static void descend(char sofar[PATH_MAX], const char *part, size_t length)
{
    size_t have = strlen(sofar);

    if (length == 0 || (length == 1 && part[0] == '.'))
        return;
    if (length == 2 && part[0] == '.' && part[1] == '.') {
        char *slash = strrchr(sofar, '/');

        if (slash)
            *slash = '\0';
        return;
    }
    snprintf(sofar + have, PATH_MAX - have, "/%.*s", (int)length, part);
}

int tree_add(struct tree *tree, const char *wanted, struct reason *reason)
{
    char path[PATH_MAX], sofar[PATH_MAX] = "";
    struct stat status = {.st_mode = S_IFDIR};
    unsigned links = 0;
    const char *at;

    if ((size_t)snprintf(path, sizeof(path), "%s", wanted) >= sizeof(path))
        return reason_set(reason, ENAMETOOLONG, "the path %.60s... is too long", wanted);
    for (at = path; *at;) {
        at += strspn(at, "/");
        size_t length = strcspn(at, "/");

        descend(sofar, at, length);
        at += length;
        if (lstat(sofar[0] ? sofar : "/", &status) < 0)
            return reason_errno(reason, errno, "cannot use %s", wanted);
        if (!S_ISLNK(status.st_mode))
            continue;
        if (++links > LINKS_MOST)
            return reason_errno(reason, ELOOP, "cannot use %s", wanted);
        int error = follow(tree, sofar, at, path, reason);

        if (error)
            return error;
        sofar[0] = '\0';
        at = path;
    }
    int error = check_place(sofar, reason);

    if (error)
        return error;
    if (S_ISREG(status.st_mode))
        return put_below(tree, sofar, S_IFREG | (status.st_mode & 07777), NULL, 0, sofar, reason);
    if (!S_ISDIR(status.st_mode))
        return 0;
    if (sofar[0] == '\0')
        return reason_set(reason, EINVAL, "the whole of / cannot go into the laboratory");
    /* One that is there already may be there as the way to something else; one that a link leads back to is
     * whole or becomes so. */
    error = put_below(tree, sofar, S_IFDIR | (status.st_mode & 07777), NULL, 0, NULL, reason);
    if (error || tfind(sofar, &tree->whole, by_path))
        return error;
    char *name = strdup(sofar);

    if (!name || !tsearch(name, &tree->whole, by_path)) {
        free(name);
        return no_memory(reason);
    }
    return add_all_in(tree, sofar, reason);
}

void tree_release(struct tree *tree)
{
    tdestroy(tree->by_path, no_free);
    tdestroy(tree->whole, free);
    for (size_t i = 0; i < tree->count; i++) {
        free(tree->entries[i].path);
        free(tree->entries[i].bytes);
        free(tree->entries[i].source);
    }
    free(tree->entries);
    *tree = (struct tree){.entries = NULL};
}
